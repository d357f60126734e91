//! Groups: named lists of members, used by the sharing of flows, by approvers and by the inbox (console contract, section 2.4).

use floe_model::id::{GroupId, MemberId, WorkspaceId, parse_bits};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::access::groups::{self as rows, Group};
use floe_store::access::memberships;
use serde_json::json;

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;

/// A group with its members.
#[derive(Debug, Clone)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// Its members, by id.
    pub members: Vec<MemberId>,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct GroupPatch {
    /// Shown name.
    pub name: Option<String>,
    /// Its members.
    pub members: Option<Vec<MemberId>>,
}

/// A page of groups.
#[derive(Debug, Clone)]
pub struct GroupList {
    /// The groups.
    pub groups: Vec<GroupView>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all.
    pub total: i64,
}

/// Which groups a list shows.
#[derive(Debug, Clone)]
pub struct GroupsAsked {
    /// Part of the name.
    pub q: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<GroupId>,
    /// At most so many.
    pub limit: usize,
}

impl Access {
    /// A page of the groups of the caller's workspace.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_groups(&self, act: &Act, asked: GroupsAsked) -> Result<GroupList, Fault> {
        let workspace = act.ctx.caller.workspace;
        let q = asked.q.map(|q| q.to_lowercase()).filter(|q| !q.is_empty());
        let reading = self.platform.store.read(move |tx| {
            let mut page = rows::list(tx, workspace, q.as_deref(), asked.newest_first, asked.after, asked.limit + 1)?;
            let more = page.len() > asked.limit;
            page.truncate(asked.limit);
            let total = rows::count(tx, workspace, q.as_deref())?;
            let groups = page.into_iter().map(|group| view(tx, workspace, group)).collect::<Result<_, Fault>>()?;
            Ok(GroupList { groups, more, total })
        });
        reading.await
    }

    /// A group of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_group(&self, act: &Act, id: GroupId) -> Result<GroupView, Fault> {
        let workspace = act.ctx.caller.workspace;
        self.platform.store.read(move |tx| find(tx, workspace, id)).await
    }
}

/// Makes a group.
///
/// # Errors
/// 400 for a name that reads as an id or an address, and for members of other workspaces; `conflict` for a name that is
/// taken and for more than 500 groups.
pub fn create(tx: &mut Tx<'_>, act: &Act, name: &str, members: &[MemberId]) -> Result<GroupView, Fault> {
    let (workspace, now) = (act.ctx.caller.workspace, act.now());
    if rows::count(tx, workspace, None)? >= rows::GROUPS_MAX as i64 {
        return Err(Fault::conflict("conflict", format!("A workspace has at most {} groups", rows::GROUPS_MAX)));
    }
    check_name(tx, workspace, None, name)?;
    let members = check_members(tx, workspace, members)?;
    let group = Group { id: act.ctx.ids.next(), name: name.to_owned(), revision: 1, created_at: now, updated_at: now };
    rows::insert(tx, workspace, &group, &members)?;
    note(tx, act, &group, "created_group", members.len())?;
    Ok(GroupView { group, members })
}

/// Changes a group.
///
/// # Errors
/// As [`create`]; `not_found`; `stale_revision`.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    id: GroupId,
    patch: &GroupPatch,
    if_match: Option<i64>,
) -> Result<GroupView, Fault> {
    let workspace = act.ctx.caller.workspace;
    let GroupView { mut group, members } = find(tx, workspace, id)?;
    check_revision(group.revision, if_match)?;
    if let Some(name) = &patch.name {
        check_name(tx, workspace, Some(id), name)?;
        group.name.clone_from(name);
    }
    let new = patch.members.as_ref().map(|members| check_members(tx, workspace, members)).transpose()?;
    group.updated_at = act.now();
    if !rows::update(tx, workspace, &group, new.as_deref())? {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it"));
    }
    group.revision += 1;
    let members = new.unwrap_or(members);
    note(tx, act, &group, "changed_group", members.len())?;
    Ok(GroupView { group, members })
}

/// Removes a group. Flows and steps that name it name nobody by it from then on.
///
/// # Errors
/// `not_found`; `stale_revision`.
pub fn delete(tx: &mut Tx<'_>, act: &Act, id: GroupId, if_match: Option<i64>) -> Result<(), Fault> {
    let workspace = act.ctx.caller.workspace;
    let GroupView { group, members } = find(tx, workspace, id)?;
    check_revision(group.revision, if_match)?;
    rows::delete(tx, workspace, id)?;
    note(tx, act, &group, "deleted_group", members.len())
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: GroupId) -> Result<GroupView, Fault> {
    let group = rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Group"))?;
    view(tx, workspace, group)
}

fn view(tx: &mut Tx<'_>, workspace: WorkspaceId, group: Group) -> Result<GroupView, Fault> {
    let members = rows::members(tx, workspace, group.id)?;
    Ok(GroupView { group, members })
}

/// A name must not be taken for a member's address or id where approvers are named.
fn check_name(tx: &mut Tx<'_>, workspace: WorkspaceId, own: Option<GroupId>, name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::field("/name", "length", "name must have 1 to 100 characters"));
    }
    if name.contains('@') || parse_bits(name).is_ok() {
        return Err(Fault::field("/name", "value", "name must not read as an address or an id"));
    }
    match rows::find_by_name(tx, workspace, name)? {
        Some(other) if Some(other.id) != own => {
            Err(Fault::conflict("conflict", "There is a group of this name already"))
        }
        _ => Ok(()),
    }
}

/// The members without repetition, all of them of the workspace.
fn check_members(tx: &mut Tx<'_>, workspace: WorkspaceId, members: &[MemberId]) -> Result<Vec<MemberId>, Fault> {
    for (at, &member) in members.iter().enumerate() {
        if memberships::role(tx, workspace, member)?.is_none() {
            let message = "There is no such member in this workspace";
            return Err(Fault::field(format!("/member_ids/{at}"), "value", message));
        }
    }
    let mut members = members.to_vec();
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

fn note(tx: &mut Tx<'_>, act: &Act, group: &Group, action: &'static str, members: usize) -> Result<(), Fault> {
    let target = Some(("group", group.id.0, group.name.as_str()));
    act.note(tx, Note { action, mode: None, target, detail: json!({ "members": members }) })
}

//! Members of a workspace: reading, roles, removal (console contract, section 2.4).

use floe_model::access::{Caller, Credential, Permission, Role, TreasuryRole};
use floe_model::id::{GroupId, MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::access::memberships::{self, Colleague, Filter, Page};
use floe_store::access::{groups, sessions, tokens};
use floe_store::flows::ownership;
use serde_json::json;

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;
use crate::tell::{self, MemberFacts};

/// A member with its groups.
#[derive(Debug, Clone)]
pub struct MemberView {
    /// The member.
    pub colleague: Colleague,
    /// Its groups, by id.
    pub groups: Vec<GroupId>,
}

/// A page of members.
#[derive(Debug, Clone)]
pub struct MemberList {
    /// The members.
    pub members: Vec<MemberView>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all.
    pub total: i64,
}

/// A member after a change.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The member.
    pub view: MemberView,
    /// Whether the change ended its sessions.
    pub ended_sessions: bool,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberPatch {
    /// Another role.
    pub role: Option<Role>,
    /// Another role in the treasury.
    pub treasury_role: Option<TreasuryRole>,
}

impl Access {
    /// A page of the members of the caller's workspace.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_members(&self, act: &Act, filter: Filter, page: Page) -> Result<MemberList, Fault> {
        let workspace = act.ctx.caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let wanted = Page { limit: page.limit + 1, ..page };
            let mut found = memberships::list(tx, workspace, &filter, wanted)?;
            let more = found.len() > page.limit;
            found.truncate(page.limit);
            let total = memberships::count(tx, workspace, &filter)?;
            let members =
                found.into_iter().map(|colleague| view(tx, workspace, colleague)).collect::<Result<_, Fault>>()?;
            Ok(MemberList { members, more, total })
        });
        reading.await
    }

    /// A member of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_member(&self, act: &Act, id: MemberId) -> Result<MemberView, Fault> {
        let workspace = act.ctx.caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let colleague = find(tx, workspace, id)?;
            view(tx, workspace, colleague)
        });
        reading.await
    }
}

/// Changes what a member is. A new role ends its sessions: the next sign-in gives new ones. The sessions of a caller who
/// changes itself end too; whoever calls this makes it a new one in the same transaction.
///
/// # Errors
/// `forbidden` for what only owners may: owners, and roles in the treasury, never one's own; `last_owner`; `not_found`;
/// `stale_revision`.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    id: MemberId,
    patch: &MemberPatch,
    if_match: Option<i64>,
) -> Result<Changed, Fault> {
    let caller = &act.ctx.caller;
    let workspace = caller.workspace;
    let old = find(tx, workspace, id)?;
    let role = patch.role.unwrap_or(old.role);
    if old.role == Role::Owner || role == Role::Owner {
        require_own(caller, "Only an owner can do this to an owner")?;
    }
    let treasury_role = new_treasury_role(caller, &old, role, patch)?;
    check_revision(old.revision, if_match)?;
    if old.role == Role::Owner && role != Role::Owner {
        keep_an_owner(tx, workspace, id)?;
    }
    if (role, treasury_role) == (old.role, old.treasury_role) {
        return Ok(Changed { view: view(tx, workspace, old)?, ended_sessions: false });
    }
    let changed = Colleague { role, treasury_role, ..old.clone() };
    if !memberships::update(tx, workspace, &changed)? {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it"));
    }
    sessions::delete_all(tx, id)?;
    let detail = json!({
        "before": { "role": old.role.as_str(), "treasury_role": old.treasury_role.as_str() },
        "after": { "role": role.as_str(), "treasury_role": treasury_role.as_str() },
    });
    note(tx, act, &changed, "changed_member", detail)?;
    tell::member(tx, act, workspace, "platform.member.changed", &facts(&changed))?;
    let view = view(tx, workspace, Colleague { revision: changed.revision + 1, ..changed })?;
    Ok(Changed { view, ended_sessions: true })
}

/// Takes a member out of the caller's workspace: its tokens and sessions here are dead, its flows go to the caller.
///
/// # Errors
/// `forbidden` for an owner, unless the caller is one; `last_owner`; `not_found`; `stale_revision`.
pub fn remove(tx: &mut Tx<'_>, act: &Act, id: MemberId, if_match: Option<i64>) -> Result<(), Fault> {
    let caller = &act.ctx.caller;
    let (workspace, now) = (caller.workspace, act.now());
    let gone = find(tx, workspace, id)?;
    if gone.role == Role::Owner {
        require_own(caller, "Only an owner can remove an owner")?;
    }
    check_revision(gone.revision, if_match)?;
    let other_owner = match gone.role {
        Role::Owner => keep_an_owner(tx, workspace, id)?,
        _ => memberships::owners(tx, workspace, 1)?.first().copied(),
    };
    memberships::delete(tx, workspace, id)?;
    sessions::delete_in(tx, workspace, Some(id))?;
    let tokens = tokens::revoke_all(tx, workspace, Some(id), now)?;
    groups::remove_member(tx, workspace, id)?;
    // Whoever leaves by itself leaves its flows to an owner.
    let heir = caller.member_id().filter(|&member| member != id).or(other_owner);
    let flows = heir.map(|heir| ownership::hand_over(tx, workspace, id, heir)).transpose()?.unwrap_or(0);
    let detail = json!({ "role": gone.role.as_str(), "tokens": tokens, "flows": flows });
    note(tx, act, &gone, "removed_member", detail)?;
    tell::member(tx, act, workspace, "platform.member.removed", &facts(&gone))
}

/// Refuses who is no owner here, and every token: no scope covers what only owners may.
///
/// # Errors
/// 403 `forbidden`, or `insufficient_scope` for a token.
pub fn require_own(caller: &Caller, message: &'static str) -> Result<(), Fault> {
    let code = match caller.credential {
        Credential::Token(_) => "insufficient_scope",
        _ if caller.may(Permission::Own) => return Ok(()),
        _ => "forbidden",
    };
    Err(Fault::new(FaultKind::Forbidden, code, message).with_details(json!({ "required": "own" })))
}

/// Refuses whoever is no owner in the treasury; the server itself is.
///
/// # Errors
/// 403 `forbidden`.
pub fn require_treasury_owner(tx: &mut Tx<'_>, caller: &Caller) -> Result<(), Fault> {
    if matches!(caller.credential, Credential::System) {
        return Ok(());
    }
    let held = match caller.member_id() {
        Some(member) => memberships::find(tx, caller.workspace, member)?.map(|found| found.treasury_role),
        None => None,
    };
    if held == Some(TreasuryRole::Owner) {
        return Ok(());
    }
    let fault = Fault::forbidden("Keys of the treasury need the treasury_role owner");
    Err(fault.with_details(json!({ "required": "treasury_role owner" })))
}

/// The role in the treasury after a change. It follows the role only where an owner changes that of somebody else, and
/// while it was the one that follows from the role: nobody gets rights in the treasury by way of the other column.
fn new_treasury_role(caller: &Caller, old: &Colleague, role: Role, patch: &MemberPatch) -> Result<TreasuryRole, Fault> {
    let is_self = caller.member_id() == Some(old.member);
    if let Some(wanted) = patch.treasury_role {
        require_own(caller, "Only an owner changes a treasury_role")?;
        if is_self && wanted != old.treasury_role {
            return Err(Fault::forbidden("Nobody changes its own treasury_role"));
        }
        return Ok(wanted);
    }
    let by_owner = require_own(caller, "").is_ok() && !is_self;
    let followed = old.treasury_role == TreasuryRole::of_role(old.role);
    Ok(if by_owner && followed { TreasuryRole::of_role(role) } else { old.treasury_role })
}

/// Refuses to leave a workspace without an owner; answers another owner.
fn keep_an_owner(tx: &mut Tx<'_>, workspace: WorkspaceId, leaving: MemberId) -> Result<Option<MemberId>, Fault> {
    let owners = memberships::owners(tx, workspace, 2)?;
    let other = owners.iter().copied().find(|&owner| owner != leaving);
    match other {
        Some(owner) => Ok(Some(owner)),
        None => Err(Fault::conflict("last_owner", "A workspace keeps at least one owner")),
    }
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: MemberId) -> Result<Colleague, Fault> {
    memberships::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Member"))
}

fn view(tx: &mut Tx<'_>, workspace: WorkspaceId, colleague: Colleague) -> Result<MemberView, Fault> {
    let groups = groups::of_member(tx, workspace, colleague.member)?.into_iter().map(|group| group.id).collect();
    Ok(MemberView { colleague, groups })
}

fn facts(of: &Colleague) -> MemberFacts<'_> {
    MemberFacts { id: of.member, name: &of.name, email: &of.email, role: of.role, treasury_role: of.treasury_role }
}

fn note(
    tx: &mut Tx<'_>,
    act: &Act,
    about: &Colleague,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), Fault> {
    let target = Some(("member", about.member.0, about.name.as_str()));
    act.note(tx, Note { action, mode: None, target, detail })
}

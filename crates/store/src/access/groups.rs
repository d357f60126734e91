//! Tables `member_groups` and `group_members`: named lists of members.

use floe_model::{
    Fault, Timestamp,
    id::{GroupId, MemberId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Groups that a workspace may have.
pub const GROUPS_MAX: usize = 500;
/// Members that a group may have.
pub const MEMBERS_MAX: usize = 1_000;
/// Groups on one page.
pub const PAGE_MAX: usize = 201;

/// A group without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Shown name, unique in the workspace whatever its case.
    pub name: String,
    /// Counts changes, of the members too.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// A group of a member, as sharing and approvers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName {
    /// Its id.
    pub id: GroupId,
    /// Its name in lower case.
    pub folded: String,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into member_groups (workspace_id, id, name, folded, revision, created_at, updated_at)
         values ($1, $2, $3, $4, 1, $5, $5)"
    );
    /// By id.
    FIND = both(
        "select id, name, revision, created_at, updated_at from member_groups where workspace_id = $1 and id = $2"
    ) -> [id, text, int, time, time];
    /// By name.
    FIND_BY_NAME = both(
        "select id, name, revision, created_at, updated_at from member_groups where workspace_id = $1 and folded = $2"
    ) -> [id, text, int, time, time];
    /// A page, newest first.
    LIST_DOWN = both(
        "select id, name, revision, created_at, updated_at from member_groups
         where workspace_id = $1 and id < $2 and (replace(folded, $3, '') <> folded or $3 is null) order by id desc limit $4"
    ) -> [id, text, int, time, time];
    /// A page, oldest first.
    LIST_UP = both(
        "select id, name, revision, created_at, updated_at from member_groups
         where workspace_id = $1 and id > $2 and (replace(folded, $3, '') <> folded or $3 is null) order by id limit $4"
    ) -> [id, text, int, time, time];
    /// How many.
    COUNT = both(
        "select count(*) from member_groups
         where workspace_id = $1 and (replace(folded, $2, '') <> folded or $2 is null)"
    ) -> [int];
    /// Another name, or other members.
    UPDATE = both(
        "update member_groups set name = $3, folded = $4, updated_at = $5, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $6"
    );
    /// Gone.
    DELETE = both("delete from member_groups where workspace_id = $1 and id = $2");
    /// All of a workspace gone.
    DELETE_ALL = both("delete from member_groups where workspace_id = $1");
    /// Members of a group.
    MEMBERS = both(
        "select member_id from group_members where workspace_id = $1 and group_id = $2 order by member_id limit $3"
    ) -> [id];
    /// Groups of a member.
    OF_MEMBER = both(
        "select g.id, g.folded from group_members gm join member_groups g
             on g.workspace_id = gm.workspace_id and g.id = gm.group_id
         where gm.workspace_id = $1 and gm.member_id = $2 order by g.id limit $3"
    ) -> [id, text];
    /// New members.
    ADD_MEMBERS = bulk("insert into group_members (workspace_id, group_id, member_id)", [id, id, id]);
    /// No members.
    EMPTY = both("delete from group_members where workspace_id = $1 and group_id = $2");
    /// A member leaves every group of a workspace.
    REMOVE_MEMBER = both("delete from group_members where workspace_id = $1 and member_id = $2");
    /// Everybody leaves every group of a workspace.
    EMPTY_ALL = both("delete from group_members where workspace_id = $1");
}

/// Adds a group with its members, which must belong to the workspace.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, group: &Group, members: &[MemberId]) -> Result<(), Fault> {
    let folded = group.name.to_lowercase();
    tx.execute(&INSERT, params![workspace, group.id, &group.name, &folded, group.created_at])?;
    add_members(tx, workspace, group.id, members)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: GroupId) -> Result<Option<Group>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By name, whatever its case.
///
/// # Errors
/// Of the database.
pub fn find_by_name(tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<Option<Group>, Fault> {
    tx.row(&FIND_BY_NAME, params![workspace, &name.to_lowercase()], map)
}

/// Groups whose names hold a text in lower case, after one (`None`: from the end that comes first), at most `limit` and
/// [`PAGE_MAX`].
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    q: Option<&str>,
    newest_first: bool,
    after: Option<GroupId>,
    limit: usize,
) -> Result<Vec<Group>, Fault> {
    let (sql, start) = if newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = after.map_or(start, |id| id.0);
    tx.rows(sql, params![workspace, after, q, limit.min(PAGE_MAX)], map)
}

/// How many groups have names that hold a text in lower case.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, q: Option<&str>) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, q], |row| row.int(0))?.unwrap_or(0))
}

/// Writes the name, and the members when they are given, if the revision is still `group.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn update(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    group: &Group,
    members: Option<&[MemberId]>,
) -> Result<bool, Fault> {
    let folded = group.name.to_lowercase();
    let values = params![workspace, group.id, &group.name, &folded, group.updated_at, group.revision];
    if tx.execute(&UPDATE, values)? != 1 {
        return Ok(false);
    }
    if let Some(members) = members {
        tx.announce(Change::Access);
        tx.execute(&EMPTY, params![workspace, group.id])?;
        add_members(tx, workspace, group.id, members)?;
    }
    Ok(true)
}

/// Removes a group; false when there was none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: GroupId) -> Result<bool, Fault> {
    tx.announce(Change::Access);
    tx.execute(&EMPTY, params![workspace, id])?;
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

/// Removes every group of a workspace.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
    tx.execute(&EMPTY_ALL, params![workspace])?;
    tx.execute(&DELETE_ALL, params![workspace]).map(drop)
}

/// The members of a group, at most [`MEMBERS_MAX`].
///
/// # Errors
/// Of the database.
pub fn members(tx: &mut Tx<'_>, workspace: WorkspaceId, id: GroupId) -> Result<Vec<MemberId>, Fault> {
    tx.rows(&MEMBERS, params![workspace, id, MEMBERS_MAX], |row| row.id(0).map(MemberId))
}

/// The groups of a member in a workspace, at most [`GROUPS_MAX`].
///
/// # Errors
/// Of the database.
pub fn of_member(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Vec<GroupName>, Fault> {
    tx.rows(&OF_MEMBER, params![workspace, member, GROUPS_MAX], |row| {
        Ok(GroupName { id: GroupId(row.id(0)?), folded: row.string(1)? })
    })
}

/// Takes a member out of every group of a workspace.
///
/// # Errors
/// Of the database.
pub fn remove_member(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<(), Fault> {
    tx.announce(Change::Access);
    tx.execute(&REMOVE_MEMBER, params![workspace, member]).map(drop)
}

fn add_members(tx: &mut Tx<'_>, workspace: WorkspaceId, id: GroupId, members: &[MemberId]) -> Result<(), Fault> {
    let rows: Vec<[crate::Value<'_>; 3]> =
        members.iter().map(|&member| [workspace.into(), id.into(), member.into()]).collect();
    tx.announce(Change::Access);
    tx.bulk(&ADD_MEMBERS, &rows).map(drop)
}

fn map(row: &Row<'_>) -> Result<Group, Fault> {
    Ok(Group {
        id: GroupId(row.id(0)?),
        name: row.string(1)?,
        revision: row.int(2)?,
        created_at: row.time(3)?,
        updated_at: row.time(4)?,
    })
}

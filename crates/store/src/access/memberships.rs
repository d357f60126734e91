//! Table `memberships`: which member is what in which workspace.

use floe_model::{
    Fault, Timestamp,
    access::Role,
    id::{MemberId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Workspaces of one member that are listed.
pub const WORKSPACES_MAX: usize = 200;
/// Members of one workspace on one page.
pub const PAGE_MAX: usize = 200;

/// A workspace of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// What the member is there.
    pub role: Role,
}

/// A member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The member.
    pub member: MemberId,
    /// Shown name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// What the member is here.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

statements! {
    /// A new one.
    INSERT = both("insert into memberships (workspace_id, member_id, role, created_at) values ($1, $2, $3, $4)");
    /// What a member is in a workspace.
    FIND = both("select role from memberships where workspace_id = $1 and member_id = $2") -> [text];
    /// Another role.
    SET_ROLE = both("update memberships set role = $3 where workspace_id = $1 and member_id = $2");
    /// Gone.
    DELETE = both("delete from memberships where workspace_id = $1 and member_id = $2");
    /// Workspaces of a member, the first one joined first.
    OF_MEMBER = both(
        "select w.id, w.name, w.slug, ms.role from memberships ms join workspaces w on w.id = ms.workspace_id
         where ms.member_id = $1 order by ms.created_at, w.id limit $2"
    ) -> [id, text, text, text];
    /// Members of a workspace, the oldest first.
    OF_WORKSPACE = both(
        "select m.id, m.name, m.email, ms.role, ms.created_at from memberships ms join members m on m.id = ms.member_id
         where ms.workspace_id = $1 and m.id > $2 order by m.id limit $3"
    ) -> [id, text, text, text, time];
}

/// Adds a member to a workspace.
///
/// # Errors
/// A conflict `already_exists` when it belongs to it.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    member: MemberId,
    role: Role,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&INSERT, params![workspace, member, role.as_str(), now])?;
    Ok(())
}

/// What a member is in a workspace.
///
/// # Errors
/// Of the database.
pub fn role(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Option<Role>, Fault> {
    tx.row(&FIND, params![workspace, member], |row| read_role(row, 0))
}

/// Changes a role; false when the member does not belong to the workspace.
///
/// # Errors
/// Of the database.
pub fn set_role(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId, role: Role) -> Result<bool, Fault> {
    let changed = tx.execute(&SET_ROLE, params![workspace, member, role.as_str()])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Takes a member out of a workspace; false when it did not belong to it.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<bool, Fault> {
    let gone = tx.execute(&DELETE, params![workspace, member])? == 1;
    tx.announce(Change::Access);
    Ok(gone)
}

/// The workspaces of a member, at most [`WORKSPACES_MAX`].
///
/// # Errors
/// Of the database.
pub fn of_member(tx: &mut Tx<'_>, member: MemberId) -> Result<Vec<Belonging>, Fault> {
    tx.rows(&OF_MEMBER, params![member, WORKSPACES_MAX], |row| {
        Ok(Belonging {
            workspace: WorkspaceId(row.id(0)?),
            name: row.string(1)?,
            slug: row.string(2)?,
            role: read_role(row, 3)?,
        })
    })
}

/// Members of a workspace after one (`None`: from the first), at most `limit` and [`PAGE_MAX`].
///
/// # Errors
/// Of the database.
pub fn of_workspace(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    after: Option<MemberId>,
    limit: usize,
) -> Result<Vec<Colleague>, Fault> {
    let after = after.unwrap_or(MemberId(0));
    tx.rows(&OF_WORKSPACE, params![workspace, after, limit.min(PAGE_MAX)], |row| {
        Ok(Colleague {
            member: MemberId(row.id(0)?),
            name: row.string(1)?,
            email: row.string(2)?,
            role: read_role(row, 3)?,
            created_at: row.time(4)?,
        })
    })
}

/// A role word of a row.
pub(super) fn read_role(row: &Row<'_>, index: usize) -> Result<Role, Fault> {
    Role::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "a role"))
}

//! Table `memberships`: which member is what in which workspace.

use floe_model::{
    Fault, Timestamp,
    access::{Role, TreasuryRole},
    id::{MemberId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Workspaces of one member that are listed.
pub const WORKSPACES_MAX: usize = 200;
/// Members of one workspace on one page.
pub const PAGE_MAX: usize = 201;

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
    /// What the member is in its treasury.
    pub treasury_role: TreasuryRole,
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
    /// What the member is in the treasury.
    pub treasury_role: TreasuryRole,
    /// Counts changes.
    pub revision: i64,
    /// Last request, to about a minute.
    pub last_seen_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Which members a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one role.
    pub role: Option<Role>,
    /// Part of name or address, in lower case.
    pub q: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last member of the page before.
    pub after: Option<MemberId>,
    /// Members at most, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! colleagues {
    ($tail:literal) => {
        concat!(
            "select m.id, m.name, m.email, ms.role, ms.treasury_role, ms.revision, ms.last_seen_at, ms.created_at
             from memberships ms join members m on m.id = ms.member_id where ms.workspace_id = $1 ",
            $tail
        )
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into memberships (workspace_id, member_id, role, treasury_role, created_at) values ($1, $2, $3, $4, $5)"
    );
    /// What a member is in a workspace.
    FIND = both("select role from memberships where workspace_id = $1 and member_id = $2") -> [text];
    /// A member of a workspace.
    COLLEAGUE = both(colleagues!("and ms.member_id = $2")) -> [id, text, text, text, text, int, opt time, time];
    /// Members of a workspace, the newest first.
    LIST_DOWN = both(colleagues!(
        "and (ms.role = $2 or $2 is null)
         and (replace(lower(m.name), $3, '') <> lower(m.name) or replace(m.email, $3, '') <> m.email or $3 is null)
         and ms.member_id < $4 order by ms.member_id desc limit $5"
    )) -> [id, text, text, text, text, int, opt time, time];
    /// Members of a workspace, the oldest first.
    LIST_UP = both(colleagues!(
        "and (ms.role = $2 or $2 is null)
         and (replace(lower(m.name), $3, '') <> lower(m.name) or replace(m.email, $3, '') <> m.email or $3 is null)
         and ms.member_id > $4 order by ms.member_id limit $5"
    )) -> [id, text, text, text, text, int, opt time, time];
    /// A page by number, the oldest first.
    PAGE = both(colleagues!("order by ms.member_id limit $2 offset $3")) -> [id, text, text, text, text, int, opt time, time];
    /// How many.
    COUNT = both(
        "select count(*) from memberships ms join members m on m.id = ms.member_id where ms.workspace_id = $1
         and (ms.role = $2 or $2 is null)
         and (replace(lower(m.name), $3, '') <> lower(m.name) or replace(m.email, $3, '') <> m.email or $3 is null)"
    ) -> [int];
    /// The owners, in one order, so that two acts that would leave none wait for each other.
    OWNERS = split {
        sqlite: "select member_id from memberships where workspace_id = $1 and role = 'owner' order by member_id limit $2",
        postgres: "select member_id from memberships where workspace_id = $1 and role = 'owner' order by member_id limit $2
             for update",
    } -> [id];
    /// Another role.
    SET_ROLE = both(
        "update memberships set role = $3, revision = revision + 1 where workspace_id = $1 and member_id = $2"
    );
    /// Other roles.
    UPDATE = both(
        "update memberships set role = $3, treasury_role = $4, revision = revision + 1
         where workspace_id = $1 and member_id = $2 and revision = $5"
    );
    /// Gone.
    DELETE = both("delete from memberships where workspace_id = $1 and member_id = $2");
    /// Everybody gone.
    DELETE_ALL = both("delete from memberships where workspace_id = $1");
    /// Workspaces of a member, the first one joined first.
    OF_MEMBER = both(
        "select w.id, w.name, w.slug, ms.role, ms.treasury_role
         from memberships ms join workspaces w on w.id = ms.workspace_id
         where ms.member_id = $1 order by ms.created_at, w.id limit $2"
    ) -> [id, text, text, text, text];
}

/// Adds a member to a workspace, in the treasury with what follows from its role.
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
    insert_with(tx, workspace, member, (role, TreasuryRole::of_role(role)), now)
}

/// Adds a member to a workspace with a role in the treasury of its own.
///
/// # Errors
/// As [`insert`].
pub fn insert_with(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    member: MemberId,
    (role, treasury): (Role, TreasuryRole),
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&INSERT, params![workspace, member, role.as_str(), treasury.as_str(), now])?;
    Ok(())
}

/// What a member is in a workspace.
///
/// # Errors
/// Of the database.
pub fn role(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Option<Role>, Fault> {
    tx.row(&FIND, params![workspace, member], |row| read_role(row, 0))
}

/// A member of a workspace.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Option<Colleague>, Fault> {
    tx.row(&COLLEAGUE, params![workspace, member], map)
}

/// A page of the members of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter, page: Page) -> Result<Vec<Colleague>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.map_or(start, |id| id.0);
    let role = filter.role.map(Role::as_str);
    tx.rows(sql, params![workspace, role, &filter.q, after, page.limit.min(PAGE_MAX)], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) members from a number on, the oldest first.
///
/// # Errors
/// Of the database.
pub fn page(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize, offset: i64) -> Result<Vec<Colleague>, Fault> {
    tx.rows(&PAGE, params![workspace, limit.min(PAGE_MAX), offset], map)
}

/// How many members a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter) -> Result<i64, Fault> {
    let values = params![workspace, filter.role.map(Role::as_str), &filter.q];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// The first owners of a workspace by id, at most `limit`. On PostgreSQL their rows stay locked until the transaction ends:
/// of two acts that would together leave no owner, the second sees the first.
///
/// # Errors
/// Of the database.
pub fn owners(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize) -> Result<Vec<MemberId>, Fault> {
    tx.rows(&OWNERS, params![workspace, limit], |row| row.id(0).map(MemberId))
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

/// Writes both roles when the revision is still that of `colleague`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, workspace: WorkspaceId, colleague: &Colleague) -> Result<bool, Fault> {
    let (role, treasury) = (colleague.role.as_str(), colleague.treasury_role.as_str());
    let changed = tx.execute(&UPDATE, params![workspace, colleague.member, role, treasury, colleague.revision])? == 1;
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

/// Takes everybody out of a workspace; returns how many there were.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<u64, Fault> {
    let gone = tx.execute(&DELETE_ALL, params![workspace])?;
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
            treasury_role: read_treasury_role(row, 4)?,
        })
    })
}

/// A role word of a row.
pub(super) fn read_role(row: &Row<'_>, index: usize) -> Result<Role, Fault> {
    Role::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "a role"))
}

/// A word for a role in the treasury.
pub(super) fn read_treasury_role(row: &Row<'_>, index: usize) -> Result<TreasuryRole, Fault> {
    TreasuryRole::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "a role in the treasury"))
}

fn map(row: &Row<'_>) -> Result<Colleague, Fault> {
    Ok(Colleague {
        member: MemberId(row.id(0)?),
        name: row.string(1)?,
        email: row.string(2)?,
        role: read_role(row, 3)?,
        treasury_role: read_treasury_role(row, 4)?,
        revision: row.int(5)?,
        last_seen_at: row.opt_time(6)?,
        created_at: row.time(7)?,
    })
}

//! Table `invites`: invitations into a workspace.

use floe_model::{
    Fault, Timestamp,
    access::{Role, TreasuryRole},
    id::{InviteId, MemberId, WorkspaceId},
};

use super::memberships::{read_role, read_treasury_role};
use crate::{Row, Tx, params, statements};

/// Invites on one page.
pub const PAGE_MAX: usize = 201;

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Into which workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: InviteId,
    /// Keyed hash of the text in its link.
    pub hash: [u8; 32],
    /// E-mail address in lower case.
    pub email: String,
    /// What the member will be.
    pub role: Role,
    /// What the member will be in the treasury.
    pub treasury_role: TreasuryRole,
    /// Counts changes.
    pub revision: i64,
    /// Who invites.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
}

/// Which invites a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// `pending`, `accepted` or `expired` only.
    pub status: Option<&'static str>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<InviteId>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, hash, email, role, treasury_role, revision, created_by, created_at, expires_at, accepted_at"
    };
}

macro_rules! filtered {
    ($status:literal, $now:literal) => {
        concat!(
            " from invites where workspace_id = $1 and (cast(",
            $status,
            " as text) is null or ",
            $status,
            " = case
                 when accepted_at is not null then 'accepted' when expires_at <= ",
            $now,
            " then 'expired'
                 else 'pending' end)"
        )
    };
}

statements! {
    /// A new one.
    INSERT = both(concat!(
        "insert into invites (", columns!(), ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, null)"
    ));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from invites where workspace_id = $1 and id = $2"))
        -> [id, id, bytes, text, text, text, int, opt id, time, time, opt time];
    /// By the text in its link, while it works.
    FIND_OPEN = both(concat!(
        "select ", columns!(), " from invites where hash = $1 and accepted_at is null and expires_at > $2"
    )) -> [id, id, bytes, text, text, text, int, opt id, time, time, opt time];
    /// One that waits for an address.
    FIND_PENDING = both(concat!(
        "select ", columns!(), " from invites
         where workspace_id = $1 and email = $2 and accepted_at is null and expires_at > $3 order by id limit 1"
    )) -> [id, id, bytes, text, text, text, int, opt id, time, time, opt time];
    /// A page, newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!("$2", "$3"), " and id < $4 order by id desc limit $5"))
        -> [id, id, bytes, text, text, text, int, opt id, time, time, opt time];
    /// A page, oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!("$2", "$3"), " and id > $4 order by id limit $5"))
        -> [id, id, bytes, text, text, text, int, opt id, time, time, opt time];
    /// How many.
    COUNT = both(concat!("select count(*)", filtered!("$2", "$3"))) -> [int];
    /// Other roles.
    UPDATE = both(
        "update invites set role = $3, treasury_role = $4, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $5 and accepted_at is null"
    );
    /// Accepted: once, and in time.
    ACCEPT = both(
        "update invites set accepted_at = $2, revision = revision + 1
         where hash = $1 and accepted_at is null and expires_at > $2"
    );
    /// Gone.
    DELETE = both("delete from invites where workspace_id = $1 and id = $2");
    /// All of a workspace gone.
    DELETE_ALL = both("delete from invites where workspace_id = $1");
}

/// Adds an invite.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, invite: &Invite) -> Result<(), Fault> {
    let values = params![
        invite.workspace,
        invite.id,
        &invite.hash,
        &invite.email,
        invite.role.as_str(),
        invite.treasury_role.as_str(),
        invite.revision,
        invite.created_by,
        invite.created_at,
        invite.expires_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: InviteId) -> Result<Option<Invite>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By the hash of the text in its link, of any workspace; nothing when it was accepted or is over.
///
/// # Errors
/// Of the database.
pub fn find_open(tx: &mut Tx<'_>, hash: &[u8; 32], now: Timestamp) -> Result<Option<Invite>, Fault> {
    tx.row(&FIND_OPEN, params![hash, now], map)
}

/// The oldest invite of a workspace that waits for an address in lower case.
///
/// # Errors
/// Of the database.
pub fn find_pending(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    email: &str,
    now: Timestamp,
) -> Result<Option<Invite>, Fault> {
    tx.row(&FIND_PENDING, params![workspace, email, now], map)
}

/// A page of invites.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: Page, now: Timestamp) -> Result<Vec<Invite>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.map_or(start, |id| id.0);
    tx.rows(sql, params![workspace, page.status, now, after, page.limit.min(PAGE_MAX)], map)
}

/// How many invites of a status there are.
///
/// # Errors
/// Of the database.
pub fn count(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    status: Option<&'static str>,
    now: Timestamp,
) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, status, now], |row| row.int(0))?.unwrap_or(0))
}

/// Writes the roles when the revision is still `invite.revision` and nobody accepted it; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, invite: &Invite) -> Result<bool, Fault> {
    let (role, treasury) = (invite.role.as_str(), invite.treasury_role.as_str());
    Ok(tx.execute(&UPDATE, params![invite.workspace, invite.id, role, treasury, invite.revision])? == 1)
}

/// Uses an invite: of several at once one succeeds.
///
/// # Errors
/// Of the database.
pub fn accept(tx: &mut Tx<'_>, hash: &[u8; 32], now: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&ACCEPT, params![hash, now])? == 1)
}

/// Removes an invite; false when there was none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: InviteId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

/// Removes every invite of a workspace.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Invite, Fault> {
    Ok(Invite {
        workspace: WorkspaceId(row.id(0)?),
        id: InviteId(row.id(1)?),
        hash: row.bytes(2)?.try_into().map_err(|_| row.mismatch(2, "a hash"))?,
        email: row.string(3)?,
        role: read_role(row, 4)?,
        treasury_role: read_treasury_role(row, 5)?,
        revision: row.int(6)?,
        created_by: row.opt_id(7)?.map(MemberId),
        created_at: row.time(8)?,
        expires_at: row.time(9)?,
        accepted_at: row.opt_time(10)?,
    })
}

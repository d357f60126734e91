//! Table `blocklist_entries`: whom nobody pays (Treasury contract, sections 5.2 and 10.1).

use floe_model::{
    Fault, Timestamp,
    id::{BlocklistId, MemberId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Entries that an organisation may have.
pub const ENTRIES_MAX: usize = 10_000;
/// Entries of one page at most.
pub const PAGE_MAX: usize = 200;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlocklistEntry {
    /// Its id.
    pub id: BlocklistId,
    /// `account_number`, `beneficiary_name` or `bank_code`.
    pub kind: String,
    /// As it was given.
    pub value: String,
    /// What is compared.
    pub match_key: String,
    /// Why.
    pub reason: Option<String>,
    /// Who made it; none for the server itself.
    pub created_by: Option<MemberId>,
    /// Its name at that time.
    pub created_by_name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, kind, value, match_key, reason, created_by, created_by_name, created_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into blocklist_entries (workspace_id, id, kind, value, match_key, reason, created_by, created_by_name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from blocklist_entries where workspace_id = $1 and id = $2"))
        -> [id, text, text, text, opt text, opt id, text, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from blocklist_entries where workspace_id = $1 order by id desc limit $2 offset $3"
    )) -> [id, text, text, text, opt text, opt id, text, time];
    /// What is compared.
    KEYS = both("select kind, match_key from blocklist_entries where workspace_id = $1 limit $2") -> [text, text];
    /// How many there are.
    COUNT = both("select count(*) from blocklist_entries where workspace_id = $1") -> [int];
    /// Gone.
    DELETE = both("delete from blocklist_entries where workspace_id = $1 and id = $2");
}

/// Adds an entry; false when there is one of its kind for the same.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, entry: &BlocklistEntry) -> Result<bool, Fault> {
    let values = params![
        workspace,
        entry.id,
        &entry.kind,
        &entry.value,
        &entry.match_key,
        &entry.reason,
        entry.created_by,
        &entry.created_by_name,
        entry.created_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: BlocklistId) -> Result<Option<BlocklistEntry>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<BlocklistEntry>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, limit.min(PAGE_MAX), offset], map)?;
    Ok((rows, count(tx, workspace)?))
}

/// Kind and compared text of every entry.
///
/// # Errors
/// Of the database.
pub fn keys(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<(String, String)>, Fault> {
    tx.rows(&KEYS, params![workspace, ENTRIES_MAX], |row| Ok((row.string(0)?, row.string(1)?)))
}

/// How many entries there are.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace], |row| row.int(0))?.unwrap_or(0))
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: BlocklistId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

fn map(row: &Row<'_>) -> Result<BlocklistEntry, Fault> {
    Ok(BlocklistEntry {
        id: BlocklistId(row.id(0)?),
        kind: row.string(1)?,
        value: row.string(2)?,
        match_key: row.string(3)?,
        reason: row.opt_string(4)?,
        created_by: row.opt_id(5)?.map(MemberId),
        created_by_name: row.string(6)?,
        created_at: row.time(7)?,
    })
}

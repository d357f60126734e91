//! Table `keys`: API keys of every kind.

use floe_model::{
    Fault, Mode, Timestamp,
    access::KeyKind,
    id::{KeyId, MemberId, WorkspaceId},
};

use crate::{Change, Row, Tx, like, params, statements};

/// Keys on one page.
pub const PAGE_MAX: usize = 201;

/// The word in the column of a key that knows no modes.
const NO_MODE: &str = "none";

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: KeyId,
    /// What it opens.
    pub kind: KeyKind,
    /// Live or test; none for a kind that knows no modes.
    pub mode: Option<Mode>,
    /// Keyed hash of its text.
    pub hash: [u8; 32],
    /// Shown name.
    pub name: String,
    /// First characters of the text.
    pub prefix: String,
    /// JSON list of scopes.
    pub scopes: String,
    /// JSON list of the agents that it may use; none for all.
    pub agent_ids: Option<String>,
    /// Requests a minute; 0 is no limit.
    pub per_minute: u32,
    /// Requests a day; 0 is no limit.
    pub per_day: u32,
    /// Whether it is switched on.
    pub is_active: bool,
    /// Counts changes.
    pub revision: i64,
    /// Who made it; none for the command line.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Last use, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// Address of the last use.
    pub last_used_ip: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that took its place.
    pub rotated_to: Option<KeyId>,
}

/// Which keys a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One kind.
    pub kind: Option<KeyKind>,
    /// Live or test only.
    pub mode: Option<Mode>,
    /// One state, as the word of the wire.
    pub status: Option<&'static str>,
    /// Part of the name, case folded.
    pub q: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last key of the page before.
    pub after: Option<KeyId>,
    /// Keys at most, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, kind, mode, hash, name, prefix, scopes, per_minute, per_day, is_active, revision, created_by,
             created_at, expires_at, last_used_at, last_used_ip, revoked_at, rotated_to, agent_ids"
    };
}

macro_rules! filtered {
    () => {
        " from keys where workspace_id = $1
             and (cast($2 as text) is null or kind = $2)
             and (cast($3 as text) is null or mode = $3)
             and (cast($4 as text) is null or lower(name) like $4 escape '!')
             and (cast($5 as text) is null or $5 = case
                 when revoked_at is not null then 'revoked'
                 when expires_at is not null and expires_at <= $6 then 'expired'
                 when not is_active then 'inactive'
                 when rotated_to is not null then 'expiring'
                 else 'active' end)"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into keys (workspace_id, id, kind, mode, hash, name, prefix, scopes, per_minute, per_day, is_active, revision,
             created_by, created_at, expires_at, agent_ids)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    /// By hash.
    FIND_BY_HASH = both(concat!("select ", columns!(), " from keys where hash = $1"))
        -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// By id.
    FIND = both(concat!("select ", columns!(), " from keys where workspace_id = $1 and id = $2"))
        -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// A page, newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and id < $7 order by id desc limit $8"))
        -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// A page, oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and id > $7 order by id limit $8"))
        -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// A page by number of the keys of a kind, newest first.
    PAGE = both(concat!(
        "select ", columns!(), " from keys where workspace_id = $1 and kind = $2 order by id desc limit $3 offset $4"
    )) -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// A page of two kinds, newest first.
    PAGE_OF_TWO = both(concat!(
        "select ", columns!(), " from keys where workspace_id = $1 and kind in ($2, $3) order by id desc limit $4 offset $5"
    )) -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// How many of two kinds.
    COUNT_OF_TWO = both("select count(*) from keys where workspace_id = $1 and kind in ($2, $3)") -> [int];
    /// Those of a kind that were not revoked, of every workspace.
    OF_KIND = both(concat!("select ", columns!(), " from keys where kind = $1 and revoked_at is null limit $2"))
        -> [id, id, text, text, bytes, text, text, json, int, int, bool, int, opt id, time, opt time, opt time, opt text, opt time, opt id, opt json];
    /// How many.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// What can be changed.
    UPDATE = both(
        "update keys set name = $3, scopes = $4, per_minute = $5, per_day = $6, is_active = $7, expires_at = $8,
             agent_ids = $9, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $10"
    );
    /// Dead.
    REVOKE = both(
        "update keys set revoked_at = $3, revision = revision + 1 where workspace_id = $1 and id = $2 and revoked_at is null"
    );
    /// All of a workspace dead.
    REVOKE_ALL = both(
        "update keys set revoked_at = $2, revision = revision + 1 where workspace_id = $1 and revoked_at is null"
    );
    /// Another took its place.
    ROTATE = both(
        "update keys set rotated_to = $3, expires_at = $4, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $5"
    );
    /// Was used.
    TOUCH = both("update keys set last_used_at = $2, last_used_ip = $3 where hash = $1");
}

/// Adds a key.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, key: &Key) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            key.workspace,
            key.id,
            key.kind.as_str(),
            mode_word(key.mode),
            &key.hash,
            &key.name,
            &key.prefix,
            &key.scopes,
            key.per_minute,
            key.per_day,
            key.is_active,
            key.revision,
            key.created_by,
            key.created_at,
            key.expires_at,
            &key.agent_ids
        ],
    )?;
    Ok(())
}

/// By hash, of any workspace.
///
/// # Errors
/// Of the database.
pub fn find_by_hash(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Key>, Fault> {
    tx.row(&FIND_BY_HASH, params![hash], map)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KeyId) -> Result<Option<Key>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// A page of keys.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    page: Page,
    now: Timestamp,
) -> Result<Vec<Key>, Fault> {
    let pattern = filter.q.as_deref().map(like::contains);
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.map_or(start, |id| id.0);
    tx.rows(
        sql,
        params![
            workspace,
            filter.kind.map(KeyKind::as_str),
            filter.mode,
            &pattern,
            filter.status,
            now,
            after,
            page.limit.min(PAGE_MAX)
        ],
        map,
    )
}

/// Up to `limit` ([`PAGE_MAX`] at most) keys of a kind from a number on, newest first.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    kind: KeyKind,
    limit: usize,
    offset: i64,
) -> Result<Vec<Key>, Fault> {
    tx.rows(&PAGE, params![workspace, kind.as_str(), limit.min(PAGE_MAX), offset], map)
}

/// A page of the keys of two kinds, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn page_of_two(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    kinds: [KeyKind; 2],
    limit: usize,
    offset: i64,
) -> Result<(Vec<Key>, i64), Fault> {
    let [one, other] = kinds.map(KeyKind::as_str);
    let keys = tx.rows(&PAGE_OF_TWO, params![workspace, one, other, limit.min(PAGE_MAX), offset], map)?;
    let total = tx.row(&COUNT_OF_TWO, params![workspace, one, other], |row| row.int(0))?;
    Ok((keys, total.unwrap_or(0)))
}

/// Up to `limit` keys of a kind in all workspaces, revoked ones left out, in no order: for the start of a server.
///
/// # Errors
/// Of the database.
pub fn of_kind(tx: &mut Tx<'_>, kind: KeyKind, limit: usize) -> Result<Vec<Key>, Fault> {
    tx.rows(&OF_KIND, params![kind.as_str(), limit], map)
}

/// How many keys a filter finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, filter: &Filter, now: Timestamp) -> Result<i64, Fault> {
    let pattern = filter.q.as_deref().map(like::contains);
    let values = params![workspace, filter.kind.map(KeyKind::as_str), filter.mode, &pattern, filter.status, now];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed when the revision is still `key.revision`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, key: &Key) -> Result<bool, Fault> {
    let values = params![
        key.workspace,
        key.id,
        &key.name,
        &key.scopes,
        key.per_minute,
        key.per_day,
        key.is_active,
        key.expires_at,
        &key.agent_ids,
        key.revision
    ];
    let changed = tx.execute(&UPDATE, values)? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Revokes; false when it was revoked before.
///
/// # Errors
/// Of the database.
pub fn revoke(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KeyId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx.execute(&REVOKE, params![workspace, id, now])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Revokes every key of a workspace; returns how many were not.
///
/// # Errors
/// Of the database.
pub fn revoke_all(tx: &mut Tx<'_>, workspace: WorkspaceId, now: Timestamp) -> Result<u64, Fault> {
    let gone = tx.execute(&REVOKE_ALL, params![workspace, now])?;
    tx.announce(Change::Access);
    Ok(gone)
}

/// Notes the key that takes its place and when it ends itself, when the revision is still `key.revision`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn rotate(tx: &mut Tx<'_>, key: &Key, to: KeyId, ends_at: Timestamp) -> Result<bool, Fault> {
    let changed = tx.execute(&ROTATE, params![key.workspace, key.id, to, ends_at, key.revision])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Notes a use.
///
/// # Errors
/// Of the database.
pub fn touch(tx: &mut Tx<'_>, hash: &[u8; 32], now: Timestamp, ip: &str) -> Result<(), Fault> {
    tx.execute(&TOUCH, params![hash, now, ip]).map(drop)
}

fn mode_word(mode: Option<Mode>) -> &'static str {
    mode.map_or(NO_MODE, Mode::as_str)
}

fn map(row: &Row<'_>) -> Result<Key, Fault> {
    Ok(Key {
        workspace: WorkspaceId(row.id(0)?),
        id: KeyId(row.id(1)?),
        kind: KeyKind::parse(row.text(2)?).ok_or_else(|| row.mismatch(2, "a kind of key"))?,
        mode: if row.text(3)? == NO_MODE { None } else { Some(row.mode(3)?) },
        hash: row.bytes(4)?.try_into().map_err(|_| row.mismatch(4, "a hash"))?,
        name: row.string(5)?,
        prefix: row.string(6)?,
        scopes: row.string(7)?,
        per_minute: row.u32(8)?,
        per_day: row.u32(9)?,
        is_active: row.bool(10)?,
        revision: row.int(11)?,
        created_by: row.opt_id(12)?.map(MemberId),
        created_at: row.time(13)?,
        expires_at: row.opt_time(14)?,
        last_used_at: row.opt_time(15)?,
        last_used_ip: row.opt_string(16)?,
        revoked_at: row.opt_time(17)?,
        rotated_to: row.opt_id(18)?.map(KeyId),
        agent_ids: row.opt_string(19)?,
    })
}

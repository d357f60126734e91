//! Table `tokens`: personal access tokens.

use floe_model::{
    Fault, Timestamp,
    access::{Role, TreasuryRole},
    id::{MemberId, TokenId, WorkspaceId},
};

use super::memberships::{read_role, read_treasury_role};
use crate::{Change, Row, Tx, params, statements};

/// Tokens on one page.
pub const PAGE_MAX: usize = 201;

/// A personal access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: TokenId,
    /// Whose.
    pub member: MemberId,
    /// Keyed hash of its text.
    pub hash: [u8; 32],
    /// Shown name.
    pub name: String,
    /// First characters of the text.
    pub prefix: String,
    /// JSON list of scopes.
    pub scopes: String,
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
    /// The token that took its place.
    pub rotated_to: Option<TokenId>,
    /// Counts changes.
    pub revision: i64,
}

/// A token with its member, as a request needs it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The token.
    pub token: Token,
    /// Name of the member.
    pub name: String,
    /// Its address.
    pub email: String,
    /// Its role in the workspace.
    pub role: Role,
    /// Its role in the treasury there.
    pub treasury_role: TreasuryRole,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into tokens (workspace_id, id, member_id, hash, name, prefix, scopes, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    /// By hash, with the member and its role; nothing when it does not belong to the workspace any more.
    FIND_HELD = both(
        "select t.workspace_id, t.id, t.member_id, t.hash, t.name, t.prefix, t.scopes, t.created_at, t.expires_at,
             t.last_used_at, t.last_used_ip, t.revoked_at, t.rotated_to, t.revision, m.name, m.email, ms.role,
             ms.treasury_role
         from tokens t join members m on m.id = t.member_id
             join memberships ms on ms.workspace_id = t.workspace_id and ms.member_id = t.member_id
         where t.hash = $1"
    ) -> [id, id, id, bytes, text, text, json, time, opt time, opt time, opt text, opt time, opt id, int, text, text, text, text];
    /// One of a member.
    FIND = both(
        "select workspace_id, id, member_id, hash, name, prefix, scopes, created_at, expires_at,
             last_used_at, last_used_ip, revoked_at, rotated_to, revision
         from tokens where workspace_id = $1 and id = $2 and member_id = $3"
    ) -> [id, id, id, bytes, text, text, json, time, opt time, opt time, opt text, opt time, opt id, int];
    /// Whose a token is.
    OWNER = both(
        "select t.member_id, m.name from tokens t join members m on m.id = t.member_id where t.workspace_id = $1 and t.id = $2"
    ) -> [id, text];
    /// Of a member, newest first.
    LIST = both(
        "select workspace_id, id, member_id, hash, name, prefix, scopes, created_at, expires_at,
             last_used_at, last_used_ip, revoked_at, rotated_to, revision
         from tokens where workspace_id = $1 and member_id = $2 and id < $3 order by id desc limit $4"
    ) -> [id, id, id, bytes, text, text, json, time, opt time, opt time, opt text, opt time, opt id, int];
    /// How many a member has.
    COUNT = both("select count(*) from tokens where workspace_id = $1 and member_id = $2") -> [int];
    /// Another name.
    RENAME = both("update tokens set name = $3, revision = revision + 1 where workspace_id = $1 and id = $2");
    /// Dead.
    REVOKE = both(
        "update tokens set revoked_at = $3, revision = revision + 1
         where workspace_id = $1 and id = $2 and revoked_at is null"
    );
    /// All of a member in a workspace dead.
    REVOKE_OF = both(
        "update tokens set revoked_at = $3, revision = revision + 1
         where workspace_id = $1 and member_id = $2 and revoked_at is null"
    );
    /// All of a workspace dead.
    REVOKE_ALL = both(
        "update tokens set revoked_at = $2, revision = revision + 1 where workspace_id = $1 and revoked_at is null"
    );
    /// Another took its place.
    ROTATE = both(
        "update tokens set rotated_to = $3, expires_at = $4, revision = revision + 1 where workspace_id = $1 and id = $2"
    );
    /// Was used.
    TOUCH = both("update tokens set last_used_at = $2, last_used_ip = $3 where hash = $1");
    /// The member was seen.
    SEEN = both(
        "update memberships set last_seen_at = $2 where exists (select 1 from tokens t where t.hash = $1
             and t.workspace_id = memberships.workspace_id and t.member_id = memberships.member_id)"
    );
}

/// Adds a token.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, token: &Token) -> Result<(), Fault> {
    let Token { workspace, id, member, hash, name, prefix, scopes, created_at, expires_at, .. } = token;
    tx.execute(&INSERT, params![*workspace, *id, *member, hash, name, prefix, scopes, *created_at, *expires_at])?;
    Ok(())
}

/// By hash, with the member and its role; nothing when it does not belong to the workspace any more.
///
/// # Errors
/// Of the database.
pub fn find_held(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Held>, Fault> {
    tx.row(&FIND_HELD, params![hash], |row| {
        Ok(Held {
            token: map(row)?,
            name: row.string(14)?,
            email: row.string(15)?,
            role: read_role(row, 16)?,
            treasury_role: read_treasury_role(row, 17)?,
        })
    })
}

/// One of a member.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId, id: TokenId) -> Result<Option<Token>, Fault> {
    tx.row(&FIND, params![workspace, id, member], map)
}

/// The member whose token it is, and its name; also of a token that has ended.
///
/// # Errors
/// Of the database.
pub fn owner(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TokenId) -> Result<Option<(MemberId, String)>, Fault> {
    tx.row(&OWNER, params![workspace, id], |row| Ok((MemberId(row.id(0)?), row.string(1)?)))
}

/// Of a member, newest first, before one (`None`: from the newest), at most `limit` and [`PAGE_MAX`].
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    member: MemberId,
    before: Option<TokenId>,
    limit: usize,
) -> Result<Vec<Token>, Fault> {
    let before = before.unwrap_or(TokenId(u128::MAX));
    tx.rows(&LIST, params![workspace, member, before, limit.min(PAGE_MAX)], map)
}

/// How many a member has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, member], |row| row.int(0))?.unwrap_or(0))
}

/// Gives another name.
///
/// # Errors
/// Of the database.
pub fn rename(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TokenId, name: &str) -> Result<(), Fault> {
    tx.execute(&RENAME, params![workspace, id, name]).map(drop)
}

/// Revokes; false when it was revoked before.
///
/// # Errors
/// Of the database.
pub fn revoke(tx: &mut Tx<'_>, workspace: WorkspaceId, id: TokenId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx.execute(&REVOKE, params![workspace, id, now])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Revokes all tokens of a workspace, or those of one member in it; returns how many worked until now.
///
/// # Errors
/// Of the database.
pub fn revoke_all(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    member: Option<MemberId>,
    now: Timestamp,
) -> Result<u64, Fault> {
    let gone = match member {
        Some(member) => tx.execute(&REVOKE_OF, params![workspace, member, now])?,
        None => tx.execute(&REVOKE_ALL, params![workspace, now])?,
    };
    tx.announce(Change::Access);
    Ok(gone)
}

/// Notes the token that takes its place, and when it ends itself.
///
/// # Errors
/// Of the database.
pub fn rotate(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: TokenId,
    to: TokenId,
    ends_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&ROTATE, params![workspace, id, to, ends_at])?;
    tx.announce(Change::Access);
    Ok(())
}

/// Notes a use.
///
/// # Errors
/// Of the database.
pub fn touch(tx: &mut Tx<'_>, hash: &[u8; 32], now: Timestamp, ip: &str) -> Result<(), Fault> {
    tx.execute(&TOUCH, params![hash, now, ip])?;
    tx.execute(&SEEN, params![hash, now]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Token, Fault> {
    Ok(Token {
        workspace: WorkspaceId(row.id(0)?),
        id: TokenId(row.id(1)?),
        member: MemberId(row.id(2)?),
        hash: row.bytes(3)?.try_into().map_err(|_| row.mismatch(3, "a hash"))?,
        name: row.string(4)?,
        prefix: row.string(5)?,
        scopes: row.string(6)?,
        created_at: row.time(7)?,
        expires_at: row.opt_time(8)?,
        last_used_at: row.opt_time(9)?,
        last_used_ip: row.opt_string(10)?,
        revoked_at: row.opt_time(11)?,
        rotated_to: row.opt_id(12)?.map(TokenId),
        revision: row.int(13)?,
    })
}

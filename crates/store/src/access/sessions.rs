//! Table `sessions`: signed-in members.

use floe_model::{
    Fault, Timestamp,
    access::{Role, TreasuryRole},
    id::{MemberId, SessionId, WorkspaceId},
};

use super::memberships::{read_role, read_treasury_role};
use crate::{Change, Row, Tx, params, statements};

/// Sessions of one member on one page.
pub const LIST_MAX: usize = 201;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Keyed hash of its text.
    pub hash: [u8; 32],
    /// Its id.
    pub id: SessionId,
    /// Who is signed in.
    pub member: MemberId,
    /// The current workspace.
    pub workspace: WorkspaceId,
    /// `cookie` or `token`.
    pub transport: String,
    /// Seconds without use after which it ends.
    pub idle_s: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// Last use, to about a minute.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Until when the password counts as just given.
    pub confirmed_until: Option<Timestamp>,
    /// Address from which it began.
    pub ip: Option<String>,
    /// Program that began it, as it calls itself.
    pub agent: Option<String>,
}

/// A session with its member, as a request needs it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The session.
    pub session: Session,
    /// Name of the member.
    pub name: String,
    /// Its address.
    pub email: String,
    /// Its role in the current workspace.
    pub role: Role,
    /// Its role in the treasury there.
    pub treasury_role: TreasuryRole,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into sessions (hash, id, member_id, workspace_id, transport, idle_s, created_at, last_used_at, expires_at,
             confirmed_until, ip, agent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    /// By hash, with the member and its role; nothing when it does not belong to the workspace any more.
    FIND_SIGNED = both(
        "select s.hash, s.id, s.member_id, s.workspace_id, s.transport, s.idle_s, s.created_at, s.last_used_at, s.expires_at,
             s.confirmed_until, s.ip, s.agent, m.name, m.email, ms.role, ms.treasury_role
         from sessions s join members m on m.id = s.member_id
             join memberships ms on ms.workspace_id = s.workspace_id and ms.member_id = s.member_id
         where s.hash = $1"
    ) -> [bytes, id, id, id, text, int, time, time, time, opt time, opt text, opt text, text, text, text, text];
    /// Sessions of a member that are not over, newest first.
    LIST = both(
        "select hash, id, member_id, workspace_id, transport, idle_s, created_at, last_used_at, expires_at,
             confirmed_until, ip, agent
         from sessions where member_id = $1 and expires_at > $2 and last_used_at + idle_s * 1000000 > $2 and id < $3
         order by id desc limit $4"
    ) -> [bytes, id, id, id, text, int, time, time, time, opt time, opt text, opt text];
    /// Ends one.
    DELETE = both("delete from sessions where member_id = $1 and id = $2");
    /// Ends all but one.
    DELETE_OTHERS = both("delete from sessions where member_id = $1 and id <> $2");
    /// Ends all.
    DELETE_ALL = both("delete from sessions where member_id = $1");
    /// Ends those of a member that are in a workspace.
    DELETE_IN = both("delete from sessions where member_id = $1 and workspace_id = $2");
    /// Ends everybody's that are in a workspace.
    DELETE_ALL_IN = both("delete from sessions where workspace_id = $1");
    /// Goes to another workspace.
    SWITCH = both("update sessions set workspace_id = $3 where member_id = $1 and id = $2");
    /// The password was given.
    CONFIRM = both("update sessions set confirmed_until = $3 where member_id = $1 and id = $2");
    /// Was used.
    TOUCH = both("update sessions set last_used_at = $2 where hash = $1 and last_used_at < $2");
    /// The member was seen.
    SEEN = both(
        "update memberships set last_seen_at = $2 where exists (select 1 from sessions s where s.hash = $1
             and s.workspace_id = memberships.workspace_id and s.member_id = memberships.member_id)"
    );
    /// Over.
    PURGE = both(
        "delete from sessions where hash in (select hash from sessions where expires_at < $1 order by expires_at limit $2)"
    );
}

/// Adds a session.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, session: &Session) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            &session.hash,
            session.id,
            session.member,
            session.workspace,
            &session.transport,
            session.idle_s,
            session.created_at,
            session.last_used_at,
            session.expires_at,
            session.confirmed_until,
            &session.ip,
            &session.agent
        ],
    )?;
    Ok(())
}

/// By hash, with the member and its role; nothing when it does not belong to the workspace any more.
///
/// # Errors
/// Of the database.
pub fn find_signed(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Signed>, Fault> {
    tx.row(&FIND_SIGNED, params![hash], |row| {
        Ok(Signed {
            session: map(row)?,
            name: row.string(12)?,
            email: row.string(13)?,
            role: read_role(row, 14)?,
            treasury_role: read_treasury_role(row, 15)?,
        })
    })
}

/// Sessions of a member that are not over, newest first, before one (`None`: from the newest), at most `limit` and
/// [`LIST_MAX`].
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    member: MemberId,
    now: Timestamp,
    before: Option<SessionId>,
    limit: usize,
) -> Result<Vec<Session>, Fault> {
    let before = before.unwrap_or(SessionId(u128::MAX));
    tx.rows(&LIST, params![member, now, before, limit.min(LIST_MAX)], map)
}

/// Ends one; false when there is no such session of the member.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, member: MemberId, id: SessionId) -> Result<bool, Fault> {
    let gone = tx.execute(&DELETE, params![member, id])? == 1;
    tx.announce(Change::Access);
    Ok(gone)
}

/// Ends all of a member but one; returns how many.
///
/// # Errors
/// Of the database.
pub fn delete_others(tx: &mut Tx<'_>, member: MemberId, keep: SessionId) -> Result<u64, Fault> {
    let gone = tx.execute(&DELETE_OTHERS, params![member, keep])?;
    tx.announce(Change::Access);
    Ok(gone)
}

/// Ends all of a member; returns how many.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, member: MemberId) -> Result<u64, Fault> {
    let gone = tx.execute(&DELETE_ALL, params![member])?;
    tx.announce(Change::Access);
    Ok(gone)
}

/// Ends those of a member whose current workspace is this one, or everybody's; returns how many.
///
/// # Errors
/// Of the database.
pub fn delete_in(tx: &mut Tx<'_>, workspace: WorkspaceId, member: Option<MemberId>) -> Result<u64, Fault> {
    let gone = match member {
        Some(member) => tx.execute(&DELETE_IN, params![member, workspace])?,
        None => tx.execute(&DELETE_ALL_IN, params![workspace])?,
    };
    tx.announce(Change::Access);
    Ok(gone)
}

/// Makes another workspace the current one.
///
/// # Errors
/// Of the database.
pub fn switch(tx: &mut Tx<'_>, member: MemberId, id: SessionId, workspace: WorkspaceId) -> Result<bool, Fault> {
    let changed = tx.execute(&SWITCH, params![member, id, workspace])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Notes until when the password counts as just given.
///
/// # Errors
/// Of the database.
pub fn confirm(tx: &mut Tx<'_>, member: MemberId, id: SessionId, until: Timestamp) -> Result<bool, Fault> {
    let changed = tx.execute(&CONFIRM, params![member, id, until])? == 1;
    tx.announce(Change::Access);
    Ok(changed)
}

/// Notes a use.
///
/// # Errors
/// Of the database.
pub fn touch(tx: &mut Tx<'_>, hash: &[u8; 32], now: Timestamp) -> Result<(), Fault> {
    tx.execute(&TOUCH, params![hash, now])?;
    tx.execute(&SEEN, params![hash, now]).map(drop)
}

/// Removes up to `limit` sessions that ended before `before`.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![before, limit])
}

fn map(row: &Row<'_>) -> Result<Session, Fault> {
    Ok(Session {
        hash: row.bytes(0)?.try_into().map_err(|_| row.mismatch(0, "a hash"))?,
        id: SessionId(row.id(1)?),
        member: MemberId(row.id(2)?),
        workspace: WorkspaceId(row.id(3)?),
        transport: row.string(4)?,
        idle_s: row.int(5)?,
        created_at: row.time(6)?,
        last_used_at: row.time(7)?,
        expires_at: row.time(8)?,
        confirmed_until: row.opt_time(9)?,
        ip: row.opt_string(10)?,
        agent: row.opt_string(11)?,
    })
}

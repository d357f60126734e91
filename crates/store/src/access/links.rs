//! Table `links`: links that work once.

use floe_model::{Fault, Timestamp, id::MemberId};

use crate::{Tx, params, statements};

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Makes the first owner.
    Setup,
    /// Signs a member in.
    SignIn,
    /// Lets a member give itself another password.
    Reset,
}

impl LinkKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::SignIn => "sign_in",
            Self::Reset => "reset",
        }
    }
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into links (hash, kind, member_id, created_at, expires_at, used_at) values ($1, $2, $3, $4, $5, null)"
    );
    /// A newer link ends the older ones.
    DELETE_KIND = both("delete from links where kind = $1 and used_at is null");
    /// A newer link for a member ends the older ones.
    DELETE_FOR = both("delete from links where kind = $1 and member_id = $2 and used_at is null");
    /// Used: once, and in time.
    USE = both(
        "update links set used_at = $3 where hash = $1 and kind = $2 and used_at is null and expires_at > $3
         returning member_id"
    ) -> [opt id];
    /// Whether it could be used.
    IS_OPEN = both(
        "select count(*) from links where hash = $1 and kind = $2 and used_at is null and expires_at > $3"
    ) -> [int];
    /// Over.
    PURGE = both("delete from links where expires_at < $1");
}

/// Adds a link.
///
/// # Errors
/// Of the database.
pub fn insert(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    kind: LinkKind,
    member: Option<MemberId>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&INSERT, params![hash, kind.as_str(), member, now, expires_at])?;
    Ok(())
}

/// Ends all unused links of a kind.
///
/// # Errors
/// Of the database.
pub fn end_unused(tx: &mut Tx<'_>, kind: LinkKind) -> Result<(), Fault> {
    tx.execute(&DELETE_KIND, params![kind.as_str()]).map(drop)
}

/// Ends all unused links of a kind for a member.
///
/// # Errors
/// Of the database.
pub fn end_unused_for(tx: &mut Tx<'_>, kind: LinkKind, member: MemberId) -> Result<(), Fault> {
    tx.execute(&DELETE_FOR, params![kind.as_str(), member]).map(drop)
}

/// Uses a link: `None` when it is unknown, used or over; else the member that it is for, if any.
///
/// # Errors
/// Of the database.
pub fn consume(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    kind: LinkKind,
    now: Timestamp,
) -> Result<Option<Option<MemberId>>, Fault> {
    tx.row(&USE, params![hash, kind.as_str(), now], |row| Ok(row.opt_id(0)?.map(MemberId)))
}

/// Whether a link could be used now; only [`consume`] decides.
///
/// # Errors
/// Of the database.
pub fn is_open(tx: &mut Tx<'_>, hash: &[u8; 32], kind: LinkKind, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx.row(&IS_OPEN, params![hash, kind.as_str(), now], |row| row.int(0))?.unwrap_or(0) > 0)
}

/// Removes links that ended before `before`.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![before])
}

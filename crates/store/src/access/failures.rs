//! Table `sign_in_failures`: failed sign-ins of one account from one address.

use floe_model::{Fault, Timestamp};

use crate::{Tx, params, statements};

statements! {
    /// How many, and when the last one was.
    FIND = both("select failures, last_at from sign_in_failures where pair = $1") -> [int, time];
    /// One more; the first again when the last one was long ago.
    ADD = both(
        "insert into sign_in_failures (pair, failures, last_at) values ($1, 1, $2)
         on conflict (pair) do update set last_at = excluded.last_at,
             failures = case when sign_in_failures.last_at <= $3 then 1 else sign_in_failures.failures + 1 end"
    );
    /// None.
    CLEAR = both("delete from sign_in_failures where pair = $1");
    /// Long ago.
    PURGE = both("delete from sign_in_failures where last_at <= $1");
}

/// Failures of a pair, and when the last one was; none when there are none.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, pair: u128) -> Result<Option<(i64, Timestamp)>, Fault> {
    tx.row(&FIND, params![pair], |row| Ok((row.int(0)?, row.time(1)?)))
}

/// Counts a failure; those whose last one was at `forgotten_before` or earlier do not count any more.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, pair: u128, now: Timestamp, forgotten_before: Timestamp) -> Result<(), Fault> {
    tx.execute(&ADD, params![pair, now, forgotten_before]).map(drop)
}

/// Forgets the failures of a pair.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>, pair: u128) -> Result<(), Fault> {
    tx.execute(&CLEAR, params![pair]).map(drop)
}

/// Removes failures whose last one was at `before` or earlier.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Fault> {
    tx.execute(&PURGE, params![before])
}

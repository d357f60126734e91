//! Removing what has served its time: attempts, deliveries and their events, after 30 days.

use floe_model::{Fault, Timestamp};

use crate::{Sql, Tx, params, statements};

/// Rows of one kind removed in one step at most.
pub const STEP_MAX: usize = 500;

statements! {
    /// The oldest attempts, with their ages.
    OLDEST_ATTEMPTS = both("select position, at from webhook_attempts order by position limit $1") -> [int, time];
    /// Attempts up to a position.
    ATTEMPTS = both("delete from webhook_attempts where position <= $1");
    /// The oldest deliveries, with their ages.
    OLDEST_DELIVERIES = both("select position, created_at from webhook_deliveries order by position limit $1") -> [int, time];
    /// Deliveries up to a position.
    DELIVERIES = both("delete from webhook_deliveries where position <= $1");
    /// Events that were made before an instant: their ids are in the order of time.
    MESSAGES = both(
        "delete from webhook_messages where id in (select id from webhook_messages where id < $1 order by id limit $2)"
    );
    /// Callbacks that were made before an instant, likewise.
    CALLBACKS = both(
        "delete from webhook_callbacks where delivery_id in (
             select delivery_id from webhook_callbacks where delivery_id < $1 order by delivery_id limit $2)"
    );
}

/// Removes some of what is older than `before`; returns how many rows, 0 when nothing is left.
///
/// # Errors
/// Of the database.
pub fn sweep(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, Fault> {
    let attempts = oldest(tx, &OLDEST_ATTEMPTS, &ATTEMPTS, before)?;
    let deliveries = oldest(tx, &OLDEST_DELIVERIES, &DELIVERIES, before)?;
    let messages = tx.execute(&MESSAGES, params![first_id_at(before), STEP_MAX])?;
    let callbacks = tx.execute(&CALLBACKS, params![first_id_at(before), STEP_MAX])?;
    Ok(attempts + deliveries + messages + callbacks)
}

/// Positions grow with time but for moments, so the first young row ends a step.
fn oldest(tx: &mut Tx<'_>, look: &'static Sql, remove: &'static Sql, before: Timestamp) -> Result<u64, Fault> {
    let rows = tx.rows(look, params![STEP_MAX], |row| Ok((row.int(0)?, row.time(1)?)))?;
    match rows.into_iter().take_while(|(_, at)| *at < before).last() {
        Some((position, _)) => tx.execute(remove, params![position]),
        None => Ok(0),
    }
}

/// The smallest id that can be made at an instant: its first 48 bits are the milliseconds (RFC 9562, UUIDv7).
fn first_id_at(at: Timestamp) -> u128 {
    u128::from(at.millis().max(0).unsigned_abs()) << 80
}

//! Tables `placement_journal` and `placement_roll`: events that were answered and are still to be entered, and who enters them.
//!
//! A row is what came in together, of any workspaces: whoever writes it waits for nothing else, and whoever enters it takes it away in
//! the same transaction.

use floe_model::Fault;

use crate::{Tx, Value, params, statements};

/// Rows that one look sees.
const LOOK_MAX: usize = 256;

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Events in it.
    pub events: u32,
    /// In the form of `floe_model::placements::event::journal`.
    pub body: Vec<u8>,
}

/// What lies in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Up to which position to take; none when nothing waits.
    pub until: Option<i64>,
    /// Events that wait behind it, about.
    pub behind: u64,
}

statements! {
    /// Adds rows.
    ADD = bulk("insert into placement_journal (events, body)", [int, bytes]);
    /// The oldest rows.
    OLDEST = both("select position, events from placement_journal order by position limit $1") -> [int, int];
    /// The newest row.
    NEWEST = both("select max(position) from placement_journal") -> [opt int];
    /// Whether rows up to a position are left.
    ANY_UNTIL = both("select position from placement_journal where position <= $1 order by position limit 1") -> [int];
    /// Takes the right to enter events until the end of the transaction; no row when another node has it.
    HOLD = split {
        sqlite: "update placement_roll set rounds = rounds + 1 where one = 1 returning rounds",
        postgres: "update placement_roll set rounds = rounds + 1
             where one in (select one from placement_roll where one = 1 for update skip locked) returning rounds",
    } -> [int];
    /// Takes rows away.
    TAKE = both("delete from placement_journal where position <= $1 returning position, events, body") -> [int, int, bytes];
}

/// Adds rows, in order.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, groups: &[Group]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 2]> =
        groups.iter().map(|group| [group.events.into(), group.body.as_slice().into()]).collect();
    tx.bulk_later(&ADD, &rows)
}

/// How far to take so that about `events_max` events come together (at least one row), and about how many wait behind that.
///
/// # Errors
/// Of the database.
pub fn waiting(tx: &mut Tx<'_>, events_max: u64) -> Result<Waiting, Fault> {
    let rows = tx.rows(&OLDEST, params![LOOK_MAX], |row| Ok((row.int(0)?, row.int(1)?.unsigned_abs())))?;
    let (mut waiting, mut taken) = (Waiting::default(), 0);
    for &(position, events) in &rows {
        if waiting.until.is_none() || (waiting.behind == 0 && taken + events <= events_max) {
            waiting.until = Some(position);
            taken += events;
        } else {
            waiting.behind += events;
        }
    }
    if rows.len() == LOOK_MAX
        && let (Some((last, _)), Some(newest)) = (rows.last(), newest(tx)?)
    {
        // What the look does not see is taken to be like what it sees.
        let unseen = newest.saturating_sub(*last).max(0).unsigned_abs();
        waiting.behind += unseen * (taken + waiting.behind) / LOOK_MAX as u64;
    }
    Ok(waiting)
}

/// The newest position; none when nothing waits.
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>) -> Result<Option<i64>, Fault> {
    Ok(tx.row(&NEWEST, &[], |row| row.opt_int(0))?.flatten())
}

/// Whether anything up to a position still waits.
///
/// # Errors
/// Of the database.
pub fn any_until(tx: &mut Tx<'_>, position: i64) -> Result<bool, Fault> {
    Ok(tx.row(&ANY_UNTIL, params![position], |row| row.int(0))?.is_some())
}

/// Takes the rows up to a position away, in order; none when another node enters events just now.
///
/// # Errors
/// Of the database.
pub fn take(tx: &mut Tx<'_>, until: i64) -> Result<Option<Vec<Group>>, Fault> {
    if tx.row(&HOLD, &[], |row| row.int(0))?.is_none() {
        return Ok(None);
    }
    let mut rows = tx.rows(&TAKE, params![until], |row| {
        Ok((row.int(0)?, Group { events: row.u32(1)?, body: row.bytes(2)?.to_vec() }))
    })?;
    rows.sort_unstable_by_key(|(position, _)| *position);
    Ok(Some(rows.into_iter().map(|(_, group)| group).collect()))
}

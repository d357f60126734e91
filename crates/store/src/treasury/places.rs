//! Places in lists of one kind among rows whose numbers have no gaps.
//!
//! The place of a row in the whole list is its number. In the list of one kind it is found by walking the index of that kind from the
//! nearer end, or by counting the rows of the other kinds above it, where those are fewer: a wallet's transactions have nearly all
//! succeeded, and the middle of a million of them is as near as the first.

use floe_model::Fault;

/// Rounds of counting after which walking is the shorter way.
const ROUNDS_MAX: usize = 32;

/// The number down from which the rows after the first `offset` of a kind lie, newest first, when `last` is the newest number of all rows.
/// `others` counts rows of other kinds above one number and up to another; each row is counted once. None after too many rounds.
pub(super) fn number_at(
    last: i64,
    offset: i64,
    mut others: impl FnMut(i64, i64) -> Result<i64, Fault>,
) -> Result<Option<i64>, Fault> {
    let (mut counted, mut number) = (last, last - offset);
    for _ in 0..ROUNDS_MAX {
        // As many rows of the kind as lie below are still missing above.
        match others(number, counted)? {
            0 => return Ok(Some(number)),
            found => (counted, number) = (number, number - found),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;

//! Table `payment_runs` as the list over all products reads it: in the order of ids, from the primary key or the index of states.
//!
//! A page is a range of one index and never more: what a filter asks beyond that is looked at by the caller, who also says how
//! many rows it is ready to look at. [`super::payment_runs`] has the rest of that table.

use floe_model::{Fault, Scope, treasury::RunStatus};

use super::payment_runs::{PAGE_MAX, PaymentRun, run, run_columns};
use crate::{Tx, params, statements};

/// A part of the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Above this id.
    pub above: u128,
    /// Below this id.
    pub below: u128,
    /// Whether the highest ids come first.
    pub newest_first: bool,
}

/// Runs of a range of an index. SQLite is told which index: it would take the primary key, which has the order, and look at every run.
macro_rules! walk {
    ($from:literal, $by:literal, $order:literal) => {
        concat!(
            "select ",
            run_columns!(),
            " from ",
            $from,
            " where workspace_id = $1 and mode = $2 and id > $3 and id < $4 ",
            $by,
            " order by id ",
            $order,
            " limit $5"
        )
    };
}

statements! {
    /// All, the oldest first.
    ALL = both(walk!("payment_runs", "", "asc"))
        -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// All, the newest first.
    ALL_NEWEST = both(walk!("payment_runs", "", "desc"))
        -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// Of a state, the oldest first.
    STATUS = split {
        sqlite: walk!("payment_runs indexed by payment_runs_status", "and status = $6", "asc"),
        postgres: walk!("payment_runs", "and status = $6", "asc"),
    } -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// Of a state, the newest first.
    STATUS_NEWEST = split {
        sqlite: walk!("payment_runs indexed by payment_runs_status", "and status = $6", "desc"),
        postgres: walk!("payment_runs", "and status = $6", "desc"),
    } -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
}

/// Runs of a range of ids, of one state or of all, at most `limit` ([`PAGE_MAX`] at most).
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    scope: Scope,
    status: Option<RunStatus>,
    range: Range,
    limit: usize,
) -> Result<Vec<PaymentRun>, Fault> {
    let Range { above, below, newest_first } = range;
    let limit = limit.min(PAGE_MAX);
    match status {
        None => {
            let sql = if newest_first { &ALL_NEWEST } else { &ALL };
            tx.rows(sql, params![scope.workspace, scope.mode, above, below, limit], run)
        }
        Some(status) => {
            let sql = if newest_first { &STATUS_NEWEST } else { &STATUS };
            tx.rows(sql, params![scope.workspace, scope.mode, above, below, limit, status.as_str()], run)
        }
    }
}

//! Table `payment_run_totals`: how many payment runs there are, by the state that is shown. It is what makes the totals of lists exact
//! without counting a million rows.

use floe_model::{Fault, Scope, treasury::PublicRunStatus};

use crate::{Tx, params, statements};

statements! {
    /// The first run of a workspace and mode, or one more; the number of the new one.
    OPEN_RUN = both(
        "insert into payment_run_totals (workspace_id, mode, runs, pending, planning, scoring, awaiting_approval, completed, failed)
         values ($1, $2, 1, 1, 0, 0, 0, 0, 0)
         on conflict (workspace_id, mode) do update set
             runs = payment_run_totals.runs + 1, pending = payment_run_totals.pending + 1
         returning runs"
    ) -> [int];
    /// One run comes into another state: 1 for the new, -1 for the old.
    MOVED = both(
        "update payment_run_totals set pending = pending + $3, planning = planning + $4, scoring = scoring + $5,
             awaiting_approval = awaiting_approval + $6, completed = completed + $7, failed = failed + $8
         where workspace_id = $1 and mode = $2"
    );
    /// The counts.
    FIND = both(
        "select runs, pending, planning, scoring, awaiting_approval, completed, failed from payment_run_totals
         where workspace_id = $1 and mode = $2"
    ) -> [int, int, int, int, int, int, int];
}

/// Counts a new run, which is pending, and answers its number, from 1.
///
/// # Errors
/// Of the database.
pub fn open_run(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, Fault> {
    tx.row(&OPEN_RUN, params![scope.workspace, scope.mode], |row| row.int(0))?
        .ok_or_else(|| Fault::internal("a new payment run has no number"))
}

/// Counts that a run is shown in another state than before.
///
/// # Errors
/// Of the database.
pub(super) fn moved(
    tx: &mut Tx<'_>,
    scope: Scope,
    before: PublicRunStatus,
    after: PublicRunStatus,
) -> Result<(), Fault> {
    if before == after {
        return Ok(());
    }
    let step = |state: PublicRunStatus| i64::from(state == after) - i64::from(state == before);
    let [a, b, c, d, e, f] = STATES.map(step);
    tx.execute(&MOVED, params![scope.workspace, scope.mode, a, b, c, d, e, f]).map(drop)
}

/// How many runs are shown in a state, or all of them.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope, shown: Option<PublicRunStatus>) -> Result<i64, Fault> {
    let column = shown.and_then(|shown| STATES.iter().position(|&state| state == shown)).map_or(0, |at| at + 1);
    Ok(tx.row(&FIND, params![scope.workspace, scope.mode], |row| row.int(column))?.unwrap_or(0))
}

/// In the order of the columns.
const STATES: [PublicRunStatus; 6] = [
    PublicRunStatus::Pending,
    PublicRunStatus::Planning,
    PublicRunStatus::Scoring,
    PublicRunStatus::AwaitingApproval,
    PublicRunStatus::Completed,
    PublicRunStatus::Failed,
];

//! Runs that people were asked to approve, as the inbox lists them: only what decides about order and filters. They are rows of
//! `payment_runs`; [`super::payment_runs`] has the rest of that table.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{MemberId, PaymentRunId},
    treasury::RunStatus,
};

use crate::{Row, Tx, params, statements};

/// Runs of one answer at most.
pub const ASKS_MAX: usize = 10_000;

/// A run that came to approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The run.
    pub run: PaymentRunId,
    /// What it is for.
    pub objective: String,
    /// Where it is.
    pub status: RunStatus,
    /// What ended it.
    pub error: Option<String>,
    /// The member who made it.
    pub creator: Option<MemberId>,
    /// When it came to approval.
    pub requested_at: Timestamp,
    /// When it was released.
    pub released_at: Option<Timestamp>,
}

statements! {
    /// Runs that wait, newest first.
    OPEN = both(
        "select id, objective, status, error, creator, requested_at, released_at from payment_runs
         where workspace_id = $1 and mode = $2 and shown = 'awaiting_approval' and status = 'awaiting_approval'
             and requested_at is not null
         order by seq desc limit $3"
    ) -> [id, text, text, opt text, opt id, time, opt time];
    /// Runs that wait or waited, newest first.
    ALL = both(
        "select id, objective, status, error, creator, requested_at, released_at from payment_runs
         where workspace_id = $1 and mode = $2 and requested_at is not null order by seq desc limit $3"
    ) -> [id, text, text, opt text, opt id, time, opt time];
}

/// The newest runs that wait for approval, [`ASKS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Ask>, Fault> {
    tx.rows(&OPEN, params![scope.workspace, scope.mode, ASKS_MAX], ask)
}

/// The newest runs that wait or waited for approval, [`ASKS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Ask>, Fault> {
    tx.rows(&ALL, params![scope.workspace, scope.mode, ASKS_MAX], ask)
}

fn ask(row: &Row<'_>) -> Result<Ask, Fault> {
    Ok(Ask {
        run: PaymentRunId(row.id(0)?),
        objective: row.string(1)?,
        status: RunStatus::parse(row.text(2)?).ok_or_else(|| row.mismatch(2, "a status"))?,
        error: row.opt_string(3)?,
        creator: row.opt_id(4)?.map(MemberId),
        requested_at: row.time(5)?,
        released_at: row.opt_time(6)?,
    })
}

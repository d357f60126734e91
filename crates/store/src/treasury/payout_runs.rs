//! Table `payout_runs`: the released runs, and how far their payouts have come. Amounts are in kobo.

use floe_model::{Fault, Scope, Timestamp, id::PaymentRunId, treasury::Kobo};

use crate::{Row, Tx, params, statements};

/// A released run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRun {
    /// The run.
    pub run: PaymentRunId,
    /// What it is for.
    pub objective: String,
    /// The rail that carries it.
    pub rail: String,
    /// The number of its first order.
    pub first_seq: i64,
    /// The number of its last order.
    pub last_seq: i64,
    /// What its orders pay, without fees.
    pub amount: Kobo,
    /// The fees of its orders.
    pub fee: Kobo,
    /// Orders that are neither settled nor handed to follow-up.
    pub open: i64,
    /// Orders that were paid, also those that came back later.
    pub succeeded: i64,
    /// Orders that were not paid.
    pub failed: i64,
    /// Orders that wait for people.
    pub followup: i64,
    /// Orders that were paid and came back.
    pub reversed: i64,
    /// What was paid, also what came back later.
    pub paid: Kobo,
    /// The fees of what was paid.
    pub fees_paid: Kobo,
    /// Account checks that have a result.
    pub checks_done: i64,
    /// Those that failed.
    pub checks_failed: i64,
    /// Whether too many checks failed: nothing further is sent.
    pub tripped: bool,
    /// Looks at the movements of the rail since the last payout.
    pub looks: i64,
    /// Up to when they were looked at.
    pub looked_to: Option<Timestamp>,
    /// When it was released.
    pub released_at: Timestamp,
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into payout_runs (workspace_id, mode, run_id, objective, rail, first_seq, last_seq, amount, fee, open, succeeded, failed,
             followup, reversed, paid, fees_paid, checks_done, checks_failed, tripped, looks, looked_to, released_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"
    );
    /// One, held until the end of the transaction.
    LOCK = both(
        "update payout_runs set open = open where workspace_id = $1 and mode = $2 and run_id = $3
         returning run_id, objective, rail, first_seq, last_seq, amount, fee, open, succeeded, failed, followup, reversed, paid, fees_paid,
             checks_done, checks_failed, tripped, looks, looked_to, released_at"
    ) -> [id, text, text, int, int, int, int, int, int, int, int, int, int, int, int, int, bool, int, opt time, time];
    /// One as it is now.
    FIND = both(
        "select run_id, objective, rail, first_seq, last_seq, amount, fee, open, succeeded, failed, followup, reversed, paid, fees_paid,
             checks_done, checks_failed, tripped, looks, looked_to, released_at
         from payout_runs where workspace_id = $1 and mode = $2 and run_id = $3"
    ) -> [id, text, text, int, int, int, int, int, int, int, int, int, int, int, int, int, bool, int, opt time, time];
    /// What changes of one that is held.
    SAVE = both(
        "update payout_runs set open = $4, succeeded = $5, failed = $6, followup = $7, reversed = $8, paid = $9, fees_paid = $10,
             checks_done = $11, checks_failed = $12, tripped = $13, looks = $14, looked_to = $15
         where workspace_id = $1 and mode = $2 and run_id = $3"
    );
}

/// Notes a release.
///
/// # Errors
/// A conflict `already_exists` for a run that was released before.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, run: &PayoutRun) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            scope.workspace,
            scope.mode,
            run.run.0,
            &run.objective,
            &run.rail,
            run.first_seq,
            run.last_seq,
            run.amount.0,
            run.fee.0,
            run.open,
            run.succeeded,
            run.failed,
            run.followup,
            run.reversed,
            run.paid.0,
            run.fees_paid.0,
            run.checks_done,
            run.checks_failed,
            run.tripped,
            run.looks,
            run.looked_to,
            run.released_at
        ],
    )
    .map(drop)
}

/// A released run, held until the end of the transaction; it comes before the wallet in every act that changes both.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Option<PayoutRun>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode, run.0], payout_run)
}

/// A released run as it is now; none when it was not released.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Option<PayoutRun>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, run.0], payout_run)
}

/// Writes what changes of a run that was taken with [`lock`].
///
/// # Errors
/// Of the database.
pub fn save(tx: &mut Tx<'_>, scope: Scope, run: &PayoutRun) -> Result<(), Fault> {
    let saved = tx.execute(
        &SAVE,
        params![
            scope.workspace,
            scope.mode,
            run.run.0,
            run.open,
            run.succeeded,
            run.failed,
            run.followup,
            run.reversed,
            run.paid.0,
            run.fees_paid.0,
            run.checks_done,
            run.checks_failed,
            run.tripped,
            run.looks,
            run.looked_to
        ],
    )?;
    if saved == 1 { Ok(()) } else { Err(Fault::internal("a released run went away while it was held")) }
}

fn payout_run(row: &Row<'_>) -> Result<PayoutRun, Fault> {
    Ok(PayoutRun {
        run: PaymentRunId(row.id(0)?),
        objective: row.string(1)?,
        rail: row.string(2)?,
        first_seq: row.int(3)?,
        last_seq: row.int(4)?,
        amount: Kobo(row.int(5)?),
        fee: Kobo(row.int(6)?),
        open: row.int(7)?,
        succeeded: row.int(8)?,
        failed: row.int(9)?,
        followup: row.int(10)?,
        reversed: row.int(11)?,
        paid: Kobo(row.int(12)?),
        fees_paid: Kobo(row.int(13)?),
        checks_done: row.int(14)?,
        checks_failed: row.int(15)?,
        tripped: row.bool(16)?,
        looks: row.int(17)?,
        looked_to: row.opt_time(18)?,
        released_at: row.time(19)?,
    })
}

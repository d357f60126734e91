//! Table `payment_run_callers`: the runs of flows that called payment runs and may wait for them.

use floe_model::{
    Fault, Scope,
    id::{PaymentRunId, RunId},
};

use crate::{Tx, params, statements};

statements! {
    /// One that is called.
    INSERT = both(
        "insert into payment_run_callers (workspace_id, mode, run_id, caller_id, call_key) values ($1, $2, $3, $4, $5)"
    );
    /// By its call.
    CALLED = both(
        "select run_id from payment_run_callers where workspace_id = $1 and mode = $2 and caller_id = $3 and call_key = $4"
    ) -> [id];
    /// Its caller.
    CALLER = both(
        "select caller_id from payment_run_callers where workspace_id = $1 and mode = $2 and run_id = $3"
    ) -> [id];
    /// All of one caller.
    OF_CALLER = both(
        "select run_id from payment_run_callers where workspace_id = $1 and mode = $2 and caller_id = $3
         order by run_id limit $4"
    ) -> [id];
}

/// Notes that a payment run was called by a run of a flow.
///
/// # Errors
/// Of the database; a conflict when the call has made one already.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, caller: RunId, call: &str) -> Result<(), Fault> {
    tx.execute(&INSERT, params![scope.workspace, scope.mode, run.0, caller, call]).map(drop)
}

/// The payment run that a call has made.
///
/// # Errors
/// Of the database.
pub fn called(tx: &mut Tx<'_>, scope: Scope, caller: RunId, call: &str) -> Result<Option<PaymentRunId>, Fault> {
    tx.row(&CALLED, params![scope.workspace, scope.mode, caller, call], |row| Ok(PaymentRunId(row.id(0)?)))
}

/// The run that called a payment run, if one did.
///
/// # Errors
/// Of the database.
pub fn caller(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Option<RunId>, Fault> {
    tx.row(&CALLER, params![scope.workspace, scope.mode, run.0], |row| Ok(RunId(row.id(0)?)))
}

/// Payment runs that a run called, the first ones first.
///
/// # Errors
/// Of the database.
pub fn of_caller(tx: &mut Tx<'_>, scope: Scope, caller: RunId, limit: usize) -> Result<Vec<PaymentRunId>, Fault> {
    tx.rows(&OF_CALLER, params![scope.workspace, scope.mode, caller, limit], |row| Ok(PaymentRunId(row.id(0)?)))
}

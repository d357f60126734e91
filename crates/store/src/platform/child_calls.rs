//! Table `child_calls`: runs of other slices that runs of flows have called, and calls that were given up.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{MemberId, RunId},
};

use crate::{Row, Tx, params, statements};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildCall {
    /// The run of a flow that calls.
    pub caller: RunId,
    /// Which of its calls, the same on every repeat of it.
    pub key: String,
    /// The step that calls.
    pub step: String,
    /// What it called; none when it was given up before.
    pub child: Option<RunId>,
    /// The owner of the flow that calls.
    pub author: Option<MemberId>,
    /// When it was noted.
    pub created_at: Timestamp,
}

statements! {
    /// A call, unless it is known.
    INSERT = both(
        "insert into child_calls (workspace_id, mode, caller_id, call_key, step_id, child_id, author_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (workspace_id, mode, caller_id, call_key) do nothing"
    );
    /// One of them.
    FIND = both(
        "select caller_id, call_key, step_id, child_id, author_id, created_at from child_calls
         where workspace_id = $1 and mode = $2 and caller_id = $3 and call_key = $4"
    ) -> [id, text, text, id, id, time];
    /// The one that made a run.
    OF_CHILD = both(
        "select caller_id, call_key, step_id, child_id, author_id, created_at from child_calls
         where workspace_id = $1 and mode = $2 and child_id = $3"
    ) -> [id, text, text, id, id, time];
    /// Those of one run that have made one, the newest ones first.
    OF_CALLER = both(
        "select caller_id, call_key, step_id, child_id, author_id, created_at from child_calls
         where workspace_id = $1 and mode = $2 and caller_id = $3 and child_id is not null
         order by child_id desc limit $4"
    ) -> [id, text, text, id, id, time];
}

/// Notes a call, and gives it as it was noted first: the same one unless another was quicker, which this waits for.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, scope: Scope, call: &ChildCall) -> Result<ChildCall, Fault> {
    let child = call.child.map(|child| child.0);
    let values =
        params![scope.workspace, scope.mode, call.caller, &call.key, &call.step, child, call.author, call.created_at];
    if tx.execute(&INSERT, values)? == 1 {
        return Ok(call.clone());
    }
    let known = tx.row(&FIND, params![scope.workspace, scope.mode, call.caller, &call.key], map)?;
    known.ok_or_else(|| Fault::internal("a noted call is not there"))
}

/// The call that made a run, if one did.
///
/// # Errors
/// Of the database.
pub fn of_child(tx: &mut Tx<'_>, scope: Scope, child: RunId) -> Result<Option<ChildCall>, Fault> {
    tx.row(&OF_CHILD, params![scope.workspace, scope.mode, child], map)
}

/// The calls of a run that have made one, the newest ones first.
///
/// # Errors
/// Of the database.
pub fn of_caller(tx: &mut Tx<'_>, scope: Scope, caller: RunId, limit: usize) -> Result<Vec<ChildCall>, Fault> {
    tx.rows(&OF_CALLER, params![scope.workspace, scope.mode, caller, limit], map)
}

fn map(row: &Row<'_>) -> Result<ChildCall, Fault> {
    Ok(ChildCall {
        caller: RunId(row.id(0)?),
        key: row.string(1)?,
        step: row.string(2)?,
        child: row.opt_id(3)?.map(RunId),
        author: row.opt_id(4)?.map(MemberId),
        created_at: row.time(5)?,
    })
}

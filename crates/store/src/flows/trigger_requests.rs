//! Table `trigger_requests`: the last calls of the address of a trigger (console contract, section 5.3).

use floe_model::{
    Fault, Timestamp,
    id::{RunId, TriggerId, TriggerRequestId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Calls of one trigger that are kept.
pub const KEPT_MAX: usize = 100;

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerRequest {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which trigger.
    pub trigger: TriggerId,
    /// Its id.
    pub id: TriggerRequestId,
    /// When.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Address of the caller.
    pub ip: Option<String>,
    /// Status of the answer.
    pub status: u16,
    /// Why it started nothing.
    pub error: Option<String>,
    /// The run that it started.
    pub run: Option<RunId>,
    /// The call that it repeats.
    pub replay_of: Option<TriggerRequestId>,
    /// Whether it holds all that a run needs.
    pub replayable: bool,
    /// JSON object: what a run gets of it.
    pub inputs: String,
}

statements! {
    /// One call.
    INSERT = both(
        "insert into trigger_requests (workspace_id, trigger_id, id, at, method, ip, status, error, run_id, replay_of, replayable,
             inputs)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    /// Those beyond the number that is kept, and the old ones.
    TRIM = both(
        "delete from trigger_requests where workspace_id = $1 and trigger_id = $2 and (at < $3 or id <= (
             select id from trigger_requests where workspace_id = $1 and trigger_id = $2 order by id desc limit 1 offset $4))"
    );
    /// Those of a trigger, newest first.
    LIST = both(
        "select workspace_id, trigger_id, id, at, method, ip, status, error, run_id, replay_of, replayable, inputs
         from trigger_requests where workspace_id = $1 and trigger_id = $2 and at >= $3 order by id desc limit $4"
    ) -> [id, id, id, time, text, opt text, int, opt text, opt id, opt id, bool, json];
    /// One.
    FIND = both(
        "select workspace_id, trigger_id, id, at, method, ip, status, error, run_id, replay_of, replayable, inputs
         from trigger_requests where workspace_id = $1 and trigger_id = $2 and id = $3"
    ) -> [id, id, id, time, text, opt text, int, opt text, opt id, opt id, bool, json];
    /// All of a trigger that is gone.
    CLEAR = both("delete from trigger_requests where workspace_id = $1 and trigger_id = $2");
}

/// Adds a call, and removes those of its trigger that are older than `kept_from` or beyond [`KEPT_MAX`].
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, one: &TriggerRequest, kept_from: Timestamp) -> Result<(), Fault> {
    let TriggerRequest { workspace, trigger, id, at, method, ip, status, error, run, replay_of, replayable, inputs } =
        one;
    let status = i64::from(*status);
    let values =
        params![*workspace, *trigger, *id, *at, method, ip, status, error, *run, *replay_of, *replayable, inputs];
    tx.execute(&INSERT, values)?;
    trim(tx, *workspace, *trigger, kept_from)
}

/// Removes the calls of a trigger that are older than `kept_from` or beyond [`KEPT_MAX`].
///
/// # Errors
/// Of the database.
pub fn trim(tx: &mut Tx<'_>, workspace: WorkspaceId, trigger: TriggerId, kept_from: Timestamp) -> Result<(), Fault> {
    tx.execute(&TRIM, params![workspace, trigger, kept_from, KEPT_MAX]).map(drop)
}

/// The calls of a trigger that are not older than `kept_from`, newest first.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    trigger: TriggerId,
    kept_from: Timestamp,
) -> Result<Vec<TriggerRequest>, Fault> {
    tx.rows(&LIST, params![workspace, trigger, kept_from, KEPT_MAX], request)
}

/// One call.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    trigger: TriggerId,
    id: TriggerRequestId,
) -> Result<Option<TriggerRequest>, Fault> {
    tx.row(&FIND, params![workspace, trigger, id], request)
}

/// Removes the calls of a trigger.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>, workspace: WorkspaceId, trigger: TriggerId) -> Result<(), Fault> {
    tx.execute(&CLEAR, params![workspace, trigger]).map(drop)
}

fn request(row: &Row<'_>) -> Result<TriggerRequest, Fault> {
    Ok(TriggerRequest {
        workspace: WorkspaceId(row.id(0)?),
        trigger: TriggerId(row.id(1)?),
        id: TriggerRequestId(row.id(2)?),
        at: row.time(3)?,
        method: row.string(4)?,
        ip: row.opt_string(5)?,
        status: u16::try_from(row.int(6)?).map_err(|_| row.mismatch(6, "a status"))?,
        error: row.opt_string(7)?,
        run: row.opt_id(8)?.map(RunId),
        replay_of: row.opt_id(9)?.map(TriggerRequestId),
        replayable: row.bool(10)?,
        inputs: row.string(11)?,
    })
}

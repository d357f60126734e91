//! Table `step_pins`: outputs that tests of a draft use instead of running a step.

use floe_model::{
    Fault, Timestamp,
    id::{FlowId, WorkspaceId},
};

use crate::{Tx, params, statements};

/// The output of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRow {
    /// Id of the step in the definition.
    pub step: String,
    /// JSON.
    pub output: String,
    /// When it was written.
    pub updated_at: Timestamp,
}

statements! {
    /// A pin; another one takes the place of the one before.
    PUT = both(
        "insert into step_pins (workspace_id, flow_id, step_id, output, updated_at) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, flow_id, step_id)
         do update set output = excluded.output, updated_at = excluded.updated_at"
    );
    /// Those of an automation.
    LIST = both(
        "select step_id, output, updated_at from step_pins where workspace_id = $1 and flow_id = $2
         order by step_id limit $3"
    ) -> [text, json, time];
    /// Which steps have one.
    STEPS = both(
        "select step_id from step_pins where workspace_id = $1 and flow_id = $2 order by step_id limit $3"
    ) -> [text];
    /// One less.
    REMOVE = both("delete from step_pins where workspace_id = $1 and flow_id = $2 and step_id = $3");
    /// None left.
    CLEAR = both("delete from step_pins where workspace_id = $1 and flow_id = $2");
}

/// Pins a step, or pins it anew.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, pin: &PinRow) -> Result<(), Fault> {
    tx.execute(&PUT, params![workspace, flow, &pin.step, &pin.output, pin.updated_at]).map(drop)
}

/// The pins of an automation, by step.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, limit: usize) -> Result<Vec<PinRow>, Fault> {
    tx.rows(&LIST, params![workspace, flow, limit], |row| {
        Ok(PinRow { step: row.string(0)?, output: row.string(1)?, updated_at: row.time(2)? })
    })
}

/// The steps of an automation that are pinned.
///
/// # Errors
/// Of the database.
pub fn steps(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, limit: usize) -> Result<Vec<String>, Fault> {
    tx.rows(&STEPS, params![workspace, flow, limit], |row| row.string(0))
}

/// Removes a pin; false when there was none.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, step: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&REMOVE, params![workspace, flow, step])? == 1)
}

/// Removes every pin of an automation.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId) -> Result<(), Fault> {
    tx.execute(&CLEAR, params![workspace, flow]).map(drop)
}

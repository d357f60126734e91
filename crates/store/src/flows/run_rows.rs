//! Writing the rows of runs.

use floe_model::Fault;
use floe_model::id::NodeId;

use super::runs::RunRow;
use crate::{Tx, Value, statements};

statements! {
    /// Adds rows.
    ADD = bulk(
        "insert into runs (workspace_id, id, mode, flow_id, flow_name, version, is_draft, document_hash, status, trigger_type,
             trigger_step, source_kind, source, parent_run_id, depth, started_by, settings, queued_at, started_at, finished_at,
             active_ms, step_count, current_step, wait_kind, wait_step, error_code, error_message, error_step, revision,
             recoveries, recovered_at, node_id)",
        [id, id, text, id, text, int, bool, bytes, text, text, text, text, json, opt id, int, text, json, time, opt time, opt time,
         opt int, int, opt text, opt text, opt text, opt text, opt text, opt text, int, int, int, opt id]
    );
    /// Brings rows up to date.
    CHANGE = update(
        "runs",
        by [workspace_id: id, id: id],
        set [status: text, started_at: opt time, finished_at: opt time, active_ms: opt int, step_count: int, current_step: opt text,
             wait_kind: opt text, wait_step: opt text, error_code: opt text, error_message: opt text, error_step: opt text,
             revision: int, node_id: opt id],
    );
}

/// Adds rows. Those that are under way are owned by `node`.
///
/// # Errors
/// When one of them is there already, and of the database.
pub fn add(tx: &mut Tx<'_>, runs: &[&RunRow], node: Option<NodeId>) -> Result<(), Fault> {
    if runs.is_empty() {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 32]> = runs.iter().map(|run| values(run, node)).collect();
    tx.bulk_later(&ADD, &rows)
}

/// Brings rows up to date that were written before. Those that are under way are owned by `node`.
///
/// # Errors
/// Of the database.
pub fn change(tx: &mut Tx<'_>, runs: &[&RunRow], node: Option<NodeId>) -> Result<(), Fault> {
    if runs.is_empty() {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 15]> = runs.iter().map(|run| changed(run, node)).collect();
    tx.bulk_later(&CHANGE, &rows)
}

/// What changes of a run, in the order of [`CHANGE`].
fn changed(run: &RunRow, node: Option<NodeId>) -> [Value<'_>; 15] {
    [
        run.workspace.into(),
        run.id.into(),
        (&run.status).into(),
        run.started_at.into(),
        run.finished_at.into(),
        run.active_ms.into(),
        run.step_count.into(),
        run.current_step.as_deref().into(),
        run.wait_kind.as_deref().into(),
        run.wait_step.as_deref().into(),
        run.error_code.as_deref().into(),
        run.error_message.as_deref().into(),
        run.error_step.as_deref().into(),
        run.revision.into(),
        owner(run, node),
    ]
}

/// Who moves a run, while it is under way.
fn owner(run: &RunRow, node: Option<NodeId>) -> Value<'static> {
    node.filter(|_| matches!(run.status.as_str(), "queued" | "running")).into()
}

/// A row, in the order of [`ADD`].
fn values(run: &RunRow, node: Option<NodeId>) -> [Value<'_>; 32] {
    [
        run.workspace.into(),
        run.id.into(),
        run.mode.into(),
        run.flow.into(),
        (&run.flow_name).into(),
        run.version.into(),
        run.is_draft.into(),
        (&run.document_hash).into(),
        (&run.status).into(),
        (&run.trigger_type).into(),
        (&run.trigger_step).into(),
        (&run.source_kind).into(),
        (&run.source).into(),
        run.parent.into(),
        run.depth.into(),
        (&run.started_by).into(),
        (&run.settings).into(),
        run.queued_at.into(),
        run.started_at.into(),
        run.finished_at.into(),
        run.active_ms.into(),
        run.step_count.into(),
        run.current_step.as_deref().into(),
        run.wait_kind.as_deref().into(),
        run.wait_step.as_deref().into(),
        run.error_code.as_deref().into(),
        run.error_message.as_deref().into(),
        run.error_step.as_deref().into(),
        run.revision.into(),
        0_i64.into(),
        (-1_i64).into(),
        owner(run, node),
    ]
}

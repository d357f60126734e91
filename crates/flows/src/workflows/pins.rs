//! Pins: outputs that tests of a draft use instead of running a step (console contract, section 5.3).

use floe_engine::plan::{Node, Plan, Port, Work};
use floe_model::flows::{Engine, Level};
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::pins::{self, PinRow};
use serde_json::Value;

use super::access;
use crate::definitions::{self, VersionChoice, visible_automation};
use crate::runs::Plans;

/// Pins of one automation at most; more steps than a definition may have.
pub(super) const PINS_MAX: usize = 2_000;
/// Bytes of an output at most, as JSON; more than the record of a node may hold would be cut in the run.
pub const PIN_BYTES_MAX: usize = 1 << 20;

/// Pins a step of what is edited: tests of the draft take this output instead of running it.
///
/// # Errors
/// 404 for an automation or step that is not there; 403 without the right to change it; 400 for an output that is too large; 422
/// `invalid_definition` for a draft that cannot run, `not_supported` for a step that has no output of its own.
pub fn pin(tx: &mut Tx<'_>, ctx: &Ctx, plans: &Plans, id: FlowId, step: &str, output: &Value) -> Result<PinRow, Fault> {
    let flow = held(tx, ctx, id)?;
    let resolved = definitions::resolve(tx, flow.workspace, id, VersionChoice::DraftElseLatest)?;
    let plan = plans.compile(resolved.document_hash, &resolved.definition)?;
    let node = plan.find(step).map(|node| plan.node(node)).ok_or_else(|| Fault::not_found("Step"))?;
    if !may_be_pinned(node) {
        let message = format!("Steps of type {} cannot be pinned", node.kind);
        return Err(Fault::new(FaultKind::Unprocessable, "not_supported", message));
    }
    let text = output.to_string();
    if text.len() > PIN_BYTES_MAX {
        return Err(Fault::field("/output", "length", format!("output may have at most {PIN_BYTES_MAX} bytes")));
    }
    let row = PinRow { step: step.to_owned(), output: text, updated_at: ctx.now() };
    pins::put(tx, flow.workspace, id, &row)?;
    forget_removed(tx, &flow, &plan)?;
    Ok(row)
}

/// Removes the pins of steps that were taken out of the draft, so that there are never more of them than steps.
fn forget_removed(tx: &mut Tx<'_>, flow: &FlowRow, plan: &Plan) -> Result<(), Fault> {
    for step in pins::steps(tx, flow.workspace, flow.id, PINS_MAX)? {
        if plan.find(&step).is_none() {
            pins::remove(tx, flow.workspace, flow.id, &step)?;
        }
    }
    Ok(())
}

/// Removes a pin.
///
/// # Errors
/// 404 for an automation or pin that is not there; 403 without the right to change the automation.
pub fn unpin(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, step: &str) -> Result<(), Fault> {
    let flow = held(tx, ctx, id)?;
    if pins::remove(tx, flow.workspace, id, step)? { Ok(()) } else { Err(Fault::not_found("Pin")) }
}

/// Whether an output can stand for a run of the node: it does something of its own, and does not choose the way on.
pub(super) fn may_be_pinned(node: &Node) -> bool {
    let goes_on = node.edges.is_empty() || node.has_port(Port::NEXT);
    goes_on
        && node.handles.is_empty()
        && match &node.work {
            Work::Effect(effect) => effect.handle.is_none(),
            Work::Wait(_) | Work::Compute(_) | Work::Child { .. } | Work::Delay { .. } => true,
            Work::Sleep(_) | Work::Poll(_) => true,
            _ => false,
        }
}

/// The pins that hold for a plan; those of steps that it has no longer are passed over.
///
/// # Errors
/// Of the database.
pub(super) fn of_plan(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowId, plan: &Plan) -> Result<Vec<(String, Value)>, Fault> {
    let rows = pins::list(tx, ctx.caller.workspace, flow, PINS_MAX)?;
    let holds = |row: &PinRow| plan.find(&row.step).is_some_and(|node| may_be_pinned(plan.node(node)));
    let read = |row: PinRow| Ok((row.step, serde_json::from_str(&row.output).map_err(Fault::internal)?));
    rows.into_iter().filter(holds).map(read).collect()
}

fn held(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<FlowRow, Fault> {
    let (flow, ..) = visible_automation(tx, ctx, id)?;
    match flow.engine {
        Engine::Workflow => access::hold(tx, ctx, id),
        Engine::Flow => definitions::hold(tx, ctx, id, Level::Edit),
    }
}

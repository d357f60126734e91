//! What every change leaves behind: the row with its new revision, an audit entry, a domain event.

use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::versions;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use floe_store::platform::events::{self, NewEvent};
use floe_store::{Change, Tx};
use serde_json::{Value, json};

use super::content::{EMPTY, triggers_of};
use super::resolve::text_of;
use crate::{logs, triggers};

/// Writes a changed flow: one revision on, its triggers and their addresses those of the definition that a read shows now.
pub(super) fn write(tx: &mut Tx<'_>, ctx: &Ctx, flow: &mut FlowRow) -> Result<(), Fault> {
    flow.revision += 1;
    flow.updated_at = ctx.now();
    let definition = shown_definition(tx, flow)?;
    flow.triggers = Value::from(triggers_of(&definition)).to_string();
    if !flows::update(tx, flow)? {
        return Err(Fault::internal(format!("flow {} changed while it was held", flow.id)));
    }
    triggers::follow_steps(tx, ctx, flow, &definition)?;
    announce(tx, ctx, flow.id);
    Ok(())
}

/// Tells the watchers of this process that a flow changed.
pub(super) fn announce(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowId) {
    tx.announce(Change::Record { workspace: ctx.caller.workspace, kind: "flow", id: flow.0 });
}

/// Writes the audit entry of an act, and its entry in the flow's log. Flows are the same in both modes, so they have none.
pub(crate) fn audit(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &FlowRow,
    action: &'static str,
    detail: Value,
) -> Result<(), Fault> {
    let target = Target { kind: "flow".to_owned(), id: Some(flow.id.0), name: Some(flow.name.clone()) };
    let entry = Entry {
        id: ctx.ids.next(),
        workspace: ctx.caller.workspace,
        seq: None,
        mode: None,
        product: "flows".to_owned(),
        action: action.to_owned(),
        actor: Actor::of(&ctx.caller),
        target: Some(target),
        run_id: None,
        detail: detail.to_string(),
        request_id: Some(ctx.request_id),
        ip: None,
        at: ctx.now(),
    };
    audit::record(tx, &entry)?;
    logs::note_act(tx, ctx, flow, action, &detail)
}

/// Publishes a domain event about a flow.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &FlowRow,
    kind: &'static str,
    version: Option<u32>,
) -> Result<(), Fault> {
    let mut data = json!({ "flowId": flow.id, "name": flow.name });
    if let Some(version) = version {
        data["version"] = version.into();
        data["latestPublishedVersion"] = flow.pointers.latest.into();
    }
    let event = NewEvent {
        id: ctx.ids.next(),
        kind,
        subject_id: Some(flow.id.0),
        data: data.to_string(),
        created_at: ctx.now(),
    };
    events::publish(tx, ctx.caller.scope(), &event)
}

/// The member behind a caller as records name it: `{_id, name, email}` or null.
pub(crate) fn person(caller: &Caller) -> String {
    let member = caller.member.as_ref();
    member.map_or(Value::Null, |one| json!({ "_id": one.id, "name": one.name, "email": one.email })).to_string()
}

fn shown_definition(tx: &mut Tx<'_>, flow: &FlowRow) -> Result<Value, Fault> {
    let text = match flow.pointers.draft.or(flow.pointers.latest) {
        None => EMPTY.to_owned(),
        Some(number) => {
            let version = versions::find(tx, flow.workspace, flow.id, number)?;
            let version = version.ok_or_else(|| Fault::internal(format!("flow {} lost version {number}", flow.id)))?;
            text_of(tx, &version)?
        }
    };
    serde_json::from_str(&text).map_err(Fault::internal)
}

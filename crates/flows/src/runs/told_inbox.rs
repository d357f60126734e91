//! Domain events of questions that people answer in the inbox: `platform.inbox.created`, `.answered`, `.expired` (console contract,
//! section 5.4). A question that its run did not wait for any longer is told as expired, with the status `cancelled`.

use floe_model::Scope;
use floe_model::id::{EventId, FlowId, InboxId, RunId, WaitId};
use floe_store::flows::waits::{Closed, WaitEnd, WaitRow};
use floe_store::platform::events::NewEvent;
use serde_json::{Value, json};

use crate::workflows::ids;

/// The item that a kind of question is in the inbox, with its product; none for calls of tools, which programs look for themselves.
fn item_kind(question: &str) -> Option<(&'static str, &'static str)> {
    Some(match question {
        "user-approval" => ("flows", "flow_approval"),
        "show-form" => ("flows", "flow_form"),
        "human-review" => ("workflows", "workflow_review"),
        "webhook-wait" => ("workflows", "workflow_wait"),
        _ => return None,
    })
}

/// What is told of a question that was asked.
pub(super) fn asked(wait: &WaitRow, id: EventId) -> Option<(Scope, NewEvent)> {
    let (product, kind) = item_kind(&wait.kind)?;
    let data = facts((product, kind), wait.id, (&wait.flow_name, &wait.step_name), (wait.flow, wait.run), "open");
    let scope = Scope { workspace: wait.workspace, mode: wait.mode };
    let (kind, subject_id) = ("platform.inbox.created", Some(wait.id.0));
    Some((scope, NewEvent { id, kind, subject_id, data: data.to_string(), created_at: wait.created_at }))
}

/// What is told of a question that was closed.
pub(super) fn ended(end: &WaitEnd, closed: &Closed, id: EventId) -> Option<(Scope, NewEvent)> {
    let item = item_kind(&closed.kind)?;
    let data = facts(item, end.id, (&closed.flow_name, &closed.step_name), (closed.flow, closed.run), end.status);
    let scope = Scope { workspace: end.workspace, mode: closed.mode };
    let kind = if end.status == "answered" { "platform.inbox.answered" } else { "platform.inbox.expired" };
    Some((scope, NewEvent { id, kind, subject_id: Some(end.id.0), data: data.to_string(), created_at: end.at }))
}

fn facts(
    (product, kind): (&str, &str),
    wait: WaitId,
    (flow_name, step_name): (&str, &str),
    (flow, run): (FlowId, RunId),
    status: &str,
) -> Value {
    let (flow, run) = match product {
        "workflows" => (ids::workflow(flow), ids::execution(run)),
        _ => (flow.to_string(), run.to_string()),
    };
    json!({
        "inbox_id": InboxId(wait.0).prefixed(), "kind": kind, "product": product, "title": format!("{flow_name}: {step_name}"),
        "status": status, "flow_id": flow, "run_id": run,
    })
}

//! `/triggers` (workflows contract, section 8.6): reading them, and firing one.

use floe_flows::triggers::{self, Shown};
use floe_flows::workflows;
use floe_model::Fault;
use floe_model::flows::trigger::TriggerKind;
use floe_store::Tx;
use floe_store::flows::triggers::TriggerFilter;
use http::StatusCode;
use serde_json::{Value, json};

use super::shapes::{PAGING, WIRE_ID, enveloped, paged, triggers as shapes};
use super::{Envelope, KEY, Page, SURFACE, errors};
use crate::http::{Call, Reply, Route};

const KINDS: &str = "schedule, webhook, event, manual";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/triggers", KEY, list)
            .scope("triggers:read")
            .doc("List triggers")
            .queries(PAGING)
            .query("workflow_id", WIRE_ID, "Of one workflow")
            .query("type", shapes::KIND, "Of one type")
            .answers(200, paged!(shapes::TRIGGER)),
        Route::post(&SURFACE, "/v1/triggers/{id}/execute", KEY, execute)
            .scope("triggers:read")
            .also_scopes(&["triggers:execute"])
            .doc("Fire a trigger")
            .about("Starts an execution in the mode of the key; a trigger that is disabled is refused.")
            .takes(shapes::EXECUTE)
            .answers(202, enveloped!(shapes::STARTED)),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (told, page) = (Envelope::of(&call), Page::of(&call));
    let given = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let kind = given("type").map(|word| {
        let wrong = || Fault::field("/type", "value", format!("type must be one of: {KINDS}"));
        TriggerKind::parse(word).ok_or_else(wrong)
    });
    let kind = kind.transpose()?;
    let (ctx, workflow) = (call.ctx.clone(), given("workflow_id").map(str::to_owned));
    let reading = move |tx: &mut Tx<'_>| {
        let flow = match &workflow {
            // A workflow that is not there has no triggers.
            Some(text) => match workflows::ids::known_id(tx, ctx.caller.workspace, text)? {
                Some(flow) => Some(flow),
                None => return Ok((Vec::new(), 0)),
            },
            None => None,
        };
        let filter = TriggerFilter { flow, kind, enabled: None };
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let shown = triggers::page(tx, &ctx, filter, page.offset(), limit)?;
        Ok((shown, triggers::total(tx, &ctx, filter)?))
    };
    let (shown, total) = call.ctx.store.read(reading).await?;
    Ok(told.page(shown.iter().map(object).collect(), total, page))
}

async fn execute(call: Call) -> Result<Reply, Fault> {
    let told = Envelope::of(&call);
    let mut body = call.fields()?;
    let inputs = body.object("inputs").unwrap_or_default();
    body.finish_ignoring_unknown()?;
    let (text, workspace) = (call.param("id")?.to_owned(), call.ctx.caller.workspace);
    let named = text.clone();
    let found = call.ctx.store.read(move |tx| triggers::find_id(tx, workspace, &named)).await;
    let id = found.map_err(|fault| errors::named(fault, "Trigger", &text))?;
    let by_hand = call.app.flows.by_hand(&call.ctx, id, "api", Some(call.peer.to_string())).await;
    let (ctx, firing) = (call.ctx.clone(), by_hand.clone());
    let done = call
        .commit(
            move |tx| firing.fire(tx, &ctx, &inputs),
            move |fired| {
                let data = json!({
                    "execution_id": fired.execution_id, "workflow_id": fired.workflow_id,
                    "trigger_id": fired.trigger_id, "status": "pending", "inputs": fired.inputs,
                });
                Ok(told.made(StatusCode::ACCEPTED, &format!("/executions/{}", fired.execution_id), &data))
            },
        )
        .await;
    call.app.flows.let_go(&by_hand);
    done.map_err(|fault| errors::named(fault, "Trigger", &text))
}

fn object(shown: &Shown) -> Value {
    let one = &shown.trigger;
    json!({
        "id": triggers::shown_id(one),
        "workflow_id": shown.workflow_id,
        "workflow_name": shown.workflow_name,
        "name": one.name,
        "type": one.kind.as_str(),
        "trigger_type": one.kind.as_str(),
        "enabled": one.enabled,
        "trigger_count": one.count,
        "last_triggered_at": one.last_at,
        "next_scheduled_at": one.next_at,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    })
}

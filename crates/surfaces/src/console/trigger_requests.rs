//! The calls of the address of a trigger: reading them, and repeating one (console contract, section 5.3).

use floe_flows::triggers;
use floe_flows::workflows;
use floe_model::Fault;
use floe_model::flows::Engine;
use floe_model::id::RunId;
use floe_store::Tx;
use floe_store::flows::trigger_requests::TriggerRequest;
use serde_json::{Value, json};

use super::triggers::{fired_reply, request_id, trigger_id};
use crate::http::{Call, Reply};

pub(super) async fn list(call: Call) -> Result<Reply, Fault> {
    let (ctx, id) = (call.ctx.clone(), trigger_id(&call).await?);
    let reading = move |tx: &mut Tx<'_>| {
        let shown = triggers::get(tx, &ctx, id)?;
        Ok((triggers::requests(tx, &ctx, id)?, shown.trigger.engine))
    };
    let (requests, engine) = call.ctx.store.read(reading).await?;
    let data: Vec<Value> = requests.iter().map(|one| object(one, engine)).collect();
    Reply::ok(&json!({ "data": data, "next_cursor": null, "total": data.len() }))
}

pub(super) async fn replay(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    let (id, request) = (trigger_id(&call).await?, request_id(&call)?);
    let by_hand = call.app.flows.by_hand(&call.ctx, id, "dashboard", Some(call.peer.to_string())).await;
    let (ctx, firing) = (call.ctx.clone(), by_hand.clone());
    let done = call.commit(move |tx| firing.replay(tx, &ctx, request), |fired| fired_reply(&fired)).await;
    call.app.flows.let_go(&by_hand);
    done
}

fn object(one: &TriggerRequest, engine: Engine) -> Value {
    let inputs: Value = serde_json::from_str(&one.inputs).unwrap_or_default();
    let part = |name: &str| inputs.get(name).cloned().unwrap_or_default();
    let run = |run: RunId| workflows::ids::run(engine, run);
    json!({
        "id": one.id.prefixed(),
        "at": one.at,
        "method": one.method,
        "ip": one.ip,
        "status": one.status,
        "error": one.error,
        "run_id": one.run.map(run),
        "replay_of": one.replay_of.map(|id| id.prefixed()),
        "can_replay": one.replayable,
        "headers": part("headers"),
        "query": part("query"),
        "body": part("body"),
    })
}

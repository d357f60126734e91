//! Sending a callback again that was given up (agents contract, section 2.5).

use floe_model::Fault;
use floe_model::id::DeliveryId;
use floe_store::Tx;
use http::StatusCode;
use serde_json::json;

use super::{KEY, SURFACE, gate, shapes::threads as shapes};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    let retry = Route::post(&SURFACE, "/api/public/agent/{agent_id}/deliveries/{id}/retry", KEY, retry)
        .scope("manage")
        .doc("Send a callback again")
        .about(
            "The id is the delivery_id in the activity of the agent. One that still waits for an attempt is sent now.",
        )
        .answers(202, shapes::RETRY)
        .refuses(409, &["already_delivered"]);
    vec![retry]
}

async fn retry(call: Call) -> Result<Reply, Fault> {
    let agent = gate::agent_id(&call)?;
    let (delivery, ctx): (DeliveryId, _) = (call.id("id", "Delivery")?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| floe_webhooks::callbacks::retry(tx, &ctx, agent, delivery);
    let body = json!({ "id": delivery.prefixed(), "status": "retrying" });
    call.commit(act, move |()| Ok(Reply::value(StatusCode::ACCEPTED, &body))).await
}

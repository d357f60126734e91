//! Running a run again (Flow API contract, section 13).

use floe_flows::reruns::{RerunFrom, RerunWish};
use floe_model::Fault;
use floe_model::id::RunId;
use http::StatusCode;
use serde_json::json;

use super::{DASHBOARD, SURFACE, shapes};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    let retry = Route::post(&SURFACE, "/v1/flowrun/retry/{id}", DASHBOARD, retry)
        .scope("flows.run")
        .doc("Run a run again")
        .about(
            "For a run that failed or was cancelled: a new run with the same inputs and version. With fromFailedStep it takes \
             over what the completed steps came to, and sends nothing a second time.",
        )
        .takes(shapes::reruns::RETRY)
        .answers(202, shapes::reruns::RETRIED)
        .refuses(409, &["conflict"]);
    vec![retry]
}

async fn retry(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let mut body = call.fields()?;
    let from_failed_step = body.flag("fromFailedStep").unwrap_or(false);
    body.finish_ignoring_unknown()?;
    let from = if from_failed_step { RerunFrom::Unfinished } else { RerunFrom::Anew };
    let wish = RerunWish { only_unsuccessful: true, ..RerunWish::from(from) };
    let flows = &call.app.flows;
    let prepared = flows.prepare_rerun(&call.ctx, run, wish, Some(call.peer.to_string())).await?;
    let written = prepared.clone();
    let reply = call
        .commit(
            move |tx| {
                written.write(tx)?;
                Ok((written.run, written.of))
            },
            |(run, of)| Reply::json(StatusCode::ACCEPTED, &json!({ "appRunId": run, "retryOf": of })),
        )
        .await?;
    // The answer of a repeat is that of the first call, and the run laid out for this one was not written.
    if !reply.headers.contains_key("idempotent-replayed") {
        flows.take_up(&prepared);
    }
    Ok(reply)
}

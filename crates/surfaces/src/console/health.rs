//! `/health/live` and `/health/ready` (console contract, section 5.10).

use floe_model::Fault;
use http::StatusCode;
use serde_json::json;

use super::SURFACE;
use super::shapes::workspace as shapes;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/health/live", Auth::PUBLIC, live)
            .doc("Ask whether the server is there")
            .answers(200, shapes::LIVE),
        Route::get(&SURFACE, "/health/ready", Auth::PUBLIC, ready)
            .doc("Ask whether the server is ready")
            .answers(200, shapes::READY)
            .answers(503, shapes::READY),
    ]
}

async fn live(_: Call) -> Result<Reply, Fault> {
    Ok(Reply::value(StatusCode::OK, &json!({ "status": "ok" })))
}

/// Ready when the store answers and the runs move. Its tables are migrated before the server listens, and its file is on the
/// disk in question, so one look tells three things.
async fn ready(call: Call) -> Result<Reply, Fault> {
    let store = call.ctx.store.statistics().await.is_ok();
    let worker = call.app.flows.runs.is_running();
    let word = |holds: bool| if holds { "ok" } else { "fail" };
    let (status, overall) = match store && worker {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let (store, worker) = (word(store), word(worker));
    let checks = json!({ "store": store, "migrations": store, "worker": worker, "disk": store });
    Ok(Reply::value(status, &json!({ "status": overall, "checks": checks })))
}

//! `/health/live` and `/health/ready` (console contract, section 5.10).

use floe_model::Fault;
use http::StatusCode;
use serde_json::json;

use super::SURFACE;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/health/live", Auth::PUBLIC, live),
        Route::get(&SURFACE, "/health/ready", Auth::PUBLIC, ready),
    ]
}

async fn live(_: Call) -> Result<Reply, Fault> {
    Ok(Reply::value(StatusCode::OK, &json!({ "status": "ok" })))
}

/// Ready when the store answers. Its tables are migrated before the server listens.
async fn ready(call: Call) -> Result<Reply, Fault> {
    let (status, store) = match call.ctx.store.statistics().await {
        Ok(_) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "fail"),
    };
    let word = if status == StatusCode::OK { "ok" } else { "unavailable" };
    let checks = json!({ "store": store, "migrations": store, "worker": "ok", "disk": store });
    Ok(Reply::value(status, &json!({ "status": word, "checks": checks })))
}

//! `/health/live` and `/health/ready`, also under `/api/v1` (console contract, section 5.10).

use floe_model::Fault;
use http::StatusCode;
use serde_json::json;

use super::SURFACE;
use super::shapes::workspace as shapes;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    let live_at = |path| Route::get(&SURFACE, path, Auth::PUBLIC, live).answers(200, shapes::LIVE);
    let ready_at =
        |path| Route::get(&SURFACE, path, Auth::PUBLIC, ready).answers(200, shapes::READY).answers(503, shapes::READY);
    vec![
        live_at("/health/live").doc("Ask whether the server is there"),
        ready_at("/health/ready").doc("Ask whether the server is ready"),
        live_at("/api/v1/health/live").doc("Ask under the treasury path whether the server is there"),
        ready_at("/api/v1/health/ready").doc("Ask under the treasury path whether the server is ready"),
    ]
}

async fn live(_: Call) -> Result<Reply, Fault> {
    Ok(Reply::value(StatusCode::OK, &json!({ "status": "ok" })))
}

/// Ready when the store answers with the schema of this program, the runs move, and the disk has room for what is written next.
async fn ready(call: Call) -> Result<Reply, Fault> {
    let statistics = call.ctx.store.statistics().await;
    let checks = [
        ("store", statistics.is_ok()),
        ("migrations", statistics.is_ok_and(|found| found.schema_version >= floe_store::schema_version())),
        ("worker", call.app.flows.runs.is_running()),
        ("disk", call.app.operation.has_room()),
    ];
    let (status, overall) = match checks.iter().all(|(_, holds)| *holds) {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let word = |holds: bool| if holds { "ok" } else { "fail" };
    let checks: serde_json::Map<_, _> =
        checks.iter().map(|(name, holds)| ((*name).to_owned(), word(*holds).into())).collect();
    Ok(Reply::value(status, &json!({ "status": overall, "checks": checks })))
}

//! `/health/live` and `/health/ready` (console contract, section 5.10).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::App;

/// Time after which a check counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Free bytes of the data folder's disk below which the server is not ready.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// The health routes at the root, and under `/api/v1` as the treasury API has them.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/api/v1/health/live", get(live))
        .route("/api/v1/health/ready", get(ready))
        .with_state(app)
}

async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let store = tokio::time::timeout(CHECK_TIMEOUT, app.platform.store.statistics()).await;
    // The store answers only after its migrations, and ends when it cannot go on; the workers live and end with it.
    let store_ok = matches!(store, Ok(Ok(_)));
    let disk_ok = has_room(&app.data_dir);
    let word = |ok: bool| if ok { "ok" } else { "failed" };
    let checks = json!({ "store": word(store_ok), "migrations": word(store_ok), "worker": word(store_ok), "disk": word(disk_ok) });
    let ok = store_ok && disk_ok;
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "status": if ok { "ok" } else { "unavailable" }, "checks": checks })))
}

fn has_room(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= FREE_BYTES_MIN)
}

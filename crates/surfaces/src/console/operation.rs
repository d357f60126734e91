//! `/metrics` (console contract, section 5.10): for the bearer of the metrics token, or without one for this machine alone.

use floe_model::{Fault, FaultKind};
use http::StatusCode;

use super::SURFACE;
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};

/// The text form of Prometheus.
const MEDIA: &str = "text/plain; version=0.0.4";
/// Headers that a proxy adds. A request with one of them comes from elsewhere, whatever address it seems to come from.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/metrics", Auth::PUBLIC, metrics)
            .doc("Read metrics for Prometheus")
            .answers_media(200, "text/plain", TEXT)
            .refuses(401, &["unauthenticated"])
            .refuses(403, &["forbidden"]),
        Route::get(&SURFACE, "/api/v1/metrics", Auth::PUBLIC, metrics)
            .doc("Read metrics under the treasury path")
            .answers_media(200, "text/plain", TEXT)
            .refuses(401, &["unauthenticated"])
            .refuses(403, &["forbidden"]),
    ]
}

async fn metrics(call: Call) -> Result<Reply, Fault> {
    admit(&call)?;
    Ok(Reply::bytes(StatusCode::OK, MEDIA, call.app.operation.metrics_text().await?))
}

fn admit(call: &Call) -> Result<(), Fault> {
    if let Some(token) = &call.app.operation.config().metrics_token {
        let given = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        // Digests are compared, so that the time tells nothing about the token.
        let digest = floe_access::secret::sha256;
        if given.is_some_and(|given| digest(given.trim().as_bytes()) == digest(token.as_bytes())) {
            return Ok(());
        }
        return Err(Fault::new(FaultKind::Unauthenticated, "unauthenticated", "The metrics token is missing or wrong"));
    }
    let through_proxy = FORWARDED.iter().any(|name| call.headers.contains_key(*name));
    if call.peer.to_canonical().is_loopback() && !through_proxy {
        return Ok(());
    }
    Err(Fault::forbidden("Metrics are for this machine alone, until FLOE_METRICS_TOKEN is set"))
}

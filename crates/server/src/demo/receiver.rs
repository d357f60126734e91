//! The other end of the demo's calls: a payment service that pays small refunds and refuses large ones.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use floe_model::id::RequestId;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::http::{Front, Limits, TrustedProxies, serve};

/// From this amount on the service refuses to pay.
pub(super) const REFUSED_FROM: f64 = 1_000.0;

/// A service on a loopback port of its own; it ends when this is dropped.
pub(super) struct Receiver {
    /// Where it listens.
    pub(super) address: SocketAddr,
    _running: watch::Sender<bool>,
}

impl Receiver {
    /// Listens on a free port.
    pub(super) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (running, stop) = watch::channel(false);
        let router = Router::new().route("/refunds", post(pay)).with_state(Arc::new(AtomicU64::new(0)));
        let front = Front {
            router,
            limits: Limits::default(),
            proxies: TrustedProxies::default(),
            request_ids: Arc::new(|| RequestId(0)),
        };
        tokio::spawn(serve(listener, front, stop));
        Ok(Self { address, _running: running })
    }

    /// Where refunds are asked for.
    pub(super) fn refunds_url(&self) -> String {
        format!("http://{}/refunds", self.address)
    }
}

async fn pay(State(paid): State<Arc<AtomicU64>>, Json(refund): Json<Value>) -> (StatusCode, Json<Value>) {
    let Some(amount) = refund["amount"].as_f64() else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "amount must be a number" })));
    };
    if amount >= REFUSED_FROM {
        let error = format!("Refunds of {REFUSED_FROM} or more are not paid by this service");
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": error })));
    }
    let number = paid.fetch_add(1, Ordering::Relaxed) + 1;
    (StatusCode::OK, Json(json!({ "refundId": format!("rf_{number:04}"), "status": "paid" })))
}

//! One request and its answer: checks, the call of the router, and what is true of every answer.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderName, HeaderValue, Request, Response, request};
use floe_model::id::RequestId;
use floe_surfaces::http::Arrival;
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::{Instrument as _, Level};

use super::body::{Progress, RequestBody};
use super::guard;
use super::panic::Contained;
use super::refusal::Refusal;
use super::serve::Front;

/// The header under which every answer names its request; the log and the request log use the same id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of the longest id in a path; tokens have 43.
const ID_CHARS_MAX: usize = 40;

/// Answers one request. Routes find its [`Arrival`] among the extensions.
pub(super) async fn answer(front: &Front, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let id: RequestId = (front.request_ids)();
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    head.extensions.insert(Arrival { id, from: front.proxies.client(peer, &head.headers) });
    let asked = tracing::enabled!(Level::DEBUG).then(|| (head.method.clone(), head.uri.clone()));

    let span = tracing::info_span!("request", request.id = id.prefixed());
    let exchange = Contained(Box::pin(exchange(front, started, head, body)));
    let outcome = exchange.instrument(span.clone()).await.unwrap_or(Err(Refusal::Internal));
    let mut answer = outcome.unwrap_or_else(|refusal| refusal.answer(&id.prefixed()));

    if !answer.headers().contains_key(REQUEST_ID)
        && let Ok(value) = HeaderValue::try_from(id.prefixed())
    {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some((method, uri)) = asked {
        let status = answer.status().as_u16();
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        span.in_scope(|| {
            tracing::debug!(http.method = %method, http.path = shown_path(uri.path()), http.status = status, duration_ms, "answered");
        });
    }
    answer
}

/// The path for the log. A segment longer than any id may be a token (share links carry one), so it is left out.
fn shown_path(path: &str) -> String {
    let shown = |segment| if str::len(segment) > ID_CHARS_MAX { "***" } else { segment };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

async fn exchange(
    front: &Front,
    started: Instant,
    mut head: request::Parts,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    guard::check(&mut head, &front.limits)?;
    if body.size_hint().exact().is_some_and(|bytes| bytes > front.limits.body_bytes_max) {
        return Err(Refusal::BodyTooLarge);
    }
    if body.is_end_stream() {
        return Ok(route(front.router.clone(), head, Body::empty()).await);
    }

    let chunked = guard::is_chunked(&head);
    let progress = Arc::new(Progress::default());
    let mut body = RequestBody::new(body, &front.limits, started, Arc::clone(&progress));
    if chunked && body.read_ahead().await.is_err() {
        return Err(progress.failure().unwrap_or(Refusal::Malformed("The body could not be read.")));
    }
    let mut answer = route(front.router.clone(), head, Body::new(body)).await;
    if let Some(refusal) = progress.failure() {
        return Err(refusal);
    }
    if chunked {
        // A program between the client and us may have framed the request by another rule; what follows on this
        // connection is not taken for a request of its own.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

async fn route(router: Router, head: request::Parts, body: Body) -> Response<Body> {
    match router.oneshot(Request::from_parts(head, body)).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

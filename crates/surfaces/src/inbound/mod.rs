//! The addresses of triggers, `/webhooks/{id}` and `/api/webhooks/{id}`: whoever is to start a workflow or a flow from outside calls them
//! (workflows contract, section 11; console contract, section 1.1). The trigger says who may; there are no keys and no cookies here.

use axum::http::HeaderMap;
use floe_flows::triggers::{Inbound, InboundAnswer};
use floe_model::flows::trigger::Format;
use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{ALLOW, RETRY_AFTER};
use serde_json::json;

use crate::http::shape::{FLAG, Shape, TEXT, must, object, text};
use crate::http::{Auth, Call, Customs, FaultSite, OwnLimit, RateStyle, Reply, Route, Surface, SurfaceDoc};

/// Largest body, bytes (section 11).
const BODY_MAX: usize = 1024 * 1024;
/// Calls of one address in a minute, whoever makes them; operators name the limit [`LIMIT`]. Callers have no key that could be limited,
/// and each call that is let through is a run.
const CALLS_PER_MINUTE: u32 = 600;
/// How operators name the limit of an address.
const LIMIT: &str = "inbound";

/// Both addresses; the second is for clients whose base ends in `/api`.
const PATHS: [&str; 2] = ["/webhooks/{id}", "/api/webhooks/{id}"];

/// Names of the operations, by path and method.
const NAMES: [[&str; 5]; 2] = [
    [
        "Fire a trigger by GET",
        "Fire a trigger by POST",
        "Fire a trigger by PUT",
        "Fire a trigger by PATCH",
        "Fire a trigger by DELETE",
    ],
    [
        "Fire a trigger by GET below api",
        "Fire a trigger by POST below api",
        "Fire a trigger by PUT below api",
        "Fire a trigger by PATCH below api",
        "Fire a trigger by DELETE below api",
    ],
];

/// How an address refuses, beside what every route can.
const REFUSALS: &[(u16, &[&str])] = &[
    (401, &["unauthenticated"]),
    (403, &["trigger_disabled"]),
    (404, &["not_found"]),
    (405, &["method_not_allowed"]),
    (413, &["payload_too_large"]),
    (429, &["rate_limited"]),
    (500, &["invalid_definition"]),
];

/// What an address answers when a run was started.
const STARTED: Shape =
    object("InboundStarted", &[must("success", FLAG), must("executionId", text(1, 64)), must("message", TEXT)]);
/// What it answers otherwise.
const REFUSED: Shape = object("InboundRefused", &[must("success", FLAG), must("error", TEXT)]);

/// The addresses.
pub static SURFACE: Surface = Surface {
    name: "inbound",
    prefixes: &["/webhooks", "/api/webhooks"],
    render,
    rate_style: RateStyle::None,
    token_limits: None,
    repeats_by_member: false,
    mode_headers: &[],
    customs: Customs::PLAIN,
    doc: SurfaceDoc {
        title: "Floe: addresses of triggers",
        about: "What starts a workflow or a flow from outside. The trigger says which method it takes and how callers prove themselves: \
                not at all, by its secret in X-API-Key or as bearer token, or by a signature of the body.",
        fault_media: "application/json",
        fault: REFUSED,
        code,
    },
};

/// Every route of the addresses.
#[must_use]
pub fn routes() -> Vec<Route> {
    let of_path = |(path, names): (&'static str, [&'static str; 5])| {
        let [get, post, put, patch, delete] = names;
        [
            Route::get(&SURFACE, path, Auth::PUBLIC, call).doc(get),
            Route::post(&SURFACE, path, Auth::PUBLIC, call).doc(post),
            Route::put(&SURFACE, path, Auth::PUBLIC, call).doc(put),
            Route::patch(&SURFACE, path, Auth::PUBLIC, call).doc(patch),
            Route::delete(&SURFACE, path, Auth::PUBLIC, call).doc(delete),
        ]
    };
    let called = PATHS.into_iter().zip(NAMES).flat_map(of_path);
    called
        .map(|route| {
            let route = route.raw_body().body_limit(BODY_MAX);
            let answers = route.answers(202, STARTED).answers_media(202, "text/plain", TEXT);
            REFUSALS.iter().fold(answers, |route, (status, codes)| route.refuses(*status, codes))
        })
        .collect()
}

async fn call(call: Call) -> Result<Reply, Fault> {
    if let Some(refusal) = OwnLimit::take(&call, LIMIT, call.param("id")?, CALLS_PER_MINUTE).refusal() {
        return Err(refusal);
    }
    let inbound = Inbound {
        id: call.param("id")?.to_owned(),
        method: call.method.as_str().to_ascii_uppercase(),
        headers: texts(&call.headers),
        query: call.query.pairs().to_vec(),
        body: call.body.clone(),
        ip: Some(call.peer.to_string()),
    };
    Ok(reply(&call.app.flows.inbound(inbound).await?))
}

/// Headers as text; what is no text in them is replaced.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).replace('\0', "\u{fffd}");
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn reply(answer: &InboundAnswer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let Some(execution) = &answer.execution else {
        let refused = Reply::value(status, &json!({ "success": false, "error": answer.message }));
        return match &answer.allow {
            Some(method) => refused.text_header(ALLOW, method),
            None => refused,
        };
    };
    match answer.format {
        Format::Text => Reply::bytes(status, "text/plain; charset=utf-8", "OK"),
        Format::Json => {
            Reply::value(status, &json!({ "success": true, "executionId": execution, "message": answer.message }))
        }
    }
}

/// Renders a fault.
fn render(fault: &Fault, _: &FaultSite<'_>) -> Reply {
    let status = match fault.kind() {
        FaultKind::NotFound | FaultKind::Gone | FaultKind::Misdirected => StatusCode::NOT_FOUND,
        FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Overloaded | FaultKind::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultKind::Forbidden | FaultKind::Conflict => StatusCode::FORBIDDEN,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let message = match fault.kind() {
        FaultKind::Internal => "Something went wrong on our side",
        FaultKind::NotFound => "There is nothing at this address",
        _ => fault.message(),
    };
    let reply = Reply::value(status, &json!({ "success": false, "error": message }));
    match fault.retry_after_s() {
        Some(seconds) => reply.text_header(RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

/// There are no codes on the wire; the status says what is wrong.
fn code(fault: &Fault) -> &'static str {
    fault.code()
}

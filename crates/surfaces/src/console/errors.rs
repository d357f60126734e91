//! Faults as problem documents (console contract, section 4; RFC 9457).

use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::http::shape::{Shape, TEXT, int, list, must, object, open};
use crate::http::{FaultSite, Reply};

/// The body that [`render`] makes; some codes add members, e.g. `required` and `used_by`.
pub(super) const FAULT: Shape = open(
    "Problem",
    &[
        must("type", TEXT).about("urn:floe:problem: and the code"),
        must("title", TEXT),
        must("status", int(400, 599)),
        must("code", TEXT),
        must("detail", TEXT),
        must("fix", TEXT.or_null()).about("What the caller can do about it"),
        must("instance", TEXT).about("Path of the request"),
        must("request_id", TEXT),
        must("errors", list(&object("", &[must("pointer", TEXT), must("code", TEXT), must("message", TEXT)]))),
    ],
);

/// Renders a fault.
pub(super) fn render(fault: &Fault, site: &FaultSite<'_>) -> Reply {
    let status = status(fault);
    let code = code(fault);
    let mut body = Map::new();
    body.insert("type".to_owned(), format!("urn:floe:problem:{code}").into());
    body.insert("title".to_owned(), title(code, status).into());
    body.insert("status".to_owned(), status.as_u16().into());
    body.insert("code".to_owned(), code.into());
    body.insert("detail".to_owned(), fault.message().into());
    body.insert("fix".to_owned(), fix(code).map_or(Value::Null, Value::from));
    body.insert("instance".to_owned(), site.path.into());
    body.insert("request_id".to_owned(), site.request_id.prefixed().into());
    body.insert("errors".to_owned(), errors(fault));
    if let Some(Value::Object(details)) = fault.details() {
        for (name, value) in details {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let reply = Reply::bytes(status, "application/problem+json", Value::Object(body).to_string());
    if fault.kind() == FaultKind::Unauthenticated {
        return reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

/// The status of a fault.
pub(super) fn status(fault: &Fault) -> StatusCode {
    match fault.kind() {
        FaultKind::Invalid => StatusCode::BAD_REQUEST,
        FaultKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultKind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        FaultKind::Forbidden => StatusCode::FORBIDDEN,
        FaultKind::NotFound => StatusCode::NOT_FOUND,
        FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        FaultKind::Conflict => StatusCode::CONFLICT,
        FaultKind::Gone => StatusCode::GONE,
        FaultKind::Stale => StatusCode::PRECONDITION_FAILED,
        FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FaultKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        FaultKind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        FaultKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code in the words of this surface.
pub(super) fn code(fault: &Fault) -> &'static str {
    match (fault.kind(), fault.code()) {
        (FaultKind::Internal, _) => "internal",
        (FaultKind::Overloaded, _) => "unavailable",
        (_, "validation_error") => "validation_failed",
        (_, "already_exists") => "conflict",
        // States of agents and threads, which the agent API has words for.
        (_, "agent_inactive" | "thread_busy" | "thread_closed" | "not_in_human_hands") => "conflict",
        // States of triggers and of what they start.
        (_, "trigger_disabled" | "workflow_inactive" | "flow_not_published") => "conflict",
        (_, "unknown_path") => "not_found",
        (_, code) => code,
    }
}

fn title(code: &'static str, status: StatusCode) -> String {
    let known = match code {
        "unauthenticated" => "Not signed in",
        "invalid_credentials" => "Sign-in failed",
        "validation_failed" => "The request is not valid",
        "content_changed" => "The content changed",
        "confirmation_required" => "Give your password again",
        "stale_revision" => "Somebody else changed this",
        "rate_limited" => "Too many requests",
        "internal" => "Something went wrong",
        "not_found" => "Not found",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if title.is_empty() { status.to_string() } else { title }
}

/// What the caller can do about it, where one sentence says it.
fn fix(code: &str) -> Option<&'static str> {
    Some(match code {
        "unauthenticated" => "Sign in, or send a valid token as Authorization: Bearer.",
        "insufficient_scope" => "Use a token with the scope named in required.",
        "forbidden" => "Ask an owner or admin of the workspace.",
        "confirmation_required" => "Call POST /console/v1/session/confirm with your password, then repeat.",
        "bad_origin" => "Call from the dashboard's own address, or use a Bearer token.",
        "misdirected" => "Use the public URL of this server.",
        "stale_revision" | "content_changed" => "Read the object again and repeat with its new revision.",
        "storage_full" => "Make room on the disk of the database, then repeat.",
        "rate_limited" | "unavailable" => "Wait as long as Retry-After says, then repeat.",
        "unknown_field" => "Remove the field, or check its spelling.",
        "idempotency_mismatch" => "Use a new Idempotency-Key for another request.",
        "idempotency_in_progress" => "Repeat in a moment.",
        "expired" => "Ask for a new link.",
        "invalid_cursor" => "Start again without a cursor.",
        _ => return None,
    })
}

fn errors(fault: &Fault) -> Value {
    let fields = fault.fields().iter();
    fields.map(|field| json!({ "pointer": field.path, "code": field.code, "message": field.message })).collect()
}

//! Faults as the one error body of this API (workflows contract, section 4).

use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use super::envelope::JSON_MEDIA;
use super::shapes::META;
use crate::http::shape::{JSON_OBJECT, Shape, TEXT, must, object, words};
use crate::http::{FaultSite, Reply};

/// Seconds after which a request that could not be served may be sent again, where nothing better is known.
const RETRY_S: u64 = 1;

const INVALID_KEY: &str = "invalid_api_key";
const EXPIRED_KEY: &str = "expired_api_key";
const REVOKED_KEY: &str = "revoked_api_key";
const NO_SCOPE: &str = "insufficient_scope";
const LIMITED: &str = "rate_limit_exceeded";
const MISSING: &str = "resource_not_found";
const INVALID: &str = "validation_error";
/// The code of a fault for something that could not be started, or whose answer failed.
pub(super) const FAILED: &str = "execution_failed";
const INTERNAL: &str = "internal_error";
const UNAVAILABLE: &str = "service_unavailable";

/// The body that [`render`] makes.
pub(super) const FAULT: Shape = object(
    "WorkflowsError",
    &[
        must(
            "error",
            object(
                "",
                &[
                    must(
                        "code",
                        words(&[
                            INVALID_KEY,
                            EXPIRED_KEY,
                            REVOKED_KEY,
                            NO_SCOPE,
                            LIMITED,
                            MISSING,
                            INVALID,
                            FAILED,
                            INTERNAL,
                            UNAVAILABLE,
                        ]),
                    )
                    .about("What is wrong; programs look at nothing else"),
                    must("message", TEXT).about("A sentence for a person"),
                    must("details", JSON_OBJECT).about("What there is to add; of validation_error its errors"),
                ],
            ),
        ),
        must("meta", META),
    ],
);

/// The fault for something that is not there, or not the caller's: what it is, as in "Workflow", and its id as it was given.
pub(super) fn missing(what: &str, id: &str) -> Fault {
    Fault::not_found(what).with_details(json!({ "resource": what, "id": id }))
}

/// The same, for a fault of a service that looked for what the path names; every other fault is left as it is.
pub(super) fn named(fault: Fault, what: &str, id: &str) -> Fault {
    if fault.kind() == FaultKind::NotFound && fault.details().is_none() { missing(what, id) } else { fault }
}

/// The fault for a call that could not start what it should, or whose answer failed; `execution` where there is one.
pub(super) fn failed(message: &str, execution: Option<&str>) -> Fault {
    let details = execution.map_or_else(|| json!({}), |id| json!({ "execution_id": id }));
    Fault::new(FaultKind::Internal, FAILED, message).with_details(details)
}

/// Renders a fault.
pub(super) fn render(fault: &Fault, site: &FaultSite<'_>) -> Reply {
    let (status, code) = (status(fault), code(fault));
    let body = json!({
        "error": { "code": code, "message": message(fault, code), "details": details(fault, code, site.path) },
        "meta": { "request_id": site.request_id, "timestamp": site.at },
    });
    let reply = Reply::bytes(status, JSON_MEDIA, body.to_string());
    match status {
        StatusCode::UNAUTHORIZED => reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = fault.retry_after_s().unwrap_or(RETRY_S).max(RETRY_S);
            reply.header(RETRY_AFTER, HeaderValue::from(seconds))
        }
        _ => reply,
    }
}

/// The code in the words of this surface.
pub(super) fn code(fault: &Fault) -> &'static str {
    match (fault.kind(), fault.code()) {
        (FaultKind::Unauthenticated, EXPIRED_KEY) => EXPIRED_KEY,
        (FaultKind::Unauthenticated, REVOKED_KEY) => REVOKED_KEY,
        (FaultKind::Unauthenticated, _) => INVALID_KEY,
        (FaultKind::Forbidden, _) => NO_SCOPE,
        (FaultKind::RateLimited, _) => LIMITED,
        (FaultKind::NotFound | FaultKind::Gone | FaultKind::Misdirected, _) => MISSING,
        // The first request with this key goes on; a repeat gets its answer a little later.
        (FaultKind::Conflict, "idempotency_in_progress") => UNAVAILABLE,
        (FaultKind::Overloaded | FaultKind::StorageFull, _) => UNAVAILABLE,
        (FaultKind::Internal, FAILED) => FAILED,
        (FaultKind::Internal, _) => INTERNAL,
        (
            FaultKind::Invalid
            | FaultKind::UnsupportedMedia
            | FaultKind::MethodNotAllowed
            | FaultKind::TooLarge
            | FaultKind::Conflict
            | FaultKind::Stale
            | FaultKind::PaymentRequired
            | FaultKind::Unprocessable,
            _,
        ) => INVALID,
    }
}

/// There are few statuses: wrong input and a wrong state are both 400.
fn status(fault: &Fault) -> StatusCode {
    match (fault.kind(), code(fault)) {
        (FaultKind::MethodNotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
        (FaultKind::TooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, INVALID_KEY | EXPIRED_KEY | REVOKED_KEY) => StatusCode::UNAUTHORIZED,
        (_, NO_SCOPE) => StatusCode::FORBIDDEN,
        (_, LIMITED) => StatusCode::TOO_MANY_REQUESTS,
        (_, MISSING) => StatusCode::NOT_FOUND,
        (_, UNAVAILABLE) => StatusCode::SERVICE_UNAVAILABLE,
        (_, FAILED | INTERNAL) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn message<'a>(fault: &'a Fault, code: &str) -> &'a str {
    match (fault.kind(), code) {
        (FaultKind::Internal, INTERNAL) => "Something went wrong on our side",
        (FaultKind::NotFound, _) if fault.code() == "unknown_path" => "Route not found",
        (_, INVALID_KEY) => "The API key is missing, unknown or inactive",
        (_, LIMITED) => "Rate limit exceeded; try again later",
        (FaultKind::Conflict, UNAVAILABLE) => "The first request with this Idempotency-Key is still going",
        _ => fault.message(),
    }
}

/// Always an object.
fn details(fault: &Fault, code: &str, path: &str) -> Value {
    let given = || fault.details().filter(|details| details.is_object()).cloned();
    match code {
        INVALID => json!({ "errors": problems(fault) }),
        MISSING if fault.code() == "unknown_path" => json!({ "resource": "Route", "id": path }),
        // The service says what it did not find: "Workflow not found".
        MISSING => given().unwrap_or_else(|| {
            let what = fault.message().strip_suffix(" not found").unwrap_or("Resource");
            json!({ "resource": what, "id": path.rsplit('/').next().unwrap_or_default() })
        }),
        INTERNAL | UNAVAILABLE | INVALID_KEY => Value::Object(Map::new()),
        _ => given().unwrap_or_else(|| Value::Object(Map::new())),
    }
}

/// Every problem: the dotted path of the field, and the sentence.
fn problems(fault: &Fault) -> Value {
    let dotted = |path: &str| path.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
    fault.fields().iter().map(|one| json!({ "field": dotted(&one.path), "message": one.message })).collect()
}

#[cfg(test)]
mod tests;

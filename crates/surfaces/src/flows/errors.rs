//! Faults as the one error body of these routes (Flow API contract, section 1.3).

use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::http::shape::{JSON_OBJECT, Shape, TEXT, int, may, must, object};
use crate::http::{FaultSite, Reply};

/// Details of a failed execution that stand beside `error`, where callers look for the state of a run (section 3.1).
const AT_TOP: [&str; 2] = ["status", "appRunId"];

/// The body that [`render`] makes.
pub(super) const FAULT: Shape = object(
    "FlowError",
    &[
        must("statusCode", int(400, 599)),
        must("message", TEXT),
        must(
            "error",
            object(
                "",
                &[
                    must("code", TEXT),
                    must("message", TEXT),
                    must("status", int(400, 599)),
                    must("details", JSON_OBJECT),
                ],
            ),
        ),
        may("status", TEXT).about("Of the run, after a failed execution"),
        may("appRunId", TEXT).about("The run, after a failed execution"),
    ],
);

/// Renders a fault.
pub(super) fn render(fault: &Fault, _site: &FaultSite<'_>) -> Reply {
    let (status, code) = (status(fault.kind()), code(fault));
    let mut details = match fault.details() {
        Some(Value::Object(details)) => details.clone(),
        Some(other) => Map::from_iter([("value".to_owned(), other.clone())]),
        None => Map::new(),
    };
    let mut body = Map::new();
    body.insert("statusCode".to_owned(), status.as_u16().into());
    body.insert("message".to_owned(), fault.message().into());
    if fault.code() == "flow_execution_failed" {
        for name in AT_TOP {
            if let Some(value) = details.shift_remove(name) {
                body.insert(name.to_owned(), value);
            }
        }
    }
    if !fault.fields().is_empty() {
        let fields = fault.fields().iter();
        let fields = fields.map(|one| json!({ "path": one.path, "code": one.code, "message": one.message }));
        details.insert("fields".to_owned(), fields.collect());
    }
    let error = json!({ "code": code, "message": fault.message(), "status": status.as_u16(), "details": details });
    body.insert("error".to_owned(), error);
    let reply = Reply::value(status, &Value::Object(body));
    if fault.kind() == FaultKind::Unauthenticated {
        return reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

fn status(kind: FaultKind) -> StatusCode {
    match kind {
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
        (FaultKind::Unauthenticated, _) => "unauthorized",
        (FaultKind::Internal, _) => "internal_error",
        (FaultKind::Forbidden, "bad_origin") => "forbidden",
        (FaultKind::Invalid, "invalid_mode" | "unknown_field") => "validation_error",
        (_, "already_exists") => "conflict",
        (_, "unknown_path") => "not_found",
        (_, code) => code,
    }
}

//! Faults as the one error body of this API (agents contract, section 1.1): `error`, and mostly `message`.

use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use crate::http::shape::{JSON_OBJECT, Shape, TEXT, list, may, must, object};
use crate::http::{FaultSite, Reply};

/// Seconds after which a request that could not be served may be sent again, where nothing better is known.
const RETRY_S: u64 = 1;

/// The code of a fault for an agent that a key may not use, or that is none (section 1.1).
pub(super) const NO_AGENT: &str = "no_agent";
/// The code of a fault for a path without the id of an agent.
pub(super) const NO_AGENT_ID: &str = "no_agent_id";

/// The body that [`render`] makes.
pub(super) const FAULT: Shape = object(
    "AgentsError",
    &[
        must("error", TEXT).about("What is wrong, in a few words that do not change"),
        may("message", TEXT).about("A sentence for a person"),
        may("fields", list(&object("", &[must("path", TEXT), must("message", TEXT)])))
            .about("Every problem of the record of an agent"),
        may("details", JSON_OBJECT),
    ],
);

/// Codes of refusals of input and state, and the words for each.
const WORDS: &[(&str, &str)] = &[
    ("invalid_messages", "Invalid messages"),
    ("invalid_thread_id", "Invalid thread_id"),
    ("invalid_callback_url", "Invalid callback_url"),
    ("invalid_request", "Invalid request"),
    ("invalid_cursor", "Invalid cursor"),
    ("invalid_metadata", "Invalid metadata"),
    ("agent_inactive", "Agent inactive"),
    ("thread_busy", "Thread busy"),
    ("thread_closed", "Thread closed"),
    ("invalid_date_range", "Invalid date range"),
    ("invalid_date_format", "Invalid date format"),
    ("invalid_dates", "Invalid dates"),
    ("invalid_end_date", "Invalid end date"),
    ("date_range_too_large", "Date range too large"),
    ("missing_fields", "Missing required fields"),
    ("invalid_phone_number", "Invalid phone number"),
    ("invalid_template_name", "Invalid template name"),
    ("invalid_language", "Invalid language"),
    ("invalid_customer_name", "Invalid customer name"),
    ("invalid_parameters", "Invalid parameters"),
    ("whatsapp_not_found", "WhatsApp connection not found"),
    ("whatsapp_error", "WhatsApp API error"),
];

/// Renders a fault.
pub(super) fn render(fault: &Fault, _: &FaultSite<'_>) -> Reply {
    let status = status(fault);
    let (error, message) = told(fault);
    let mut body = Map::new();
    body.insert("error".to_owned(), error.into());
    body.extend(message.map(|message| ("message".to_owned(), Value::from(message))));
    if fault.code() == "validation_error" {
        body.insert("fields".to_owned(), fields(fault));
    } else if let (Some(details), true) = (fault.details(), fault.code().starts_with("whatsapp_")) {
        body.insert("details".to_owned(), details.clone());
    }
    let reply = Reply::value(status, &Value::Object(body));
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
        (FaultKind::UnsupportedMedia, _) | (FaultKind::Invalid, "incomplete_body") => "invalid_json",
        (FaultKind::Internal, _) => "internal",
        (_, code) => code,
    }
}

fn status(fault: &Fault) -> StatusCode {
    match fault.kind() {
        // There is no other status for wrong input.
        FaultKind::Invalid | FaultKind::UnsupportedMedia => StatusCode::BAD_REQUEST,
        FaultKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultKind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        FaultKind::Forbidden => StatusCode::FORBIDDEN,
        FaultKind::NotFound | FaultKind::Gone => StatusCode::NOT_FOUND,
        FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        FaultKind::Conflict | FaultKind::Stale => StatusCode::CONFLICT,
        FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        FaultKind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        FaultKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Overloaded | FaultKind::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The words and the sentence of a fault. What the contract prints is printed so, whatever the fault says itself.
fn told(fault: &Fault) -> (&'static str, Option<&str>) {
    if let Some((_, words)) = WORDS.iter().find(|(code, _)| *code == fault.code()) {
        return (words, Some(fault.message()));
    }
    match (fault.kind(), fault.code()) {
        (_, NO_AGENT_ID) => ("agent_id is required and must be a non-empty string", None),
        (FaultKind::Unauthenticated, "no_credential") => {
            ("API key is required", Some("Please provide an API key in the Authorization header"))
        }
        (FaultKind::Unauthenticated, _) => ("Invalid API key", Some("The provided API key is not valid")),
        (FaultKind::Forbidden, NO_AGENT) => ("Access denied", Some("This agent does not belong to your organisation")),
        (FaultKind::Forbidden, _) => ("Access denied", Some("This API key is not allowed to do this")),
        (FaultKind::Invalid, "validation_error" | "unknown_field") => ("Validation failed", Some(fault.message())),
        (FaultKind::Invalid, "invalid_json" | "incomplete_body") | (FaultKind::UnsupportedMedia, _) => {
            ("Invalid request body", Some("Request body must be valid JSON"))
        }
        (FaultKind::Invalid, _) => ("Invalid request", Some(fault.message())),
        (FaultKind::TooLarge, _) => ("Request too large", Some("Request body must not exceed 5 MB")),
        (FaultKind::NotFound, "unknown_path") => ("Not found", None),
        (FaultKind::NotFound | FaultKind::Gone, _) => ("Not found", Some(fault.message())),
        (FaultKind::MethodNotAllowed, _) => ("Method not allowed", None),
        (FaultKind::Unprocessable, "idempotency_mismatch") => {
            ("Idempotency mismatch", Some("Idempotency-Key was used with a different request"))
        }
        (FaultKind::Conflict, "idempotency_in_progress") => {
            ("Request in progress", Some("A request with this Idempotency-Key is in progress"))
        }
        (FaultKind::Conflict | FaultKind::Stale, _) => ("Conflict", Some(fault.message())),
        (FaultKind::Unprocessable, _) => ("Invalid request", Some(fault.message())),
        (FaultKind::PaymentRequired, _) => ("No credits available", Some("No credits available")),
        (FaultKind::Misdirected, _) => ("Not found", None),
        (FaultKind::RateLimited, _) => ("Rate limit exceeded", Some("Too many requests. Try again later.")),
        (FaultKind::Overloaded | FaultKind::StorageFull, _) => {
            ("Service temporarily unavailable", Some("The server cannot take this request now. Try again later."))
        }
        (FaultKind::Internal, _) => ("Internal server error", None),
    }
}

/// Every problem: the dotted path of the field, and the sentence.
fn fields(fault: &Fault) -> Value {
    let of = |path: &str| path.trim_start_matches('/').replace('/', ".");
    fault.fields().iter().map(|one| json!({ "path": of(&one.path), "message": one.message })).collect()
}

#[cfg(test)]
mod tests;

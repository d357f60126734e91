//! Faults as the one error body of this API (Treasury contract, section 1.4): `detail`, and for wrong input every problem in
//! `errors`.

use floe_model::access::PAYMENT_APPROVAL;
use floe_model::{Fault, FaultKind, FieldProblem};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::http::shape::{ANY, Shape, TEXT, list, may, must, object};
use crate::http::{FaultSite, Reply};

/// Where a problem can be; what names no such place is in the body.
const PLACES: [&str; 4] = ["path", "query", "header", "body"];
/// Seconds after which a request that could not be served may be sent again, where nothing better is known.
const RETRY_S: u64 = 1;
/// The code of a notice that another than its provider signed.
const WRONG_SIGNATURE: &str = "wrong_signature";

/// The body that [`render`] makes.
pub(super) const FAULT: Shape = object(
    "TreasuryError",
    &[
        must("detail", TEXT),
        may(
            "errors",
            list(&object(
                "",
                &[
                    must("type", TEXT),
                    must("loc", list(&ANY)).about("Where: names, and numbers of entries"),
                    must("msg", TEXT),
                ],
            )),
        )
        .about("Every problem of wrong input"),
    ],
);

/// Renders a fault.
pub(super) fn render(fault: &Fault, site: &FaultSite<'_>) -> Reply {
    let status = status(fault);
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        return Reply::value(status, &unprocessable(fault));
    }
    let reply = Reply::value(status, &json!({ "detail": detail(fault, status, site) }));
    match status {
        StatusCode::UNAUTHORIZED => reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        StatusCode::SERVICE_UNAVAILABLE => {
            reply.header(RETRY_AFTER, HeaderValue::from(fault.retry_after_s().unwrap_or(RETRY_S).max(RETRY_S)))
        }
        _ => reply,
    }
}

fn status(fault: &Fault) -> StatusCode {
    match fault.kind() {
        FaultKind::Invalid if fault.code() == "invalid_idempotency_key" => StatusCode::BAD_REQUEST,
        // There is no other status for wrong input.
        FaultKind::Invalid | FaultKind::UnsupportedMedia | FaultKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        FaultKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultKind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        FaultKind::Forbidden => StatusCode::FORBIDDEN,
        FaultKind::NotFound => StatusCode::NOT_FOUND,
        FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        FaultKind::Conflict | FaultKind::Stale => StatusCode::CONFLICT,
        FaultKind::Gone => StatusCode::GONE,
        FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        FaultKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Overloaded | FaultKind::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn detail(fault: &Fault, status: StatusCode, site: &FaultSite<'_>) -> String {
    let is_public = site.path.starts_with("/api/v1/public/");
    let text = match (status, fault.code()) {
        (StatusCode::BAD_REQUEST, _) => "Invalid Idempotency-Key.",
        (StatusCode::UNAUTHORIZED, "no_credential") if is_public => "Missing API key.",
        (StatusCode::UNAUTHORIZED, "no_credential") => "Missing session or access token.",
        (StatusCode::UNAUTHORIZED, WRONG_SIGNATURE) => fault.message(),
        (StatusCode::UNAUTHORIZED, _) if is_public => "Invalid or expired API key.",
        (StatusCode::UNAUTHORIZED, _) => "Invalid or expired session or access token.",
        (StatusCode::FORBIDDEN, "insufficient_scope") => return missing_scope(fault, is_public),
        (StatusCode::NOT_FOUND, "unknown_path") => "Not Found",
        (StatusCode::METHOD_NOT_ALLOWED, _) => "Method Not Allowed",
        (StatusCode::CONFLICT, "idempotency_in_progress") => "A request with this Idempotency-Key is in progress.",
        (StatusCode::PAYLOAD_TOO_LARGE, _) => "Request body too large.",
        (StatusCode::TOO_MANY_REQUESTS, _) => "Too many requests.",
        (StatusCode::SERVICE_UNAVAILABLE, _) => "Service unavailable.",
        (StatusCode::INTERNAL_SERVER_ERROR, _) => "Internal server error",
        _ => fault.message(),
    };
    text.to_owned()
}

fn missing_scope(fault: &Fault, is_public: bool) -> String {
    let scope = fault.details().and_then(|details| details["required"].as_str()).unwrap_or_default();
    let what = if is_public { "API key" } else { "Access token" };
    // A token that has it does not use it unless the workspace lets tokens approve (console contract, section 2.6).
    let how = if scope == PAYMENT_APPROVAL { " (and the workspace setting token_approvals)" } else { "" };
    format!("{what} missing required scope(s): {scope}{how}")
}

/// The body of a 422: the first problem as a sentence, and all of them.
fn unprocessable(fault: &Fault) -> Value {
    let problems: Vec<Problem> = match fault.code() {
        "idempotency_mismatch" => {
            return json!({ "detail": "Idempotency-Key was used with a different request.", "errors": [] });
        }
        "invalid_mode" => {
            vec![Problem {
                kind: "enum",
                loc: vec!["header".into(), "X-FlowPilot-Mode".into()],
                msg: "must be one of: live, test",
            }]
        }
        "invalid_json" | "incomplete_body" | "unsupported_media_type" => {
            vec![Problem { kind: "json_invalid", loc: vec!["body".into()], msg: fault.message() }]
        }
        _ => fault
            .fields()
            .iter()
            .map(|one| Problem { kind: one.code, loc: loc(&one.path), msg: unnamed(one) })
            .collect(),
    };
    let detail = problems.first().map_or_else(|| fault.message().to_owned(), Problem::sentence);
    let errors: Vec<Value> =
        problems.iter().map(|one| json!({ "type": one.kind, "loc": one.loc, "msg": one.msg })).collect();
    json!({ "detail": detail, "errors": errors })
}

/// What a problem says, without the name of its field, which this API puts before it.
fn unnamed(problem: &FieldProblem) -> &str {
    let name = problem.path.rsplit('/').next().unwrap_or_default();
    let rest = problem.message.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    rest.filter(|_| !name.is_empty()).unwrap_or(&problem.message)
}

struct Problem<'a> {
    kind: &'a str,
    loc: Vec<Value>,
    msg: &'a str,
}

impl Problem<'_> {
    /// `limit: must be …`; the place without what it is a part of, unless it is the whole of it.
    fn sentence(&self) -> String {
        let named = if self.loc.len() > 1 { &self.loc[1..] } else { &self.loc[..] };
        let words: Vec<String> =
            named.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect();
        format!("{}: {}", words.join("."), self.msg)
    }
}

/// The place that a pointer names: `/query/limit`, `/body/candidates/3/amount`.
fn loc(pointer: &str) -> Vec<Value> {
    let words = || pointer.split('/').filter(|word| !word.is_empty());
    let has_place = words().next().is_some_and(|word| PLACES.contains(&word));
    let place = (!has_place).then_some("body");
    let mut loc: Vec<Value> = place.into_iter().map(Value::from).collect();
    loc.extend(words().map(|word| word.parse::<u64>().map_or_else(|_| Value::from(word), Value::from)));
    loc
}

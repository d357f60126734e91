//! Faults as the one error body of this API (placements contract, section 1.2).

use floe_model::{Fault, FaultKind};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::http::shape::{Shape, TEXT, list, may, must, object};
use crate::http::{FaultSite, Reply};

/// Seconds after which a request that could not be served may be sent again, where nothing better is known.
const RETRY_S: u64 = 1;

/// The body that [`render`] makes.
pub(super) const FAULT: Shape = object(
    "PlacementsError",
    &[
        must("error", TEXT),
        must("code", TEXT),
        may(
            "details",
            list(&object(
                "",
                &[
                    must("field", TEXT)
                        .about("Dotted name of the field; a JSON pointer into the flow for flow_invalid"),
                    must("issue", TEXT),
                    may("message", TEXT),
                ],
            )),
        )
        .about("Every problem of wrong input"),
        must("request_id", TEXT),
    ],
);

/// Renders a fault.
pub(super) fn render(fault: &Fault, site: &FaultSite<'_>) -> Reply {
    let status = status(fault);
    let mut body = json!({
        "error": fault.message(),
        "code": code(fault),
        "request_id": site.request_id.prefixed(),
    });
    if !fault.fields().is_empty() {
        body["details"] = details(fault);
    }
    let reply = Reply::value(status, &body);
    match status {
        StatusCode::UNAUTHORIZED => reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = fault.retry_after_s().unwrap_or(RETRY_S).max(RETRY_S);
            reply.header(RETRY_AFTER, HeaderValue::from(seconds))
        }
        _ => reply,
    }
}

fn status(fault: &Fault) -> StatusCode {
    match fault.kind() {
        // There is no other status for wrong input.
        FaultKind::Invalid => StatusCode::BAD_REQUEST,
        FaultKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FaultKind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        FaultKind::Forbidden => StatusCode::FORBIDDEN,
        FaultKind::NotFound => StatusCode::NOT_FOUND,
        FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        // A key of a repeat under which something else was asked is a conflict too.
        FaultKind::Conflict | FaultKind::Unprocessable => StatusCode::CONFLICT,
        FaultKind::Gone => StatusCode::GONE,
        FaultKind::Stale => StatusCode::PRECONDITION_FAILED,
        FaultKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FaultKind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        FaultKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        // A client throws away what is refused with any other status of overload.
        FaultKind::Overloaded | FaultKind::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code in the words of this surface.
pub(super) fn code(fault: &Fault) -> &'static str {
    match (fault.kind(), fault.code()) {
        (FaultKind::Invalid, "incomplete_body") => "invalid_json",
        (FaultKind::Invalid, "validation_error" | "invalid_mode" | "unknown_field" | "invalid_idempotency_key") => {
            "validation_failed"
        }
        (FaultKind::Unauthenticated, _) => "unauthorized",
        (FaultKind::Forbidden, _) => "forbidden",
        (FaultKind::NotFound, "unknown_path") => "not_found",
        (FaultKind::Conflict | FaultKind::Unprocessable, _) => "conflict",
        (FaultKind::Stale, _) => "precondition_failed",
        (FaultKind::Overloaded | FaultKind::StorageFull, _) => "unavailable",
        (FaultKind::Internal, _) => "internal",
        (_, code) => code,
    }
}

/// Every problem: `variants.0.weight`, or the pointer itself where it points into a flow.
fn details(fault: &Fault) -> Value {
    let is_pointer = fault.code() == "flow_invalid";
    let of = |path: &str| {
        if is_pointer { path.to_owned() } else { path.trim_start_matches('/').replace('/', ".") }
    };
    let fields = fault.fields().iter();
    fields.map(|one| json!({ "field": of(&one.path), "issue": one.code, "message": one.message })).collect()
}

#[cfg(test)]
mod tests {
    use floe_model::FieldProblem;
    use floe_model::id::RequestId;

    use super::*;

    fn body(fault: &Fault) -> (u16, Value) {
        let reply =
            render(fault, &FaultSite { request_id: RequestId(7), path: "/v1/apps", at: floe_model::Timestamp(0) });
        let bytes = reply.full_body().expect("a body").clone();
        (reply.status.as_u16(), serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[test]
    fn kinds_have_the_statuses_and_words_of_the_contract() {
        for (fault, status, word) in [
            (Fault::field("/user_id", "required", "user_id is required"), 400, "validation_failed"),
            (Fault::new(FaultKind::Invalid, "invalid_json", "x"), 400, "invalid_json"),
            (Fault::new(FaultKind::Invalid, "invalid_app_id", "x"), 400, "invalid_app_id"),
            (Fault::new(FaultKind::Unauthenticated, "unauthenticated", "x"), 401, "unauthorized"),
            (Fault::new(FaultKind::Forbidden, "insufficient_scope", "x"), 403, "forbidden"),
            (Fault::not_found("App"), 404, "not_found"),
            (Fault::new(FaultKind::NotFound, "app_not_found", "x"), 404, "app_not_found"),
            (Fault::conflict("already_exists", "x"), 409, "conflict"),
            (Fault::new(FaultKind::Unprocessable, "idempotency_mismatch", "x"), 409, "conflict"),
            (Fault::new(FaultKind::Stale, "stale_revision", "x"), 412, "precondition_failed"),
            (Fault::new(FaultKind::TooLarge, "payload_too_large", "x"), 413, "payload_too_large"),
            (Fault::new(FaultKind::RateLimited, "rate_limited", "x"), 429, "rate_limited"),
            (Fault::storage_full(), 503, "unavailable"),
            (Fault::internal("a secret"), 500, "internal"),
        ] {
            let (found, body) = body(&fault);
            assert_eq!((found, body["code"].as_str()), (status, Some(word)), "{fault:?}");
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }

    #[test]
    fn fields_are_dotted_and_pointers_into_a_flow_stay_pointers() {
        let problem = || vec![FieldProblem::new("/variants/0/weight", "range", "weight must be …")];
        let (_, told) = body(&Fault::validation(problem()));
        assert_eq!(told["details"][0]["field"], "variants.0.weight");
        let (_, told) = body(&Fault::new(FaultKind::Invalid, "flow_invalid", "x").with_fields(problem()));
        assert_eq!(
            told["details"][0],
            json!({ "field": "/variants/0/weight", "issue": "range", "message": "weight must be …" })
        );
    }
}

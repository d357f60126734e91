//! The rows of section 1.1, body by body.

use floe_model::FieldProblem;
use floe_model::id::RequestId;

use super::*;

fn body(fault: &Fault) -> (u16, String) {
    let reply =
        render(fault, &FaultSite { request_id: RequestId(7), path: "/api/public/agent", at: floe_model::Timestamp(0) });
    let bytes = reply.full_body().expect("a body").to_vec();
    (reply.status.as_u16(), String::from_utf8(bytes).expect("text"))
}

#[test]
fn every_row_has_its_literal_body() {
    let fault = |kind, code| Fault::new(kind, code, "x");
    for (fault, status, expected) in [
        (
            fault(FaultKind::Unauthenticated, "no_credential"),
            401,
            r#"{"error":"API key is required","message":"Please provide an API key in the Authorization header"}"#,
        ),
        (
            fault(FaultKind::Unauthenticated, "unauthenticated"),
            401,
            r#"{"error":"Invalid API key","message":"The provided API key is not valid"}"#,
        ),
        (
            fault(FaultKind::Forbidden, NO_AGENT),
            403,
            r#"{"error":"Access denied","message":"This agent does not belong to your organisation"}"#,
        ),
        (
            fault(FaultKind::Forbidden, "insufficient_scope"),
            403,
            r#"{"error":"Access denied","message":"This API key is not allowed to do this"}"#,
        ),
        (
            fault(FaultKind::Invalid, NO_AGENT_ID),
            400,
            r#"{"error":"agent_id is required and must be a non-empty string"}"#,
        ),
        (
            fault(FaultKind::Invalid, "invalid_json"),
            400,
            r#"{"error":"Invalid request body","message":"Request body must be valid JSON"}"#,
        ),
        (
            fault(FaultKind::TooLarge, "payload_too_large"),
            413,
            r#"{"error":"Request too large","message":"Request body must not exceed 5 MB"}"#,
        ),
        (fault(FaultKind::NotFound, "unknown_path"), 404, r#"{"error":"Not found"}"#),
        (fault(FaultKind::MethodNotAllowed, "method_not_allowed"), 405, r#"{"error":"Method not allowed"}"#),
        (Fault::internal("a secret"), 500, r#"{"error":"Internal server error"}"#),
        (
            fault(FaultKind::Unprocessable, "idempotency_mismatch"),
            422,
            r#"{"error":"Idempotency mismatch","message":"Idempotency-Key was used with a different request"}"#,
        ),
        (
            fault(FaultKind::Conflict, "idempotency_in_progress"),
            409,
            r#"{"error":"Request in progress","message":"A request with this Idempotency-Key is in progress"}"#,
        ),
        (
            fault(FaultKind::RateLimited, "rate_limited"),
            429,
            r#"{"error":"Rate limit exceeded","message":"Too many requests. Try again later."}"#,
        ),
        (
            Fault::validation(vec![FieldProblem::new("/memory/window_messages", "range", "too many")]),
            400,
            r#"{"error":"Validation failed","message":"too many","fields":[{"path":"memory.window_messages","message":"too many"}]}"#,
        ),
        (fault(FaultKind::Conflict, "thread_busy"), 409, r#"{"error":"Thread busy","message":"x"}"#),
    ] {
        assert_eq!(body(&fault), (status, expected.to_owned()), "{fault:?}");
    }
}

use floe_model::id::RequestId;
use floe_model::{FieldProblem, Timestamp};

use super::*;

fn rendered(fault: &Fault) -> (u16, Value, Reply) {
    let site = FaultSite { request_id: RequestId(7), path: "/v1/workflows/wf_x", at: Timestamp(1_700_000_000_123_000) };
    let reply = render(fault, &site);
    let body: Value = serde_json::from_slice(reply.full_body().expect("a body")).expect("JSON");
    assert_eq!(body["meta"]["timestamp"], "2023-11-14T22:13:20.123Z");
    assert_eq!(body["meta"]["request_id"], RequestId(7).to_string());
    (reply.status.as_u16(), body["error"].clone(), reply)
}

#[test]
fn every_kind_of_fault_has_its_status_and_code() {
    use FaultKind as K;
    for (kind, code, status, word) in [
        (K::Unauthenticated, "unauthenticated", 401, "invalid_api_key"),
        (K::Unauthenticated, "expired_api_key", 401, "expired_api_key"),
        (K::Unauthenticated, "revoked_api_key", 401, "revoked_api_key"),
        (K::Forbidden, "insufficient_scope", 403, "insufficient_scope"),
        (K::NotFound, "not_found", 404, "resource_not_found"),
        (K::Gone, "gone", 404, "resource_not_found"),
        (K::Invalid, "invalid_json", 400, "validation_error"),
        (K::UnsupportedMedia, "unsupported_media_type", 400, "validation_error"),
        (K::Unprocessable, "idempotency_mismatch", 400, "validation_error"),
        (K::Conflict, "conflict", 400, "validation_error"),
        (K::Conflict, "idempotency_in_progress", 503, "service_unavailable"),
        (K::MethodNotAllowed, "method_not_allowed", 405, "validation_error"),
        (K::TooLarge, "payload_too_large", 413, "validation_error"),
        (K::RateLimited, "rate_limited", 429, "rate_limit_exceeded"),
        (K::Overloaded, "overloaded", 503, "service_unavailable"),
        (K::StorageFull, "storage_full", 503, "service_unavailable"),
        (K::Internal, "execution_failed", 500, "execution_failed"),
        (K::Internal, "internal_error", 500, "internal_error"),
    ] {
        let (found, error, reply) = rendered(&Fault::new(kind, code, "Why"));
        assert_eq!((found, error["code"].as_str()), (status, Some(word)), "{code}");
        assert!(error["details"].is_object(), "{code}");
        assert_eq!(reply.headers.contains_key(RETRY_AFTER), matches!(status, 429 | 503), "{code}");
        assert_eq!(reply.headers.contains_key(WWW_AUTHENTICATE), status == 401, "{code}");
    }
}

#[test]
fn details_name_fields_and_resources() {
    let problem = FieldProblem::new("/inputs/contact_email", "required", "It is required");
    let (_, error, _) = rendered(&Fault::validation(vec![problem]));
    assert_eq!(
        error["details"],
        json!({ "errors": [{ "field": "inputs.contact_email", "message": "It is required" }] })
    );
    let of = |fault: &Fault| rendered(fault).1["details"].clone();
    let expected = json!({ "resource": "Workflow", "id": "wf_x" });
    assert_eq!(of(&missing("Workflow", "wf_x")), expected);
    assert_eq!(of(&Fault::not_found("Workflow")), expected);
    assert_eq!(of(&named(Fault::not_found("Flow"), "Workflow", "wf_x")), expected);
    assert_eq!(of(&Fault::new(FaultKind::NotFound, "unknown_path", "Page not found"))["resource"], "Route");
    assert_eq!(of(&failed("No", Some("exec_1"))), json!({ "execution_id": "exec_1" }));
    // What happened inside is never told.
    assert_eq!(of(&Fault::internal("secret").with_details(json!({ "secret": 1 }))), json!({}));
}

use serde_json::json;

use super::*;

fn check(status: u16, body: &Value, exit: Exit, code: &str, part: &str) {
    let failure = refusal(StatusCode::from_u16(status).expect("a status"), body);
    assert_eq!((failure.exit, failure.code.as_str()), (exit, code), "{body}");
    assert!(failure.message.contains(part), "{}", failure.message);
}

#[test]
fn refusals_of_both_apis_become_exit_codes() {
    let flow = json!({ "statusCode": 404, "message": "Flow not found", "error": { "code": "not_found", "message": "Flow not found" } });
    check(404, &flow, Exit::NotFound, "not_found", "Flow not found");
    let problem = json!({ "title": "T", "code": "content_changed", "detail": "It changed.", "fix": "Open it again." });
    check(409, &problem, Exit::Conflict, "content_changed", "It changed. Open it again.");
    let treasury = json!({ "detail": "amount: must be greater than 0", "errors": [
        { "type": "greater_than", "loc": ["body", "candidates", 3, "amount"], "msg": "must be greater than 0" }] });
    check(422, &treasury, Exit::Failed, "http_422", "body.candidates.3.amount must be greater than 0");
    check(402, &json!({ "detail": "Insufficient wallet balance" }), Exit::Failed, "http_402", "Insufficient");
    check(401, &Value::Null, Exit::Denied, "http_401", "401");
    check(503, &Value::Null, Exit::Unreachable, "http_503", "503");
    let problems = json!({ "error": { "code": "invalid_definition", "message": "No", "details": { "problems": [
        { "path": "/steps/0", "message": "has no type" } ] } } });
    check(422, &problems, Exit::Invalid, "invalid_definition", "\n  /steps/0 has no type");
    check(422, &json!({ "error": { "code": "flow_execution_failed" } }), Exit::Failed, "flow_execution_failed", "422");
    check(
        400,
        &json!({ "errors": [{ "pointer": "/name", "message": "is required" }] }),
        Exit::Usage,
        "http_400",
        "/name is required",
    );
}

#[test]
fn query_values_are_escaped() {
    assert_eq!(
        query_text(&[("filter", "a b&c=é".to_owned()), ("page", "1".to_owned())]),
        "?filter=a%20b%26c%3D%C3%A9&page=1"
    );
    assert_eq!(query_text(&[]), "");
}

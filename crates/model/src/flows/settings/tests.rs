use serde_json::json;

use super::*;

fn check(value: &Value, expected: Result<&str, &[(&str, &str)]>) {
    let parsed = FlowSettings::parse(value);
    match (&parsed, expected) {
        (Ok(settings), Ok(text)) => assert_eq!(serde_json::to_string(settings).expect("json"), text, "{value}"),
        (Err(problems), Err(expected)) => {
            let found: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
            assert_eq!(found, expected, "{value}");
        }
        _ => panic!("{value} gives {parsed:?}"),
    }
}

#[test]
fn settings_are_optional_and_in_range() {
    check(&Value::Null, Ok("{}"));
    check(&json!({ "timeoutSeconds": null, "unknown": [1] }), Ok("{}"));
    check(
        &json!({
            "timezone": "Europe/Paris", "timeoutSeconds": 1200, "maxConcurrentRuns": 1, "retainRunsDays": 30,
            "errorFlowId": "flow_00000000000000000000000001",
        }),
        Ok(
            r#"{"timeoutSeconds":1200,"maxConcurrentRuns":1,"retainRunsDays":30,"errorFlowId":"00000000-0000-0000-0000-000000000001","timezone":"Europe/Paris"}"#,
        ),
    );
    check(&json!([]), Err(&[("/settings", "type")]));
    check(
        &json!({ "timeoutSeconds": 0, "maxConcurrentRuns": 1.5, "retainRunsDays": "7", "errorFlowId": "x", "timezone": "Mars" }),
        Err(&[
            ("/settings/timeoutSeconds", "range"),
            ("/settings/maxConcurrentRuns", "range"),
            ("/settings/retainRunsDays", "range"),
            ("/settings/errorFlowId", "type"),
            ("/settings/timezone", "value"),
        ]),
    );
}

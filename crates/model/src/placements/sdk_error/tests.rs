use serde_json::{Value, json};

use super::{SdkReport, TEXT_BYTES_MAX};

fn read(body: &Value) -> Result<SdkReport, Vec<String>> {
    let body = body.as_object().expect("an object").clone();
    SdkReport::read(body).map_err(|fault| fault.fields().iter().map(|field| field.path.clone()).collect())
}

#[test]
fn a_report_keeps_what_it_says_and_is_grouped_by_what_it_is_about() {
    let body = json!({
        "platform": "ios", "sdk_version": "1.3.1", "error_code": "E1", "message": "it broke", "level": "error", "name": null,
        "user_id": "u1", "context": {"screen": "s1"}, "breadcrumbs": [{"at": 1}], "stack": "a\u{0}b", "unknown": 5,
    });
    let report = read(&body).expect("a good report");
    assert_eq!(report.user_id.as_deref(), Some("u1"));
    let rest: Value = serde_json::from_str(&report.rest).expect("JSON");
    let expected = json!({
        "user_id": "u1", "stack": "a\u{fffd}b", "level": "error", "context": {"screen": "s1"}, "breadcrumbs": [{"at": 1}],
    });
    assert_eq!(rest, expected);
    let mut other = body;
    other["user_id"] = json!("u2");
    assert_eq!(read(&other).expect("a good report").group(), report.group());
    other["message"] = json!("it broke again");
    assert_ne!(read(&other).expect("a good report").group(), report.group());
}

#[test]
fn wrong_fields_are_named_and_long_texts_cut() {
    let cases = [
        (json!({"message": "m"}), vec!["/platform", "/sdk_version"]),
        (json!({"platform": "ios", "sdk_version": "1"}), vec!["/error_code"]),
        (json!({"platform": 5, "sdk_version": "1", "message": "m"}), vec!["/platform"]),
        (json!({"platform": "ios", "sdk_version": "1", "message": "m", "level": "fatal"}), vec!["/level"]),
        (json!({"platform": "ios", "sdk_version": "1", "message": "m", "context": {"a": 1}}), vec!["/context"]),
        (json!({"platform": "ios", "sdk_version": "1", "message": "m", "breadcrumbs": {}}), vec!["/breadcrumbs"]),
    ];
    for (body, paths) in cases {
        assert_eq!(read(&body), Err(paths.into_iter().map(str::to_owned).collect()), "{body}");
    }
    let long = json!({"platform": "ios", "sdk_version": "1", "message": "é".repeat(TEXT_BYTES_MAX)});
    assert_eq!(read(&long).expect("cut").message.map(|text| text.len()), Some(TEXT_BYTES_MAX));
}

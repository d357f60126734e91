use floe_model::placements::place_key::is_key;
use serde_json::{Map, json};

use super::*;

/// A good body with some members changed; null takes one away.
fn body(changes: Value) -> Value {
    let mut body = json!({ "user_id": "u", "session_id": "s", "device_platform": "ios" });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
}

/// The fields that are named, with their issues; `ok` for a body that is taken.
fn told(body: &Value, form: Form) -> String {
    let bytes = body.to_string();
    match read(bytes.as_bytes(), form) {
        Ok(_) => "ok".to_owned(),
        Err(fault) if fault.code() == "validation_error" => {
            fault.fields().iter().map(|one| format!("{} {}", one.path, one.code)).collect::<Vec<_>>().join(", ")
        }
        Err(fault) => fault.code().to_owned(),
    }
}

#[test]
fn every_field_has_its_limits() {
    let many: Map<String, Value> = (0..201).map(|number| (format!("a{number}"), json!(1))).collect();
    for (changes, expected) in [
        (json!({}), "ok"),
        (json!({ "unknown": [1], "attributes": null, "app_id": null }), "ok"),
        (json!({ "user_id": null }), "/user_id required"),
        (json!({ "user_id": 7 }), "/user_id type"),
        (json!({ "user_id": " \n" }), "/user_id required"),
        (json!({ "user_id": "é".repeat(256) }), "ok"),
        (json!({ "user_id": "é".repeat(257) }), "/user_id length"),
        (json!({ "user_id": "a\u{0}b" }), "/user_id characters"),
        (json!({ "session_id": null, "user_id": [] }), "/user_id type, /session_id required"),
        (json!({ "device_platform": "iOS" }), "/device_platform value"),
        (json!({ "device_platform": null }), "/device_platform required"),
        (json!({ "device_platform": 1 }), "/device_platform type"),
        (json!({ "app_id": 1 }), "/app_id type"),
        (json!({ "attributes": [] }), "/attributes type"),
        (json!({ "attributes": "x" }), "/attributes type"),
        (json!({ "attributes": many }), "/attributes range"),
        (json!({ "attributes": { "": 1 } }), "/attributes length"),
        (json!({ "attributes": { ("n".repeat(128)): 1 } }), "ok"),
        (json!({ "attributes": { ("n".repeat(129)): 1 } }), "/attributes length"),
        (json!({ "attributes": { "a/b": "x".repeat(1_025) } }), "/attributes/a~1b length"),
        (
            json!({ "attributes": { "a": "x".repeat(1_024), "b": null, "c": true, "d": 1.5, "e": ["x", 1, null] } }),
            "ok",
        ),
        (json!({ "attributes": { "a": vec![1; 100] } }), "ok"),
        (json!({ "attributes": { "a": vec![1; 101] } }), "/attributes/a range"),
        (json!({ "attributes": { "a": [[1]] } }), "/attributes/a type"),
        (json!({ "attributes": { "a": nested(4) } }), "ok"),
        (json!({ "attributes": { "a": nested(5) } }), "/attributes/a/a/a/a/a depth"),
        (json!({ "attributes": { "a": nested(60) } }), "/attributes/a/a/a/a/a depth"),
        (json!({ "attributes": nested(70) }), "/attributes/a/a/a/a/a depth"),
        // More than the parser goes down.
        (json!({ "attributes": nested(200) }), "invalid_json"),
    ] {
        assert_eq!(told(&body(changes.clone()), Form::One), expected, "{changes}");
    }
}

#[test]
fn a_batch_names_placements_once() {
    let keys = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>();
    let sixty: Vec<String> = keys(50).into_iter().chain(keys(10)).collect();
    for (list, expected) in [
        (json!(keys(50)), "ok"),
        (json!(sixty), "ok"),
        (json!(keys(51)), "too_many_placements"),
        (json!(vec!["same"; 1_000]), "ok"),
        (json!(vec!["same"; 1_001]), "too_many_placements"),
        (json!([]), "/placement_keys required"),
        (json!(null), "/placement_keys required"),
        (json!("onboarding"), "/placement_keys type"),
        (json!(["a", 1]), "/placement_keys/1 type"),
        (json!(["Not a key"]), "ok"),
    ] {
        assert_eq!(told(&body(json!({ "placement_keys": list })), Form::Batch), expected, "{list}");
    }
    let text = body(json!({ "placement_keys": ["b", "a", "b", "c", "a"] })).to_string();
    assert_eq!(read(text.as_bytes(), Form::Batch).expect("read").keys, ["b", "a", "c"]);
}

#[test]
fn what_is_no_object_is_no_json_of_ours() {
    for text in ["", "[]", r#"["u","s","ios"]"#, "1", "{", "null", "{\"user_id\":\"u\"} x", "\u{feff}{}"] {
        assert_eq!(read(text.as_bytes(), Form::One).expect_err(text).code(), "invalid_json", "{text}");
    }
    let twice = r#"{"user_id":"a","user_id":"b","session_id":"s","device_platform":"web"}"#;
    assert_eq!(read(twice.as_bytes(), Form::One).expect("the last one counts").user_id, "b");
}

#[test]
fn keys_have_a_form() {
    for (text, expected) in [
        ("a", true),
        ("onboarding_2", true),
        (&"a".repeat(64), true),
        (&"a".repeat(65), false),
        ("", false),
        ("2nd", false),
        ("_a", false),
        ("Onboarding", false),
        ("on-boarding", false),
        ("é", false),
    ] {
        assert_eq!(is_key(text), expected, "{text}");
    }
}

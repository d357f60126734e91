use serde_json::{Value, json};

use super::answer::json_in;
use super::config::Config;
use super::extract_data::schema_of;
use crate::tools::Schema;

#[test]
fn json_is_found_in_what_models_write() {
    for (text, value) in [
        (r#"{"a":1}"#, json!({ "a": 1 })),
        (" [1, 2]\n", json!([1, 2])),
        ("Here:\n```json\n{\"a\": {\"b\": []}}\n```\nDone.", json!({ "a": { "b": [] } })),
        ("The list is [1, {\"a\": 2}].", json!([1, { "a": 2 }])),
        ("7", json!(7)),
    ] {
        assert_eq!(json_in(text).expect(text), value, "{text}");
    }
    for text in ["", "no", "{ \"a\": ", "{]"] {
        assert!(json_in(text).is_err(), "{text}");
    }
}

#[test]
fn fields_become_a_schema_that_holds_answers_to_them() {
    let fields = json!([
        "name",
        { "key": "total", "type": "number", "required": true, "description": "With tax" },
        { "key": "kind", "type": "select", "options": ["a", "b"] },
    ]);
    let schema = schema_of(fields.as_array().expect("a list")).expect("a schema");
    let schema = Schema::compile(&schema).expect("a schema");
    let fits = |value: Value| schema.problems(&value, "").is_empty();
    assert!(fits(json!({ "name": "x", "total": 1, "kind": "a" })));
    assert!(fits(json!({ "name": null, "total": 1.5 })));
    assert!(!fits(json!({ "name": "x" })), "total is required");
    assert!(!fits(json!({ "total": "1" })));
    assert!(!fits(json!({ "total": 1, "kind": "c" })));
    for wrong in [json!([]), json!([{ "type": "text" }]), json!([{ "key": "a", "type": "odd" }])] {
        assert_eq!(schema_of(wrong.as_array().expect("a list")).expect_err("refused").code, "bad_value", "{wrong}");
    }
}

#[test]
fn what_templates_give_is_read_in_the_forms_that_they_have() {
    let input = json!({ "n": "2.5", "far": 9, "list": "[\"a\",\"b\"]", "one": "a", "object": "{\"a\":1}", "number": 5, "blank": " " });
    let config = Config(&input);
    assert_eq!(config.number("n", 0.0, 3.0).expect("a number"), Some(2.5));
    assert_eq!(config.number("far", 0.0, 3.0).expect_err("refused").code, "bad_value");
    assert_eq!(config.texts("list", 2).expect("texts"), ["a", "b"]);
    assert_eq!(config.texts("one", 2).expect("a text"), ["a"]);
    assert_eq!(config.texts("list", 1).expect_err("refused").code, "bad_value");
    assert_eq!(config.object("object").expect("an object").expect("one")["a"], 1);
    assert!(config.object("number").is_err() && config.texts("number", 1).is_err());
    assert_eq!(
        (config.text("number").expect("a text").as_deref(), config.text("blank").expect("none")),
        (Some("5"), None)
    );
}

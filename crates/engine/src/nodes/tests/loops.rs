//! Where loops take their passes from.

use serde_json::{Value, json};

use super::super::{count, items, reference};
use crate::expr::Env;
use floe_model::Timestamp;

#[test]
fn every_kind_of_source_gives_its_items() {
    let model = |text: &str| json!({ "text": text, "model": "m", "provider": "p", "usage": {} });
    for (source, expected) in [
        (json!([1, [2]]), json!([1, [2]])),
        (json!({ "files": [{ "fileName": "a" }], "allChunks": [], "combinedText": "" }), json!([{ "fileName": "a" }])),
        (json!("[1, 2]"), json!([1, 2])),
        (json!("```json\n[\"a\"]\n```"), json!(["a"])),
        (json!({ "rows": [1], "total": 1 }), json!([1])),
        (json!("{\"rows\": [1], \"total\": 1}"), json!([1])),
        (model("[\"x\"]"), json!(["x"])),
        (model("- one\n* two\n\n 3. three\n4) four\nfive-six\n"), json!(["one", "two", "three", "four", "five-six"])),
        (json!("one"), json!(["one"])),
        (json!("2 apples\n-1 is negative"), json!(["2 apples", "-1 is negative"])),
        (json!(""), json!([])),
    ] {
        assert_eq!(items(&source).map(Value::Array), Ok(expected), "{source}");
    }
    for wrong in [json!(null), json!(5), json!(true), json!({}), json!({ "a": [], "b": [] }), json!("{\"a\": 1}")] {
        assert_eq!(items(&wrong).expect_err("no list").code, "VALIDATION", "{wrong}");
    }
}

#[test]
fn counts_are_numbers_or_spell_one() {
    for (value, expected) in [(json!(3), Some(3)), (json!("4"), Some(4)), (json!(2.9), Some(2)), (json!(0), Some(0))] {
        assert_eq!(count(&value).ok(), expected);
    }
    for wrong in [json!(-1), json!("x"), json!(null), json!([1]), json!(1e300)] {
        assert_eq!(count(&wrong).expect_err("no count").code, "VALIDATION", "{wrong}");
    }
}

#[test]
fn references_are_equal_in_every_notation() {
    let names = json!({ "a": { "b": [1] }, "n": 2 });
    let names = names.as_object().expect("an object");
    for (written, expected) in [
        (json!("{{a.b}}"), json!([1])),
        (json!("${a.b}"), json!([1])),
        (json!("a.b"), json!([1])),
        (json!(" {{ a.b }} "), json!([1])),
        (json!("[1, 2]"), json!([1, 2])),
        (json!(["{{n}}"]), json!([2])),
        (json!("7"), json!(7)),
        (json!("{{n}} and {{n}}"), json!("2 and 2")),
        (json!("absent"), json!(null)),
    ] {
        let mut uuid = String::new;
        let template = reference(&written).expect("a reference");
        let value = template.render(names, &mut Env::new(Timestamp(0), &mut uuid));
        assert_eq!(value, Ok(expected), "{written}");
    }
}

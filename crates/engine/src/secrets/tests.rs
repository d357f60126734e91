use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn value_of(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("s3cr3t".to_owned()),
        "PIN" => Some("0042".to_owned()),
        _ => None,
    }
}

/// Marks and takes out, as an evaluation does.
fn taken(template: impl Fn(&Value) -> Value) -> Value {
    let marks = Marks::new(&["TOKEN".to_owned(), "PIN".to_owned()], 77);
    let mut input = template(&marks.object);
    marks.take_from(&mut input).expect("no names");
    input
}

#[test]
fn places_are_noted_and_filled() {
    let input = taken(|secrets| {
        let (token, pin) = (secrets["TOKEN"].as_str().expect("text"), secrets["PIN"].as_str().expect("text"));
        json!({ "headers": { "a/b~c": format!("Bearer {token}"), "plain": "x" }, "body": [format!("ü{pin}{token}{pin}")] })
    });
    assert!(!input.to_string().contains("floe-secret"), "{input}");
    assert_eq!(
        *shown(&Arc::new(input.clone())),
        json!({ "headers": { "a/b~c": "Bearer ***", "plain": "x" }, "body": ["ü*********"] })
    );
    assert_eq!(
        fill(&input, value_of).expect("both are there"),
        json!({ "headers": { "a/b~c": "Bearer s3cr3t", "plain": "x" }, "body": ["ü0042s3cr3t0042"] })
    );
    assert_eq!(fill(&input, |name| (name == "PIN").then(String::new)).expect_err("no token").code, "secret_missing");
}

#[test]
fn what_a_caller_writes_is_never_filled() {
    let forged = Marks::new(&["TOKEN".to_owned()], 78);
    let input = taken(|secrets| {
        let token = secrets["TOKEN"].as_str().expect("text");
        json!({ "url": format!("*** {token} ***"), "body": ["***", forged.object["TOKEN"], { "$secrets": [["/body/0", 0, "PIN"]] }] })
    });
    let filled = fill(&input, value_of).expect("it is there");
    assert_eq!(filled["url"], "*** s3cr3t ***");
    assert_eq!(filled["body"], json!(["***", forged.object["TOKEN"], { "$secrets": [["/body/0", 0, "PIN"]] }]));
}

#[test]
fn a_secret_is_no_name() {
    let marks = Marks::new(&["TOKEN".to_owned()], 77);
    let mut input = json!({ "headers": { marks.object["TOKEN"].as_str().expect("text"): "x" } });
    assert_eq!(marks.take_from(&mut input).expect_err("a name").code, "bad_value");
}

#[test]
fn definitions_tell_which_secrets_they_name() {
    let definition = json!({
        "steps": [{ "data": { "url": "https://x/{{ secrets.A }}?{{input.secrets.NO}}", "headers": [{ "value": "{{'k ' + secrets . B_2 + secrets['C'] + secrets[name]}}" }] } }],
        "notes": "secrets.NO", "other": "{{ mysecrets.NO + secrets.no }} {{ secrets.A",
    });
    assert_eq!(named_in(&definition).into_iter().collect::<Vec<_>>(), ["A", "B_2", "C"]);
}

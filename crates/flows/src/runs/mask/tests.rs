use floe_engine::event::{LogLine, StepError};
use serde_json::json;

use super::*;

fn mask(values: &[&str]) -> Mask {
    Mask::new(values.iter().map(|&value| value.to_owned()))
}

#[track_caller]
fn check(secret: &str, text: &str, expected: &str) {
    assert_eq!(mask(&[secret]).text(text), expected, "{secret} in {text}");
}

#[test]
fn every_usual_spelling_is_found() {
    check("s3cr3t", "a s3cr3t and s3cr3t.", "a *** and ***.");
    check("a b/ü%1", "x=a+b%2F%c3%BC%251&y", "x=***&y");
    check("a b/ü%1", "/a%20b/ü%251/", "/***/");
    check("a\"b\\c\nd", r#"{"echo":"a\"b\\c\nd"}"#, r#"{"echo":"***"}"#);
    check("ü😀key!", r"\u00fc\ud83d\uDE00key\u0021", "***");
    check(" padded ", "<padded>", "<***>");
    check("s3cr3t", "s3cr3 t, S3CR3T, %s3", "s3cr3 t, S3CR3T, %s3");
    check("geheimnis", "body: geheim …", "body: *** …");
    check("geheimnis", "body: gehe", "body: gehe");
    assert_eq!(mask(&["abcd", "abcdef"]).text("abcdef abcd"), "*** ***", "the longer one first");
}

#[test]
fn results_errors_and_logs_are_free_of_it() {
    let mask = mask(&["s3cr3t", "4711"]);
    let binary = STANDARD.encode(b"\0\xffs3cr3t\0");
    let result = json!({
        "s3cr3t": ["x s3cr3t", 147_112, 5, null],
        "body": { "$binary": true, "base64": binary },
    });
    let logs = vec![LogLine { level: "warn".to_owned(), message: "404: s3cr3t".to_owned() }];
    let done = mask.apply(Effected { result: Ok(result), logs });
    let clean = STANDARD.encode(b"\0\xff******\0");
    assert_eq!(
        done.result.expect("a result"),
        json!({ "***": ["x ***", "***", 5, null], "body": { "$binary": true, "base64": clean } })
    );
    assert_eq!(done.logs[0].message, "404: ***");
    let error = StepError::new("bad_value", "url s3cr3t").with_details(json!({ "at": "s3cr3t" }));
    let error = mask.apply(Effected::failed(error)).result.expect_err("an error");
    assert_eq!((error.message.as_str(), error.details), ("url ***", Some(json!({ "at": "***" }))));
}

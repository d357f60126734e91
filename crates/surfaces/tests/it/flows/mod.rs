//! The Flow API.

mod access;
mod deletion;
mod records;
mod schedule;
mod versions;

use serde_json::{Map, Value};

use crate::app::{Answer, TestApp};

const PATH: &str = "/v1/flow";

/// When everything happens: the clock of the tests stands still.
const NOW: &str = "2027-01-15T08:00:00.000Z";

/// An answer with its ids replaced by `<1>`, `<2>`, … in the order of their first appearance.
pub fn scrubbed(answer: &Answer) -> Value {
    let mut known = Vec::new();
    scrub(&answer.json, &mut known)
}

fn scrub(value: &Value, known: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => {
            let at = known.iter().position(|id| id == text).unwrap_or_else(|| {
                known.push(text.clone());
                known.len() - 1
            });
            format!("<{}>", at + 1).into()
        }
        Value::Array(items) => items.iter().map(|item| scrub(item, known)).collect(),
        Value::Object(map) => {
            let scrubbed: Map<_, _> = map.iter().map(|(key, value)| (key.clone(), scrub(value, known))).collect();
            scrubbed.into()
        }
        other => other.clone(),
    }
}

/// A new flow; answers its path.
async fn made(app: &TestApp, session: &str, body: &Value) -> String {
    let answer = app.post(PATH).bearer(session).json(body).send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let path = format!("{PATH}/{}", answer.json["_id"].as_str().expect("an id"));
    assert_eq!(answer.header("location"), path);
    path
}

/// Status and code of an answer in the form of these routes; the form itself is checked on the way.
#[track_caller]
pub fn refused(answer: &Answer) -> (u16, String) {
    let (status, error) = (answer.status.as_u16(), &answer.json["error"]);
    assert_eq!(answer.json["statusCode"], status, "{answer:?}");
    assert_eq!(error["status"], status);
    assert_eq!(answer.json["message"], error["message"]);
    assert!(
        error["message"].as_str().is_some_and(|text| !text.is_empty()) && error["details"].is_object(),
        "{answer:?}"
    );
    (status, error["code"].as_str().expect("a code").to_owned())
}

//! The base of the treasury: bodies of refusals and their order, keys, limits, repeats; payees; the organisation.

mod errors;
mod limits;
mod organisation;
mod payees;
mod repeats;

use serde_json::{Value, json};

use crate::app::{Answer, Asking, TestApp};

/// A key of the treasury with these scopes.
pub async fn key(app: &TestApp, session: &str, mode: &str, scopes: &[&str]) -> String {
    let body = json!({ "name": "Server", "mode": mode, "scopes": scopes });
    let made = app.post("/api/v1/developer/api-keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}

/// Status and body, byte by byte.
#[track_caller]
fn is(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status.as_u16(), String::from_utf8_lossy(&answer.bytes).as_ref()), (status, body), "{answer:?}");
}

/// A recipient that can be saved.
fn payee() -> Value {
    json!({ "name": "Adaeze Okonkwo", "account_number": "0123456789", "institution_code": "058" })
}

fn with_key<'a>(asking: Asking<'a>, key: &str) -> Asking<'a> {
    asking.header("x-api-key", key)
}

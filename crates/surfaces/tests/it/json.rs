//! JSON bodies: every published case of a parser, and the limits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use floe_testkit::store::TestStore;
use serde_json::Value;

use crate::app::TestApp;

/// The bytes of a case: base64, or a rule for the huge ones.
fn bytes_of(case: &Value) -> Vec<u8> {
    if let Some(text) = case["b64"].as_str() {
        return STANDARD.decode(text).expect("base64");
    }
    let rule = &case["repeat"];
    let prefix = STANDARD.decode(rule["prefix_b64"].as_str().expect("a rule")).expect("base64");
    prefix.repeat(rule["times"].as_u64().expect("a number") as usize)
}

#[tokio::test]
async fn published_cases_are_accepted_and_rejected_as_stated() {
    let app = TestApp::new(TestStore::quick().await).await;
    let cases = include_str!("../data/json-parsing.jsonl");
    let mut count = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let answer = app.post("/echo/json").body(bytes_of(&case)).send().await;
        let (status, name) = (answer.status.as_u16(), &case["name"]);
        match case["expect"].as_str() {
            Some("accept") => assert_eq!(status, 200, "{name}"),
            // The surface of the test renders every fault with 418.
            Some("reject") => assert_eq!((status, &answer.json["code"]), (418, &"invalid_json".into()), "{name}"),
            _ => assert!(status == 200 || status == 418, "{name}: {status}"),
        }
        count += 1;
    }
    assert_eq!(count, 318);
}

#[tokio::test]
async fn depth_size_type_and_encoding_are_limited() {
    let app = TestApp::new(TestStore::quick().await).await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    assert_eq!(app.post("/echo/json").body(nested(64)).send().await.status, 200);
    app.post("/echo/json").body(nested(65)).send().await.is(418, "invalid_json");
    app.post("/echo/small").body(vec![b'1'; 11]).send().await.is(418, "payload_too_large");
    assert_eq!(app.post("/echo/small").body(vec![b'1'; 10]).send().await.status, 200);
    let typed = |name: &str, value: &str| app.post("/echo/json").header(name, value).body(b"{}".to_vec());
    typed("content-type", "text/plain").send().await.is(418, "unsupported_media_type");
    typed("content-encoding", "gzip").send().await.is(418, "unsupported_media_type");
    assert_eq!(typed("content-encoding", "identity").send().await.status, 200);
}

//! Repeats (Treasury contract, section 1.5).

use floe_testkit::on_both;
use serde_json::json;

use super::{is, key, payee, with_key};
use crate::app::TestApp;

const PATH: &str = "/api/v1/public/recipients";

on_both! {
    async fn a_repeat_gets_the_first_answer_and_nothing_happens_twice(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let one = key(&app, &session, "live", &["recipients:read", "recipients:write"]).await;
        let two = key(&app, &session, "live", &["recipients:read", "recipients:write"]).await;
        let test = key(&app, &session, "test", &["recipients:read", "recipients:write"]).await;
        let post = |text: &str| with_key(app.post(PATH), text).header("idempotency-key", "first order").json(&payee()).send();
        let first = post(&one).await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        // The scope is organisation and mode, whichever key was used.
        for text in [&one, &two] {
            let again = post(text).await;
            assert_eq!((again.status, &again.bytes, again.header("idempotent-replayed")), (first.status, &first.bytes, "true"));
        }
        let list = with_key(app.get(PATH), &one).send().await;
        assert_eq!(list.json["total"], 1);
        let in_test = post(&test).await;
        assert_eq!((in_test.status.as_u16(), in_test.header("idempotent-replayed")), (201, ""));
        assert_ne!(in_test.json["id"], first.json["id"]);
        // Other methods too, and refusals of requests that were right.
        let path = format!("{PATH}/{}", first.json["id"].as_str().expect("an id"));
        let delete = |name: &str| with_key(app.delete(&path), &one).header("idempotency-key", name).send();
        assert_eq!(delete("a").await.status, 200);
        let missing = delete("b").await;
        is(&missing, 404, r#"{"detail":"Recipient not found"}"#);
        assert_eq!(missing.header("idempotent-replayed"), "");
        let again = delete("a").await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
        let again = delete("b").await;
        assert_eq!((again.status.as_u16(), &again.bytes, again.header("idempotent-replayed")), (404, &missing.bytes, "true"));
        app.pass_seconds(7 * 86_400 + 1);
        assert_eq!(delete("a").await.status, 404, "kept for seven days");
    }

    async fn wrong_input_is_not_kept(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let text = key(&app, &session, "live", &["recipients:write"]).await;
        let post = |body: serde_json::Value| with_key(app.post(PATH), &text).header("idempotency-key", "k").json(&body).send();
        assert_eq!(post(json!({ "name": 7 })).await.status, 422);
        assert_eq!(post(payee()).await.status, 201);
        let other = post(json!({ "name": "Bola", "account_number": "0123456789", "institution_code": "058" })).await;
        is(&other, 422, r#"{"detail":"Idempotency-Key was used with a different request.","errors":[]}"#);
    }

    async fn the_text_of_a_key_is_told_once(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "name": "Server", "scopes": ["runs:read"] });
        let post = || app.post("/api/v1/developer/api-keys").bearer(&session).header("idempotency-key", "k").json(&body).send();
        let (first, again) = (post().await, post().await);
        assert!(first.json["key"].as_str().is_some_and(|text| text.starts_with("fp_live_") && text.len() == 51));
        assert_eq!((again.status.as_u16(), &again.json["key"], &again.json["id"]), (201, &json!(null), &first.json["id"]));
    }
}

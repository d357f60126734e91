//! Repeat safety.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::TestApp;

on_both! {
    async fn a_repeat_is_answered_without_a_second_effect(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let ask = |key: &str, body: &Value| {
            app.post("/console/v1/keys").bearer(&session).header("idempotency-key", key).json(body).send()
        };
        let body = json!({ "kind": "flows", "name": "App", "mode": "live" });
        let first = ask("one", &body).await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        assert!(first.json["key"].is_string());
        let again = ask("one", &body).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!((&again.json["key"], &again.json["id"]), (&json!(null), &first.json["id"]));
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("etag"), "\"1\"");
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));

        let other = json!({ "kind": "flows", "name": "Other", "mode": "live" });
        ask("one", &other).await.is(422, "idempotency_mismatch");
        assert_ne!(ask("two", &body).await.json["id"], first.json["id"]);
        let list = app.get("/console/v1/keys?total=true").bearer(&session).send().await;
        assert_eq!(list.json["total"], 2);

        // A refusal is not kept: the corrected request may use the same key.
        ask("three", &json!({ "kind": "flows" })).await.is(400, "validation_failed");
        assert_eq!(ask("three", &body).await.status, 201);

        app.pass_seconds(7 * 86_400);
        let later = app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        let asking = app.post("/console/v1/keys").bearer(&later).header("idempotency-key", "one").json(&other);
        assert_eq!(asking.send().await.json["name"], "Other");
    }

    async fn of_equal_requests_at_once_one_has_the_effect(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "kind": "flows", "name": "App", "mode": "live" });
        let ask = || app.post("/console/v1/keys").bearer(&session).header("idempotency-key", "same").json(&body).send();
        let (one, two, three) = tokio::join!(ask(), ask(), ask());
        assert_eq!([&one, &two, &three].map(|answer| answer.status.as_u16()), [201; 3]);
        assert!(one.json["id"] == two.json["id"] && two.json["id"] == three.json["id"]);
        let list = app.get("/console/v1/keys?total=true").bearer(&session).send().await;
        assert_eq!(list.json["total"], 1);
    }
}

#[tokio::test]
async fn keys_of_repeats_are_visible_ascii() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let body = json!({ "kind": "flows", "name": "App", "mode": "live" });
    for wrong in ["", "with space", &"x".repeat(256)] {
        let asking = app.post("/console/v1/keys").bearer(&session).header("idempotency-key", wrong).json(&body);
        asking.send().await.is(400, "validation_failed");
    }
    let asking = app.post("/console/v1/keys").bearer(&session).header("idempotency-key", &"x".repeat(255)).json(&body);
    assert_eq!(asking.send().await.status, 201);
}

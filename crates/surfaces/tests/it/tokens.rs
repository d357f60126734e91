//! Personal access tokens.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

const PATH: &str = "/console/v1/tokens";

on_both! {
    async fn a_token_is_made_used_rotated_and_revoked(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "name": "CI", "scopes": ["console.read", "console.write"], "expires_in_days": 30 });
        app.post(PATH).bearer(&session).json(&body).send().await.is(403, "confirmation_required");
        let wrong = json!({ "password": "not this one" });
        app.post("/console/v1/session/confirm").bearer(&session).json(&wrong).send().await.is(403, "invalid_credentials");
        let right = json!({ "password": PASSWORD });
        assert_eq!(app.post("/console/v1/session/confirm").bearer(&session).json(&right).send().await.status, 200);

        let made = app.post(PATH).bearer(&session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let text = made.json["token"].as_str().expect("a text").to_owned();
        let id = made.json["id"].as_str().expect("an id").to_owned();
        assert!(text.starts_with("pat_") && text.len() == 40, "{text}");
        assert_eq!(made.header("location"), format!("{PATH}/{id}"));
        assert_eq!(made.json["prefix"], text[..12]);

        let shown = app.get(&format!("{PATH}/{id}")).bearer(&text).send().await;
        assert_eq!((shown.json.get("token"), &shown.json["status"]), (None, &json!("active")));
        app.get("/console/v1/keys").bearer(&text).send().await.is(403, "insufficient_scope");
        app.post(PATH).bearer(&text).json(&body).send().await.is(403, "forbidden");

        let rotate = app.post(&format!("{PATH}/{id}/rotate")).bearer(&text).json(&json!({ "overlap_minutes": 5 }));
        let next = rotate.send().await;
        assert_eq!(next.status, 201, "{next:?}");
        let new_text = next.json["token"].as_str().expect("a text").to_owned();
        assert_eq!(app.get("/console/v1/me").bearer(&text).send().await.status, 200);
        let old = app.get(&format!("{PATH}/{id}")).bearer(&session).send().await;
        assert_eq!((&old.json["status"], &old.json["rotated_to"]), (&json!("expiring"), &next.json["id"]));
        app.pass_seconds(300);
        app.get("/console/v1/me").bearer(&text).send().await.is(401, "unauthenticated");

        assert_eq!(app.get("/console/v1/me").bearer(&new_text).send().await.status, 200);
        let new_id = next.json["id"].as_str().expect("an id");
        assert_eq!(app.delete(&format!("{PATH}/{new_id}")).bearer(&session).send().await.status, 204);
        app.get("/console/v1/me").bearer(&new_text).send().await.is(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_token_ends_and_its_form_is_checked() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let text = app.token_of(&session, &["console.read"]).await;
    let mut broken = text.clone();
    broken.replace_range(10..11, if &text[10..11] == "A" { "B" } else { "A" });
    app.get("/console/v1/me").bearer(&broken).send().await.is(401, "unauthenticated");
    for (body, pointer) in [
        (json!({ "name": "x", "scopes": [] }), "/scopes"),
        (json!({ "name": "x", "scopes": ["own"] }), "/scopes/0"),
        (json!({ "name": "", "scopes": ["admin"] }), "/name"),
        (json!({ "name": "x", "scopes": ["admin"], "expires_in_days": 366 }), "/expires_in_days"),
    ] {
        let answer = app.post(PATH).bearer(&session).json(&body).send().await.is(400, "validation_failed");
        assert_eq!(answer.json["errors"][0]["pointer"], pointer);
    }
    let short = json!({ "name": "x", "scopes": ["console.read"], "expires_in_days": 1 });
    let made = app.post(PATH).bearer(&session).json(&short).send().await;
    let text = made.json["token"].as_str().expect("a text").to_owned();
    app.pass_seconds(86_399);
    assert_eq!(app.get("/console/v1/me").bearer(&text).send().await.status, 200);
    app.pass_seconds(1);
    app.get("/console/v1/me").bearer(&text).send().await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_touches_no_other_token() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let weak = app.token_of(&session, &["console.read", "console.write"]).await;
    let strong = app.token_of(&session, &["admin"]).await;
    let list = app.get(PATH).bearer(&weak).send().await;
    let ids: Vec<&str> = list.json["data"].as_array().expect("a list").iter().filter_map(id_of).collect();
    let strong_id = ids[0];
    app.post(&format!("{PATH}/{strong_id}/rotate")).bearer(&weak).send().await.is(403, "forbidden");
    app.delete(&format!("{PATH}/{strong_id}")).bearer(&weak).send().await.is(403, "forbidden");
    assert_eq!(app.get("/console/v1/keys").bearer(&strong).send().await.status, 200);
}

fn id_of(value: &Value) -> Option<&str> {
    value["id"].as_str()
}

//! What acts leave behind, and what they must not.

use floe_model::id::{WorkspaceId, parse_bits};
use floe_store::platform::audit::{self, Filter};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{OWNER, PASSWORD, TestApp};

/// Every entry of the owner's workspace, oldest first.
pub async fn entries(app: &TestApp, session: &str) -> Vec<audit::Entry> {
    let own = app.get("/console/v1/session").bearer(session).send().await;
    let id = parse_bits(own.json["workspace"]["id"].as_str().expect("an id")).map(WorkspaceId).expect("an id");
    let reading = app.app.platform.store.read(move |tx| audit::list(tx, id, &Filter::default(), None, 100));
    let mut list = reading.await.expect("a list");
    list.reverse();
    list
}

on_both! {
    async fn each_act_has_its_entry(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        app.token_of(&session, &["admin"]).await;
        let body = json!({ "kind": "flows", "name": "App", "mode": "test" });
        let made = app.post("/console/v1/keys").bearer(&session).json(&body).send().await;
        let path = format!("/console/v1/keys/{}", made.json["id"].as_str().expect("an id"));
        app.patch(&path).bearer(&session).json(&json!({ "name": "New" })).send().await;
        app.delete(&path).bearer(&session).send().await;
        app.delete(&path).bearer(&session).send().await;
        let wrong = json!({ "email": OWNER, "password": "something else" });
        app.post("/console/v1/session").json(&wrong).send().await.is(401, "invalid_credentials");

        let list = entries(&app, &session).await;
        let actions: Vec<&str> = list.iter().map(|entry| entry.action.as_str()).collect();
        let expected = ["created_workspace", "signed_in", "created_token", "created_key", "changed_key", "revoked_key", "failed_sign_in"];
        assert_eq!(actions, expected);
        let key = &list[3];
        assert_eq!((key.actor.kind.as_str(), key.actor.name.as_str()), ("member", "Ada"));
        assert_eq!(key.target.as_ref().and_then(|target| target.name.as_deref()), Some("App"));
        assert_eq!(serde_json::from_str::<Value>(&key.detail).expect("JSON"), json!({ "kind": "flows", "scopes": ["flows.run", "flows.read"] }));
        assert_eq!((key.ip.as_deref(), key.mode), (Some("203.0.113.7"), Some(floe_model::Mode::Test)));
        assert!(key.request_id.is_some());
    }

    async fn the_last_use_is_noted_beside_the_request(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "kind": "flows", "name": "App", "mode": "test" });
        let made = app.post("/console/v1/keys").bearer(&session).json(&body).send().await;
        let path = format!("/console/v1/keys/{}", made.json["id"].as_str().expect("an id"));
        assert_eq!(app.get("/echo/client").bearer(made.json["key"].as_str().expect("a text")).send().await.status, 200);
        for _ in 0..1_000 {
            let key = app.get(&path).bearer(&session).send().await;
            if key.json["last_used_ip"] == "203.0.113.7" {
                assert!(key.json["last_used_at"].is_string());
                return;
            }
            app.pass_seconds(1);
            tokio::task::yield_now().await;
        }
        panic!("the last use was never noted");
    }
}

#[tokio::test]
async fn no_secret_is_in_the_database() {
    let (app, session) = TestApp::with_owner(TestStore::sqlite().await).await;
    let token = app.token_of(&session, &["admin"]).await;
    let body = json!({ "kind": "flows", "name": "App", "mode": "test" });
    let asking = app.post("/console/v1/keys").bearer(&session).header("idempotency-key", "one").json(&body);
    let key = asking.send().await.json["key"].as_str().expect("a text").to_owned();
    let link = app.app.access.issue_sign_in_link(OWNER, 15).await.expect("a link");

    let file = app.store.file().expect("a file").to_owned();
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let mut bytes = std::fs::read(&file).expect("the database");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("created_key") && holds(&key[..12]), "the search finds what is there");
    for secret in [session.as_str(), &session[4..], &token, &token[12..], &key, &key[12..], &link, PASSWORD] {
        assert!(!holds(secret), "{secret}");
    }
}

//! Connections.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::TestApp;

const PATH: &str = "/console/v1/connections";

on_both! {
    async fn a_connection_is_made_changed_and_removed_without_telling_its_secret(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "name": "CRM", "provider": "http", "type": "basic", "config": { "base_url": "https://crm.example" } });
        let made = app.post(PATH).bearer(&session).json(&body).send().await;
        assert_eq!((made.status.as_u16(), &made.json["status"], &made.json["has_secret"]), (201, &json!("inactive"), &json!(false)), "{made:?}");
        let path = made.header("location").to_owned();
        app.post(PATH).bearer(&session).json(&body).send().await.is(409, "conflict");
        app.patch(&path).bearer(&session).json(&json!({ "status": "active" })).send().await.is(409, "conflict");

        let put = |secret: Value| app.ask("PUT", &format!("{path}/secret")).bearer(&session).json(&json!({ "secret": secret })).send();
        put(json!("only a text")).await.is(400, "validation_failed");
        put(json!({ "username": "ada" })).await.is(400, "validation_failed");
        put(json!({ "username": "ada", "password": "short", "more": 1 })).await.is(400, "validation_failed");
        let set = put(json!({ "username": "ada", "password": "short" })).await;
        assert_eq!((&set.json["status"], &set.json["last4"], set.header("etag")), (&json!("active"), &json!(null), "\"2\""));
        let set = put(json!({ "username": "ada", "password": "a longer s3cr3t" })).await;
        assert_eq!((&set.json["has_secret"], &set.json["last4"]), (&json!(true), &json!("cr3t")));

        let patch = |etag: &str, body: Value| app.patch(&path).bearer(&session).header("if-match", etag).json(&body).send();
        patch("\"1\"", json!({ "name": "x" })).await.is(412, "stale_revision");
        patch("*", json!({ "config": { "host": "x" } })).await.is(400, "validation_failed");
        let changed = patch("\"3\"", json!({ "name": "New CRM", "status": "inactive" })).await;
        assert_eq!((&changed.json["name"], &changed.json["status"], &changed.json["last4"]), (&json!("New CRM"), &json!("inactive"), &json!("cr3t")));

        let list = app.get(&format!("{PATH}?provider=http&type=basic&status=inactive&total=true")).bearer(&session).send().await;
        assert_eq!((list.json["data"].as_array().map(Vec::len), &list.json["total"]), (Some(1), &json!(1)));
        assert_eq!(app.get(&format!("{PATH}?type=smtp")).bearer(&session).send().await.json["data"], json!([]));
        let operations = app.get(&format!("{path}/operations")).bearer(&session).send().await;
        assert_eq!(operations.json["data"][0]["name"], "request");

        assert_eq!(app.delete(&path).bearer(&session).send().await.status, 204);
        app.get(&path).bearer(&session).send().await.is(404, "not_found");
        let trail = crate::audit::entries(&app, &session).await;
        let acts: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).filter(|act| act.ends_with("_connection")).collect();
        assert_eq!(acts, ["created_connection", "changed_connection", "changed_connection", "changed_connection", "deleted_connection"]);
        assert!(trail.iter().all(|entry| !entry.detail.contains("s3cr3t") && !entry.detail.contains("short")), "{trail:?}");
    }
}

#[tokio::test]
async fn a_test_calls_only_where_calls_may_go() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (config, kind, secret, status, code) in [
        (json!({ "base_url": "http://127.0.0.1:9/" }), "bearer", json!("token"), 422, "outbound_blocked"),
        (json!({ "base_url": "https://user:pw@x.example" }), "bearer", json!("token"), 422, "outbound_blocked"),
        (json!({}), "bearer", json!("token"), 422, "not_supported"),
        (json!({ "host": "mail.example" }), "smtp", json!("password"), 422, "not_supported"),
        (json!({ "url": "http://169.254.169.254/mcp" }), "mcp", json!(null), 422, "outbound_blocked"),
    ] {
        let name = format!("{kind} {config}");
        let body = json!({ "name": name, "provider": "http", "type": kind, "config": config, "secret": secret });
        let made = app.post(PATH).bearer(&session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = format!("{}/test", made.header("location"));
        app.post(&path).bearer(&session).json(&json!({})).send().await.is(status, code);
    }
}

#[tokio::test]
async fn fields_of_a_connection_are_checked() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (body, code) in [
        (json!({ "provider": "http", "type": "bearer" }), "validation_failed"),
        (json!({ "name": "x", "type": "bearer" }), "validation_failed"),
        (json!({ "name": "x", "provider": "Http", "type": "bearer" }), "validation_failed"),
        (json!({ "name": "x", "provider": "http" }), "validation_failed"),
        (json!({ "name": "x", "provider": "http", "type": "odd" }), "validation_failed"),
        (json!({ "name": "x", "provider": "http", "type": "bearer", "config": [] }), "validation_failed"),
        (
            json!({ "name": "x", "provider": "http", "type": "bearer", "config": { "base_url": "ftp://x" } }),
            "validation_failed",
        ),
        (json!({ "name": "x", "provider": "http", "type": "bearer", "config": { "odd": 1 } }), "validation_failed"),
        (
            json!({ "name": "x", "provider": "http", "type": "api_key", "config": { "header": "a b" } }),
            "validation_failed",
        ),
        (json!({ "name": "x", "provider": "pg", "type": "database", "config": {} }), "validation_failed"),
        (
            json!({ "name": "x", "provider": "pg", "type": "database", "config": { "host": "h", "database": "d", "port": 0 } }),
            "validation_failed",
        ),
        (json!({ "name": "x", "provider": "http", "type": "custom_headers", "secret": {} }), "validation_failed"),
        (
            json!({ "name": "x", "provider": "http", "type": "custom_headers", "secret": { "a b": "c" } }),
            "validation_failed",
        ),
        (json!({ "name": "x", "provider": "http", "type": "bearer", "secret": 1 }), "validation_failed"),
        (json!({ "name": "x", "provider": "http", "type": "bearer", "token": "t" }), "unknown_field"),
    ] {
        app.post(PATH).bearer(&session).json(&body).send().await.is(400, code);
    }
}

#[tokio::test]
async fn only_admins_see_connections_and_other_workspaces_see_none() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let body = json!({ "name": "CRM", "provider": "http", "type": "bearer", "secret": "token" });
    let made = app.post(PATH).bearer(&session).json(&body).send().await;
    let path = made.header("location").to_owned();
    let own = app.get("/console/v1/session").bearer(&session).send().await;
    let workspace = floe_model::id::parse_bits(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id");
    let role = floe_model::access::Role::Builder;
    app.app.access.add_member(workspace.into(), "Bo", "bo@floe.test", role).await.expect("a member");
    crate::members::other_workspace(&app, "eve@floe.test").await;
    let builder = app.session_by_link("bo@floe.test").await;
    app.get(PATH).bearer(&builder).send().await.is(403, "forbidden");
    let foreign = app.session_by_link("eve@floe.test").await;
    assert_eq!(app.get(PATH).bearer(&foreign).send().await.json["data"], json!([]));
    for (method, below) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/operations")] {
        app.ask(method, &format!("{path}{below}")).bearer(&foreign).send().await.is(404, "not_found");
    }
    let put = app.ask("PUT", &format!("{path}/secret")).bearer(&foreign).json(&json!({ "secret": "x" }));
    put.send().await.is(404, "not_found");
}

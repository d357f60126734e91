//! Model providers and models on the console.

use floe_testkit::models::{ModelServer, Turn};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::hooks;

const PROVIDERS: &str = "/console/v1/model-providers";
const MODELS: &str = "/console/v1/models";

/// A scripted server that the operator's list opens, under the name of it.
async fn server() -> (ModelServer, String) {
    let server = ModelServer::start().await;
    let port = server.authority().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    hooks::lead_to(port);
    (server, format!("{}/v1", hooks::base_url()))
}

on_both! {
    async fn a_provider_is_made_tested_changed_and_removed_without_telling_its_key(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (server, base_url) = server().await;
        let body = json!({ "name": "acme", "kind": "openai_compatible", "base_url": base_url, "api_key": "sk-a-s3cr3t-key", "headers": { "X-Org": "h1dden" } });
        let made = app.post(PROVIDERS).bearer(&session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let path = made.header("location").to_owned();
        assert_eq!((&made.json["has_key"], &made.json["last4"], &made.json["headers"], &made.json["origin"]),
            (&json!(true), &json!("-key"), &json!({ "x-org": "***" }), &json!("workspace")));
        app.post(PROVIDERS).bearer(&session).json(&body).send().await.is(409, "conflict");

        let tested = app.post(&format!("{path}/test")).bearer(&session).json(&json!({})).send().await;
        assert_eq!((&tested.json["ok"], &tested.json["status_code"]), (&json!(true), &json!(200)), "{tested:?}");
        let synced = app.post(&format!("{path}/sync")).bearer(&session).json(&json!({})).send().await;
        assert_eq!(synced.json["data"][0], json!({ "upstream_model": "large", "configured_as": [] }), "{synced:?}");
        let seen = server.seen();
        assert_eq!((seen[0].header("authorization"), seen[0].header("x-org")), (Some("Bearer sk-a-s3cr3t-key"), Some("h1dden")));

        let model = json!({ "name": "big", "provider_id": made.json["id"], "upstream_model": "large", "price": { "per_call": 2.5 }, "is_default": true });
        let model = app.post(MODELS).bearer(&session).json(&model).send().await;
        assert_eq!((model.status.as_u16(), &model.json["price"]["per_call"], &model.json["is_default"]), (201, &json!(2.5), &json!(true)), "{model:?}");
        let synced = app.post(&format!("{path}/sync")).bearer(&session).json(&json!({})).send().await;
        assert_eq!(synced.json["data"][0]["configured_as"], json!(["big"]));

        let patch = |etag: &str, body: Value| app.patch(&path).bearer(&session).header("if-match", etag).json(&body).send();
        patch("\"7\"", json!({ "timeout_ms": 2_000 })).await.is(412, "stale_revision");
        patch("*", json!({ "base_url": "https://elsewhere.example" })).await.is(400, "validation_failed");
        patch("*", json!({ "kind": "anthropic" })).await.is(400, "unknown_field");
        let changed = patch("\"1\"", json!({ "timeout_ms": 2_000, "api_key": null })).await;
        assert_eq!((&changed.json["timeout_ms"], &changed.json["has_key"], changed.header("etag")), (&json!(2_000), &json!(false), "\"2\""));

        app.delete(&path).bearer(&session).send().await.is(409, "in_use");
        let model_path = model.header("location").to_owned();
        app.delete(&model_path).bearer(&session).send().await.is(409, "in_use");
        app.patch(&model_path).bearer(&session).json(&json!({ "is_default": false })).send().await;
        assert_eq!(app.delete(&model_path).bearer(&session).send().await.status, 204);
        assert_eq!(app.delete(&path).bearer(&session).send().await.status, 204);
        app.get(&path).bearer(&session).send().await.is(404, "not_found");
        let trail = crate::audit::entries(&app, &session).await;
        let acts: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).filter(|act| act.contains("model")).collect();
        assert_eq!(acts, ["created_model_provider", "tested_model_provider", "created_model", "changed_default_model",
            "changed_model_provider", "changed_default_model", "deleted_model", "deleted_model_provider"]);
        assert!(trail.iter().all(|entry| !entry.detail.contains("s3cr3t") && !entry.detail.contains("h1dden")), "{trail:?}");
    }
}

#[tokio::test]
async fn what_is_built_in_is_there_and_only_its_default_can_be_chosen() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let listed = app.get(&format!("{MODELS}?sort=created_at&total=true")).bearer(&session).send().await;
    let shown: Vec<(&str, bool)> = listed.json["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| (model["name"].as_str().expect("a name"), model["is_default"] == true))
        .collect();
    assert_eq!(
        (shown, &listed.json["total"]),
        (vec![("offline", true), ("mock", false), ("hash-256", true)], &json!(3))
    );
    let offline = format!("{MODELS}/{}", listed.json["data"][0]["id"].as_str().expect("an id"));
    app.patch(&offline)
        .bearer(&session)
        .json(&json!({ "price": { "per_call": 0 } }))
        .send()
        .await
        .is(422, "not_supported");
    let refused = app.delete(&offline).bearer(&session).send().await.is(422, "not_supported");
    assert_eq!(refused.json["fix"], json!(null), "what helps elsewhere does not help here");
    assert_eq!(app.patch(&offline).bearer(&session).json(&json!({ "is_default": true })).send().await.status, 200);
    let provider = format!("{PROVIDERS}/{}", listed.json["data"][0]["provider_id"].as_str().expect("an id"));
    app.patch(&provider).bearer(&session).json(&json!({ "name": "x" })).send().await.is(422, "not_supported");
    let tested = app.post(&format!("{provider}/test")).bearer(&session).json(&json!({})).send().await;
    assert_eq!(tested.json["ok"], true);
}

#[tokio::test]
async fn fields_are_checked_and_addresses_are_judged() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let provider = |change: Value| {
        let mut body = json!({ "name": "x", "kind": "openai_compatible", "base_url": "https://models.example/v1" });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        body
    };
    for (body, status, code) in [
        (provider(json!({ "base_url": "http://127.0.0.1:8080/v1" })), 422, "outbound_blocked"),
        (provider(json!({ "base_url": "http://models.example/v1" })), 422, "outbound_blocked"),
        (provider(json!({ "base_url": null })), 400, "validation_failed"),
        (provider(json!({ "base_url": "models" })), 400, "validation_failed"),
        (provider(json!({ "name": "a/b" })), 400, "validation_failed"),
        (provider(json!({ "name": "builtin" })), 409, "conflict"),
        (provider(json!({ "kind": "builtin" })), 400, "validation_failed"),
        (provider(json!({ "headers": { "Host": "x" } })), 400, "validation_failed"),
        (provider(json!({ "headers": { "x y": "x" } })), 400, "validation_failed"),
        (provider(json!({ "headers": { "x": "a\r\nb" } })), 400, "validation_failed"),
        (provider(json!({ "headers": { "x": 7 } })), 400, "validation_failed"),
        (provider(json!({ "api_key": "with blank" })), 400, "validation_failed"),
        (provider(json!({ "timeout_ms": 10 })), 400, "validation_failed"),
        (provider(json!({ "more": 1 })), 400, "unknown_field"),
    ] {
        app.post(PROVIDERS).bearer(&session).json(&body).send().await.is(status, code);
    }
    let made =
        app.post(PROVIDERS).bearer(&session).json(&json!({ "name": "claude", "kind": "anthropic" })).send().await;
    assert_eq!(made.json["base_url"], "https://api.anthropic.com");
    let model = |change: Value| {
        let mut body = json!({ "name": "m", "provider_id": made.json["id"], "upstream_model": "u" });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        body
    };
    for (body, status, code) in [
        (model(json!({ "provider_id": "prov_00000000000000000000000001" })), 400, "validation_failed"),
        (model(json!({ "provider_id": "no id" })), 400, "validation_failed"),
        (model(json!({ "kind": "embedding" })), 400, "validation_failed"),
        (model(json!({ "name": "mock" })), 409, "conflict"),
        (model(json!({ "name": "default" })), 409, "conflict"),
        (model(json!({ "price": { "per_call": -1 } })), 400, "validation_failed"),
        (model(json!({ "price": { "per_call": 0.0001 } })), 400, "validation_failed"),
        (model(json!({ "price": { "per_day": 1 } })), 400, "validation_failed"),
        (model(json!({ "supports": { "tools": "yes" } })), 400, "validation_failed"),
        (model(json!({ "context_tokens": 10, "max_output_tokens": 20 })), 400, "validation_failed"),
        (model(json!({ "enabled": false, "is_default": true })), 409, "conflict"),
    ] {
        app.post(MODELS).bearer(&session).json(&body).send().await.is(status, code);
    }
    // A failing test says what happened and is kept.
    let (server, base_url) = server().await;
    server.script([Turn::say("unused")]);
    let made = app
        .post(PROVIDERS)
        .bearer(&session)
        .json(&provider(json!({ "base_url": base_url.replace("/v1", "/none") })))
        .send()
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    hooks::lead_to(9);
    let tested = app.post(&format!("{}/test", made.header("location"))).bearer(&session).json(&json!({})).send().await;
    assert_eq!(
        (&tested.json["ok"], &tested.json["message"]),
        (&json!(false), &json!("The model provider cannot be reached")),
        "{tested:?}"
    );
    let shown = app.get(made.header("location")).bearer(&session).send().await;
    assert_eq!(shown.json["last_error"], "The model provider cannot be reached");
}

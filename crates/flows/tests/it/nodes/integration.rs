//! The node types `integration`, `action` and those named after a provider.

use serde_json::{Value, json};

use super::Nodes;
use crate::stub::{Seen, Stub, json as json_response, response};

#[tokio::test]
async fn messages_go_to_the_webhooks_of_chats() {
    let nodes = Nodes::new().await;
    let stub = Stub::answering(response("200 OK\r\ncontent-type: text/plain", "ok")).await;
    for (provider, body) in [
        ("slack", json!({ "text": "Hi", "channel": "#a" })),
        ("discord", json!({ "content": "Hi" })),
        ("teams", json!({ "text": "Hi" })),
    ] {
        let config = json!({ "base_url": stub.url(&format!("/{provider}/T0/B0")) });
        nodes.connect(provider, "custom_headers", config, json!({ "X-Own": "header-value" })).await;
        let input = json!({ "provider": provider, "operation": "send_message", "message": "Hi", "channel": "#a" });
        let record = nodes.done("integration", input).await;
        let seen = stub.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", format!("/{provider}/T0/B0").as_str()));
        assert_eq!(serde_json::from_str::<Value>(&seen.body).expect("JSON"), body, "{provider}");
        assert_eq!((seen.header("x-own"), seen.header("idempotency-key").is_empty()), ("header-value", false));
        let expected =
            json!({ "provider": provider, "operation": "send_message", "success": true, "data": "ok", "metadata": {} });
        assert_eq!(record, expected);
    }
}

#[tokio::test]
async fn any_service_takes_requests_and_its_refusals_fail_the_node() {
    let nodes = Nodes::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.path.as_str() {
        "/v1/keys" => json_response(401, "{}"),
        "/v1/none" => json_response(404, "{}"),
        "/v1/busy" => json_response(429, "{}"),
        "/v1/bad" => json_response(422, "{\"why\":\"secret-token-9\"}"),
        "/v1/down" => json_response(500, "{}"),
        _ => {
            json_response(200, &format!("{{\"path\":\"{}\",\"auth\":\"{}\"}}", seen.path, seen.header("authorization")))
        }
    })
    .await;
    let config = json!({ "base_url": stub.url("/v1") });
    nodes.connect("crm", "bearer", config, json!({ "token": "secret-token-9" })).await;
    let parameters = json!({ "method": "PATCH", "path": "/things/7", "query": { "q": "a b" }, "body": { "n": 1 } });
    let record =
        nodes.done("integration", json!({ "provider": "crm", "action": "request", "parameters": parameters })).await;
    assert_eq!(record["data"], json!({ "path": "/v1/things/7?q=a%20b", "auth": "Bearer ***" }));
    assert_eq!((stub.last().method.as_str(), stub.last().body.as_str()), ("PATCH", "{\"n\":1}"));
    for (path, code, retryable) in [
        ("keys", "AUTH", false),
        ("none", "NOT_FOUND", false),
        ("busy", "RATE_LIMIT", true),
        ("bad", "VALIDATION", false),
        ("down", "SERVER_ERROR", true),
        ("../admin", "VALIDATION", false),
    ] {
        let input = json!({ "provider": "crm", "operation": "request", "path": path });
        let error = nodes.failed("integration", input).await;
        assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{path} {error:?}");
        assert!(!format!("{error:?}").contains("secret-token-9"), "{error:?}");
    }
    let unknown = json!({ "provider": "crm", "operation": "createThing" });
    assert_eq!(nodes.failed("integration", unknown).await.code, "NOT_FOUND");
}

#[tokio::test]
async fn the_connection_is_the_one_named_or_the_only_one_of_the_provider() {
    let nodes = Nodes::new().await;
    let stub = Stub::answering(json_response(200, "1")).await;
    let input = json!({ "provider": "crm", "operation": "request", "path": "/" });
    assert_eq!(nodes.failed("integration", input.clone()).await.code, "NOT_CONFIGURED");
    let config = json!({ "base_url": stub.url("") });
    let first = nodes.connect("crm", "bearer", config.clone(), json!({ "token": "first-token" })).await;
    nodes.connect_as("crm", "bearer", config.clone(), json!({ "token": "idle" }), "inactive").await;
    nodes.done("integration", input.clone()).await;
    assert_eq!(stub.last().header("authorization"), "Bearer first-token");
    nodes.connect("crm", "bearer", config, json!({ "token": "second-token" })).await;
    assert_eq!(nodes.failed("integration", input).await.code, "NOT_CONFIGURED", "two of them");
    let named = json!({ "provider": "crm", "operation": "request", "path": "/", "connectionId": first });
    nodes.done("integration", named).await;
    let mismatch = json!({ "provider": "slack", "operation": "sendMessage", "text": "Hi", "connectionId": first });
    assert_eq!(nodes.failed("integration", mismatch).await.code, "AUTH");
}

#[tokio::test]
async fn test_mode_calls_nothing() {
    let nodes = Nodes::new().await;
    let input = json!({ "provider": "pagerduty", "operation": "createIncident", "title": "Down", "parameters": { "urgency": "high" } });
    let record = nodes.pretended("integration", input).await;
    let data = json!({
        "sandbox": true, "provider": "pagerduty", "operation": "createIncident", "parameters": { "urgency": "high", "title": "Down" },
    });
    assert_eq!((&record["data"], &record["success"]), (&data, &json!(true)));
    for wrong in [
        json!({ "provider": "x" }),
        json!({ "operation": "x" }),
        json!({ "provider": "x", "operation": "y", "parameters": 5 }),
    ] {
        assert_eq!(nodes.failed("integration", wrong.clone()).await.code, "VALIDATION", "{wrong}");
    }
}

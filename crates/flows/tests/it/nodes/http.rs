//! The node type `http`.

use serde_json::json;

use super::{Nodes, keyed};
use crate::stub::{Seen, Stub, json as json_response, response};
use crate::world::{World, sandbox_config};

#[tokio::test]
async fn a_call_is_made_of_the_configuration_in_every_notation() {
    let nodes = Nodes::new().await;
    let stub = Stub::answering(json_response(200, r#"{"a":[1,2.5]}"#)).await;
    let record = nodes
        .done(
            "http",
            json!({
                "url": stub.url("/items?page=2"), "method": "post", "bodyType": "json", "body": "{\"n\": 1}",
                "headers": [{ "key": "X-Team", "value": "billing" }, { "key": "", "value": "" }],
                "queryParams": "{\"q\": \"a b\"}", "authType": "basic", "authCredentials": "ada:s3cret", "timeout": "20",
            }),
        )
        .await;
    let seen = stub.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/items?page=2&q=a+b"));
    assert_eq!((seen.header("x-team"), seen.header("authorization")), ("billing", "Basic YWRhOnMzY3JldA=="));
    assert_eq!((seen.header("content-type"), seen.body.as_str()), ("application/json", "{\"n\": 1}"));
    assert_eq!((&record["status"], &record["statusText"]), (&json!(200), &json!("OK")));
    assert_eq!(record["data"], json!({ "a": [1, 2.5] }));
    assert_eq!(record["body"], record["data"]);
    assert_eq!(record["headers"]["content-type"], "application/json");
    assert!(record["responseTime"].is_u64());
}

#[tokio::test]
async fn bodies_and_credentials_are_sent_as_they_are_asked_for() {
    let nodes = Nodes::new().await;
    let stub = Stub::answering(response("200 OK", "")).await;
    for (config, content_type, sent) in [
        (json!({ "method": "PUT", "body": { "a": 1 } }), "application/json", "{\"a\":1}"),
        (json!({ "method": "POST", "body": "no json" }), "text/plain; charset=utf-8", "no json"),
        (
            json!({ "method": "POST", "bodyType": "form", "body": { "a": "x y" } }),
            "application/x-www-form-urlencoded",
            "a=x+y",
        ),
        (
            json!({ "method": "POST", "bodyType": "raw", "body": "<a/>", "headers": { "Content-Type": "text/xml" } }),
            "text/xml",
            "<a/>",
        ),
        (json!({ "method": "GET", "body": { "a": 1 } }), "", ""),
        (json!({ "method": "DELETE" }), "", ""),
        (json!({ "headers": "", "queryParams": null, "body": null }), "", ""),
    ] {
        let mut input = config.clone();
        input["url"] = json!(stub.url("/"));
        nodes.done("http", input).await;
        let seen = stub.last();
        assert_eq!((seen.header("content-type"), seen.body.as_str()), (content_type, sent), "{config}");
        assert_eq!(seen.method, config["method"].as_str().unwrap_or("GET"), "{config}");
    }
    for (kind, header, sent) in [("bearer", "authorization", "Bearer t0ken"), ("apiKey", "x-api-key", "t0ken")] {
        nodes.done("http", json!({ "url": stub.url("/"), "authType": kind, "authCredentials": "t0ken" })).await;
        assert_eq!(stub.last().header(header), sent);
    }
}

#[tokio::test]
async fn any_status_completes_and_only_transport_fails() {
    let nodes = Nodes::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.path.as_str() {
        "/silent" => Vec::new(),
        "/huge" => response("200 OK", vec![b'x'; 10 * 1024 * 1024 + 1]),
        _ => json_response(404, "{\"error\":\"gone\"}"),
    })
    .await;
    let record = nodes.done("http", json!({ "url": stub.url("/x") })).await;
    assert_eq!((&record["status"], &record["data"]["error"]), (&json!(404), &json!("gone")));
    for (input, code, retryable) in [
        (json!({ "url": stub.url("/silent"), "timeout": 1 }), "TIMEOUT", true),
        (json!({ "url": stub.url("/huge") }), "VALIDATION", false),
        (json!({ "url": "ftp://x.example/" }), "VALIDATION", false),
        (json!({ "url": "http://10.0.0.7/" }), "ADDRESS_BLOCKED", false),
        (json!({ "url": "http://169.254.169.254/latest" }), "ADDRESS_BLOCKED", false),
        (json!({ "url": "http://u:p@x.example/" }), "VALIDATION", false),
        (json!({ "url": " " }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "method": "TRACE" }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "timeout": 301 }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "headers": [1] }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "method": "POST", "bodyType": "json", "body": "{no" }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "authType": "basic" }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "authType": "digest", "authCredentials": "x" }), "VALIDATION", false),
        (json!({ "url": stub.url("/"), "connectionId": "conn_00000000000000000000000001" }), "NOT_FOUND", false),
    ] {
        let error = nodes.failed("http", input.clone()).await;
        assert_eq!((error.code.as_str(), error.retryable), (code, retryable), "{input} {error:?}");
    }
}

#[tokio::test]
async fn credentials_of_a_connection_stay_below_its_base_url_and_out_of_records() {
    let nodes = Nodes::new().await;
    let stub =
        Stub::start(|seen: &Seen| json_response(200, &format!("{{\"echo\":\"{}\"}}", seen.header("authorization"))))
            .await;
    let base = stub.url("/api");
    let id = nodes.connect("crm", "bearer", json!({ "base_url": base }), json!({ "token": "secret-token-1" })).await;
    let record = nodes.done("http", json!({ "url": "v1/things", "connectionId": id })).await;
    assert_eq!(stub.last().path, "/api/v1/things");
    assert_eq!(stub.last().header("authorization"), "Bearer secret-token-1");
    assert_eq!(record["data"]["echo"], "Bearer ***");
    let seen = stub.requests().len();
    for url in [stub.url("/other"), stub.url("/api/../other"), "http://127.0.0.1:9/api".to_owned()] {
        assert_eq!(nodes.failed("http", json!({ "url": url, "connectionId": id })).await.code, "AUTH", "{url}");
    }
    assert_eq!(stub.requests().len(), seen, "nothing was sent");
    let bare = nodes.connect("crm", "bearer", json!({}), json!({ "token": "secret-token-2" })).await;
    let error = nodes.failed("http", json!({ "url": base, "connectionId": bare })).await;
    assert_eq!((error.code.as_str(), stub.requests().len()), ("AUTH", seen), "{error:?}");
    let idle = nodes.connect_as("crm", "bearer", json!({}), json!({ "token": "x" }), "inactive").await;
    assert_eq!(nodes.failed("http", json!({ "url": base, "connectionId": idle })).await.code, "AUTH");
}

#[tokio::test]
async fn redirects_are_judged_one_by_one() {
    let nodes = Nodes::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.path.as_str() {
        "/inside" => response("302 Found\r\nlocation: http://10.0.0.7/", ""),
        "/round" => response("302 Found\r\nlocation: /round", ""),
        "/once" => response("302 Found\r\nlocation: /end", ""),
        _ => json_response(200, "1"),
    })
    .await;
    assert_eq!(nodes.failed("http", json!({ "url": stub.url("/inside") })).await.code, "ADDRESS_BLOCKED");
    assert_eq!(nodes.failed("http", json!({ "url": stub.url("/round") })).await.code, "NETWORK");
    assert_eq!(nodes.done("http", json!({ "url": stub.url("/once") })).await["data"], 1);
    let closed = World::with("", sandbox_config()).await;
    let call = keyed(json!({ "url": stub.url("/once") }));
    let effects = floe_flows::nodes::effects(&floe_flows::nodes::NodeSettings::default());
    let http = effects.iter().find(|effect| effect.spec().key == "node-http").expect("the type");
    assert_eq!(http.call(&closed.platform, call).await.result.expect_err("blocked").code, "ADDRESS_BLOCKED");
}

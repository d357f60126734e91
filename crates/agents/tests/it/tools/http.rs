//! Tools that are an HTTP request.

use serde_json::{Value, json};

use super::KEY;
use crate::on_both;
use crate::stub::{Stub, json as json_response, response};
use crate::world::World;

const TOKEN: &str = "Bearer sk-live-0123456789";

fn tool(url: String, method: &str) -> Value {
    json!([{
        "type": "http", "name": "find_order", "description": "Finds an order", "url": url, "method": method,
        "headers": { "Authorization": TOKEN, "Accept": "application/json" },
        "parameters": { "type": "object", "properties": { "id": {}, "q": {}, "tags": {} } },
    }])
}

on_both! {
    async fn arguments_go_into_the_address_the_query_or_the_body(store: TestStore) {
        let world = World::new(store);
        let stub = Stub::answering(json_response(200, r#"{"found":true}"#)).await;
        let arguments = json!({ "id": "a/b c", "q": "ä", "tags": ["x", "y"], "none": null });
        let toolbox = world.toolbox(tool(stub.url("/orders/{id}"), "get")).await;
        assert_eq!(world.use_tool(&toolbox, "find_order", arguments.clone()).await, Ok(json!({ "found": true })));
        let seen = stub.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/orders/a%2Fb%20c?q=%C3%A4&tags=x&tags=y"));
        assert_eq!((seen.header("authorization"), seen.header("idempotency-key"), seen.header("floe-mode")), (TOKEN, KEY, "test"));
        let toolbox = world.toolbox(tool(stub.url("/orders?id={id}"), "POST")).await;
        world.use_tool(&toolbox, "find_order", arguments).await.unwrap();
        let seen = stub.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/orders?id=a%2Fb%20c"));
        assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), json!({ "q": "ä", "tags": ["x", "y"], "none": null }));
        assert_eq!(seen.header("content-type"), "application/json");
    }

    async fn a_model_cannot_lead_a_call_elsewhere(store: TestStore) {
        let world = World::new(store);
        let stub = Stub::answering(json_response(200, "{}")).await;
        let toolbox = world.toolbox(tool(stub.url("/orders/{id}/lines"), "GET")).await;
        for id in [json!(".."), json!("."), json!(""), json!({ "a": 1 }), json!(null), json!("x".repeat(3_000))] {
            let fault = world.use_tool(&toolbox, "find_order", json!({ "id": id })).await.unwrap_err();
            assert_eq!(fault.code, "invalid_arguments", "{id}");
        }
        for id in ["@evil.example", "%2e%2e", "..%2f..", "a?b#c", "\\..\\", "//evil.example"] {
            world.use_tool(&toolbox, "find_order", json!({ "id": id })).await.unwrap();
            let path = stub.last().path;
            assert!(path.starts_with("/orders/") && path.ends_with("/lines") && path.matches('/').count() == 3, "{id}: {path}");
        }
        for url in ["http://{id}/", "http://127.0.0.1{id}", "{id}", "ftp://127.0.0.1/{id}", "http://127.0.0.1/{", "http://127.0.0.1/{}"] {
            let toolbox = world.toolbox(tool(url.to_owned(), "GET")).await;
            assert_eq!(toolbox.problems[0].fault.code, "invalid_definition", "{url}");
        }
    }

    async fn addresses_that_are_not_public_are_refused(store: TestStore) {
        let world = World::allowing(store, "");
        let stub = Stub::answering(json_response(200, "{}")).await;
        for url in [stub.url("/"), "http://169.254.169.254/latest/meta-data/".to_owned(), "http://[::1]:80/".to_owned()] {
            let toolbox = world.toolbox(tool(url.clone(), "GET")).await;
            let fault = world.use_tool(&toolbox, "find_order", json!({})).await.unwrap_err();
            assert_eq!(fault.code, "blocked", "{url}");
        }
        let mcp = world.toolbox(json!([{ "type": "mcp", "name": "crm", "url": stub.url("/mcp") }])).await;
        assert_eq!(mcp.problems[0].fault.code, "blocked");
        assert!(stub.requests().is_empty());
    }

    async fn what_a_server_says_is_told_without_the_secrets_it_was_sent(store: TestStore) {
        let world = World::new(store);
        let said = format!(r#"{{"you sent":"{TOKEN}","n":[1]}}"#);
        let answers = [
            (json_response(200, &said), Ok(json!({ "you sent": "***", "n": [1] }))),
            (response("200 OK\r\ncontent-type: text/plain", "key sk-live-0123456789 ok"), Ok(json!("key *** ok"))),
            (response("204 No Content", ""), Ok(json!({ "status": 204 }))),
            (
                response("200 OK\r\ncontent-type: image/png", b"\x89PNG\xff\xff"),
                Ok(json!({ "content_type": "image/png", "bytes": 6, "note": "The answer is no text" })),
            ),
            (json_response(404, "no order; sk-live-0123456789"), Err(("http_status", "The server answered 404: no order; ***"))),
            (json_response(503, "later"), Err(("http_server_error", "The server answered 503: later"))),
            (response("302 Found\r\nlocation: http://10.0.0.1/", ""), Err(("blocked", "The call gave no answer"))),
        ];
        for (answer, wanted) in answers {
            let stub = Stub::answering(answer).await;
            let toolbox = world.toolbox(tool(stub.url("/"), "GET")).await;
            let told = world.use_tool(&toolbox, "find_order", json!({})).await;
            match (told, wanted) {
                (Err(fault), Err((code, message))) => {
                    assert!(fault.code == code && fault.message.starts_with(message), "{fault} is not {message}");
                }
                (told, wanted) => assert_eq!(told.ok(), wanted.ok()),
            }
        }
    }
}

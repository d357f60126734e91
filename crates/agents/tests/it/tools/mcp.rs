//! Tools of MCP servers, of both generations of the protocol.

use serde_json::{Value, json};

use super::KEY;
use crate::on_both;
use crate::stub::{Seen, Stub, json as json_response, response};
use crate::world::World;

fn definition(stub: &Stub) -> Value {
    json!([{
        "type": "mcp", "name": "crm", "url": stub.url("/mcp"), "headers": { "X-Api-Key": "mcp-secret-42" },
        "allowed_tools": ["find customer", "delete", "fail"], "requires_approval": true,
    }])
}

fn listed() -> Value {
    let schema = json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } } });
    json!([
        { "name": "find customer", "description": "Finds", "inputSchema": schema },
        { "name": "delete", "description": "Deletes" },
        { "name": "fail" }, { "name": "other" }, { "name": "" }, 5,
    ])
}

/// What a tool gives.
fn called(params: &Value) -> Value {
    match params["name"].as_str() {
        Some("find customer") => {
            json!({ "content": [{ "type": "text", "text": "seen" }], "structuredContent": { "id": params["arguments"]["name"] } })
        }
        Some("delete") => {
            json!({ "content": [{ "type": "text", "text": "your key is mcp-secret-42" }, { "type": "image", "mimeType": "image/png", "data": "AA" }] })
        }
        _ => json!({ "isError": true, "content": [{ "type": "text", "text": "no such customer" }] }),
    }
}

fn reply(asked: &Value, outcome: &str, value: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": asked["id"], outcome: value })
}

/// A server in which every request stands alone.
fn stateless(seen: &Seen) -> Vec<u8> {
    let asked: Value = serde_json::from_str(&seen.body).unwrap();
    let method = asked["method"].as_str().unwrap();
    assert_eq!((seen.header("mcp-protocol-version"), seen.header("mcp-method")), ("2026-07-28", method));
    assert_eq!(asked["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(seen.header("x-api-key"), "mcp-secret-42");
    let result = match method {
        "tools/list" if asked["params"]["cursor"].is_null() => {
            json!({ "resultType": "complete", "tools": [], "nextCursor": "2" })
        }
        "tools/list" => json!({ "resultType": "complete", "tools": listed() }),
        "tools/call" => {
            assert_eq!(
                (seen.header("mcp-name"), seen.header("idempotency-key")),
                (asked["params"]["name"].as_str().unwrap(), KEY)
            );
            called(&asked["params"])
        }
        other => panic!("{other} is not asked of such a server"),
    };
    json_response(200, &reply(&asked, "result", result).to_string())
}

/// A server of the generation before: a handshake, a session, and streams that it never ends.
fn with_session(seen: &Seen) -> Vec<u8> {
    let asked: Value = serde_json::from_str(&seen.body).unwrap();
    let has_session = seen.header("mcp-session-id") == "s-1";
    match asked["method"].as_str().unwrap() {
        "initialize" => {
            assert_eq!(asked["params"]["protocolVersion"], "2025-06-18");
            let result = json!({ "protocolVersion": "2025-03-26", "capabilities": {}, "serverInfo": {} });
            response(
                "200 OK\r\ncontent-type: application/json\r\nmcp-session-id: s-1",
                reply(&asked, "result", result).to_string(),
            )
        }
        _ if !has_session => {
            json_response(400, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No valid session"}}"#)
        }
        "notifications/initialized" => response("202 Accepted", ""),
        method => {
            assert_eq!(seen.header("mcp-protocol-version"), "2025-03-26");
            let result = if method == "tools/list" { json!({ "tools": listed() }) } else { called(&asked["params"]) };
            let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} });
            let events =
                format!(": hello\n\nevent: message\ndata: {progress}\n\ndata: {}\n\n", reply(&asked, "result", result));
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            format!("{head}{:x}\r\n{events}\r\n", events.len()).into_bytes()
        }
    }
}

async fn use_all(world: &World, stub: &Stub) {
    let toolbox = world.toolbox(definition(stub)).await;
    assert!(toolbox.problems.is_empty(), "{:?}", toolbox.problems);
    let names: Vec<String> = toolbox.specs().into_iter().map(|spec| spec.name).collect();
    assert_eq!(names, ["crm_find_customer", "crm_delete", "crm_fail"]);
    assert!(toolbox.requires_approval("crm_delete"));
    let found = world.use_tool(&toolbox, "crm_find_customer", json!({ "name": "ada" })).await;
    assert_eq!(found, Ok(json!({ "id": "ada" })));
    let told = world.use_tool(&toolbox, "crm_delete", json!({})).await;
    assert_eq!(told, Ok(json!("your key is ***\n[image image/png]")));
    let fault = world.use_tool(&toolbox, "crm_fail", json!({})).await.unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), ("failed", "no such customer"));
    let fault = world.use_tool(&toolbox, "crm_find_customer", json!({ "name": 1 })).await.unwrap_err();
    assert_eq!(fault.code, "invalid_arguments");
}

on_both! {
    async fn a_server_without_sessions_is_asked_without_a_handshake(store: TestStore) {
        let world = World::new(store);
        let stub = Stub::start(stateless).await;
        use_all(&world, &stub).await;
        assert_eq!(stub.requests().len(), 2 + 3);
        // Its tools are remembered for a minute.
        world.toolbox(definition(&stub)).await;
        assert_eq!(stub.requests().len(), 5);
        world.pass_seconds(61);
        world.toolbox(definition(&stub)).await;
        assert_eq!(stub.requests().len(), 7);
    }

    async fn a_server_with_sessions_is_greeted_first(store: TestStore) {
        let world = World::new(store);
        let stub = Stub::start(with_session).await;
        use_all(&world, &stub).await;
        let methods: Vec<String> = stub
            .requests()
            .iter()
            .map(|seen| serde_json::from_str::<Value>(&seen.body).unwrap()["method"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(methods[..4], ["tools/list", "initialize", "notifications/initialized", "tools/list"]);
    }

    async fn a_session_that_the_server_forgot_is_begun_anew(store: TestStore) {
        let world = World::new(store);
        let stub = Stub::start(|seen: &Seen| {
            let is_call = seen.body.contains("tools/call");
            let was_called = is_call && seen.before > 4;
            if is_call && !was_called { response("404 Not Found", "") } else { with_session(seen) }
        })
        .await;
        let toolbox = world.toolbox(definition(&stub)).await;
        let found = world.use_tool(&toolbox, "crm_find_customer", json!({ "name": "ada" })).await;
        assert_eq!(found, Ok(json!({ "id": "ada" })));
    }

    async fn a_server_that_makes_no_sense_is_left_out(store: TestStore) {
        let world = World::new(store);
        for (answer, code) in [
            (json_response(401, r#"{"error":{"message":"mcp-secret-42 is wrong"}}"#), "http_status"),
            (json_response(200, "[]"), "mcp_error"),
            (response("200 OK\r\ncontent-type: text/event-stream", "data: {\"id\":1}\n\n"), "mcp_error"),
            (response("200 OK\r\ncontent-type: text/html", "<html>"), "mcp_error"),
            (json_response(500, ""), "mcp_error"),
        ] {
            let shown = String::from_utf8_lossy(&answer).into_owned();
            let stub = Stub::answering(answer).await;
            let toolbox = world.toolbox(definition(&stub)).await;
            let fault = &toolbox.problems[0].fault;
            assert_eq!(fault.code, code, "{shown}: {fault}");
            assert!(!fault.message.contains("mcp-secret-42"), "{fault}");
        }
    }
}

//! Tools in rounds: called with stable keys, told to the model, bounded.

use floe_agents::exchanges::Delta;
use floe_model::agents::envelope::Finish;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Stage, say, says};
use crate::stub::{Stub, json as json_response};

/// A tool that looks an order up at a server of the test.
pub(super) fn orders(stub: &Stub, more: Value) -> Value {
    let mut tool = json!({
        "type": "http", "name": "find_order", "description": "Finds an order", "url": stub.url("/orders/{id}"), "method": "GET",
        "headers": { "Authorization": "Bearer sk-live-0123456789" },
        "parameters": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
    });
    for (name, value) in more.as_object().unwrap() {
        tool[name] = value.clone();
    }
    json!([tool])
}

on_both! {
    async fn what_tools_give_is_told_to_the_model_and_shown(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, r#"{"state":"sent"}"#)).await;
        let agent = stage.agent(json!({ "tools": orders(&stub, json!({})) })).await;
        stage.server.script([
            Turn::Tools("I look.".to_owned(), vec![
                ("find_order".to_owned(), json!({ "id": "77" })), ("find_order".to_owned(), json!({ "id": 5 })),
                ("no_such_tool".to_owned(), json!({})),
            ]),
            say("It was sent."),
        ]);
        let (sink, mut heard) = mpsc::channel(64);
        let outcome = stage.ask_on(&stage.world.agents, says(agent, "t", "Where is 77?"), Some(sink)).await.unwrap();
        assert_eq!((outcome.code, outcome.text.as_str(), outcome.used_credits), (200, "It was sent.", 1_300));
        let calls = outcome.envelope["body"]["metadata"]["tool_calls"].as_object().unwrap().clone();
        let calls: Vec<&Value> = calls.values().collect();
        assert_eq!((calls[0]["name"].as_str(), &calls[0]["result"], &calls[0]["status"]),
            (Some("find_order"), &json!({ "state": "sent" }), &json!("success")));
        assert!(calls[1]["error"].as_str().unwrap().starts_with("invalid_arguments"), "{calls:?}");
        assert!(calls[2]["error"].as_str().unwrap().starts_with("unknown_tool"), "{calls:?}");
        // Only the sound call went out, once, under a key that says which call it is.
        let seen = stub.requests();
        assert_eq!((seen.len(), seen[0].header("idempotency-key")), (1, format!("{}:1:1", outcome.exchange).as_str()));
        let history = outcome.envelope["body"]["conversation_history"].as_array().unwrap().clone();
        assert_eq!(history.len(), 4, "{history:?}");
        assert_eq!(history[1]["content"][0], json!({ "type": "text", "text": "I look." }));
        assert_eq!((&history[1]["content"][1]["type"], &history[1]["content"][1]["args"]), (&json!("tool-call"), &json!({ "id": "77" })));
        assert_eq!((&history[2]["role"], &history[2]["content"][0]["type"]), (&json!("tool"), &json!("tool-result")));
        assert!(history.iter().all(|one| one["id"].as_str().is_some_and(|id| id.starts_with("msg-"))));
        assert_eq!(stage.told().len(), 6, "{:?}", stage.told());
        assert_eq!(stage.trace(outcome.exchange).await, [
            "1 model m done", "1 tool find_order done", "1 tool find_order failed", "1 tool no_such_tool failed", "2 model m done",
        ]);
        assert_eq!(stage.activity(agent).await[1..],
            ["tool.called success", "tool.called error", "tool.called error", "chat.completed success"]);
        let mut kinds = Vec::new();
        while let Some(delta) = heard.recv().await {
            kinds.push(match delta {
                Delta::Text(_) => "text",
                Delta::ToolCall { .. } => "call",
                Delta::ToolResult { .. } => "result",
                Delta::Trace(trace) => {
                    assert!(!trace.to_string().contains("sk-live"), "{trace}");
                    continue;
                }
            });
        }
        kinds.dedup();
        assert_eq!(kinds, ["text", "call", "result", "text"]);
    }

    async fn rounds_are_bounded(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, "1")).await;
        let agent = stage.agent(json!({ "max_steps": 2, "tools": orders(&stub, json!({})) })).await;
        stage.server.script((0..5).map(|_| Turn::tool("find_order", json!({ "id": "1" }))));
        let outcome = stage.ask(says(agent, "t", "Loop")).await.unwrap();
        assert_eq!((outcome.finish, outcome.used_credits), (Some(Finish::MaxSteps), 1_200));
        assert_eq!((stage.server.unused(), stub.requests().len()), (3, 1));
        assert_eq!(outcome.envelope["body"]["metadata"]["finish_reason"], "max_steps");
        // The thread goes on, and no call in it stands without its result.
        stage.server.script([]);
        let said = stage.said(agent, "t").await;
        assert_eq!(said.len(), 4, "{said:?}");
    }

    async fn a_call_that_needs_an_approval_stops_the_exchange(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, r#"{"state":"refunded"}"#)).await;
        let agent = stage.agent(json!({ "tools": orders(&stub, json!({ "requires_approval": true })) })).await;
        stage.server.script([Turn::tool("find_order", json!({ "id": "9" }))]);
        let outcome = stage.ask(says(agent, "t", "Refund 9")).await.unwrap();
        assert_eq!((outcome.code, outcome.finish), (200, Some(Finish::Approval)));
        assert!(outcome.text.contains("find_order"), "{}", outcome.text);
        assert_eq!(stub.requests().len(), 0);
        // Meanwhile the model is told that it waits.
        stage.server.script([say("Still waiting.")]);
        stage.ask(says(agent, "t", "And?")).await.unwrap();
        assert!(stage.told().iter().any(|line| line.contains("waiting_for_approval")), "{:?}", stage.told());
    }
}

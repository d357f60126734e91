//! Agents that ask other agents.

use floe_agents::agents::{Expected, patch};
use floe_agents::exchanges::NewExchange;
use floe_agents::tools::DEPTH_MAX;
use floe_model::Mode;
use floe_model::agents::message::Message;
use floe_model::id::AgentId;
use floe_testkit::models::Turn;
use serde_json::{Value, json};

use crate::exchanges::Stage;
use crate::on_both;

fn says(agent: AgentId, text: &str) -> NewExchange {
    NewExchange::new(agent, vec![Message::user(text)])
}

async fn give_tools(stage: &Stage, agent: AgentId, tools: Value) {
    let ctx = stage.world.ctx(Mode::Test);
    let body = json!({ "tools": tools }).as_object().unwrap().clone();
    let write = move |tx: &mut floe_store::Tx<'_>| patch(tx, &ctx, agent, &body, Expected::default());
    stage.world.platform.store.write(write).await.unwrap();
}

on_both! {
    async fn another_agent_is_asked_in_a_conversation_of_its_own(store: TestStore) {
        let stage = Stage::open(store).await;
        let expert = stage.agent(json!({ "name": "Tax expert", "description": "Knows about taxes" })).await;
        let agent = stage.agent(json!({ "tools": [{ "type": "agent", "agent_id": expert.to_string() }] })).await;
        stage.server.script([
            Turn::tool("Tax_expert", json!({ "message": "How much is it?" })),
            Turn::say("It is 21 %."),
            Turn::say("The expert says 21 %."),
        ]);
        let outcome = stage.ask(says(agent, "What is the rate?")).await.unwrap();
        assert_eq!((outcome.code, outcome.text.as_str()), (200, "The expert says 21 %."));
        let calls = &outcome.envelope["body"]["metadata"]["tool_calls"];
        let call = calls.as_object().unwrap().values().next().unwrap();
        assert_eq!((&call["status"], &call["result"]["answer"]), (&json!("success"), &json!("It is 21 %.")), "{calls}");
        let thread = call["result"]["thread_id"].as_str().unwrap();
        assert_eq!(stage.said(expert, thread).await, ["user: \"How much is it?\"", "assistant: \"It is 21 %.\""]);
        assert_eq!(stage.activity(expert).await.last().map(String::as_str), Some("chat.completed success"));
    }

    async fn agents_that_ask_each_other_come_to_an_end(store: TestStore) {
        let stage = Stage::open(store).await;
        let asks = |agent: AgentId| json!([{ "type": "agent", "agent_id": agent.to_string(), "name": "again" }]);
        let other = stage.agent(json!({ "name": "Echo" })).await;
        let agent = stage.agent(json!({ "tools": asks(other) })).await;
        give_tools(&stage, other, asks(agent)).await;
        let levels = usize::from(DEPTH_MAX);
        let down = (0..levels).map(|_| Turn::tool("again", json!({ "message": "And you?" })));
        let up = (0..levels).map(|level| Turn::say(&format!("end {level}")));
        stage.server.script(down.chain(up).collect::<Vec<_>>());
        let outcome = stage.ask(says(agent, "Go on for ever")).await.unwrap();
        assert_eq!((outcome.code, outcome.text), (200, format!("end {}", levels - 1)));
        assert_eq!(stage.server.unused(), 0);
        let told = stage.server.seen();
        assert!(told.iter().any(|seen| seen.body["messages"].to_string().contains("unknown_tool")), "{told:?}");
    }
}

//! Rows of chats with agents and of their threads, on the agent API and on the console.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};

pub(super) fn all() -> Vec<Row> {
    public().into_iter().chain(console()).collect()
}

fn public() -> Vec<Row> {
    use Thing::{Agent, Thread};
    let rated: fn(&Value) -> Value = |thing| json!({ "message_id": thing["message_id"], "rating": "up" });
    vec![
        row("POST", "/api/public/agent/{agent_id}/chat", Agent)
            .body(|_| json!({ "messages": "Hello", "thread_id": "walk" }))
            .other(|_| json!({ "messages": "Hello you", "thread_id": "walk" }))
            .told_elsewhere(&["messages", "thread_id", "callback_url", "stream", "metadata"]),
        row("GET", "/api/public/agent/{agent_id}/threads", Thread).lists(Thread),
        row("GET", "/api/public/agent/{agent_id}/threads/{thread_id}", Thread).fixed("it shows messages, not rows"),
        row("DELETE", "/api/public/agent/{agent_id}/threads/{thread_id}", Thread),
        row("POST", "/api/public/agent/{agent_id}/threads/{thread_id}/handoff", Thread)
            .body(|_| json!({ "note": "please" }))
            .other(|_| json!({ "note": "soon" })),
        row("POST", "/api/public/agent/{agent_id}/threads/{thread_id}/release", Thread)
            .body(|_| json!({}))
            .other(|_| json!({ "note": "done" })),
        row("POST", "/api/public/agent/{agent_id}/threads/{thread_id}/messages", Thread)
            .body(|_| json!({ "content": "I am here" }))
            .other(|_| json!({ "content": "I am there" })),
        row("POST", "/api/public/agent/{agent_id}/threads/{thread_id}/feedback", Thread)
            .body(rated)
            .other(|thing| json!({ "message_id": thing["message_id"], "rating": "down" })),
        row("POST", "/api/public/agent/{agent_id}/deliveries/{id}/retry", Agent)
            .cannot_succeed("needs a callback that was given up; see agents_chat/background.rs"),
    ]
}

fn console() -> Vec<Row> {
    use Thing::{Agent, None, Thread};
    vec![
        row("POST", "/console/v1/agents/{id}/chat", Agent)
            .body(|_| json!({ "messages": "Hello" }))
            .other(|_| json!({ "messages": "Hello you" })),
        row("GET", "/console/v1/threads", None).lists(Thread),
        row("GET", "/console/v1/threads/{id}", Thread),
        row("DELETE", "/console/v1/threads/{id}", Thread),
        row("GET", "/console/v1/threads/{id}/messages", Thread),
        row("POST", "/console/v1/threads/{id}/messages", Thread)
            .body(|_| json!({ "content": "I am here" }))
            .other(|_| json!({ "content": "I am there" })),
        row("POST", "/console/v1/threads/{id}/handoff", Thread)
            .body(|_| json!({ "note": "please" }))
            .other(|_| json!({ "note": "soon" })),
        row("POST", "/console/v1/threads/{id}/release", Thread),
        row("POST", "/console/v1/threads/{id}/archive", Thread),
        row("POST", "/console/v1/threads/{id}/unarchive", Thread),
        row("POST", "/console/v1/threads/{id}/feedback", Thread)
            .body(|thing| json!({ "message_id": thing["message_id"], "rating": "up" }))
            .other(|thing| json!({ "message_id": thing["message_id"], "rating": "down" })),
    ]
}

/// A thread in the hands of a person, with a message of the agent and one of the person.
pub async fn make(world: &World, side: &Side) -> Value {
    // In live mode the built-in models answer only where the workspace lets them.
    let allowed = json!({ "offline_models": "always" });
    let patched = world.app.patch("/console/v1/workspace").bearer(&side.session).json(&allowed).send().await;
    assert_eq!(patched.status, 200, "{patched:?}");
    let agents = world.get(side, "/console/v1/agents?q=threads").await;
    let agent = match agents["data"][0]["id"].as_str() {
        Some(id) => id.to_owned(),
        None => {
            let new = json!({ "name": "Threads", "instructions": "Help.", "model": "mock" });
            let made = world.post(side, "/console/v1/agents", new).await;
            made.json["id"].as_str().expect("an id").to_owned()
        }
    };
    let path = format!("/api/public/agent/{agent}/chat");
    let hello = json!({ "messages": "Hello" });
    let told = world.app.post(&path).bearer(&side.agents_key).json(&hello).send().await;
    assert_eq!(told.json["statusCode"], 200, "{told:?}");
    let thread = told.json["body"]["metadata"]["thread_id"].clone();
    let path = format!("/console/v1/threads/{}", thread.as_str().expect("an id"));
    assert_eq!(world.post(side, &format!("{path}/handoff"), json!({})).await.status, 200);
    assert_eq!(world.post(side, &format!("{path}/messages"), json!({ "content": "Hi" })).await.status, 201);
    let messages = world.get(side, &format!("{path}/messages")).await;
    json!({ "id": thread, "thread_id": thread, "agent_id": agent, "message_id": messages["data"][0]["id"] })
}

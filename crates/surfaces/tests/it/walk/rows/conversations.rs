//! Rows of agents, threads, messages, memories and knowledge bases on the workflow API.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Agent, Conversation, Conversations, KnowledgeBase, Memory, None, Said};
    vec![
        row("GET", "/v1/agents", None).lists(Agent),
        row("GET", "/v1/agents/{id}", Agent),
        row("GET", "/v1/agents/{id}/threads", Conversations).lists(Conversations),
        row("POST", "/v1/agents/{id}/threads", Agent)
            .body(|_| json!({ "title": "One", "metadata": { "user_id": "u" } }))
            .other(|_| json!({ "title": "Two" })),
        row("GET", "/v1/agents/{id}/memory", Memory).fixed("a memory has no id of its own; see workflows_agents.rs"),
        row("GET", "/v1/agents/{id}/memory/stats", Memory),
        row("POST", "/v1/agents/{id}/memory/search", Memory)
            .body(|_| json!({ "query": "Hello" }))
            .other(|_| json!({ "query": "Goodbye" })),
        row("GET", "/v1/agents/{id}/memory/{user_id}", Memory),
        row("PUT", "/v1/agents/{id}/memory/{user_id}", Memory)
            .body(|_| json!({ "working_memory": "Likes tea", "metadata": { "a": 1 } })),
        row("DELETE", "/v1/agents/{id}/memory/{user_id}", Memory),
        row("GET", "/v1/threads/{id}", Conversation),
        row("DELETE", "/v1/threads/{id}", Conversation),
        row("GET", "/v1/threads/{id}/messages", Said).lists(Said),
        row("POST", "/v1/threads/{id}/messages", Conversation)
            .body(|_| json!({ "content": "Hello" }))
            .other(|_| json!({ "content": "Hello you" })),
        row("GET", "/v1/threads/{id}/events", Conversation)
            .cannot_succeed("it stays open until there is a reply; see workflows_agents.rs"),
        row("GET", "/v1/knowledge-bases", None).lists(KnowledgeBase),
        row("GET", "/v1/knowledge-bases/{id}", KnowledgeBase),
        row("POST", "/v1/knowledge-bases/{id}/query", KnowledgeBase)
            .body(|_| json!({ "query": "Hello", "top_k": 3 }))
            .other(|_| json!({ "query": "Goodbye" })),
    ]
}

/// An agent of this name that answers with what it was told; made once.
async fn agent(world: &World, side: &Side, name: &str) -> String {
    // In live mode the built-in models answer only where the workspace lets them.
    let allowed = json!({ "offline_models": "always" });
    let patched = world.app.patch("/console/v1/workspace").bearer(&side.session).json(&allowed).send().await;
    assert_eq!(patched.status, 200, "{patched:?}");
    let known = world.get(side, &format!("/console/v1/agents?q={name}")).await;
    if let Some(id) = known["data"][0]["id"].as_str() {
        return id.to_owned();
    }
    let new = json!({ "name": name, "instructions": "Help.", "model": "mock" });
    let made = world.post(side, "/console/v1/agents", new).await;
    made.json["id"].as_str().expect("an id").to_owned()
}

async fn asked(world: &World, side: &Side, method: &str, path: &str, body: Value) -> Value {
    let answer = world.app.ask(method, path).bearer(&side.workflows_key).json(&body).send().await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.json["data"].clone()
}

async fn begin(world: &World, side: &Side, agent: &str) -> String {
    let made = asked(world, side, "POST", &format!("/v1/agents/{agent}/threads"), json!({})).await;
    made["id"].as_str().expect("an id").to_owned()
}

pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let name = match thing {
        Thing::Conversations => "conversations",
        Thing::Said => "sayings",
        _ => "helpful",
    };
    let agent = agent(world, side, name).await;
    if thing == Thing::Memory {
        let user = format!("u{}", world.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let path = format!("/v1/agents/{agent}/memory/{user}");
        asked(world, side, "PUT", &path, json!({ "working_memory": "Likes coffee" })).await;
        return json!({ "id": agent, "user_id": user });
    }
    let threads = world.app.get(&format!("/v1/agents/{agent}/threads")).bearer(&side.workflows_key).send().await;
    let thread = match threads.json["data"][0]["id"].as_str().filter(|_| thing == Thing::Said) {
        Some(id) => id.to_owned(),
        None => begin(world, side, &agent).await,
    };
    asked(world, side, "POST", &format!("/v1/threads/{thread}/messages"), json!({ "content": "Hello" })).await;
    json!({ "id": if thing == Thing::Conversations { agent } else { thread } })
}

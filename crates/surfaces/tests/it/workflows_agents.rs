//! Agents, threads, messages, memories and knowledge on the workflow API.

use std::time::Duration;

use floe_agents::exchanges::Keeper;
use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::Answer;
use crate::knowledge_search::{base, document};
use crate::workflows::{World, code, greeter, text};

/// One message of a stream: event, id, data.
type Told = (String, String, Value);

fn told(text: &str) -> Vec<Told> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim_start_matches(' ').to_owned()
    };
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event:"));
    blocks
        .map(|block| {
            (field(block, "event:"), field(block, "id:"), serde_json::from_str(&field(block, "data:")).expect("JSON"))
        })
        .collect()
}

fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|(kind, ..)| kind.as_str()).collect()
}

fn tokens(told: &[Told]) -> String {
    told.iter().filter(|(kind, ..)| kind == "message:token").map(|(.., data)| text(&data["token"])).collect()
}

impl World {
    /// An agent that repeats what it is told; the built-in models answer in both modes.
    async fn helper(&self, more: Value) -> String {
        let allowed = json!({ "offline_models": "always" });
        assert_eq!(self.console("PATCH", "/console/v1/workspace", Some(&allowed)).await.status, 200);
        let mut body = json!({ "name": "Desk helper", "system_prompt": "Be brief.", "model": "mock" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = self.console("POST", "/console/v1/agents", Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        text(&made.json["id"])
    }

    async fn thread(&self, agent: &str, body: Value) -> String {
        let made = self.post(&format!("/v1/agents/{agent}/threads"), &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.header("location"), format!("/v1/threads/{}", text(&made.json["data"]["id"])));
        text(&made.json["data"]["id"])
    }

    async fn say(&self, thread: &str, body: Value) -> Answer {
        self.post(&format!("/v1/threads/{thread}/messages"), &body).await
    }

    async fn data(&self, path: &str) -> Value {
        let answer = self.get(path).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"].clone()
    }

    /// Everything that a stream tells until it ends.
    async fn listen(&self, thread: &str, query: &str) -> Vec<Told> {
        let path = format!("/v1/threads/{thread}/events{query}");
        let answer = tokio::time::timeout(Duration::from_secs(20), self.get(&path).send()).await.expect("an end");
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"), "{answer:?}");
        assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-cache", "no"));
        let text = String::from_utf8(answer.bytes).expect("text");
        assert!(text.starts_with("retry: 3000\n\nevent: connected\n"), "{text}");
        told(&text)
    }
}

on_both! {
    async fn agents_are_shown_and_threads_with_them_made(store: TestStore) {
        let world = World::new(store).await;
        let tools = json!({ "tools": [{ "type": "builtin", "name": "calculator" }], "temperature": 0.2 });
        let agent = world.helper(tools).await;
        let list = world.get("/api/v1/agents").send().await;
        assert_eq!((list.json["pagination"]["total_count"].as_u64(), list.json["data"][0]["name"].as_str()), (Some(1), Some("Desk helper")));
        let shown = world.data(&format!("/v1/agents/{agent}")).await;
        assert!(text(&shown["id"]).starts_with("agent_"), "{shown}");
        assert_eq!(world.data(&format!("/v1/agents/{}", text(&shown["id"]))).await, shown, "either spelling");
        assert_eq!((&shown["model"], &shown["provider"], &shown["system_prompt"]), (&json!("mock"), &json!("builtin"), &json!("Be brief.")));
        assert_eq!((&shown["temperature"], &shown["max_tokens"]), (&json!(0.2), &json!(2048)));
        assert_eq!(shown["available_tools"][0], json!({ "id": "tool_1", "name": "calculator", "description": shown["available_tools"][0]["description"], "type": "builtin" }));
        let thread = world.thread(&agent, json!({ "title": "Order 7", "metadata": { "order": 7 } })).await;
        let found = world.data(&format!("/v1/threads/{thread}")).await;
        assert_eq!((&found["status"], &found["title"], &found["metadata"]), (&json!("active"), &json!("Order 7"), &json!({ "order": 7 })));
        assert_eq!((&found["agent_id"], &found["message_count"], &found["last_message_at"]), (&shown["id"], &json!(0), &Value::Null));
        assert_eq!(world.data(&format!("/v1/agents/{agent}/threads")).await, json!([found]));
        for (body, field) in [
            (json!({ "metadata": [1] }), "metadata"),
            (json!({ "metadata": { "x": "y".repeat(17_000) } }), "metadata"),
            (json!({ "title": 7 }), "title"),
        ] {
            let refused = world.post(&format!("/v1/agents/{agent}/threads"), &body).await;
            assert_eq!((code(&refused), &refused.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!(field)));
        }
        for (path, resource) in [
            ("/v1/agents/nobody".to_owned(), "Agent"),
            ("/v1/agents/agent_00000000000000000000000000".to_owned(), "Agent"),
            ("/v1/threads/none".to_owned(), "Thread"),
            ("/v1/threads/none/messages".to_owned(), "Thread"),
            (format!("/v1/agents/{agent}/memory/u"), "AgentMemory"),
            ("/v1/knowledge-bases/none".to_owned(), "KnowledgeBase"),
        ] {
            let missing = world.get(&path).send().await;
            assert_eq!((code(&missing), &missing.json["error"]["details"]["resource"]), ((404, "resource_not_found"), &json!(resource)), "{path}");
        }
        // A thread belongs to its mode.
        let of_test = world.app.get(&format!("/v1/threads/{thread}")).header("x-api-key", &world.test).send().await;
        assert_eq!(code(&of_test), (404, "resource_not_found"));
        let deleted = world.app.ask("DELETE", &format!("/v1/threads/{thread}")).header("x-api-key", &world.live).send().await;
        assert_eq!(deleted.json["data"], json!({ "id": thread, "deleted": true }));
        for path in ["", "/messages", "/events"] {
            let gone = world.get(&format!("/v1/threads/{thread}{path}")).send().await;
            assert_eq!(code(&gone), (404, "resource_not_found"), "{path}");
        }
        assert_eq!(code(&world.say(&thread, json!({ "content": "Hello" })).await), (404, "resource_not_found"));
    }

    async fn a_message_is_answered(store: TestStore) {
        let world = World::new(store).await;
        let agent = world.helper(json!({})).await;
        let thread = world.thread(&agent, json!({})).await;
        let answer = world.say(&thread, json!({ "content": "Where is my order?" })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let data = answer.json["data"].clone();
        assert_eq!((&data["status"], &data["role"], &data["content"]), (&json!("completed"), &json!("assistant"), &json!("[mock:mock] Where is my order?")));
        assert_eq!((&data["id"], &data["iterations"], &data["tool_calls"]), (&data["message_id"], &json!(1), &Value::Null));
        assert_eq!((&data["message"]["id"], &data["message"]["content"]), (&data["id"], &data["content"]));
        assert!(text(&data["execution_id"]).starts_with("exec_") && data["usage"]["total_tokens"].as_u64() > Some(0));
        // Its execution is found by the id, by whoever may see it.
        let execution = world.data(&format!("/v1/executions/{}", text(&data["execution_id"]))).await;
        assert_eq!((&execution["id"], &execution["status"], &execution["workflow_id"]), (&data["execution_id"], &json!("completed"), &Value::Null));
        assert_eq!((&execution["inputs"], &execution["outputs"]), (&json!({ "content": "Where is my order?" }), &json!({ "content": data["content"] })));
        assert_eq!((&execution["workflow_name"], &execution["error"], &execution["test"]), (&json!("Desk helper"), &Value::Null, &json!(false)));
        assert!(execution["completed_at"].is_string() && execution["duration_ms"].is_number(), "{execution}");
        let list = world.get(&format!("/v1/threads/{thread}/messages")).send().await;
        assert_eq!(list.json["pagination"]["total_count"], 2);
        let roles: Vec<&Value> = list.json["data"].as_array().expect("a list").iter().map(|one| &one["role"]).collect();
        assert_eq!(roles, ["user", "assistant"]);
        assert_eq!((&list.json["data"][1]["id"], &list.json["data"][1]["thread_id"]), (&data["id"], &json!(thread)));
        assert_eq!(world.data(&format!("/v1/threads/{thread}")).await["message_count"], 2);
        for (body, field) in [
            (json!({}), "content"),
            (json!({ "content": " \n" }), "content"),
            (json!({ "content": "x".repeat(100_001) }), "content"),
            (json!({ "content": 7 }), "content"),
            (json!({ "content": "x", "stream": "yes" }), "stream"),
            (json!({ "content": "x", "timeout": -1 }), "timeout"),
        ] {
            let refused = world.say(&thread, body).await;
            assert_eq!((code(&refused), &refused.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!(field)));
        }
        // The same call again is the same message.
        let again = |body: Value| {
            let path = format!("/v1/threads/{thread}/messages");
            let (world, key) = (&world, world.live.clone());
            async move { world.app.post(&path).header("x-api-key", &key).header("idempotency-key", "k").json(&body).send().await }
        };
        let (first, second) = (again(json!({ "content": "Once" })).await, again(json!({ "content": "Once" })).await);
        assert_eq!((first.status.as_u16(), &first.json["data"]["id"]), (200, &second.json["data"]["id"]));
        assert_eq!(code(&again(json!({ "content": "Other" })).await), (400, "validation_error"));
        assert_eq!(world.get(&format!("/v1/threads/{thread}/messages")).send().await.json["pagination"]["total_count"], 4);
        let scopes = json!({ "scopes": ["threads:write", "threads:read"] });
        let key = text(&world.new_key(scopes).await["key"]);
        let refused = world.app.post(&format!("/v1/threads/{thread}/messages")).header("x-api-key", &key).json(&json!({ "content": "x" })).send().await;
        assert_eq!((code(&refused), &refused.json["error"]["details"]["missing_scopes"]), ((403, "insufficient_scope"), &json!(["agents:execute"])));
        assert_eq!(world.console("POST", &format!("/console/v1/threads/{thread}/archive"), None).await.status, 200);
        assert_eq!(code(&world.say(&thread, json!({ "content": "Hello" })).await), (400, "validation_error"));
        assert_eq!(world.data(&format!("/v1/threads/{thread}")).await["status"], "archived");
    }

    async fn a_reply_that_fails_is_told_and_can_be_asked_for_again(store: TestStore) {
        let world = World::new(store).await;
        let agent = world.helper(json!({})).await;
        let thread = world.thread(&agent, json!({})).await;
        let never = json!({ "offline_models": "never" });
        assert_eq!(world.console("PATCH", "/console/v1/workspace", Some(&never)).await.status, 200);
        let failed = world.say(&thread, json!({ "content": "Hello" })).await;
        assert_eq!(code(&failed), (500, "execution_failed"), "{failed:?}");
        let execution = text(&failed.json["error"]["details"]["execution_id"]);
        let execution = world.data(&format!("/v1/executions/{execution}")).await;
        assert_eq!((&execution["status"], &execution["outputs"]), (&json!("failed"), &Value::Null), "{execution}");
        assert_eq!((&execution["error"]["code"], &execution["error"]["message"]), (&json!("execution_failed"), &execution["error_message"]));
        let streamed = world.say(&thread, json!({ "content": "Hello", "stream": true })).await;
        assert_eq!(streamed.status, 202, "{streamed:?}");
        assert_eq!(kinds(&world.listen(&thread, "").await), ["connected", "message:started", "message:failed"]);
        let always = json!({ "offline_models": "always" });
        assert_eq!(world.console("PATCH", "/console/v1/workspace", Some(&always)).await.status, 200);
        assert_eq!(world.say(&thread, json!({ "content": "Hello" })).await.status, 200);
        let list = world.data(&format!("/v1/threads/{thread}/messages")).await;
        assert_eq!(list.as_array().map(Vec::len), Some(2), "the message is stored once: {list}");
    }

    async fn a_reply_is_followed_from_before_and_after(store: TestStore) {
        let world = World::new(store).await;
        let keeper = Keeper::start(&world.app.app.agents, true);
        let agent = world.helper(json!({})).await;
        let thread = world.thread(&agent, json!({})).await;
        // Posted first, followed second.
        let posted = world.say(&thread, json!({ "content": "one two three", "stream": true })).await;
        assert_eq!((posted.status.as_u16(), &posted.json["data"]["status"]), (202, &json!("processing")));
        let data = posted.json["data"].clone();
        let whole = world.listen(&thread, "").await;
        assert_eq!(kinds(&whole)[..2], ["connected", "message:started"]);
        assert_eq!((whole[0].2["status"].as_str(), whole[0].1.as_str()), (Some("processing"), ""));
        assert_eq!(whole[1].2["execution_id"], data["execution_id"]);
        for (at, (kind, id, event)) in whole.iter().enumerate().skip(1) {
            assert_eq!((&event["type"], &event["message_id"], &event["thread_id"]), (&json!(kind), &data["message_id"], &json!(thread)));
            assert_eq!(*id, format!("{}-{at}", text(&data["message_id"])));
        }
        let (kind, _, last) = whole.last().expect("an end");
        assert_eq!((kind.as_str(), &last["content"]), ("message:completed", &json!("[mock:mock] one two three")));
        assert_eq!(tokens(&whole), "[mock:mock] one two three");
        assert!(last["usage"]["total_tokens"].as_u64() > Some(0));
        // Its end was seen; whoever had less goes on from there.
        let named = |told: &[(String, String, Value)]| told.iter().map(|(kind, id, _)| (kind.clone(), id.clone())).collect::<Vec<_>>();
        for at in [3, whole.len() - 2] {
            let rest = world.listen(&thread, &format!("?last_event_id={}", whole[at].1)).await;
            assert_eq!(named(&rest[1..]), named(&whole[at + 1..]));
        }
        // Followed first, posted second: it waits.
        let (live, posted) = tokio::join!(world.listen(&thread, ""), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            world.say(&thread, json!({ "content": "four", "stream": true })).await
        });
        assert_eq!((live[0].2["status"].as_str(), posted.status.as_u16()), (Some("idle"), 202));
        assert_eq!(tokens(&live), "[mock:mock] four");
        // The post itself is the stream.
        let path = format!("/v1/threads/{thread}/messages");
        let body = json!({ "content": "five six", "stream": true });
        let direct = world.app.post(&path).header("x-api-key", &world.live).header("accept", "text/event-stream").json(&body).send().await;
        assert_eq!((direct.status.as_u16(), direct.header("content-type")), (200, "text/event-stream"));
        let direct = told(&String::from_utf8(direct.bytes).expect("text"));
        assert_eq!((tokens(&direct).as_str(), kinds(&direct).last()), ("[mock:mock] five six", Some(&"message:completed")));
        // A key of the query opens a stream, and nothing else.
        let query = format!("?api_key={}", world.live);
        let posted = world.say(&thread, json!({ "content": "seven", "stream": true })).await;
        assert_eq!(posted.status, 202);
        let by_query = world.app.get(&format!("/v1/threads/{thread}/events{query}")).send().await;
        assert_eq!(by_query.status, 200);
        assert_eq!(code(&world.app.get(&format!("/v1/threads/{thread}{query}")).send().await), (401, "invalid_api_key"));
        keeper.stop().await;
    }

    async fn a_workflow_is_a_tool_of_an_agent(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let tool = json!({ "type": "workflow", "workflow_id": workflow, "description": "Greets somebody" });
        let agent = world.helper(json!({ "model": "offline", "tools": [tool] })).await;
        assert_eq!(world.data(&format!("/v1/agents/{agent}")).await["available_tools"][0]["type"], "workflow");
        let thread = world.thread(&agent, json!({})).await;
        let answer = world.say(&thread, json!({ "content": "Let the greeter say hello to \"Ada\"" })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let call = &answer.json["data"]["tool_calls"][0];
        assert_eq!((&call["name"], &call["arguments"], &call["result"]), (&json!("Greeter"), &json!({ "name": "Ada" }), &json!({ "text": "Hello Ada" })), "{answer:?}");
        assert_eq!((&answer.json["data"]["tool_calls_count"], &answer.json["data"]["iterations"]), (&json!(1), &json!(2)));
        let executions = world.data(&format!("/v1/executions?workflow_id={workflow}")).await;
        assert_eq!((executions.as_array().map(Vec::len), &executions[0]["status"]), (Some(1), &json!("completed")), "{executions}");
        let gone = json!({ "model": "offline", "tools": [{ "type": "workflow", "workflow_id": "wf_nothing" }] });
        let thread = world.thread(&world.helper(gone).await, json!({})).await;
        let answer = world.say(&thread, json!({ "content": "Let the greeter say hello" })).await;
        assert_eq!((answer.status.as_u16(), &answer.json["data"]["tool_calls"]), (200, &Value::Null), "{answer:?}");
    }

    async fn a_person_answers_in_the_place_of_the_agent(store: TestStore) {
        let world = World::new(store).await;
        let agent = world.helper(json!({})).await;
        let thread = world.thread(&agent, json!({})).await;
        let console = format!("/console/v1/threads/{thread}");
        assert_eq!(world.console("POST", &format!("{console}/handoff"), Some(&json!({}))).await.status, 200);
        let posted = world.say(&thread, json!({ "content": "A person, please" })).await;
        assert_eq!((posted.status.as_u16(), &posted.json["data"]["content"]), (202, &Value::Null), "{posted:?}");
        let (live, said) = tokio::join!(world.listen(&thread, ""), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            world.console("POST", &format!("{console}/messages"), Some(&json!({ "content": "Here I am" }))).await
        });
        assert_eq!(said.status, 201, "{said:?}");
        let (kind, _, last) = live.last().expect("an end");
        assert_eq!((kind.as_str(), &last["content"], &last["message_id"]), ("message:completed", &json!("Here I am"), &posted.json["data"]["message_id"]));
        let list = world.data(&format!("/v1/threads/{thread}/messages")).await;
        assert_eq!((&list[0]["role"], &list[1]["id"]), (&json!("user"), &posted.json["data"]["message_id"]));
    }

    async fn memories_are_written_and_searched(store: TestStore) {
        let world = World::new(store).await;
        let agent = world.helper(json!({})).await;
        let path = format!("/v1/agents/{agent}/memory");
        let put = |user: &str, body: Value| {
            let asking = world.app.ask("PUT", &format!("{path}/{user}")).header("x-api-key", &world.live);
            async move { asking.json(&body).send().await }
        };
        let first = put("ada", json!({ "working_memory": "Likes tea", "metadata": { "a": 1 } })).await;
        assert_eq!(first.status, 200, "{first:?}");
        let again = put("ada", json!({ "working_memory": "Likes coffee" })).await.json["data"].clone();
        assert_eq!((&again["working_memory"], &again["metadata"], &again["created_at"]), (&json!("Likes coffee"), &json!({}), &first.json["data"]["created_at"]));
        assert_eq!(put("eve%20b", json!({ "working_memory": "x" })).await.json["data"]["user_id"], "eve b");
        assert_eq!(world.data(&format!("{path}/ada")).await, again);
        let list = world.get(&path).send().await;
        assert_eq!((list.json["pagination"]["total_count"].as_u64(), &list.json["data"][0]["user_id"]), (Some(2), &json!("eve b")));
        for body in [json!({}), json!({ "working_memory": "" }), json!({ "working_memory": " " }), json!({ "working_memory": "x", "metadata": 1 })] {
            assert_eq!(code(&put("ada", body).await), (400, "validation_error"));
        }
        let thread = world.thread(&agent, json!({ "metadata": { "user_id": "ada" } })).await;
        world.say(&thread, json!({ "content": "The blue mug is broken" })).await;
        let other = world.thread(&agent, json!({})).await;
        world.say(&other, json!({ "content": "My blue mug is lost" })).await;
        let stats = world.data(&format!("{path}/stats")).await;
        assert_eq!((&stats["working_memory_count"], &stats["embedding_count"]), (&json!(2), &json!(4)));
        let search = |body: Value| { let path = format!("{path}/search"); let world = &world; async move { world.post(&path, &body).await } };
        let found = search(json!({ "query": "blue mug", "similarity_threshold": 0.3, "user_id": "ada" })).await.json["data"].clone();
        let results = found["results"].as_array().expect("a list");
        assert!(!results.is_empty() && results.iter().all(|one| text(&one["content"]).contains("broken")), "{found}");
        assert_eq!(found["result_count"], results.len());
        let all = search(json!({ "query": "blue mug", "similarity_threshold": 0.3 })).await;
        assert!(all.json["data"]["result_count"].as_u64() > Some(2), "{all:?}");
        for body in [json!({}), json!({ "query": "x", "top_k": 51 }), json!({ "query": "x", "top_k": 0 }), json!({ "query": "x", "similarity_threshold": 2 })] {
            assert_eq!(code(&search(body).await), (400, "validation_error"));
        }
        let delete = || world.app.ask("DELETE", &format!("{path}/ada")).header("x-api-key", &world.live).send();
        assert_eq!(delete().await.json["data"]["deleted"], true);
        assert_eq!(code(&delete().await), (404, "resource_not_found"));
        // Memories belong to their mode.
        let of_test = world.app.get(&format!("{path}/eve%20b")).header("x-api-key", &world.test).send().await;
        assert_eq!(code(&of_test), (404, "resource_not_found"));
    }

    async fn knowledge_is_queried(store: TestStore) {
        let world = World::new(store).await;
        let id = base(&world.app, &world.session, "Handbook").await;
        document(&world.app, &world.session, &id, 7, &["We are open on Sunday from ten to four.", "Returns within 30 days.", "Bananas."]).await;
        let shown = world.data(&format!("/v1/knowledge-bases/{id}")).await;
        assert_eq!((&shown["name"], &shown["chunk_size"], &shown["chunk_overlap"], &shown["chunk_count"]), (&json!("Handbook"), &json!(1000), &json!(200), &json!(3)));
        assert_eq!(world.data("/v1/knowledge-bases").await, json!([shown]));
        let query = |body: Value| { let path = format!("/v1/knowledge-bases/{id}/query"); let world = &world; async move { world.post(&path, &body).await } };
        let found = query(json!({ "query": "open on Sunday", "top_k": null })).await;
        assert_eq!((found.status.as_u16(), &found.json["data"]["top_k"]), (200, &json!(5)), "{found:?}");
        let first = &found.json["data"]["results"][0];
        assert!(text(&first["content"]).contains("Sunday"), "{found:?}");
        assert_eq!((&first["id"], &first["score"], &first["document_name"]), (&first["chunk_id"], &first["similarity"], &json!("handbook.md")));
        let scores: Vec<f64> = found.json["data"]["results"].as_array().expect("a list").iter().filter_map(|one| one["score"].as_f64()).collect();
        assert!(scores.is_sorted_by(|one, other| one >= other) && scores.iter().all(|score| (0.0..=1.0).contains(score)));
        assert_eq!(query(json!({ "query": "x", "top_k": 99 })).await.json["data"]["top_k"], 20);
        let near = query(json!({ "query": "open on Sunday", "similarity_threshold": 0.3 })).await;
        assert_eq!(near.json["data"]["results"].as_array().map(Vec::len), Some(1));
        let page = query(json!({ "query": "Returns", "filter": { "page": 2 } })).await;
        assert_eq!(page.json["data"]["results"].as_array().map(Vec::len), Some(1));
        for (body, field) in [
            (json!({}), "query"),
            (json!({ "query": "" }), "query"),
            (json!({ "query": "x", "top_k": 0 }), "top_k"),
            (json!({ "query": "x", "top_k": 1.5 }), "top_k"),
            (json!({ "query": "x", "threshold": 1.1 }), "threshold"),
            (json!({ "query": "x", "filter": [] }), "filter"),
        ] {
            let refused = query(body).await;
            assert_eq!((code(&refused), &refused.json["error"]["details"]["errors"][0]["field"]), ((400, "validation_error"), &json!(field)));
        }
    }
}

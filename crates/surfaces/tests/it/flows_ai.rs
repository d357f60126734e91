//! Models, agents, knowledge and tools as steps of flows, and editing with a model's help (Flow API contract, sections 6.5 and 11).

use floe_testkit::models::{ModelServer, Turn};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::Answer;
use crate::flows::refused;
use crate::flows_runs::{World, echo, steps};
use crate::hooks;

/// A world with a scripted model, which is the default one.
struct Scripted {
    world: World,
    server: ModelServer,
}

impl Scripted {
    async fn new(store: TestStore) -> Self {
        let world = World::new(store).await;
        let opening = 1_000 * floe_model::access::credits::MILLI;
        world.app.app.access.set_credit_openings(opening, opening).await.expect("openings");
        let server = ModelServer::start().await;
        let port = server.authority().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        hooks::lead_to(port);
        let provider = json!({ "name": "scripted", "kind": "openai_compatible", "base_url": format!("{}/v1", hooks::base_url()), "api_key": "sk-x" });
        let provider = made(world.post("/console/v1/model-providers", provider).await);
        let model = json!({
            "name": "small", "provider_id": provider["id"], "upstream_model": "small", "kind": "chat",
            "context_tokens": 8_000, "max_output_tokens": 1_000, "is_default": true,
        });
        made(world.post("/console/v1/models", model).await);
        Self { world, server }
    }

    /// A flow of one step; its output is the step's result.
    async fn flow(&self, kind: &str, data: Value) -> String {
        let step = json!({ "type": kind, "data": data, "output": "got" });
        self.world.flow(kind, steps(step, json!({ "got": "{{ got }}" }))).await
    }

    async fn run(&self, kind: &str, data: Value) -> Answer {
        let flow = self.flow(kind, data).await;
        self.world.execute(&flow, json!({ "topic": "bees" })).await
    }

    async fn balance(&self) -> f64 {
        let credits = self.world.get("/console/v1/credits").await;
        credits.json["live"]["balance"].as_f64().unwrap_or_else(|| panic!("{credits:?}"))
    }
}

fn made(answer: Answer) -> Value {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json
}

/// The result of the step of a run that completed.
fn got(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    &answer.json["got"]
}

/// Code of the error of a run that failed.
fn failed(answer: &Answer) -> &str {
    answer.json["error"]["details"]["code"].as_str().unwrap_or_else(|| panic!("{answer:?}"))
}

on_both! {
    async fn a_model_is_asked_and_paid_once(store: TestStore) {
        let scripted = Scripted::new(store).await;
        let before = scripted.balance().await;
        scripted.server.script([Turn::say("They fly.")]);
        let answer = scripted.run("ask-to-llm", json!({ "prompt": "Tell of {{ topic }}", "systemPrompt": "Be brief" })).await;
        let said = got(&answer);
        assert_eq!(
            (&said["response"], &said["output"], &said["modelId"], &said["finishReason"]),
            (&json!("They fly."), &json!(null), &json!("small"), &json!("stop"))
        );
        assert!(said["usage"]["inputTokens"].as_i64().is_some_and(|tokens| tokens > 0), "{said}");
        let seen = scripted.server.seen();
        let asked = seen.last().expect("a call").body.to_string();
        assert!(asked.contains("Tell of bees") && asked.contains("Be brief"), "{asked}");
        assert!((before - scripted.balance().await - 1.0).abs() < 1e-9);
    }

    async fn a_structured_answer_is_checked_and_repaired_once(store: TestStore) {
        let scripted = Scripted::new(store).await;
        let data = json!({ "prompt": "?", "responseFormat": "json",
            "responseSchema": { "type": "object", "properties": { "n": { "type": "number" } }, "required": ["n"] } });
        scripted.server.script([Turn::say("n is three"), Turn::say("```json\n{\"n\": 3}\n```")]);
        let answer = scripted.run("ask-to-llm", data.clone()).await;
        assert_eq!(got(&answer)["output"], json!({ "n": 3 }));
        scripted.server.script([Turn::say("{\"n\": \"3\"}"), Turn::say("sorry")]);
        let answer = scripted.run("ask-to-llm", data).await;
        assert_eq!(failed(&answer), "schema_mismatch");
        let fields = json!([{ "key": "name", "type": "text", "required": true }, { "key": "age", "type": "number" }]);
        scripted.server.script([Turn::say("{\"name\": \"Ada\", \"age\": null}")]);
        let answer = scripted.run("extract-data", json!({ "text": "Ada was here", "fields": fields })).await;
        assert_eq!((&got(&answer)["data"], &got(&answer)["modelId"]), (&json!({ "name": "Ada", "age": null }), &json!("small")));
    }
}

#[tokio::test]
async fn failures_of_models_have_the_codes_of_flows() {
    for (status, code) in
        [(429, "model_rate_limited"), (500, "model_error"), (400, "model_error"), (401, "model_error")]
    {
        let scripted = Scripted::new(TestStore::quick().await).await;
        scripted.server.script(vec![Turn::status(status); 20]);
        let before = scripted.balance().await;
        let step = json!({ "type": "ask-to-llm", "timeoutMs": 2_000, "data": { "prompt": "?" } });
        let flow = scripted.world.flow("Ask", steps(step, json!({}))).await;
        let answer = scripted.world.execute(&flow, json!({})).await;
        assert_eq!((failed(&answer), scripted.balance().await), (code, before), "{status}: {answer:?}");
    }
}

#[tokio::test]
async fn an_agent_and_a_flow_that_call_each_other_come_to_an_end() {
    let scripted = Scripted::new(TestStore::quick().await).await;
    let new = json!({ "name": "Shop", "instructions": "Ask.", "max_steps": 2 });
    let agent = made(scripted.world.post("/console/v1/agents", new).await);
    let data = json!({ "peerId": agent["id"], "message": "Go on" });
    let flow = scripted.flow("ask-peer", data).await;
    let path = format!("/console/v1/agents/{}", agent["id"].as_str().expect("an id"));
    let change = json!({ "tools": [{ "type": "flow", "flow_id": flow, "name": "again" }] });
    let changed = scripted.world.app.patch(&path).bearer(&scripted.world.session).json(&change).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    // Each agent asks the flow in both of its rounds, and each flow asks the agent.
    scripted.server.script(vec![Turn::tool("again", json!({ "topic": "bees" })); 100]);
    let answer = scripted.world.execute(&flow, json!({ "topic": "bees" })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let asked = scripted.server.seen().len();
    assert!((4..=10).contains(&asked), "asked {asked} times");
}

#[tokio::test]
async fn an_agent_is_asked_in_a_thread() {
    let scripted = Scripted::new(TestStore::quick().await).await;
    let agent =
        made(scripted.world.post("/console/v1/agents", json!({ "name": "Shop", "instructions": "Be kind." })).await);
    let before = scripted.balance().await;
    scripted.server.script([Turn::say("We open at nine."), Turn::say("At five.")]);
    let data = json!({ "peerId": agent["id"], "message": "Hours of {{ topic }}?", "threadId": "flow-1", "inputs": { "day": "Monday" } });
    let answer = scripted.run("ask-peer", data.clone()).await;
    let said = got(&answer);
    assert_eq!(
        (&said["response"], &said["threadId"], &said["toolCalls"]),
        (&json!("We open at nine."), &json!("flow-1"), &json!({}))
    );
    assert_eq!(got(&scripted.run("ask-peer", data).await)["response"], "At five.");
    let asked = scripted.server.seen().last().expect("a call").body.to_string();
    assert!(asked.contains("We open at nine.") && asked.contains("day: Monday"), "the agent remembers: {asked}");
    assert!((before - scripted.balance().await - 2.0).abs() < 1e-9);

    let gone = scripted.world.app.delete(&format!("/console/v1/agents/{}", agent["id"].as_str().expect("an id")));
    let flow = scripted.flow("ask-peer", json!({ "peerId": agent["id"], "message": "?" })).await;
    assert_eq!(gone.bearer(&scripted.world.session).send().await.status, 204);
    assert_eq!(failed(&scripted.world.execute(&flow, json!({})).await), "agent_not_found");
}

#[tokio::test]
async fn what_a_flow_names_is_looked_up_when_it_is_published() {
    let world = World::new(TestStore::quick().await).await;
    let nobody = "018f2d6e-0000-7000-8000-000000000001";
    for (kind, data, path) in [
        ("ask-to-llm", json!({ "prompt": "?", "modelId": "nothing" }), "modelId"),
        ("ask-to-llm", json!({ "prompt": "?", "fallbackModelIds": ["mock", "nothing"] }), "fallbackModelIds/1"),
        ("extract-data", json!({ "text": "?", "fields": ["a"], "modelId": "nothing" }), "modelId"),
        ("ask-peer", json!({ "peerId": nobody, "message": "?" }), "peerId"),
        ("knowledge-search", json!({ "knowledgeBaseId": nobody, "query": "?" }), "knowledgeBaseId"),
        ("tool-action", json!({ "toolId": "nothing", "action": "request" }), "toolId"),
    ] {
        let draft = world.draft(kind, steps(json!({ "type": kind, "data": data }), json!({}))).await;
        let published = world.post(&format!("/v1/flow/{draft}/publish"), json!({})).await;
        assert_eq!(refused(&published), (422, "invalid_definition".to_owned()), "{kind}: {published:?}");
        let problem = &published.json["error"]["details"]["problems"][0];
        assert_eq!(
            (&problem["code"], &problem["path"]),
            (&json!("unknown_reference"), &json!(format!("/steps/1/data/{path}")))
        );
    }
    // What a template gives is known when the flow runs, and the built-in models are there.
    for data in [
        json!({ "prompt": "?", "modelId": "{{ topic }}" }),
        json!({ "prompt": "?", "modelId": "default", "fallbackModelIds": ["mock"] }),
    ] {
        world.flow("fine", steps(json!({ "type": "ask-to-llm", "data": data }), json!({}))).await;
    }
}

#[tokio::test]
async fn choices_name_what_other_slices_hold() {
    let scripted = Scripted::new(TestStore::quick().await).await;
    let world = &scripted.world;
    let agent = made(world.post("/console/v1/agents", json!({ "name": "Shop", "instructions": "Be kind." })).await);
    let connection = json!({ "name": "CRM", "provider": "http", "type": "bearer", "config": { "base_url": "https://crm.example" }, "secret": "token" });
    made(world.post("/console/v1/connections", connection).await);
    let items = |kind: &str, field: &str, data: Value| {
        let body = json!({ "stepType": kind, "field": field, "data": data });
        async move {
            let answer = world.post("/v1/flow/step-field-items", body).await;
            let list = answer.json["items"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone();
            list.into_iter()
                .map(|item| (item["label"].as_str().expect("a label").to_owned(), item["value"].clone()))
                .collect::<Vec<_>>()
        }
    };
    let models = items("ask-to-llm", "modelId", json!({})).await;
    assert!(models.iter().any(|(label, _)| label == "small") && models[0].1 == "default", "{models:?}");
    assert_eq!(items("ask-peer", "peerId", json!({})).await, [("Shop".to_owned(), agent["id"].clone())]);
    assert_eq!(items("tool-action", "toolId", json!({})).await[0].0, "CRM");
    assert_eq!(
        items("tool-action", "action", json!({ "toolId": "CRM" })).await,
        [("request".to_owned(), json!("request"))]
    );
    let shown = world.get("/v1/flow/preferences").await;
    assert!(
        shown.json["models"].as_array().is_some_and(|models| models.iter().any(|model| model["id"] == "small")),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_connection_is_called_with_its_secret_and_without_telling_it() {
    let world = World::new(TestStore::quick().await).await;
    let received = hooks::receive().await;
    let config = json!({ "base_url": hooks::base_url() });
    let connection = json!({ "name": "Hook", "provider": "http", "type": "bearer", "config": config, "secret": "a-long-secret-token" });
    made(world.post("/console/v1/connections", connection).await);
    let flow = |args: Value| {
        let step = json!({ "type": "tool-action", "data": { "toolId": "Hook", "action": "request", "args": args }, "output": "got" });
        steps(step, json!({ "got": "{{ got.result.status }}" }))
    };
    let good =
        world.flow("Good", flow(json!({ "method": "POST", "path": "/200", "body": { "topic": "{{ topic }}" } }))).await;
    assert_eq!(world.execute(&good, json!({ "topic": "bees" })).await.json["got"], 200);
    {
        let list = received.lock().expect("the list");
        assert_eq!(
            (list[0].0["authorization"].to_str().ok(), list[0].1.as_str()),
            (Some("Bearer a-long-secret-token"), r#"{"topic":"bees"}"#)
        );
        assert!(list[0].0.contains_key("idempotency-key"));
    }
    for (args, code) in [
        (json!({ "path": "/404" }), "tool_error"),
        (json!({ "path": "../x" }), "bad_value"),
        (json!({ "path": "/503" }), "tool_error"),
    ] {
        let flow = world.flow("Bad", flow(args)).await;
        assert_eq!(failed(&world.execute(&flow, json!({})).await), code);
    }
}

#[tokio::test]
async fn a_proposal_is_parsed_checked_repaired_and_compared() {
    let scripted = Scripted::new(TestStore::quick().await).await;
    let world = &scripted.world;
    let id = world.draft("Echo", echo()).await;
    let path = format!("/v1/flow/{id}/enhance");
    let mut better = json!({ "steps": echo() });
    better["steps"][1]["data"]["value"] = json!("{{ topic }}!");
    let answer = json!({ "summary": "Louder", "definition": better }).to_string();
    let broken = json!({ "definition": { "steps": [{ "id": "a", "type": "nothing" }] } }).to_string();

    scripted.server.script([Turn::say("Of course!"), Turn::Say(broken.clone()), Turn::Say(answer.clone())]);
    let proposed = world.post(&path, json!({ "prompt": "Make it loud" })).await;
    assert_eq!(
        (proposed.status.as_u16(), &proposed.json["valid"], &proposed.json["applied"]),
        (200, &json!(true), &json!(false)),
        "{proposed:?}"
    );
    assert_eq!(
        proposed.json["changes"],
        json!([{ "op": "update", "stepId": "it", "before": "{{ topic }}", "after": "{{ topic }}!" }])
    );
    assert_eq!(
        (&proposed.json["summary"], &proposed.json["name"], &proposed.json["usage"]["credits"]),
        (&json!("Louder"), &json!("Echo"), &json!(3))
    );

    let revision = world.get(&format!("/v1/flow/{id}")).await.json["revision"].clone();
    assert_eq!(proposed.json["revision"], revision);
    let stale = world.post(&path, json!({ "prompt": "x", "apply": true, "baseRevision": 0 })).await;
    assert_eq!(refused(&stale), (409, "conflict".to_owned()));
    scripted.server.script([Turn::Say(answer)]);
    let applied = world.post(&path, json!({ "prompt": "Make it loud", "apply": true, "baseRevision": revision })).await;
    assert_eq!((&applied.json["applied"], &applied.json["version"]), (&json!(true), &json!(1)), "{applied:?}");
    assert!(applied.json["revision"].as_i64() > revision.as_i64());

    // Errors that stay are shown and never stored; a text that is no definition at all is refused.
    scripted.server.script(vec![Turn::Say(broken); 3]);
    let wrong = world.post(&path, json!({ "prompt": "x", "apply": true })).await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json["valid"], &wrong.json["applied"]),
        (200, &json!(false), &json!(false)),
        "{wrong:?}"
    );
    scripted.server.script(vec![Turn::say("No."); 3]);
    let unusable = world.post("/v1/flow/enhance", json!({ "prompt": "x" })).await;
    assert_eq!((refused(&unusable), scripted.server.unused()), ((422, "invalid_definition".to_owned()), 0));
    let unknown = world.post(&path, json!({ "prompt": "x", "stepIds": ["nobody"] })).await;
    assert_eq!(refused(&unknown), (400, "validation_error".to_owned()));
    let unknown = world.post(&path, json!({ "prompt": "x", "modelId": "nobody" })).await;
    assert_eq!(refused(&unknown), (400, "validation_error".to_owned()));
}

#[tokio::test]
async fn who_follows_a_run_reads_the_model_while_it_speaks() {
    let scripted = Scripted::new(TestStore::quick().await).await;
    let world = &scripted.world;
    let flow = json!([
        { "id": "start", "type": "api", "nextStepId": "may" },
        { "id": "may", "type": "user-approval", "data": { "message": "Ask?" }, "nextStepId": "ask" },
        { "id": "ask", "type": "ask-to-llm", "data": { "prompt": "?" }, "output": "got", "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "said": "{{ got.response }}" } } },
    ]);
    let run = world.waiting_run(&world.flow("Speak", flow).await, json!({})).await;
    scripted.server.script([Turn::Slowly(20, "one two three four".to_owned())]);
    let follow = world.app.get(&format!("/v1/flowrun/stream/{run}")).bearer(&world.key).send();
    let answer = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        world.resume(&run, json!({ "decision": "approve" })).await
    };
    let (told, answered) = tokio::join!(follow, answer);
    assert_eq!(answered.status, 200, "{answered:?}");
    let text = String::from_utf8_lossy(&told.bytes).into_owned();
    let pieces: Vec<Value> = text
        .split("\n\n")
        .filter_map(|block| block.strip_prefix("event: delta\ndata: "))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    let said: String = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
    assert_eq!((said.as_str(), pieces[0]["stepId"].as_str()), ("one two three four", Some("ask")), "{text}");
    assert!(pieces.len() > 1, "{text}");
    let (last_piece, done) = (text.rfind("event: delta"), text.rfind("event: done"));
    assert!(last_piece < done && text.contains("\"said\":\"one two three four\""), "{text}");
    // The step, the run and the list tell what it has cost.
    let steps = world.get(&format!("/v1/flowrun/steps/{run}")).await;
    let ask =
        steps.json["data"].as_array().expect("steps").iter().find(|step| step["stepId"] == "ask").expect("the step");
    let shown = world.get(&format!("/console/v1/runs/{run}")).await;
    assert_eq!((&ask["credits"], &shown.json["credits"]), (&json!(1), &json!(1)));
    assert!(text.contains("\"credits\":1"), "{text}");
}

#[tokio::test]
async fn a_flow_finds_passages_of_a_knowledge_base() {
    let world = World::new(TestStore::quick().await).await;
    let handlers = floe_agents::handlers(&world.app.app.agents);
    let _jobs = floe_runtime::jobs::JobLoop::start(world.app.app.platform.clone(), handlers);
    let base =
        made(world.post("/console/v1/knowledge-bases", json!({ "name": "Handbook", "id": "kb-elsewhere:1" })).await);
    let documents = format!("/console/v1/knowledge-bases/{}/documents", base["id"].as_str().expect("an id"));
    let sent = world
        .post(
            &documents,
            json!({ "name": "hours.md", "content": "We open at nine on weekdays. Returns take two weeks." }),
        )
        .await;
    let document = format!("{documents}/{}", sent.json["id"].as_str().expect("an id"));
    let mut changes = world.app.app.platform.store.watch();
    while world.get(&document).await.json["status"] != "ready" {
        let _ = changes.recv().await;
    }
    let data = json!({ "knowledgeBaseId": base["id"], "query": "When do you open on {{ topic }}?", "topK": 1 });
    let search = |data: Value| {
        steps(json!({ "type": "knowledge-search", "data": data, "output": "got" }), json!({ "got": "{{ got }}" }))
    };
    // A base that came from elsewhere is named by the id that it had there as well.
    let mut elsewhere = data.clone();
    elsewhere["knowledgeBaseId"] = json!("kb-elsewhere:1");
    for data in [data.clone(), elsewhere] {
        let flow = world.flow("Search", search(data)).await;
        let answer = world.execute(&flow, json!({ "topic": "weekdays" })).await;
        let results = got(&answer)["results"].as_array().expect("results").clone();
        assert_eq!((results.len(), &results[0]["source"]), (1, &json!("hours.md")), "{answer:?}");
        assert!(results[0]["text"].as_str().is_some_and(|text| text.contains("nine")), "{answer:?}");
    }
    let mut strict = data;
    strict["minScore"] = json!(1.0);
    let flow = world.flow("Strict", search(strict)).await;
    assert_eq!(got(&world.execute(&flow, json!({ "topic": "weekdays" })).await)["results"], json!([]));
    let flow = world.flow("Gone", search(json!({ "knowledgeBaseId": "{{ topic }}", "query": "?" }))).await;
    assert_eq!(failed(&world.execute(&flow, json!({ "topic": "nowhere" })).await), "knowledge_base_not_found");
}

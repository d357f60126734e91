//! Agents, models and knowledge as nodes of workflows, with a real model server on loopback.

use std::sync::Arc;

use floe_agents::models::ProviderKind;
use floe_agents::models::providers::NewProvider;
use floe_agents::models::records::{ModelPatch, NewModel, PricePatch};
use floe_engine::event::StepError;
use floe_model::flows::Engine;
use floe_model::flows::trigger::TriggerKind;
use floe_model::id::{FlowId, RunId, TriggerId};
use floe_model::{Mode, Scope};
use floe_runtime::effect::EffectCall;
use floe_runtime::models::ModelKind;
use floe_store::flows::trigger_events::JOB_TRIGGER_EVENT;
use floe_store::flows::triggers::{self, TriggerRow};
use floe_store::platform::jobs;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use serde_json::{Map, Value, json};

use crate::exchanges::{Stage, say};
use crate::world::{TEST, WORKSPACE};

const LIVE: Scope = Scope { workspace: WORKSPACE, mode: Mode::Live };

/// Runs a node of a type with a configuration.
async fn run(stage: &Stage, scope: Scope, kind: &str, input: Value) -> Result<Value, StepError> {
    run_after(stage, scope, kind, input, Vec::new()).await
}

/// The same in a run to which the events of triggers led.
async fn run_after(
    stage: &Stage,
    scope: Scope,
    kind: &str,
    input: Value,
    chain: Vec<TriggerId>,
) -> Result<Value, StepError> {
    let (effects, ids) = (floe_agents::nodes::effects(&stage.world.agents), &stage.world.platform.ids);
    let key = format!("node-{kind}");
    let effect = effects.iter().find(|effect| effect.spec().key == key).expect("a node type");
    let run = RunId(ids.next_bits());
    let call = EffectCall {
        scope,
        run,
        step_id: "n".to_owned(),
        key: format!("{run}:n:0"),
        attempt: 1,
        depth: 0,
        chain,
        input: Arc::new(input),
        fixed: Map::new(),
        context: None,
        timeout_ms: 20_000,
        now: stage.world.platform.clock.now(),
        progress: None,
    };
    effect.call(&stage.world.platform, call).await.result
}

fn code(result: Result<Value, StepError>) -> (String, bool) {
    let error = result.expect_err("a failure");
    (error.code, error.retryable)
}

fn scripted(prompt: &str) -> Value {
    json!({ "provider": "scripted", "model": "up", "prompt": prompt })
}

/// Adds a provider `vectors` with the embedding model `vec`, at one credit a call.
async fn embedding_model(stage: &Stage) {
    let (agents, ctx) = (Arc::clone(&stage.world.agents), stage.world.ctx(Mode::Test));
    let provider = NewProvider {
        name: "vectors".to_owned(),
        kind: Some(ProviderKind::OpenaiCompatible),
        base_url: Some(stage.server.openai_url()),
        api_key: Some("sk-test".to_owned()),
        ..NewProvider::default()
    };
    let price = PricePatch { per_call: Some(1_000), ..PricePatch::default() };
    let create = move |tx: &mut floe_store::Tx<'_>| {
        let new = NewModel {
            name: "v".to_owned(),
            provider: agents.models.create_provider(tx, &ctx, &provider)?.row.id,
            upstream_model: "vec".to_owned(),
            kind: ModelKind::Embedding,
            set: ModelPatch { price, ..ModelPatch::default() },
        };
        agents.models.create_model(tx, &ctx, &new)
    };
    stage.world.platform.store.write(create).await.unwrap();
}

on_both! {
    async fn the_mock_stands_in_for_a_provider_that_is_not_there(store: TestStore) {
        let stage = Stage::open(store).await;
        let asked = json!({ "provider": "openai", "model": "gpt-4o", "prompt": "Hello there" });
        let record = run(&stage, TEST, "llm", asked.clone()).await.unwrap();
        assert_eq!((&record["text"], &record["model"], &record["provider"]), (&json!("[mock:gpt-4o] Hello there"), &json!("gpt-4o"), &json!("mock")));
        let usage = &record["usage"];
        assert_eq!(usage["totalTokens"].as_i64(), Some(usage["promptTokens"].as_i64().unwrap() + usage["completionTokens"].as_i64().unwrap()));
        assert_eq!(run(&stage, TEST, "llm", asked.clone()).await.unwrap(), record, "the same in, the same out");
        let mock = json!({ "provider": "mock", "prompt": "x" });
        assert_eq!(run(&stage, TEST, "llm", mock).await.unwrap()["text"], "[mock:mock] x");
        assert_eq!(code(run(&stage, LIVE, "llm", asked).await), ("NOT_CONFIGURED".to_owned(), false));
        let json_text = json!({ "provider": "openai", "model": "gpt-4o", "prompt": "x", "responseFormat": "json" });
        let record = run(&stage, TEST, "llm", json_text).await.unwrap();
        assert!(serde_json::from_str::<Value>(record["text"].as_str().unwrap()).is_ok(), "{record}");
        let seen = json!({ "provider": "openai", "model": "gpt-4o", "prompt": "What?", "imageInput": "https://x.example/a.png" });
        assert_eq!(run(&stage, TEST, "vision", seen).await.unwrap()["text"], "[mock:gpt-4o] What?");
        let routed = json!({ "provider": "openai", "model": "m", "prompt": "A billing question", "routes": ["tech", "Billing"] });
        let record = run(&stage, TEST, "router", routed).await.unwrap();
        assert_eq!((&record["selectedRoute"], &record["route"]), (&json!("Billing"), &json!("Billing")));
        let before = json!({ "provider": "mock", "predecessors": [{ "about": "tech" }], "routes": ["x", "tech"] });
        assert_eq!(run(&stage, TEST, "router", before).await.unwrap()["selectedRoute"], "tech");
        let vectors = json!({ "provider": "openai", "model": "text-embedding-3-small", "input": ["one", "two"] });
        let record = run(&stage, TEST, "embeddings", vectors.clone()).await.unwrap();
        assert_eq!((record["embeddings"].as_array().unwrap().len(), &record["metadata"]["dimensions"]), (2, &json!(256)));
        assert_eq!(code(run(&stage, LIVE, "embeddings", vectors).await).0, "NOT_CONFIGURED");
        assert!(stage.server.seen().is_empty());
    }

    async fn a_configured_model_is_asked_and_paid_for(store: TestStore) {
        let stage = Stage::open(store).await;
        stage.server.script([say("Hi")]);
        let record = run(&stage, TEST, "llm", json!({ "provider": "scripted", "model": "up", "prompt": "Hello", "systemPrompt": "Be kind", "topP": 0.5 })).await.unwrap();
        assert_eq!((&record["text"], &record["provider"], &record["model"]), (&json!("Hi"), &json!("scripted"), &json!("up")));
        let body = stage.server.seen()[0].body.clone();
        assert_eq!((&body["temperature"], &body["top_p"]), (&json!(0.7), &json!(0.5)));
        assert!(record.get("thinking").is_none() && body.get("reasoning_effort").is_none(), "{body}");
        assert_eq!(stage.balance().await, (100_000_000 - 1_000, 0));
        let mut thoughtful = scripted("Think");
        thoughtful["enableThinking"] = json!(true);
        thoughtful["thinkingBudget"] = json!("20000");
        stage.server.script([say("Hm")]);
        run(&stage, TEST, "llm", thoughtful.clone()).await.unwrap();
        assert!(stage.server.seen()[1].body["reasoning_effort"].is_string(), "a setting has an effect");
        thoughtful["thinkingBudget"] = json!(5);
        assert_eq!(code(run(&stage, TEST, "llm", thoughtful).await).0, "VALIDATION");
        stage.server.script([say("no json"), say("{\"a\": 1}"), say("no"), say("no"), say("{\"selectedRoute\":\"b\",\"confidence\":0.8,\"reasoning\":\"r\"}")]);
        let mut wanted = scripted("Give JSON");
        wanted["responseFormat"] = json!("json");
        assert_eq!(run(&stage, TEST, "llm", wanted.clone()).await.unwrap()["text"], "{\"a\": 1}");
        assert_eq!(code(run(&stage, TEST, "llm", wanted).await), ("VALIDATION".to_owned(), false));
        let mut routed = scripted("Which?");
        routed["routes"] = json!(["a", { "value": "b", "label": "Second" }]);
        let record = run(&stage, TEST, "router", routed).await.unwrap();
        assert_eq!((&record["selectedRoute"], &record["routeLabel"], &record["confidence"]), (&json!("b"), &json!("Second"), &json!(0.8)));
    }

    async fn what_an_agent_says_fires_no_trigger_that_led_to_it(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let (id, now) = (TriggerId(stage.world.platform.ids.next_bits()), stage.world.platform.clock.now());
        let row = TriggerRow {
            workspace: TEST.workspace,
            id,
            alias: None,
            flow: FlowId(5),
            engine: Engine::Workflow,
            name: "Said".to_owned(),
            kind: TriggerKind::Event,
            node: None,
            node_config: None,
            config: json!({ "eventType": "thread.message.completed" }).to_string(),
            source: Some("thread.message.completed".to_owned()),
            enabled: true,
            mode: TEST.mode,
            secret: None,
            count: 0,
            last_at: None,
            last_run: None,
            next_at: None,
            buffered_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        stage.world.platform.store.write(move |tx| triggers::insert(tx, &row)).await.expect("a trigger");
        let input = json!({ "agentId": agent.prefixed(), "input": "Hello" });
        for (chain, fired) in [(vec![id], 0), (vec![TriggerId(9)], 1), (Vec::new(), 1)] {
            stage.server.script([say("Hi")]);
            run_after(&stage, TEST, "agent", input.clone(), chain.clone()).await.expect("an answer");
            let later = stage.world.platform.clock.now().plus_millis(60_000);
            let claim = move |tx: &mut floe_store::Tx<'_>| jobs::claim_due(tx, &[JOB_TRIGGER_EVENT], later, 3_600_000, 10, None);
            let claimed = stage.world.platform.store.write(claim).await.expect("jobs");
            assert_eq!(claimed.len(), fired, "{claimed:?}");
            for job in claimed {
                let payload: Value = serde_json::from_str(&job.payload).expect("JSON");
                assert_eq!(payload["chain"], json!(chain), "it is handed on");
            }
        }
    }

    async fn failures_have_the_codes_of_workflows(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        for (turns, expected) in [
            (vec![Turn::status(401)], ("AUTH", false)),
            (vec![Turn::status(400)], ("VALIDATION", false)),
            (vec![Turn::Status(429, Some(60), "slow down".to_owned())], ("RATE_LIMIT", true)),
        ] {
            stage.server.script(turns);
            assert_eq!(code(run(&stage, TEST, "llm", scripted("Hello")).await), (expected.0.to_owned(), expected.1));
        }
        for (kind, input, expected) in [
            ("llm", json!({ "provider": "mock", "prompt": " " }), "VALIDATION"),
            ("llm", json!({ "provider": "mock", "prompt": "x", "temperature": 3 }), "VALIDATION"),
            ("llm", json!({ "connectionId": "prov_nothing", "prompt": "x" }), "NOT_FOUND"),
            ("llm", json!({ "provider": "scripted", "model": "other", "prompt": "x" }), "NOT_CONFIGURED"),
            ("router", json!({ "provider": "mock", "routes": ["a", "b"] }), "VALIDATION"),
            ("vision", json!({ "provider": "mock", "imageInput": 7 }), "VALIDATION"),
            ("vision", json!({ "provider": "mock", "operation": "generate", "prompt": "x" }), "NOT_CONFIGURED"),
            ("embeddings", json!({ "provider": "mock" }), "VALIDATION"),
            ("knowledgeBaseQuery", json!({ "query": "x" }), "NOT_FOUND"),
            ("knowledgeBaseQuery", json!({ "query": "x", "knowledgeBaseId": "kb_nothing" }), "NOT_FOUND"),
            ("knowledgeBaseQuery", json!({ "query": "" }), "VALIDATION"),
            ("agent", json!({ "agentId": "nobody", "input": "x" }), "NOT_FOUND"),
            ("agent", json!({ "agentId": agent, "input": null }), "VALIDATION"),
            ("agent", json!({ "agentId": agent, "input": "x", "threadId": "a b" }), "VALIDATION"),
        ] {
            assert_eq!(code(run(&stage, TEST, kind, input.clone()).await), (expected.to_owned(), false), "{kind} {input}");
        }
    }

    async fn nothing_is_asked_without_credits(store: TestStore) {
        let stage = Stage::open(store).await;
        stage.set_balance(0).await;
        assert_eq!(code(run(&stage, TEST, "llm", scripted("x")).await), ("NO_CREDITS".to_owned(), false));
        let agent = stage.agent(json!({})).await;
        assert_eq!(code(run(&stage, TEST, "agent", json!({ "agentId": agent, "input": "x" })).await).0, "NO_CREDITS");
        embedding_model(&stage).await;
        let vectors = json!({ "provider": "vectors", "model": "vec", "input": "x" });
        assert_eq!(code(run(&stage, TEST, "embeddings", vectors).await), ("NO_CREDITS".to_owned(), false));
        assert!(stage.server.seen().is_empty());
    }

    async fn an_agent_answers_in_its_thread(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        stage.server.script([say("First"), say("Second"), Turn::status(400)]);
        let record = run(&stage, TEST, "agent", json!({ "agentId": agent.prefixed(), "input": "One" })).await.unwrap();
        assert_eq!(record["text"], "First");
        assert!(record["message_id"].as_str().unwrap().starts_with("msg_"), "{record}");
        let again = json!({ "agentId": agent, "message": "Two", "threadId": record["thread_id"] });
        let next = run(&stage, TEST, "agent", again.clone()).await.unwrap();
        assert_eq!((&next["text"], &next["thread_id"]), (&json!("Second"), &record["thread_id"]));
        assert_eq!(stage.told().len(), 4, "it remembers: {:?}", stage.told());
        assert_eq!(code(run(&stage, TEST, "agent", again).await).0, "SERVER_ERROR");
    }

    async fn the_only_base_is_searched_unless_another_is_named(store: TestStore) {
        let stage = Stage::open(store).await;
        let base = crate::knowledge::filled(&stage.world, "Opening hours", "We are open on Sunday from ten to four.").await;
        let asked = json!({ "query": "open on Sunday", "threshold": 0.1, "knowledgeBaseId": null });
        let record = run(&stage, TEST, "knowledgeBaseQuery", asked).await.unwrap();
        assert_eq!(record["count"], 1, "{record}");
        assert_eq!(record["combinedText"], record["text"]);
        assert_eq!(record["topResult"]["content"], record["results"][0]["content"]);
        assert!(record["results"][0]["score"].as_f64().unwrap() > 0.1);
        let strict = json!({ "query": "bananas", "knowledgeBaseId": base.prefixed() });
        let record = run(&stage, TEST, "knowledgeBaseQuery", strict).await.unwrap();
        assert_eq!((&record["count"], &record["topResult"], &record["text"]), (&json!(0), &Value::Null, &json!("")));
        crate::knowledge::filled(&stage.world, "Another", "Text.").await;
        assert_eq!(code(run(&stage, TEST, "knowledgeBaseQuery", json!({ "query": "x" })).await).0, "NOT_FOUND");
    }
}

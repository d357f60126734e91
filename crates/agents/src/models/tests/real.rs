//! A real model behind a real server (llama.cpp), which speaks both protocols; its wording is never relied on.
//!
//! `cargo xtask test` installs and starts it, and names it in `FLOE_TEST_MODEL_SERVER`; without that these tests do nothing.

use floe_runtime::models::Finish;
use serde_json::{Value, json};

use super::*;

const BOTH: [ProviderKind; 2] = [ProviderKind::OpenaiCompatible, ProviderKind::Anthropic];

/// A world with a model of each protocol at the real server, if there is one.
async fn world() -> Option<World> {
    let Ok(url) = std::env::var(REAL) else {
        eprintln!("not run: {REAL} names no model server");
        return None;
    };
    let world = World::open().await;
    for kind in BOTH {
        let base_url = match kind {
            ProviderKind::Anthropic => url.clone(),
            _ => format!("{url}/v1"),
        };
        let provider = world.provider(kind.as_str(), kind, |new| new.base_url = Some(base_url)).await;
        let mut set = ModelPatch { max_output_tokens: Some(16), ..ModelPatch::default() };
        set.supports.tools = Some(false);
        world.model(&provider, kind.as_str(), set).await;
    }
    Some(world)
}

#[tokio::test]
async fn a_real_model_answers_whole_and_in_pieces() {
    let Some(world) = world().await else { return };
    for kind in BOTH {
        let call = ModelCall {
            system: Some("You are brief.".to_owned()),
            temperature: Some(0.0),
            ..ask(kind.as_str(), "What is the capital of France?")
        };
        let whole = world.call(&call).await.expect("an answer");
        let heard = Heard::default();
        let streamed = world.models.call(TEST, &call, Some(&heard)).await.expect("an answer");
        for reply in [&whole, &streamed] {
            assert!(!reply.text.is_empty() && reply.tool_calls.is_empty(), "{reply:?}");
            assert!(matches!(reply.finish, Finish::Stop | Finish::Length), "{reply:?}");
            assert!(reply.usage.input_tokens > 5 && (1..=17).contains(&reply.usage.output_tokens), "{reply:?}");
        }
        assert!(heard.pieces() > 1);
        assert_eq!(heard.text(), streamed.text);
    }
}

#[tokio::test]
async fn a_real_model_is_held_to_a_schema() {
    let Some(world) = world().await else { return };
    let schema = json!({ "type": "object", "properties": { "city": { "enum": ["Paris", "Lagos"] } }, "required": ["city"], "additionalProperties": false });
    let call =
        ModelCall { response_schema: Some(schema), ..ask("openai_compatible", "The capital of France, as JSON.") };
    let reply = world.call(&call).await.expect("an answer");
    let value: Value = serde_json::from_str(&reply.text).expect("JSON");
    assert!(value["city"] == "Paris" || value["city"] == "Lagos", "{value}");
}

#[tokio::test]
async fn a_real_server_refuses_what_is_too_long_and_serves_on_after_a_stream_was_dropped() {
    let Some(world) = world().await else { return };
    for kind in BOTH {
        let failure = world.call(&ask(kind.as_str(), &"word ".repeat(9_000))).await.expect_err("too long");
        assert!(matches!(failure.fault, ModelFault::Refused(_)), "{failure:?}");
        for _ in 0..4 {
            let heard = Heard::default();
            let call = ask(kind.as_str(), "Tell a long story.");
            let first = std::time::Duration::from_millis(150);
            let _ = tokio::time::timeout(first, world.models.call(TEST, &call, Some(&heard))).await;
        }
        assert!(!world.call(&ask(kind.as_str(), "Hello")).await.expect("an answer").text.is_empty());
    }
}

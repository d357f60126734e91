//! The node type `llm`: one question to a model.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::{ChatMessage, Deltas, ModelCall, Usage};
use serde_json::{Value, json};

use super::config::Config;
use super::fail::invalid;
use super::model::{Chosen, ask, both, choose, usage};
use crate::Agents;
use crate::steps::{Pieces, json_in};

/// The temperature that is usual.
const TEMPERATURE: f64 = 0.7;
/// Tokens of an answer that are usual.
pub(super) const TOKENS: u32 = 1_000;
/// Tokens of an answer at most, before the model's own limit.
pub(super) const TOKENS_MAX: u32 = 1_000_000;

/// Tokens of thought where the node says only that there is to be some.
const THINKING_TOKENS: u32 = 4_096;
/// What a node may ask for.
const THINKING_TOKENS_RANGE: (u32, u32) = (1_024, 32_768);

pub(super) static SPEC: StepSpec = super::spec(
    "node-llm",
    "Ask a model",
    "Asks a language model.",
    &[
        ("text", "what the model said"),
        ("thinking", "what it thought before, where it was asked to and tells"),
        ("usage", "{promptTokens, completionTokens, totalTokens}"),
        ("model", "the model"),
        ("provider", "its provider"),
    ],
);

/// Asks models.
pub(super) struct Llm(pub(super) Arc<Agents>);

impl Effect for Llm {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// A model that is asked again changes nothing outside.
    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, &call).await.into() })
    }
}

async fn run(agents: &Arc<Agents>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let prompt = config.written(&["prompt"]).ok_or_else(|| invalid("prompt", "is empty"))?;
    let wants_json = match config.written(&["responseFormat"]).as_deref().map(str::trim) {
        None | Some("text") => false,
        Some("json" | "json_object") => true,
        Some(_) => return Err(invalid("responseFormat", "must be text or json")),
    };
    let chosen = choose(agents, call.scope, config).await?;
    let mut asked = question(config, &chosen, call.timeout_ms, vec![ChatMessage::user(prompt)], TEMPERATURE)?;
    asked.thinking_tokens = thinking_tokens(config)?;
    if wants_json {
        return in_json(agents, call, asked, &chosen).await;
    }
    let pieces = call.progress.as_deref().filter(|progress| progress.is_followed()).map(Pieces);
    let deltas = pieces.as_ref().map(|pieces| pieces as &dyn Deltas);
    let reply = ask(agents, call, 0, &asked, deltas).await?;
    Ok(record(&reply.text, reply.thinking, reply.usage, &chosen))
}

/// Tokens in which the model may think first; none when it is not to.
fn thinking_tokens(config: Config<'_>) -> Result<Option<u32>, StepError> {
    if !config.flag("enableThinking")? {
        return Ok(None);
    }
    let (least, most) = THINKING_TOKENS_RANGE;
    config.number("thinkingBudget", f64::from(least), f64::from(most))?;
    Ok(Some(config.whole("thinkingBudget", most)?.unwrap_or(THINKING_TOKENS)))
}

fn record(text: &str, thinking: String, used: Usage, chosen: &Chosen) -> Value {
    let mut record = json!({
        "text": text, "usage": usage(used), "model": chosen.model, "provider": chosen.provider,
    });
    if !thinking.is_empty() {
        record["thinking"] = Value::from(thinking);
    }
    record
}

/// Asks for JSON; a text that is none is sent back once.
async fn in_json(
    agents: &Arc<Agents>,
    call: &EffectCall,
    mut asked: ModelCall,
    chosen: &Chosen,
) -> Result<Value, StepError> {
    asked.response_schema = Some(json!({ "type": "object" }));
    let first = ask(agents, call, 0, &asked, None).await?;
    let (text, thinking, used) = match json_in(&first.text) {
        Ok(value) => (plain(&first.text, &value), first.thinking, first.usage),
        Err(problem) => {
            asked.messages.push(ChatMessage::assistant(first.text));
            let again = format!("That cannot be used: {problem}. Answer again with the JSON and nothing else.");
            asked.messages.push(ChatMessage::user(again));
            let second = ask(agents, call, 1, &asked, None).await?;
            let value = json_in(&second.text)
                .map_err(|_| StepError::new("VALIDATION", "The model's answer is no JSON, also when asked again"))?;
            (plain(&second.text, &value), second.thinking, both(first.usage, second.usage))
        }
    };
    Ok(record(&text, thinking, used, chosen))
}

/// The JSON of an answer alone: as the model wrote it where it wrote nothing else.
fn plain(text: &str, value: &Value) -> String {
    let text = text.trim();
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() { text.to_owned() } else { value.to_string() }
}

/// A call with the settings that every node with a model has.
pub(super) fn question(
    config: Config<'_>,
    chosen: &Chosen,
    timeout_ms: u64,
    messages: Vec<ChatMessage>,
    temperature: f64,
) -> Result<ModelCall, StepError> {
    Ok(ModelCall {
        model: Some(chosen.name.clone()),
        system: config.written(&["systemPrompt"]),
        messages,
        temperature: Some(config.number("temperature", 0.0, 2.0)?.unwrap_or(temperature)),
        top_p: config.number("topP", 0.0, 1.0)?.filter(|part| *part < 1.0),
        max_output_tokens: Some(config.whole("maxTokens", TOKENS_MAX)?.unwrap_or(TOKENS)),
        deadline_ms: timeout_ms,
        ..ModelCall::default()
    })
}

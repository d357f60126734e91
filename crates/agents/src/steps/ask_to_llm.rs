//! The step type `ask-to-llm`: one question to a model (Flow API contract, section 6.5).

use std::sync::Arc;

use floe_engine::catalog::{Choices, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_engine::event::StepError;
use floe_model::agents::message::{Content, Message, Part as Piece, Role};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::{ChatMessage, Deltas, FALLBACKS_MAX, ModelCall, Part};
use serde_json::{Value, json};

use super::answer::{Fitting, ask_for_json};
use super::config::{Config, bad_value};
use super::model::{Pieces, TIMEOUT_MS, ask, usage};
use crate::Agents;

/// Messages of a conversation at most.
const MESSAGES_MAX: usize = 1_000;
/// Tokens of an answer at most, before the model's own limit.
const TOKENS_MAX: f64 = 1_000_000.0;

pub(super) static SPEC: StepSpec = StepSpec {
    key: "ask-to-llm",
    aliases: &[],
    name: "Ask a model",
    category: "ai",
    description: "Asks a language model. With responseFormat json the answer is parsed and checked by the schema.",
    fields: &[
        Field::new("modelId", "Model", K::Text, "Name of a configured model, or default.")
            .default("\"default\"")
            .choices(Choices::Models),
        Field::new("prompt", "Prompt", K::LongText, "What the model is asked.").choices(Choices::Secrets),
        Field::new("systemPrompt", "Instructions", K::LongText, "How the model shall answer."),
        Field::new("messages", "Messages", K::Json, "List of {role, content} before the prompt."),
        Field::new("temperature", "Temperature", K::Number, "0 for the most likely words.").range(0.0, 2.0),
        Field::new("maxTokens", "Longest answer", K::Number, "Tokens of the answer at most.").range(1.0, TOKENS_MAX),
        Field::new("responseFormat", "Format", K::Select, "How the model shall answer.")
            .options(&["text", "json"])
            .default("\"text\""),
        Field::new("responseSchema", "Schema", K::Json, "JSON Schema of a json answer."),
        Field::new(
            "fallbackModelIds",
            "Other models",
            K::Json,
            "Models to ask in this order when one is busy; at most 5.",
        )
        .choices(Choices::Models),
    ],
    outputs: &[
        ("response", "what the model said"),
        ("output", "the parsed value of a json answer, else null"),
        ("usage", "{inputTokens, outputTokens}"),
        ("modelId", "the model that answered"),
        ("finishReason", "stop, length or content_filter"),
    ],
    waits: false,
    execution: Execution::Effect(EffectSpec {
        touches_world: true,
        timeout_ms: TIMEOUT_MS,
        timeout_ms_max: TIMEOUT_MS,
    }),
};

/// Asks models.
pub(super) struct AskToLlm(pub(super) Arc<Agents>);

impl Effect for AskToLlm {
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
    let asked = question(config, call.timeout_ms)?;
    let schema = match config.text("responseFormat")?.as_deref() {
        None | Some("text") => None,
        Some("json") => {
            Some(config.object("responseSchema")?.map_or_else(|| json!({ "type": "object" }), Value::Object))
        }
        Some(_) => return Err(bad_value("responseFormat", "is not text or json")),
    };
    let Some(schema) = schema else {
        let pieces = call.progress.as_deref().filter(|progress| progress.is_followed()).map(Pieces);
        let deltas = pieces.as_ref().map(|pieces| pieces as &dyn Deltas);
        let reply = ask(agents, call, 0, &asked, deltas).await?.reply;
        return Ok(json!({
            "response": reply.text, "output": null, "usage": usage(reply.usage), "modelId": reply.model,
            "finishReason": reply.finish.as_str(),
        }));
    };
    let Fitting { reply, value, usage: used } = ask_for_json(agents, call, asked, &schema, "responseSchema").await?;
    Ok(json!({
        "response": reply.text, "output": value, "usage": usage(used), "modelId": reply.model,
        "finishReason": reply.finish.as_str(),
    }))
}

fn question(config: Config<'_>, timeout_ms: u64) -> Result<ModelCall, StepError> {
    let mut messages = Vec::new();
    for (at, value) in config.list("messages", MESSAGES_MAX)?.iter().enumerate() {
        messages.push(said(at, value)?);
    }
    if let Some(prompt) = config.written("prompt") {
        messages.push(ChatMessage::user(prompt));
    }
    if messages.is_empty() {
        return Err(bad_value("prompt", "is missing"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is in a range that fits")]
    let max_output_tokens = config.number("maxTokens", 1.0, TOKENS_MAX)?.map(|tokens| tokens as u32);
    Ok(ModelCall {
        model: config.text("modelId")?,
        fallbacks: config.texts("fallbackModelIds", FALLBACKS_MAX)?,
        system: config.written("systemPrompt"),
        messages,
        temperature: config.number("temperature", 0.0, 2.0)?,
        max_output_tokens,
        deadline_ms: timeout_ms,
        ..ModelCall::default()
    })
}

/// A message of the list: a text is one of a person.
fn said(at: usize, value: &Value) -> Result<ChatMessage, StepError> {
    if let Value::String(text) = value {
        return Ok(ChatMessage::user(text.clone()));
    }
    let message =
        Message::parse(value).map_err(|wrong| StepError::new("bad_value", format!("messages[{at}]: {wrong}")))?;
    Ok(match message.role {
        Role::System => ChatMessage::System { text: message.content.plain_text() },
        Role::Assistant => ChatMessage::assistant(message.content.plain_text()),
        Role::User => ChatMessage::User { parts: parts(message.content) },
        // Without the calls that they belong to, results are what somebody tells.
        Role::Tool => ChatMessage::user(message.content.to_json().to_string()),
    })
}

fn parts(content: Content) -> Vec<Part> {
    match content {
        Content::Text(text) => vec![Part::Text(text)],
        Content::Parts(pieces) => pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text { text } => Some(Part::Text(text)),
                Piece::Image { image } => Some(Part::Image(image)),
                Piece::ToolCall { .. } | Piece::ToolResult { .. } => None,
            })
            .collect(),
    }
}

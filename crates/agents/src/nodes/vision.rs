//! The node type `vision`: a model is asked about an image.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::{ChatMessage, Part};
use serde_json::{Value, json};

use super::config::Config;
use super::fail::{invalid, not_configured};
use super::llm::question;
use super::model::{ask, choose, usage};
use crate::Agents;

/// The temperature that is usual.
const TEMPERATURE: f64 = 0.7;
/// What is asked when the configuration says nothing.
const PROMPT: &str = "Describe this image.";
/// Bytes of an image at most, as base64.
const IMAGE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// The type of an image that does not tell.
const TYPE: &str = "image/png";

pub(super) static SPEC: StepSpec = super::spec(
    "node-vision",
    "Look at an image",
    "Asks a model about an image.",
    &[("text", "what the model said"), ("usage", "{promptTokens, completionTokens, totalTokens}")],
);

/// Asks models about images.
pub(super) struct Vision(pub(super) Arc<Agents>);

impl Effect for Vision {
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
    match config.written(&["operation"]).as_deref().map(str::trim) {
        None | Some("analyze" | "analyse") => {}
        Some("generate") => return Err(not_configured("No provider that makes images is set up")),
        Some(_) => return Err(invalid("operation", "must be analyze or generate")),
    }
    let given = config.first(&["imageInput", "image"]).ok_or_else(|| invalid("imageInput", "is missing"))?;
    let image = image(given).ok_or_else(|| invalid("imageInput", "is no image: a URL, base64 data or a file"))?;
    let prompt = config.written(&["prompt"]).unwrap_or_else(|| PROMPT.to_owned());
    let chosen = choose(agents, call.scope, config).await?;
    let parts = vec![Part::Text(prompt), Part::Image(image)];
    let asked = question(config, &chosen, call.timeout_ms, vec![ChatMessage::User { parts }], TEMPERATURE)?;
    let reply = ask(agents, call, 0, &asked, None).await?;
    Ok(json!({
        "text": reply.text, "usage": usage(reply.usage), "model": chosen.model, "provider": chosen.provider,
        "operation": "analyze",
    }))
}

/// An image as a model takes it: a URL, or a `data:` URL made of what was given.
pub(super) fn image(given: &Value) -> Option<String> {
    match given {
        Value::String(text) => {
            let text = text.trim();
            let is_url = ["https://", "http://", "data:"].iter().any(|scheme| text.starts_with(scheme));
            if is_url { Some(text.to_owned()).filter(|text| text.len() <= IMAGE_BYTES_MAX) } else { data(text, TYPE) }
        }
        Value::Object(map) => {
            let text =
                |keys: &[&str]| keys.iter().find_map(|key| map.get(*key)?.as_str().filter(|text| !text.is_empty()));
            let kind = text(&["fileType", "mimeType", "contentType", "type"]).filter(|kind| kind.starts_with("image/"));
            match text(&["content_base64", "base64", "data"]) {
                Some(base64) => data(base64, kind.unwrap_or(TYPE)),
                None => image(&Value::from(text(&["url", "dataUrl"])?)),
            }
        }
        Value::Array(list) => list.first().and_then(image),
        _ => None,
    }
}

/// Base64 as a `data:` URL; none for what is not base64.
fn data(base64: &str, kind: &str) -> Option<String> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let text: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
    let fits = text.len() >= 16 && text.len() <= IMAGE_BYTES_MAX && text.bytes().all(is_base64);
    fits.then(|| format!("data:{kind};base64,{text}"))
}

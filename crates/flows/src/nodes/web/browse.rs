//! The node type `webBrowse`: one page, its text cut to a length.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::documents::child::Readers;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Value, json};

use super::super::config::Config;
use super::super::spec;
use super::page::{Fetch, Form, PAGE_BYTES_MAX, fetch, read};

/// Characters of the content unless the node says otherwise.
const LENGTH: u64 = 10_000;
/// Most that a node may ask for.
const LENGTH_MAX: u64 = 500_000;
/// Time for the call, in milliseconds.
const TIMEOUT_MS: u64 = 60_000;

static SPEC: StepSpec = spec::outside("node-webBrowse", "Web page");

/// Reads a page.
pub(in super::super) struct Browse(pub(in super::super) Readers);

impl Effect for Browse {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(platform, &self.0, &call).await.into() })
    }
}

async fn run(platform: &Arc<Platform>, readers: &Readers, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let url = config.required(&["url"])?;
    let form = match config.text(&["extractType"])? {
        Some(word) => Form::parse(&word)?,
        None if config.flag(&["extractText"], true)? => Form::Text,
        None => Form::Html,
    };
    let length = config.number(&["maxLength"], LENGTH, 1..=LENGTH_MAX)?;
    let asked = Fetch { url: &url, timeout_ms: call.timeout_ms.min(TIMEOUT_MS), bytes_max: PAGE_BYTES_MAX };
    let fetched = fetch(platform, asked).await?;
    let page = read(readers, &fetched, form).await?;
    let content: String = page.content.chars().take(usize::try_from(length).unwrap_or(usize::MAX)).collect();
    Ok(json!({
        "url": fetched.url,
        "title": page.title,
        "content": content,
        "contentType": fetched.content_type,
        "contentLength": page.content.chars().count(),
    }))
}

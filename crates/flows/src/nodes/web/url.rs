//! The node type `url`: pages as inputs of a workflow, whole and cut into passages.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::agents::passages::cut;
use floe_runtime::Platform;
use floe_runtime::documents::child::Readers;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::super::config::{Config, given, parsed};
use super::super::failure::{internal, invalid};
use super::super::files::input::{chunk_options, passage};
use super::super::spec;
use super::page::{Fetch, Form, PAGE_BYTES_MAX, fetch, read};

/// Pages of one node at most.
const PAGES_MAX: usize = 20;
/// Pages that are fetched at a time.
const AT_A_TIME: usize = 4;
/// Time for one page unless the node says otherwise, in seconds (Workflow API contract, section 18).
const TIMEOUT_S: u64 = 30;

static SPEC: StepSpec = spec::outside("node-url", "Pages");

/// Reads pages.
pub(in super::super) struct Url(pub(in super::super) Readers);

impl Effect for Url {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sees_context(&self) -> bool {
        true
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
    let urls = urls(config, call.context.as_ref())?;
    if urls.is_empty() && config.flag(&["required"], true)? {
        return Err(invalid("urls is missing"));
    }
    if urls.len() > PAGES_MAX {
        return Err(invalid(format!("urls has more than {PAGES_MAX} members")));
    }
    let form = config.text(&["scrapingMode"])?.map_or(Ok(Form::Text), |word| Form::parse(&word))?;
    let timeout_ms = call.timeout_ms.min(config.number(&["timeout"], TIMEOUT_S, 5..=60)? * 1_000);
    let chunks = chunk_options(config)?;
    let mut waiting = urls.into_iter().enumerate();
    let mut under_way = JoinSet::new();
    let mut pages: Vec<(usize, Result<Value, StepError>)> = Vec::new();
    loop {
        while under_way.len() < AT_A_TIME
            && let Some((at, url)) = waiting.next()
        {
            let (platform, readers) = (Arc::clone(platform), readers.clone());
            under_way.spawn(async move { (at, one(&platform, &readers, &url, form, timeout_ms, chunks).await) });
        }
        match under_way.join_next().await {
            Some(Ok(page)) => pages.push(page),
            Some(Err(broken)) => return Err(internal(&floe_model::Fault::internal(broken))),
            None => break,
        }
    }
    pages.sort_by_key(|(at, _)| *at);
    record(pages)
}

/// The record; a page that failed stands in it with its error, unless all have failed.
fn record(pages: Vec<(usize, Result<Value, StepError>)>) -> Result<Value, StepError> {
    let (has_one, mut first_error) = (pages.iter().any(|(_, page)| page.is_ok()), None);
    let mut shown = Vec::new();
    for (_, page) in pages {
        match page {
            Ok(page) => shown.push(page),
            Err(error) if has_one => {
                let url = error.details.as_ref().map_or(Value::Null, |details| details["url"].clone());
                shown.push(json!({ "url": url, "title": "", "content": "", "error": error.message, "chunks": [] }));
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Some(error) = first_error {
        return Err(error);
    }
    let text = |page: &Value| page["content"].as_str().unwrap_or_default().to_owned();
    let combined: Vec<String> = shown.iter().map(text).filter(|content| !content.is_empty()).collect();
    let mut record = Map::from_iter([("combinedText".to_owned(), json!(combined.join("\n\n")))]);
    if let [only] = &shown[..] {
        record.insert("content".to_owned(), only["content"].clone());
        record.insert("title".to_owned(), only["title"].clone());
    }
    record.insert("urls".to_owned(), Value::Array(shown));
    Ok(Value::Object(record))
}

async fn one(
    platform: &Arc<Platform>,
    readers: &Readers,
    url: &str,
    form: Form,
    timeout_ms: u64,
    (size, overlap): (usize, usize),
) -> Result<Value, StepError> {
    let page = async {
        let fetched = fetch(platform, Fetch { url, timeout_ms, bytes_max: PAGE_BYTES_MAX }).await?;
        let page = read(readers, &fetched, form).await?;
        let chunks: Vec<Value> = cut(&page.blocks, size, overlap)
            .iter()
            .enumerate()
            .map(|(at, one)| passage(at, one, &fetched.url))
            .collect();
        Ok(json!({
            "url": fetched.url,
            "title": page.title,
            "content": page.content,
            "metadata": { "contentType": fetched.content_type, "contentLength": fetched.bytes.len() },
            "chunks": chunks,
        }))
    };
    page.await.map_err(|error: StepError| error.with_details(json!({ "url": url })))
}

/// The addresses of the configuration, else those of the run's input.
fn urls(config: Config<'_>, context: Option<&Value>) -> Result<Vec<String>, StepError> {
    let name = config.text(&["urlVariable", "inputName"])?;
    let of_run = || name.as_deref().and_then(|name| given(context, name));
    let Some(found) = config.get(&["urls", "url"]).or_else(of_run) else {
        return Ok(Vec::new());
    };
    let wrong = || invalid("urls is not a URL or a list of URLs");
    match &*parsed(found) {
        Value::String(text) => {
            // A comma alone may be part of a URL.
            let lines = text.lines().flat_map(|line| line.split(", "));
            Ok(lines.map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect())
        }
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| {
                item.as_str().or_else(|| item["url"].as_str()).map(|url| url.trim().to_owned()).ok_or_else(wrong)
            })
            .filter(|url| url.as_ref().map_or(true, |url| !url.is_empty()))
            .collect(),
        Value::Object(map) => map.get("url").and_then(Value::as_str).map(|url| vec![url.to_owned()]).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

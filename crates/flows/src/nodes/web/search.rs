//! The node type `webSearch`: asks a search provider of the workspace. Which ones there are, and where their results stand, is data
//! (`integration/providers`).

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use serde_json::{Map, Value, json};

use super::super::config::Config;
use super::super::failure::{invalid, not_configured};
use super::super::integration::definition::{self, Definition, Found};
use super::super::integration::{Call, ask};
use super::super::{connection, spec};

/// Results unless the node says otherwise (Workflow API contract, section 18).
const RESULTS: u64 = 5;
/// Most that a node may ask for.
const RESULTS_MAX: u64 = 20;

static SPEC: StepSpec = spec::outside("node-webSearch", "Web search");

/// Searches the web.
pub(in super::super) struct Search;

impl Effect for Search {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            match provider(platform, &call).await {
                Ok((definition, opened)) => {
                    let found = run(platform, &call, definition, &opened).await;
                    connection::without_secret(&opened, found.into())
                }
                Err(error) => Effected::failed(error),
            }
        })
    }
}

/// The provider that the node names, else the first one that the workspace has a connection of.
async fn provider(platform: &Arc<Platform>, call: &EffectCall) -> Result<(&'static Definition, Opened), StepError> {
    let config = Config(&call.input);
    let (named, id) = (config.text(&["provider"])?, config.text(&["connectionId"])?);
    let all = definition::searching();
    let wanted: Vec<_> = all.filter(|one| named.as_deref().is_none_or(|named| is_named(one, named))).collect();
    let known: Vec<&str> = definition::searching().map(|one| one.name.as_str()).collect();
    let message = format!("No search provider is set up: add a connection of one of {}", known.join(", "));
    let mut last = not_configured(message);
    for definition in wanted {
        let names: Vec<&str> = definition.names().collect();
        match connection::choose(platform, call.scope.workspace, id.as_deref(), &names).await {
            Ok(opened) => return Ok((definition, opened)),
            Err(error) if error.code == "NOT_CONFIGURED" => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn is_named(definition: &Definition, name: &str) -> bool {
    definition.names().any(|one| definition::plain(one) == definition::plain(name))
}

async fn run(
    platform: &Arc<Platform>,
    call: &EffectCall,
    definition: &'static Definition,
    opened: &Opened,
) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let query = config.required(&["query"])?;
    let count = config.number(&["maxResults"], RESULTS, 1..=RESULTS_MAX)?;
    let (_, found) = definition.search().ok_or_else(|| not_configured("The provider cannot search"))?;
    let kind = config.text(&["searchType"])?.unwrap_or(std::borrow::Cow::Borrowed("general"));
    let listed = match &*kind {
        "general" | "web" => &found.general,
        "news" => &found.news,
        "images" => &found.images,
        _ => return Err(invalid("searchType is not one of general, news, images")),
    };
    let mut parameters = listed.parameters.clone();
    parameters.insert("query".to_owned(), json!(query));
    parameters.insert("maxResults".to_owned(), json!(count));
    let asked = Call { definition: Some(definition), operation: "search", parameters: &parameters };
    let data = ask(platform, call, opened, &asked).await?;
    let items = data.pointer(&listed.results).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let results: Vec<Value> = items.iter().take(count).map(|item| result(found, item)).collect();
    Ok(json!({ "query": query, "results": results }))
}

/// One result in our words.
fn result(found: &Found, item: &Value) -> Value {
    // Pictures are given as plain URLs by some.
    if let Value::String(url) = item {
        return json!({ "title": "", "url": url, "snippet": "" });
    }
    let part = |names: &[String]| names.iter().find_map(|name| item.get(name)).and_then(Value::as_str);
    let mut result = Map::from_iter([
        ("title".to_owned(), json!(part(&found.title).unwrap_or_default())),
        ("url".to_owned(), json!(part(&found.url).unwrap_or_default())),
        ("snippet".to_owned(), json!(part(&found.snippet).unwrap_or_default())),
    ]);
    if let Some(date) = part(&found.published_date) {
        result.insert("publishedDate".to_owned(), json!(date));
    }
    Value::Object(result)
}

//! What an operator sets about agents (agents contract).

use floe_agents::Settings;
use floe_agents::models::{ModelSettings, OfflineModels};
use floe_agents::whatsapp::GraphSettings;
use floe_model::Timestamp;

use super::parse::{self, Parser};

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Reads everything of agents but what follows from other settings.
pub(super) fn read(parse: &mut Parser<'_>) -> Settings {
    let usual = Settings::default();
    let usage_since_day = parse.required("FLOE_USAGE_SINCE", day, usual.usage_since_day);
    let graph = GraphSettings {
        base_url: parse.required("FLOE_GRAPH_URL", parse::web_address, usual.graph.base_url),
        version: parse.required("FLOE_GRAPH_VERSION", graph_version, usual.graph.version),
        ..usual.graph
    };
    Settings { usage_since_day, graph, models: models(parse), ..usual }
}

fn models(parse: &mut Parser<'_>) -> ModelSettings {
    ModelSettings {
        openai_base_url: parse.optional("FLOE_OPENAI_BASE_URL", model_server),
        openai_api_key: parse.optional("FLOE_OPENAI_API_KEY", parse::text),
        anthropic_api_key: parse.optional("FLOE_ANTHROPIC_API_KEY", parse::text),
        offline: parse.required("FLOE_OFFLINE_MODELS", offline_models, OfflineModels::default()),
    }
}

/// The address of a model server, which may have a path; without a slash at the end.
fn model_server(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    let is_server = !text.contains('#')
        && text.parse::<axum::http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.query().is_none()
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
    if is_server { Ok(text.to_owned()) } else { Err("must be an address such as https://models.example/v1".to_owned()) }
}

fn offline_models(text: &str) -> Result<OfflineModels, String> {
    OfflineModels::parse(text).ok_or_else(|| "must be never, test or always".to_owned())
}

/// A version of the Graph API, such as `v23.0`.
fn graph_version(text: &str) -> Result<String, String> {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version =
        text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| number(a) && number(b));
    if is_version { Ok(text.to_owned()) } else { Err("must be a version such as v23.0".to_owned()) }
}

/// A UTC day in days since 1970.
fn day(text: &str) -> Result<i64, String> {
    let instant = Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| text.len() == 10);
    instant.map(|start| start.micros() / DAY_US).ok_or_else(|| "must be a date such as 2025-05-28".to_owned())
}

//! Providers and models that no table holds: what is part of this program, and what the server's environment names.

use floe_model::Timestamp;
use floe_model::agents::embedding::DIMENSIONS;
use floe_model::id::{ProviderId, WorkspaceId};
use floe_runtime::models::{ModelKind, Price, Supports};
use floe_store::agents::model_providers::Provider;
use floe_store::agents::models::Model;

use super::kinds::{ANTHROPIC, BUILTIN, HASH_256, MOCK, OFFLINE, OPENAI, ProviderKind};
use super::settings::{ANTHROPIC_URL, ModelSettings, OPENAI_URL};

/// Name of the built-in provider.
pub(super) const BUILTIN_NAME: &str = "builtin";
/// Names of built-in models; no other may have them.
pub(super) const BUILTIN_MODELS: [&str; 3] = ["offline", "mock", "hash-256"];
/// Milliseconds for one try unless the provider says otherwise.
pub(super) const TIMEOUT_MS: i64 = 60_000;
/// Calls under way at a time at one provider unless it says otherwise.
pub(super) const CONCURRENCY: i64 = 64;
/// Tokens that built-in models take and give; they count four characters as one.
const BUILTIN_CONTEXT: i64 = 128_000;
const BUILTIN_OUTPUT: i64 = 4_096;

/// The providers that no table holds: the built-in one, and those that the environment names.
pub(super) fn given_providers(settings: &ModelSettings, workspace: WorkspaceId) -> Vec<Provider> {
    let mut given = vec![given_provider(workspace, BUILTIN, BUILTIN_NAME, ProviderKind::Builtin, "")];
    if settings.openai_base_url.is_some() || settings.openai_api_key.is_some() {
        let url = settings.openai_base_url.as_deref().unwrap_or(OPENAI_URL);
        given.push(given_provider(workspace, OPENAI, "openai", ProviderKind::OpenaiCompatible, url));
    }
    if settings.anthropic_api_key.is_some() {
        given.push(given_provider(workspace, ANTHROPIC, "anthropic", ProviderKind::Anthropic, ANTHROPIC_URL));
    }
    given
}

fn given_provider(workspace: WorkspaceId, id: ProviderId, name: &str, kind: ProviderKind, url: &str) -> Provider {
    Provider {
        workspace,
        id,
        name: name.to_owned(),
        kind: kind.as_str().to_owned(),
        base_url: url.trim_end_matches('/').to_owned(),
        api_key: None,
        tail: None,
        headers: None,
        header_names: "[]".to_owned(),
        timeout_ms: TIMEOUT_MS,
        max_concurrency: CONCURRENCY,
        last_error: None,
        last_tested_at: None,
        revision: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// The models that are part of this program.
pub(super) fn builtin_models(workspace: WorkspaceId) -> [Model; 3] {
    let able = Supports { tools: true, vision: false, json_schema: true, stream: true };
    let unable = Supports { tools: false, vision: false, json_schema: false, stream: false };
    let free = Price { per_call: 0, ..Price::default() };
    [
        (OFFLINE, "offline", ModelKind::Chat, able, Price::default()),
        (MOCK, "mock", ModelKind::Chat, Supports { tools: false, ..able }, Price::default()),
        (HASH_256, "hash-256", ModelKind::Embedding, unable, free),
    ]
    .map(|(id, name, kind, supports, price)| Model {
        workspace,
        id,
        name: name.to_owned(),
        provider: BUILTIN,
        upstream_model: name.to_owned(),
        kind: kind.as_str().to_owned(),
        context_tokens: BUILTIN_CONTEXT,
        max_output_tokens: if kind == ModelKind::Chat { BUILTIN_OUTPUT } else { DIMENSIONS as i64 },
        supports: json_of(supports),
        price: json_of(price),
        enabled: true,
        revision: 1,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    })
}

/// A value of ours as JSON text.
pub(super) fn json_of(value: impl serde::Serialize) -> String {
    serde_json::to_string(&value).expect("plain numbers and flags can be written")
}

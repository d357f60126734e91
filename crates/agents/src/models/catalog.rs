//! Which model a name means, who answers for it, and with which key.

use floe_model::id::{ProviderId, WorkspaceId};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::models::{DEFAULT_MODEL, ModelFault, ModelInfo, ModelKind};
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::agents::model_providers::{self as provider_rows, Provider};
use floe_store::agents::models::{self as rows, Model};
use serde_json::{Map, Value};

use super::given::{BUILTIN_MODELS, BUILTIN_NAME, builtin_models, given_providers};
use super::kinds::{ANTHROPIC, BUILTIN, OPENAI, ProviderKind};
use super::settings::{ModelSettings, OfflineModels};

/// A model and who answers for it.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) info: ModelInfo,
    pub(super) speaker: Speaker,
}

/// Who answers for a model.
#[derive(Debug)]
pub(super) enum Speaker {
    /// The built-in model that answers from tools and knowledge.
    Offline,
    /// The built-in model that repeats what it was asked, under this name.
    Mock(String),
    /// The built-in embedding.
    Hash256,
    /// A server; its key is still sealed.
    Server(Box<Provider>),
}

/// A server that can be called. Never shown, never logged.
pub(super) struct Server {
    pub(super) id: ProviderId,
    pub(super) workspace: WorkspaceId,
    pub(super) kind: ProviderKind,
    pub(super) base_url: String,
    pub(super) api_key: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout_ms: u64,
    pub(super) max_concurrency: usize,
}

/// The model that a name means. None, empty and [`DEFAULT_MODEL`] mean the default one of its kind.
///
/// # Errors
/// The inner `UnknownModel` or `NotConfigured`; the outer fault of the database.
pub(super) fn pick(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    scope: Scope,
    kind: ModelKind,
    name: Option<&str>,
) -> Result<Result<Picked, ModelFault>, Fault> {
    let name = name.filter(|name| !name.is_empty() && *name != DEFAULT_MODEL);
    let Some(name) = name else { return default(tx, settings, scope, kind) };
    if BUILTIN_MODELS.contains(&name) {
        return builtin(tx, settings, scope, kind, name);
    }
    if let Some(row) = rows::named(tx, scope.workspace, name)? {
        let found = if row.enabled && row.kind == kind.as_str() { served(tx, settings, &row)? } else { None };
        return Ok(found.ok_or_else(|| ModelFault::UnknownModel(name.to_owned())));
    }
    match name.split_once('/') {
        Some((provider, upstream)) => of_provider(tx, settings, scope, kind, provider, upstream),
        None => Ok(Err(ModelFault::UnknownModel(name.to_owned()))),
    }
}

fn default(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    scope: Scope,
    kind: ModelKind,
) -> Result<Result<Picked, ModelFault>, Fault> {
    if let Some(id) = rows::default_of(tx, scope.workspace, kind.as_str())? {
        let row = rows::find(tx, scope.workspace, id)?.filter(|row| row.enabled);
        let found = row.map(|row| served(tx, settings, &row)).transpose()?.flatten();
        return Ok(found.map(as_default).ok_or(ModelFault::NotConfigured));
    }
    let name = match kind {
        ModelKind::Chat => BUILTIN_MODELS[0],
        ModelKind::Embedding => BUILTIN_MODELS[2],
    };
    Ok(builtin(tx, settings, scope, kind, name)?.map(as_default))
}

fn as_default(mut picked: Picked) -> Picked {
    picked.info.is_default = true;
    picked
}

/// `<provider>/<upstream name>`. What is configured counts; in test mode the mock stands in for a provider that is not there.
fn of_provider(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    scope: Scope,
    kind: ModelKind,
    provider: &str,
    upstream: &str,
) -> Result<Result<Picked, ModelFault>, Fault> {
    let unknown = ModelFault::UnknownModel(format!("{provider}/{upstream}"));
    match provider {
        BUILTIN_NAME => return builtin(tx, settings, scope, kind, upstream),
        "mock" if kind == ModelKind::Chat && allows(tx, settings, scope)? => {
            return Ok(Ok(mock(scope.workspace, upstream)?));
        }
        _ => {}
    }
    if let Some(row) = provider_named(tx, settings, scope.workspace, provider)? {
        let found = rows::of_provider(tx, scope.workspace, row.id, upstream, kind.as_str())?;
        let Some(model) = found else { return Ok(Err(unknown)) };
        return Ok(Ok(Picked { info: info(&model, &row.name)?, speaker: Speaker::Server(row.into()) }));
    }
    let stands_in = scope.mode == Mode::Test && kind == ModelKind::Chat && allows(tx, settings, scope)?;
    Ok(if stands_in { Ok(mock(scope.workspace, upstream)?) } else { Err(unknown) })
}

fn builtin(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    scope: Scope,
    kind: ModelKind,
    name: &str,
) -> Result<Result<Picked, ModelFault>, Fault> {
    let found = builtin_models(scope.workspace).into_iter().find(|row| row.name == name && row.kind == kind.as_str());
    let Some(row) = found else { return Ok(Err(ModelFault::UnknownModel(name.to_owned()))) };
    // An embedding says nothing by itself: searches work offline, whatever is set about answers.
    if kind == ModelKind::Chat && !allows(tx, settings, scope)? {
        return Ok(Err(ModelFault::NotConfigured));
    }
    Ok(Ok(Picked { info: info(&row, BUILTIN_NAME)?, speaker: builtin_speaker(&row.name) }))
}

fn builtin_speaker(name: &str) -> Speaker {
    match name {
        "offline" => Speaker::Offline,
        "hash-256" => Speaker::Hash256,
        _ => Speaker::Mock("mock".to_owned()),
    }
}

/// The mock under the name of a model that it stands for.
fn mock(workspace: WorkspaceId, label: &str) -> Result<Picked, Fault> {
    let [_, row, _] = builtin_models(workspace);
    let info =
        ModelInfo { name: format!("mock/{label}"), upstream_model: label.to_owned(), ..info(&row, BUILTIN_NAME)? };
    Ok(Picked { info, speaker: Speaker::Mock(label.to_owned()) })
}

/// A configured model with its provider; none when the provider is no longer there.
fn served(tx: &mut Tx<'_>, settings: &ModelSettings, row: &Model) -> Result<Option<Picked>, Fault> {
    let provider = provider(tx, settings, row.workspace, row.provider)?;
    provider
        .map(|provider| Ok(Picked { info: info(row, &provider.name)?, speaker: Speaker::Server(provider.into()) }))
        .transpose()
}

/// Whether built-in models may answer in a scope.
pub(super) fn allows(tx: &mut Tx<'_>, settings: &ModelSettings, scope: Scope) -> Result<bool, Fault> {
    let workspace = workspaces::find(tx, scope.workspace)?;
    let stored: Map<String, Value> =
        workspace.map(|workspace| serde_json::from_str(&workspace.settings).unwrap_or_default()).unwrap_or_default();
    let own = stored.get("offline_models").and_then(Value::as_str).and_then(OfflineModels::parse);
    Ok(match own.unwrap_or(settings.offline) {
        OfflineModels::Never => false,
        OfflineModels::Test => scope.mode == Mode::Test,
        OfflineModels::Always => true,
    })
}

/// A provider by id, also one of the environment; the built-in one included.
pub(super) fn provider(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    workspace: WorkspaceId,
    id: ProviderId,
) -> Result<Option<Provider>, Fault> {
    match given_providers(settings, workspace).into_iter().find(|given| given.id == id) {
        Some(given) => Ok(Some(given)),
        None => provider_rows::find(tx, workspace, id),
    }
}

/// A provider by name: a configured one before one of the environment.
pub(super) fn provider_named(
    tx: &mut Tx<'_>,
    settings: &ModelSettings,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Provider>, Fault> {
    if let Some(row) = provider_rows::named(tx, workspace, name)? {
        return Ok(Some(row));
    }
    Ok(given_providers(settings, workspace).into_iter().find(|given| given.name == name && given.id != BUILTIN))
}

/// A model as others see it.
///
/// # Errors
/// Internal, when the record is damaged.
pub(super) fn info(row: &Model, provider: &str) -> Result<ModelInfo, Fault> {
    let tokens = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(ModelInfo {
        name: row.name.clone(),
        kind: kind_of(row)?,
        provider: provider.to_owned(),
        upstream_model: row.upstream_model.clone(),
        context_tokens: tokens(row.context_tokens),
        max_output_tokens: tokens(row.max_output_tokens),
        supports: serde_json::from_str(&row.supports).map_err(Fault::internal)?,
        price: serde_json::from_str(&row.price).map_err(Fault::internal)?,
        is_default: false,
    })
}

/// The kind of a model.
///
/// # Errors
/// Internal, when the record is damaged.
pub(super) fn kind_of(row: &Model) -> Result<ModelKind, Fault> {
    match row.kind.as_str() {
        "chat" => Ok(ModelKind::Chat),
        "embedding" => Ok(ModelKind::Embedding),
        _ => Err(Fault::internal("a model is of an unknown kind")),
    }
}

/// Opens what a provider is called with.
///
/// # Errors
/// Of the database; internal when the record is damaged.
pub(super) fn open(
    tx: &mut Tx<'_>,
    platform: &Platform,
    settings: &ModelSettings,
    row: &Provider,
) -> Result<Server, Fault> {
    let kind = match row.id {
        BUILTIN => ProviderKind::Builtin,
        _ => ProviderKind::parse(&row.kind).ok_or_else(|| Fault::internal("a provider is of an unknown kind"))?,
    };
    let api_key = match (row.id, &row.api_key) {
        (OPENAI, _) => settings.openai_api_key.clone(),
        (ANTHROPIC, _) => settings.anthropic_api_key.clone(),
        (_, Some(sealed)) => Some(platform.seal.open_text(tx, row.workspace, key_place(row.id), sealed)?),
        (_, None) => None,
    };
    let headers = match &row.headers {
        Some(sealed) => {
            let text = platform.seal.open_text(tx, row.workspace, headers_place(row.id), sealed)?;
            let headers: Map<String, Value> =
                serde_json::from_str(&text).map_err(|_| Fault::internal("the headers of a provider cannot be read"))?;
            headers.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
        }
        None => Vec::new(),
    };
    Ok(Server {
        id: row.id,
        workspace: row.workspace,
        kind,
        base_url: row.base_url.clone(),
        api_key,
        headers,
        timeout_ms: u64::try_from(row.timeout_ms).unwrap_or(0),
        max_concurrency: usize::try_from(row.max_concurrency).unwrap_or(1).max(1),
    })
}

/// Where the key of a provider is sealed.
pub(super) fn key_place(id: ProviderId) -> Place {
    Place::new("model_provider.api_key", id.0)
}

/// Where the headers of a provider are sealed.
pub(super) fn headers_place(id: ProviderId) -> Place {
    Place::new("model_provider.headers", id.0)
}

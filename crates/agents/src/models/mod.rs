//! Models: providers and their protocols, the models that are configured, and the calls (console contract, section 5.1).
//!
//! [`ModelService`] is what every slice calls through [`floe_runtime::models::Models`]. A call picks a model by its name (`catalog`),
//! takes a place at its provider (`gates`), speaks its protocol (`openai`, `anthropic`, `builtin`), and tries again or falls back when
//! the provider is busy (`call`). What people configure is in [`providers`] and [`records`].

mod anthropic;
mod asking;
mod builtin;
mod call;
mod catalog;
mod embed;
mod gates;
mod given;
mod kinds;
mod openai;
mod probe;
pub mod providers;
pub mod records;
mod settings;
pub(crate) mod sse;
mod uses;
mod wire;

use std::sync::Arc;

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::models::{
    Deltas, EmbedCall, Embedded, ModelCall, ModelFailure, ModelInfo, ModelKind, ModelReply, Models,
};
use floe_runtime::models::{ModelFault, ModelFuture};
use floe_store::Tx;
use floe_store::agents::models as rows;

use gates::Gates;
use given::builtin_models;

pub use kinds::{BUILTIN, Origin, ProviderKind};
pub use probe::{Listed, Tested};
pub use settings::{ModelSettings, OfflineModels};

/// The models of every workspace.
pub struct ModelService {
    platform: Arc<Platform>,
    settings: Arc<ModelSettings>,
    gates: Gates,
}

impl ModelService {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: ModelSettings) -> Self {
        Self { platform, settings: Arc::new(settings), gates: Gates::default() }
    }

    /// Whether a chat model of this name is configured, for checks when something is published; a `<provider>/<model>` counts that test
    /// mode would take.
    ///
    /// # Errors
    /// Of the database.
    pub fn knows(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<bool, Fault> {
        let scope = Scope { workspace, mode: Mode::Test };
        let picked = catalog::pick(tx, &self.settings, scope, ModelKind::Chat, Some(name))?;
        // A built-in one that may not answer here is known all the same.
        Ok(!matches!(picked, Err(ModelFault::UnknownModel(_))))
    }

    /// The models of one kind that can be named, for forms and checks inside of a transaction; the default one first, then by name.
    ///
    /// # Errors
    /// Of the database.
    pub fn usable(&self, tx: &mut Tx<'_>, scope: Scope, kind: ModelKind) -> Result<Vec<ModelInfo>, Fault> {
        usable(tx, &self.settings, scope, kind)
    }

    /// One model inside of a transaction; none when a call would find none.
    ///
    /// # Errors
    /// Of the database.
    pub fn look_up(
        &self,
        tx: &mut Tx<'_>,
        scope: Scope,
        kind: ModelKind,
        name: Option<&str>,
    ) -> Result<Option<ModelInfo>, Fault> {
        Ok(catalog::pick(tx, &self.settings, scope, kind, name)?.ok().map(|picked| picked.info))
    }

    /// Whether a provider of this name is configured, by the workspace or the server's environment.
    ///
    /// # Errors
    /// Of the database.
    pub fn has_provider(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<bool, Fault> {
        Ok(catalog::provider_named(tx, &self.settings, workspace, name)?.is_some())
    }

    /// The name of a provider; none when there is no such one.
    ///
    /// # Errors
    /// Of the database.
    pub fn provider_name(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        id: floe_model::id::ProviderId,
    ) -> Result<Option<String>, Fault> {
        Ok(catalog::provider(tx, &self.settings, workspace, id)?.map(|provider| provider.name))
    }

    async fn found(&self, scope: Scope, kind: ModelKind, name: Option<&str>) -> Result<Option<ModelInfo>, Fault> {
        let (settings, name) = (Arc::clone(&self.settings), name.map(str::to_owned));
        let reading = self.platform.store.read(move |tx| catalog::pick(tx, &settings, scope, kind, name.as_deref()));
        Ok(reading.await?.ok().map(|picked| picked.info))
    }
}

impl Models for ModelService {
    fn call<'a>(
        &'a self,
        scope: Scope,
        call: &'a ModelCall,
        deltas: Option<&'a dyn Deltas>,
    ) -> ModelFuture<'a, Result<ModelReply, ModelFailure>> {
        Box::pin(self.answer(scope, call, deltas))
    }

    fn embed<'a>(&'a self, scope: Scope, call: &'a EmbedCall) -> ModelFuture<'a, Result<Embedded, ModelFailure>> {
        Box::pin(self.vectors(scope, call))
    }

    fn list<'a>(&'a self, scope: Scope, kind: ModelKind) -> ModelFuture<'a, Result<Vec<ModelInfo>, Fault>> {
        let settings = Arc::clone(&self.settings);
        Box::pin(self.platform.store.read(move |tx| usable(tx, &settings, scope, kind)))
    }

    fn find<'a>(&'a self, scope: Scope, name: Option<&'a str>) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>> {
        Box::pin(self.found(scope, ModelKind::Chat, name))
    }

    fn find_embedding<'a>(
        &'a self,
        scope: Scope,
        name: Option<&'a str>,
    ) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>> {
        Box::pin(self.found(scope, ModelKind::Embedding, name))
    }
}

fn usable(tx: &mut Tx<'_>, settings: &ModelSettings, scope: Scope, kind: ModelKind) -> Result<Vec<ModelInfo>, Fault> {
    let mut all = Vec::new();
    for row in rows::usable(tx, scope.workspace, kind.as_str())? {
        if let Some(provider) = catalog::provider(tx, settings, scope.workspace, row.provider)? {
            all.push(catalog::info(&row, &provider.name)?);
        }
    }
    let may_answer = kind == ModelKind::Embedding || catalog::allows(tx, settings, scope)?;
    for row in builtin_models(scope.workspace).iter().filter(|row| may_answer && row.kind == kind.as_str()) {
        all.push(catalog::info(row, given::BUILTIN_NAME)?);
    }
    let default = catalog::pick(tx, settings, scope, kind, None)?.ok().map(|picked| picked.info.name);
    for info in &mut all {
        info.is_default = default.as_ref() == Some(&info.name);
    }
    all.sort_by(|one, other| (!one.is_default, &one.name).cmp(&(!other.is_default, &other.name)));
    Ok(all)
}

#[cfg(test)]
mod tests;

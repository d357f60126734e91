//! Asks a provider whether it is there: the list of its models is the call that costs nothing.

use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{ProviderId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_runtime::models::ModelFault;
use floe_store::agents::model_providers::{self as provider_rows, Provider};
use floe_store::agents::models as rows;
use tokio::time::Instant;

use super::catalog::{self, Server};
use super::given::{builtin_models, given_providers};
use super::kinds::{BUILTIN, ProviderKind};
use super::providers::not_found;
use super::wire::Failed;
use super::{ModelService, anthropic, openai};

/// Time for the whole call, milliseconds.
const TOTAL_MS: u64 = 10_000;

/// Providers that are asked in one look over the whole server.
const EXAMINED_MAX: usize = 20;
/// Time for each of them, milliseconds.
const EXAMINED_MS: u64 = 3_000;

/// What a test showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Whether the provider took the key.
    pub ok: bool,
    /// Its status, when it was another one than 2xx.
    pub status_code: Option<u16>,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// One sentence.
    pub message: String,
}

/// A model that a provider has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name there.
    pub upstream_model: String,
    /// Names under which it is configured here.
    pub configured_as: Vec<String>,
}

impl ModelService {
    /// Calls a provider with its key; [`ModelService::note_test`] keeps what came of it.
    ///
    /// # Errors
    /// `not_found`; `outbound_blocked`.
    pub async fn test_provider(&self, ctx: &Ctx, id: ProviderId) -> Result<Tested, Fault> {
        let Some(server) = self.server(ctx, id).await? else {
            let message = "Built-in models need no connection".to_owned();
            return Ok(Tested { ok: true, status_code: None, duration_ms: 0, message });
        };
        let began = Instant::now();
        let outcome = self.names(&server, TOTAL_MS).await;
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (ok, status_code, message) = match outcome {
            Ok(names) => (true, Some(200), format!("The provider answered with {} models", names.len())),
            Err(Failed { fault: ModelFault::Blocked, .. }) => return Err(blocked()),
            // A list is not part of every server that speaks the protocol; the key was taken all the same.
            Err(Failed { fault: ModelFault::Refused(_), .. }) => {
                (true, None, "The provider is there, but lists no models".to_owned())
            }
            Err(failed) => (false, status_of(&failed.fault), sentence(&failed.fault)),
        };
        Ok(Tested { ok, status_code, duration_ms, message })
    }

    /// The models that a provider has, and under which names they are configured here.
    ///
    /// # Errors
    /// `not_found`; `outbound_blocked`; `not_supported` when the provider gives no list.
    pub async fn list_upstream(&self, ctx: &Ctx, id: ProviderId) -> Result<Vec<Listed>, Fault> {
        let workspace = ctx.caller.workspace;
        let Some(server) = self.server(ctx, id).await? else {
            let of = |name: String| Listed { configured_as: vec![name.clone()], upstream_model: name };
            return Ok(builtin_models(workspace).into_iter().map(|row| of(row.name)).collect());
        };
        let names = match self.names(&server, TOTAL_MS).await {
            Ok(names) => names,
            Err(Failed { fault: ModelFault::Blocked, .. }) => return Err(blocked()),
            Err(failed) => return Err(super::providers::unsupported(&sentence(&failed.fault))),
        };
        let known = self.platform.store.read(move |tx| rows::upstream_of(tx, workspace, id)).await?;
        let listed = names.into_iter().map(|upstream_model| {
            let same = known.iter().filter(|(upstream, _)| *upstream == upstream_model);
            Listed { configured_as: same.map(|(_, name)| name.clone()).collect(), upstream_model }
        });
        Ok(listed.collect())
    }

    /// Asks every provider of every workspace and of the environment whether it is there: how many were asked, and how many did not
    /// answer or did not take their key.
    ///
    /// # Errors
    /// Of the database.
    pub async fn examine(&self) -> Result<(usize, usize), Fault> {
        let (settings, platform) = (Arc::clone(&self.settings), Arc::clone(&self.platform));
        let reading = self.platform.store.read(move |tx| {
            let given = given_providers(&settings, WorkspaceId(0)).into_iter().filter(|row| row.id != BUILTIN);
            let rows: Vec<Provider> = given.chain(provider_rows::everywhere(tx, EXAMINED_MAX)?).collect();
            rows.iter().map(|row| catalog::open(tx, &platform, &settings, row)).collect::<Result<Vec<Server>, Fault>>()
        });
        let servers = reading.await?;
        let mut failing = 0;
        for server in &servers {
            let answered = self.names(server, EXAMINED_MS).await;
            failing += usize::from(answered.is_err_and(|failed| !matches!(failed.fault, ModelFault::Refused(_))));
        }
        Ok((servers.len(), failing))
    }

    /// What a provider is called with; none for the built-in one.
    async fn server(&self, ctx: &Ctx, id: ProviderId) -> Result<Option<Server>, Fault> {
        let (workspace, settings, platform) =
            (ctx.caller.workspace, Arc::clone(&self.settings), Arc::clone(&self.platform));
        let reading = self.platform.store.read(move |tx| {
            let row = catalog::provider(tx, &settings, workspace, id)?.ok_or_else(not_found)?;
            match row.id {
                BUILTIN => Ok(None),
                _ => catalog::open(tx, &platform, &settings, &row).map(Some),
            }
        });
        reading.await
    }

    async fn names(&self, server: &Server, limit_ms: u64) -> Result<Vec<String>, Failed> {
        let until = Instant::now() + Duration::from_millis(limit_ms);
        let _place = self.place(server, until).await?;
        match server.kind {
            ProviderKind::Anthropic => anthropic::models(&self.platform, server, until).await,
            _ => openai::models(&self.platform, server, until).await,
        }
    }
}

fn status_of(fault: &ModelFault) -> Option<u16> {
    match fault {
        ModelFault::NoCredentials => Some(401),
        ModelFault::RateLimited => Some(429),
        ModelFault::Overloaded => Some(503),
        ModelFault::Upstream(status) => Some(*status),
        _ => None,
    }
}

fn sentence(fault: &ModelFault) -> String {
    let text = fault.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn blocked() -> Fault {
    let message = "The address of this provider may not be called";
    Fault::new(FaultKind::Unprocessable, "outbound_blocked", message)
}

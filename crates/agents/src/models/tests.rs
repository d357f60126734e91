//! Calls of models at a server that speaks the real protocols and says what is written down.

mod busy;
mod names;
mod protocols;
mod real;
mod records;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_model::Timestamp;
use floe_model::access::{Caller, Credential};
use floe_model::id::{KeyId, RequestId};
use floe_runtime::ids::SystemRandom;
use floe_runtime::models::ChatMessage;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Seal};
use floe_testkit::models::ModelServer;
use floe_testkit::store::TestStore;

use super::providers::NewProvider;
use super::records::{ModelPatch, NewModel, Shown};
use super::*;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const TEST: Scope = Scope { workspace: WORKSPACE, mode: Mode::Test };
const LIVE: Scope = Scope { workspace: WORKSPACE, mode: Mode::Live };
const KEY: &str = "sk-a-key-of-a-test-7777";

/// Names a real model server.
const REAL: &str = "FLOE_TEST_MODEL_SERVER";

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// A workspace whose calls may reach one scripted server.
struct World {
    models: Arc<ModelService>,
    server: ModelServer,
    ctx: Ctx,
    _store: TestStore,
}

/// Keeps what was given out.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn text(&self) -> String {
        self.0.lock().expect("no test panics while it holds this").concat()
    }

    fn pieces(&self) -> usize {
        self.0.lock().expect("no test panics while it holds this").len()
    }
}

impl Deltas for Heard {
    fn text<'a>(&'a self, piece: &'a str) -> ModelFuture<'a, ()> {
        self.0.lock().expect("no test panics while it holds this").push(piece.to_owned());
        Box::pin(async {})
    }
}

impl World {
    async fn open() -> Self {
        Self::with(TestStore::quick().await, ModelSettings::default()).await
    }

    async fn with(store: TestStore, settings: ModelSettings) -> Self {
        let server = ModelServer::start().await;
        let real = std::env::var(REAL).ok().and_then(|url| Some(format!(",{}", url.strip_prefix("http://")?)));
        let allow = AllowList::parse(&(server.authority() + &real.unwrap_or_default())).expect("addresses");
        let clock = Arc::new(SetClock(AtomicI64::new(1_800_000_000_000_000)));
        let platform = Arc::new(Platform {
            store: (*store).clone(),
            clock: Arc::<SetClock>::clone(&clock),
            ids: Ids::new(clock, Arc::new(SystemRandom)),
            outside: Outside::new(OutsideConfig { allow, ..OutsideConfig::default() }),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let caller = Caller {
            workspace: WORKSPACE,
            mode: Mode::Test,
            credential: Credential::AgentsKey(KeyId(5)),
            name: "a key".to_owned(),
            member: None,
            scopes: None,
            agents: None,
        };
        let ctx = Ctx::new(Arc::clone(&platform), Arc::new(caller), RequestId(7));
        Self { models: Arc::new(ModelService::new(platform, settings)), server, ctx, _store: store }
    }

    /// A provider of a kind at the scripted server.
    async fn provider(
        &self,
        name: &str,
        kind: ProviderKind,
        change: impl FnOnce(&mut NewProvider),
    ) -> providers::Shown {
        let base_url = match kind {
            ProviderKind::Anthropic => self.server.anthropic_url(),
            _ => self.server.openai_url(),
        };
        let mut new = NewProvider {
            name: name.to_owned(),
            kind: Some(kind),
            base_url: Some(base_url),
            api_key: Some(KEY.to_owned()),
            ..NewProvider::default()
        };
        change(&mut new);
        let (models, ctx) = (Arc::clone(&self.models), self.ctx.clone());
        self.write(move |tx| models.create_provider(tx, &ctx, &new)).await.expect("a provider")
    }

    /// A model that is called what it is called at its provider.
    async fn model(&self, provider: &providers::Shown, name: &str, set: ModelPatch) -> Shown {
        self.model_of(provider, name, ModelKind::Chat, set).await
    }

    async fn model_of(&self, provider: &providers::Shown, name: &str, kind: ModelKind, set: ModelPatch) -> Shown {
        let new = NewModel {
            name: name.to_owned(),
            provider: provider.row.id,
            upstream_model: format!("up-{name}"),
            kind,
            set,
        };
        let (models, ctx) = (Arc::clone(&self.models), self.ctx.clone());
        self.write(move |tx| models.create_model(tx, &ctx, &new)).await.expect("a model")
    }

    /// A provider with the usual settings and one model.
    async fn ready(&self, name: &str, kind: ProviderKind) {
        let provider = self.provider(&format!("at {name}"), kind, |_| {}).await;
        self.model(&provider, name, ModelPatch::default()).await;
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.models.platform.store.write(act).await
    }

    async fn call(&self, call: &ModelCall) -> Result<ModelReply, ModelFailure> {
        self.models.call(TEST, call, None).await
    }
}

/// One question to a model.
fn ask(model: &str, text: &str) -> ModelCall {
    ModelCall { model: Some(model.to_owned()), messages: vec![ChatMessage::user(text)], ..ModelCall::default() }
}

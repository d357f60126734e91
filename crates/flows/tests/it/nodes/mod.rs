//! Node types of workflows against real servers, databases and children.

mod code;
mod database;
mod files;
mod http;
mod integration;
mod mail;
mod web;

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_flows::nodes::{self, NodeSettings};
use floe_model::id::{ConnectionId, FlowId};
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::documents::child::Readers;
use floe_runtime::effect::{Effect, EffectCall, Effected};
use floe_runtime::sandbox::OnceConfig;
use floe_runtime::seal::Place;
use floe_store::access::connections::{self, Connection};
use floe_store::flows::run_rows;
use floe_store::flows::runs::RunRow;
use floe_testkit::store::TestFolder;
use serde_json::{Value, json};

use crate::world::{RUN, World, call, child_program};

/// Nodes on a platform that may call loopback, with a run for their folders.
pub(crate) struct Nodes {
    pub(crate) world: World,
    effects: Vec<Arc<dyn Effect>>,
    _folder: TestFolder,
}

impl Nodes {
    pub(crate) async fn new() -> Self {
        let (world, folder) = (World::new().await, TestFolder::create());
        let readers = Readers::new(OnceConfig {
            program: child_program("document_child"),
            args: Vec::new(),
            children_max: 2,
            queue_wait_ms: 10_000,
        });
        let sqlite_folder = Some(folder.path().join("databases"));
        let effects = nodes::effects(&NodeSettings { code: true, sqlite_folder, readers });
        world.platform.store.write(|tx| run_rows::add(tx, &[&run()], None)).await.expect("a run");
        Self { world, effects, _folder: folder }
    }

    fn effect(&self, kind: &str) -> &Arc<dyn Effect> {
        let key = format!("node-{kind}");
        self.effects.iter().find(|effect| effect.spec().key == key).expect("a node type of this slice")
    }

    pub(crate) async fn call(&self, kind: &str, call: EffectCall) -> Effected {
        self.effect(kind).call(&self.world.platform, call).await
    }

    /// The record of a node that succeeds.
    pub(crate) async fn done(&self, kind: &str, input: Value) -> Value {
        let done = self.call(kind, keyed(input)).await.result;
        done.unwrap_or_else(|error| panic!("{kind}: {error:?}"))
    }

    /// The failure of a node that fails.
    pub(crate) async fn failed(&self, kind: &str, input: Value) -> StepError {
        self.call(kind, keyed(input)).await.result.expect_err(kind)
    }

    /// The record of a node in test mode.
    pub(crate) async fn pretended(&self, kind: &str, input: Value) -> Value {
        let call = keyed(input);
        let scope = Scope { mode: Mode::Test, ..call.scope };
        self.call(kind, EffectCall { scope, ..call }).await.result.expect(kind)
    }

    /// Adds an active connection of the workspace.
    pub(crate) async fn connect(&self, provider: &str, kind: &str, config: Value, secret: Value) -> String {
        self.connect_as(provider, kind, config, secret, "active").await
    }

    pub(crate) async fn connect_as(
        &self,
        provider: &str,
        kind: &str,
        config: Value,
        secret: Value,
        status: &str,
    ) -> String {
        let platform = Arc::clone(&self.world.platform);
        let id: ConnectionId = platform.ids.next();
        let workspace = call(json!({})).scope.workspace;
        let row = Connection {
            workspace,
            id,
            name: format!("{provider} {id}"),
            provider: provider.to_owned(),
            kind: kind.to_owned(),
            config: config.to_string(),
            secret: None,
            tail: None,
            status: status.to_owned(),
            last_error: None,
            last_tested_at: None,
            revision: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let own = Arc::clone(&platform);
        let write = move |tx: &mut floe_store::Tx<'_>| {
            let text = secret.to_string();
            let sealed = own.seal.seal(tx, &own.ids, workspace, Place::connection(id), text.as_bytes())?;
            connections::insert(tx, &Connection { secret: Some(sealed), ..row.clone() })
        };
        assert!(platform.store.write(write).await.expect("a connection"));
        id.prefixed()
    }
}

/// A call with a key of its own, as each node has one.
pub(crate) fn keyed(input: Value) -> EffectCall {
    let key = format!("{RUN}:{}:0", floe_model::hex::encode(&sha(&input.to_string())));
    EffectCall { key, timeout_ms: 30_000, ..call(input) }
}

fn sha(text: &str) -> [u8; 8] {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish().to_be_bytes()
}

fn run() -> RunRow {
    RunRow {
        workspace: call(json!({})).scope.workspace,
        id: RUN,
        mode: Mode::Live,
        flow: FlowId(7),
        flow_name: "Intake".to_owned(),
        version: 1,
        is_draft: false,
        document_hash: [0; 32],
        status: "running".to_owned(),
        trigger_type: "api".to_owned(),
        trigger_step: String::new(),
        source_kind: "client".to_owned(),
        source: "{}".to_owned(),
        parent: None,
        depth: 0,
        started_by: "key:1".to_owned(),
        settings: "{}".to_owned(),
        queued_at: Timestamp(0),
        started_at: None,
        finished_at: None,
        active_ms: None,
        step_count: 0,
        current_step: None,
        wait_kind: None,
        wait_step: None,
        error_code: None,
        error_message: None,
        error_step: None,
        revision: 0,
    }
}

#[tokio::test]
async fn types_without_a_provider_say_so_when_they_are_run() {
    let nodes = Nodes::new().await;
    for kind in [
        "pdfGeneration",
        "screenshotCapture",
        "audioInput",
        "audio",
        "audioTranscription",
        "audioOutput",
        "imageGeneration",
        "videoGeneration",
        "ocrExtraction",
        "webSearch",
    ] {
        assert_eq!(nodes.failed(kind, json!({ "query": "x" })).await.code, "NOT_CONFIGURED", "{kind}");
    }
}

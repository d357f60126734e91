//! A platform for effects, and calls of step types as the run loop makes them.

use std::path::PathBuf;
use std::sync::Arc;

use floe_engine::event::StepError;
use floe_flows::steps;
use floe_model::id::{RunId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::clock::{Clock, SystemClock};
use floe_runtime::effect::{Effect, EffectCall, Effected};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Ids, Platform};
use floe_testkit::store::TestStore;
use serde_json::{Map, Value, json};

/// The run of every call.
pub(crate) const RUN: RunId = RunId(0x0190_0000_0000_7000_8000_0000_0000_0001);

pub(crate) struct World {
    pub(crate) platform: Arc<Platform>,
    _store: TestStore,
}

impl World {
    /// A platform that may call loopback on every port.
    pub(crate) async fn new() -> Self {
        Self::with("127.0.0.1", sandbox_config()).await
    }

    /// A platform with an operator's list of open addresses, and a sandbox.
    pub(crate) async fn with(allow: &str, sandbox: SandboxConfig) -> Self {
        floe_runtime::outside::install_tls_provider();
        let store = TestStore::quick().await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let allow = AllowList::parse(allow).expect("a list");
        let platform = Arc::new(Platform {
            store: (*store).clone(),
            ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
            clock,
            outside: Outside::new(OutsideConfig { allow, ..OutsideConfig::default() }),
            sandbox: Sandbox::new(sandbox),
            seal: floe_runtime::Seal::new([9; 32]),
        });
        Self { platform, _store: store }
    }

    /// Calls a step type with the configuration after templates.
    pub(crate) async fn call(&self, key: &str, input: Value) -> Effected {
        self.call_with(key, call(input)).await
    }

    pub(crate) async fn call_with(&self, key: &str, call: EffectCall) -> Effected {
        effect(key).call(&self.platform, call).await
    }

    /// The result of a call that succeeds.
    pub(crate) async fn done(&self, key: &str, input: Value) -> Value {
        self.call(key, input).await.result.expect("the step succeeds")
    }

    /// The failure of a call that fails.
    pub(crate) async fn failed(&self, key: &str, input: Value) -> StepError {
        self.call(key, input).await.result.expect_err("the step fails")
    }
}

/// A call of the step `fetch`, outside of loops.
pub(crate) fn call(input: Value) -> EffectCall {
    EffectCall {
        scope: Scope { workspace: WorkspaceId(1), mode: Mode::Live },
        run: RUN,
        step_id: "fetch".to_owned(),
        key: format!("{RUN}:fetch:0"),
        attempt: 1,
        depth: 0,
        chain: Vec::new(),
        input: Arc::new(input),
        fixed: Map::new(),
        context: None,
        timeout_ms: 5_000,
        progress: None,
        now: Timestamp(1_760_000_000_000_000),
    }
}

/// A call of a code step.
pub(crate) fn code(text: &str, inputs: Value) -> EffectCall {
    let fixed = Map::from_iter([("code".to_owned(), json!(text))]);
    EffectCall { fixed, ..call(json!({ "inputs": inputs })) }
}

pub(crate) fn effect(key: &str) -> Arc<dyn Effect> {
    let found = steps::effects(true).into_iter().find(|effect| effect.spec().key == key);
    found.expect("a step type of this slice")
}

pub(crate) fn sandbox_config() -> SandboxConfig {
    SandboxConfig {
        program: child_program("code_step_child"),
        args: Vec::new(),
        children_max: 2,
        ..SandboxConfig::default()
    }
}

/// The example that holds a child; cargo builds it with the tests, next to their folder.
pub(crate) fn child_program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("tests have a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join("examples").join(name);
    assert!(program.exists(), "{} is missing: cargo build -p floe-flows --examples", program.display());
    program
}

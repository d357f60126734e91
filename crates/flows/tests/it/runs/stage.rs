//! A running slice with one effect type whose behaviour the test decides, and a record of every call of it.

use std::sync::{Arc, Mutex, PoisonError};

use floe_engine::catalog::{EffectSpec, Execution, Field, FieldKind, StepSpec};
use floe_engine::event::StepError;
use floe_flows::definitions::{self, Content, NewFlow, Publish, VersionChoice};
use floe_flows::runs::{AnswerIn, AnswerKind, Limits, RunState, handlers};
use floe_flows::steps::HttpRequest;
use floe_flows::{Execute, Flows, WayIn, workflows};
use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::flows::{FlowSettings, Visibility};
use floe_model::id::{FlowId, MemberId, RequestId, RunId, SessionId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use floe_runtime::ids::SystemRandom;
use floe_runtime::jobs::JobLoop;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform, SystemClock};
use floe_store::Store;
use floe_store::access::variables::{self, Variable};
use floe_store::access::{members, memberships};
use floe_testkit::store::TestStore;
use floe_testkit::wait::until;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId(0x0190_0000_0000_7000_8000_0000_0000_0001);
/// Longest wait for anything, in milliseconds.
pub(crate) const PATIENCE_MS: u64 = 10_000;

/// What the calls of the effect were, and the gate that holds them.
#[derive(Clone)]
pub(crate) struct Calls {
    keys: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Steps that were called, in order.
    pub(crate) fn steps(&self) -> Vec<String> {
        self.keys().iter().filter_map(|key| key.split(':').nth(1).map(str::to_owned)).collect()
    }

    /// Lets calls of a held step through.
    pub(crate) fn release(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    /// Waits until this many calls were made.
    pub(crate) async fn wait_for(&self, calls: usize) {
        until(&format!("{calls} calls"), || async { self.keys().len() >= calls }).await;
    }
}

/// `record`: keeps its key; `held` waits at the gate, `failTimes` fails the first attempts, `panics` panics.
struct Record(Calls);

static RECORD: StepSpec = RECORD_SPEC;

const RECORD_SPEC: StepSpec = StepSpec {
    key: "record",
    aliases: &[],
    name: "Record",
    category: "test",
    description: "Keeps its key.",
    fields: &[
        Field::new("held", "Held", FieldKind::Boolean, "Waits at the gate."),
        Field::new("failTimes", "Fails", FieldKind::Number, "Attempts that fail."),
        Field::new("panics", "Panics", FieldKind::Boolean, "Panics."),
        Field::new("value", "Value", FieldKind::Json, "The result."),
    ],
    outputs: &[],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 5_000, timeout_ms_max: 60_000 }),
};

impl Effect for Record {
    fn spec(&self) -> &'static StepSpec {
        &RECORD
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).push(call.key.clone());
            let field = |key: &str| call.input.get(key).cloned().unwrap_or_default();
            assert!(field("panics") != json!(true), "the test wants this panic");
            if field("held") == json!(true) {
                self.0.gate.acquire().await.expect("the gate stays open").forget();
            }
            if u64::from(call.attempt) <= field("failTimes").as_u64().unwrap_or(0) {
                return Effected::failed(StepError::retryable("flaky", "not yet"));
            }
            Effected::done(json!({ "attempt": call.attempt, "value": field("value") }))
        })
    }
}

/// `node-http` of workflows: keeps the address and a header that it is called with; one that holds `held` waits at the gate.
struct NodeCall(Calls);

static NODE_CALL: StepSpec = StepSpec { key: "node-http", fields: &[], ..RECORD_SPEC };

impl Effect for NodeCall {
    fn spec(&self) -> &'static StepSpec {
        &NODE_CALL
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let url = call.input["url"].as_str().unwrap_or_default().to_owned();
            let told = format!("{url} {}", call.input["headers"]);
            self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).push(told);
            if url.contains("held") {
                self.0.gate.acquire().await.expect("the gate stays open").forget();
            }
            Effected::done(json!({ "status": 200, "data": call.input["headers"] }))
        })
    }
}

pub(crate) struct Stage {
    pub(crate) flows: Arc<Flows>,
    pub(crate) calls: Calls,
    jobs: JobLoop,
}

impl Stage {
    pub(crate) async fn open(store: &TestStore) -> Self {
        Self::with(store, Limits::default()).await
    }

    pub(crate) async fn with(store: &TestStore, limits: Limits) -> Self {
        let calls = Calls { keys: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
        store.write(enrol).await.expect("a member");
        Self::start(store, limits, calls)
    }

    fn start(store: &Store, limits: Limits, calls: Calls) -> Self {
        floe_runtime::outside::install_tls_provider();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let platform = Arc::new(Platform {
            store: store.clone(),
            ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
            clock,
            outside: Outside::new(OutsideConfig { allow: loopback(), ..OutsideConfig::default() }),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: floe_runtime::Seal::new([9; 32]),
        });
        let effects: Vec<Arc<dyn Effect>> =
            vec![Arc::new(Record(calls.clone())), Arc::new(NodeCall(calls.clone())), Arc::new(HttpRequest)];
        let flows = Arc::new(Flows::start(Arc::clone(&platform), effects, Vec::new(), limits));
        let all = handlers(&flows.runs).into_iter().chain(floe_flows::reruns::handlers(&flows)).collect();
        let jobs = JobLoop::start(platform, all);
        Self { flows, calls, jobs }
    }

    /// The same company on another store of the same database, as another node. The store has joined.
    pub(crate) fn beside(&self, store: &Store) -> Self {
        Self::start(store, Limits::default(), self.calls.clone())
    }

    /// Ends the node, as a stop does.
    pub(crate) async fn close(self) {
        self.jobs.stop().await;
        self.flows.runs.stop().await;
        self.flows.platform.store.close().await;
    }

    /// Ends the slice with whatever is under way, and starts it anew on the same database.
    pub(crate) async fn restart(self) -> Self {
        self.jobs.stop().await;
        self.flows.runs.stop().await;
        let next = Self::start(&self.flows.platform.store, Limits::default(), self.calls);
        next.flows.runs.recover().await;
        next
    }

    pub(crate) fn ctx(&self) -> Ctx {
        let caller = Caller {
            workspace: WORKSPACE,
            mode: Mode::Live,
            credential: Credential::Session(SessionId(1)),
            name: "Ann".to_owned(),
            member: Some(Member {
                id: MemberId(7),
                name: "Ann".to_owned(),
                email: "ann@floe.test".to_owned(),
                role: Role::Owner,
                treasury_role: TreasuryRole::Owner,
                groups: Vec::new(),
            }),
            scopes: None,
            agents: None,
        };
        Ctx::new(
            Arc::clone(&self.flows.platform),
            Arc::new(caller),
            RequestId(0x0190_0000_0000_7000_8000_0000_0000_0007),
        )
    }

    /// Publishes a flow of these steps behind an api trigger that leads to the step `first`.
    pub(crate) async fn publish(&self, steps: Value, settings: FlowSettings) -> FlowId {
        let mut all = vec![json!({ "id": "start", "type": "api", "nextStepId": "first" })];
        all.extend(steps.as_array().cloned().expect("a list"));
        let new = NewFlow {
            name: "Test".to_owned(),
            description: String::new(),
            icon: None,
            tags: Vec::new(),
            content: Content::take(&json!({ "steps": all }), &self.flows.catalog).expect("a definition"),
            visibility: Visibility::Private,
            settings,
        };
        let (ctx, catalog) = (self.ctx(), Arc::clone(&self.flows.catalog));
        let publish = Publish { version: None, summary: None, set_latest: true };
        let act = move |tx: &mut floe_store::Tx<'_>| {
            let id = definitions::create(tx, &ctx, &new)?.flow.id;
            definitions::publish(tx, &ctx, &catalog, id, &publish)?;
            Ok(id)
        };
        self.flows.platform.store.write(act).await.expect("a published flow")
    }

    /// Makes an active workflow of a definition.
    pub(crate) async fn workflow(&self, definition: Value) -> FlowId {
        let content =
            workflows::Content::take(definition.to_string(), &definition, &self.flows.catalog).expect("a definition");
        let ctx = self.ctx();
        let act = move |tx: &mut floe_store::Tx<'_>| Ok(workflows::create(tx, &ctx, &content, None)?.flow.id);
        self.flows.platform.store.write(act).await.expect("a workflow")
    }

    /// Starts a workflow and does not wait.
    pub(crate) async fn start_workflow(&self, workflow: FlowId, inputs: Value) -> RunId {
        let start = workflows::Start {
            workflow,
            version: VersionChoice::Latest,
            inputs: inputs.as_object().cloned().expect("an object"),
            lenient: false,
            trigger: None,
            source: "api",
            run: self.flows.platform.ids.next(),
            depth: 0,
            chain: Vec::new(),
            ip: None,
        };
        self.flows.start_workflow(&self.ctx(), start).await.expect("a run").run
    }

    /// Keeps a variable of the workspace.
    pub(crate) async fn keep_variable(&self, name: &str, secret: bool, value: &str) {
        let (seal, ids) = (self.flows.platform.seal.clone(), self.flows.platform.ids.clone());
        let (name, value, now) = (name.to_owned(), value.to_owned(), self.flows.platform.clock.now());
        let id = floe_model::id::VariableId(ids.next_bits());
        let act = move |tx: &mut floe_store::Tx<'_>| {
            let place = floe_runtime::seal::Place::variable(id);
            let variable = Variable {
                workspace: WORKSPACE,
                id,
                name: name.clone(),
                secret,
                value: seal.seal(tx, &ids, WORKSPACE, place, value.as_bytes())?,
                test_value: None,
                description: String::new(),
                revision: 1,
                created_at: now,
                updated_at: now,
            };
            variables::insert(tx, &variable)
        };
        assert!(self.flows.platform.store.write(act).await.expect("a variable"), "the name is free");
    }

    pub(crate) fn call(&self, flow: FlowId, inputs: Value, wait_ms: u64) -> Execute {
        Execute {
            flow,
            version: VersionChoice::Latest,
            way: WayIn::Client,
            inputs: inputs.as_object().cloned().expect("an object"),
            hook_id: None,
            ip: None,
            run: self.flows.platform.ids.next(),
            wait_ms,
        }
    }

    /// Starts a run and waits for its end or its first wait.
    pub(crate) async fn run(&self, flow: FlowId, inputs: Value) -> RunState {
        let call = self.call(flow, inputs, PATIENCE_MS);
        self.flows.execute(&self.ctx(), call).await.expect("a run").expect("an end within the time")
    }

    /// Starts a run and does not wait.
    pub(crate) async fn begin(&self, flow: FlowId) -> RunId {
        let call = self.call(flow, json!({}), 0);
        let run = call.run;
        self.flows.execute(&self.ctx(), call).await.expect("a run");
        run
    }

    /// Waits for a run's end or its next wait.
    pub(crate) async fn settled(&self, run: RunId) -> RunState {
        self.flows.runs.settle(WORKSPACE, run, PATIENCE_MS).await.expect("a run").expect("an end within the time")
    }

    pub(crate) async fn answer(&self, run: RunId, kind: AnswerKind) -> Result<RunState, Fault> {
        let by = json!({ "type": "member", "id": "7", "name": "Ann" });
        let answer = AnswerIn { wait: None, kind, by: Some("Ann".to_owned()), actor: by, audit: None };
        let state = self.flows.answer(&self.ctx(), run, answer, PATIENCE_MS).await?;
        Ok(state.expect("an end within the time"))
    }

    pub(crate) async fn cancel(&self, run: RunId) -> Result<RunState, Fault> {
        self.flows.runs.cancel(WORKSPACE, run, Some("Ann".to_owned()), None).await
    }
}

/// Calls of tests may reach this machine.
fn loopback() -> AllowList {
    AllowList::parse("127.0.0.0/8").expect("a list")
}

pub(crate) fn decision(approve: bool) -> AnswerKind {
    AnswerKind::Decision { approve, comment: None }
}

/// A step of the type `record`.
pub(crate) fn record(id: &str, next: Option<&str>, data: Value) -> Value {
    json!({ "id": id, "type": "record", "output": id, "data": data, "nextStepId": next })
}

pub(crate) fn done(outputs: Value) -> Value {
    json!({ "id": "end", "type": "final", "data": { "outputs": outputs } })
}

fn enrol(tx: &mut floe_store::Tx<'_>) -> Result<(), Fault> {
    let now = floe_model::Timestamp(1_760_000_000_000_000);
    let member = members::Member {
        id: MemberId(7),
        name: "Ann".to_owned(),
        email: "ann@floe.test".to_owned(),
        password_hash: None,
        preferences: "{}".to_owned(),
        revision: 1,
        created_at: now,
    };
    members::insert(tx, &member)?;
    memberships::insert(tx, WORKSPACE, MemberId(7), Role::Owner, now)
}

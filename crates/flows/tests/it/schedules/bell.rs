//! A workspace whose clock stands still until the test moves it, and whose schedule jobs are done when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_flows::definitions::{self, Autosave, Content, NewFlow, Publish};
use floe_flows::logs::{Entry, Event, Wanted};
use floe_flows::runs::{Limits, RunState};
use floe_flows::schedules::{self, JOB_SCHEDULE, NewSchedule};
use floe_flows::{Flows, runs};
use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::flows::{FlowSettings, Overlap, Visibility};
use floe_model::id::{FlowId, MemberId, RequestId, RunId, SessionId, WorkspaceId};
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::jobs::JobHandler;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform};
use floe_store::access::workspaces::{self, Workspace};
use floe_store::access::{members, memberships};
use floe_store::flows::runs::{RunFilter, RunOrder, RunRow};
use floe_store::flows::schedules::ScheduleRow;
use floe_store::platform::jobs::{self, Job};
use floe_store::{Store, Tx};
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

const WORKSPACE: WorkspaceId = WorkspaceId(0x0190_0000_0000_7000_8000_0000_0000_0001);
const LEASE_MS: i64 = 60_000;

pub(super) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub(super) struct Bell {
    pub(super) flows: Arc<Flows>,
    pub(super) clock: Arc<HandClock>,
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

impl Bell {
    /// The first node, at some instant.
    pub(super) async fn open(store: &TestStore, now: &str) -> Self {
        store.write(enrol).await.expect("a workspace");
        let clock = Arc::new(HandClock(AtomicI64::new(at(now).micros())));
        Self::node(store, clock)
    }

    /// Another node on the same database, with the same clock.
    pub(super) fn beside(&self) -> Self {
        Self::node(&self.flows.platform.store, Arc::clone(&self.clock))
    }

    fn node(store: &Store, clock: Arc<HandClock>) -> Self {
        floe_runtime::outside::install_tls_provider();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let platform = Arc::new(Platform {
            store: store.clone(),
            ids: Ids::new(Arc::clone(&shared), Arc::new(SystemRandom)),
            clock: shared,
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: floe_runtime::Seal::new([9; 32]),
        });
        let effects = vec![Arc::new(super::logs::Flaky) as Arc<dyn floe_runtime::effect::Effect>];
        Self { flows: Arc::new(Flows::start(platform, effects, Vec::new(), Limits::default())), clock }
    }

    pub(super) fn set_time(&self, now: &str) {
        self.clock.0.store(at(now).micros(), Ordering::SeqCst);
    }

    pub(super) fn ctx(&self) -> Ctx {
        let member = Member {
            id: MemberId(7),
            name: "Ann".to_owned(),
            email: "ann@floe.test".to_owned(),
            role: Role::Owner,
            treasury_role: TreasuryRole::Owner,
            groups: Vec::new(),
        };
        let caller = Caller {
            workspace: WORKSPACE,
            mode: Mode::Live,
            credential: Credential::Session(SessionId(1)),
            name: "Ann".to_owned(),
            member: Some(member),
            scopes: None,
            agents: None,
        };
        Ctx::new(Arc::clone(&self.flows.platform), Arc::new(caller), RequestId(7))
    }

    pub(super) async fn act<T: Send + 'static>(
        &self,
        mut act: impl FnMut(&mut Tx<'_>, &Ctx) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let ctx = self.ctx();
        self.flows.platform.store.write(move |tx| act(tx, &ctx)).await
    }

    /// A published flow of these steps.
    pub(super) async fn flow(&self, steps: Value) -> FlowId {
        let content = Content::take(&json!({ "steps": steps }), &self.flows.catalog).expect("a definition");
        let new = NewFlow {
            name: "Report".to_owned(),
            description: String::new(),
            icon: None,
            tags: Vec::new(),
            content,
            visibility: Visibility::Private,
            settings: FlowSettings::default(),
        };
        let id = self.act(move |tx, ctx| Ok(definitions::create(tx, ctx, &new)?.flow.id)).await.expect("a flow");
        self.publish(id).await.expect("it is published");
        id
    }

    pub(super) async fn save(&self, flow: FlowId, steps: Value) {
        let content = Content::take(&json!({ "steps": steps }), &self.flows.catalog).expect("a definition");
        let save = Autosave { content: Some(content), ..Autosave::default() };
        let catalog = Arc::clone(&self.flows.catalog);
        self.act(move |tx, ctx| definitions::autosave(tx, ctx, &catalog, flow, &save).map(|_| ()))
            .await
            .expect("saved");
    }

    pub(super) async fn publish(&self, flow: FlowId) -> Result<u32, Fault> {
        let catalog = Arc::clone(&self.flows.catalog);
        let publish = Publish { version: None, summary: None, set_latest: true };
        self.act(move |tx, ctx| Ok(definitions::publish(tx, ctx, &catalog, flow, &publish)?.row.version)).await
    }

    pub(super) async fn set(&self, flow: FlowId, cron: &str, overlap: Overlap, inputs: Value) -> ScheduleRow {
        let new = NewSchedule::new(cron, Some("UTC"), overlap, json!({ "inputs": inputs })).expect("a schedule");
        self.act(move |tx, ctx| schedules::set(tx, ctx, flow, &new)).await.expect("it is set")
    }

    pub(super) async fn schedule(&self, flow: FlowId) -> ScheduleRow {
        let found = self.act(move |tx, ctx| schedules::get(tx, ctx, flow)).await.expect("a look-up");
        found.expect("a schedule")
    }

    /// Due jobs of schedules, claimed.
    pub(super) async fn claim(&self) -> Vec<Job> {
        let now = self.clock.now();
        let claim = move |tx: &mut Tx<'_>| jobs::claim_due(tx, &[JOB_SCHEDULE], now, LEASE_MS, 10, None);
        self.flows.platform.store.write(claim).await.expect("claims")
    }

    /// Does a job as the loop does, without removing it: as if the process ended right after it.
    pub(super) async fn ring(&self, job: &Job) -> Result<(), Fault> {
        let handler: Arc<dyn JobHandler> = schedules::handlers(&self.flows).remove(0);
        handler.run(&self.flows.platform, job).await
    }

    /// Does what is due now; returns how many jobs that were.
    pub(super) async fn tick(&self) -> usize {
        let due = self.claim().await;
        for job in &due {
            self.ring(job).await.expect("the job is done");
            let lease = job.lease();
            self.flows.platform.store.write(move |tx| jobs::finish(tx, lease)).await.expect("it is removed");
        }
        due.len()
    }

    pub(super) async fn runs(&self, flow: FlowId) -> Vec<RunRow> {
        let found = self.flows.list_runs(&self.ctx(), flow, RunFilter::default(), RunOrder::Oldest, 100, 0).await;
        found.expect("runs").rows
    }

    pub(super) async fn settled(&self, run: RunId) -> RunState {
        let state = self.flows.runs.settle(WORKSPACE, run, 10_000).await.expect("a run");
        state.expect("an end within the time")
    }

    pub(super) async fn answer(&self, run: RunId, approve: bool) {
        let kind = runs::AnswerKind::Decision { approve, comment: None };
        let actor = json!({ "type": "member", "id": "7", "name": "Ann" });
        let answer = runs::AnswerIn { wait: None, kind, by: Some("Ann".to_owned()), actor, audit: None };
        self.flows.answer(&self.ctx(), run, answer, 10_000).await.expect("an answer");
    }

    /// The whole log, oldest first.
    pub(super) async fn log(&self, flow: FlowId, wanted: Wanted) -> Vec<Entry> {
        let page = self.flows.list_log(&self.ctx(), flow, wanted, false, 1_000, 0).await.expect("a log");
        assert_eq!(page.total, page.entries.len() as u64);
        assert_eq!(page.complete_from, None);
        page.entries
    }

    /// Events of schedules in the log, oldest first.
    pub(super) async fn rung(&self, flow: FlowId) -> Vec<String> {
        let events = Event::ALL.iter().copied().filter(|event| event.as_str().starts_with("schedule.")).collect();
        let entries = self.log(flow, Wanted { events, ..Wanted::default() }).await;
        entries.into_iter().map(|entry| format!("{}:{}", entry.event, entry.level)).collect()
    }
}

fn enrol(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let now = Timestamp(1_760_000_000_000_000);
    let workspace = Workspace {
        id: WORKSPACE,
        name: "Test".to_owned(),
        slug: "test".to_owned(),
        timezone: "Africa/Lagos".to_owned(),
        settings: "{}".to_owned(),
        revision: 1,
        created_at: now,
    };
    workspaces::insert(tx, &workspace)?;
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

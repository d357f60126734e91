use floe_model::agents::activity::Kind;
use floe_model::id::{AgentId, FlowId, RunId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::access::workspaces::{self, Workspace};
use floe_store::agents::activity::{self, Activity, Filter};
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::run_rows;
use floe_store::flows::runs::{self, RunFilter, RunOrder, RunRow};
use floe_store::operation::retention::RUNS_MAX;
use floe_testkit::on_both;

use crate::world::World;

const HOME: WorkspaceId = WorkspaceId(0x0190_0000_0000_7000_8000_0000_0000_0001);
const FLOW: FlowId = FlowId(0x0190_0000_0000_7000_8000_0000_0000_0002);

/// Adds runs that were made now, with a journal each; finished now unless they wait.
async fn add(world: &World, count: usize, status: &str) -> Vec<RunId> {
    let now = world.operation_now();
    let rows: Vec<RunRow> = (0..count).map(|_| row(world.platform.ids.next(), status, now)).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    let write = move |tx: &mut floe_store::Tx<'_>| {
        run_rows::add(tx, &rows.iter().collect::<Vec<_>>(), None)?;
        let chunk = |row: &RunRow| Chunk { workspace: HOME, run: row.id, seq: 0, events: "[]".to_owned() };
        let chunks: Vec<Chunk> = rows.iter().map(chunk).collect();
        journal::append(tx, &chunks.iter().collect::<Vec<_>>())
    };
    world.platform.store.write(write).await.expect("runs");
    ids
}

impl World {
    fn operation_now(&self) -> Timestamp {
        use floe_runtime::Clock as _;
        self.clock.now()
    }
}

fn row(id: RunId, status: &str, now: Timestamp) -> RunRow {
    RunRow {
        workspace: HOME,
        id,
        mode: Mode::Live,
        flow: FLOW,
        flow_name: "Flow".to_owned(),
        version: 1,
        is_draft: false,
        document_hash: [0; 32],
        status: status.to_owned(),
        trigger_type: "api".to_owned(),
        trigger_step: "start".to_owned(),
        source_kind: "client".to_owned(),
        source: "{}".to_owned(),
        parent: None,
        depth: 0,
        started_by: "system".to_owned(),
        settings: "{}".to_owned(),
        queued_at: now,
        started_at: Some(now),
        finished_at: (status != "waiting").then_some(now),
        active_ms: Some(1),
        step_count: 1,
        current_step: None,
        wait_kind: None,
        wait_step: None,
        error_code: None,
        error_message: None,
        error_step: None,
        revision: 1,
    }
}

/// The runs that are there, and how many of them have a journal.
async fn left(world: &World, runs_of: Vec<RunId>) -> (usize, usize) {
    let read = move |tx: &mut floe_store::Tx<'_>| {
        let rows = runs::list(tx, HOME, FLOW, &RunFilter::default(), RunOrder::Newest, 1_000, 0)?;
        let mut journals = 0;
        for run in &runs_of {
            journals += usize::from(!journal::read(tx, HOME, *run)?.is_empty());
        }
        Ok((rows.len(), journals))
    };
    world.platform.store.read(read).await.expect("read")
}

/// Makes the workspace.
async fn home(world: &World, settings: &str) {
    let workspace = Workspace {
        id: HOME,
        name: "Home".to_owned(),
        slug: "home".to_owned(),
        timezone: "UTC".to_owned(),
        settings: settings.to_owned(),
        revision: 1,
        created_at: world.operation_now(),
    };
    world.platform.store.write(move |tx| workspaces::insert(tx, &workspace)).await.expect("a workspace");
}

/// Notes that two agents were changed, in both modes.
async fn act(world: &World) {
    let now = world.operation_now();
    let entries = [(AgentId(1), Mode::Live), (AgentId(1), Mode::Test), (AgentId(2), Mode::Test)]
        .map(|(agent, mode)| (mode, Activity::new(world.platform.ids.next(), agent, Kind::AgentUpdated, now)));
    let write = move |tx: &mut floe_store::Tx<'_>| {
        entries.iter().try_for_each(|(mode, entry)| activity::add(tx, Scope { workspace: HOME, mode: *mode }, entry))
    };
    world.platform.store.write(write).await.expect("activity");
}

on_both! {
    async fn the_activity_of_agents_is_kept_for_a_quarter(store: TestStore) {
        let world = World::new(store);
        home(&world, "{}").await;
        act(&world).await;
        world.pass_seconds(91 * 86_400);
        act(&world).await;
        assert_eq!(world.operation.sweep().await.expect("a sweep").activity, 0, "runs go after 30 days, this does not");
        world.pass_seconds(2 * 86_400);
        assert_eq!(world.operation.sweep().await.expect("a sweep").activity, 3);
        for (agent, mode) in [(1, Mode::Live), (1, Mode::Test), (2, Mode::Test)] {
            let scope = Scope { workspace: HOME, mode };
            let count = move |tx: &mut floe_store::Tx<'_>| activity::count(tx, scope, AgentId(agent), &Filter::default());
            assert_eq!(world.platform.store.read(count).await.expect("a count"), 1, "{agent} {mode:?}");
        }
    }

    async fn finished_runs_go_after_their_days_with_everything_of_theirs(store: TestStore) {
        let world = World::new(store);
        home(&world, "{}").await;
        world.event("old").await;
        let old = add(&world, RUNS_MAX + 20, "completed").await;
        let waiting = add(&world, 3, "waiting").await;
        world.pass_seconds(29 * 86_400);
        let young = add(&world, 4, "failed").await;
        assert_eq!(world.operation.sweep().await.expect("a sweep"), Default::default(), "nothing is old enough");
        world.pass_seconds(2 * 86_400);
        world.event("young").await;
        let removed = world.operation.sweep().await.expect("a sweep");
        assert_eq!((removed.runs, removed.events), (RUNS_MAX as u64 + 20, 1));
        assert_eq!(left(&world, old).await, (7, 0));
        assert_eq!(left(&world, waiting.into_iter().chain(young).collect()).await, (7, 7));
        assert_eq!(world.operation.sweep().await.expect("a sweep"), Default::default());
    }

    async fn a_workspace_says_itself_how_long_runs_are_kept(store: TestStore) {
        let world = World::new(store);
        home(&world, r#"{"run_retention_days":2}"#).await;
        add(&world, 3, "completed").await;
        world.pass_seconds(86_400);
        assert_eq!(world.operation.sweep().await.expect("a sweep").runs, 0);
        world.pass_seconds(2 * 86_400);
        assert_eq!(world.operation.sweep().await.expect("a sweep").runs, 3);
    }
}

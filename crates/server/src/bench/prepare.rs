//! What the measured server works on: a workspace, a key, a token and three flows, made before it starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use floe_access::Act;
use floe_access::setup::NewOwner;
use floe_access::tokens::NewToken;
use floe_flows::definitions::{self, Content, NewFlow, Publish};
use floe_model::Mode;
use floe_model::access::{Caller, Credential, KeyKind, Member, Role, TreasuryRole};
use floe_model::flows::{FlowSettings, Visibility};
use floe_model::id::{FlowId, MemberId, RunId, SessionId, WorkspaceId};
use floe_runtime::{Ctx, Platform};
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::run_rows;
use floe_store::flows::runs::{self, RunFilter, RunOrder, RunRow};
use serde_json::{Value, json};

use crate::app::App;
use crate::registry;
use crate::settings::{Settings, Sources};

/// Runs added in one write when a database is filled.
const FILL_BATCH: usize = 1_000;
/// Time between two runs of a filled database, in milliseconds.
const FILL_PAUSE_MS: i64 = 1_000;
/// Rounds of counting after a database was filled; more than there are to do.
const ROLLS_MAX: usize = 8;
/// Place of the milliseconds in an id (RFC 9562, section 5.7).
const ID_TIME_SHIFT: u32 = 80;
/// Bytes of one journal that only takes room.
const BALLAST_BYTES: usize = 16 * 1024;
/// Such journals of one write.
const BALLAST_BATCH: usize = 256;
/// How long to wait for a server that is just stopping, in seconds.
const LOCK_WAIT_S: u64 = 5;

/// What the load needs.
pub(super) struct Prepared {
    /// Client key.
    pub(super) key: String,
    /// Personal access token of the owner.
    pub(super) token: String,
    /// Three effects that do nothing.
    pub(super) effect_flow: String,
    /// Three pure steps.
    pub(super) pure_flow: String,
    /// An approval.
    pub(super) wait_flow: String,
    /// Calls of an address that the input names, one after the other.
    pub(super) calling_flow: String,
    /// Durable writes of one run of the effect flow.
    pub(super) effect_writes: usize,
    workspace: WorkspaceId,
}

/// A temporary folder that is removed when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes a temporary folder.
pub(super) fn folder() -> anyhow::Result<Folder> {
    let path = std::env::temp_dir().join(format!("floe-bench-{}", std::process::id()));
    std::fs::create_dir_all(&path).context("the temporary folder")?;
    Ok(Folder(path))
}

/// Makes everything in a fresh data folder.
pub(super) async fn prepare(folder: &Path, database: Option<&str>) -> anyhow::Result<Prepared> {
    let app = open(folder, database).await?;
    let owner = NewOwner {
        name: "Bench".to_owned(),
        email: "bench@bench.invalid".to_owned(),
        password: None,
        workspace_name: "Bench".to_owned(),
        timezone: "UTC".to_owned(),
        starter_keys: Some(Mode::Test),
    };
    let first = app.access.create_admin(owner).await?;
    let key = first.keys.iter().find(|made| made.key.kind == KeyKind::Flows).context("no key was made")?.text.clone();
    let workspace = first.workspace.id;
    let ctx = ctx(&app.platform, workspace, first.member.id);
    let act = Act { ctx: ctx.clone(), address: None };
    let new = NewToken {
        name: "bench".to_owned(),
        scopes: ["flows.read", "console.read", "console.write", "admin", "inbox.answer"].map(str::to_owned).to_vec(),
        expires_in_days: None,
    };
    let token = app.access.prepare_token(&act, &new)?;
    let token = app.platform.store.write(move |tx| token.apply(tx, &act)).await?.text;
    let noop = |id: &str, next: &str| json!({ "id": id, "type": "bench-noop", "output": id, "nextStepId": next });
    let set = |id: &str, next: &str| {
        let variables = json!({ id: "{{amount * 2 + 1}}" });
        json!({ "id": id, "type": "set-variable", "data": { "variables": variables }, "nextStepId": next })
    };
    let effects = vec![noop("one", "two"), noop("two", "three"), noop("three", "end")];
    let pure = vec![set("one", "two"), set("two", "three"), set("three", "end")];
    let wait =
        vec![json!({ "id": "one", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "end" })];
    let call = |id: &str, next: &str| {
        let data = json!({ "method": "GET", "url": "{{url}}" });
        json!({ "id": id, "type": "http-request", "data": data, "nextStepId": next })
    };
    let calls = vec![call("one", "two"), call("two", "three"), call("three", "end")];
    let prepared = Prepared {
        key,
        token,
        effect_flow: publish(&ctx, "Three effects", effects).await?,
        pure_flow: publish(&ctx, "Three pure steps", pure).await?,
        wait_flow: publish(&ctx, "A question", wait).await?,
        calling_flow: publish(&ctx, "Three calls", calls).await?,
        // One with the intent of the first effect, one a result; the last result carries the end.
        effect_writes: 4,
        workspace,
    };
    app.close().await;
    Ok(prepared)
}

/// Makes an owner in a fresh data folder; a token with which everything of placements is managed.
pub(super) async fn owner(folder: &Path, database: Option<&str>) -> anyhow::Result<String> {
    owner_with(folder, database, &["placements.manage"]).await
}

/// The same with a token of other scopes.
pub(super) async fn owner_with(folder: &Path, database: Option<&str>, scopes: &[&str]) -> anyhow::Result<String> {
    let app = open(folder, database).await?;
    let owner = NewOwner {
        name: "Bench".to_owned(),
        email: "bench@bench.invalid".to_owned(),
        password: None,
        workspace_name: "Bench".to_owned(),
        timezone: "UTC".to_owned(),
        starter_keys: None,
    };
    let first = app.access.create_admin(owner).await?;
    let act = Act { ctx: ctx(&app.platform, first.workspace.id, first.member.id), address: None };
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let token =
        app.access.prepare_token(&act, &NewToken { name: "bench".to_owned(), scopes, expires_in_days: None })?;
    let token = app.platform.store.write(move |tx| token.apply(tx, &act)).await?.text;
    app.close().await;
    Ok(token)
}

/// Adds rows and first events of runs that are under way, as a server leaves them that ends in the middle.
pub(super) async fn open_runs(
    folder: &Path,
    database: Option<&str>,
    prepared: &Prepared,
    count: usize,
) -> anyhow::Result<()> {
    let app = open(folder, database).await?;
    let flow = FlowId::parse(&prepared.effect_flow)?;
    let workspace = prepared.workspace;
    let template = app
        .platform
        .store
        .read(move |tx| {
            let filter = RunFilter::default();
            let rows = runs::list(tx, workspace, flow, &filter, RunOrder::Newest, 1, 0)?;
            let Some(row) = rows.into_iter().next() else { return Ok(None) };
            let chunks = journal::read(tx, workspace, row.id)?;
            Ok(chunks.into_iter().next().map(|chunk| (row, chunk)))
        })
        .await?;
    let (row, chunk) = template.context("no run to copy")?;
    let copied = row.id.to_string();
    for _ in 0..count.div_ceil(FILL_BATCH) {
        let made: Vec<_> = (0..FILL_BATCH)
            .map(|_| {
                let mut row = row.clone();
                row.id = app.platform.ids.next();
                row.status = "running".to_owned();
                row.finished_at = None;
                let events = chunk.replace(&copied, &row.id.to_string());
                let chunk = Chunk { workspace, run: row.id, seq: 0, events };
                (row, chunk)
            })
            .collect();
        let write = move |tx: &mut floe_store::Tx<'_>| {
            run_rows::add(tx, &made.iter().map(|(row, _)| row).collect::<Vec<_>>(), None)?;
            journal::append(tx, &made.iter().map(|(_, chunk)| chunk).collect::<Vec<_>>())
        };
        app.platform.store.write(write).await?;
    }
    app.close().await;
    Ok(())
}

/// Adds finished runs, as if they had come in one after the other until now; every tenth failed. Tells how far it is, and returns the run
/// that they are copies of, which alone has a journal.
pub(super) async fn finished_runs(
    folder: &Path,
    prepared: &Prepared,
    count: usize,
    mut progress: impl FnMut(usize),
) -> anyhow::Result<RunId> {
    let app = open(folder, None).await?;
    let flow = FlowId::parse(&prepared.pure_flow)?;
    let workspace = prepared.workspace;
    let find = move |tx: &mut floe_store::Tx<'_>| {
        runs::list(tx, workspace, flow, &RunFilter::default(), RunOrder::Newest, 1, 0)
            .map(|rows| rows.into_iter().next())
    };
    let template = app.platform.store.read(find).await?.context("no run to copy")?;
    let now = app.platform.clock.now();
    let mut done = 0;
    while done < count {
        let made: Vec<RunRow> = (done..count.min(done + FILL_BATCH))
            .map(|number| {
                let at = now.plus_millis(-FILL_PAUSE_MS * (count - number) as i64);
                let mut row = template.clone();
                let random = app.platform.ids.next::<RunId>().0 & ((1 << ID_TIME_SHIFT) - 1);
                row.id = RunId((u128::from(at.millis().unsigned_abs()) << ID_TIME_SHIFT) | random);
                (row.queued_at, row.started_at, row.finished_at) = (at, Some(at), Some(at.plus_millis(3)));
                if number.is_multiple_of(10) {
                    row.status = "failed".to_owned();
                    row.error_code = Some("bench".to_owned());
                }
                row
            })
            .collect();
        done += made.len();
        app.platform.store.write(move |tx| run_rows::add(tx, &made.iter().collect::<Vec<_>>(), None)).await?;
        progress(done);
    }
    // The sums of usage, as a server would have made them meanwhile.
    for _ in 0..ROLLS_MAX {
        app.access.roll_usage().await?;
    }
    app.close().await;
    Ok(template.id)
}

/// Fills the database with journals that belong to no run.
pub(super) async fn ballast(folder: &Path, prepared: &Prepared, bytes: usize) -> anyhow::Result<()> {
    let app = open(folder, None).await?;
    let workspace = prepared.workspace;
    for _ in 0..bytes.div_ceil(BALLAST_BATCH * BALLAST_BYTES) {
        let chunk = |_| Chunk { workspace, run: app.platform.ids.next(), seq: 0, events: "0".repeat(BALLAST_BYTES) };
        let chunks: Vec<Chunk> = (0..BALLAST_BATCH).map(chunk).collect();
        let write = move |tx: &mut floe_store::Tx<'_>| journal::append(tx, &chunks.iter().collect::<Vec<_>>());
        app.platform.store.write(write).await?;
    }
    app.close().await;
    Ok(())
}

/// Opens what a server works on, without serving.
pub(super) async fn open(folder: &Path, database: Option<&str>) -> anyhow::Result<App> {
    let mut flags = vec![("FLOE_DATA_DIR", folder.display().to_string())];
    flags.extend(database.map(|url| ("FLOE_DATABASE_URL", url.to_owned())));
    let sources = Sources { flags, config: None, env: Vec::new(), working_dir: folder.to_owned() };
    App::open(Settings::load(&sources)?, LOCK_WAIT_S).await
}

/// The owner's context.
pub(super) fn ctx(platform: &Arc<Platform>, workspace: WorkspaceId, member: MemberId) -> Ctx {
    let mut caller = Caller::system(workspace, Mode::Test);
    caller.credential = Credential::Session(SessionId(1));
    caller.member = Some(Member {
        id: member,
        name: "Bench".to_owned(),
        email: "bench@bench.invalid".to_owned(),
        role: Role::Owner,
        treasury_role: TreasuryRole::Owner,
        groups: Vec::new(),
    });
    Ctx::new(Arc::clone(platform), Arc::new(caller), platform.ids.next())
}

/// Publishes a flow of these steps between an api trigger and a final step; returns its id.
async fn publish(ctx: &Ctx, name: &str, steps: Vec<Value>) -> anyhow::Result<String> {
    let mut effects = floe_flows::steps::effects(false);
    effects.push(Arc::new(super::Noop));
    let catalog = registry::catalog_with(&effects);
    let mut all = vec![json!({ "id": "start", "type": "api", "nextStepId": "one" })];
    all.extend(steps);
    all.push(json!({ "id": "end", "type": "final", "data": { "outputs": { "ok": true, "amount": "{{amount}}" } } }));
    let new = NewFlow {
        name: name.to_owned(),
        description: String::new(),
        icon: None,
        tags: Vec::new(),
        content: Content::take(&json!({ "steps": all }), &catalog)?,
        visibility: Visibility::Public,
        settings: FlowSettings::default(),
    };
    let (maker, act) = (ctx.clone(), Publish { version: None, summary: None, set_latest: true });
    let id = ctx
        .store
        .write(move |tx| {
            let id = definitions::create(tx, &maker, &new)?.flow.id;
            definitions::publish(tx, &maker, &catalog, id, &act)?;
            Ok(id)
        })
        .await?;
    Ok(id.to_string())
}

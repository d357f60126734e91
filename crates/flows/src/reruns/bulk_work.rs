//! Doing an act on many runs.
//!
//! The work is a job that comes again until no run is left. A run is settled in the transaction in which it is repeated, so that
//! a kill at any point neither forgets one nor repeats one twice; two servers that meet the same act hinder each other, no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_model::id::{JobId, RunId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::flows::bulk::{self, BulkJob, ItemEnd};
use floe_store::flows::runs;
use floe_store::platform::audit::{Entry, Target};
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::{Change, Tx};
use serde_json::json;
use tokio::task::JoinSet;

use super::bulk::BulkAct;
use super::prepare::{Asker, Workshop, brief, is_over};
use super::{Prepared, RerunVersion, RerunWish};
use crate::Flows;
use crate::runs::load;

/// Does an act on many runs; the subject is the act.
pub const JOB_BULK: &str = "flows.bulk";
/// Runs of one write.
const RUNS_PER_WRITE: usize = 100;
/// Runs that are worked out, or cancelled, at a time.
const AT_A_TIME: usize = 8;
/// Time after which the job makes room for others and comes again, in milliseconds; well below the lease of a job.
const SPELL_MS: i64 = 15_000;

/// The job handlers of this folder.
#[must_use]
pub fn handlers(flows: &Flows) -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(Bulk(Workshop::of(flows)))]
}

struct Bulk(Workshop);

impl JobHandler for Bulk {
    fn kind(&self) -> &'static str {
        JOB_BULK
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(id) = job.subject_id.map(JobId) else { return Ok(()) };
            let workspace = job.workspace;
            let Some(asked) = platform.store.read(move |tx| bulk::find(tx, workspace, id)).await? else {
                return Ok(());
            };
            if asked.status != "running" {
                return Ok(());
            }
            let work = Work::new(self.0.clone(), asked)?;
            let until = platform.clock.now().plus_millis(SPELL_MS);
            work.go_on(until).await
        })
    }
}

/// An act under way.
struct Work {
    workshop: Workshop,
    workspace: WorkspaceId,
    id: JobId,
    act: BulkAct,
    asker: Arc<Asker>,
}

/// What is to be written for one run.
enum Settled {
    Repeated(Box<Prepared>),
    Cancelled(RunId),
    Failed(RunId, Fault),
}

impl Settled {
    fn run(&self) -> RunId {
        match self {
            Self::Repeated(prepared) => prepared.of,
            Self::Cancelled(run) | Self::Failed(run, _) => *run,
        }
    }
}

impl Work {
    fn new(workshop: Workshop, asked: BulkJob) -> Result<Self, Fault> {
        let act = serde_json::from_str(&asked.request).map_err(Fault::internal)?;
        let asker = serde_json::from_str(&asked.actor).map_err(Fault::internal)?;
        Ok(Self { workshop, workspace: asked.workspace, id: asked.id, act, asker: Arc::new(asker) })
    }

    /// Works until no run is left, or the time is over; then the job is put anew.
    async fn go_on(&self, until: Timestamp) -> Result<(), Fault> {
        let store = self.workshop.platform.store.clone();
        let (workspace, id) = (self.workspace, self.id);
        let mut after = RunId(0);
        loop {
            let open = store.read(move |tx| bulk::open_items(tx, workspace, id, after, RUNS_PER_WRITE)).await?;
            let Some(&last) = open.last() else { return self.finish(after).await };
            after = last;
            let settled = self.work_on(open).await;
            self.write(settled).await?;
            if self.workshop.platform.clock.now() >= until {
                let now = self.workshop.platform.clock.now();
                let again = NewJob {
                    id: self.workshop.platform.ids.next(),
                    workspace,
                    mode: None,
                    kind: JOB_BULK,
                    subject_id: Some(id.0),
                    payload: "{}".to_owned(),
                    due_at: now,
                    created_at: now,
                };
                return store.write(move |tx| jobs::enqueue(tx, &again)).await;
            }
        }
    }

    /// Ends the act, unless a look from the beginning finds runs that were passed over.
    async fn finish(&self, after: RunId) -> Result<(), Fault> {
        let (workspace, id, now) = (self.workspace, self.id, self.workshop.platform.clock.now());
        let left = self.workshop.platform.store.write(move |tx| {
            let left = bulk::open_items(tx, workspace, id, RunId(0), 1)?;
            if left.is_empty() {
                bulk::end(tx, workspace, id, "done", now)?;
                tx.announce(Change::Record { workspace, kind: "job", id: id.0 });
            }
            Ok(left.len())
        });
        if left.await? > 0 && after != RunId(0) {
            // Another server took some of them and was killed; they are open again, so the job is tried again.
            return Err(Fault::new(FaultKind::Overloaded, "overloaded", "Some runs are not settled yet"));
        }
        Ok(())
    }

    /// Works out what is to be written for each run, some at a time.
    async fn work_on(&self, open: Vec<RunId>) -> Vec<Settled> {
        let mut tasks: JoinSet<Settled> = JoinSet::new();
        let mut settled = Vec::with_capacity(open.len());
        let all: BTreeSet<RunId> = open.iter().copied().collect();
        for run in open {
            if tasks.len() >= AT_A_TIME {
                settled.extend(tasks.join_next().await.and_then(Result::ok));
            }
            let (workshop, workspace, asker) = (self.workshop.clone(), self.workspace, Arc::clone(&self.asker));
            match self.act.wish() {
                Some(wish) => tasks.spawn(async move {
                    match repeat(&workshop, workspace, run, &wish, &asker).await {
                        Ok(prepared) => Settled::Repeated(Box::new(prepared)),
                        Err(fault) => Settled::Failed(run, fault),
                    }
                }),
                None => {
                    let act = self.act.clone();
                    tasks.spawn(async move {
                        match cancel(&workshop, workspace, run, &act, &asker).await {
                            Ok(()) => Settled::Cancelled(run),
                            Err(fault) => Settled::Failed(run, fault),
                        }
                    })
                }
            };
        }
        while let Some(done) = tasks.join_next().await {
            settled.extend(done.ok());
        }
        // A task that broke off would break off again.
        let told: BTreeSet<RunId> = settled.iter().map(Settled::run).collect();
        let broken = |run: &RunId| Settled::Failed(*run, Fault::internal("working out a run broke off"));
        settled.extend(all.difference(&told).map(broken));
        // What the database could not do now is left open and comes again.
        settled.retain(|one| !matches!(one, Settled::Failed(_, fault) if is_passing(fault)));
        settled
    }

    /// Settles the runs and writes those that repeat others, in one transaction; then lets these move.
    async fn write(&self, settled: Vec<Settled>) -> Result<(), Fault> {
        if settled.is_empty() {
            return Err(Fault::new(FaultKind::Overloaded, "overloaded", "No run could be worked on now"));
        }
        let (workspace, id) = (self.workspace, self.id);
        let settled = Arc::new(settled);
        let rows = Arc::clone(&settled);
        let written = self.workshop.platform.store.write(move |tx| write(tx, workspace, id, &rows)).await?;
        for (one, is_written) in settled.iter().zip(written) {
            if let (Settled::Repeated(prepared), true) = (one, is_written) {
                self.workshop.runs.take_up_row(prepared.row());
            }
        }
        Ok(())
    }
}

/// Whether a failure says nothing about the run.
fn is_passing(fault: &Fault) -> bool {
    matches!(fault.kind(), FaultKind::Overloaded)
}

fn write(tx: &mut Tx<'_>, workspace: WorkspaceId, id: JobId, settled: &[Settled]) -> Result<Vec<bool>, Fault> {
    let (mut done, mut failed) = (0, 0);
    let mut written = Vec::with_capacity(settled.len());
    for one in settled {
        let end = match one {
            Settled::Repeated(prepared) => ItemEnd { run: prepared.of, result: Some(prepared.run), error: None },
            Settled::Cancelled(run) => ItemEnd { run: *run, result: None, error: None },
            Settled::Failed(run, fault) => ItemEnd { run: *run, result: None, error: Some(brief(fault)) },
        };
        let counts = bulk::settle(tx, workspace, id, &end)?;
        if counts && let Settled::Repeated(prepared) = one {
            prepared.write(tx)?;
        }
        match (counts, &end.error) {
            (true, None) => done += 1,
            (true, Some(_)) => failed += 1,
            (false, _) => {}
        }
        written.push(counts);
    }
    bulk::count(tx, workspace, id, done, failed)?;
    tx.announce(Change::Record { workspace, kind: "job", id: id.0 });
    Ok(written)
}

async fn repeat(
    workshop: &Workshop,
    workspace: WorkspaceId,
    run: RunId,
    wish: &RerunWish,
    asker: &Asker,
) -> Result<Prepared, Fault> {
    let loaded = load(&workshop.platform.store, &workshop.plans, workspace, run).await?;
    let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
    is_over(&loaded.row, wish.only_unsuccessful)?;
    let followed = workshop.followed(&loaded.row, RerunVersion::Same).await?;
    workshop.assemble(loaded, followed, wish, asker)
}

/// A run that is cancelled already counts: an earlier try of this act may have done it.
async fn cancel(
    workshop: &Workshop,
    workspace: WorkspaceId,
    run: RunId,
    act: &BulkAct,
    asker: &Asker,
) -> Result<(), Fault> {
    let row = workshop.platform.store.read(move |tx| runs::find(tx, workspace, run)).await?;
    let row = row.ok_or_else(|| Fault::not_found("Run"))?;
    if row.status == "cancelled" {
        return Ok(());
    }
    let BulkAct::Cancel { reason } = act else { return Ok(()) };
    let entry = Entry {
        id: workshop.platform.ids.next(),
        workspace,
        seq: None,
        mode: Some(row.mode),
        product: "flows".to_owned(),
        action: "cancelled_run".to_owned(),
        actor: asker.actor(),
        target: Some(Target { kind: "run".to_owned(), id: Some(run.0), name: Some(row.flow_name) }),
        run_id: Some(run),
        detail: json!({ "flow_id": row.flow, "status": row.status, "reason": reason }).to_string(),
        request_id: asker.request(),
        ip: asker.ip.clone(),
        at: workshop.platform.clock.now(),
    };
    workshop.runs.cancel(workspace, run, Some(asker.name.clone()), Some(entry)).await.map(drop)
}

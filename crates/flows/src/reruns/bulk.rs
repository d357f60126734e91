//! Acts on many runs: what is asked for, and how far it has come (console contract, section 5.7).

use std::collections::{BTreeSet, HashMap};

use floe_model::access::Permission;
use floe_model::id::{FlowId, JobId, RunId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::flows::bulk::{self, BulkJob, ITEMS_MAX, ItemEnd};
use floe_store::flows::runs;
use floe_store::platform::audit::{self, Actor, Entry};
use floe_store::platform::jobs::{self, NewJob};
use floe_store::{Change, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bulk_work::JOB_BULK;
use super::prepare::{Asker, may_repeat};
use super::{RerunFrom, RerunWish};
use crate::Flows;
use crate::run_list::{ListFilter, Order};

/// Runs that are looked at to find those that a filter asks for.
const LOOKED_AT_MAX: usize = 100_000;

/// What is to be done to each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum BulkAct {
    /// Cancel it.
    Cancel {
        /// Why, in the words of who asks.
        reason: Option<String>,
    },
    /// Repeat it.
    Rerun {
        /// From what it had not finished, rather than from its trigger.
        from_failed: bool,
        /// Why, in the words of who asks.
        reason: Option<String>,
    },
}

impl BulkAct {
    /// The kind of the job, as it is shown.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Cancel { .. } => "runs.cancel",
            Self::Rerun { .. } => "runs.rerun",
        }
    }

    /// How each run is repeated.
    pub(super) fn wish(&self) -> Option<RerunWish> {
        let Self::Rerun { from_failed, reason } = self else { return None };
        let from = if *from_failed { RerunFrom::Unfinished } else { RerunFrom::Start };
        Some(RerunWish { reason: reason.clone(), ..RerunWish::from(from) })
    }
}

/// To which runs.
#[derive(Debug, Clone)]
pub enum BulkWhich {
    /// To these.
    Ids(Vec<RunId>),
    /// To those that a list shows, the newest 10,000 at most.
    Filter(Box<ListFilter>),
}

/// An act that can be written.
#[derive(Debug, Clone)]
pub struct BulkAsked {
    job: BulkJob,
    runs: Vec<RunId>,
    work: NewJob,
    audit: Entry,
}

/// How far an act has come.
#[derive(Debug, Clone)]
pub struct BulkProgress {
    /// The act.
    pub job: BulkJob,
    /// Runs to which it could not be done, 100 at most.
    pub failures: Vec<ItemEnd>,
}

impl BulkAsked {
    /// The id of the act.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.job.id
    }

    /// How many runs it is about.
    #[must_use]
    pub fn matched(&self) -> usize {
        self.runs.len()
    }

    /// Writes the act, its runs, the work and the audit entry.
    ///
    /// # Errors
    /// Of the database.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        bulk::insert(tx, &self.job, &self.runs)?;
        jobs::enqueue(tx, &self.work)?;
        audit::record(tx, &self.audit)
    }
}

impl Flows {
    /// Finds the runs of an act on many, those that the caller may see and run; writes nothing.
    ///
    /// # Errors
    /// `forbidden`; `validation_error` for more than 10,000 ids.
    pub async fn prepare_bulk(
        &self,
        ctx: &Ctx,
        act: BulkAct,
        which: BulkWhich,
        ip: Option<String>,
    ) -> Result<BulkAsked, Fault> {
        if !ctx.caller.may(Permission::Run) {
            let fault = Fault::forbidden("Your role does not allow running and cancelling flows");
            return Err(fault.with_details(json!({ "required": "run" })));
        }
        let runs = match which {
            BulkWhich::Ids(ids) if ids.len() > ITEMS_MAX => {
                return Err(Fault::field("/ids", "length", format!("Give at most {ITEMS_MAX} ids")));
            }
            BulkWhich::Ids(ids) => {
                let caller = ctx.clone();
                ctx.store.read(move |tx| visible(tx, &caller, &ids)).await?
            }
            BulkWhich::Filter(filter) => self.matching(ctx, *filter).await?,
        };
        asked(ctx, &act, runs, ip)
    }

    /// How far an act has come.
    ///
    /// # Errors
    /// 404 when there is none with that id.
    pub async fn bulk_progress(&self, ctx: &Ctx, id: JobId) -> Result<BulkProgress, Fault> {
        let workspace = ctx.caller.workspace;
        ctx.store
            .read(move |tx| {
                let job = bulk::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Job"))?;
                Ok(BulkProgress { job, failures: bulk::failures(tx, workspace, id)? })
            })
            .await
    }

    async fn matching(&self, ctx: &Ctx, filter: ListFilter) -> Result<Vec<RunId>, Fault> {
        let caller = ctx.clone();
        let found = ctx.store.read(move |tx| {
            let mut flows = Permitted { ctx: &caller, known: HashMap::new() };
            let mut ids = Vec::new();
            crate::run_list::walk(tx, &caller, &filter, Order::newest(), LOOKED_AT_MAX, |tx, listed, _| {
                if flows.may(tx, listed.run.flow)? {
                    ids.push(listed.run.id);
                }
                Ok(ids.len() < ITEMS_MAX)
            })?;
            Ok(ids)
        });
        found.await
    }
}

/// Stops an act: runs that it has not come to are left alone. True when it went on until now.
///
/// # Errors
/// 404 when there is none with that id.
pub fn stop(tx: &mut Tx<'_>, ctx: &Ctx, id: JobId) -> Result<bool, Fault> {
    let workspace = ctx.caller.workspace;
    let job = bulk::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Job"))?;
    let stopped = bulk::end(tx, workspace, id, "cancelled", ctx.now())?;
    if stopped {
        jobs::cancel(tx, JOB_BULK, id.0)?;
        let detail = json!({ "job_id": id.prefixed(), "kind": job.kind, "done": job.done, "total": job.total });
        audit::record(tx, &entry(ctx, "stopped_bulk_job", detail.to_string(), None))?;
        tx.announce(Change::Record { workspace, kind: "job", id: id.0 });
    }
    Ok(stopped)
}

fn asked(ctx: &Ctx, act: &BulkAct, runs: Vec<RunId>, ip: Option<String>) -> Result<BulkAsked, Fault> {
    let id: JobId = ctx.ids.next();
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let detail = json!({ "job_id": id.prefixed(), "kind": act.kind(), "runs": runs.len(), "request": act });
    let job = BulkJob {
        workspace,
        id,
        kind: act.kind().to_owned(),
        status: "running".to_owned(),
        request: serde_json::to_string(act).map_err(Fault::internal)?,
        actor: serde_json::to_string(&Asker::of(ctx, ip.clone())).map_err(Fault::internal)?,
        total: runs.len() as u64,
        done: 0,
        failed: 0,
        created_at: now,
        finished_at: None,
    };
    let work = NewJob {
        id: ctx.ids.next(),
        workspace,
        mode: None,
        kind: JOB_BULK,
        subject_id: Some(id.0),
        payload: "{}".to_owned(),
        due_at: now,
        created_at: now,
    };
    Ok(BulkAsked { job, runs, work, audit: entry(ctx, "started_bulk_job", detail.to_string(), ip) })
}

fn entry(ctx: &Ctx, action: &str, detail: String, ip: Option<String>) -> Entry {
    Entry {
        id: ctx.ids.next(),
        workspace: ctx.caller.workspace,
        seq: None,
        mode: None,
        product: "console".to_owned(),
        action: action.to_owned(),
        actor: Actor::of(&ctx.caller),
        target: None,
        run_id: None,
        detail,
        request_id: Some(ctx.request_id),
        ip,
        at: ctx.now(),
    }
}

/// Which flows the caller may run; each is looked up once.
struct Permitted<'c> {
    ctx: &'c Ctx,
    known: HashMap<FlowId, bool>,
}

impl Permitted<'_> {
    fn may(&mut self, tx: &mut Tx<'_>, flow: FlowId) -> Result<bool, Fault> {
        if let Some(&known) = self.known.get(&flow) {
            return Ok(known);
        }
        let may = match may_repeat(tx, self.ctx, flow) {
            Ok(_) => true,
            Err(fault) if matches!(fault.kind(), FaultKind::NotFound | FaultKind::Forbidden) => false,
            Err(fault) => return Err(fault),
        };
        self.known.insert(flow, may);
        Ok(may)
    }
}

/// Those of some runs that are there and may be run, each once.
fn visible(tx: &mut Tx<'_>, ctx: &Ctx, ids: &[RunId]) -> Result<Vec<RunId>, Fault> {
    let mut flows = Permitted { ctx, known: HashMap::new() };
    let mut found = Vec::new();
    for &id in &ids.iter().copied().collect::<BTreeSet<_>>() {
        if let Some(row) = runs::find(tx, ctx.caller.workspace, id)?
            && flows.may(tx, row.flow)?
        {
            found.push(id);
        }
    }
    Ok(found)
}

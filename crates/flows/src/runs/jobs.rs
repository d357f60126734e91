//! The slice's jobs: waits whose time has come, news of child runs, error flows, and runs that are no longer wanted.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_engine::machine::{Machine, Outcome};
use floe_model::Scope;
use floe_model::id::{RunId, WaitId};
use floe_runtime::Platform;
use floe_runtime::child_runs::Hindrance;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::flows::runs::{self, RunRow};
use floe_store::platform::jobs::Job;
use serde_json::{Value, json};

use super::called;
use super::engine::RunEngine;
use super::load::load;
use super::message::ChildNews;
use super::state::{RunErrorView, RunState};
use super::{JOB_CANCEL, JOB_CHILD, JOB_ERROR_FLOW, JOB_GIVE_UP, JOB_WAIT_DUE};

/// What makes the id of an error run from that of the failed run, so that it is started once.
const ERROR_RUN_BITS: u128 = 0x0e44;

/// The slice's job handlers.
#[must_use]
pub fn handlers(engine: &RunEngine) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(WaitDue(engine.clone())),
        Arc::new(ChildChanged(engine.clone())),
        Arc::new(StartErrorFlow(engine.clone())),
        Arc::new(CancelRun(engine.clone())),
        Arc::new(GiveUpCall(engine.clone())),
    ]
}

/// A wait's time has come.
struct WaitDue(RunEngine);

impl JobHandler for WaitDue {
    fn kind(&self) -> &'static str {
        JOB_WAIT_DUE
    }

    fn run<'a>(&'a self, _: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(run), Some(wait)) = (run_in(&job.payload, "run"), job.subject_id) else { return Ok(()) };
            self.0.due(job.workspace, run, WaitId(wait)).await
        })
    }
}

/// A child run waits, goes on or has ended: its parent is told how it stands now.
struct ChildChanged(RunEngine);

impl JobHandler for ChildChanged {
    fn kind(&self) -> &'static str {
        JOB_CHILD
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let (Some(parent), Some(child)) = (run_in(&job.payload, "parent"), job.subject_id) else { return Ok(()) };
            let child = RunId(child);
            let plans = &self.0.core.plans;
            let news = match load(&platform.store, plans, job.workspace, child).await? {
                Some(loaded) => {
                    let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
                    news_of(&loaded.row, &machine)
                }
                None => match called::outcome(&self.0.core, job.workspace, child).await? {
                    Some(outcome) => ChildNews::Ended(outcome.map(Arc::new)),
                    None => return Ok(()),
                },
            };
            self.0.tell_parent(job.workspace, parent, child, news).await
        })
    }
}

/// A run is no longer wanted.
struct CancelRun(RunEngine);

impl JobHandler for CancelRun {
    fn kind(&self) -> &'static str {
        JOB_CANCEL
    }

    fn run<'a>(&'a self, _: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(run) = job.subject_id.map(RunId) else { return Ok(()) };
            let payload: Value = serde_json::from_str(&job.payload).unwrap_or_default();
            let by = payload.get("by").and_then(Value::as_str).map(str::to_owned);
            match self.0.cancel(job.workspace, run, by, None).await {
                Err(fault) if fault.code() == "not_found" => called::cancel(&self.0.core, job.workspace, run).await,
                Err(fault) if !matches!(fault.code(), "run_finished") => Err(fault),
                _ => Ok(()),
            }
        })
    }
}

/// A call of what is no flow is no longer wanted.
struct GiveUpCall(RunEngine);

impl JobHandler for GiveUpCall {
    fn kind(&self) -> &'static str {
        JOB_GIVE_UP
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let payload: Value = serde_json::from_str(&job.payload).unwrap_or_default();
            let (Some(run), Some(call)) = (run_in(&job.payload, "run"), payload["call"].as_str()) else {
                return Ok(());
            };
            let workspace = job.workspace;
            let Some(row) = platform.store.read(move |tx| runs::find(tx, workspace, run)).await? else { return Ok(()) };
            called::give_up(&self.0.core, Scope { workspace, mode: row.mode }, run, call).await
        })
    }
}

/// A run has failed: its flow names another one to be started with the error.
struct StartErrorFlow(RunEngine);

impl JobHandler for StartErrorFlow {
    fn kind(&self) -> &'static str {
        JOB_ERROR_FLOW
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(failed) = job.subject_id.map(RunId) else { return Ok(()) };
            let core = &self.0.core;
            let Some(loaded) = load(&platform.store, &core.plans, job.workspace, failed).await? else { return Ok(()) };
            let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
            let run = RunId(failed.0 ^ ERROR_RUN_BITS);
            let workspace = job.workspace;
            if load(&platform.store, &core.plans, workspace, run).await?.is_some() {
                return Ok(());
            }
            match called::error_run(core, &loaded.row, &machine, run).await {
                Ok(Some(new)) => self.0.run(new, 0).await.map(|_| ()),
                Ok(None) => Ok(()),
                Err(Hindrance::Database(fault)) => Err(fault),
                Err(Hindrance::Refused(error)) => {
                    tracing::warn!(run.id = %failed, error.code = %error.code, "the error flow cannot be started");
                    Ok(())
                }
            }
        })
    }
}

fn news_of(row: &RunRow, machine: &Machine) -> ChildNews {
    match machine.outcome() {
        Some(Outcome::Completed(output)) => ChildNews::Ended(Ok(Arc::clone(output))),
        Some(Outcome::Failed(failure)) => {
            let inner = RunErrorView::of(machine.plan(), failure).to_json();
            let details = json!({ "appRunId": row.id, "error": inner });
            let message = format!("The called flow failed: {}", failure.error.message);
            let error = StepError { retryable: failure.error.retryable, ..StepError::new("sub_flow_failed", message) };
            ChildNews::Ended(Err(error.with_details(details)))
        }
        Some(Outcome::Cancelled) => {
            let details = json!({ "appRunId": row.id });
            ChildNews::Ended(Err(
                StepError::new("sub_flow_failed", "The called flow was cancelled").with_details(details)
            ))
        }
        None => {
            let state = RunState::of(row, machine);
            ChildNews::Paused(state.wait.map(|wait| Box::new(wait.wait_state())))
        }
    }
}

fn run_in(payload: &str, key: &str) -> Option<RunId> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    RunId::parse(payload.get(key)?.as_str()?).ok()
}

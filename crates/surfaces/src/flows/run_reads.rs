//! Reading one run (Flow API contract, section 7).

use floe_access::credits::Entry;
use floe_flows::history::RunHistory;
use floe_model::Fault;
use floe_model::access::credits::number;
use floe_model::id::RunId;
use serde_json::{Value, json};

use super::paging::Paging;
use super::run_wire::{self, Parts};
use super::shapes::{PAGING, runs as shapes};
use super::{DASHBOARD, RESUMED_RUNS, SURFACE, share};
use crate::http::shape::{COUNT, TEXT, int};
use crate::http::{Call, Reply, Route};
use crate::run_credits::Taken;

/// Steps on a page unless asked otherwise.
const STEPS: usize = 100;
/// Steps on a page at most.
const STEPS_MAX: usize = 500;
/// Longest that a poll is held, in seconds.
const HOLD_S_MAX: i64 = 30;
/// Statuses of steps.
const STEP_STATUSES: [&str; 6] = ["running", "waiting", "completed", "failed", "skipped", "cancelled"];

pub(super) fn routes() -> Vec<Route> {
    let record = |path, doc, parts| {
        Route::get(&SURFACE, path, DASHBOARD, move |call| record(call, parts)).doc(doc).answers(200, shapes::RUN)
    };
    let routes = [
        Route::get(&SURFACE, "/v1/flowrun/poll/{id}", RESUMED_RUNS, poll)
            .doc("Poll a run")
            .query("revision", COUNT, "A revision that is known already: wait for a later one")
            .query("timeout", int(0, HOLD_S_MAX), "Seconds to wait for it")
            .answers(200, shapes::POLL),
        Route::get(&SURFACE, "/v1/flowrun/minimal-details/{id}", DASHBOARD, minimal)
            .doc("Show the few facts about a run")
            .answers(200, shapes::MINIMAL),
        record("/v1/flowrun/summary/{id}", "Summarise a run", Parts::Summary),
        record("/v1/flowrun/details/{id}", "Show a run", Parts::Details),
        record("/v1/flowrun/detailed/{id}", "Show everything of a run", Parts::All),
        Route::get(&SURFACE, "/v1/flowrun/inputs/{id}", DASHBOARD, inputs)
            .doc("Show the inputs of a run")
            .answers(200, shapes::INPUTS),
        Route::get(&SURFACE, "/v1/flowrun/outputs/{id}", DASHBOARD, outputs)
            .doc("Show the output of a run")
            .answers(200, shapes::OUTPUTS),
        Route::get(&SURFACE, "/v1/flowrun/errorDetails/{id}", DASHBOARD, error_details)
            .doc("Show why a run failed")
            .answers(200, shapes::ERROR_DETAILS),
        Route::get(&SURFACE, "/v1/flowrun/steps/{id}", DASHBOARD, steps)
            .doc("List the steps of a run")
            .query("limit", int(1, STEPS_MAX as i64), "Steps of a page; 100 unless given")
            .queries(&PAGING[1..])
            .query("stepId", TEXT, "One step of the definition")
            .query("status", TEXT, "Statuses between commas")
            .answers(200, shapes::STEPS),
        Route::get(&SURFACE, "/v1/flowrun/context/{id}", DASHBOARD, context)
            .doc("Show the context of a run")
            .answers(200, shapes::CONTEXT),
        Route::get(&SURFACE, "/v1/flowrun/credit-details/{id}", DASHBOARD, credit_details)
            .doc("Show what a run cost")
            .answers(200, shapes::CREDITS),
    ];
    routes.into_iter().map(|route| route.scope("flows.read")).collect()
}

async fn poll(mut call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    share::enter_run(&mut call, run).await?;
    let known = call.query.number("revision", 0, i64::MAX)?;
    let hold_s = call.query.number("timeout", 0, HOLD_S_MAX)?.unwrap_or(0);
    let flows = &call.app.flows;
    let found = match known {
        None => flows.run_result(&call.ctx, run).await?,
        Some(known) => flows.poll_run(&call.ctx, run, known.unsigned_abs(), hold_s.unsigned_abs() * 1_000).await?,
    };
    Reply::ok(&run_wire::poll(&found))
}

async fn minimal(call: Call) -> Result<Reply, Fault> {
    let row = call.app.flows.run_row(&call.ctx, call.id("id", "Run")?).await?;
    // The row is written when a run begins, waits and ends; between those it does not know the step.
    let current_step = match row.status.as_str() {
        "running" => call.app.flows.run_result(&call.ctx, row.id).await?.state.current_step.clone(),
        _ => row.current_step.clone(),
    };
    Reply::ok(&json!({
        "appRunId": row.id, "appId": row.flow, "status": row.status, "version": row.version, "currentStepId": current_step,
        "startedAt": row.started_at, "finishedAt": row.finished_at,
    }))
}

async fn record(call: Call, parts: Parts) -> Result<Reply, Fault> {
    let run = read(&call).await?;
    let taken = Taken::of(&call, run.row.id).await?;
    Reply::ok(&run_wire::record(&run, call.ctx.now(), parts, &taken))
}

async fn inputs(call: Call) -> Result<Reply, Fault> {
    let (row, beginning) = call.app.flows.run_beginning(&call.ctx, call.id("id", "Run")?).await?;
    let inputs = beginning.map_or_else(|| json!({}), |beginning| Value::Object(beginning.inputs));
    Reply::ok(&json!({ "appRunId": row.id, "trigger": run_wire::trigger(&row), "inputs": inputs }))
}

async fn outputs(call: Call) -> Result<Reply, Fault> {
    let result = call.app.flows.run_result(&call.ctx, call.id("id", "Run")?).await?;
    let state = &result.state;
    Reply::ok(&json!({ "appRunId": state.run, "status": state.status, "output": state.output }))
}

async fn error_details(call: Call) -> Result<Reply, Fault> {
    let result = call.app.flows.run_result(&call.ctx, call.id("id", "Run")?).await?;
    let state = &result.state;
    let error = state.error.as_ref().map(|error| error.to_json());
    Reply::ok(&json!({ "appRunId": state.run, "hasError": error.is_some(), "error": error }))
}

/// A comma list of statuses of steps; empty when none is asked for.
fn step_statuses(call: &Call) -> Result<Vec<&str>, Fault> {
    let Some(list) = call.query.get("status").filter(|list| !list.is_empty()) else { return Ok(Vec::new()) };
    let wanted: Vec<&str> = list.split(',').map(str::trim).collect();
    if wanted.iter().all(|word| STEP_STATUSES.contains(word)) {
        return Ok(wanted);
    }
    let message = format!("status must hold some of: {}", STEP_STATUSES.join(", "));
    Err(Fault::field("/status", "value", message))
}

async fn steps(call: Call) -> Result<Reply, Fault> {
    let paging = Paging::read(&call.query, STEPS, STEPS_MAX)?;
    let run = read(&call).await?;
    let plan = run.history.machine.plan();
    let (step, statuses) = (call.query.get("stepId"), step_statuses(&call)?);
    let wanted: Vec<_> = run
        .history
        .steps
        .iter()
        .filter(|record| step.is_none_or(|id| plan.node(record.node).id == id))
        .filter(|record| statuses.is_empty() || statuses.contains(&record.status.as_str()))
        .collect();
    let shown = wanted.iter().skip(paging.skip).take(paging.limit);
    let mut data: Vec<Value> = shown.map(|record| run_wire::step(plan, record, true)).collect();
    Taken::of(&call, run.row.id).await?.fill(&mut data);
    Reply::ok(&paging.around(data, wanted.len() as u64))
}

async fn context(call: Call) -> Result<Reply, Fault> {
    let run = read(&call).await?;
    let (context, truncated) = run_wire::shortened(run.history.machine.context());
    Reply::ok(&json!({ "appRunId": run.row.id, "context": context, "truncated": truncated }))
}

/// What the run was charged, call by call.
async fn credit_details(call: Call) -> Result<Reply, Fault> {
    let run = call.app.flows.run_row(&call.ctx, call.id("id", "Run")?).await?;
    let entries = call.app.access.credits_of_run(&call.ctx.caller, run.id).await?;
    if entries.is_empty() {
        return Reply::ok(&json!({ "appRunId": run.id, "totalCredits": 0, "items": [] }));
    }
    let history = call.app.flows.run_history(&call.ctx, run.id).await?;
    let plan = history.history.machine.plan();
    let step = |id: &str| history.history.steps.iter().map(|record| plan.node(record.node)).find(|node| node.id == id);
    let item = |entry: &Entry| {
        let node = entry.origin.step_id.as_deref().and_then(step);
        json!({ "stepId": entry.origin.step_id, "stepName": node.map(|node| node.name.clone()),
            "stepType": node.map(|node| node.kind.clone()), "modelId": entry.origin.model, "inputTokens": entry.input_tokens,
            "outputTokens": entry.output_tokens, "calls": entry.calls, "credits": number(-entry.amount), "at": entry.at })
    };
    let items: Vec<Value> = entries.iter().map(item).collect();
    let total = entries.iter().map(|entry| -entry.amount).sum();
    Reply::ok(&json!({ "appRunId": run.id, "totalCredits": number(total), "items": items }))
}

async fn read(call: &Call) -> Result<RunHistory, Fault> {
    call.app.flows.run_history(&call.ctx, call.id("id", "Run")?).await
}

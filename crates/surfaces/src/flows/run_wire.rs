//! Runs and their steps on the wire (Flow API contract, section 7).

use floe_engine::event::StepError;
use floe_engine::plan::Plan;
use floe_engine::records::{StepRecord, StepStatus};
use floe_flows::history::RunHistory;
use floe_flows::results::RunResult;
use floe_model::{Mode, Timestamp};
use floe_store::flows::runs::RunRow;
use serde_json::{Map, Value, json};

use super::outcome::brief_error;
use crate::run_credits::Taken;

/// Bytes of one value of the context that are shown at most.
const CONTEXT_VALUE_BYTES_MAX: usize = 256 * 1024;

/// What of a run is shown beside its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// Counts of its steps, no values.
    Summary,
    /// Values, steps without theirs, no context.
    Details,
    /// Everything.
    All,
}

/// A row for menus and charts.
pub(super) fn light(run: &RunRow) -> Value {
    json!({
        "_id": run.id, "appRunId": run.id, "status": run.status, "version": run.version, "trigger": trigger(run),
        "startedAt": run.started_at, "durationMs": run.active_ms,
    })
}

/// A row of a list.
pub(super) fn listed(run: &RunRow) -> Value {
    let error = run.error_code.as_ref().map(|code| json!({ "code": code, "message": run.error_message }));
    let wait = run.wait_kind.as_ref().map(|kind| json!({ "type": kind, "stepId": run.wait_step }));
    let mut row = light(run);
    row["finishedAt"] = json!(run.finished_at);
    row["source"] = source(run);
    // What it has cost stands in the ledger; `run_credits` puts it here.
    row["credits"] = Value::Null;
    row["stepCount"] = json!(run.step_count);
    row["error"] = json!(error);
    row["waitState"] = json!(wait);
    row["parentRunId"] = json!(run.parent);
    row
}

/// A run's record with some of its parts.
pub(super) fn record(run: &RunHistory, now: Timestamp, parts: Parts, taken: &Taken) -> Value {
    let RunHistory { row, history, state } = run;
    let machine = &history.machine;
    let has_begun = machine.beginning().is_some() && state.status != "queued";
    let finished_at = state.is_over().then(|| machine.last_at());
    let mut record = json!({
        "_id": row.id, "appRunId": row.id, "appId": row.flow, "flowName": row.flow_name, "version": row.version,
        "isDraft": row.is_draft, "status": state.status, "trigger": trigger(row), "source": source(row),
        "parentRunId": row.parent, "test": row.mode == Mode::Test, "queuedAt": row.queued_at,
        "startedAt": has_begun.then(|| machine.started_at()), "finishedAt": finished_at,
        "durationMs": has_begun.then(|| machine.active_ms(finished_at.unwrap_or(now))), "credits": taken.total(),
        "stepCount": state.step_count, "currentStepId": state.current_step,
        "waitState": state.wait.as_ref().map(|wait| wait.wait_state()),
        "pendingAction": state.wait.as_ref().map(|wait| wait.pending_action()),
        "error": state.error.as_ref().map(|error| error.to_json()), "revision": state.revision,
    });
    if parts == Parts::Summary {
        record["stepSummary"] = step_summary(&history.steps);
        return record;
    }
    record["inputs"] = inputs(run);
    record["output"] = json!(state.output);
    if parts == Parts::All {
        record["context"] = machine.context();
    }
    let plan = machine.plan();
    let mut steps: Vec<Value> = history.steps.iter().map(|one| step(plan, one, parts == Parts::All)).collect();
    taken.fill(&mut steps);
    record["steps"] = steps.into();
    record
}

/// What the run began with.
pub(super) fn inputs(run: &RunHistory) -> Value {
    let beginning = run.history.machine.beginning();
    beginning.map_or_else(|| json!({}), |beginning| Value::Object(beginning.inputs.clone()))
}

/// `{type, stepId}`.
pub(super) fn trigger(run: &RunRow) -> Value {
    json!({ "type": run.trigger_type, "stepId": run.trigger_step })
}

/// A step record, with or without what it was given, gave, and printed; what it has cost is put in by `run_credits`.
pub(super) fn step(plan: &Plan, record: &StepRecord, whole: bool) -> Value {
    let node = plan.node(record.node);
    let duration = record.finished_at.map(|end| end.millis_since(record.started_at));
    let mut step = json!({
        "stepId": node.id, "name": node.name, "type": node.kind, "status": record.status.as_str(),
        "attempt": record.attempt, "iteration": record.iteration, "branchId": record.branch_id,
        "startedAt": record.started_at, "finishedAt": record.finished_at, "durationMs": duration,
        "error": record.error.as_ref().map(|error| step_error(plan, record, error)), "credits": null,
    });
    if whole {
        step["input"] = json!(record.input);
        step["output"] = json!(record.output);
        step["logs"] = json!(record.logs);
    }
    step
}

/// What a poll answers.
pub(super) fn poll(run: &RunResult) -> Value {
    let state = &run.state;
    let mut answer = json!({
        "appRunId": state.run, "status": state.status, "done": state.is_over(), "revision": state.revision,
        "currentStepId": state.current_step, "completedSteps": run.completed_steps,
    });
    if let Some(output) = &state.output {
        answer["output"] = json!(output);
    }
    if let Some(error) = &state.error {
        answer["error"] = brief_error(error);
    }
    if let Some(wait) = &state.wait {
        answer["waitState"] = wait.wait_state();
        answer["pendingAction"] = wait.pending_action();
    }
    answer
}

/// The context with values over the limit replaced by their size, and whether there were some. Step results are values of
/// their own.
pub(super) fn shortened(context: Value) -> (Value, bool) {
    let Value::Object(mut context) = context else { return (context, false) };
    let mut truncated = false;
    let mut shorten = |map: &mut Map<String, Value>| {
        for value in map.values_mut() {
            let bytes = json_bytes(value);
            if bytes > CONTEXT_VALUE_BYTES_MAX {
                *value = json!({ "$truncated": true, "bytes": bytes });
                truncated = true;
            }
        }
    };
    let mut steps = context.shift_remove("steps");
    if let Some(Value::Object(steps)) = &mut steps {
        shorten(steps);
    }
    shorten(&mut context);
    context.extend(steps.map(|steps| ("steps".to_owned(), steps)));
    (Value::Object(context), truncated)
}

fn source(run: &RunRow) -> Value {
    let known: Value = serde_json::from_str(&run.source).unwrap_or_default();
    json!({
        "kind": run.source_kind, "hookId": known["hookId"], "tokenId": known["tokenId"], "userId": known["userId"],
        "ip": known["ip"],
    })
}

fn step_summary(steps: &[StepRecord]) -> Value {
    let count = |status: StepStatus| steps.iter().filter(|step| step.status == status).count();
    json!({
        "completed": count(StepStatus::Completed), "failed": count(StepStatus::Failed),
        "skipped": count(StepStatus::Skipped), "waiting": count(StepStatus::Waiting), "total": steps.len(),
    })
}

fn step_error(plan: &Plan, record: &StepRecord, error: &StepError) -> Value {
    let node = plan.node(record.node);
    json!({
        "code": error.code, "message": error.message, "stepId": node.id, "stepName": node.name, "stepType": node.kind,
        "attempt": record.attempt, "retryable": error.retryable, "details": error.details.clone().unwrap_or_else(|| json!({})),
        "occurredAt": record.finished_at.unwrap_or(record.started_at),
    })
}

/// Length of a value as compact JSON, without writing it.
fn json_bytes(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("counting cannot fail");
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_values_are_replaced_one_by_one() {
        let long = "x".repeat(CONTEXT_VALUE_BYTES_MAX);
        let context = json!({ "a": 1, "long": long, "steps": { "s": { "text": long }, "t": 2 } });
        let (shown, truncated) = shortened(context);
        assert!(truncated);
        let bytes = CONTEXT_VALUE_BYTES_MAX;
        assert_eq!(
            shown,
            json!({
                "a": 1, "long": { "$truncated": true, "bytes": bytes + 2 },
                "steps": { "s": { "$truncated": true, "bytes": bytes + 11 }, "t": 2 },
            })
        );
        let just_fits = json!({ "a": "x".repeat(CONTEXT_VALUE_BYTES_MAX - 2) });
        assert_eq!(shortened(just_fits.clone()), (just_fits, false));
    }
}

//! Loops and parallel blocks: what happens between the passes of a body.

use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::context::weight;
use super::frame::{Active, Frame};
use super::{Machine, RunError};
use crate::event::{Place, StepError};
use crate::plan::{Port, Work};

/// How far a loop over items has come.
#[derive(Debug)]
pub struct EachState {
    items: Arc<Vec<Value>>,
    total: usize,
    results: Vec<Value>,
    errors: Vec<Value>,
    pub(super) gathered_bytes: usize,
}

/// How far a loop with a condition has come.
#[derive(Debug, Default)]
pub struct WhileState {
    passes: usize,
    results: Vec<Value>,
    errors: Vec<Value>,
    pub(super) gathered_bytes: usize,
}

/// How far a parallel block has come.
#[derive(Debug)]
pub struct ParallelState {
    branches: Vec<BranchState>,
}

#[derive(Debug)]
struct BranchState {
    name: String,
    frame: u32,
    end: Option<BranchEnd>,
}

#[derive(Debug)]
enum BranchEnd {
    Completed(Map<String, Value>),
    Failed(Map<String, Value>, RunError),
}

impl Machine {
    /// Enters a loop over items.
    pub(super) fn enter_each(&mut self, place: Place, items: &Arc<Vec<Value>>, total: usize, at: Timestamp) {
        let (items, results, errors) = (Arc::clone(items), Vec::new(), Vec::new());
        let gathered_bytes = items.iter().map(weight).sum();
        self.active.insert(place, Active::Each(Box::new(EachState { items, total, results, errors, gathered_bytes })));
        self.next_each_pass(place, at);
    }

    pub(super) fn each_pass_ended(&mut self, place: Place, frame: Frame, result: Result<(), RunError>, at: Timestamp) {
        let Some(Active::Each(state)) = self.active.get_mut(&place) else { return };
        let item = state.items.get(frame.pass).cloned().unwrap_or_default();
        let pass = frame.pass;
        let mut entry = json!({ "index": pass, "item": null, "outputs": null });
        entry["item"] = item;
        entry["outputs"] = Value::Object(frame.outputs);
        let failure = result.err();
        if let Some(failure) = &failure {
            entry["error"] = failure.error.brief();
            state.errors.push(pass_error(pass, &failure.error));
        }
        state.gathered_bytes += weight(&entry);
        state.results.push(entry);
        match failure {
            Some(failure) => self.leave_each(place, Some(failure), at),
            None => self.next_each_pass(place, at),
        }
    }

    /// A loop condition was tested.
    pub(super) fn tested(&mut self, place: Place, outcome: &Result<bool, StepError>, at: Timestamp) {
        let (passes_max, body) = match self.plan.node(place.node).work {
            Work::Loop(_) => return self.loop_tested(place, outcome, at),
            Work::While { passes_max, body, .. } => (passes_max, body),
            _ => return,
        };
        let active = self.active.entry(place).or_insert_with(|| Active::While(Box::default()));
        let Active::While(state) = active else { return };
        let pass = state.passes;
        match outcome {
            Ok(true) if pass < passes_max => {
                let names = json!({ "iteration": pass, "run": pass + 1, "isFirst": pass == 0 });
                let mut locals = Map::new();
                locals.insert("iteration".to_owned(), json!(pass));
                locals.insert("_while".to_owned(), names);
                self.open_frame(body, 0, Some(place), pass, locals);
            }
            Ok(true) => {
                let error = StepError::new("max_iterations", format!("The loop reached its limit of {passes_max}"));
                self.leave_while(place, Some((pass, error)), at);
            }
            Ok(false) => self.leave_while(place, None, at),
            Err(error) => self.leave_while(place, Some((pass, error.clone())), at),
        }
    }

    pub(super) fn while_pass_ended(&mut self, place: Place, frame: Frame, result: Result<(), RunError>, at: Timestamp) {
        let Some(Active::While(state)) = self.active.get_mut(&place) else { return };
        let mut entry = json!({ "iteration": frame.pass, "outputs": null });
        entry["outputs"] = Value::Object(frame.outputs);
        if let Err(failure) = &result {
            entry["error"] = failure.error.brief();
        }
        state.gathered_bytes += weight(&entry);
        state.results.push(entry);
        state.passes += 1;
        match result {
            Ok(()) => self.ready.push_back(place),
            Err(failure) => self.leave_while(place, Some((frame.pass, failure.error)), at),
        }
    }

    /// Starts the branches of a parallel block.
    pub(super) fn split(&mut self, place: Place, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let Work::Parallel { branches, .. } = &plan.node(place.node).work else { return };
        let open = |machine: &mut Self, scope: u32| BranchState {
            name: plan.scope(scope).branch.clone().unwrap_or_default(),
            frame: machine.open_frame(scope, 0, Some(place), 0, Map::new()),
            end: None,
        };
        let branches = branches.iter().map(|&scope| open(self, scope)).collect();
        self.active.insert(place, Active::Parallel(Box::new(ParallelState { branches })));
        self.is_over_context_limit(place, at);
    }

    pub(super) fn branch_ended(
        &mut self,
        place: Place,
        number: u32,
        frame: Frame,
        result: Result<(), RunError>,
        at: Timestamp,
    ) {
        let (any, fail_fast) = match self.plan.node(place.node).work {
            Work::Parallel { any, fail_fast, .. } => (any, fail_fast),
            _ => return,
        };
        let Some(Active::Parallel(state)) = self.active.get_mut(&place) else { return };
        let Some(branch) = state.branches.iter_mut().find(|branch| branch.frame == number) else { return };
        let succeeded = result.is_ok();
        branch.end = Some(match result {
            Ok(()) => BranchEnd::Completed(frame.outputs),
            Err(failure) => BranchEnd::Failed(frame.outputs, failure),
        });
        let all_ended = state.branches.iter().all(|branch| branch.end.is_some());
        let decided = if any { succeeded } else { !succeeded && fail_fast };
        if decided || all_ended {
            self.join(place, any, fail_fast, at);
        }
    }

    fn next_each_pass(&mut self, place: Place, at: Timestamp) {
        let Work::Each { body, .. } = self.plan.node(place.node).work else { return };
        let Some(Active::Each(state)) = self.active.get(&place) else { return };
        let index = state.results.len();
        let total = state.items.len();
        let Some(item) = state.items.get(index) else {
            return self.leave_each(place, None, at);
        };
        let each = json!({
            "item": item, "index": index, "total": total, "isFirst": index == 0, "isLast": index + 1 == total,
        });
        let mut locals = Map::new();
        locals.insert("item".to_owned(), item.clone());
        locals.insert("index".to_owned(), json!(index));
        locals.insert("_each".to_owned(), each);
        self.open_frame(body, 0, Some(place), index, locals);
    }

    fn leave_each(&mut self, place: Place, failure: Option<RunError>, at: Timestamp) {
        let fail_on_error = matches!(self.plan.node(place.node).work, Work::Each { fail_on_error: true, .. });
        let Some(Active::Each(state)) = self.active.remove(&place) else { return };
        if let (Some(failure), true) = (&failure, fail_on_error) {
            return self.fail(place, failure.error.clone(), 1, at);
        }
        let EachState { items, total, results, errors, .. } = *state;
        let (processed, failed) = (results.len(), errors.len());
        let mut result = json!({
            "item": null, "items": null, "results": null, "errors": errors,
            "successfulItems": processed - failed, "failedItems": failed,
            "totalItems": total, "processedItems": processed,
        });
        result["item"] = Value::Array(items.as_ref().clone());
        result["items"] = Value::Array(items.as_ref().clone());
        result["results"] = Value::Array(results);
        self.complete(place, &Arc::new(result), Port::NEXT, at);
    }

    /// `failure` tells the pass in which, or before which, it happened.
    fn leave_while(&mut self, place: Place, failure: Option<(usize, StepError)>, at: Timestamp) {
        let fail_on_error = matches!(self.plan.node(place.node).work, Work::While { fail_on_error: true, .. });
        let Some(Active::While(state)) = self.active.remove(&place) else { return };
        let WhileState { passes, results, mut errors, .. } = *state;
        if let Some((pass, error)) = failure {
            if fail_on_error {
                return self.fail(place, error, 1, at);
            }
            errors.push(pass_error(pass, &error));
        }
        let mut result = json!({ "iterations": passes, "results": null, "errors": errors, "lastIteration": null });
        result["lastIteration"] = results.last().cloned().unwrap_or_default();
        result["results"] = Value::Array(results);
        self.complete(place, &Arc::new(result), Port::NEXT, at);
    }

    /// Ends a parallel block: gives up the branches that still run, merges what the others wrote, in branch order.
    fn join(&mut self, place: Place, any: bool, fail_fast: bool, at: Timestamp) {
        let Some(Active::Parallel(state)) = self.active.remove(&place) else { return };
        let mut shown = Map::new();
        let mut first_failure = None;
        let mut any_success = false;
        for branch in state.branches {
            if branch.end.is_none() {
                self.abandon_frame(branch.frame);
                self.frames.remove(&branch.frame);
            }
            let context = self.contexts.remove(&branch.frame);
            let entry = match branch.end {
                None => json!({ "status": "cancelled", "outputs": {} }),
                Some(BranchEnd::Completed(outputs)) => {
                    any_success = true;
                    if let (Some(context), Some(target)) = (context, self.context_of(place)) {
                        target.merge(context);
                    }
                    if let Some(frame) = self.frames.get_mut(&place.frame) {
                        frame.outputs.extend(outputs.clone());
                    }
                    json!({ "status": "completed", "outputs": outputs })
                }
                Some(BranchEnd::Failed(outputs, failure)) => {
                    let entry = json!({ "status": "failed", "outputs": outputs, "error": failure.error.brief() });
                    first_failure.get_or_insert(failure);
                    entry
                }
            };
            shown.insert(branch.name, entry);
        }
        let failed = if any { !any_success } else { fail_fast && first_failure.is_some() };
        match (failed, first_failure) {
            (true, Some(failure)) => self.fail(place, failure.error, 1, at),
            _ => self.complete(place, &Arc::new(json!({ "branches": shown })), Port::NEXT, at),
        }
    }
}

fn pass_error(index: usize, error: &StepError) -> Value {
    json!({ "index": index, "code": error.code, "message": error.message })
}

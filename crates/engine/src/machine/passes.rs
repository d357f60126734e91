//! Loops and plain cycles of graphs: what happens between the passes of a body (Workflow API contract, section 16).

use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::context::weight;
use super::frame::{Active, Frame};
use super::settle::Outs;
use super::{Machine, RunError};
use crate::event::{Place, StepError};
use crate::plan::{LoopKind, LoopWork, PassFailure, Port, Work};

/// How far a loop has come.
#[derive(Debug)]
pub struct LoopState {
    pub(super) items: Arc<Vec<Value>>,
    /// Passes that there will be, where that is known.
    planned: usize,
    total: usize,
    start: i64,
    begun: usize,
    running: usize,
    ended: usize,
    /// `loop` as the body of a sequential loop sees it, with `results` in it; of a concurrent one only `parent` and `results`.
    pub(super) view: Value,
    /// The two named variables of the pass of a sequential loop.
    pub(super) locals: Map<String, Value>,
    /// Ways out as the last pass left them, with the number of that pass.
    outs: Option<(usize, Vec<bool>)>,
    out_error: Option<Arc<Value>>,
    pub(super) gathered_bytes: usize,
}

/// How a loop ends.
enum End {
    /// As its kind says: the value tells whether everything that was to be done was done.
    Normal(bool),
    /// By an edge that leaves the body.
    Broken,
}

impl Machine {
    /// The work of the loop at a place.
    fn loop_at(plan: &crate::plan::Plan, place: Place) -> Option<&LoopWork> {
        match &plan.node(place.node).work {
            Work::Loop(work) => Some(work),
            _ => None,
        }
    }

    /// Enters a loop.
    pub(super) fn enter_loop(
        &mut self,
        place: Place,
        items: &Arc<Vec<Value>>,
        total: usize,
        start: i64,
        variables: &Map<String, Value>,
        at: Timestamp,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(work) = Self::loop_at(&plan, place) else { return };
        for (name, value) in variables {
            self.write(place, name, value.clone());
        }
        let planned = match work.kind {
            LoopKind::ForEach { .. } => items.len(),
            LoopKind::Count { .. } => total.min(work.passes_max),
            LoopKind::While { .. } | LoopKind::Cycle => work.passes_max,
        };
        let known = matches!(work.kind, LoopKind::ForEach { .. } | LoopKind::Count { .. });
        let (parent, count) = (self.loop_around(place), if known { json!(total) } else { Value::Null });
        let results = if is_concurrent(work) { vec![Value::Null; planned] } else { Vec::new() };
        let view = json!({
            "index": start, "iteration": 1, "item": null, "total": count, "length": count, "count": count,
            "isFirst": true, "isLast": false, "results": results, "parent": parent,
        });
        let is_silent = matches!(work.kind, LoopKind::Cycle);
        let locals = Map::from_iter([(work.index.clone(), json!(start))]);
        let state = LoopState {
            gathered_bytes: items.iter().map(weight).sum(),
            items: Arc::clone(items),
            planned,
            total,
            start,
            begun: 0,
            running: 0,
            ended: 0,
            view,
            locals: if is_silent || is_concurrent(work) { Map::new() } else { locals },
            outs: None,
            out_error: None,
        };
        self.active.insert(place, Active::Loop(Box::new(state)));
        if !self.is_over_context_limit(place, at) {
            self.next_pass(place, work, at);
        }
    }

    /// `loop` of the loop around a place, without its results and its own parent's: each level would copy all of them.
    fn loop_around(&self, place: Place) -> Value {
        let names = self.names(place);
        let Some(Value::Object(around)) = crate::expr::Names::get(&names, "loop") else { return Value::Null };
        around.iter().filter(|(key, _)| *key != "results").map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The condition of a loop was tested.
    pub(super) fn loop_tested(&mut self, place: Place, outcome: &Result<bool, StepError>, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let Some(work) = Self::loop_at(&plan, place) else { return };
        self.scripts.forget(place);
        let Some(Active::Loop(state)) = self.active.get(&place) else { return };
        match outcome {
            Ok(true) if state.begun < work.passes_max => self.open_pass(place, work),
            Ok(holds) => self.leave_loop(place, &End::Normal(!holds), at),
            Err(error) => {
                self.active.remove(&place);
                self.fail(place, error.clone(), 1, at);
            }
        }
    }

    /// What follows when nothing has ended the loop: more passes, the test before the next one, or the end.
    fn next_pass(&mut self, place: Place, work: &LoopWork, at: Timestamp) {
        let Some(Active::Loop(state)) = self.active.get_mut(&place) else { return };
        if matches!(work.kind, LoopKind::While { .. }) {
            // Its condition sees the pass that it is tested for.
            let index = i64::try_from(state.begun).unwrap_or(i64::MAX);
            state.turn_to(state.begun, Value::Null, index);
            state.locals = named(work, &Value::Null, index);
            return self.push_ready(place);
        }
        let room = if is_concurrent(work) { work.concurrency as usize } else { 1 };
        let more = state.planned.saturating_sub(state.begun).min(room.saturating_sub(state.running));
        if more == 0 && state.running == 0 {
            let is_complete = state.planned >= state.total && !matches!(work.kind, LoopKind::Cycle);
            return self.leave_loop(place, &End::Normal(is_complete), at);
        }
        for _ in 0..more {
            self.open_pass(place, work);
        }
    }

    fn open_pass(&mut self, place: Place, work: &LoopWork) {
        let Some(Active::Loop(state)) = self.active.get_mut(&place) else { return };
        let pass = state.begun;
        state.begun += 1;
        state.running += 1;
        let mut locals = Map::new();
        if !matches!(work.kind, LoopKind::Cycle) {
            let index = state.start.saturating_add(i64::try_from(pass).unwrap_or(i64::MAX));
            let item = match work.kind {
                LoopKind::ForEach { .. } => state.items.get(pass).cloned().unwrap_or_default(),
                LoopKind::Count { .. } => json!(index),
                LoopKind::While { .. } | LoopKind::Cycle => Value::Null,
            };
            let named = named(work, &item, index);
            if is_concurrent(work) {
                locals = state.concurrent_locals(pass, item, index, place);
                locals.extend(named);
            } else {
                state.turn_to(pass, item, index);
                state.locals = named;
            }
        }
        self.open_pass_frame(place, work.body, pass, locals, is_concurrent(work));
    }

    /// A pass has come to its end.
    pub(super) fn pass_ended(
        &mut self,
        place: Place,
        number: u32,
        frame: Frame,
        result: Result<(), RunError>,
        at: Timestamp,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(work) = Self::loop_at(&plan, place) else { return };
        if is_concurrent(work) {
            self.memories.remove(&number);
        }
        let Some(Active::Loop(state)) = self.active.get_mut(&place) else { return };
        state.running -= 1;
        state.ended += 1;
        let failure = result.err();
        if let (Some(failure), PassFailure::Fail) = (&failure, work.on_failure) {
            self.abandon_passes(place);
            self.active.remove(&place);
            return self.fail_as(place, failure.clone());
        }
        let has_failed = failure.is_some();
        let value = pass_value(work, &frame, failure.as_ref(), |node| plan.node(node).id.clone());
        state.keep(work, &frame, value);
        if self.is_over_context_limit(place, at) {
            return;
        }
        match follows(work, &frame.graph.outs, has_failed) {
            Follows::Pass if matches!(work.kind, LoopKind::Cycle) && frame.pass + 1 >= work.passes_max => {
                // Reached by the way out of a loop inside only: other nodes fail before they lead back.
                self.active.remove(&place);
                let message = format!("The cycle reached its limit of {} passes", work.passes_max);
                self.fail(place, StepError::new("LOOP_LIMIT", message), 1, at);
            }
            Follows::Pass => self.next_pass(place, work, at),
            Follows::End => self.leave_loop(place, &End::Normal(true), at),
            Follows::Break => {
                self.abandon_passes(place);
                self.leave_loop(place, &End::Broken, at);
            }
        }
    }

    /// Gives up the passes that are under way.
    fn abandon_passes(&mut self, place: Place) {
        let frames: Vec<u32> =
            self.frames.iter().filter(|(_, frame)| frame.owner == Some(place)).map(|(&number, _)| number).collect();
        for number in frames {
            self.abandon_frame(number);
            self.frames.remove(&number);
            self.memories.remove(&number);
        }
    }

    /// Whether a node of a plain cycle that goes on by that port would begin one pass too many.
    pub(super) fn is_past_cycle_limit(&self, place: Place, port: Port) -> bool {
        let Some(frame) = self.frames.get(&place.frame) else { return false };
        let Some(owner) = frame.owner else { return false };
        let Some(LoopWork { kind: LoopKind::Cycle, again: Some(again), passes_max, .. }) =
            Self::loop_at(&self.plan, owner)
        else {
            return false;
        };
        let leads_back = |edge: &crate::plan::Edge| {
            edge.to == crate::plan::Target::Out(*again) && super::settle::is_live(edge.port, port, &Outs::None)
        };
        frame.pass + 1 >= *passes_max && self.plan.node(place.node).edges.iter().any(leads_back)
    }

    fn leave_loop(&mut self, place: Place, end: &End, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let Some(work) = Self::loop_at(&plan, place) else { return };
        let Some(Active::Loop(state)) = self.active.remove(&place) else { return };
        let LoopState { items, planned, start, ended, mut view, outs, out_error, .. } = *state;
        if let (Some(error), Some(frame)) = (out_error, self.frames.get_mut(&place.frame)) {
            frame.graph.errors.insert(place.node, error);
        }
        let outs = outs.map_or(Outs::All, |(_, outs)| Outs::Of(outs));
        let (port, completed) = match end {
            End::Normal(completed) => (Port::NEXT, *completed),
            End::Broken => (Port::NONE, false),
        };
        let record = match work.kind {
            LoopKind::Cycle => json!({ "iterations": ended }),
            _ => {
                let items = match work.kind {
                    LoopKind::ForEach { .. } => items.as_ref().clone(),
                    LoopKind::Count { .. } => (start..).take(planned).map(|index| json!(index)).collect(),
                    LoopKind::While { .. } | LoopKind::Cycle => Vec::new(),
                };
                record(ended, completed, view["results"].take(), items)
            }
        };
        let record = Arc::new(self.fitted(record, &["outputs"]));
        self.complete_loop(place, &record, port, &outs, at);
    }
}

impl LoopState {
    /// Brings what the body of a sequential loop sees to the next pass.
    fn turn_to(&mut self, pass: usize, item: Value, index: i64) {
        let is_last = !self.view["total"].is_null() && pass + 1 == self.planned;
        if let Value::Object(view) = &mut self.view {
            for (key, value) in [
                ("index", json!(index)),
                ("iteration", json!(pass + 1)),
                ("item", item),
                ("isFirst", json!(pass == 0)),
                ("isLast", json!(is_last)),
            ] {
                view.insert(key.to_owned(), value);
            }
        }
    }

    /// What one pass of a concurrent loop sees: it does not know of the others.
    fn concurrent_locals(&self, pass: usize, item: Value, index: i64, place: Place) -> Map<String, Value> {
        let total = self.total;
        let mut view = json!({
            "index": index, "iteration": pass + 1, "item": null, "total": total, "length": total, "count": total,
            "isFirst": pass == 0, "isLast": pass + 1 == self.planned, "results": [], "parent": self.view["parent"],
        });
        let batch = format!("{}-{}", place.frame, place.node);
        let mut parallel = json!({
            "index": pass, "total": self.planned, "currentItem": null,
            "branchId": format!("{batch}-{pass}"), "batchId": batch,
        });
        view["item"] = item.clone();
        parallel["currentItem"] = item;
        Map::from_iter([("loop".to_owned(), view), ("parallel".to_owned(), parallel)])
    }

    /// Keeps what a pass came to.
    fn keep(&mut self, work: &LoopWork, frame: &Frame, value: Value) {
        if self.outs.as_ref().is_none_or(|(last, _)| *last <= frame.pass) {
            self.outs = Some((frame.pass, frame.graph.outs.clone()));
            self.out_error.clone_from(&frame.graph.out_error);
        }
        if matches!(work.kind, LoopKind::Cycle) {
            return;
        }
        self.gathered_bytes += weight(&value);
        if let Some(Value::Array(results)) = self.view.get_mut("results") {
            match results.get_mut(frame.pass) {
                Some(slot) if is_concurrent(work) => *slot = value,
                _ => results.push(value),
            }
        }
    }
}

/// What comes after a pass.
enum Follows {
    Pass,
    End,
    Break,
}

fn follows(work: &LoopWork, outs: &[bool], has_failed: bool) -> Follows {
    let Some(again) = work.again.map(usize::from) else { return Follows::Pass };
    let goes_back = outs.get(again).copied().unwrap_or(false);
    let leaves = outs.iter().enumerate().any(|(number, &live)| live && number != again);
    match work.kind {
        _ if goes_back => Follows::Pass,
        LoopKind::Cycle => Follows::End,
        _ if leaves && !has_failed => Follows::Break,
        _ => Follows::Pass,
    }
}

fn is_concurrent(work: &LoopWork) -> bool {
    work.concurrency > 1 && work.kind.may_be_concurrent()
}

fn named(work: &LoopWork, item: &Value, index: i64) -> Map<String, Value> {
    let mut named = Map::from_iter([(work.index.clone(), json!(index))]);
    if !matches!(work.kind, LoopKind::While { .. }) {
        named.insert(work.item.clone(), item.clone());
    }
    named
}

/// The value of a pass, in the form that the loop keeps.
fn pass_value(
    work: &LoopWork,
    frame: &Frame,
    failure: Option<&RunError>,
    id_of: impl Fn(crate::plan::NodeIndex) -> String,
) -> Value {
    if matches!(work.kind, LoopKind::Cycle) {
        return Value::Null;
    }
    let tails = &frame.graph.tails;
    let value = || match tails.as_slice() {
        [] => Value::Null,
        [(_, value)] => value.clone(),
        several => several.iter().map(|(node, value)| (id_of(*node), value.clone())).collect(),
    };
    match (work.on_failure, failure) {
        (PassFailure::Collect, Some(failure)) => json!({ "success": false, "error": failure.error.message }),
        (PassFailure::Collect, None) => {
            let mut collected = json!({ "success": true, "data": null });
            collected["data"] = value();
            collected
        }
        (_, Some(_)) => Value::Null,
        (_, None) => value(),
    }
}

/// The record of a loop.
fn record(iterations: usize, completed: bool, results: Value, items: Vec<Value>) -> Value {
    let mut record = json!({
        "iterations": iterations, "completed": completed, "results": null, "outputs": null, "items": null,
    });
    record["outputs"] = results.clone();
    record["results"] = results;
    record["items"] = Value::Array(items);
    record
}

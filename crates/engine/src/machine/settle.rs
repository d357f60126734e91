//! Settling: what follows from a node that is done or has failed.

use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::frame::{Active, Arrival, Frame, position};
use super::memory::Memory;
use super::{COPIES_BYTES_MAX, Command, Context, Machine, Outcome, RunError, Settled};
use crate::event::{Place, StepError};
use crate::plan::{Node, OnError, OutcomeRule, Port, ScopeIndex, Target, Work};

/// Which ways out of a loop's body are live.
#[derive(Debug)]
pub(super) enum Outs {
    /// None; what is no loop has none.
    None,
    /// All: there was no pass.
    All,
    /// As the last pass left them.
    Of(Vec<bool>),
}

/// Whether an edge is live when its node has chosen a port.
pub(super) fn is_live(edge: Port, chosen: Port, outs: &Outs) -> bool {
    if edge == Port::NEVER {
        return false;
    }
    if let Some(number) = edge.out_number() {
        return match outs {
            Outs::None => false,
            Outs::All => true,
            Outs::Of(live) => live.get(usize::from(number)).copied().unwrap_or(false),
        };
    }
    match (edge, chosen) {
        (Port::ANY, _) => !chosen.is_for_failure(),
        (_, Port::ALL) => !edge.is_for_failure(),
        _ => edge == chosen,
    }
}

/// Whether a live edge leads on to another node of the same scope.
pub(super) fn leads_on(node: &Node, chosen: Port) -> bool {
    // What a loop's way out leads to settles with it as well.
    let is_on = |port: Port| port.out_number().is_some() || is_live(port, chosen, &Outs::None);
    node.edges.iter().any(|edge| edge.node().is_some() && is_on(edge.port))
}

impl Machine {
    /// Opens a frame on a scope and makes its first nodes ready.
    pub(super) fn open_frame(
        &mut self,
        scope: ScopeIndex,
        way: usize,
        owner: Option<Place>,
        pass: usize,
        locals: Map<String, Value>,
    ) -> u32 {
        let is_isolated = self.plan.scope(scope).isolated;
        self.open(scope, way, owner, (pass, locals), is_isolated)
    }

    /// Opens a frame for a pass of a graph's loop; a concurrent one works on a copy.
    pub(super) fn open_pass_frame(
        &mut self,
        owner: Place,
        body: ScopeIndex,
        pass: usize,
        locals: Map<String, Value>,
        is_isolated: bool,
    ) {
        self.open(body, 0, Some(owner), (pass, locals), is_isolated);
    }

    fn open(
        &mut self,
        scope: ScopeIndex,
        way: usize,
        owner: Option<Place>,
        (pass, locals): (usize, Map<String, Value>),
        is_isolated: bool,
    ) -> u32 {
        let plan = Arc::clone(&self.plan);
        let number = self.next_frame;
        self.next_frame += 1;
        let parent_context = owner.and_then(|owner| self.frames.get(&owner.frame)).map(|frame| frame.context);
        let context = match parent_context {
            Some(parent) if is_isolated => {
                self.fork(parent, number);
                number
            }
            Some(parent) => parent,
            None => number,
        };
        let (index, scope) = (scope, plan.scope(scope));
        let way = &scope.ways[way];
        let mut frame = Frame::new(index, scope, way, owner, pass);
        frame.context = context;
        frame.locals = locals;
        self.frames.insert(number, frame);
        for &node in &way.starts {
            self.push_ready(Place { frame: number, node });
        }
        number
    }

    fn fork(&mut self, parent: u32, number: u32) {
        if self.is_graph() {
            let fork = self.memories.get(&parent).map(Memory::fork).unwrap_or_default();
            self.memories.insert(number, fork);
        } else {
            let fork = self.contexts.get(&parent).map(Context::fork).unwrap_or_default();
            self.contexts.insert(number, fork);
        }
    }

    /// Makes a node ready: steps one after the other, nodes of a graph in definition order.
    pub(super) fn push_ready(&mut self, place: Place) {
        if !self.is_graph() {
            return self.ready.push_back(place);
        }
        let key = |place: &Place| (place.frame, self.plan.node(place.node).order, place.node);
        let position = self.ready.partition_point(|other| key(other) <= key(&place));
        self.ready.insert(position, place);
    }

    /// Counts a step execution; false when the run has used up its steps and is over.
    pub(super) fn count_step(&mut self, at: Timestamp) -> bool {
        self.steps += 1;
        let most = self.plan.rules.steps_max;
        if self.steps > most {
            let error = StepError::new("step_limit", format!("The run executed more than {most} steps"));
            self.end(Outcome::Failed(RunError { error, node: None, attempt: 1, at }));
        }
        self.outcome.is_none()
    }

    /// A node is done: keeps its result and goes on by the port.
    pub(super) fn complete(&mut self, place: Place, result: &Arc<Value>, port: Port, at: Timestamp) {
        if self.is_graph() {
            return self.complete_record(place, result, port, at);
        }
        self.settled.push((place, Settled::Completed(Arc::clone(result))));
        self.keep(place, result, port, at);
    }

    fn keep(&mut self, place: Place, result: &Arc<Value>, port: Port, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let node = plan.node(place.node);
        self.active.remove(&place);
        if let (Work::Assign { .. }, Value::Object(values)) = (&node.work, result.as_ref()) {
            for (name, value) in values {
                self.write(place, name, value.clone());
            }
        }
        if let Some(name) = &node.output {
            self.write(place, name, result.as_ref().clone());
            if let Some(frame) = self.frames.get_mut(&place.frame) {
                frame.outputs.insert(name.clone(), result.as_ref().clone());
            }
        }
        if let Some(context) = self.context_of(place) {
            context.set_step(&node.id, result.as_ref().clone());
        }
        if self.is_over_context_limit(place, at) {
            return;
        }
        if matches!(node.work, Work::Finish { .. }) {
            return self.end(Outcome::Completed(Arc::clone(result)));
        }
        self.settle(place, Some(port), at);
    }

    /// A node failed for good: does what its `onError` says.
    pub(super) fn fail(&mut self, place: Place, error: StepError, attempt: u32, at: Timestamp) {
        self.fail_as(place, RunError { error, node: Some(place.node), attempt, at });
    }

    /// A node failed for good, by its own fault or that of a node inside of it.
    pub(super) fn fail_as(&mut self, place: Place, failure: RunError) {
        let at = failure.at;
        self.active.remove(&place);
        self.settled.push((place, Settled::Failed(failure.error.clone())));
        let plan = Arc::clone(&self.plan);
        let port = match plan.node(place.node).on_error {
            _ if self.is_graph() => return self.fail_record(place, failure, at),
            OnError::Continue => Port::NEXT,
            OnError::Branch => Port::ERROR,
            OnError::Fail | OnError::Settle | OnError::Value(_) | OnError::Goto => {
                return self.frame_ended(place.frame, Err(failure), at);
            }
        };
        self.keep(place, &Arc::new(json!({ "error": failure.error.brief() })), port, at);
    }

    /// Settles the edges of a node, and of every node that dies with it.
    pub(super) fn settle(&mut self, place: Place, chosen: Option<Port>, at: Timestamp) {
        self.settle_by(place, chosen, &Outs::None, at);
    }

    /// [`Self::settle`] for a loop of a graph with what the ways out of its body have come to.
    pub(super) fn settle_by(&mut self, place: Place, chosen: Option<Port>, outs: &Outs, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let mut settled = vec![(place.node, chosen)];
        while let Some((node, chosen)) = settled.pop() {
            let Some(frame) = self.frames.get_mut(&place.frame) else { return };
            frame.unsettled = frame.unsettled.saturating_sub(1);
            if node != place.node && plan.rules.is_graph() {
                self.passed.push(Place { frame: place.frame, node });
            }
            let mut arrived = Vec::new();
            for edge in &plan.node(node).edges {
                let live = chosen.is_some_and(|chosen| is_live(edge.port, chosen, outs));
                if live && plan.rules.is_graph() {
                    frame.trace(node, edge.to);
                }
                let Target::Node(to) = edge.to else { continue };
                match frame.settle_edge(position(&plan, to), live, live && edge.port == Port::GOTO) {
                    Some(Arrival::Ready) => arrived.push(to),
                    Some(Arrival::Dead) => settled.push((to, None)),
                    None => {}
                }
            }
            for node in arrived {
                self.push_ready(Place { frame: place.frame, node });
            }
        }
        if self.frames.get(&place.frame).is_some_and(|frame| frame.unsettled == 0) {
            self.frame_ended(place.frame, Ok(()), at);
        }
    }

    /// A frame has come to its end; its owner goes on.
    pub(super) fn frame_ended(&mut self, number: u32, result: Result<(), RunError>, at: Timestamp) {
        self.abandon_frame(number);
        let Some(mut frame) = self.frames.remove(&number) else { return };
        let result = match (result, frame.graph.failure.take()) {
            (Ok(()), Some(failure)) => Err(failure),
            (result, _) => result,
        };
        let Some(owner) = frame.owner else {
            return self.end(match (result, self.plan.rules.outcome) {
                (Ok(()), OutcomeRule::Explicit) => Outcome::Completed(Arc::new(Value::Object(Map::new()))),
                (Ok(()), OutcomeRule::Merged) => Outcome::Completed(Arc::new(self.merged_output())),
                (Err(failure), _) => Outcome::Failed(failure),
            });
        };
        match self.plan.node(owner.node).work {
            Work::Each { .. } => self.each_pass_ended(owner, frame, result, at),
            Work::While { .. } => self.while_pass_ended(owner, frame, result, at),
            Work::Parallel { .. } => self.branch_ended(owner, number, frame, result, at),
            Work::Loop(_) => self.pass_ended(owner, number, frame, result, at),
            _ => {}
        }
    }

    /// Ends the run; what is under way is abandoned.
    pub(super) fn end(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.ready.clear();
        let places: Vec<Place> = self.active.keys().copied().collect();
        for place in places {
            self.abandon(place);
        }
        self.frames.clear();
        self.scripts.clear();
        self.contexts.retain(|&number, _| number == 0);
        self.memories.retain(|&number, _| number == 0);
    }

    /// Gives up everything under way in a frame and below it.
    pub(super) fn abandon_frame(&mut self, number: u32) {
        self.ready.retain(|place| place.frame != number);
        self.scripts.forget_frame(number);
        let places: Vec<Place> = self.active.keys().filter(|place| place.frame == number).copied().collect();
        for place in places {
            self.abandon(place);
            let children: Vec<u32> =
                self.frames.iter().filter(|(_, frame)| frame.owner == Some(place)).map(|(&number, _)| number).collect();
            for child in children {
                self.abandon_frame(child);
                self.frames.remove(&child);
                self.contexts.remove(&child);
                self.memories.remove(&child);
            }
        }
    }

    /// Ends the run when its context has grown too large.
    pub(super) fn is_over_context_limit(&mut self, place: Place, at: Timestamp) -> bool {
        if self.is_graph() {
            return self.is_over_memory_limit(place, at);
        }
        let most = self.plan.rules.context_bytes_max;
        let written: usize = self.contexts.values().map(|context| context.bytes).sum();
        let copied: usize = self.contexts.values().map(|context| context.copied_bytes).sum();
        let gathered: usize = self.active.values().map(Active::gathered_bytes).sum();
        if written + gathered <= most && written + gathered + copied <= COPIES_BYTES_MAX {
            return false;
        }
        let error = StepError::new("context_limit", "The run's context is over 10 MiB");
        self.end(Outcome::Failed(RunError { error, node: Some(place.node), attempt: 1, at }));
        true
    }

    /// The context that a place writes to.
    pub(super) fn context_of(&mut self, place: Place) -> Option<&mut Context> {
        let number = self.frames.get(&place.frame)?.context;
        self.contexts.get_mut(&number)
    }

    /// The memory that a place of a graph writes to.
    pub(super) fn memory_of(&mut self, place: Place) -> Option<&mut Memory> {
        let number = self.frames.get(&place.frame)?.context;
        self.memories.get_mut(&number)
    }

    /// Gives a name in the context, or a variable of a graph, a value.
    pub(super) fn write(&mut self, place: Place, name: &str, value: Value) {
        if self.is_graph() {
            if let Some(memory) = self.memory_of(place) {
                memory.set(name, Arc::new(value), None);
            }
        } else if let Some(context) = self.context_of(place) {
            context.set(name, value);
        }
    }

    fn abandon(&mut self, place: Place) {
        match self.active.remove(&place) {
            Some(Active::Effect { .. }) => self.outbox.push_back(Command::Abandon(place)),
            Some(Active::Child { child, .. }) => self.outbox.push_back(Command::CancelChild(child)),
            Some(Active::Calling { attempt, .. }) if !self.calls_flow(place) => {
                self.outbox.push_back(Command::GiveUpCall { place, attempt });
            }
            Some(Active::Asking { wait, .. } | Active::Polling { wait, .. }) => {
                self.questions.retain(|question| question.wait != wait)
            }
            _ => {}
        }
    }
}

//! Settling: what follows from a node that is done or has failed.

use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::frame::{Active, Arrival, Frame, position};
use super::{CONTEXT_BYTES_MAX, COPIES_BYTES_MAX, Command, Context, Machine, Outcome, RunError, STEPS_MAX, Settled};
use crate::event::{Place, StepError};
use crate::plan::{OnError, Port, ScopeIndex, Work};

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
        let plan = Arc::clone(&self.plan);
        let number = self.next_frame;
        self.next_frame += 1;
        let parent_context = owner.and_then(|owner| self.frames.get(&owner.frame)).map(|frame| frame.context);
        let context = match parent_context {
            Some(parent) if plan.scope(scope).isolated => {
                let fork = self.contexts.get(&parent).map(Context::fork).unwrap_or_default();
                self.contexts.insert(number, fork);
                number
            }
            Some(parent) => parent,
            None => number,
        };
        let way = &plan.scope(scope).ways[way];
        let mut frame = Frame::new(scope, owner, pass, way, context);
        frame.locals = locals;
        self.frames.insert(number, frame);
        self.ready.extend(way.starts.iter().map(|&node| Place { frame: number, node }));
        number
    }

    /// Counts a step execution; false when the run has used up its steps and is over.
    pub(super) fn count_step(&mut self, at: Timestamp) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            let error = StepError::new("step_limit", format!("The run executed more than {STEPS_MAX} steps"));
            self.end(Outcome::Failed(RunError { error, node: None, attempt: 1, at }));
        }
        self.outcome.is_none()
    }

    /// A node is done: keeps its result and goes on by the port.
    pub(super) fn complete(&mut self, place: Place, result: &Arc<Value>, port: Port, at: Timestamp) {
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
        self.active.remove(&place);
        self.settled.push((place, Settled::Failed(error.clone())));
        let plan = Arc::clone(&self.plan);
        let port = match plan.node(place.node).on_error {
            OnError::Fail | OnError::Settle => {
                let failure = RunError { error, node: Some(place.node), attempt, at };
                return self.frame_ended(place.frame, Err(failure), at);
            }
            OnError::Continue | OnError::Value(_) => Port::NEXT,
            OnError::Branch | OnError::Goto => Port::ERROR,
        };
        self.keep(place, &Arc::new(json!({ "error": error.brief() })), port, at);
    }

    /// Settles the edges of a node, and of every node that dies with it.
    pub(super) fn settle(&mut self, place: Place, chosen: Option<Port>, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let mut settled = vec![(place.node, chosen)];
        while let Some((node, chosen)) = settled.pop() {
            let Some(frame) = self.frames.get_mut(&place.frame) else { return };
            frame.unsettled = frame.unsettled.saturating_sub(1);
            for edge in &plan.node(node).edges {
                let Some(to) = edge.node() else { continue };
                match frame.settle_edge(position(&plan, to), chosen == Some(edge.port)) {
                    Some(Arrival::Ready) => self.ready.push_back(Place { frame: place.frame, node: to }),
                    Some(Arrival::Dead) => settled.push((to, None)),
                    None => {}
                }
            }
        }
        if self.frames.get(&place.frame).is_some_and(|frame| frame.unsettled == 0) {
            self.frame_ended(place.frame, Ok(()), at);
        }
    }

    /// A frame has come to its end; its owner goes on.
    pub(super) fn frame_ended(&mut self, number: u32, result: Result<(), RunError>, at: Timestamp) {
        self.abandon_frame(number);
        let Some(frame) = self.frames.remove(&number) else { return };
        let Some(owner) = frame.owner else {
            return self.end(match result {
                Ok(()) => Outcome::Completed(Arc::new(Value::Object(Map::new()))),
                Err(failure) => Outcome::Failed(failure),
            });
        };
        match self.plan.node(owner.node).work {
            Work::Each { .. } => self.each_pass_ended(owner, frame, result, at),
            Work::While { .. } => self.while_pass_ended(owner, frame, result, at),
            Work::Parallel { .. } => self.branch_ended(owner, number, frame, result, at),
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
        self.contexts.retain(|&number, _| number == 0);
    }

    /// Gives up everything under way in a frame and below it.
    pub(super) fn abandon_frame(&mut self, number: u32) {
        self.ready.retain(|place| place.frame != number);
        let places: Vec<Place> = self.active.keys().filter(|place| place.frame == number).copied().collect();
        for place in places {
            self.abandon(place);
            let children: Vec<u32> =
                self.frames.iter().filter(|(_, frame)| frame.owner == Some(place)).map(|(&number, _)| number).collect();
            for child in children {
                self.abandon_frame(child);
                self.frames.remove(&child);
                self.contexts.remove(&child);
            }
        }
    }

    /// Ends the run when its context has grown too large.
    pub(super) fn is_over_context_limit(&mut self, place: Place, at: Timestamp) -> bool {
        let written: usize = self.contexts.values().map(|context| context.bytes).sum();
        let copied: usize = self.contexts.values().map(|context| context.copied_bytes).sum();
        let gathered: usize = self.active.values().map(Active::gathered_bytes).sum();
        if written + gathered <= CONTEXT_BYTES_MAX && written + gathered + copied <= COPIES_BYTES_MAX {
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

    pub(super) fn write(&mut self, place: Place, name: &str, value: Value) {
        if let Some(context) = self.context_of(place) {
            context.set(name, value);
        }
    }

    fn abandon(&mut self, place: Place) {
        match self.active.remove(&place) {
            Some(Active::Effect { .. }) => self.outbox.push_back(Command::Abandon(place)),
            Some(Active::Child { child, .. }) => self.outbox.push_back(Command::CancelChild(child)),
            Some(Active::Asking { wait, .. }) => self.questions.retain(|question| question.wait != wait),
            _ => {}
        }
    }
}

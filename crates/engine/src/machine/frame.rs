//! Frames: one pass of one scope, and what is under way at its nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::loops::{EachState, ParallelState, WhileState};
use super::passes::LoopState;
use super::{Alarm, Command, RunError};
use crate::event::Place;
use crate::plan::{NodeIndex, Plan, Scope, ScopeIndex, Target, Way};

/// One pass of a scope.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) scope: ScopeIndex,
    /// The loop or parallel node that made it.
    pub(super) owner: Option<Place>,
    /// Number of the pass, from 0.
    pub(super) pass: usize,
    /// By position in the scope: edges that are still to be settled.
    pending: Vec<u16>,
    /// By position in the scope: whether a live edge came in.
    live: Vec<bool>,
    /// By position in the scope: whether the node is or was ready, or was passed over. Further edges do not count.
    begun: Vec<bool>,
    /// Nodes that are not settled yet.
    pub(super) unsettled: u32,
    /// Names that only this pass sees: `item`, `index`, …
    pub(super) locals: Map<String, Value>,
    /// Results by `output` name, for the loop's record of the pass.
    pub(super) outputs: Map<String, Value>,
    /// Number of the frame whose context this one uses.
    pub(super) context: u32,
    /// What only frames of graphs have.
    pub(super) graph: GraphFrame,
}

/// What a frame of a graph remembers beside its edges.
#[derive(Debug, Default)]
pub(super) struct GraphFrame {
    /// By number of the way out: whether a live edge led to it.
    pub(super) outs: Vec<bool>,
    /// The first failure that nothing handled.
    pub(super) failure: Option<RunError>,
    /// By node: the failure because of which it runs.
    pub(super) errors: BTreeMap<NodeIndex, Arc<Value>>,
    /// The failure because of which a way out was taken.
    pub(super) out_error: Option<Arc<Value>>,
    /// By node: the nodes from which live edges came.
    pub(super) sources: BTreeMap<NodeIndex, Vec<NodeIndex>>,
    /// Completed nodes from which no live edge leads on inside of the scope, with their primary values.
    pub(super) tails: Vec<(NodeIndex, Value)>,
}

impl Frame {
    pub(super) fn new(index: ScopeIndex, scope: &Scope, way: &Way, owner: Option<Place>, pass: usize) -> Self {
        let mut frame = Self {
            scope: index,
            owner,
            pass,
            pending: way.incoming.iter().map(|count| count.unwrap_or(0)).collect(),
            live: vec![false; way.incoming.len()],
            begun: vec![false; way.incoming.len()],
            unsettled: way.reachable(),
            locals: Map::new(),
            outputs: Map::new(),
            context: 0,
            graph: GraphFrame { outs: vec![false; usize::from(scope.outs)], ..GraphFrame::default() },
        };
        for &node in &way.starts {
            frame.begun[(node - scope.first) as usize] = true;
        }
        for &node in &way.lit {
            frame.live[(node - scope.first) as usize] = true;
        }
        frame
    }

    /// Remembers that a live edge led from a node, and the failure because of which it did.
    pub(super) fn trace(&mut self, from: NodeIndex, to: Target) {
        let error = self.graph.errors.get(&from).cloned();
        match to {
            Target::Node(to) => {
                self.graph.sources.entry(to).or_default().push(from);
                if let Some(error) = error {
                    self.graph.errors.insert(to, error);
                }
            }
            Target::Out(number) => {
                if let Some(out) = self.graph.outs.get_mut(usize::from(number)) {
                    *out = true;
                }
                self.graph.out_error = error.or(self.graph.out_error.take());
            }
        }
    }

    /// Settles one edge into the node at a position; tells what became of the node when it was the last one, or when it
    /// need not wait for the others.
    pub(super) fn settle_edge(&mut self, position: usize, live: bool, at_once: bool) -> Option<Arrival> {
        self.live[position] |= live;
        self.pending[position] = self.pending[position].saturating_sub(1);
        if self.begun[position] || (self.pending[position] > 0 && !at_once) {
            return None;
        }
        self.begun[position] = true;
        Some(if self.live[position] { Arrival::Ready } else { Arrival::Dead })
    }
}

/// What became of a node when its last incoming edge was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    Ready,
    Dead,
}

/// What is under way at a place.
#[derive(Debug)]
pub enum Active {
    /// An effect is being made.
    Effect {
        /// Which attempt, from 1.
        attempt: u32,
        /// The configuration.
        input: Arc<Value>,
    },
    /// A failed effect or call waits for its next attempt.
    Retrying {
        /// The attempt that failed.
        attempt: u32,
        /// The configuration.
        input: Arc<Value>,
        /// When to try again.
        due: Timestamp,
    },
    /// A condition is looked at from time to time.
    Polling {
        /// The id under which its time is known.
        wait: WaitId,
        /// When to look again.
        next: Timestamp,
    },
    /// A question is open.
    Asking {
        /// Its id.
        wait: WaitId,
        /// Whether the run counts as running meanwhile (a short delay).
        inline: bool,
    },
    /// The called flow is being looked up.
    Calling {
        /// Which attempt, from 1.
        attempt: u32,
        /// `{flowId, version, inputs}`.
        input: Arc<Value>,
    },
    /// A child run goes on.
    Child {
        /// Its id.
        child: RunId,
        /// Its open question, while it waits.
        question: Option<Box<Value>>,
        /// Which attempt, from 1.
        attempt: u32,
        /// What the call was made with.
        input: Arc<Value>,
    },
    /// A loop over items.
    Each(Box<EachState>),
    /// A loop with a condition.
    While(Box<WhileState>),
    /// A parallel block.
    Parallel(Box<ParallelState>),
    /// A loop of a graph.
    Loop(Box<LoopState>),
}

impl Active {
    /// Whether it is a pause that only an answer, time or a paused child ends.
    pub(super) fn is_pause(&self) -> bool {
        matches!(self, Self::Asking { inline: false, .. } | Self::Child { question: Some(_), .. })
    }

    /// Whether it only holds child frames.
    pub(super) fn is_container(&self) -> bool {
        matches!(self, Self::Each(_) | Self::While(_) | Self::Parallel(_) | Self::Loop(_))
    }

    /// Whether it is one of the nodes that work at the same time, of which a graph has a number at most.
    pub(super) fn is_work(&self) -> bool {
        match self {
            Self::Effect { .. } | Self::Retrying { .. } | Self::Calling { .. } | Self::Child { question: None, .. } => {
                true
            }
            Self::Child { .. } | Self::Polling { .. } | Self::Asking { .. } => false,
            Self::Each(_) | Self::While(_) | Self::Parallel(_) | Self::Loop(_) => false,
        }
    }

    /// Rough bytes of what a loop has gathered from its passes.
    pub(super) fn gathered_bytes(&self) -> usize {
        match self {
            Self::Each(state) => state.gathered_bytes,
            Self::While(state) => state.gathered_bytes,
            Self::Loop(state) => state.gathered_bytes,
            _ => 0,
        }
    }

    /// The command that keeps it going after a restart.
    pub(super) fn command(&self, place: Place) -> Option<Command> {
        match self {
            Self::Effect { attempt, input } => {
                Some(Command::Perform { place, attempt: *attempt, input: Arc::clone(input) })
            }
            Self::Retrying { due, .. } => Some(Command::Wake { at: *due, alarm: Alarm::Retry(place) }),
            Self::Polling { next, .. } => Some(Command::Wake { at: *next, alarm: Alarm::Look(place) }),
            Self::Calling { input, .. } => Some(Command::Call { place, input: Arc::clone(input) }),
            _ => None,
        }
    }
}

/// One loop around a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// Id of the loop step.
    #[serde(rename = "stepId")]
    pub step_id: String,
    /// Number of the pass, from 0.
    pub index: usize,
}

/// Loop passes around a place and the innermost parallel branch.
pub(super) fn path<'p>(
    plan: &'p Plan,
    frames: &BTreeMap<u32, Frame>,
    place: Place,
) -> (Vec<PathStep>, Option<&'p str>) {
    let mut steps = Vec::new();
    let mut branch = None;
    let mut at = place;
    while let Some(frame) = frames.get(&at.frame) {
        let Some(owner) = frame.owner else { break };
        match &plan.scope(frame.scope).branch {
            Some(name) => branch = branch.or(Some(name.as_str())),
            None => steps.push(PathStep { step_id: plan.node(owner.node).id.clone(), index: frame.pass }),
        }
        at = owner;
    }
    steps.reverse();
    (steps, branch)
}

/// Position of a node in its scope.
pub(super) fn position(plan: &Plan, node: NodeIndex) -> usize {
    (node - plan.scope(plan.node(node).scope).first) as usize
}

//! Frames: one pass of one scope, and what is under way at its nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::loops::{EachState, ParallelState, WhileState};
use super::{Alarm, Command};
use crate::event::Place;
use crate::plan::{NodeIndex, Plan, ScopeIndex, Way};

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
    /// Nodes that are not settled yet.
    pub(super) unsettled: u32,
    /// Names that only this pass sees: `item`, `index`, …
    pub(super) locals: Map<String, Value>,
    /// Results by `output` name, for the loop's record of the pass.
    pub(super) outputs: Map<String, Value>,
    /// Number of the frame whose context this one uses.
    pub(super) context: u32,
}

impl Frame {
    pub(super) fn new(scope: ScopeIndex, owner: Option<Place>, pass: usize, way: &Way, context: u32) -> Self {
        Self {
            scope,
            owner,
            pass,
            pending: way.incoming.iter().map(|count| count.unwrap_or(0)).collect(),
            live: vec![false; way.incoming.len()],
            unsettled: way.reachable(),
            locals: Map::new(),
            outputs: Map::new(),
            context,
        }
    }

    /// Settles one edge into the node at a position; tells what became of the node when it was the last one.
    pub(super) fn settle_edge(&mut self, position: usize, live: bool) -> Option<Arrival> {
        self.live[position] |= live;
        self.pending[position] = self.pending[position].saturating_sub(1);
        match (self.pending[position], self.live[position]) {
            (0, true) => Some(Arrival::Ready),
            (0, false) => Some(Arrival::Dead),
            _ => None,
        }
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
    /// A failed effect waits for its next attempt.
    Retrying {
        /// The attempt that failed.
        attempt: u32,
        /// The configuration.
        input: Arc<Value>,
        /// When to try again.
        due: Timestamp,
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
        /// `{flowId, version, inputs}`.
        input: Arc<Value>,
    },
    /// A child run goes on.
    Child {
        /// Its id.
        child: RunId,
        /// Its open question, while it waits.
        question: Option<Box<Value>>,
    },
    /// A loop over items.
    Each(Box<EachState>),
    /// A loop with a condition.
    While(Box<WhileState>),
    /// A parallel block.
    Parallel(Box<ParallelState>),
}

impl Active {
    /// Whether it is a pause that only an answer, time or a paused child ends.
    pub(super) fn is_pause(&self) -> bool {
        matches!(self, Self::Asking { inline: false, .. } | Self::Child { question: Some(_), .. })
    }

    /// Whether it only holds child frames.
    pub(super) fn is_container(&self) -> bool {
        matches!(self, Self::Each(_) | Self::While(_) | Self::Parallel(_))
    }

    /// Rough bytes of what a loop has gathered from its passes.
    pub(super) fn gathered_bytes(&self) -> usize {
        match self {
            Self::Each(state) => state.gathered_bytes,
            Self::While(state) => state.gathered_bytes,
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
            Self::Calling { input } => Some(Command::Call { place, input: Arc::clone(input) }),
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

//! What only the graph language has: its loops, its pauses, and what a node's record is to the rest of the run.

use serde_json::Value;

use super::{Port, ScopeIndex};
use crate::expr::{Expression, JsonTemplate};

/// Passes of a plain cycle at most (Workflow API contract, section 16).
pub const CYCLE_PASSES_MAX: usize = 1_000;

/// What [`super::Node::output`] receives of the node's record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Primary {
    /// All of it.
    #[default]
    Whole,
    /// One member.
    Member(String),
}

impl Primary {
    /// The part of a record.
    #[must_use]
    pub fn of<'v>(&self, record: &'v Value) -> &'v Value {
        match self {
            Self::Whole => record,
            // The mark of a record that was too large stands for its members too.
            Self::Member(name) => match record.get(name) {
                Some(value) => value,
                None if record.get(super::TRUNCATED).is_some() => record,
                None => &Value::Null,
            },
        }
    }
}

/// What a node's record is to the output of the run (Workflow API contract, section 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gives {
    /// Nothing.
    #[default]
    Nothing,
    /// It is merged into the output: `output` and `templateOutput`.
    Output,
    /// It is merged when no output node has completed: the node has no outgoing edges in the definition.
    End,
}

/// A loop of the graph language.
#[derive(Debug)]
pub struct LoopWork {
    /// What the passes are for.
    pub kind: LoopKind,
    /// Name of the item in a pass.
    pub item: String,
    /// Name of the index in a pass.
    pub index: String,
    /// Gives an object of variables that are set before the first pass.
    pub variables: Option<JsonTemplate>,
    /// Passes at most.
    pub passes_max: usize,
    /// Passes at the same time; more than one work on copies, and only their results survive.
    pub concurrency: u32,
    /// What a failed pass does.
    pub on_failure: PassFailure,
    /// The body.
    pub body: ScopeIndex,
    /// The way out of the body that leads back to the loop: when it is not live after a pass but another one is, the loop ends.
    /// Without one every pass is followed by the next.
    pub again: Option<u16>,
}

/// What the passes of a loop are for.
#[derive(Debug)]
pub enum LoopKind {
    /// One a member of a list.
    ForEach {
        /// Gives the list, or what it is made of.
        source: JsonTemplate,
    },
    /// While a condition holds.
    While {
        /// Tested before each pass.
        condition: Expression,
    },
    /// A number of times.
    Count {
        /// Gives the number.
        count: JsonTemplate,
        /// Gives the index of the first pass.
        start: JsonTemplate,
    },
    /// A plain cycle: another pass follows while the way back is live. It has no record and no variables of its own.
    Cycle,
}

impl LoopKind {
    /// Whether passes may work at the same time: only where each is known beforehand.
    #[must_use]
    pub const fn may_be_concurrent(&self) -> bool {
        matches!(self, Self::ForEach { .. } | Self::Count { .. })
    }
}

/// What a failed pass does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassFailure {
    /// The loop fails.
    Fail,
    /// Its result is null.
    Continue,
    /// Its result is `{success: false, error}`, that of others `{success: true, data}`.
    Collect,
}

/// A pause of the graph language (`wait` of type duration or until).
#[derive(Debug)]
pub struct SleepWork {
    /// How long, in `unit_ms`; when `until` is absent.
    pub duration: Option<JsonTemplate>,
    /// Milliseconds of one unit of `duration`.
    pub unit_ms: f64,
    /// Gives the instant: RFC 3339, or a date and time without an offset, which is one of `zone`.
    pub until: Option<JsonTemplate>,
    /// Gives the name of a time zone; UTC when absent.
    pub zone: Option<JsonTemplate>,
}

/// A pause until a condition holds (`wait` of type condition).
#[derive(Debug)]
pub struct PollWork {
    /// What must hold.
    pub condition: Expression,
    /// Seconds between two looks, at least 1.
    pub interval_s: u64,
    /// Milliseconds until it goes on anyway; never when absent.
    pub timeout_ms: Option<u64>,
}

/// Handles by which a node that chooses is left, each with its port, in their canonical words.
pub type Handles = Vec<(String, Port)>;

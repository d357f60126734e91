//! Events: the only input of the machine, and what the journal is made of.
//!
//! An event carries everything that was decided when it happened, so that folding the events again gives the same
//! state without evaluating anything.

mod changes;
mod error;

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::plan::{Port, WaitKind};
use crate::reuse::Reuse;

pub use changes::{Changes, SharedChange};
pub use error::{LogLine, StepError};

/// Where in a run something happens: a frame (one pass of one scope) and a node in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Number of the frame in order of creation; 0 is the root.
    #[serde(rename = "f")]
    pub frame: u32,
    /// Index of the node in the plan.
    #[serde(rename = "n")]
    pub node: u32,
}

/// Something that happened to a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// When, in microseconds since the Unix epoch.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Happening {
    /// The run began.
    Began(Box<Beginning>),
    /// A run that had to queue was let in.
    Admitted,
    /// The variables of the workspace that a graph names were read, as the run began to move.
    Equipped {
        /// Those that are no secrets, by name.
        env: Map<String, Value>,
        /// Names of those that are: their values are only put in when a node is performed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// An effect is about to be made, with this configuration.
    Intended {
        /// Where.
        place: Place,
        /// The configuration after templates.
        input: Arc<Value>,
    },
    /// A step is done.
    Done {
        /// Where.
        place: Place,
        /// The attempt that it is the result of.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        attempt: u32,
        /// Its result.
        result: Arc<Value>,
        /// The port by which the run goes on.
        #[serde(default = "next_port", skip_serializing_if = "Port::is_next")]
        port: Port,
        /// What it printed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        logs: Vec<LogLine>,
        /// What it changes besides its own result (graph language).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<Box<Changes>>,
    },
    /// A step was passed over on purpose.
    Skipped {
        /// Where.
        place: Place,
    },
    /// A step took over what the run that this one repeats had come to ([`Beginning::reuse`]).
    Reused {
        /// Where.
        place: Place,
    },
    /// An attempt failed, or the step cannot be evaluated.
    Failed {
        /// Where.
        place: Place,
        /// The attempt that failed.
        #[serde(default = "first", skip_serializing_if = "is_first")]
        attempt: u32,
        /// Why.
        error: StepError,
        /// What it printed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        logs: Vec<LogLine>,
    },
    /// The pause before another attempt is over.
    Retried {
        /// Where.
        place: Place,
    },
    /// A loop was entered.
    Looped {
        /// Where.
        place: Place,
        /// The items that will be processed; none for a loop that has no list.
        items: Arc<Vec<Value>>,
        /// How many the list holds, or how many passes there will be at most.
        total: usize,
        /// Index of the first pass.
        #[serde(default, skip_serializing_if = "is_zero")]
        start: i64,
        /// Variables that it begins with.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        variables: Map<String, Value>,
    },
    /// It is time to look again whether the condition of a pause holds.
    Looked {
        /// Where.
        place: Place,
    },
    /// The condition of a loop or of a pause was tested.
    Tested {
        /// Where.
        place: Place,
        /// Whether it holds (of a loop: another pass follows), or why it could not be told.
        outcome: Result<bool, StepError>,
    },
    /// The branches of a parallel block began.
    Split {
        /// Where.
        place: Place,
    },
    /// A question was asked.
    WaitOpened(Box<Question>),
    /// A question was answered.
    Answered {
        /// Which.
        wait: WaitId,
        /// How.
        answer: Answer,
        /// Shown name of who answered.
        by: Option<String>,
    },
    /// A wait's time came.
    Expired {
        /// Which.
        wait: WaitId,
    },
    /// A child run is about to be started.
    ChildCalled {
        /// Where.
        place: Place,
        /// `{flowId, version, inputs}` after templates.
        input: Arc<Value>,
    },
    /// The child run was started, in the same write.
    ChildStarted {
        /// Where.
        place: Place,
        /// Its id.
        child: RunId,
    },
    /// The child run waits for an answer, or no longer does.
    ChildPaused {
        /// Its id.
        child: RunId,
        /// Its open question as shown, or none.
        question: Option<Box<Value>>,
    },
    /// The child run ended.
    ChildEnded {
        /// Its id.
        child: RunId,
        /// Its output, or its error.
        outcome: Result<Arc<Value>, StepError>,
    },
    /// Somebody cancelled the run.
    Cancelled {
        /// Shown name of who did.
        by: Option<String>,
    },
    /// The run passed a limit, or can't be run any more.
    Stopped {
        /// Why.
        error: StepError,
    },
}

/// What a run begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Beginning {
    /// The run's id.
    pub run: RunId,
    /// Index of the trigger among [`crate::plan::Plan::entries`].
    pub entry: usize,
    /// The checked inputs.
    pub inputs: Map<String, Value>,
    /// `_trigger.data`.
    #[serde(default)]
    pub trigger_data: Value,
    /// `currentUser`: `{name, email}` or null.
    #[serde(default)]
    pub user: Value,
    /// `flow`: `{_id, name, version}`.
    pub flow: Value,
    /// How many runs stand above this one.
    #[serde(default)]
    pub depth: u32,
    /// What it takes over from the run that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Arc<Reuse>>,
    /// `trigger` of a graph run: what started it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub trigger: Value,
}

/// An open question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub wait: WaitId,
    /// Where.
    pub place: Place,
    /// What would end it.
    pub kind: QuestionKind,
    /// The rendered question: message, options, fields, tool and arguments.
    pub body: Map<String, Value>,
    /// When it was asked.
    #[serde(with = "micros")]
    pub asked_at: Timestamp,
    /// When its time comes: expiry, or the end of a delay.
    #[serde(with = "micros")]
    pub due: Timestamp,
}

impl Question {
    /// Seconds after which a question that has no time of its own would expire: ten years.
    pub const ENDLESS_S: i64 = 315_360_000;

    /// When it expires, if it does.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        (self.due < self.asked_at.plus_seconds(Self::ENDLESS_S)).then_some(self.due)
    }
}

/// What would end a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// An answer of that kind.
    Answer(WaitKind),
    /// Time; `inline` pauses are short and stay in memory.
    Delay {
        /// Whether the run stays `running` meanwhile.
        inline: bool,
    },
    /// A condition that holds, looked at from time to time; or its time, if it has one.
    Poll,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To an approval.
    Decision {
        /// Approve, else reject.
        approve: bool,
        /// Free text.
        comment: Option<String>,
    },
    /// To a client tool.
    ToolResult {
        /// Output, or the error's text.
        outcome: Result<Value, String>,
    },
    /// To a form: the checked values.
    FormData(Value),
    /// To a review or a wait of the graph language: the checked value.
    Response(Value),
}

impl Answer {
    /// Whether it answers a question of that kind.
    #[must_use]
    pub const fn fits(&self, kind: WaitKind) -> bool {
        match self {
            Self::Decision { .. } => matches!(kind, WaitKind::UserApproval),
            Self::ToolResult { .. } => matches!(kind, WaitKind::ClientTool),
            Self::FormData(_) => matches!(kind, WaitKind::ShowForm),
            Self::Response(_) => matches!(kind, WaitKind::Review | WaitKind::Hook),
        }
    }
}

impl Happening {
    /// Where it happened, for what happens at one step.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Intended { place, .. }
            | Self::Done { place, .. }
            | Self::Skipped { place }
            | Self::Reused { place }
            | Self::Failed { place, .. }
            | Self::Retried { place }
            | Self::Looped { place, .. }
            | Self::Tested { place, .. }
            | Self::Looked { place }
            | Self::Split { place }
            | Self::ChildCalled { place, .. }
            | Self::ChildStarted { place, .. } => Some(*place),
            Self::WaitOpened(question) => Some(question.place),
            Self::Began(_)
            | Self::Admitted
            | Self::Equipped { .. }
            | Self::Answered { .. }
            | Self::Expired { .. }
            | Self::ChildPaused { .. }
            | Self::ChildEnded { .. }
            | Self::Cancelled { .. }
            | Self::Stopped { .. } => None,
        }
    }
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_zero(start: &i64) -> bool {
    *start == 0
}

pub(crate) fn next_port() -> Port {
    Port::NEXT
}

/// Instants in the journal are plain integers.
pub(crate) mod micros {
    use floe_model::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.micros())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp)
    }
}

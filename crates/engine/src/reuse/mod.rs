//! What a run takes over from the run that it repeats (console contract, section 5.7).
//!
//! The journal of a run that was over is folded into a [`Past`]; a [`Wish`] picks from it what the new run need not do again;
//! what was picked stands in the first event of the new run's journal ([`crate::event::Beginning::reuse`]). From there on it is
//! the machine's: a step that it holds is settled by [`crate::event::Happening::Reused`] instead of being evaluated. So a
//! recovery of the new run needs nothing but its own journal, and the old run may be gone by then.
//!
//! [`foresee`] tells beforehand which steps that will be.

mod choose;
mod foresee;
mod past;

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::RunId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{StepError, next_port};
use crate::plan::Port;

pub use choose::{From, Wish};
pub use foresee::{Foreseen, foresee};
pub use past::Past;

/// The pass of a step whose result was laid down for all of its passes, and comes from no other run.
pub const EVERY_PASS: &str = "*";

/// What a run takes over from another one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reuse {
    /// The run that it repeats; itself when it repeats none, and its results were laid down before.
    pub of: RunId,
    /// Steps with what they had come to.
    pub steps: Vec<ReusedStep>,
    /// Lists that loops went through: a pass is the same pass only with the same item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ReusedList>,
}

/// One execution of one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReusedStep {
    /// The step's id.
    pub step: String,
    /// The pass, as in the key of effects: loop indexes from the outside in, joined by `.`; `0` outside of loops,
    /// [`EVERY_PASS`] for all of them.
    pub pass: String,
    /// What it had come to.
    #[serde(flatten)]
    pub kept: Kept,
    /// Its configuration after templates, for people to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Arc<Value>>,
}

/// The list of one execution of a loop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReusedList {
    /// Id of the loop step.
    pub step: String,
    /// The pass in which the loop itself stands.
    pub pass: String,
    /// Its items.
    pub items: Arc<Vec<Value>>,
}

/// What a step had come to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It was done.
    Done {
        /// Its result.
        result: Arc<Value>,
        /// The port by which the run went on.
        #[serde(default = "next_port", skip_serializing_if = "Port::is_next")]
        port: Port,
        /// What steps inside of it had put into the context.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        values: Map<String, Value>,
        /// Results of steps inside of it.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        steps: Map<String, Value>,
    },
    /// It had failed, and the run went on as its `onError` says.
    Failed {
        /// Why.
        error: StepError,
    },
    /// It was passed over on purpose.
    Skipped,
    /// Somebody had decided.
    Decided {
        /// What.
        decision: Box<Decision>,
        /// Whether it holds only for the very same question.
        same_question: bool,
    },
}

impl Kept {
    /// Whether it counts only when what the step renders now is what it had rendered then.
    #[must_use]
    pub const fn depends_on_content(&self) -> bool {
        matches!(self, Self::Decided { same_question: true, .. })
    }
}

/// A decision of a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    /// Approved, else rejected.
    pub approve: bool,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Shown name of who decided.
    pub by: Option<String>,
    /// When.
    #[serde(with = "crate::event::micros")]
    pub at: Timestamp,
    /// What was asked, as rendered.
    pub question: Map<String, Value>,
}

//! Effects: the half of a step type that touches something outside the machine.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, StepSpec};
use floe_engine::event::{LogLine, StepError};
use floe_model::id::{RunId, TriggerId};
use floe_model::{Scope, Timestamp};
use serde_json::{Map, Value};

use crate::Platform;

/// A future of an effect.
pub type EffectFuture<'a> = Pin<Box<dyn Future<Output = Effected> + Send + 'a>>;

/// Takes what a call tells while it is made. Nobody may listen, and what is told is kept nowhere.
pub trait Progress: std::fmt::Debug + Send + Sync {
    /// Whether somebody listens now.
    fn is_followed(&self) -> bool;

    /// A piece of the text that the result will hold.
    fn text(&self, piece: &str);
}

/// One call of an effect.
#[derive(Debug, Clone)]
pub struct EffectCall {
    /// Whose run, in which mode.
    pub scope: Scope,
    /// The run.
    pub run: RunId,
    /// Id of the step.
    pub step_id: String,
    /// `<run>:<step>:<pass>`, the same on every repeat of this call.
    pub key: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How many runs and agents stand above the run: what calls others passes it on, so that they cannot call each other for ever.
    pub depth: u32,
    /// The triggers whose runs led to this one by events: what may cause events passes them on, so that triggers cannot fire each other
    /// for ever.
    pub chain: Vec<TriggerId>,
    /// The configuration after templates.
    pub input: Arc<Value>,
    /// Fields that are never templates, such as program text.
    pub fixed: Map<String, Value>,
    /// The run's context, for effects that see it.
    pub context: Option<Value>,
    /// Limit of this attempt in milliseconds; an effect keeps it by itself where it can say more than "time is over".
    pub timeout_ms: u64,
    /// When the call was made.
    pub now: Timestamp,
    /// Where the call can tell of its text; none where that could hold a secret.
    pub progress: Option<Arc<dyn Progress>>,
}

/// What came of a call.
#[derive(Debug)]
pub struct Effected {
    /// The step's result, or why there is none.
    pub result: Result<Value, StepError>,
    /// What it printed.
    pub logs: Vec<LogLine>,
}

impl Effected {
    /// A result without a log.
    #[must_use]
    pub fn done(result: Value) -> Self {
        Self { result: Ok(result), logs: Vec::new() }
    }

    /// A failure without a log.
    #[must_use]
    pub fn failed(error: StepError) -> Self {
        Self { result: Err(error), logs: Vec::new() }
    }
}

/// What came of a call that prints nothing.
impl From<Result<Value, StepError>> for Effected {
    fn from(result: Result<Value, StepError>) -> Self {
        Self { result, logs: Vec::new() }
    }
}

/// A step type that does something outside the machine.
pub trait Effect: Send + Sync + 'static {
    /// What the engine and the editor know of it.
    fn spec(&self) -> &'static StepSpec;

    /// Whether a call needs a copy of the run's context.
    fn sees_context(&self) -> bool {
        false
    }

    /// Whether a call with this configuration may have changed something outside, so that a run which repeats another one does
    /// not make it again. `input` is the configuration after templates, as the journal holds it.
    fn sends(&self, input: &Value) -> bool {
        let _ = input;
        matches!(self.spec().execution, Execution::Effect(EffectSpec { touches_world: true, .. }))
    }

    /// Makes the call. It may be made more than once with the same key, after a crash; a call that is dropped is
    /// given up.
    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a>;
}

//! What an evaluation is given: the names it may read, the time, fresh ids, what its scripts came to, and how much it
//! may cost.

use floe_model::Timestamp;
use serde_json::{Map, Value};

use super::error::{EvalError, Limit};
use super::limits::{Meter, SCRIPTS_MAX};
use super::script::{Answered, Script};

/// The context of a run as an expression sees it.
pub trait Names {
    /// The value of a root name; `None` is missing.
    fn get(&self, name: &str) -> Option<&Value>;

    /// Where the value of a root name comes from, if that value is the whole record of a node of a graph. Members that
    /// the record does not have are then looked for behind it (Workflow API contract, section 15, *Fall-through*).
    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        let _ = name;
        None
    }

    /// Whether the name stands for one of many values within one evaluation, as the element of a list does.
    fn is_local(&self, name: &str) -> bool {
        let _ = name;
        false
    }
}

/// The node whose record a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Its type, in the spelling of the stored form: `llm`, `http`, …
    pub kind: &'a str,
    /// The variable that it also writes (`outputVariable`).
    pub output: Option<&'a str>,
}

impl Names for Map<String, Value> {
    fn get(&self, name: &str) -> Option<&Value> {
        Self::get(self, name)
    }
}

/// Names with others in front of them.
pub struct Overlay<'a> {
    /// What is looked at behind.
    pub names: &'a dyn Names,
    /// What hides names of the same spelling.
    pub locals: &'a Map<String, Value>,
}

impl Names for Overlay<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.locals.get(name).or_else(|| self.names.get(name))
    }

    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        if self.locals.contains_key(name) { None } else { self.names.origin(name) }
    }

    fn is_local(&self, name: &str) -> bool {
        self.locals.contains_key(name) || self.names.is_local(name)
    }
}

/// Everything else an evaluation depends on. Make one for each step: the total cost of all evaluations with it is
/// bounded.
pub struct Env<'a> {
    pub(super) now: Timestamp,
    pub(super) uuid: &'a mut dyn FnMut() -> String,
    pub(super) meter: Meter,
    answers: &'a [Answered],
    asked: Vec<Script>,
}

/// What is known of a script.
pub(super) enum Known<'a> {
    /// What it came to.
    Answer(&'a Result<Value, String>),
    /// Nothing yet: it has been put among what is asked.
    Asked,
}

impl<'a> Env<'a> {
    /// `now` is what `now()` gives, `uuid` is called once for each `uuid()`. The caller stores both with the step, so
    /// that a replay repeats them.
    pub fn new(now: Timestamp, uuid: &'a mut dyn FnMut() -> String) -> Self {
        Self { now, uuid, meter: Meter::new(), answers: &[], asked: Vec::new() }
    }

    /// With what the scripts of earlier rounds of this evaluation came to.
    #[must_use]
    pub fn with_answers(mut self, answers: &'a [Answered]) -> Self {
        self.answers = answers;
        self
    }

    /// The scripts that have to be carried out before the evaluation can be finished, each once; none means that what
    /// it gave holds. Takes them out.
    #[must_use]
    pub fn asked(&mut self) -> Vec<Script> {
        std::mem::take(&mut self.asked)
    }

    /// Whether a script was asked for since [`Self::asked`] was called.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The answer to a script; one that has none is asked for.
    pub(super) fn answer(&mut self, script: Script) -> Result<Known<'a>, EvalError> {
        if let Some(answered) = self.answers.iter().find(|answered| answered.key == script.key) {
            return Ok(Known::Answer(&answered.result));
        }
        if self.asked.iter().any(|asked| asked.key == script.key) {
            return Ok(Known::Asked);
        }
        if self.asked.len() == SCRIPTS_MAX {
            return Err(EvalError::Limit(Limit::Scripts));
        }
        self.asked.push(script);
        Ok(Known::Asked)
    }
}

//! What an evaluation is given: the names it may read, the time, fresh ids, and how much it may cost.

use floe_model::Timestamp;
use serde_json::{Map, Value};

use super::limits::Meter;

/// The context of a run as an expression sees it.
pub trait Names {
    /// The value of a root name; `None` is missing.
    fn get(&self, name: &str) -> Option<&Value>;
}

impl Names for Map<String, Value> {
    fn get(&self, name: &str) -> Option<&Value> {
        Self::get(self, name)
    }
}

/// Everything else an evaluation depends on. Make one for each step: the total cost of all evaluations with it is
/// bounded.
pub struct Env<'a> {
    pub(super) now: Timestamp,
    pub(super) uuid: &'a mut dyn FnMut() -> String,
    pub(super) meter: Meter,
}

impl<'a> Env<'a> {
    /// `now` is what `now()` gives, `uuid` is called once for each `uuid()`. The caller stores both with the step, so
    /// that a replay repeats them.
    pub fn new(now: Timestamp, uuid: &'a mut dyn FnMut() -> String) -> Self {
        Self { now, uuid, meter: Meter::new() }
    }
}

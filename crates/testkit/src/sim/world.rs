//! The world: it sees effects, and remembers which of them it saw.

use std::collections::BTreeMap;

use floe_engine::event::{Happening, Place, StepError};
use floe_engine::plan::Port;
use floe_model::id::RunId;
use serde_json::{Value, json};

use super::chance::Chance;
use super::disk::Disk;
use super::memory::Task;

/// Effects that the world has seen.
#[derive(Debug, Default)]
pub(super) struct World {
    seen: BTreeMap<(RunId, Place), Seen>,
    keys: BTreeMap<String, (RunId, Place)>,
}

#[derive(Debug)]
struct Seen {
    key: String,
    input: Value,
}

impl World {
    /// An effect begins. Says whether the world sees it again.
    ///
    /// # Errors
    /// When it should not have begun, or not like this.
    pub(super) fn begin(&mut self, task: &Task, disk: &Disk) -> Result<bool, String> {
        let at = (task.run, task.place);
        let row = disk.runs.get(&task.run).ok_or_else(|| format!("{} begins before its run is on disk", task.key))?;
        let attempts = row.intended.get(&task.place).copied().unwrap_or_default();
        if attempts < task.attempt {
            return Err(format!("attempt {} of {} begins while {attempts} are on disk", task.attempt, task.key));
        }
        if row.results.contains(&(task.place, task.attempt)) {
            return Err(format!("attempt {} of {} begins again after its result was written", task.attempt, task.key));
        }
        if *self.keys.entry(task.key.clone()).or_insert(at) != at {
            return Err(format!("the key {} names two effects", task.key));
        }
        let Some(seen) = self.seen.get(&at) else {
            let input = task.input.as_ref().clone();
            self.seen.insert(at, Seen { key: task.key.clone(), input });
            return Ok(false);
        };
        if seen.key != task.key {
            return Err(format!("{} is repeated as {}", seen.key, task.key));
        }
        if seen.input != *task.input {
            return Err(format!("{} is repeated with {} after {}", task.key, task.input, seen.input));
        }
        Ok(true)
    }
}

/// What comes of an effect.
pub(super) fn outcome(task: &Task, chance: &mut Chance) -> Happening {
    let (place, attempt) = (task.place, task.attempt);
    let failed = |error| Happening::Failed { place, attempt, error, logs: Vec::new() };
    match chance.below(10) {
        0 | 1 => failed(StepError::retryable("busy", "Try again")),
        2 => failed(StepError::new("broken", "Never")),
        _ => {
            let results =
                [json!(null), json!(3), json!([1, 2]), json!({ "response": "text", "n": 0.1 }), json!("[4, 5]")];
            let result = chance.pick(&results).clone();
            Happening::Done { place, attempt, result: result.into(), port: Port::NEXT, logs: Vec::new(), changes: None }
        }
    }
}

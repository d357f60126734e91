//! Texts that must be evaluated in the sandbox before a node can be.
//!
//! This is no part of the run's history: an evaluation that has not come to its end may be begun again, and nothing of it is in the
//! journal. A machine that was recovered has forgotten it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{Command, Machine};
use crate::event::{Happening, Place, StepError};
use crate::expr::{Answered, Script};

/// What evaluations are waiting for, and what they were told.
#[derive(Default)]
pub(super) struct Scripts {
    places: BTreeMap<Place, Asking>,
}

/// One evaluation.
#[derive(Default)]
struct Asking {
    /// What it waits for now.
    asked: Vec<Script>,
    answers: Vec<Answered>,
    rounds: usize,
    /// What its marks for secrets are made of: the same in all rounds, since an answer may hold one.
    mark: u128,
}

/// Two machines with the same history are the same, whatever they are evaluating.
impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripts")
    }
}

impl Scripts {
    /// Whether the evaluation at a place waits for answers.
    pub(super) fn is_waiting(&self, place: Place) -> bool {
        self.places.get(&place).is_some_and(|asking| !asking.asked.is_empty())
    }

    /// How many evaluations wait.
    pub(super) fn waiting(&self) -> usize {
        self.places.values().filter(|asking| !asking.asked.is_empty()).count()
    }

    pub(super) fn forget(&mut self, place: Place) {
        self.places.remove(&place);
    }

    pub(super) fn forget_frame(&mut self, number: u32) {
        self.places.retain(|place, _| place.frame != number);
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
    }
}

impl Machine {
    /// Puts the node at a place aside until its scripts are answered.
    pub(crate) fn ask_scripts(&mut self, place: Place, scripts: Vec<Script>, mark: u128) {
        let asking = self.scripts.places.entry(place).or_default();
        asking.rounds += 1;
        asking.mark = mark;
        asking.asked.clone_from(&scripts);
        self.outbox.push_back(Command::Script { place, scripts });
    }

    /// Whether it waits for the answers to scripts at a place.
    #[must_use]
    pub fn wants_answers(&self, place: Place) -> bool {
        self.scripts.is_waiting(place)
    }

    /// Tells what the scripts at a place came to, in their order; a text that failed has its error's text. The node at the place is
    /// then evaluated again. Says whether anybody wanted to know.
    pub fn scripted(&mut self, place: Place, answers: Vec<Result<Value, String>>) -> bool {
        let Some(asking) = self.scripts.places.get_mut(&place).filter(|asking| !asking.asked.is_empty()) else {
            return false;
        };
        let asked = std::mem::take(&mut asking.asked);
        let mut answers = answers.into_iter();
        asking.answers.extend(asked.into_iter().map(|script| Answered {
            key: script.key,
            result: answers.next().unwrap_or_else(|| Err("The text was not evaluated".to_owned())),
        }));
        true
    }

    /// What happens when the scripts at a place could not be carried out: the node there fails, and so does a test of its condition.
    #[must_use]
    pub fn unscripted(&self, place: Place, error: StepError) -> Happening {
        if self.active.contains_key(&place) {
            return Happening::Tested { place, outcome: Err(error) };
        }
        Happening::Failed { place, attempt: 1, error, logs: Vec::new() }
    }

    /// Answers, the number of rounds so far, and what marks are made of, for the evaluation at a place.
    pub(crate) fn scripted_at(&self, place: Place) -> (&[Answered], usize, Option<u128>) {
        match self.scripts.places.get(&place) {
            Some(asking) => (&asking.answers, asking.rounds, Some(asking.mark)),
            None => (&[], 0, None),
        }
    }
}

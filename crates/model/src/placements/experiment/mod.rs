//! Experiments: what one consists of, and the states that it goes through (Placements contract, sections 9.1 and 9.3).
//!
//! Start reading with [`Status::after`]; what a request may ask for is checked in [`check`].

mod check;
mod weight;

pub use check::{
    NAME_MAX, NAME_MIN, Proposed, ProposedVariant, SEED_MAX, VARIANTS_MAX, VARIANTS_MIN, check, check_weights,
    first_difference, is_confidence_target, ordered,
};
pub use weight::{WEIGHT_ALL, hundredths, percent};

use crate::Fault;
use crate::words::words;

words! {
    /// Where an experiment stands.
    Status {
        /// Being put together; nobody is enrolled.
        Draft = "draft",
        /// Users are given variants.
        Running = "running",
        /// The placement serves its default; assignments are kept.
        Paused = "paused",
        /// Over for good.
        Completed = "completed",
    }

    /// What is done to an experiment.
    Action {
        /// Begin to give users variants.
        Start = "start",
        /// Serve the default for a while.
        Pause = "pause",
        /// Go on after a pause.
        Resume = "resume",
        /// End it without a winner.
        Stop = "stop",
        /// End it, and serve the winner to all.
        DeclareWinner = "declare-winner",
    }

    /// What an experiment is decided by (Placements contract, section 9.1).
    Metric {
        /// Users who completed the flow.
        CompletionRate = "completion_rate",
        /// Users with a conversion.
        ConversionRate = "conversion_rate",
        /// What a user brought in on average.
        RevenuePerUser = "revenue_per_user",
    }
}

impl Status {
    /// The state after an action (Placements contract, section 9.3).
    ///
    /// # Errors
    /// A conflict where the state does not allow it.
    pub fn after(self, action: Action) -> Result<Self, Fault> {
        match (action, self) {
            (Action::Start, Self::Draft) | (Action::Resume, Self::Paused) => Ok(Self::Running),
            (Action::Pause, Self::Running) => Ok(Self::Paused),
            (Action::Stop | Action::DeclareWinner, Self::Running | Self::Paused) => Ok(Self::Completed),
            _ => {
                let (word, state) = (action.as_str(), self.as_str());
                Err(Fault::conflict("conflict", format!("{word} is not possible while the experiment is {state}")))
            }
        }
    }

    /// Whether it holds its placement: at most one experiment of a placement does.
    #[must_use]
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

#[cfg(test)]
mod split;
#[cfg(test)]
mod tests;

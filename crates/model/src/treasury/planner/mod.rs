//! The planner: which payments an objective asks for (treasury contract, section 3.2).
//!
//! It is deterministic, and careful: a name or an amount that can be read in two ways adds nothing and is reported.

mod amount;
mod objective;
mod repeat;
mod token;

pub use objective::{Ignored, IgnoredReason, ObjectivePlan, Payment, SavedPayee, lookup_keys, read_objective};
pub use repeat::{OBJECTIVE_OVERLAP, repeated};

use super::words::words;

words! {
    /// Where the candidates of a run come from; the first that applies.
    PlanSource {
        /// They were given with the request, or added while the run was pending.
        Request = "request",
        /// Saved recipients were named by id.
        Recipients = "recipients",
        /// The objective names saved recipients and amounts.
        Objective = "objective",
        /// The objective repeats an earlier run.
        Repeat = "repeat",
        /// None: people add them.
        None = "none",
    }
}

//! What the clients asked for and were told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything that was asked and told.
#[derive(Default)]
pub(super) struct Book(Mutex<Told>);

/// What a book holds.
#[derive(Default)]
pub(super) struct Told {
    /// Objectives of the runs that were asked for, with the runs that answers named.
    pub(super) starts: Vec<Vec<String>>,
    /// Runs by id.
    pub(super) runs: BTreeMap<String, Run>,
    /// Runs to be looked at.
    pub(super) open: Vec<String>,
    /// Money that was added, in kobo, by reference; whether it was answered.
    pub(super) topups: Vec<(u64, bool)>,
    /// Clients that are in the middle of something.
    pub(super) at_work: usize,
}

/// A run as it was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The last phase.
    pub(super) phase: String,
    /// Whether a client was told that it is released.
    pub(super) released: bool,
    /// Whether a client asked to cancel or reject it.
    pub(super) given_up: bool,
}

impl Book {
    pub(super) fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs that are not over, with their phases.
    pub(super) fn open(&self) -> Vec<(String, String)> {
        let told = self.lock();
        let open = told.runs.iter().filter(|(_, run)| !is_final(&run.phase));
        open.map(|(id, run)| (id.clone(), run.phase.clone())).collect()
    }

    /// Clients that are in the middle of something.
    pub(super) fn at_work(&self) -> usize {
        self.lock().at_work
    }
}

impl Told {
    /// Notes the phase of a run; a final one never changes.
    pub(super) fn observe(&mut self, id: &str, phase: &str) -> Option<String> {
        let run = self.runs.entry(id.to_owned()).or_default();
        let changed = is_final(&run.phase) && run.phase != phase;
        let problem = changed.then(|| format!("payment run {id} was {}, later {phase}", run.phase));
        phase.clone_into(&mut run.phase);
        problem
    }
}

/// Whether a phase never changes.
pub(super) fn is_final(phase: &str) -> bool {
    matches!(phase, "completed" | "completed_with_errors" | "failed" | "cancelled")
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn a_final_phase_stays() {
        let mut told = Told::default();
        assert_eq!(told.observe("r", "planning"), None);
        assert_eq!(told.observe("r", "completed"), None);
        assert_eq!(told.observe("r", "completed"), None);
        assert!(told.observe("r", "executing").is_some_and(|problem| problem.contains("was completed")));
    }
}

//! Payment runs: from an objective to the end of the last payout (Treasury contract, sections 3 to 6).
//!
//! Every act holds the run's row and writes the row, its audit entries, its events and its webhooks together ([`book`]). Start reading
//! with `create.rs`, then `jobs.rs` for what moves a run, `approve.rs` and `release.rs` for what releases it, `end.rs` for how it ends.

mod approve;
mod book;
pub mod called;
mod changes;
mod create;
mod end;
mod gate;
pub mod inbox;
mod jobs;
pub mod joined;
mod people;
mod plan;
mod read;
mod reject;
mod release;
mod report;
mod retry;
mod rules;
pub mod schedules;
mod score;
mod selection;

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

use crate::Treasury;

pub use approve::{Approve, Approved, approve, take_back};
pub use changes::{CandidatePatch, File, add, cancel, change, remove};
pub use create::{NewCandidate, NewRun, create};
pub use end::settled;
pub use read::{FullRun, Page, Window, candidate, candidates, events, full, run, runs, waiting_for};
pub use reject::{Reject, Rejected, approve_candidate, reject, reject_candidate};
pub use report::{LedgerEffect, Report, report};
pub use retry::{retriable, retry_failed};

/// Durable work of runs.
pub(crate) fn handlers(treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(jobs::Step::new(treasury)),
        Arc::new(jobs::Expire(Arc::clone(treasury))),
        Arc::new(schedules::Fire(Arc::clone(treasury))),
    ]
}

//! Schedules: flows that start by themselves (Flow API contract, section 9).
//!
//! A schedule is a row with the time for which it waits, and a job for that time. What a time asks for is decided by
//! [`floe_model::flows::settle`]. Firing is one transaction: the run, the log entry that settles the due time, the schedule moved on and
//! the job for its next time are kept together or not at all, so a time fires at most once and is never lost, whoever is killed
//! when, and however many nodes find the job.
//!
//! Start reading with [`set()`], then `fire.rs`.

mod fire;
mod follow;
mod job;
mod set;
mod wait;

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

use crate::Flows;

pub(crate) use follow::{end, follow_latest};
pub use set::{NewSchedule, cancel, get, set};

/// The time of a schedule has come; the subject is the flow.
pub const JOB_SCHEDULE: &str = "flows.schedule";

/// The job handlers of schedules.
#[must_use]
pub fn handlers(flows: &Flows) -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(job::ScheduleDue::new(flows))]
}

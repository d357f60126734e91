//! Repeating runs: a new run that takes over what the old one had finished (console contract, section 5.7; Flow API contract,
//! section 13).
//!
//! What is taken over is decided once, from the old run's journal, and stands in the first event of the new one (see
//! `floe_engine::reuse` and ADR 0012). Here it is found out which version the new run follows, and everything that belongs to
//! its acceptance is written in one transaction.

mod bulk;
mod bulk_work;
mod prepare;

use floe_engine::reuse::Foreseen;
use floe_model::id::{EventId, RunId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::flows::reruns::{self, Rerun};
use floe_store::flows::runs::RunRow;
use floe_store::platform::audit;
use serde_json::{Map, Value, json};

use crate::Flows;
use crate::runs::rerun::FirstRows;

pub use bulk::{BulkAct, BulkAsked, BulkProgress, BulkWhich, stop as stop_bulk};
pub use bulk_work::{JOB_BULK, handlers};

/// Characters of a reason at most.
pub const REASON_CHARS_MAX: usize = 500;

/// Where a repetition begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RerunFrom {
    /// At the trigger, and nothing is taken over: a new run like the old one.
    Anew,
    /// At the trigger; what was sent is not sent again.
    Start,
    /// At what the run had not finished.
    Unfinished,
    /// At a step of the top level.
    Step(String),
}

/// Which version a repetition follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RerunVersion {
    /// That of the run.
    Same,
    /// The latest published one.
    Latest,
    /// Any stored one.
    Number(u32),
}

/// How a run is to be repeated.
#[derive(Debug, Clone)]
pub struct RerunWish {
    /// Where it begins.
    pub from: RerunFrom,
    /// Which version it follows.
    pub version: RerunVersion,
    /// Inputs in place of those of the run.
    pub inputs: Option<Map<String, Value>>,
    /// Whether what was sent is sent again.
    pub repeat_effects: bool,
    /// Why, in the words of who asks.
    pub reason: Option<String>,
    /// Whether only runs that failed or were cancelled may be repeated, rather than all that are over.
    pub only_unsuccessful: bool,
}

impl RerunWish {
    /// A repetition with nothing special.
    #[must_use]
    pub fn from(from: RerunFrom) -> Self {
        Self {
            from,
            version: RerunVersion::Same,
            inputs: None,
            repeat_effects: false,
            reason: None,
            only_unsuccessful: false,
        }
    }
}

/// A repetition that can be written.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The new run.
    pub run: RunId,
    /// The run that it repeats.
    pub of: RunId,
    /// What it will do.
    pub foreseen: Foreseen,
    /// Live or test.
    pub mode: Mode,
    rows: FirstRows,
    rerun: Rerun,
    audit: audit::Entry,
    event: EventId,
}

impl Prepared {
    /// Writes the run, what it repeats, and the audit entry. Afterwards it is taken up with [`Flows::take_up`].
    ///
    /// # Errors
    /// Of the database.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        self.rows.write(tx, self.event)?;
        reruns::insert(tx, &self.rerun)?;
        audit::record(tx, &self.audit)
    }

    /// The new run's row.
    #[must_use]
    pub fn row(&self) -> &RunRow {
        &self.rows.row
    }
}

impl Flows {
    /// Lets a repetition move that was written. A run that is not there is passed over.
    pub fn take_up(&self, prepared: &Prepared) {
        self.runs.take_up_row(prepared.row());
    }
}

/// `{reused, again, kept_approvals}`.
#[must_use]
pub fn foreseen_json(foreseen: &Foreseen) -> Value {
    json!({ "reused": foreseen.reused, "again": foreseen.again, "kept_approvals": foreseen.kept_approvals })
}

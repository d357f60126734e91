//! Runs that begin on disk: a run that repeats another one is written, with everything that belongs to its acceptance, in one
//! transaction, and is taken up afterwards, as one that was found queued.

use std::sync::Arc;

use floe_engine::event::{Event, Happening};
use floe_engine::expr::Profile;
use floe_engine::machine::Machine;
use floe_engine::reuse::Reuse;
use floe_model::flows::FlowSettings;
use floe_model::id::EventId;
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::journal::Chunk;
use floe_store::flows::runs::RunRow;
use serde_json::Value;

use super::admission::Ticket;
use super::engine::RunEngine;
use super::queued::put_first;
use super::start::NewRun;
use super::state::fill_row;

/// The rows with which a run begins.
#[derive(Debug, Clone)]
pub(crate) struct FirstRows {
    pub(crate) row: RunRow,
    chunk: Chunk,
    profile: Profile,
}

impl NewRun {
    /// The event with which it begins when it takes over results of another run.
    pub(crate) fn beginning_with(&self, reuse: Option<Arc<Reuse>>, trigger_data: Option<Value>) -> Happening {
        let mut began = self.beginning();
        if let Happening::Began(beginning) = &mut began {
            beginning.reuse = reuse;
            if let Some(data) = trigger_data {
                beginning.trigger_data = data;
            }
        }
        began
    }

    /// The rows with which it begins, queued.
    ///
    /// # Errors
    /// When an event cannot be written as JSON, which does not happen for events that came from JSON.
    pub(crate) fn first_rows(&self, began: Happening, now: Timestamp) -> Result<FirstRows, Fault> {
        let mut machine = Machine::new(Arc::clone(&self.plan));
        let event = Event { at: now, what: began };
        machine.apply(&event);
        let events = serde_json::to_string(&[event]).map_err(Fault::internal)?;
        let mut row = self.row(now);
        // A trigger that leads nowhere ends its run at once.
        fill_row(&mut row, &machine, machine.outcome().is_none());
        let chunk = Chunk { workspace: self.workspace, run: self.run, seq: 0, events };
        Ok(FirstRows { row, chunk, profile: self.plan.rules.profile })
    }
}

impl FirstRows {
    /// Writes them, and tells that the run began.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) fn write(&self, tx: &mut Tx<'_>, event: EventId) -> Result<(), Fault> {
        put_first(tx, &self.row, &self.chunk, self.profile, event)
    }
}

impl RunEngine {
    /// Takes up a run that was written by [`FirstRows::write`]. Should the process end before, the next start finds it.
    pub(crate) fn take_up_row(&self, row: &RunRow) {
        // Where nodes share the database it is left to whoever claims it.
        if row.status == "queued" && self.core.node.is_none() {
            let settings = FlowSettings::stored(&row.settings);
            self.core.admit(Ticket::new(row.workspace, row.flow, row.id, &settings), true);
        }
    }

    /// Whether a call of an effect with that configuration may have changed something outside.
    pub(crate) fn sends(&self, step: &str, input: &Value) -> bool {
        self.core.effects.get(step).is_none_or(|effect| effect.sends(input))
    }
}

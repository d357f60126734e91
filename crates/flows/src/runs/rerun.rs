//! Runs that begin on disk: a run that repeats another one is written, with everything that belongs to its acceptance, in one
//! transaction, and is taken up afterwards, as one that was found queued.

use std::sync::Arc;

use floe_engine::event::{Event, Happening};
use floe_engine::machine::Machine;
use floe_engine::reuse::Reuse;
use floe_model::flows::FlowSettings;
use floe_model::id::EventId;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::runs::{self, RunRow};
use floe_store::platform::events::{self, NewEvent};
use serde_json::{Value, json};

use super::admission::Ticket;
use super::engine::RunEngine;
use super::start::NewRun;
use super::state::fill_row;

/// The rows with which a run begins.
#[derive(Debug, Clone)]
pub(crate) struct FirstRows {
    pub(crate) row: RunRow,
    chunk: Chunk,
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
        Ok(FirstRows { row, chunk: Chunk { workspace: self.workspace, run: self.run, seq: 0, events } })
    }
}

impl FirstRows {
    /// Writes them, and tells that the run began.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) fn write(&self, tx: &mut Tx<'_>, event: EventId) -> Result<(), Fault> {
        let row = &self.row;
        runs::put(tx, &[row], None)?;
        tx.announce(floe_store::Change::Work);
        journal::append(tx, &[&self.chunk])?;
        let data = json!({ "flow_id": row.flow, "run_id": row.id, "version": row.version, "error_code": null });
        let started = NewEvent {
            id: event,
            kind: "flows.run.started",
            subject_id: Some(row.id.0),
            data: data.to_string(),
            created_at: row.queued_at,
        };
        events::publish(tx, Scope { workspace: row.workspace, mode: row.mode }, &started)
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

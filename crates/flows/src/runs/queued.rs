//! Runs that are inserted by a transaction of somebody else: of a schedule's firing, together with the time that it settles.
//!
//! Such a run is on disk, queued, with its first event, before anybody moves it. Whoever inserted it asks for a place once the
//! transaction is kept; if the process ends in between, the run is found with all others that were under way.

use floe_engine::expr::Profile;
use floe_model::flows::FlowSettings;
use floe_model::id::EventId;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::run_rows;
use floe_store::flows::runs::RunRow;
use floe_store::platform::events::{self, NewEvent};
use floe_store::{Change, Tx};
use serde_json::json;

use super::admission::Ticket;
use super::batch::GOT_AHEAD;
use super::engine::RunEngine;
use super::start::NewRun;
use super::state::RunState;

/// A run that is on disk and waits for a place, once its transaction is kept.
#[must_use = "the run moves only when it is taken up"]
pub(crate) struct Queued(Ticket);

/// Inserts a run with its first event, queued, and publishes that it started, of a flow.
///
/// # Errors
/// Of the database, and `already_exists` when there is a run of this id.
pub(crate) fn insert_queued(tx: &mut Tx<'_>, new: &NewRun, now: Timestamp, event: EventId) -> Result<Queued, Fault> {
    let start = new.as_child(now)?;
    put_first(tx, &start.row, &start.chunk, new.plan.rules.profile, event)?;
    let row = start.row;
    Ok(Queued(Ticket::new(row.workspace, row.flow, row.id, &FlowSettings::stored(&row.settings))))
}

/// Writes the rows with which a run begins, and tells that it did. Of a run of a workflow that is told when it begins to move.
///
/// # Errors
/// Of the database.
pub(super) fn put_first(
    tx: &mut Tx<'_>,
    row: &RunRow,
    chunk: &Chunk,
    profile: Profile,
    event: EventId,
) -> Result<(), Fault> {
    run_rows::add(tx, &[row], None)?;
    journal::append(tx, &[chunk])?;
    tx.announce(Change::Work);
    if profile == Profile::Graph {
        return Ok(());
    }
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

impl RunEngine {
    /// Finds a place for a run that was inserted, now or in its turn.
    ///
    /// Where nodes share the database it is left to whoever claims it: the transaction has told them.
    pub(crate) fn take_up(&self, queued: &Queued) {
        if self.core.node.is_none() {
            self.core.admit(queued.0, true);
        }
    }

    /// Starts a run that others move: this node moves none.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn post(&self, new: NewRun, wait_ms: u64) -> Result<Option<RunState>, Fault> {
        let platform = &self.core.platform;
        let (workspace, run) = (new.workspace, new.run);
        let (now, event) = (platform.clock.now(), EventId(platform.ids.next_bits()));
        let inserted = platform.store.write(move |tx| insert_queued(tx, &new, now, event).map(|_| ())).await;
        match inserted {
            // The same call came before.
            Err(fault) if fault.code() == GOT_AHEAD => {}
            inserted => inserted?,
        }
        self.settle_on_disk(workspace, run, wait_ms).await
    }
}

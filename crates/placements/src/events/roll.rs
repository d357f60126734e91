//! Entering what lies in the journal: events, sums and outcomes of one row or a few are one transaction, which also takes the rows away.
//! So each event is counted once, whatever is killed when; of several nodes one at a time enters.

use floe_model::Fault;
use floe_model::placements::event::{Entry, journal};
use floe_store::Tx;
use floe_store::placements::{event_days, event_journal, events};

use super::{Events, outcomes};

/// Events of one transaction, about: other writes wait for it.
const ROLL_EVENTS_MAX: u64 = 500;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rolled {
    /// Nothing waited, or another node is at it.
    Nothing,
    /// Events were entered.
    Some {
        /// How many were new.
        events: u64,
        /// Whether more wait.
        more: bool,
    },
}

impl Events {
    /// Enters the oldest part of the journal; only looks when there is none.
    ///
    /// # Errors
    /// Of the database; then nothing was entered, and all of it waits as before.
    pub async fn roll(&self) -> Result<Rolled, Fault> {
        let store = &self.platform.store;
        let waiting = store.read(|tx| event_journal::waiting(tx, ROLL_EVENTS_MAX)).await?;
        self.intake.set_in_journal(waiting.behind);
        let Some(until) = waiting.until else { return Ok(Rolled::Nothing) };
        Ok(match store.write_later(move |tx| enter(tx, until)).await? {
            Some(events) => Rolled::Some { events, more: waiting.behind > 0 },
            None => Rolled::Nothing,
        })
    }

    /// Enters all that is in the journal by now.
    ///
    /// # Errors
    /// As [`Events::roll`].
    pub async fn roll_all(&self) -> Result<(), Fault> {
        self.finish().await;
        while self.roll().await? != Rolled::Nothing {}
        Ok(())
    }
}

/// Enters the rows up to a position; none when another node enters just now. How many events were new.
fn enter(tx: &mut Tx<'_>, until: i64) -> Result<Option<u64>, Fault> {
    let Some(groups) = event_journal::take(tx, until)? else { return Ok(None) };
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(groups.iter().map(|group| group.events as usize).sum());
    for group in &groups {
        entries.extend(journal::read(&group.body).map_err(Fault::internal)?);
    }
    let is_new = events::add(tx, &entries)?;
    let new = || entries.iter().zip(&is_new).filter(|(_, is_new)| **is_new).map(|(entry, _)| entry);
    event_days::count(tx, new())?;
    outcomes::note(tx, new())?;
    Ok(Some(new().count() as u64))
}

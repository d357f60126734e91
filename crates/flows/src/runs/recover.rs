//! What a starting server does with the runs that were under way when the last one ended.
//!
//! A run that ends its server each time it is taken up must not keep the others from going on. But a server may be killed
//! again and again for reasons that are none of its runs', so being found under way is no proof: a run that has made no
//! progress a few times is taken up later and later, after the others, and is given up only when it was taken up often,
//! each time by a server that had lived for a while.

use std::time::Duration;

use floe_model::Fault;
use floe_model::flows::FlowSettings;
use floe_model::id::RunId;
use floe_store::flows::runs::{self, Moving};

use super::admission::Ticket;
use super::engine::RunEngine;
use super::message::Request;
use super::room::pause_before;

/// Runs looked up at a time.
const PAGE: usize = 500;
/// Times in a row that a run is taken up at once although it has made no progress.
const SUDDEN_MAX: u32 = 4;
/// Times in a row that a run is taken up without progress before it is given up.
const RECOVERIES_MAX: u32 = 10;
/// Pause before the first time that a run is not taken up at once; it doubles with each further one.
const PAUSE: Duration = Duration::from_secs(1);

impl RunEngine {
    /// Finds places for the runs that were under way, oldest first; those without one are queued. Waiting runs need
    /// nothing: an answer or the job of their due time brings them back. A page that the database does not give is asked for again,
    /// later and later: what was found before is not found once more, since that counts. Returns how many were found.
    pub async fn recover(&self) -> usize {
        if self.core.node.is_some() {
            // Where nodes share the database, what is left behind is taken up by whoever claims it.
            return 0;
        }
        let mut after = RunId(0);
        let (mut found, mut failures) = (0, 0);
        loop {
            match self.recover_page(after).await {
                Ok(None) => return found,
                Ok(Some((last, count))) => {
                    (after, failures) = (last, 0);
                    found += count;
                }
                Err(fault) => {
                    tracing::error!(%fault, "runs that were under way cannot be looked up; trying again");
                    failures += 1;
                    tokio::time::sleep(pause_before(failures)).await;
                }
            }
        }
    }

    /// Takes up the runs after one; gives the last of them and how many there were.
    async fn recover_page(&self, after: RunId) -> Result<Option<(RunId, usize)>, Fault> {
        let page = self.core.platform.store.read(move |tx| runs::moving(tx, after, PAGE)).await?;
        let Some(last) = page.last().map(|moving| moving.run) else { return Ok(None) };
        let count = page.len();
        self.take_up_all(page).await?;
        Ok(Some((last, count)))
    }

    /// Finds places for runs that were under way; those that made no progress a few times come later.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn take_up_all(&self, found: Vec<Moving>) -> Result<(), Fault> {
        let (suspects, sound): (Vec<Moving>, Vec<Moving>) =
            found.into_iter().partition(|moving| moving.had_begun && moving.recoveries >= SUDDEN_MAX);
        let begun: Vec<Moving> = sound.iter().filter(|moving| moving.had_begun).cloned().collect();
        if !begun.is_empty() {
            let act =
                move |tx: &mut floe_store::Tx<'_>| begun.iter().try_for_each(|moving| count(tx, moving).map(|_| ()));
            self.core.platform.store.write(act).await?;
        }
        for moving in &sound {
            self.core.admit(ticket(moving), true);
        }
        for moving in suspects {
            let engine = self.clone();
            tokio::spawn(async move { engine.take_up_later(&moving).await });
        }
        Ok(())
    }

    /// Takes up a run that has made no progress, after a pause; gives it up when that has not helped often enough.
    async fn take_up_later(&self, moving: &Moving) {
        tokio::time::sleep(PAUSE * (1 << (moving.recoveries - SUDDEN_MAX).min(RECOVERIES_MAX))).await;
        let noted = moving.clone();
        match self.core.platform.store.write(move |tx| count(tx, &noted)).await {
            Ok(times) if times > RECOVERIES_MAX => {
                tracing::error!(run.id = %moving.run, "a run is given up: it has ended its server again and again");
                return self.core.send(moving.workspace, moving.run, Request::Park);
            }
            Ok(_) => {}
            Err(fault) => tracing::warn!(run.id = %moving.run, %fault, "taking up a run could not be counted"),
        }
        self.core.admit(ticket(moving), true);
    }
}

/// Counts that a run is taken up. A run that waits for a child makes no progress of its own, however long the child takes, so it is
/// not counted.
fn count(tx: &mut floe_store::Tx<'_>, moving: &Moving) -> Result<u32, Fault> {
    if runs::open_children(tx, moving.workspace, moving.run, 1)?.is_empty() {
        return runs::recovered(tx, moving.workspace, moving.run);
    }
    Ok(0)
}

fn ticket(moving: &Moving) -> Ticket {
    Ticket::new(moving.workspace, moving.flow, moving.run, &FlowSettings::stored(&moving.settings))
}

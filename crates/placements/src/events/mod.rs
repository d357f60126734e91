//! What apps report: taken in, entered, read, erased, and removed when it has served its time (Placements contract, section 5).
//!
//! A request is checked, its events go into the journal together with those of other requests, and it is answered when they are on disk
//! ([`take`](Events::take)). A roller takes the journal row by row into the tables, each event once, with all sums in the same transaction
//! ([`roll`](Events::roll)). So the answer waits for one small write, and numbers follow within seconds.

mod erase;
mod intake;
mod legacy;
mod outcomes;
mod read;
mod roll;
mod sdk_errors;
mod sweep;
mod take;
mod versions;

use std::sync::Arc;

use floe_model::placements::event::{Entry, Event, Missed};
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use erase::forget_app;
pub use floe_store::placements::events::Filter;
pub use read::Export;
pub use roll::Rolled;
pub use take::{Rejected, Taken};

use intake::Intake;
use legacy::Legacy;
use versions::Versions;

/// Events that [`Events::accept`] writes with one call at most.
pub const ACCEPT_MAX: usize = 1_000;

/// The service of events.
pub struct Events {
    platform: Arc<Platform>,
    /// Days that events are kept.
    retention_days: u32,
    intake: Arc<Intake>,
    versions: Versions,
    legacy: Legacy,
}

impl Events {
    /// The service on a platform. Events that came in more than `retention_days` ago are removed; 0 keeps them for ever.
    #[must_use]
    pub fn new(platform: Arc<Platform>, retention_days: u32) -> Self {
        let intake = Arc::new(Intake::new(Arc::clone(&platform)));
        Self { platform, retention_days, intake, versions: Versions::default(), legacy: Legacy::default() }
    }

    /// Stores events that need no checks, and answers when they are on disk: those of the demo and of an import. At most [`ACCEPT_MAX`].
    ///
    /// # Errors
    /// Of the database; `overloaded` when too much waits.
    pub async fn accept(&self, scope: Scope, events: &[Event<'_>]) -> Result<(), Fault> {
        let received_at = self.platform.clock.now();
        let entries: Vec<Entry<'_>> =
            events.iter().take(ACCEPT_MAX).map(|event| Entry { scope, received_at, event: event.clone() }).collect();
        self.intake.write(&entries).await
    }

    /// Notes a resolve that found nothing. Never waits and never fails: when too much waits already it is left out, and counted.
    pub fn note_no_flow(&self, scope: Scope, missed: &Missed<'_>) {
        let event = Event::no_flow(self.platform.ids.next_bits(), missed);
        self.intake.note(&Entry { scope, received_at: missed.at, event });
    }

    /// Resolves that found nothing and were left out, since the start.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.intake.left_out()
    }

    /// Waits until the journal got something to enter, here; nothing on another node wakes it.
    pub async fn arrival(&self) {
        self.intake.arrival().await;
    }

    /// Waits until all that was taken or noted here before is on disk, or was given up.
    pub async fn finish(&self) {
        self.intake.settled().await;
    }
}

/// Durable work around events.
pub(crate) fn handlers(events: &Arc<Events>) -> Vec<Arc<dyn JobHandler>> {
    vec![
        Arc::new(erase::EraseUser { events: Arc::clone(events) }),
        Arc::new(erase::EraseApp),
        Arc::new(sweep::Sweep { retention_days: events.retention_days }),
    ]
}

/// A digest of a text, to tell equal ones without keeping them.
fn digest(text: &str) -> u128 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
}

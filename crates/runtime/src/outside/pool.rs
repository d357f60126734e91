//! Idle connections, kept for the next call to the same place.
//!
//! A pool belongs to one client and so to one allow-list: a connection in it was checked by the same rules that would be
//! applied now. It carries no credentials; those are in each request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connect::Connection;
use super::url::Target;

/// Most idle connections of one client.
const IDLE_MAX: usize = 128;

/// Most idle connections to one place.
const IDLE_PER_PLACE_MAX: usize = 8;

/// An idle connection is closed after this time, so that a name that moved is looked up again.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// How long a connection may take to become free after the end of a response.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(1);

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    is_https: bool,
    host: String,
    port: u16,
}

#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    place: Place,
    connection: Connection,
    since: Instant,
}

/// A connection in use, and the pool it may go back to.
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) place: Place,
    pub(super) pool: Arc<Pool>,
}

impl Place {
    pub(super) fn of(target: &Target) -> Self {
        Place { is_https: target.is_https(), host: target.host().to_owned(), port: target.port() }
    }
}

impl Pool {
    /// The idle connection to `place` that was used last, if there is one.
    pub(super) fn take(&self, place: &Place) -> Option<Connection> {
        let mut idle = self.usable();
        let at = idle.iter().rposition(|entry| entry.place == *place)?;
        Some(idle.remove(at).connection)
    }

    fn put(&self, place: Place, connection: Connection) {
        let mut idle = self.usable();
        if idle.iter().filter(|entry| entry.place == place).count() >= IDLE_PER_PLACE_MAX {
            return;
        }
        if idle.len() >= IDLE_MAX {
            idle.remove(0);
        }
        idle.push(Idle { place, connection, since: Instant::now() });
    }

    /// The entries, oldest first, after closed and expired ones were dropped.
    fn usable(&self) -> MutexGuard<'_, Vec<Idle>> {
        // A panic while the lock was held cannot leave the list half changed.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|entry| entry.since.elapsed() < IDLE_TIME_MAX && entry.connection.sender.is_ready());
        idle
    }
}

impl Lease {
    /// Gives the connection back after a response was read to its end. It is dropped if it does not become free, for
    /// example because the server announced its close.
    pub(super) fn give_back(self) {
        let Lease { mut connection, place, pool } = self;
        if connection.sender.is_ready() {
            pool.put(place, connection);
            return;
        }
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(SETTLE_TIME_MAX, connection.sender.ready()).await {
                pool.put(place, connection);
            }
        });
    }
}

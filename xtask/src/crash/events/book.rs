//! What the clients sent and were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything that was sent and told.
#[derive(Default)]
pub(in crate::crash) struct Book {
    told: Mutex<Told>,
    at_work: AtomicUsize,
}

/// What a book holds.
#[derive(Default)]
pub(super) struct Told {
    /// Events that were sent at least once: id and type.
    pub(super) sent: BTreeMap<String, &'static str>,
    /// Events whose batch was answered with 202.
    pub(super) answered: BTreeSet<String>,
}

impl Book {
    pub(super) fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client begins with a batch.
    pub(super) fn begin(&self) {
        self.at_work.fetch_add(1, Ordering::SeqCst);
    }

    /// It is over.
    pub(super) fn end(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
    }

    /// Clients that are in the middle of a batch.
    pub(super) fn at_work(&self) -> usize {
        self.at_work.load(Ordering::SeqCst)
    }
}

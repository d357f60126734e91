//! What the clients asked and were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing yet, or nothing was heard.
    Nothing,
    /// The envelope named this exchange.
    Answered(String),
    /// It was acknowledged; the answer goes to an address.
    Acknowledged,
}

/// A call by its tag, which stands in its message.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The order that its tool is to record.
    pub(super) order: Option<u64>,
    /// What became of it.
    pub(super) told: Told,
}

/// Everything that was asked.
#[derive(Default)]
pub(in crate::crash) struct Book {
    asked: Mutex<BTreeMap<String, Asked>>,
    at_work: AtomicUsize,
}

impl Book {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of a call.
    pub(super) fn tell(&self, tag: &str, told: Told) {
        if let Some(asked) = self.lock().get_mut(tag) {
            asked.told = told;
        }
    }

    /// A client begins with a call.
    pub(super) fn begin(&self) {
        self.at_work.fetch_add(1, Ordering::SeqCst);
    }

    /// It is over.
    pub(super) fn end(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
    }

    /// Clients that are in the middle of a call.
    pub(super) fn at_work(&self) -> usize {
        self.at_work.load(Ordering::SeqCst)
    }
}

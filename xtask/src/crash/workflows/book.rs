//! What the clients started, and what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A call by its tag, which is among its inputs.
#[derive(Debug, Clone, Default)]
pub(super) struct Started {
    /// The execution that it was answered with.
    pub(super) execution: Option<String>,
    /// How it ended, as the stream told it.
    pub(super) end: Option<String>,
}

/// Everything that was started.
#[derive(Default)]
pub(in crate::crash) struct Book {
    started: Mutex<BTreeMap<String, Started>>,
    at_work: AtomicUsize,
}

impl Book {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Started>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a call.
    pub(super) fn note(&self, tag: &str, note: impl FnOnce(&mut Started)) {
        note(self.lock().entry(tag.to_owned()).or_default());
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

//! Calls whose answer this process is still working out.
//!
//! A saved idempotency key that says "running" is either such a call, or one whose server ended before it could answer.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Subjects of the calls that are being served: runs, or whatever else a call was begun under.
#[derive(Debug, Default)]
pub struct Serving(Mutex<HashSet<u128>>);

/// A call that is being served, until this value is dropped.
#[derive(Debug)]
pub struct Served {
    serving: Arc<Serving>,
    subject: u128,
}

impl Serving {
    /// Notes that a call is being served; `None` when one with this subject is already.
    #[must_use]
    pub fn enter(self: &Arc<Self>, subject: u128) -> Option<Served> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subject);
        is_new.then(|| Served { serving: Arc::clone(self), subject })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.subject);
    }
}

//! Requests that are counted and not kept: those of the SDK, of which the log keeps errors and one of a hundred (console contract,
//! section 5.6). A row for each would cost more than the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use floe_model::access::credits::day_of;
use floe_model::id::KeyId;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::access::usage::{self, Counts, Key};

use crate::service::Access;

/// Of how many requests that went well one is kept.
const KEPT_OF: u64 = 100;
/// Sums that wait to be written at most; what would make more is not counted.
const SUMS_MAX: usize = 20_000;

/// The sums that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sums: Mutex<HashMap<Part, Counts>>,
    seen: AtomicU64,
}

/// What is summed up together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Part {
    scope: Scope,
    day: i64,
    surface: &'static str,
    key: KeyId,
}

impl Tally {
    /// Whether a request that went well is one of those that are kept.
    pub(super) fn is_kept(&self) -> bool {
        self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(KEPT_OF)
    }

    /// Counts a request; tells whether it is the first that waits.
    pub(super) fn count(&self, scope: Scope, surface: &'static str, key: KeyId, at: Timestamp) -> bool {
        let mut sums = self.lock();
        let was_empty = sums.is_empty();
        let part = Part { scope, day: day_of(at), surface, key };
        if sums.len() < SUMS_MAX || sums.contains_key(&part) {
            sums.entry(part).or_default().requests += 1;
        }
        was_empty
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn take(&self) -> HashMap<Part, Counts> {
        std::mem::take(&mut *self.lock())
    }

    fn give_back(&self, taken: HashMap<Part, Counts>) {
        let mut sums = self.lock();
        for (part, counts) in taken {
            *sums.entry(part).or_default() += counts;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Part, Counts>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access {
    /// Writes the sums that wait. What cannot be written now waits for the next time.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn flush_tally(&self) -> Result<(), Fault> {
        let taken = self.requests.tally.take();
        if taken.is_empty() {
            return Ok(());
        }
        // In one order, so that writers that meet do not wait for each other in a circle.
        let mut rows: Vec<(Scope, Key, Counts)> = taken
            .iter()
            .map(|(part, counts)| {
                let key =
                    Key { day: part.day, product: part.surface.to_owned(), key: part.key.prefixed(), ..Key::default() };
                (part.scope, key, *counts)
            })
            .collect();
        rows.sort_by(|(scope, key, _), (other_scope, other_key, _)| {
            (scope.workspace, scope.mode, key).cmp(&(other_scope.workspace, other_scope.mode, other_key))
        });
        let written = self.platform.store.write_later(move |tx| {
            rows.chunk_by(|one, next| one.0 == next.0).try_for_each(|rows| {
                let counted: Vec<(Key, Counts)> = rows.iter().map(|(_, key, counts)| (key.clone(), *counts)).collect();
                usage::add(tx, rows[0].0, &counted)
            })
        });
        let written = written.await;
        if written.is_err() {
            self.requests.tally.give_back(taken);
        }
        written
    }
}

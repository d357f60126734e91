//! What answers leave behind, written later: who was given which variant, and which versions were served how often.
//!
//! Both are bounded and never waited for. An assignment that finds no room is not remembered as written, so the next resolve of that
//! user offers it again, and until it is written the hash gives the same. Counts are sums, so their number is that of served versions.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use floe_model::id::{AppId, ExperimentId, PlacementId, ScreenVersionId};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Store;
use floe_store::placements::assignments::{self, Assignment};
use floe_store::placements::served::{self, Served};
use tokio::sync::Notify;

/// Assignments that wait at most.
const ASSIGNMENTS_MAX: usize = 65_536;
/// Places that are counted at a time.
const PLACES_MAX: usize = 65_536;
/// Users who are remembered as written.
const WRITTEN_MAX: usize = 262_144;
/// Assignments of one transaction.
const BATCH_MAX: usize = 1_000;

/// What waits to be written.
pub(super) struct Behind {
    waiting: Mutex<Waiting>,
    written: quick_cache::sync::Cache<u64, ()>,
    arrived: Notify,
    /// Held while it is written, so that two who write do not meet. What one who stopped waiting left in it, the next one writes.
    writing: tokio::sync::Mutex<VecDeque<(Scope, Batch)>>,
}

#[derive(Default)]
struct Waiting {
    assignments: Vec<(Scope, Assignment)>,
    places: HashMap<Place, Count>,
}

/// Where a version was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) app: AppId,
    pub(super) placement: PlacementId,
    pub(super) version: ScreenVersionId,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    served: i64,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// What is written together.
#[derive(Default)]
struct Batch {
    assignments: Vec<Assignment>,
    served: Vec<Served>,
}

impl Default for Behind {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            written: quick_cache::sync::Cache::new(WRITTEN_MAX),
            arrived: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }
}

impl Behind {
    /// Counts that a version was served.
    pub(super) fn served(&self, place: Place, now: Timestamp) {
        let mut waiting = self.lock();
        let is_first = waiting.is_empty();
        if waiting.places.len() >= PLACES_MAX && !waiting.places.contains_key(&place) {
            return;
        }
        let count = waiting.places.entry(place).or_insert(Count { served: 0, first_at: now, last_at: now });
        count.served += 1;
        count.first_at = count.first_at.min(now);
        count.last_at = count.last_at.max(now);
        drop(waiting);
        self.tell(is_first);
    }

    /// Takes an assignment, unless the user was taken under the same configuration before.
    pub(super) fn assigned(
        &self,
        scope: Scope,
        revision: i64,
        experiment: ExperimentId,
        user_id: &str,
        assignment: impl FnOnce() -> Assignment,
    ) {
        let mut hasher = DefaultHasher::new();
        (scope, revision, experiment, user_id).hash(&mut hasher);
        let digest = hasher.finish();
        if self.written.get(&digest).is_some() {
            return;
        }
        let mut waiting = self.lock();
        if waiting.assignments.len() >= ASSIGNMENTS_MAX {
            drop(waiting);
            metrics::counter!("floe_placement_assignments_put_off_total").increment(1);
            return;
        }
        let is_first = waiting.is_empty();
        waiting.assignments.push((scope, assignment()));
        drop(waiting);
        self.written.insert(digest, ());
        self.tell(is_first);
    }

    /// Waits until there is something to write.
    pub(super) async fn arrival(&self) {
        while self.lock().is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Writes everything that waits by now; what comes in meanwhile has its turn at the next call, since under a steady load there is
    /// always something. What cannot be written waits on, as far as there is room. Whoever stops waiting for this loses nothing: what
    /// was handed to the store is written, and the rest by the next call.
    pub(super) async fn flush(&self, store: &Store) -> Result<(), Fault> {
        let mut batches = self.writing.lock().await;
        let waiting = std::mem::take(&mut *self.lock());
        batches.extend(waiting.into_batches());
        while let Some((scope, batch)) = batches.pop_front() {
            if let Err(fault) = write(store, scope, &batch).await {
                self.put_back(scope, batch);
                batches.drain(..).for_each(|(scope, batch)| self.put_back(scope, batch));
                return Err(fault);
            }
        }
        Ok(())
    }

    fn put_back(&self, scope: Scope, batch: Batch) {
        let mut waiting = self.lock();
        let room = ASSIGNMENTS_MAX.saturating_sub(waiting.assignments.len());
        waiting.assignments.extend(batch.assignments.into_iter().take(room).map(|one| (scope, one)));
        for one in batch.served {
            let place = Place { scope, app: one.app, placement: one.placement, version: one.version };
            let later = Count { served: 0, first_at: one.first_at, last_at: one.last_at };
            let count = waiting.places.entry(place).or_insert(later);
            count.served += one.served;
            count.first_at = count.first_at.min(one.first_at);
            count.last_at = count.last_at.max(one.last_at);
        }
    }

    fn tell(&self, is_first: bool) {
        if is_first {
            self.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.assignments.is_empty() && self.places.is_empty()
    }

    /// What one transaction each writes: of one workspace and mode, a bounded number of assignments, and with the first of them every
    /// count, sorted as the table wants it.
    fn into_batches(self) -> Vec<(Scope, Batch)> {
        let mut of_scopes: BTreeMap<_, (Vec<Assignment>, Vec<Served>)> = BTreeMap::new();
        let order = |scope: Scope| (scope.workspace, scope.mode);
        for (scope, one) in self.assignments {
            of_scopes.entry(order(scope)).or_default().0.push(one);
        }
        for (Place { scope, app, placement, version }, Count { served, first_at, last_at }) in self.places {
            let one = Served { app, placement, version, served, first_at, last_at };
            of_scopes.entry(order(scope)).or_default().1.push(one);
        }
        let mut batches = Vec::new();
        for ((workspace, mode), (assignments, mut served)) in of_scopes {
            served.sort_by_key(|one| (one.app, one.placement, one.version));
            let mut left = assignments.into_iter();
            loop {
                let assignments: Vec<Assignment> = left.by_ref().take(BATCH_MAX).collect();
                let batch = Batch { assignments, served: std::mem::take(&mut served) };
                if batch.assignments.is_empty() && batch.served.is_empty() {
                    break;
                }
                batches.push((Scope { workspace, mode }, batch));
            }
        }
        batches
    }
}

async fn write(store: &Store, scope: Scope, batch: &Batch) -> Result<(), Fault> {
    let (assignments, served) = (batch.assignments.clone(), batch.served.clone());
    let writing = store.write_later(move |tx| {
        if !assignments.is_empty() {
            assignments::insert_many(tx, scope, &assignments)?;
        }
        if served.is_empty() { Ok(()) } else { served::add(tx, scope, &served) }
    });
    writing.await
}

#[cfg(test)]
mod tests;

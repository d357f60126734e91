//! The way into the journal: events of many requests become one row, and all of them are answered by one commit.
//!
//! While a write is under way, what comes in gathers; then it is written together. So a lonely request waits for nobody, and under load
//! groups are as large as the database is slow. What waits is bounded in bytes, and the journal in events: over either, requests are told
//! to come again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use floe_model::placements::event::{Entry, journal};
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_store::placements::event_journal::{self, Group};
use tokio::sync::{Notify, oneshot};

/// Events of one row: so many are entered in one transaction, which others wait for.
const GROUP_EVENTS_MAX: u32 = 500;
/// Bytes after which a row is full.
const GROUP_BYTES_MAX: usize = 512 * 1024;
/// Rows of one write.
const WRITE_GROUPS_MAX: usize = 16;
/// Bytes that may wait for a write.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Events that may lie in the journal: some minutes of the largest load, and about half a gigabyte.
const JOURNAL_EVENTS_MAX: u64 = 1_000_000;
/// Seconds after which somebody who was refused should come again.
const RETRY_AFTER_S: u64 = 1;

/// Whether a group is on disk, or why not.
type Written = Result<(), FaultKind>;

/// Everything that is not on disk yet.
pub(super) struct Intake {
    platform: Arc<Platform>,
    state: Mutex<State>,
    /// Something was written for the roller.
    written: Notify,
    /// Nothing waits any more.
    settled: Notify,
    /// Events in the journal, as the last look saw it and this process added to it.
    in_journal: AtomicU64,
    left_out: AtomicU64,
    tells: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: Vec<Filling>,
    /// Of all that waits.
    bytes: usize,
    /// Whether a task is writing, which will see what is added.
    writing: bool,
}

/// A row to be, and who waits for it.
struct Filling {
    group: Group,
    waiters: Vec<oneshot::Sender<Written>>,
}

impl Intake {
    pub(super) fn new(platform: Arc<Platform>) -> Self {
        Self {
            platform,
            state: Mutex::default(),
            written: Notify::new(),
            settled: Notify::new(),
            in_journal: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            tells: AtomicBool::new(true),
        }
    }

    /// Adds entries and waits until they are on disk.
    pub(super) async fn write(self: &Arc<Self>, entries: &[Entry<'_>]) -> Result<(), Fault> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.in_journal.load(Ordering::Relaxed) >= JOURNAL_EVENTS_MAX {
            return Err(refusal(FaultKind::Overloaded));
        }
        let (answer, answered) = oneshot::channel();
        if !self.push(entries, Some(answer)) {
            return Err(refusal(FaultKind::Overloaded));
        }
        answered.await.unwrap_or(Err(FaultKind::Internal)).map_err(refusal)
    }

    /// Adds an entry that nobody waits for.
    pub(super) fn note(self: &Arc<Self>, entry: &Entry<'_>) {
        let has_room = self.in_journal.load(Ordering::Relaxed) < JOURNAL_EVENTS_MAX;
        if !has_room || !self.push(std::slice::from_ref(entry), None) {
            self.leave_out(1);
        }
    }

    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    pub(super) async fn arrival(&self) {
        self.written.notified().await;
    }

    /// Tells how much the journal holds.
    pub(super) fn set_in_journal(&self, events: u64) {
        self.in_journal.store(events, Ordering::Relaxed);
        metrics::gauge!("floe_placement_events_waiting").set(events as f64);
    }

    /// Waits until nothing waits.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if !self.lock().writing {
                return;
            }
            settled.await;
        }
    }

    /// False when there is no room.
    fn push(self: &Arc<Self>, entries: &[Entry<'_>], waiter: Option<oneshot::Sender<Written>>) -> bool {
        let mut body = Vec::with_capacity(entries.len() * 512);
        entries.iter().for_each(|entry| journal::append(&mut body, entry));
        let mut state = self.lock();
        if state.bytes + body.len() > WAITING_BYTES_MAX {
            return false;
        }
        state.add(&body, u32::try_from(entries.len()).unwrap_or(u32::MAX), waiter);
        let starts = !std::mem::replace(&mut state.writing, true);
        drop(state);
        if starts {
            // A task of its own: whoever asked may go away at any time.
            tokio::spawn(Arc::clone(self).write_all());
        }
        true
    }

    /// Writes until nothing waits.
    async fn write_all(self: Arc<Self>) {
        while let Some(taken) = self.take() {
            let (groups, waiters): (Vec<Group>, Vec<_>) =
                taken.into_iter().map(|filling| (filling.group, filling.waiters)).unzip();
            let events = groups.iter().map(|group| u64::from(group.events)).sum();
            let writing = self.platform.store.write(move |tx| event_journal::add(tx, &groups)).await;
            match &writing {
                Ok(()) => {
                    self.in_journal.fetch_add(events, Ordering::Relaxed);
                    self.tells.store(true, Ordering::Relaxed);
                    self.written.notify_one();
                }
                Err(fault) => self.tell(fault, events),
            }
            let written = writing.map_err(|fault| fault.kind());
            for waiter in waiters.into_iter().flatten() {
                // Whoever went away is not told.
                let _ = waiter.send(written);
            }
        }
        self.settled.notify_waiters();
    }

    /// What to write next; none, and no longer writing, when nothing waits.
    fn take(&self) -> Option<Vec<Filling>> {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            state.writing = false;
            return None;
        }
        let count = state.waiting.len().min(WRITE_GROUPS_MAX);
        let taken: Vec<Filling> = state.waiting.drain(..count).collect();
        state.bytes -= taken.iter().map(|filling| filling.group.body.len()).sum::<usize>();
        Some(taken)
    }

    fn tell(&self, fault: &Fault, events: u64) {
        if self.tells.swap(false, Ordering::Relaxed) {
            tracing::warn!(%fault, events, "events cannot be written to the journal; their senders are told to come again");
        }
    }

    fn leave_out(&self, events: u64) {
        metrics::counter!("floe_placement_no_flow_left_out_total").increment(events);
        if self.left_out.fetch_add(events, Ordering::Relaxed) == 0 {
            tracing::warn!("more resolves find nothing than can be written; some are left out of the numbers");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What came in together stays together, so that whoever waits waits for one row.
    fn add(&mut self, body: &[u8], events: u32, waiter: Option<oneshot::Sender<Written>>) {
        let fits = |filling: &&mut Filling| {
            let Group { events: gathered, body: bytes } = &filling.group;
            gathered.saturating_add(events) <= GROUP_EVENTS_MAX && bytes.len() + body.len() <= GROUP_BYTES_MAX
        };
        if let Some(last) = self.waiting.last_mut().filter(fits) {
            last.group.events += events;
            last.group.body.extend_from_slice(body);
            last.waiters.extend(waiter);
            self.bytes += body.len();
            return;
        }
        let mut first = journal::begin();
        first.extend_from_slice(body);
        self.bytes += first.len();
        self.waiting.push(Filling { group: Group { events, body: first }, waiters: waiter.into_iter().collect() });
    }
}

/// Why events were not taken. Never a fault for which a client throws them away (section 1.2).
fn refusal(kind: FaultKind) -> Fault {
    match kind {
        FaultKind::StorageFull => Fault::storage_full(),
        _ => Fault::new(FaultKind::Overloaded, "overloaded", "Events cannot be stored just now; send them again")
            .with_retry_after(RETRY_AFTER_S),
    }
}

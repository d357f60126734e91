//! Proven credentials, remembered by the hash of their text.
//!
//! Every change of a credential, role or session announces itself ([`Change::Access`]) and empties the memory; a look-up
//! first reads what was announced. Where other nodes write to the same database, an entry is looked up again when it is
//! older than [`RECHECK_MS`], so that a revoked credential is dead on every node within a second.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use floe_model::access::Caller;
use floe_model::{Mode, Timestamp};
use floe_store::{Change, Dialect, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use crate::identity::SessionFacts;
use crate::rate::Limits;

/// Credentials that are remembered.
const ENTRIES_MAX: usize = 20_000;
/// Announcements that one look-up reads; more than that empties the memory.
const CHANGES_READ_MAX: usize = 10_000;
/// Age after which an entry is looked up again where other nodes write too, milliseconds.
const RECHECK_MS: i64 = 800;

/// A proven credential.
pub(crate) struct Known {
    /// The hash under which it is stored, compared again in constant time.
    pub(crate) hash: [u8; 32],
    /// The caller in live and in test mode; a key has one of them in both places.
    pub(crate) callers: [Arc<Caller>; 2],
    /// When it ends.
    pub(crate) expires_at: Option<Timestamp>,
    /// Milliseconds without use after which it ends.
    pub(crate) idle_ms: Option<i64>,
    /// Limits of a key.
    pub(crate) limits: Option<Limits>,
    /// Of a session.
    pub(crate) session: Option<Arc<SessionFacts>>,
    /// Last use that this process knows of, microseconds.
    pub(crate) used_at: AtomicI64,
    /// Last use that was sent to the store, microseconds.
    pub(crate) noted_at: AtomicI64,
    /// When the store was asked.
    pub(crate) read_at: Timestamp,
}

impl Known {
    /// Whether it has not ended, by its end or by lying idle.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        let idle = now.millis_since(Timestamp(self.used_at.load(Ordering::Relaxed)));
        self.expires_at.is_none_or(|end| now < end) && self.idle_ms.is_none_or(|most| idle < most)
    }

    /// Takes over the last use from an older entry: its note may still be on its way to the store.
    pub(crate) fn used_as(&self, old: &Self) {
        self.used_at.fetch_max(old.used_at.load(Ordering::Relaxed), Ordering::Relaxed);
        self.noted_at.fetch_max(old.noted_at.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The caller in a mode.
    pub(crate) fn caller(&self, mode: Mode) -> &Arc<Caller> {
        &self.callers[usize::from(mode == Mode::Test)]
    }
}

/// What the memory knows of a hash.
pub(crate) enum Remembered {
    /// An entry that counts.
    Fresh(Arc<Known>),
    /// Nothing that counts.
    LookUp {
        /// An entry that is too old; its last use still counts.
        old: Option<Arc<Known>>,
        /// The generation under which what is found now may be remembered.
        generation: u64,
    },
}

/// The memory.
pub(crate) struct Memory {
    entries: quick_cache::sync::Cache<[u8; 32], Arc<Known>>,
    changes: Mutex<Receiver<Change>>,
    /// Rises with each emptying: what was read from the store before is not remembered after.
    generation: AtomicU64,
    recheck: bool,
}

impl Memory {
    /// A memory that listens to the store.
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            entries: quick_cache::sync::Cache::new(ENTRIES_MAX),
            changes: Mutex::new(store.watch()),
            generation: AtomicU64::new(0),
            recheck: store.dialect() == Dialect::Postgres,
        }
    }

    /// What is remembered of a hash.
    pub(crate) fn get(&self, hash: &[u8; 32], now: Timestamp) -> Remembered {
        self.hear();
        let generation = self.generation.load(Ordering::Acquire);
        match self.entries.get(hash) {
            Some(known) if !self.recheck || now.millis_since(known.read_at) < RECHECK_MS => Remembered::Fresh(known),
            old => Remembered::LookUp { old, generation },
        }
    }

    /// Remembers an entry, unless the memory was emptied since its generation.
    pub(crate) fn put(&self, known: &Arc<Known>, generation: u64) {
        self.hear();
        if self.generation.load(Ordering::Acquire) == generation {
            self.entries.insert(known.hash, Arc::clone(known));
            // Emptied meanwhile: what was just remembered may be old.
            if self.generation.load(Ordering::Acquire) != generation {
                self.entries.remove(&known.hash);
            }
        }
    }

    /// The generation of what the store announced so far.
    pub(crate) fn heard(&self) -> u64 {
        self.hear();
        self.generation.load(Ordering::Acquire)
    }

    /// Whether other nodes write to the same database.
    pub(crate) fn is_shared(&self) -> bool {
        self.recheck
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.entries.clear();
    }

    /// Reads what the store announced.
    fn hear(&self) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stale = false;
        for read in 0..=CHANGES_READ_MAX {
            match changes.try_recv() {
                Ok(Change::Access | Change::Many) | Err(TryRecvError::Lagged(_)) => stale = true,
                Ok(_) => stale |= read == CHANGES_READ_MAX,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if stale {
            self.clear();
        }
    }
}

//! What clients run, kept in memory: the latest version of each flow, with its plan.
//!
//! A program that calls a flow again and again asks for the same version each time, and would otherwise read three tables
//! for it. Every change of a flow announces itself before the one who made it is answered, and removes the flow from the
//! memory; a look-up first reads what was announced. Where other nodes write to the same database, what they
//! announce arrives a little later, so an entry is read again when it is older than [`RECHECK_MS`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use floe_engine::plan::Plan;
use floe_model::Timestamp;
use floe_model::flows::{Activity, Engine, FlowAccess};
use floe_model::id::{FlowId, WorkspaceId};
use floe_store::flows::documents::Hash;
use floe_store::{Change, Dialect, Store};
use quick_cache::sync::Cache;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::resolve::Resolved;

/// Flows that are remembered.
const ENTRIES_MAX: usize = 4_096;
/// Announcements that one look-up reads; more than that empties the memory.
const CHANGES_READ_MAX: usize = 10_000;
/// Age after which an entry is read again where other nodes write too, milliseconds.
const RECHECK_MS: i64 = 800;

/// A version that is ready to be run.
#[derive(Debug, Clone)]
pub struct Runnable {
    /// The flow.
    pub flow: FlowId,
    /// Its id as it is shown.
    pub shown_id: String,
    /// Its name.
    pub flow_name: String,
    /// The language of its definition.
    pub engine: Engine,
    /// Whether it may be started.
    pub activity: Activity,
    /// Number of the version.
    pub version: u32,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Digest of the definition's text.
    pub document_hash: Hash,
    /// Settings that hold for the run, as JSON.
    pub settings: String,
    /// Who may run it.
    pub access: FlowAccess,
    /// The compiled definition.
    pub plan: Arc<Plan>,
}

impl Runnable {
    /// A resolved version with its plan.
    #[must_use]
    pub fn new(resolved: Resolved, plan: Arc<Plan>) -> Self {
        let Resolved {
            flow_id,
            shown_id,
            flow_name,
            engine,
            activity,
            version,
            is_draft,
            document_hash,
            settings,
            access,
            ..
        } = resolved;
        Self {
            flow: flow_id,
            shown_id,
            flow_name,
            engine,
            activity,
            version,
            is_draft,
            document_hash,
            settings,
            access,
            plan,
        }
    }
}

/// What the memory knows of a flow.
pub(crate) enum Remembered {
    /// Its latest version.
    Fresh(Arc<Runnable>),
    /// Nothing that counts; what is read now may be remembered under this generation.
    LookUp(u64),
}

struct Entry {
    runnable: Arc<Runnable>,
    read_at: Timestamp,
}

/// The memory.
pub(crate) struct LatestVersions {
    entries: Cache<(WorkspaceId, FlowId), Arc<Entry>>,
    changes: Mutex<Receiver<Change>>,
    /// Rises with each removal: what was read from the store before is not remembered after.
    generation: AtomicU64,
    recheck: bool,
}

impl LatestVersions {
    /// A memory that listens to the store.
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            entries: Cache::new(ENTRIES_MAX),
            changes: Mutex::new(store.watch()),
            generation: AtomicU64::new(0),
            recheck: store.dialect() == Dialect::Postgres,
        }
    }

    /// The latest version of a flow, if it is known.
    pub(crate) fn get(&self, workspace: WorkspaceId, flow: FlowId, now: Timestamp) -> Remembered {
        self.hear();
        let generation = self.generation.load(Ordering::Acquire);
        match self.entries.get(&(workspace, flow)) {
            Some(entry) if !self.recheck || now.millis_since(entry.read_at) < RECHECK_MS => {
                Remembered::Fresh(Arc::clone(&entry.runnable))
            }
            _ => Remembered::LookUp(generation),
        }
    }

    /// Remembers a version, unless some flow changed since its generation.
    pub(crate) fn put(&self, workspace: WorkspaceId, runnable: &Arc<Runnable>, generation: u64, read_at: Timestamp) {
        self.hear();
        if self.generation.load(Ordering::Acquire) != generation {
            return;
        }
        let key = (workspace, runnable.flow);
        self.entries.insert(key, Arc::new(Entry { runnable: Arc::clone(runnable), read_at }));
        // Changed meanwhile: what was just remembered may be old.
        if self.generation.load(Ordering::Acquire) != generation {
            self.entries.remove(&key);
        }
    }

    /// Reads what the store announced.
    fn hear(&self) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..CHANGES_READ_MAX {
            match changes.try_recv() {
                Ok(Change::Record { workspace, kind: "flow", id }) => {
                    self.generation.fetch_add(1, Ordering::AcqRel);
                    self.entries.remove(&(workspace, FlowId(id)));
                }
                Ok(Change::Many) | Err(TryRecvError::Lagged(_)) => self.clear(),
                Ok(_) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
        self.clear();
    }

    fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.entries.clear();
    }
}

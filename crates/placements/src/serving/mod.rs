//! What devices are answered: from memory, without a database (Placements contract, sections 2 to 4, 7 and 11).
//!
//! Of each workspace there is one [`Snapshot`] behind an atomic pointer: its apps and placements, made ready for being asked, and every
//! version that something refers to as ready bytes. It is read whole in one transaction and never changed; a change of configuration
//! makes a new one. What an answer leaves behind (assignments, counts, `resolve_no_flow`) is written some hundred milliseconds later
//! ([`behind`]); nothing of it is waited for.
//!
//! Start reading with [`Snapshot`], then `answer.rs` for a resolve and `build.rs` for how a snapshot is made.

mod answer;
mod behind;
mod build;
mod gzip;
mod kept;
mod run;
mod script;
mod snapshot;
mod version;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use floe_model::Fault;
use floe_model::id::{AppId, WorkspaceId};
use floe_runtime::Platform;
use floe_store::placements::{apps, revisions};

pub use answer::{Asked, Manner, Resolved};
pub use script::Script;
pub use snapshot::{ServedApp, ServedFlow, ServedPlacement, Snapshot};
pub use version::ServedVersion;

use behind::Behind;

use crate::events::Events;

/// Workspaces that are held at most; the one that was asked longest ago makes room.
const WORKSPACES_MAX: usize = 10_000;

/// Answers devices.
pub struct Serving {
    platform: Arc<Platform>,
    events: Arc<Events>,
    /// What addresses of media and icons begin with.
    public_url: String,
    workspaces: ArcSwap<HashMap<WorkspaceId, Arc<Held>>>,
    /// Held while the map above is replaced.
    replacing: Mutex<()>,
    behind: Behind,
}

/// A workspace.
#[derive(Default)]
struct Held {
    snapshot: ArcSwapOption<Snapshot>,
    /// Held while a snapshot is made: who waits finds it made.
    building: tokio::sync::Mutex<()>,
    /// When it was asked last, microseconds.
    asked_at: AtomicI64,
}

impl Serving {
    /// Serves from the store of a platform. Nothing is read before it is asked for, or [`Serving::run`] runs.
    #[must_use]
    pub fn new(platform: Arc<Platform>, events: Arc<Events>, public_url: &str) -> Self {
        Self {
            platform,
            events,
            public_url: public_url.to_owned(),
            workspaces: ArcSwap::default(),
            replacing: Mutex::default(),
            behind: Behind::default(),
        }
    }

    /// The configuration of a workspace, when it is in memory.
    #[must_use]
    pub fn at_hand(&self, workspace: WorkspaceId) -> Option<Arc<Snapshot>> {
        let workspaces = self.workspaces.load();
        let held = workspaces.get(&workspace)?;
        let snapshot = held.snapshot.load_full()?;
        held.asked_at.store(self.platform.clock.now().micros(), Ordering::Relaxed);
        Some(snapshot)
    }

    /// The configuration of a workspace; read when it is not in memory.
    ///
    /// # Errors
    /// Of the database, for a workspace that was never asked for here.
    pub async fn config(&self, workspace: WorkspaceId) -> Result<Arc<Snapshot>, Fault> {
        if let Some(snapshot) = self.at_hand(workspace) {
            return Ok(snapshot);
        }
        self.hold(workspace);
        self.refresh(workspace).await?;
        self.at_hand(workspace).ok_or_else(|| Fault::internal("a configuration went while it was read"))
    }

    /// Makes sure that a workspace that is held is answered from what is in the database now.
    ///
    /// # Errors
    /// Of the database; what was held goes on then.
    pub async fn refresh(&self, workspace: WorkspaceId) -> Result<(), Fault> {
        let Some(held) = self.workspaces.load().get(&workspace).map(Arc::clone) else { return Ok(()) };
        let _one = held.building.lock().await;
        let old = held.snapshot.load_full();
        let revision = self.platform.store.read(move |tx| revisions::of(tx, workspace)).await?;
        if old.as_ref().is_some_and(|old| old.revision == revision && !old.looks_again(self.platform.clock.now())) {
            return Ok(());
        }
        let new = self.build(workspace, old).await?;
        held.snapshot.store(Some(Arc::clone(&new)));
        tokio::task::spawn_blocking(move || new.pack());
        Ok(())
    }

    /// Whether an app that [`Snapshot::app`] does not know is of this workspace all the same (`Some(true)`), of another one
    /// (`Some(false)`), or of none.
    ///
    /// # Errors
    /// Of the database.
    pub async fn whose_app(&self, workspace: WorkspaceId, id: AppId) -> Result<Option<bool>, Fault> {
        let reading = self.platform.store.read(move |tx| {
            if apps::find(tx, workspace, id)?.is_some() {
                return Ok(Some(true));
            }
            Ok(apps::is_anywhere(tx, id)?.then_some(false))
        });
        reading.await
    }

    /// Writes what waits to be written. What cannot be written now waits on.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flush(&self) -> Result<(), Fault> {
        self.behind.flush(&self.platform.store).await
    }

    /// The workspaces that are held.
    fn held(&self) -> Vec<WorkspaceId> {
        let workspaces = self.workspaces.load();
        workspaces.iter().filter(|(_, held)| held.snapshot.load().is_some()).map(|(id, _)| *id).collect()
    }

    fn snapshot_of(&self, workspace: WorkspaceId) -> Option<Arc<Snapshot>> {
        self.workspaces.load().get(&workspace)?.snapshot.load_full()
    }

    fn hold(&self, workspace: WorkspaceId) {
        let _one = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspaces = HashMap::clone(&self.workspaces.load());
        if workspaces.contains_key(&workspace) {
            return;
        }
        if workspaces.len() >= WORKSPACES_MAX {
            let oldest = workspaces.iter().min_by_key(|(_, held)| held.asked_at.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                workspaces.remove(&oldest);
            }
        }
        let held = Held::default();
        held.asked_at.store(self.platform.clock.now().micros(), Ordering::Relaxed);
        workspaces.insert(workspace, Arc::new(held));
        self.workspaces.store(Arc::new(workspaces));
    }
}

//! The configuration of a workspace as devices are answered from it. Never changed; a new one takes its place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use floe_model::id::{AppId, PlacementId, ScreenFlowId, ScreenVersionId, VariantId, WorkspaceId};
use floe_model::placements::app::AppSettings;
use floe_model::placements::decide::Placement;
use floe_model::{Mode, Timestamp};

use super::kept::Kept;
use super::version::ServedVersion;

/// Everything of a workspace that an answer can be made from.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) workspace: WorkspaceId,
    /// The count of changes that it holds.
    pub(super) revision: i64,
    pub(super) apps: HashMap<AppId, Arc<ServedApp>>,
    pub(super) versions: HashMap<ScreenVersionId, Arc<ServedVersion>>,
    /// When stored assignments are read once more, because another node may have written some late.
    pub(super) look_again_at: Option<Timestamp>,
}

/// An app.
#[derive(Debug)]
pub struct ServedApp {
    /// Its id.
    pub id: AppId,
    /// What is set about it.
    pub settings: AppSettings,
    pub(super) test_users: HashSet<Box<str>>,
    pub(super) placements: HashMap<Box<str>, ServedPlacement>,
    pub(super) flows: HashMap<ScreenFlowId, ServedFlow>,
    /// The ends of answers that no placement makes.
    pub(super) ends: Ends,
}

/// A placement.
#[derive(Debug)]
pub struct ServedPlacement {
    /// Its id.
    pub id: PlacementId,
    /// Made ready for being asked.
    pub compiled: Placement,
    pub(super) ends: Ends,
    /// What an answer says of each variant.
    pub(super) variants: Vec<(VariantId, Box<str>)>,
    /// Users whose stored variant is another one than the hash gives now.
    pub(super) kept: Option<Arc<Kept>>,
}

/// A screen flow.
#[derive(Debug, Clone, Copy)]
pub struct ServedFlow {
    /// The version that was published last; none before the first.
    pub newest: Option<ScreenVersionId>,
}

/// How answers end, live and test: `"cache_ttl_seconds":300}`.
#[derive(Debug, Clone)]
pub(super) struct Ends([Box<str>; 2]);

impl Ends {
    /// With the seconds of each mode.
    pub(super) fn new(settings: &AppSettings, of_placement: Option<i64>) -> Self {
        let end = |mode| format!(r#""cache_ttl_seconds":{}}}"#, settings.ttl(of_placement, mode)).into();
        Self([end(Mode::Live), end(Mode::Test)])
    }

    pub(super) fn of(&self, mode: Mode) -> &str {
        &self.0[usize::from(mode == Mode::Test)]
    }
}

impl Snapshot {
    /// Whose configuration it is.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// An app.
    #[must_use]
    pub fn app(&self, id: AppId) -> Option<&Arc<ServedApp>> {
        self.apps.get(&id)
    }

    /// Every app, in no order.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<ServedApp>> {
        self.apps.values()
    }

    /// Makes every version ready for being sent packed. A version that is asked for before is made ready then.
    pub(super) fn pack(&self) {
        for version in self.versions.values() {
            let _ = version.packed();
        }
    }

    /// Whether it is to be made anew although nothing changed.
    pub(super) fn looks_again(&self, now: Timestamp) -> bool {
        self.look_again_at.is_some_and(|at| at <= now)
    }
}

impl ServedApp {
    /// A placement by its key.
    #[must_use]
    pub fn placement(&self, key: &str) -> Option<&ServedPlacement> {
        self.placements.get(key)
    }

    /// A screen flow.
    #[must_use]
    pub fn flow(&self, id: ScreenFlowId) -> Option<ServedFlow> {
        self.flows.get(&id).copied()
    }
}

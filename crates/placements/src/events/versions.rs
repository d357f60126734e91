//! Which flow and app a version is of. Versions never change, so what is known is known for good; it is asked of the database once a
//! process.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use floe_model::Fault;
use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use floe_runtime::Platform;
use floe_store::placements::versions;

/// Versions that are remembered; over it all are asked for again.
const KNOWN_MAX: usize = 100_000;

/// Versions of which the flow and the app are known.
#[derive(Default)]
pub(super) struct Versions(RwLock<HashMap<(WorkspaceId, ScreenVersionId), (AppId, ScreenFlowId)>>);

/// What is known of the versions of one request.
pub(super) type Known = HashMap<ScreenVersionId, (AppId, ScreenFlowId)>;

impl Versions {
    /// The apps and flows of some versions; those that are not there are left out.
    pub(super) async fn of(
        &self,
        platform: &Platform,
        workspace: WorkspaceId,
        mut asked: Vec<ScreenVersionId>,
    ) -> Result<Known, Fault> {
        asked.sort_unstable();
        asked.dedup();
        let mut known = Known::with_capacity(asked.len());
        {
            let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner);
            asked.retain(|version| match remembered.get(&(workspace, *version)) {
                Some(found) => known.insert(*version, *found).is_some(),
                None => true,
            });
        }
        if asked.is_empty() {
            return Ok(known);
        }
        let found = platform.store.read(move |tx| versions::flows_of(tx, workspace, &asked)).await?;
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() + found.len() > KNOWN_MAX {
            remembered.clear();
        }
        for (version, flow, app) in found {
            remembered.insert((workspace, version), (app, flow));
            known.insert(version, (app, flow));
        }
        Ok(known)
    }
}

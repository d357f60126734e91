//! How a snapshot is made: rows are read in one transaction, compiled, and joined with the versions that they refer to. Versions never
//! change, so those of the snapshot before are taken over and only new ones are read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use floe_model::Fault;
use floe_model::id::{AppId, AudienceId, ScreenVersionId, WorkspaceId};
use floe_model::placements::app::AppSettings;
use floe_model::placements::experiment::Status;
use floe_model::placements::filter::Filter;
use floe_store::Tx;
use floe_store::placements::apps::App;
use floe_store::placements::audiences::Audience;
use floe_store::placements::experiments::Active;
use floe_store::placements::placements::Placement;
use floe_store::placements::screen_flows::ScreenFlow;
use floe_store::placements::{apps, audiences, experiments, placements, revisions, screen_flows, versions};

use super::Serving;
use super::kept::Kept;
use super::snapshot::{Ends, ServedApp, ServedFlow, ServedPlacement, Snapshot};
use super::version::{Bases, ServedVersion};
use crate::targeting;

/// Versions that are read in one transaction: other readers get their turn in between.
const VERSIONS_READ_MAX: usize = 32;
/// Seconds after a change of weights at which stored assignments are read once more: another node has written by then what it still
/// held.
const LOOK_AGAIN_S: i64 = 3;

/// The rows of a workspace at one moment.
struct Rows {
    revision: i64,
    apps: Vec<App>,
    flows: Vec<ScreenFlow>,
    placements: Vec<Placement>,
    audiences: Vec<Audience>,
    experiments: Vec<Active>,
}

impl Rows {
    fn read(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Self, Fault> {
        Ok(Self {
            revision: revisions::of(tx, workspace)?,
            apps: apps::of_workspace(tx, workspace)?,
            flows: screen_flows::of_workspace(tx, workspace)?,
            placements: placements::of_workspace(tx, workspace)?,
            audiences: audiences::of_workspace(tx, workspace)?,
            experiments: experiments::active(tx, workspace)?,
        })
    }
}

impl Serving {
    /// Makes a snapshot from what is in the database now.
    pub(super) async fn build(
        &self,
        workspace: WorkspaceId,
        old: Option<Arc<Snapshot>>,
    ) -> Result<Arc<Snapshot>, Fault> {
        let rows = self.platform.store.read(move |tx| Rows::read(tx, workspace)).await?;
        let revision = rows.revision;
        let changed: Vec<Active> = rows
            .experiments
            .iter()
            .filter(|one| one.experiment.status == Status::Running && one.experiment.weights_changed_at.is_some())
            .cloned()
            .collect();
        let compiling = tokio::task::spawn_blocking(move || compile(&rows));
        let mut served = compiling.await.map_err(Fault::internal)?;
        let look_again_at = self.keep_assignments(workspace, &mut served, &changed, old.as_deref()).await?;
        let versions = self.versions(workspace, &served, old.as_deref()).await?;
        let apps = served.into_iter().map(|app| (app.id, Arc::new(app))).collect();
        Ok(Arc::new(Snapshot { workspace, revision, apps, versions, look_again_at }))
    }

    /// Users who keep their variants, for experiments whose weights were changed. Tells when to look once more.
    async fn keep_assignments(
        &self,
        workspace: WorkspaceId,
        served: &mut [ServedApp],
        changed: &[Active],
        old: Option<&Snapshot>,
    ) -> Result<Option<floe_model::Timestamp>, Fault> {
        if changed.is_empty() {
            return Ok(None);
        }
        // What this process still holds was given by the weights before.
        if let Err(fault) = self.flush().await {
            tracing::debug!(%fault, "assignments wait while weights change");
        }
        let now = self.platform.clock.now();
        let mut again: Option<floe_model::Timestamp> = None;
        for active in changed {
            let (app, key) = (active.experiment.app, &*active.experiment.placement_key);
            let placement = served.iter_mut().find(|one| one.id == app).and_then(|one| one.placements.get_mut(key));
            let Some(placement) = placement else { continue };
            let Some((changed_at, experiment)) =
                active.experiment.weights_changed_at.zip(placement.compiled.experiment.as_ref())
            else {
                continue;
            };
            let before = old.and_then(|old| old.app(app)?.placement(key)?.kept.clone());
            let store = &self.platform.store;
            let known = (changed_at, active.experiment.forgotten);
            let kept = Kept::read(store, workspace, experiment, known, before.as_deref(), now).await?;
            placement.kept = Some(Arc::new(kept));
            let settled_at = changed_at.plus_seconds(LOOK_AGAIN_S);
            if now < settled_at {
                again = Some(again.map_or(settled_at, |again| again.max(settled_at)));
            }
        }
        Ok(again)
    }

    /// Every version that something refers to, and the newest of each screen flow.
    async fn versions(
        &self,
        workspace: WorkspaceId,
        served: &[ServedApp],
        old: Option<&Snapshot>,
    ) -> Result<HashMap<ScreenVersionId, Arc<ServedVersion>>, Fault> {
        let of_app = |app: &ServedApp| {
            let of_placements = app.placements.values().flat_map(|placement| placement.compiled.versions());
            let newest = app.flows.values().filter_map(|flow| flow.newest);
            of_placements.chain(newest).collect::<Vec<_>>()
        };
        let wanted: HashSet<ScreenVersionId> = served.iter().flat_map(of_app).collect();
        let mut ready = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        for id in wanted {
            match old.and_then(|old| old.versions.get(&id)) {
                Some(version) => drop(ready.insert(id, Arc::clone(version))),
                None => missing.push(id),
            }
        }
        missing.sort_unstable();
        let bases = Bases::new(&self.public_url, workspace);
        for ids in missing.chunks(VERSIONS_READ_MAX) {
            let ids = ids.to_vec();
            let reading = self.platform.store.read(move |tx| {
                ids.iter().map(|id| versions::find(tx, workspace, *id)).collect::<Result<Vec<_>, Fault>>()
            });
            for version in reading.await?.into_iter().flatten() {
                ready.insert(version.head.id, ServedVersion::new(version, &bases));
            }
        }
        Ok(ready)
    }
}

/// Everything that can be computed before a user comes.
fn compile(rows: &Rows) -> Vec<ServedApp> {
    rows.apps.iter().map(|app| compile_app(app, rows)).collect()
}

fn compile_app(app: &App, rows: &Rows) -> ServedApp {
    // What cannot be read is as if nothing were set.
    let settings = AppSettings::read(&app.settings).unwrap_or_default();
    let audiences = targeting::saved(rows.audiences.iter().filter(|one| one.app == app.id)).link();
    let of_app = rows.placements.iter().filter(|one| one.app == app.id);
    let placements = of_app
        .map(|one| (one.key.as_str().into(), compile_placement(app.id, one, &settings, &audiences, &rows.experiments)))
        .collect();
    let flows = rows.flows.iter().filter(|flow| flow.app == app.id);
    let flows = flows.map(|flow| (flow.id, ServedFlow { newest: flow.newest_version })).collect();
    let test_users = settings.test_users.iter().map(|user| user.as_str().into()).collect();
    let ends = Ends::new(&settings, None);
    ServedApp { id: app.id, settings, test_users, placements, flows, ends }
}

fn compile_placement(
    app: AppId,
    row: &Placement,
    settings: &AppSettings,
    audiences: &HashMap<AudienceId, Arc<Filter>>,
    experiments: &[Active],
) -> ServedPlacement {
    let holder = experiments.iter().find(|one| one.experiment.app == app && one.experiment.placement_key == row.key);
    let compiled = targeting::placement(row, audiences, holder);
    let variants = compiled.experiment.iter().flat_map(|experiment| {
        let say = |variant: &floe_model::placements::decide::Variant| {
            (variant.id, ServedPlacement::say(experiment.id, variant.id, &variant.name))
        };
        experiment.variants.iter().map(say)
    });
    let variants = variants.collect();
    let ends = Ends::new(settings, row.cache_ttl_seconds);
    ServedPlacement { id: row.id, compiled, ends, variants, kept: None }
}

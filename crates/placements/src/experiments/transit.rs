//! The transitions of an experiment (Placements contract, section 9.3).

use floe_model::id::{AppId, ExperimentId, ScreenVersionId, VariantId, WorkspaceId};
use floe_model::placements::experiment::{Action, Status, VARIANTS_MIN};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::placements::experiments as rows;
use floe_store::placements::placements::{self, Placement};
use floe_store::placements::revisions;
use floe_store::webhooks::{self, NewMessage};
use serde_json::json;

use super::create::{note, published};
use super::{Whole, get, jobs};
use crate::placements::record;
use crate::schedules;
use crate::trail::Who;

/// Does something to an experiment. `winner` is for [`Action::DeclareWinner`].
///
/// # Errors
/// `not_found`; `validation_error` for a winner that is no variant; a conflict for what its state, its variants or its placement do not
/// allow.
pub fn transit(
    tx: &mut Tx<'_>,
    platform: &Platform,
    who: &Who,
    (app, id): (AppId, ExperimentId),
    action: Action,
    winner: Option<VariantId>,
) -> Result<Whole, Fault> {
    let (workspace, now) = (who.workspace, platform.clock.now());
    revisions::bump(tx, workspace)?;
    let mut whole = get(tx, workspace, app, id)?;
    let status = whole.experiment.status.after(action)?;
    let winning = winner.map(|id| winning_version(&whole, id)).transpose()?;
    let placement = placements::find(tx, workspace, app, &whole.experiment.placement_key)?;
    let placement = placement.ok_or_else(|| Fault::conflict("conflict", "The placement is gone"))?;
    match action {
        Action::Start => {
            can_start(tx, workspace, &whole, now)?;
            whole.experiment.started_at = Some(now);
        }
        Action::Stop | Action::DeclareWinner => whole.experiment.ended_at = Some(now),
        Action::Pause | Action::Resume => {}
    }
    whole.experiment.winner = winner;
    whole.experiment.status = status;
    whole.experiment.updated_at = now;
    rows::save(tx, workspace, &mut whole.experiment)?;
    jobs::enter(tx, platform, workspace, &whole.experiment)?;
    let act = Act { platform, who, now, action };
    act.remember(tx, &whole, &placement)?;
    if let Some(version) = winning {
        act.serve(tx, placement, version)?;
    }
    act.tell(tx, &whole)?;
    Ok(whole)
}

fn winning_version(whole: &Whole, id: VariantId) -> Result<ScreenVersionId, Fault> {
    let unknown = || Fault::field("/variant_id", "unknown", "variant_id is no variant of the experiment");
    whole.variant(id).map(|variant| variant.version).ok_or_else(unknown)
}

/// Whether an experiment has all that it needs to start.
fn can_start(tx: &mut Tx<'_>, workspace: WorkspaceId, whole: &Whole, now: Timestamp) -> Result<(), Fault> {
    let Whole { experiment, variants } = whole;
    if variants.len() < VARIANTS_MIN {
        return Err(Fault::conflict("conflict", format!("The experiment needs at least {VARIANTS_MIN} variants")));
    }
    let versions: Vec<ScreenVersionId> = variants.iter().map(|variant| variant.version).collect();
    if published(tx, workspace, experiment.app, &versions)?.len() < versions.len() {
        return Err(Fault::conflict("conflict", "A variant shows a version that is not published"));
    }
    if experiment.stop_at.is_some_and(|stop| stop <= now) {
        return Err(Fault::conflict("conflict", "stop_at is past"));
    }
    match rows::bound(tx, workspace, experiment.app, &experiment.placement_key)? {
        None => Ok(()),
        Some(other) => Err(Fault::conflict("conflict", "The placement has a running or paused experiment")
            .with_details(json!({ "experiment_id": other }))),
    }
}

/// An act on an experiment, for those who are told of it.
struct Act<'a> {
    platform: &'a Platform,
    who: &'a Who,
    now: Timestamp,
    action: Action,
}

impl Act<'_> {
    /// Past form, as the audit log and the history of the placement have it.
    fn words(&self) -> (&'static str, &'static str) {
        match self.action {
            Action::Start => ("started_experiment", "experiment_started"),
            Action::Pause => ("paused_experiment", "experiment_paused"),
            Action::Resume => ("resumed_experiment", "experiment_resumed"),
            Action::Stop => ("stopped_experiment", "experiment_stopped"),
            Action::DeclareWinner => ("declared_winner", "experiment_won"),
        }
    }

    /// Writes the act into the audit log and the history of the placement.
    fn remember(&self, tx: &mut Tx<'_>, whole: &Whole, placement: &Placement) -> Result<(), Fault> {
        let (audit, entry) = self.words();
        note(tx, self.platform, self.who, audit, whole)?;
        let Whole { experiment, .. } = whole;
        let detail =
            json!({ "experiment_id": experiment.id, "name": experiment.name, "winner_variant_id": experiment.winner });
        record(tx, self.platform, self.who, placement, entry, &detail)
    }

    /// The placement serves a version to all from now on.
    fn serve(&self, tx: &mut Tx<'_>, mut placement: Placement, version: ScreenVersionId) -> Result<(), Fault> {
        // What was to be changed before now must not come after this.
        schedules::settle(&mut placement, self.now)?;
        placement.default_version = Some(version);
        placement.updated_at = self.now;
        if !placements::update(tx, self.who.workspace, &placement)? {
            return Err(Fault::internal("a placement changed while its workspace was held"));
        }
        let detail = json!({ "default_flow_version_id": version });
        record(tx, self.platform, self.who, &placement, "attached", &detail)
    }

    /// Webhooks of the start and the end. Configuration holds for both modes, and is told of as live.
    fn tell(&self, tx: &mut Tx<'_>, whole: &Whole) -> Result<(), Fault> {
        let kind = match (self.action, whole.experiment.status) {
            (Action::Start, _) => "placements.experiment.started",
            (_, Status::Completed) => "placements.experiment.completed",
            _ => return Ok(()),
        };
        let experiment = &whole.experiment;
        let data = json!({
            "app_id": experiment.app, "experiment_id": experiment.id, "name": experiment.name,
            "placement_id": experiment.placement_key, "status": experiment.status,
            "started_at": experiment.started_at, "ended_at": experiment.ended_at,
            "winner_variant_id": experiment.winner,
        });
        let message = NewMessage { kind, subject_id: Some(experiment.id.0), data: &data.to_string(), at: self.now };
        let scope = Scope { workspace: self.who.workspace, mode: Mode::Live };
        webhooks::enqueue(tx, scope, &message, &mut || self.platform.ids.next_bits()).map(drop)
    }
}

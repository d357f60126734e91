//! New experiments: from nothing, and as copies.

use floe_model::id::{AppId, ExperimentId, ScreenVersionId, VariantId, WorkspaceId};
use floe_model::placements::app::AppSettings;
use floe_model::placements::bucket::HashVersion;
use floe_model::placements::experiment::{self as model, Metric, ProposedVariant, Status, WEIGHT_ALL};
use floe_model::{Fault, FieldProblem, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::placements::experiments::{self as rows, EXPERIMENTS_MAX, Experiment};
use floe_store::placements::variants::Variant;
use floe_store::placements::{apps, placements, revisions, versions};
use serde_json::json;

use super::{Whole, get, jobs};
use crate::trail::{self, Note, Who};

/// What a copy is called, after the name.
const COPY: &str = " (copy)";

/// An experiment as asked for.
#[derive(Debug, Clone)]
pub struct NewExperiment {
    /// What people call it.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Key of the placement.
    pub placement_key: String,
    /// What it is decided by.
    pub metric: Metric,
    /// One of the targets that can be chosen.
    pub confidence_target: f64,
    /// How users get buckets; none is what the app says.
    pub hash_version: Option<HashVersion>,
    /// Seed of the second hash; none is the id.
    pub seed: Option<String>,
    /// Share of users who take part, in hundredths of a percent.
    pub allocation: u32,
    /// When it starts by itself.
    pub start_at: Option<Timestamp>,
    /// When it stops by itself.
    pub stop_at: Option<Timestamp>,
    /// Its variants.
    pub variants: Vec<VariantIn>,
}

/// A variant as asked for. Of a known one, what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariantIn {
    /// Its id, where it is a known one.
    pub id: Option<VariantId>,
    /// What people call it.
    pub name: Option<String>,
    /// What it shows.
    pub version: Option<ScreenVersionId>,
    /// Its share in hundredths of a percent.
    pub weight: Option<u32>,
    /// Whether the others are compared with it.
    pub is_control: Option<bool>,
}

/// Adds a draft.
///
/// # Errors
/// `not_found` for the app; `validation_error` for what cannot be; a conflict when the app has too many.
pub fn create(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app_id: AppId,
    id: ExperimentId,
    new: &NewExperiment,
) -> Result<Whole, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    revisions::bump(tx, workspace)?;
    let settings = app(tx, workspace, app_id)?;
    let default = HashVersion::of_number(i64::from(settings.default_hash_version)).unwrap_or(HashVersion::V1);
    let experiment = Experiment {
        id,
        app: app_id,
        placement_key: new.placement_key.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        status: Status::Draft,
        metric: new.metric,
        confidence_target: new.confidence_target,
        hash_version: new.hash_version.unwrap_or(default),
        seed: new.seed.clone().unwrap_or_else(|| id.to_string()),
        allocation: new.allocation.min(WEIGHT_ALL),
        start_at: new.start_at,
        stop_at: new.stop_at,
        started_at: None,
        ended_at: None,
        weights_changed_at: None,
        winner: None,
        forgotten: 0,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let proposed = proposed(&new.variants, &[])?;
    let whole = Whole { experiment, variants: stored(ctx, &proposed) };
    check(tx, workspace, &whole, &proposed)?;
    add(tx, ctx, &whole, "created_experiment")?;
    Ok(whole)
}

/// Adds a draft like another experiment, in whatever state that is. It has an id of its own, and so buckets of its own.
///
/// # Errors
/// `not_found`; a conflict when the app has too many.
pub fn duplicate(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, from: ExperimentId, id: ExperimentId) -> Result<Whole, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    revisions::bump(tx, workspace)?;
    let Whole { experiment, mut variants } = get(tx, workspace, app, from)?;
    let kept: String = experiment.name.chars().take(model::NAME_MAX - COPY.len()).collect();
    for variant in &mut variants {
        variant.id = ctx.ids.next();
    }
    let experiment = Experiment {
        id,
        name: kept + COPY,
        status: Status::Draft,
        seed: id.to_string(),
        start_at: None,
        stop_at: None,
        started_at: None,
        ended_at: None,
        weights_changed_at: None,
        winner: None,
        forgotten: 0,
        revision: 1,
        created_at: now,
        updated_at: now,
        ..experiment
    };
    let whole = Whole { experiment, variants };
    add(tx, ctx, &whole, "duplicated_experiment")?;
    Ok(whole)
}

fn add(tx: &mut Tx<'_>, ctx: &Ctx, whole: &Whole, action: &str) -> Result<(), Fault> {
    let Whole { experiment, variants } = whole;
    let workspace = ctx.caller.workspace;
    if rows::count(tx, workspace, experiment.app)? >= EXPERIMENTS_MAX as i64 {
        return Err(Fault::conflict("conflict", format!("The app has {EXPERIMENTS_MAX} experiments already")));
    }
    rows::put(tx, workspace, experiment, variants)?;
    jobs::enter(tx, ctx, workspace, experiment)?;
    note(tx, ctx, &Who::caller(ctx), action, whole)
}

/// The settings of an app.
///
/// # Errors
/// `not_found`.
pub(super) fn app(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AppId) -> Result<AppSettings, Fault> {
    let app = apps::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("App"))?;
    AppSettings::read(&app.settings).ok_or_else(|| Fault::internal("the settings of an app cannot be read"))
}

/// Variants as they were asked for, filled up from the known ones that they name.
///
/// # Errors
/// `validation_error` for an id that is none of `known`, and for what is missing of a new one.
pub(super) fn proposed(variants: &[VariantIn], known: &[Variant]) -> Result<Vec<ProposedVariant>, Fault> {
    let names_control = variants.iter().any(|one| one.is_control == Some(true));
    let (mut list, mut problems) = (Vec::with_capacity(variants.len()), Vec::new());
    for (at, one) in variants.iter().enumerate() {
        let mut problem = |name: &str, code, message: String| {
            problems.push(FieldProblem::new(format!("/variants/{at}/{name}"), code, message));
        };
        let place = one.id.and_then(|id| known.iter().position(|variant| variant.id == id));
        let old = place.and_then(|place| known.get(place));
        if one.id.is_some() && old.is_none() {
            problem("id", "unknown", "id is no variant of the experiment".to_owned());
        }
        let name = one.name.clone().or_else(|| old.map(|old| old.name.clone()));
        let version = one.version.or(old.map(|old| old.version));
        let weight = one.weight.or(old.map(|old| old.weight));
        let missing = [("name", name.is_none()), ("flow_version_id", version.is_none()), ("weight", weight.is_none())];
        for (field, _) in missing.iter().filter(|(_, is_missing)| *is_missing) {
            problem(field, "required", format!("{field} is required"));
        }
        if let (Some(name), Some(version), Some(weight)) = (name, version, weight) {
            let is_control = one.is_control.unwrap_or(!names_control && place == Some(0));
            list.push(ProposedVariant { id: one.id, name, version, weight, is_control });
        }
    }
    if problems.is_empty() { Ok(list) } else { Err(Fault::validation(problems)) }
}

/// Variants as they are stored: in the order of the buckets, each with an id.
pub(super) fn stored(platform: &Platform, variants: &[ProposedVariant]) -> Vec<Variant> {
    let stored = |one: ProposedVariant| Variant {
        id: one.id.unwrap_or_else(|| platform.ids.next()),
        name: one.name,
        version: one.version,
        weight: one.weight,
    };
    model::ordered(variants).into_iter().map(stored).collect()
}

/// Whether a draft can be kept: its variants fit together, and what it names is there. `variants` is the order of the body.
///
/// # Errors
/// `validation_error` with every problem.
pub(super) fn check(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    whole: &Whole,
    variants: &[ProposedVariant],
) -> Result<(), Fault> {
    let experiment = &whole.experiment;
    let mut problems = model::check(variants, experiment.hash_version);
    if placements::find(tx, workspace, experiment.app, &experiment.placement_key)?.is_none() {
        problems.push(FieldProblem::new("/placement_id", "unknown", "placement_id is no placement of the app"));
    }
    if let (Some(start), Some(stop)) = (experiment.start_at, experiment.stop_at)
        && stop <= start
    {
        problems.push(FieldProblem::new("/stop_at", "range", "stop_at must be after start_at"));
    }
    let ids: Vec<ScreenVersionId> = variants.iter().map(|one| one.version).collect();
    let published = published(tx, workspace, experiment.app, &ids)?;
    let missing = ids.iter().enumerate().filter(|(_, id)| !published.contains(id));
    problems.extend(missing.map(|(at, _)| {
        let path = format!("/variants/{at}/flow_version_id");
        FieldProblem::new(path, "unknown", "flow_version_id is no published version of the app")
    }));
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// Those of the versions that were published in the app.
///
/// # Errors
/// Of the database.
pub(super) fn published(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    ids: &[ScreenVersionId],
) -> Result<Vec<ScreenVersionId>, Fault> {
    let found = versions::flows_of(tx, workspace, ids)?;
    Ok(found.into_iter().filter(|(_, _, of)| *of == app).map(|(id, _, _)| id).collect())
}

/// The entry in the audit log about an act on an experiment.
///
/// # Errors
/// Of the database.
pub(super) fn note(tx: &mut Tx<'_>, platform: &Platform, who: &Who, action: &str, whole: &Whole) -> Result<(), Fault> {
    let experiment = &whole.experiment;
    let variants: Vec<_> = whole
        .variants
        .iter()
        .map(|one| json!({ "id": one.id, "flow_version_id": one.version, "weight": model::percent(one.weight) }))
        .collect();
    let detail = json!({
        "app_id": experiment.app, "placement_id": experiment.placement_key, "status": experiment.status,
        "variants": variants, "winner_variant_id": experiment.winner,
    });
    trail::note(tx, platform, who, Note::new(action, "experiment", experiment.id.0, &experiment.name, detail))
}

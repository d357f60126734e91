//! Changes of experiments, and their end as records.

use floe_model::id::{AppId, ExperimentId, VariantId};
use floe_model::placements::bucket::HashVersion;
use floe_model::placements::experiment::{self as model, Metric, Proposed, ProposedVariant, Status};
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::experiments as rows;
use floe_store::placements::revisions;
use floe_store::placements::variants::{self, Variant};

use super::create::{VariantIn, check, note, proposed, stored};
use super::{Whole, get, jobs};
use crate::check_revision;
use crate::trail::Who;

/// What is changed of an experiment; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// The name.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<Option<String>>,
    /// Key of the placement.
    pub placement_key: Option<String>,
    /// What it is decided by.
    pub metric: Option<Metric>,
    /// The confidence that is wanted.
    pub confidence_target: Option<f64>,
    /// How users get buckets.
    pub hash_version: Option<HashVersion>,
    /// Seed of the second hash; none of it is the id.
    pub seed: Option<Option<String>>,
    /// Share of users who take part, in hundredths of a percent.
    pub allocation: Option<u32>,
    /// When it starts by itself.
    pub start_at: Option<Option<Timestamp>>,
    /// When it stops by itself.
    pub stop_at: Option<Option<Timestamp>>,
    /// All variants.
    pub variants: Option<Vec<VariantIn>>,
    /// Weights of single variants, in hundredths of a percent.
    pub weights: Option<Vec<(VariantId, u32)>>,
}

/// Changes an experiment: all of a draft; of one that holds its placement only the name, the description, the confidence target and the
/// weights, which hold for new users (Placements contract, section 9.3).
///
/// # Errors
/// `not_found`, `stale_revision`, `validation_error`; a conflict for what its state does not allow.
pub fn change(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    id: ExperimentId,
    expected: Option<i64>,
    patch: &Patch,
) -> Result<Whole, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    revisions::bump(tx, workspace)?;
    let before = get(tx, workspace, app, id)?;
    check_revision(before.experiment.revision, expected)?;
    let mut whole = before.clone();
    let proposed = apply(ctx, &mut whole, patch)?;
    is_allowed(&before, &whole)?;
    if whole == before {
        return Ok(before);
    }
    check(tx, workspace, &whole, &proposed)?;
    if whole.variants != before.variants {
        variants::replace(tx, workspace, id, &whole.variants)?;
        let weights = |whole: &Whole| whole.variants.iter().map(|one| one.weight).collect::<Vec<_>>();
        if whole.experiment.status.is_bound() && weights(&whole) != weights(&before) {
            whole.experiment.weights_changed_at = Some(now);
        }
    }
    whole.experiment.updated_at = now;
    rows::save(tx, workspace, &mut whole.experiment)?;
    jobs::enter(tx, ctx, workspace, &whole.experiment)?;
    note(tx, ctx, &Who::caller(ctx), "changed_experiment", &whole)?;
    Ok(whole)
}

/// Takes a draft or a completed experiment away, with all that is known of its users.
///
/// # Errors
/// `not_found`, `stale_revision`; a conflict while it holds its placement.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ExperimentId, expected: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let whole = get(tx, workspace, app, id)?;
    check_revision(whole.experiment.revision, expected)?;
    if whole.experiment.status.is_bound() {
        let state = whole.experiment.status;
        return Err(Fault::conflict("conflict", format!("The experiment is {state}: stop it first")));
    }
    rows::delete(tx, workspace, app, id)?;
    jobs::cancel(tx, id)?;
    note(tx, ctx, &Who::caller(ctx), "deleted_experiment", &whole)
}

/// Makes the change; answers the variants in the order in which the body names them, for messages.
fn apply(ctx: &Ctx, whole: &mut Whole, patch: &Patch) -> Result<Vec<ProposedVariant>, Fault> {
    let Whole { experiment, variants } = whole;
    let set = |target: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            target.clone_from(value);
        }
    };
    set(&mut experiment.name, &patch.name);
    set(&mut experiment.placement_key, &patch.placement_key);
    if let Some(description) = &patch.description {
        experiment.description.clone_from(description);
    }
    if let Some(seed) = &patch.seed {
        experiment.seed = seed.clone().unwrap_or_else(|| experiment.id.to_string());
    }
    experiment.metric = patch.metric.unwrap_or(experiment.metric);
    experiment.confidence_target = patch.confidence_target.unwrap_or(experiment.confidence_target);
    experiment.hash_version = patch.hash_version.unwrap_or(experiment.hash_version);
    experiment.allocation = patch.allocation.unwrap_or(experiment.allocation);
    experiment.start_at = patch.start_at.unwrap_or(experiment.start_at);
    experiment.stop_at = patch.stop_at.unwrap_or(experiment.stop_at);
    if let Some(list) = &patch.variants {
        let mut proposed = proposed(list, variants)?;
        if proposed.len() == variants.len() && proposed.iter().all(|one| one.id.is_some()) {
            // The same variants, in whatever order: they keep theirs, and so users keep their buckets.
            proposed.sort_by_key(|one| variants.iter().position(|variant| one.id == Some(variant.id)));
        }
        *variants = stored(ctx, &proposed);
        return Ok(proposed);
    }
    for (at, (id, weight)) in patch.weights.iter().flatten().enumerate() {
        let variant = variants.iter_mut().find(|variant| variant.id == *id);
        let unknown =
            || Fault::field(format!("/weights/{at}"), "unknown", "weights names no variant of the experiment");
        variant.ok_or_else(unknown)?.weight = *weight;
    }
    Ok(variants.iter().enumerate().map(as_proposed).collect())
}

fn as_proposed((at, one): (usize, &Variant)) -> ProposedVariant {
    let Variant { id, name, version, weight } = one.clone();
    ProposedVariant { id: Some(id), name, version, weight, is_control: at == 0 }
}

/// What the state of an experiment lets change.
fn is_allowed(before: &Whole, after: &Whole) -> Result<(), Fault> {
    let state = before.experiment.status;
    let refusal =
        |what: &str| Fault::conflict("conflict", format!("{what} cannot be changed while the experiment is {state}"));
    match state {
        Status::Draft => Ok(()),
        Status::Completed if before == after => Ok(()),
        Status::Completed => Err(refusal("Nothing")),
        Status::Running | Status::Paused => {
            let difference = model::first_difference(&fixed(before), &fixed(after));
            difference.map_or(Ok(()), |name| Err(refusal(name)))
        }
    }
}

/// What only a draft may change.
fn fixed(whole: &Whole) -> Proposed<'_> {
    let Whole { experiment, variants } = whole;
    Proposed {
        placement_key: &experiment.placement_key,
        metric: experiment.metric,
        hash_version: experiment.hash_version,
        seed: &experiment.seed,
        allocation: experiment.allocation,
        times: [experiment.start_at, experiment.stop_at],
        variants: variants.iter().map(|one| (one.id, one.name.as_str(), one.version)).collect(),
    }
}

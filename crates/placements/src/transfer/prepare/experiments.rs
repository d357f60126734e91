//! Experiments.

use std::collections::HashSet;

use floe_model::Timestamp;
use floe_model::id::{AppId, VariantId};
use floe_model::placements::bucket::HashVersion;
use floe_model::placements::experiment::{
    self, Metric, NAME_MAX, NAME_MIN, ProposedVariant, SEED_MAX, Status, VARIANTS_MIN, WEIGHT_ALL, hundredths,
};
use floe_model::placements::place_key::is_key;
use floe_store::placements::experiments::Experiment;
use floe_store::placements::overrides::{OVERRIDES_MAX, Override};
use floe_store::placements::variants::Variant;
use serde_json::Value;

use super::super::document::{ExperimentPart, OverridePart, VariantPart};
use super::{Problems, is_user};

/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 2_000;
/// Characters of the name of a variant at most.
const VARIANT_NAME_MAX: usize = 120;

type Prepared = (Experiment, Vec<Variant>, Vec<Override>);

pub(super) fn prepare(
    parts: Vec<ExperimentPart>,
    app: AppId,
    now: Timestamp,
    problems: &mut Problems,
) -> Vec<Prepared> {
    let (mut ids, mut variants) = (HashSet::new(), HashSet::new());
    let mut prepared = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("/experiments/{index}");
        problems.once(&mut ids, format!("{path}/id"), part.id);
        for (index, variant) in part.variants.iter().enumerate() {
            problems.once(&mut variants, format!("{path}/variants/{index}/id"), variant.id);
        }
        prepared.extend(one(part, app, now, &path, problems));
    }
    prepared
}

fn one(part: ExperimentPart, app: AppId, now: Timestamp, path: &str, problems: &mut Problems) -> Option<Prepared> {
    problems.text(&format!("{path}/name"), &part.name, NAME_MIN, NAME_MAX);
    problems.text(&format!("{path}/seed"), &part.seed, 1, SEED_MAX);
    if !is_key(&part.placement_id) {
        let message = "placement_id must be the key of a placement".to_owned();
        let _: Option<()> = problems.add(format!("{path}/placement_id"), "format", message);
    }
    if let Some(text) = &part.description {
        problems.text(&format!("{path}/description"), text, 0, DESCRIPTION_MAX);
    }
    let status = problems.word(&format!("{path}/status"), Status::parse(&part.status), Status::ALL);
    let metric = problems.word(&format!("{path}/primary_metric"), Metric::parse(&part.primary_metric), Metric::ALL);
    if !experiment::is_confidence_target(part.confidence_target) {
        let message = "confidence_target must be 0.9, 0.95 or 0.99".to_owned();
        let _: Option<()> = problems.add(format!("{path}/confidence_target"), "value", message);
    }
    let hash_version = HashVersion::of_number(part.hash_version)
        .or_else(|| problems.add(format!("{path}/hash_version"), "value", "hash_version must be 1 or 2".to_owned()));
    let allocation = match &part.allocation_percentage {
        Value::Null => Some(WEIGHT_ALL),
        share => hundredths(share).or_else(|| {
            let message = "allocation_percentage must be 0 to 100 in steps of 0.01".to_owned();
            problems.add(format!("{path}/allocation_percentage"), "range", message)
        }),
    };
    let variants = variants(part.variants, path, hash_version?, status?, problems);
    let known: HashSet<VariantId> = variants.iter().map(|variant| variant.id).collect();
    if part.winner_variant_id.is_some_and(|winner| !known.contains(&winner)) {
        let message = "winner_variant_id is no variant of the experiment".to_owned();
        let _: Option<()> = problems.add(format!("{path}/winner_variant_id"), "value", message);
    }
    let overrides = overrides(part.overrides, path, &known, now, problems);
    let row = Experiment {
        id: part.id,
        app,
        placement_key: part.placement_id,
        name: part.name,
        description: part.description,
        status: status?,
        metric: metric?,
        confidence_target: part.confidence_target,
        hash_version: hash_version?,
        seed: part.seed,
        allocation: allocation?,
        start_at: part.start_at,
        stop_at: part.stop_at,
        // What runs has begun at some time, and results ask when.
        started_at: part.started_at.or((status? != Status::Draft).then_some(now)),
        ended_at: part.ended_at.or((status? == Status::Completed).then_some(now)),
        weights_changed_at: part.weights_changed_at,
        winner: part.winner_variant_id,
        forgotten: 0,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    Some((row, variants, overrides))
}

fn variants(
    parts: Vec<VariantPart>,
    path: &str,
    hash_version: HashVersion,
    status: Status,
    problems: &mut Problems,
) -> Vec<Variant> {
    if status != Status::Draft && parts.len() < VARIANTS_MIN {
        let message = format!("an experiment that was started has at least {VARIANTS_MIN} variants");
        let _: Option<()> = problems.add(format!("{path}/variants"), "length", message);
    }
    let mut variants = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("{path}/variants/{index}");
        problems.text(&format!("{path}/name"), &part.name, 1, VARIANT_NAME_MAX);
        let weight = hundredths(&part.weight).or_else(|| {
            problems.add(format!("{path}/weight"), "range", "weight must be 0 to 100 in steps of 0.01".to_owned())
        });
        let weight = weight.unwrap_or(0);
        variants.push(Variant { id: part.id, name: part.name, version: part.flow_version_id, weight });
    }
    let proposed: Vec<ProposedVariant> = variants
        .iter()
        .enumerate()
        .map(|(index, one)| ProposedVariant {
            id: Some(one.id),
            name: one.name.clone(),
            version: one.version,
            weight: one.weight,
            is_control: index == 0,
        })
        .collect();
    problems.extend(path, experiment::check(&proposed, hash_version));
    variants
}

fn overrides(
    parts: Vec<OverridePart>,
    path: &str,
    known: &HashSet<VariantId>,
    now: Timestamp,
    problems: &mut Problems,
) -> Vec<Override> {
    if parts.len() > OVERRIDES_MAX {
        let message = format!("overrides must be at most {OVERRIDES_MAX}");
        let _: Option<()> = problems.add(format!("{path}/overrides"), "length", message);
        return Vec::new();
    }
    let mut users = HashSet::new();
    let mut overrides = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("{path}/overrides/{index}");
        if !is_user(&part.user_id) {
            let message = "user_id must have 1 to 256 characters".to_owned();
            let _: Option<()> = problems.add(format!("{path}/user_id"), "length", message);
        }
        problems.once(&mut users, format!("{path}/user_id"), part.user_id.clone());
        if !known.contains(&part.variant_id) {
            let message = "variant_id is no variant of the experiment".to_owned();
            let _: Option<()> = problems.add(format!("{path}/variant_id"), "value", message);
        }
        overrides.push(Override { user_id: part.user_id, variant: part.variant_id, created_at: now });
    }
    overrides
}

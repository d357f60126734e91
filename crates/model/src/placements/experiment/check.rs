//! What a request may ask of an experiment (Placements contract, section 9.1).

use std::collections::HashSet;

use super::Metric;
use super::weight::WEIGHT_ALL;
use crate::id::{ScreenVersionId, VariantId};
use crate::placements::bucket::HashVersion;
use crate::{FieldProblem, Timestamp};

/// Characters of a name at least.
pub const NAME_MIN: usize = 3;
/// Characters of a name at most.
pub const NAME_MAX: usize = 120;
/// Characters of a seed at most.
pub const SEED_MAX: usize = 256;
/// Variants that an experiment needs before it starts.
pub const VARIANTS_MIN: usize = 2;
/// Variants at most.
pub const VARIANTS_MAX: usize = 10;

/// Confidence targets that can be chosen.
const TARGETS: [f64; 3] = [0.90, 0.95, 0.99];

/// A variant as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedVariant {
    /// Its id, where it is a known one.
    pub id: Option<VariantId>,
    /// What people call it.
    pub name: String,
    /// What it shows.
    pub version: ScreenVersionId,
    /// Its share in hundredths of a percent.
    pub weight: u32,
    /// Whether the others are compared with it.
    pub is_control: bool,
}

/// What can only be changed in a draft.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed<'a> {
    /// Key of the placement.
    pub placement_key: &'a str,
    /// What it is decided by.
    pub metric: Metric,
    /// How users get buckets.
    pub hash_version: HashVersion,
    /// Seed of the second hash.
    pub seed: &'a str,
    /// Share of users who take part, in hundredths of a percent.
    pub allocation: u32,
    /// Start and stop by themselves.
    pub times: [Option<Timestamp>; 2],
    /// Id, name and version of each variant, in order.
    pub variants: Vec<(VariantId, &'a str, ScreenVersionId)>,
}

/// The first field in which two proposals differ, by its name on the wire.
#[must_use]
pub fn first_difference(one: &Proposed<'_>, other: &Proposed<'_>) -> Option<&'static str> {
    let differences = [
        ("placement_id", one.placement_key != other.placement_key),
        ("primary_metric", one.metric != other.metric),
        ("hash_version", one.hash_version != other.hash_version),
        ("seed", one.seed != other.seed),
        ("allocation_percentage", one.allocation != other.allocation),
        ("start_at", one.times[0] != other.times[0]),
        ("stop_at", one.times[1] != other.times[1]),
        ("variants", one.variants != other.variants),
    ];
    differences.into_iter().find_map(|(name, differs)| differs.then_some(name))
}

/// Whether a confidence target is one of those that can be chosen.
#[must_use]
pub fn is_confidence_target(target: f64) -> bool {
    TARGETS.contains(&target)
}

/// Problems of the variants of an experiment, by their place in the body. None at all is fine until the start.
#[must_use]
pub fn check(variants: &[ProposedVariant], hash_version: HashVersion) -> Vec<FieldProblem> {
    if variants.is_empty() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if !(VARIANTS_MIN..=VARIANTS_MAX).contains(&variants.len()) {
        let message = format!("variants must be {VARIANTS_MIN} to {VARIANTS_MAX}");
        problems.push(FieldProblem::new("/variants", "length", message));
    }
    if variants.iter().filter(|one| one.is_control).count() > 1 {
        problems.push(FieldProblem::new("/variants", "value", "variants must have one control"));
    }
    let mut seen = HashSet::new();
    let repeated = variants.iter().enumerate().filter(|(_, one)| !seen.insert(one.version));
    problems.extend(repeated.map(|(at, _)| {
        let path = format!("/variants/{at}/flow_version_id");
        FieldProblem::new(path, "value", "flow_version_id is that of another variant")
    }));
    let mut ids = HashSet::new();
    let doubled = variants.iter().enumerate().filter(|(_, one)| one.id.is_some_and(|id| !ids.insert(id)));
    problems.extend(
        doubled
            .map(|(at, _)| FieldProblem::new(format!("/variants/{at}/id"), "value", "id is that of another variant")),
    );
    let weights: Vec<u32> = variants.iter().map(|one| one.weight).collect();
    problems.extend(check_weights(&weights, hash_version, "variants"));
    problems
}

/// Problems of weights: whole percent under the first hash, and 100 percent in all.
#[must_use]
pub fn check_weights(weights: &[u32], hash_version: HashVersion, field: &str) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    if hash_version == HashVersion::V1 && weights.iter().any(|weight| !weight.is_multiple_of(100)) {
        let message = "weights must be whole percent with hash_version 1";
        problems.push(FieldProblem::new(format!("/{field}"), "value", message));
    }
    let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    if sum != u64::from(WEIGHT_ALL) {
        problems.push(FieldProblem::new(format!("/{field}"), "value", "weights must be 100 in all"));
    }
    problems
}

/// Variants in the order in which buckets are dealt out: the control first (the first one where none is named), the others as given.
#[must_use]
pub fn ordered(variants: &[ProposedVariant]) -> Vec<ProposedVariant> {
    let control = variants.iter().position(|one| one.is_control).unwrap_or(0);
    let others = variants.iter().enumerate().filter(|(at, _)| *at != control).map(|(_, one)| one);
    variants.get(control).into_iter().chain(others).cloned().collect()
}

//! From rows to what answers a resolve: saved audiences joined in, filters and rules compiled, the running experiment bound.
//!
//! The snapshot of a workspace and a simulation both come through here, so that they cannot differ.

use std::collections::HashMap;
use std::sync::Arc;

use floe_model::id::AudienceId;
use floe_model::placements::bucket::Share;
use floe_model::placements::decide::{self, RuleSpec};
use floe_model::placements::experiment::Status;
use floe_model::placements::filter::{Filter, Saved};
use floe_model::placements::{PlacementStatus, Platform, Platforms, schedule};
use floe_store::placements::audiences::Audience;
use floe_store::placements::experiments::Active;
use floe_store::placements::placements::Placement;
use serde_json::Value;

/// The saved audiences of one app, as they are read from their rows.
#[must_use]
pub fn saved<'a>(rows: impl IntoIterator<Item = &'a Audience>) -> Saved {
    Saved::new(rows.into_iter().map(|row| (row.id, Filter::stored(&json_of(&row.filter)))).collect())
}

/// A placement, ready to be asked. `audiences` are those of its app with everything joined in ([`Saved::link`]). `experiment` is the one
/// that holds the placement, if there is one; it counts only while it runs.
///
/// What cannot be read in a row serves nobody rather than everybody, and never stops the rest.
#[must_use]
pub fn placement(
    row: &Placement,
    audiences: &HashMap<AudienceId, Arc<Filter>>,
    experiment: Option<&Active>,
) -> decide::Placement {
    let mut find = |id| audiences.get(&id).cloned();
    let audience = match (&row.audience_filter, row.audience) {
        (Some(text), _) => Some(Arc::new(Filter::stored(&json_of(text)).link(&mut find))),
        (None, Some(id)) => Some(find(id).unwrap_or_else(|| Arc::new(Filter::nobody()))),
        (None, None) => None,
    };
    let rules = RuleSpec::read_all(&json_of(&row.rules), "").unwrap_or_default();
    let share = row.rollout.and_then(|rollout| u32::try_from(rollout).ok()).and_then(Share::of_hundredths);
    decide::Placement {
        id: row.id,
        status: PlacementStatus::parse(&row.status).unwrap_or(PlacementStatus::Paused),
        platforms: platforms(&row.platforms),
        default_version: row.default_version,
        audience,
        active_from: row.active_from,
        active_until: row.active_until,
        changes: schedule::read(&json_of(&row.scheduled_changes), "").unwrap_or_default().into_boxed_slice(),
        rules: rules.iter().map(|rule| rule.compile(&mut find)).collect(),
        rollout: share.map(|share| decide::Rollout::new(row.id, share, row.rollout_fallback)),
        experiment: experiment.filter(|active| active.experiment.status == Status::Running).map(running),
    }
}

/// The platforms of a row.
#[must_use]
pub fn platforms(text: &str) -> Platforms {
    let words = json_of(text);
    let words = words.as_array().map(Vec::as_slice).unwrap_or_default();
    let known: Vec<Platform> = words.iter().filter_map(Value::as_str).filter_map(Platform::parse).collect();
    Platforms::of(&known)
}

/// An experiment, ready to give users variants.
fn running(active: &Active) -> decide::Experiment {
    let row = &active.experiment;
    let variants = active.variants.iter().map(|variant| decide::Variant {
        id: variant.id,
        name: variant.name.as_str().into(),
        version: variant.version,
        weight: variant.weight,
    });
    let allocation = Share::of_hundredths(row.allocation);
    let mut experiment = decide::Experiment::new(row.id, row.hash_version, &row.seed, variants.collect(), allocation);
    experiment.forced = active.overrides.iter().map(|one| (one.user_id.as_str().into(), one.variant)).collect();
    experiment.stop_at = row.stop_at;
    experiment
}

/// The JSON of a row; null when it is damaged, which every reader here takes as nothing.
pub(crate) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

//! Bodies of experiments as they come in (placements contract, sections 9.1 and 12).

use std::collections::HashSet;

use floe_model::Fault;
use floe_model::id::{ScreenVersionId, VariantId};
use floe_model::placements::bucket::HashVersion;
use floe_model::placements::experiment::{
    Metric, NAME_MAX, NAME_MIN, SEED_MAX, VARIANTS_MAX, WEIGHT_ALL, hundredths, is_confidence_target,
};
use floe_model::placements::place_key::KEY_MAX;
use floe_placements::experiments::{NewExperiment, Patch, VariantIn};
use serde_json::Value;

use super::place_input::{read_percentage, read_time};
use crate::http::{Call, Fields};

/// Characters of a description at most.
pub(super) const DESCRIPTION_MAX: usize = 2_000;
/// Characters of an id at most, in whatever spelling.
const ID_MAX: usize = 64;
/// The target of an experiment that names none.
const TARGET: f64 = 0.95;
/// What a weight is, for messages.
const WEIGHT: &str = "weight must be a number from 0 to 100 in steps of 0.01";
/// The metrics, for messages.
const METRICS: &str = "completion_rate, conversion_rate, revenue_per_user";

/// Reads a new experiment.
///
/// # Errors
/// 400 with every problem.
pub(super) fn read_new(call: &Call) -> Result<NewExperiment, Fault> {
    let mut body = call.fields()?;
    let new = NewExperiment {
        name: body.required_text("name", NAME_MIN, NAME_MAX),
        description: body.text("description", 0, DESCRIPTION_MAX),
        placement_key: body.required_text("placement_id", 1, KEY_MAX),
        metric: body.word("primary_metric", METRICS, Metric::parse).unwrap_or(Metric::CompletionRate),
        confidence_target: target(&mut body).unwrap_or(TARGET),
        hash_version: hash_version(&mut body),
        seed: body.text("seed", 1, SEED_MAX),
        allocation: read_percentage(&mut body, "allocation_percentage").unwrap_or(WEIGHT_ALL),
        start_at: read_time(&mut body, "start_at"),
        stop_at: read_time(&mut body, "stop_at"),
        variants: variants(&mut body).unwrap_or_default(),
    };
    no_blank_name(&mut body, &new.name);
    body.finish_ignoring_unknown()?;
    Ok(new)
}

/// Reads what is to be changed. Null takes away what can be taken away, and stands for the default where there is one.
///
/// # Errors
/// 400 with every problem.
pub(super) fn read_patch(call: &Call) -> Result<Patch, Fault> {
    let mut body = call.fields()?;
    let (has_description, has_seed) = (body.has("description"), body.has("seed"));
    let (has_start, has_stop) = (body.has("start_at"), body.has("stop_at"));
    let takes_all = body.has("allocation_percentage").then_some(WEIGHT_ALL);
    let patch = Patch {
        name: body.text("name", NAME_MIN, NAME_MAX),
        description: has_description.then(|| body.text("description", 0, DESCRIPTION_MAX)),
        placement_key: body.text("placement_id", 1, KEY_MAX),
        metric: body.word("primary_metric", METRICS, Metric::parse),
        confidence_target: target(&mut body),
        hash_version: hash_version(&mut body),
        seed: has_seed.then(|| body.text("seed", 1, SEED_MAX)),
        allocation: read_percentage(&mut body, "allocation_percentage").or(takes_all),
        start_at: has_start.then(|| read_time(&mut body, "start_at")),
        stop_at: has_stop.then(|| read_time(&mut body, "stop_at")),
        variants: variants(&mut body),
        weights: weights(&mut body),
    };
    if let Some(name) = &patch.name {
        no_blank_name(&mut body, name);
    }
    if patch.variants.is_some() && patch.weights.is_some() {
        body.problem("weights", "value", "weights cannot be given together with variants");
    }
    body.finish_ignoring_unknown()?;
    Ok(patch)
}

/// The variant that a body names.
///
/// # Errors
/// 400 where it names none.
pub(super) fn read_variant(call: &Call) -> Result<VariantId, Fault> {
    let mut body = call.fields()?;
    let text = body.required_text("variant_id", 1, ID_MAX);
    let id = VariantId::parse(&text);
    if id.is_err() && !text.is_empty() {
        body.problem("variant_id", "format", "variant_id must be a UUID");
    }
    body.finish_ignoring_unknown()?;
    id.map_err(Fault::internal)
}

fn no_blank_name(body: &mut Fields, name: &str) {
    if !name.is_empty() && name.trim().chars().count() < NAME_MIN {
        body.problem("name", "length", format!("name must have {NAME_MIN} to {NAME_MAX} characters"));
    }
}

fn target(body: &mut Fields) -> Option<f64> {
    let target = body.value("confidence_target")?.as_f64().filter(|target| is_confidence_target(*target));
    if target.is_none() {
        body.problem("confidence_target", "value", "confidence_target must be one of: 0.9, 0.95, 0.99");
    }
    target
}

fn hash_version(body: &mut Fields) -> Option<HashVersion> {
    body.number("hash_version", 1, 2).and_then(HashVersion::of_number)
}

fn variants(body: &mut Fields) -> Option<Vec<VariantIn>> {
    let Value::Array(items) = body.value("variants")? else {
        body.problem("variants", "type", "variants must be a list");
        return None;
    };
    // Whoever sends more is told of the number alone.
    let items = items.iter().take(VARIANTS_MAX + 1).enumerate();
    Some(items.map(|(at, item)| variant(body, at, item)).collect())
}

/// Reads one variant; what is wrong with it is noted. Of one with an id the rest may be left out.
fn variant(body: &mut Fields, at: usize, item: &Value) -> VariantIn {
    let Some(fields) = item.as_object() else {
        body.problem(&format!("variants/{at}"), "type", "a variant must be an object");
        return VariantIn::default();
    };
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let id = given("id").map(|id| id.as_str().and_then(|text| VariantId::parse(text).ok()));
    let name = given("name").map(|name| name.as_str().filter(|name| is_name(name)).map(str::to_owned));
    let version = given("flow_version_id").map(|id| id.as_str().and_then(|text| ScreenVersionId::parse(text).ok()));
    let weight = given("weight").map(hundredths);
    let is_control = given("is_control").map(Value::as_bool);
    let name_rule = format!("name must have 1 to {NAME_MAX} characters");
    VariantIn {
        id: noted(body, at, id, ("id", "format", "id must be a UUID")),
        name: noted(body, at, name, ("name", "length", &name_rule)),
        version: noted(body, at, version, ("flow_version_id", "format", "flow_version_id must be a UUID")),
        weight: noted(body, at, weight, ("weight", "range", WEIGHT)),
        is_control: noted(body, at, is_control, ("is_control", "type", "is_control must be true or false")),
    }
}

/// A member of a variant as it was read; one that could not be read is noted.
fn noted<T>(
    body: &mut Fields,
    at: usize,
    read: Option<Option<T>>,
    (name, code, message): (&str, &'static str, &str),
) -> Option<T> {
    if matches!(read, Some(None)) {
        body.problem(&format!("variants/{at}/{name}"), code, message);
    }
    read.flatten()
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control)
}

/// Weights of variants: an object with their ids as names.
fn weights(body: &mut Fields) -> Option<Vec<(VariantId, u32)>> {
    let Value::Object(map) = body.value("weights")? else {
        body.problem("weights", "type", "weights must be an object: the id of a variant, and its weight");
        return None;
    };
    let mut seen = HashSet::new();
    let mut list = Vec::with_capacity(map.len().min(VARIANTS_MAX));
    for (id, weight) in map.iter().take(VARIANTS_MAX + 1) {
        match (VariantId::parse(id).ok().filter(|id| seen.insert(*id)), hundredths(weight)) {
            (Some(id), Some(weight)) => list.push((id, weight)),
            (None, _) => body.problem("weights", "format", "weights must name variants by their ids"),
            (Some(_), None) => {
                body.problem("weights", "range", "weights must be numbers from 0 to 100 in steps of 0.01");
            }
        }
    }
    Some(list)
}

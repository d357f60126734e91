//! What requests say about placements, filters and times, read field by field (placements contract, sections 1.1, 8 and 12).

use floe_model::id::{AudienceId, ScreenVersionId};
use floe_model::placements::app::TTL_MAX;
use floe_model::placements::decide::RuleSpec;
use floe_model::placements::experiment::hundredths;
use floe_model::placements::filter::Filter;
use floe_model::placements::place_key::is_key;
use floe_model::placements::{PlacementStatus, Platform, Platforms, schedule};
use floe_model::{FieldProblem, Timestamp};
use floe_placements::placements::Patch;
use serde_json::{Value, json};

use crate::http::Fields;

/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 500;
/// Platforms of one list at most, repeated ones counted.
const PLATFORMS_MAX: usize = 3;

/// The key of a new placement; the empty text when there is a problem.
pub(super) fn read_key(body: &mut Fields) -> String {
    if !body.has("key") {
        body.problem("key", "required", "key is required");
        return String::new();
    }
    let key = body.value("key").as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    if !is_key(&key) {
        let message = "key begins with a small letter and has up to 64 small letters, digits and underscores";
        body.problem("key", "pattern", message);
    }
    key
}

/// Reads what can be changed: what is left out stays, null empties what can be empty.
pub(super) fn read(body: &mut Fields) -> Patch {
    let patch = Patch {
        description: given(body, "description", |body, name| body.text(name, 0, DESCRIPTION_MAX)),
        platforms: read_platforms(body),
        status: body.word("status", "active, paused", PlacementStatus::parse),
        default_version: id(body, "default_flow_version_id", ScreenVersionId::parse),
        audience_filter: given(body, "audience_filter", read_filter),
        audience: id(body, "audience_id", AudienceId::parse),
        cache_ttl_seconds: given(body, "cache_ttl_seconds", |body, name| body.number(name, 0, TTL_MAX)),
        rules: read_list(body, "rules", |value| RuleSpec::read_all(value, "/rules")),
        rollout: given(body, "rollout_percentage", read_percentage),
        rollout_fallback: id(body, "rollout_fallback_version_id", ScreenVersionId::parse),
        active_from: given(body, "active_from", read_time),
        active_until: given(body, "active_until", read_time),
        scheduled_changes: read_list(body, "scheduled_changes", |value| schedule::read(value, "scheduled_changes")),
    };
    if matches!((&patch.audience_filter, &patch.audience), (Some(Some(_)), Some(Some(_)))) {
        body.problem("audience_id", "exclusive", "audience_filter and audience_id exclude each other");
    }
    patch
}

/// A field that can be emptied: `None` when it is not there, `Some(None)` when it is null or wrong.
fn given<T>(body: &mut Fields, name: &str, read: impl FnOnce(&mut Fields, &str) -> Option<T>) -> Option<Option<T>> {
    body.has(name).then(|| read(body, name))
}

/// An id that can be emptied.
pub(super) fn id<T, E>(body: &mut Fields, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<Option<T>> {
    given(body, name, |body, name| {
        let value = body.value(name)?;
        let id = value.as_str().and_then(|text| parse(text).ok());
        if id.is_none() {
            body.problem(name, "value", format!("{name} must be a UUID"));
        }
        id
    })
}

/// A list; null is the empty one.
fn read_list<T>(
    body: &mut Fields,
    name: &str,
    read: impl FnOnce(&Value) -> Result<Vec<T>, Vec<FieldProblem>>,
) -> Option<Vec<T>> {
    if !body.has(name) {
        return None;
    }
    let value = body.value(name).unwrap_or_else(|| json!([]));
    read(&value).map_err(|problems| note(body, problems)).ok()
}

fn read_platforms(body: &mut Fields) -> Option<Platforms> {
    let words = body.texts("platforms", PLATFORMS_MAX)?;
    let mut platforms = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        match Platform::parse(word) {
            Some(platform) => platforms.push(platform),
            None => {
                let message = format!("platforms[{index}] must be one of: ios, android, web");
                body.problem(&format!("platforms/{index}"), "value", message);
            }
        }
    }
    if words.is_empty() {
        body.problem("platforms", "length", "platforms must name at least one");
    }
    Some(Platforms::of(&platforms))
}

/// A filter, checked for itself.
pub(super) fn read_filter(body: &mut Fields, name: &str) -> Option<Value> {
    let value = body.value(name)?;
    match Filter::check(&value, &format!("/{name}")) {
        Ok(_) => Some(value),
        Err(problems) => {
            note(body, problems);
            None
        }
    }
}

pub(super) fn read_percentage(body: &mut Fields, name: &str) -> Option<u32> {
    let share = hundredths(&body.value(name)?);
    if share.is_none() {
        body.problem(name, "range", format!("{name} must be from 0 to 100 in steps of 0.01"));
    }
    share
}

/// An instant of RFC 3339, to the millisecond.
pub(super) fn read_time(body: &mut Fields, name: &str) -> Option<Timestamp> {
    let value = body.value(name)?;
    let time = value.as_str().and_then(Timestamp::parse).map(|time| Timestamp(time.millis().saturating_mul(1_000)));
    if time.is_none() {
        body.problem(name, "format", format!("{name} must be an RFC 3339 time"));
    }
    time
}

/// Takes over what another reader found; its paths begin with a slash.
pub(super) fn note(body: &mut Fields, problems: Vec<FieldProblem>) {
    for problem in problems {
        body.problem(problem.path.trim_start_matches('/'), problem.code, problem.message);
    }
}

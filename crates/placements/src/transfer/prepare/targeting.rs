//! Audiences and placements.

use std::collections::HashSet;

use floe_model::Timestamp;
use floe_model::id::{AppId, AudienceId, ScreenVersionId};
use floe_model::placements::app::TTL_MAX;
use floe_model::placements::decide::{RuleAudience, RuleSpec};
use floe_model::placements::experiment::hundredths;
use floe_model::placements::filter::Filter;
use floe_model::placements::place_key::is_key;
use floe_model::placements::schedule::{self, Change, ScheduledChange};
use floe_model::placements::{PlacementStatus, Platform};
use floe_store::placements::placements::Placement;
use serde_json::Value;

use super::super::document::{AudiencePart, PlacementPart};
use super::{Audience, Problems};

/// Characters of the name of an audience at most.
const NAME_MAX: usize = 120;
/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 1_000;

/// What a placement names.
#[derive(Debug, Default)]
pub(in super::super) struct References {
    /// Its place in the document.
    pub(in super::super) path: String,
    pub(in super::super) versions: Vec<ScreenVersionId>,
    pub(in super::super) audiences: Vec<AudienceId>,
    pub(in super::super) filters: Vec<Filter>,
    pub(in super::super) changes: Vec<ScheduledChange>,
}

pub(super) fn audiences(parts: Vec<AudiencePart>, problems: &mut Problems) -> Vec<Audience> {
    let mut seen = HashSet::new();
    let mut prepared = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("/audiences/{index}");
        problems.once(&mut seen, format!("{path}/id"), part.id);
        problems.text(&format!("{path}/name"), &part.name, 1, NAME_MAX);
        match Filter::check(&part.filter, &format!("{path}/filter")) {
            Ok(read) => {
                prepared.push(Audience { id: part.id, name: part.name, filter: part.filter.to_string(), read });
            }
            Err(found) => problems.extend("", found),
        }
    }
    prepared
}

pub(super) fn placements(
    parts: Vec<PlacementPart>,
    app: AppId,
    now: Timestamp,
    problems: &mut Problems,
) -> Vec<(Placement, References)> {
    let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
    let mut prepared = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let path = format!("/placements/{index}");
        problems.once(&mut ids, format!("{path}/id"), part.id);
        problems.once(&mut keys, format!("{path}/key"), part.key.clone());
        prepared.extend(placement(part, app, now, path, problems));
    }
    prepared
}

fn placement(
    part: PlacementPart,
    app: AppId,
    now: Timestamp,
    path: String,
    problems: &mut Problems,
) -> Option<(Placement, References)> {
    check_plain(&part, &path, problems);
    let status = problems.word(&format!("{path}/status"), PlacementStatus::parse(&part.status), PlacementStatus::ALL);
    let platforms = platforms(&part.platforms, &path, problems);
    let rollout = match &part.rollout_percentage {
        Value::Null => None,
        share => hundredths(share).or_else(|| {
            let message = "rollout_percentage must be 0 to 100 in steps of 0.01".to_owned();
            problems.add(format!("{path}/rollout_percentage"), "range", message)
        }),
    };
    let mut found = References { path, ..References::default() };
    found.versions.extend(part.default_flow_version_id);
    found.versions.extend(part.rollout_fallback_version_id);
    found.audiences.extend(part.audience_id);
    let filter = filter(&part, &mut found, problems);
    let rules = rules(&part.rules, &mut found, problems);
    changes(&part.scheduled_changes, &mut found, problems);
    let row = Placement {
        app,
        id: part.id,
        key: part.key,
        description: part.description,
        platforms: platforms?,
        status: status?.as_str().to_owned(),
        default_version: part.default_flow_version_id,
        audience_filter: filter,
        audience: part.audience_id,
        cache_ttl_seconds: part.cache_ttl_seconds,
        rules,
        rollout: rollout.map(i64::from),
        rollout_fallback: part.rollout_fallback_version_id,
        active_from: part.active_from,
        active_until: part.active_until,
        scheduled_changes: schedule::write(&found.changes).to_string(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    Some((row, found))
}

fn check_plain(part: &PlacementPart, path: &str, problems: &mut Problems) {
    if !is_key(&part.key) {
        let message = "key must be a-z, then a-z, 0-9 and _, 64 characters at most".to_owned();
        let _: Option<()> = problems.add(format!("{path}/key"), "format", message);
    }
    if let Some(text) = &part.description {
        problems.text(&format!("{path}/description"), text, 0, DESCRIPTION_MAX);
    }
    if part.cache_ttl_seconds.is_some_and(|ttl| !(0..=TTL_MAX).contains(&ttl)) {
        let message = format!("cache_ttl_seconds must be 0 to {TTL_MAX}");
        let _: Option<()> = problems.add(format!("{path}/cache_ttl_seconds"), "range", message);
    }
    if let (Some(from), Some(until)) = (part.active_from, part.active_until)
        && from >= until
    {
        let message = "active_until must be after active_from".to_owned();
        let _: Option<()> = problems.add(format!("{path}/active_until"), "range", message);
    }
}

/// The JSON list that is stored.
fn platforms(words: &[String], path: &str, problems: &mut Problems) -> Option<String> {
    let found: Option<Vec<Platform>> = words.iter().map(|word| Platform::parse(word)).collect();
    match found {
        Some(found) if !found.is_empty() => {
            let in_order: Vec<&str> =
                Platform::ALL.iter().filter(|one| found.contains(one)).map(|one| one.as_str()).collect();
            serde_json::to_string(&in_order).ok()
        }
        _ => {
            let message = "platforms must name at least one of: ios, android, web".to_owned();
            problems.add(format!("{path}/platforms"), "value", message)
        }
    }
}

fn filter(part: &PlacementPart, found: &mut References, problems: &mut Problems) -> Option<String> {
    if part.audience_filter.is_null() {
        return None;
    }
    let path = format!("{}/audience_filter", found.path);
    if part.audience_id.is_some() {
        return problems.add(path, "value", "audience_filter and audience_id exclude each other".to_owned());
    }
    match Filter::check(&part.audience_filter, &path) {
        Ok(filter) => found.filters.push(filter),
        Err(wrong) => problems.extend("", wrong),
    }
    Some(part.audience_filter.to_string())
}

/// The JSON list that is stored.
fn rules(value: &Value, found: &mut References, problems: &mut Problems) -> String {
    let rules = RuleSpec::read_all(value, &format!("{}/rules", found.path)).unwrap_or_else(|wrong| {
        problems.extend("", wrong);
        Vec::new()
    });
    for (index, rule) in rules.iter().enumerate() {
        found.versions.push(rule.version);
        if rule.id.is_none() {
            let path = format!("{}/rules/{index}/id", found.path);
            let _: Option<()> = problems.add(path, "required", "id is required".to_owned());
        }
        match &rule.audience {
            RuleAudience::Saved(id) => found.audiences.push(*id),
            RuleAudience::Filter(filter) => found.filters.push(Filter::stored(filter)),
        }
    }
    Value::Array(rules.iter().map(RuleSpec::to_value).collect()).to_string()
}

fn changes(value: &Value, found: &mut References, problems: &mut Problems) {
    if value.is_null() {
        return;
    }
    let field = format!("{}/scheduled_changes", found.path);
    match schedule::read(value, field.trim_start_matches('/')) {
        Ok(changes) => {
            found.versions.extend(changes.iter().filter_map(|one| match one.change {
                Change::Default(version) => version,
                Change::Status(_) => None,
            }));
            found.changes = changes;
        }
        Err(wrong) => problems.extend("", wrong),
    }
}

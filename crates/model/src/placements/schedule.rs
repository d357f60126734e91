//! Changes of a placement that are made by themselves at set times: `scheduled_changes` (Placements contract, section 14).

use serde_json::{Map, Value, json};

use super::PlacementStatus;
use crate::id::ScreenVersionId;
use crate::{FieldProblem, Timestamp};

/// Changes of one placement at most.
pub const CHANGES_MAX: usize = 100;

/// One change and its time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledChange {
    /// When it is made.
    pub at: Timestamp,
    /// What is changed.
    pub change: Change,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The version that the placement serves; none is none.
    Default(Option<ScreenVersionId>),
    /// Whether it serves.
    Status(PlacementStatus),
}

/// Reads a list as it is sent and stored, and sorts it by time; `field` is its path in the body, without a leading slash.
///
/// # Errors
/// Every problem of the list.
pub fn read(list: &Value, field: &str) -> Result<Vec<ScheduledChange>, Vec<FieldProblem>> {
    let problem = |place: &str, code, message: &str| vec![FieldProblem::new(format!("/{field}{place}"), code, message)];
    let Value::Array(items) = list else {
        return Err(problem("", "type", "scheduled_changes must be a list"));
    };
    if items.len() > CHANGES_MAX {
        return Err(problem("", "length", &format!("scheduled_changes holds more than {CHANGES_MAX} entries")));
    }
    let (mut changes, mut problems) = (Vec::with_capacity(items.len()), Vec::new());
    for (number, item) in items.iter().enumerate() {
        match read_one(item) {
            Ok(change) => changes.push(change),
            Err((name, code, message)) => problems.extend(problem(&format!("/{number}{name}"), code, message)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // A stable order: of two changes at one instant the later one in the list is made last.
    changes.sort_by_key(|one| one.at);
    Ok(changes)
}

fn read_one(item: &Value) -> Result<ScheduledChange, (&'static str, &'static str, &'static str)> {
    let Value::Object(fields) = item else { return Err(("", "type", "a scheduled change must be an object")) };
    let at = match fields.get("at") {
        None | Some(Value::Null) => return Err(("/at", "required", "at is required")),
        Some(at) => at.as_str().and_then(Timestamp::parse).ok_or(("/at", "format", "at must be an RFC 3339 time"))?,
    };
    let at = Timestamp(at.millis().saturating_mul(1_000));
    Ok(ScheduledChange { at, change: read_change(fields)? })
}

fn read_change(fields: &Map<String, Value>) -> Result<Change, (&'static str, &'static str, &'static str)> {
    const VERSION: &str = "default_flow_version_id";
    match (fields.get(VERSION), fields.get("status").filter(|status| !status.is_null())) {
        (Some(Value::String(id)), None) => ScreenVersionId::parse(id)
            .map(|id| Change::Default(Some(id)))
            .map_err(|_| ("/default_flow_version_id", "format", "default_flow_version_id must be an id")),
        // Here null is a value: no default from then on.
        (Some(Value::Null), None) => Ok(Change::Default(None)),
        (Some(_), None) => Err(("/default_flow_version_id", "type", "default_flow_version_id must be an id")),
        (None | Some(Value::Null), Some(word)) => word
            .as_str()
            .and_then(PlacementStatus::parse)
            .map(Change::Status)
            .ok_or(("/status", "value", "status must be one of: active, paused")),
        _ => Err(("", "value", "a scheduled change needs either default_flow_version_id or status")),
    }
}

/// The list as it is sent and stored.
#[must_use]
pub fn write(changes: &[ScheduledChange]) -> Value {
    let one = |one: &ScheduledChange| match one.change {
        Change::Default(id) => json!({ "at": one.at, "default_flow_version_id": id }),
        Change::Status(status) => json!({ "at": one.at, "status": status }),
    };
    changes.iter().map(one).collect()
}

/// What is due by now, in the order in which it is made, and what comes later.
#[must_use]
pub fn due(changes: &[ScheduledChange], now: Timestamp) -> (&[ScheduledChange], &[ScheduledChange]) {
    changes.split_at(changes.partition_point(|one| one.at <= now))
}

/// Makes changes one after the other.
pub fn apply(changes: &[ScheduledChange], default: &mut Option<ScreenVersionId>, status: &mut PlacementStatus) {
    for one in changes {
        match one.change {
            Change::Default(id) => *default = id,
            Change::Status(word) => *status = word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_sorted_and_written_again() {
        let id = ScreenVersionId(7);
        let list = json!([
            { "at": "2026-02-01T00:00:00.5+01:00", "status": "paused" },
            { "at": "2026-01-01T00:00:00Z", "default_flow_version_id": id },
            { "at": "2026-03-01T00:00:00Z", "default_flow_version_id": null },
        ]);
        let changes = read(&list, "scheduled_changes").expect("a good list");
        assert_eq!(
            changes.iter().map(|one| one.change).collect::<Vec<_>>(),
            [Change::Default(Some(id)), Change::Status(PlacementStatus::Paused), Change::Default(None),]
        );
        assert_eq!(read(&write(&changes), "x").expect("its own writing"), changes);
        let (before, after) = due(&changes, changes[1].at);
        assert_eq!((before.len(), after.len()), (2, 1), "what is at this instant is due");
        let (mut default, mut status) = (None, PlacementStatus::Active);
        apply(before, &mut default, &mut status);
        assert_eq!((default, status), (Some(id), PlacementStatus::Paused));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (json!({}), "/c"),
            (json!([1]), "/c/0"),
            (json!([{ "status": "paused" }]), "/c/0/at"),
            (json!([{ "at": "tomorrow", "status": "paused" }]), "/c/0/at"),
            (json!([{ "at": "2026-01-01T00:00:00Z" }]), "/c/0"),
            (json!([{ "at": "2026-01-01T00:00:00Z", "status": "gone" }]), "/c/0/status"),
            (json!([{ "at": "2026-01-01T00:00:00Z", "default_flow_version_id": 1 }]), "/c/0/default_flow_version_id"),
            (json!([{ "at": "2026-01-01T00:00:00Z", "default_flow_version_id": "x", "status": "paused" }]), "/c/0"),
            (Value::Array(vec![Value::Null; CHANGES_MAX + 1]), "/c"),
        ];
        for (list, path) in cases {
            let problems = read(&list, "c").expect_err("a wrong list");
            assert_eq!(problems.first().map(|one| one.path.as_str()), Some(path), "{list}");
        }
    }
}

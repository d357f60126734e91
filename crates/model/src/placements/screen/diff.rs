//! What is different between two versions, as JSON pointers.
//!
//! Items of arrays that all have an `id` of their own are compared with the item of the same id: a screen that was put in front does not
//! make every later one look changed. Items of other arrays are compared by position.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::place::Place;

/// The differences; each list is in the order of its document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Pointers into the new document: what the old one does not have.
    pub added: Vec<String>,
    /// Pointers into the old document: what the new one does not have any more.
    pub removed: Vec<String>,
    /// Pointers into the new document: values that are different, and arrays whose items changed their order.
    pub changed: Vec<String>,
}

/// Compares two documents. Each difference is named once, at the smallest part that shows it.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Diff {
    let mut diff = Diff::default();
    compare(&mut diff, (&Place::TOP, old), (&Place::TOP, new));
    diff
}

fn compare(diff: &mut Diff, (old_place, old): (&Place<'_>, &Value), (new_place, new): (&Place<'_>, &Value)) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                let place = new_place.member(name);
                match old.get(name) {
                    Some(before) => compare(diff, (&old_place.member(name), before), (&place, value)),
                    None => diff.added.push(place.pointer()),
                }
            }
            let gone = old.keys().filter(|name| !new.contains_key(*name));
            diff.removed.extend(gone.map(|name| old_place.member(name).pointer()));
        }
        (Value::Array(old), Value::Array(new)) => match (by_id(old), by_id(new)) {
            (Some(old_ids), Some(new_ids)) => {
                let pairs = Pairs { old, new, old_ids: &old_ids, new_ids: &new_ids };
                compare_by_id(diff, old_place, new_place, &pairs);
            }
            _ => compare_by_position(diff, (old_place, old), (new_place, new)),
        },
        _ if old != new => diff.changed.push(new_place.pointer()),
        _ => {}
    }
}

struct Pairs<'a> {
    old: &'a [Value],
    new: &'a [Value],
    old_ids: &'a HashMap<&'a str, usize>,
    new_ids: &'a HashMap<&'a str, usize>,
}

fn compare_by_id(diff: &mut Diff, old_place: &Place<'_>, new_place: &Place<'_>, pairs: &Pairs<'_>) {
    let mut last_seen = None;
    let mut is_reordered = false;
    for (index, value) in pairs.new.iter().enumerate() {
        let place = new_place.item(index);
        let Some(&before) = id_of(value).and_then(|id| pairs.old_ids.get(id)) else {
            diff.added.push(place.pointer());
            continue;
        };
        is_reordered |= last_seen.is_some_and(|last| before < last);
        last_seen = Some(before);
        compare(diff, (&old_place.item(before), &pairs.old[before]), (&place, value));
    }
    if is_reordered {
        diff.changed.push(new_place.pointer());
    }
    for (index, value) in pairs.old.iter().enumerate() {
        if id_of(value).is_none_or(|id| !pairs.new_ids.contains_key(id)) {
            diff.removed.push(old_place.item(index).pointer());
        }
    }
}

fn compare_by_position(
    diff: &mut Diff,
    (old_place, old): (&Place<'_>, &[Value]),
    (new_place, new): (&Place<'_>, &[Value]),
) {
    for (index, value) in new.iter().enumerate() {
        let place = new_place.item(index);
        match old.get(index) {
            Some(before) => compare(diff, (&old_place.item(index), before), (&place, value)),
            None => diff.added.push(place.pointer()),
        }
    }
    diff.removed.extend((new.len()..old.len()).map(|index| old_place.item(index).pointer()));
}

/// The items by their ids, when each has one of its own and there is at least one.
fn by_id(items: &[Value]) -> Option<HashMap<&str, usize>> {
    let mut ids = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if ids.insert(id_of(item)?, index).is_some() {
            return None;
        }
    }
    Some(ids)
}

fn id_of(item: &Value) -> Option<&str> {
    item.get("id").and_then(Value::as_str)
}

//! Table `placement_event_days`: sums of events by UTC day and by everything by which numbers are narrowed down.

use std::collections::BTreeMap;

use floe_model::Fault;
use floe_model::id::{AppId, WorkspaceId};
use floe_model::placements::event::Entry;

use crate::{Tx, Value, params, statements};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Columns of a row.
const COLUMNS: usize = 18;

statements! {
    /// Adds to sums.
    ADD = bulk(
        "insert into placement_event_days as t (workspace_id, mode, app_id, day, event_type, placement_id, flow_id, flow_version_id,
             device_platform, country, app_version, experiment_id, variant_id, is_debug, reason, currency, events, revenue)",
        [id, text, id, int, text, text, id, id, text, text, text, text, text, bool, text, text, int, float],
        "on conflict (workspace_id, mode, app_id, day, event_type, placement_id, flow_id, flow_version_id, device_platform, country,
             app_version, experiment_id, variant_id, is_debug, reason, currency)
         do update set events = t.events + excluded.events, revenue = t.revenue + excluded.revenue"
    );
    /// Removes sums of an app.
    DELETE = both(
        "delete from placement_event_days where workspace_id = $1 and mode in ('live', 'test') and app_id = $2 and day in (
             select day from placement_event_days where workspace_id = $1 and mode in ('live', 'test') and app_id = $2
             order by day limit 1)"
    );
}

/// What a sum is over. The order is the order in which rows are written, so that writers that meet do not wait for each other in a
/// circle.
type Key<'a> = ([u128; 4], &'static str, i64, [&'a str; 9], bool);

/// Counts events into the sums.
///
/// # Errors
/// Of the database.
pub fn count<'a>(tx: &mut Tx<'_>, entries: impl Iterator<Item = &'a Entry<'a>>) -> Result<(), Fault> {
    let mut sums: BTreeMap<Key<'_>, (i64, f64)> = BTreeMap::new();
    for entry in entries {
        let sum = sums.entry(key(entry)).or_default();
        *sum = (sum.0 + 1, sum.1 + entry.event.revenue.unwrap_or(0.0));
    }
    let rows: Vec<[Value<'_>; COLUMNS]> = sums.iter().map(|(key, sum)| values(key, *sum)).collect();
    tx.bulk_later(&ADD, &rows)
}

fn key<'a>(Entry { scope, event, .. }: &'a Entry<'_>) -> Key<'a> {
    let ids = [scope.workspace.0, event.app.0, event.flow.map_or(0, |id| id.0), event.version.map_or(0, |id| id.0)];
    let texts = [
        event.kind.as_ref(),
        event.placement.as_deref().unwrap_or_default(),
        event.platform.as_str(),
        event.country.as_deref().unwrap_or_default(),
        event.app_version.as_deref().unwrap_or_default(),
        event.experiment.as_deref().unwrap_or_default(),
        event.variant.as_deref().unwrap_or_default(),
        event.reason.as_deref().unwrap_or_default(),
        event.currency.as_deref().unwrap_or_default(),
    ];
    (ids, scope.mode.as_str(), event.at.micros().div_euclid(DAY), texts, event.is_debug)
}

fn values<'v>((ids, mode, day, texts, is_debug): &Key<'v>, (events, revenue): (i64, f64)) -> [Value<'v>; COLUMNS] {
    let [workspace, app, flow, version] = ids.map(Value::Id);
    let [kind, placement, platform, country, app_version, experiment, variant, reason, currency] =
        texts.map(Value::Text);
    [
        workspace,
        Value::Text(mode),
        app,
        Value::Int(*day),
        kind,
        placement,
        flow,
        version,
        platform,
        country,
        app_version,
        experiment,
        variant,
        Value::Bool(*is_debug),
        reason,
        currency,
        Value::Int(events),
        Value::Float(revenue),
    ]
}

/// Removes the sums of one day of an app that is gone, and tells how many.
///
/// # Errors
/// Of the database.
pub fn remove_day(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<u64, Fault> {
    tx.execute(&DELETE, params![workspace, app.0])
}

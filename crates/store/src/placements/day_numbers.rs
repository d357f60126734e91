//! Numbers from the table `placement_event_days`: whatever is a count or a sum of events (Placements contract, section 13).

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_model::placements::numbers::{DaySum, Filter};
use floe_model::{Fault, Scope};

use crate::{Tx, Value, params, statements};

/// Placements or versions that are told apart in one answer.
pub const PARTS_MAX: usize = 200;

/// What happened at one placement, or with one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// Which one.
    pub of: T,
    /// `flow_start`.
    pub impressions: i64,
    /// `flow_complete`.
    pub completions: i64,
    /// `resolve_no_flow`.
    pub no_flow: i64,
}

/// Days from `$4` to `$5`, and whatever else was asked for.
macro_rules! narrowed {
    () => {
        " from placement_event_days where workspace_id = $1 and mode = $2 and app_id = $3 and day >= $4 and day <= $5
         and (placement_id = $6 or $6 is null) and (flow_id = $7 or $7 is null) and (flow_version_id = $8 or $8 is null)
         and (device_platform = $9 or $9 is null) and (country = $10 or $10 is null) and (app_version = $11 or $11 is null)
         and (experiment_id = $12 or $12 is null) and (variant_id = $13 or $13 is null) and ($14 or not is_debug)"
    };
}

/// The three counts of a part.
macro_rules! counts {
    () => {
        "cast(sum(case when event_type = 'flow_start' then events else 0 end) as bigint),
         cast(sum(case when event_type = 'flow_complete' then events else 0 end) as bigint),
         cast(sum(case when event_type = 'resolve_no_flow' then events else 0 end) as bigint)"
    };
}

statements! {
    /// Sums of days.
    DAYS = both(concat!(
        "select day, event_type, reason, currency, cast(sum(events) as bigint), sum(revenue)", narrowed!(),
        " and event_type in ('flow_start', 'flow_complete', 'flow_exit', 'conversion', 'resolve_no_flow')
         group by day, event_type, reason, currency order by day, event_type, reason, currency"
    )) -> [int, text, text, text, int, float];
    /// Counts by placement, the most shown first.
    PLACEMENTS = both(concat!(
        "select placement_id, ", counts!(), narrowed!(),
        " and event_type in ('flow_start', 'flow_complete', 'resolve_no_flow')
         group by placement_id order by 2 desc, placement_id limit $15"
    )) -> [text, int, int, int];
    /// Counts by version, the most shown first.
    VERSIONS = both(concat!(
        "select flow_id, flow_version_id, ", counts!(), narrowed!(),
        " and event_type in ('flow_start', 'flow_complete')
         group by flow_id, flow_version_id order by 3 desc, flow_version_id limit $15"
    )) -> [id, id, int, int, int];
}

/// Sums by day, type, reason and currency.
///
/// # Errors
/// Of the database.
pub fn days(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<DaySum>, Fault> {
    tx.rows(&DAYS, &values(scope, app, filter), |row| {
        Ok(DaySum {
            day: row.int(0)?,
            event_type: row.string(1)?,
            reason: row.string(2)?,
            currency: row.string(3)?,
            events: row.int(4)?,
            revenue: row.float(5)?,
        })
    })
}

/// Counts by placement, by its key; events without one are under the empty text. [`PARTS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn placements(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<Part<String>>, Fault> {
    tx.rows(&PLACEMENTS, &limited(scope, app, filter), |row| {
        Ok(Part { of: row.string(0)?, impressions: row.int(1)?, completions: row.int(2)?, no_flow: row.int(3)? })
    })
}

/// Counts by version. [`PARTS_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn versions(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    filter: &Filter,
) -> Result<Vec<Part<(ScreenFlowId, ScreenVersionId)>>, Fault> {
    tx.rows(&VERSIONS, &limited(scope, app, filter), |row| {
        let of = (ScreenFlowId(row.id(0)?), ScreenVersionId(row.id(1)?));
        Ok(Part { of, impressions: row.int(2)?, completions: row.int(3)?, no_flow: row.int(4)? })
    })
}

fn values(scope: Scope, app: AppId, filter: &Filter) -> Vec<Value<'_>> {
    params![
        scope.workspace,
        scope.mode,
        app,
        filter.period.first,
        filter.period.last,
        &filter.placement,
        filter.flow,
        filter.version,
        filter.platform.map(|platform| platform.as_str()),
        &filter.country,
        &filter.app_version,
        &filter.experiment,
        &filter.variant,
        filter.with_debug
    ]
    .to_vec()
}

fn limited(scope: Scope, app: AppId, filter: &Filter) -> Vec<Value<'_>> {
    let mut values = values(scope, app, filter);
    values.push(PARTS_MAX.into());
    values
}

//! What the statements over `placement_events` have in common: which events are counted.

use floe_model::id::AppId;
use floe_model::placements::numbers::Filter;
use floe_model::{Scope, Timestamp};

use crate::{Value, params};

/// Events `e` from `$4` until before `$5`, and whatever else was asked for.
macro_rules! narrowed {
    () => {
        " from placement_events e where e.workspace_id = $1 and e.mode = $2 and e.app_id = $3 and e.at >= $4 and e.at < $5
         and (e.placement_id = $6 or $6 is null) and (e.flow_id = $7 or $7 is null) and (e.flow_version_id = $8 or $8 is null)
         and (e.device_platform = $9 or $9 is null) and (e.country = $10 or $10 is null)
         and (e.app_version = $11 or $11 is null) and (e.experiment_id = $12 or $12 is null)
         and (e.variant_id = $13 or $13 is null) and ($14 or not e.is_debug)"
    };
}
pub(super) use narrowed;

/// The values of `narrowed!`, with another beginning than that of the period.
pub(super) fn values(scope: Scope, app: AppId, filter: &Filter, begins: Timestamp) -> Vec<Value<'_>> {
    params![
        scope.workspace,
        scope.mode,
        app,
        begins,
        filter.period.ends(),
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

//! Reading triggers.

use floe_model::flows::trigger::{TriggerConfig, TriggerKind, next_times};
use floe_model::flows::{Level, ScheduleSource};
use floe_model::id::{FlowId, TriggerId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::schedules::{self, ScheduleRow};
use floe_store::flows::triggers::{self, TriggerFilter, TriggerRow};
use serde_json::{Map, Value};

use super::fire::{config_of, stored_config};
use crate::definitions::{access_of, may};
use crate::workflows;
use crate::workflows::ids::is_given_text;

/// Ticks that are shown of a schedule (console contract, section 5.3).
const NEXT_FIRES: usize = 5;

/// A trigger as it is shown, with what it starts.
#[derive(Debug, Clone)]
pub struct Shown {
    /// It.
    pub trigger: TriggerRow,
    /// Its configuration.
    pub config: Map<String, Value>,
    /// The id under which the workflow API shows what it starts.
    pub workflow_id: String,
    /// The name of that.
    pub workflow_name: String,
    /// The schedule of a flow, which is shown as a trigger and changed with the flow.
    pub schedule: Option<ScheduleRow>,
}

/// The id under which a trigger is shown.
#[must_use]
pub fn shown_id(row: &TriggerRow) -> String {
    row.alias.clone().unwrap_or_else(|| row.id.prefixed())
}

/// The id under which the trigger of that id is shown, also when it is no more.
///
/// # Errors
/// Of the database.
pub(crate) fn shown_id_of(tx: &mut Tx<'_>, id: TriggerId) -> Result<String, Fault> {
    Ok(triggers::by_id(tx, id)?.map_or_else(|| id.prefixed(), |row| shown_id(&row)))
}

/// The trigger that a text names: by its id in either spelling, or by the id that was given. Looks at no permission.
///
/// # Errors
/// 404.
pub fn find_id(tx: &mut Tx<'_>, workspace: WorkspaceId, text: &str) -> Result<TriggerId, Fault> {
    let given = if is_given_text(text) { triggers::by_alias(tx, text)? } else { None };
    if let Some(row) = given.filter(|row| row.workspace == workspace) {
        return Ok(row.id);
    }
    TriggerId::parse(text).map_err(|_| Fault::not_found("Trigger"))
}

/// One trigger that the caller may see. The schedule of a flow has the id of the flow.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, id: TriggerId) -> Result<Shown, Fault> {
    let missing = || Fault::not_found("Trigger");
    let workspace = ctx.caller.workspace;
    let row = match triggers::find(tx, workspace, id)? {
        Some(row) => row,
        None => {
            let schedule = schedules::find(tx, workspace, FlowId(id.0))?.filter(|schedule| schedule.active);
            return of_schedule(tx, ctx, schedule.ok_or_else(missing)?)?.ok_or_else(missing);
        }
    };
    shown(tx, ctx, row)?.ok_or_else(missing)
}

/// A page of the workflow API: newest first; of one automation or kind.
///
/// # Errors
/// Of the database.
pub fn page(tx: &mut Tx<'_>, ctx: &Ctx, filter: TriggerFilter, skip: u64, limit: usize) -> Result<Vec<Shown>, Fault> {
    let rows = triggers::page(tx, ctx.caller.workspace, filter, skip, limit)?;
    let shown = rows.into_iter().map(|row| shown(tx, ctx, row)).collect::<Result<Vec<_>, Fault>>()?;
    Ok(shown.into_iter().flatten().collect())
}

/// How many triggers a filter finds, without schedules of flows.
///
/// # Errors
/// Of the database.
pub fn total(tx: &mut Tx<'_>, ctx: &Ctx, filter: TriggerFilter) -> Result<u64, Fault> {
    triggers::count(tx, ctx.caller.workspace, filter)
}

/// How many triggers a filter finds, schedules of flows among them.
///
/// # Errors
/// Of the database.
pub fn total_with_schedules(tx: &mut Tx<'_>, ctx: &Ctx, filter: TriggerFilter) -> Result<i64, Fault> {
    let own = total(tx, ctx, filter)?;
    let more = if takes_schedules(filter) { schedules::count(tx, ctx.caller.workspace, filter.flow)? } else { 0 };
    Ok(i64::try_from(own.saturating_add(more)).unwrap_or(i64::MAX))
}

/// Whether schedules of flows are among what a filter finds; those that are cancelled are not told at all.
fn takes_schedules(filter: TriggerFilter) -> bool {
    filter.kind.is_none_or(|kind| kind == TriggerKind::Schedule) && filter.enabled != Some(false)
}

/// Up to `limit` triggers of the console below an id, highest first, schedules of flows among them. Those that the caller may not see are
/// left out; the second value says where the next page begins, if there is one.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: TriggerFilter,
    below: Option<u128>,
    limit: usize,
) -> Result<(Vec<Shown>, Option<u128>), Fault> {
    let workspace = ctx.caller.workspace;
    let rows = triggers::below(tx, workspace, filter, below, limit + 1)?;
    let schedules = match takes_schedules(filter) {
        true => schedules::below(tx, workspace, filter.flow, below.map(FlowId), limit + 1)?,
        false => Vec::new(),
    };
    let mut all: Vec<(u128, Result<TriggerRow, ScheduleRow>)> =
        rows.into_iter().map(|row| (row.id.0, Ok(row))).collect();
    all.extend(schedules.into_iter().map(|schedule| (schedule.flow.0, Err(schedule))));
    all.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().map(|(id, _)| *id).filter(|_| more);
    let mut page = Vec::with_capacity(all.len());
    for (_, one) in all {
        page.extend(match one {
            Ok(row) => shown(tx, ctx, row)?,
            Err(schedule) => of_schedule(tx, ctx, schedule)?,
        });
    }
    Ok((page, next))
}

/// The triggers of one automation, oldest first.
///
/// # Errors
/// Of the database.
pub(crate) fn of_flow(tx: &mut Tx<'_>, flow: FlowId) -> Result<Vec<TriggerRow>, Fault> {
    triggers::of_flow(tx, flow)
}

/// The next ticks of a trigger, also of one that is switched off; none for other kinds and unreadable ones.
#[must_use]
pub fn next_fires(shown: &Shown, now: Timestamp) -> Vec<Timestamp> {
    match config_of(&shown.trigger) {
        Ok(TriggerConfig::Schedule(rules)) => next_times(&rules, now, NEXT_FIRES),
        _ => Vec::new(),
    }
}

fn shown(tx: &mut Tx<'_>, ctx: &Ctx, row: TriggerRow) -> Result<Option<Shown>, Fault> {
    let Some(flow) = seen_flow(tx, ctx, row.flow)? else { return Ok(None) };
    let workflow_id = workflows::shown_id(tx, row.workspace, row.flow)?;
    Ok(Some(Shown { config: stored_config(&row), trigger: row, workflow_id, workflow_name: flow.name, schedule: None }))
}

/// The schedule of a flow as a trigger (console contract, section 5.3).
fn of_schedule(tx: &mut Tx<'_>, ctx: &Ctx, schedule: ScheduleRow) -> Result<Option<Shown>, Fault> {
    let Some(flow) = seen_flow(tx, ctx, schedule.flow)? else { return Ok(None) };
    let mut config = Map::new();
    config.insert("cronExpression".to_owned(), schedule.cron.as_str().into());
    config.insert("timezone".to_owned(), schedule.timezone.as_str().into());
    let data: Value = serde_json::from_str(&schedule.data).unwrap_or_default();
    if let Some(inputs) = data.get("inputs") {
        config.insert("inputs".to_owned(), inputs.clone());
    }
    let from_trigger = schedule.source == ScheduleSource::Trigger;
    let trigger = TriggerRow {
        id: TriggerId(schedule.flow.0),
        name: flow.name.clone(),
        node: from_trigger.then(|| "schedule".to_owned()),
        config: Value::Object(config.clone()).to_string(),
        enabled: schedule.paused_reason.is_none(),
        last_at: schedule.last_at,
        last_run: schedule.last_run,
        next_at: schedule.next_at,
        created_at: schedule.created_at,
        updated_at: schedule.updated_at,
        ..super::records::blank(ctx, &flow, TriggerKind::Schedule)
    };
    let workflow_id = workflows::shown_id(tx, schedule.workspace, flow.id)?;
    Ok(Some(Shown { trigger, config, workflow_id, workflow_name: flow.name, schedule: Some(schedule) }))
}

/// The automation behind a trigger, when it is there and the caller may see it.
fn seen_flow(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Option<FlowRow>, Fault> {
    let Some(flow) = flows::find(tx, ctx.caller.workspace, id)? else { return Ok(None) };
    let seen = may(&ctx.caller, &access_of(&flow)?, Level::View);
    Ok(seen.then_some(flow))
}

//! Automations of both languages in one list (console contract, section 5.3).

use floe_model::access::Permission;
use floe_model::flows::{Activity, Engine, level_of};
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::automations::{self, Recent};
use floe_store::flows::flows::FlowRow;
use floe_store::flows::runs::RunRow;
use floe_store::flows::triggers::TriggerRow;
use serde_json::Value;

use super::ids::shown_id;
use crate::Flows;
use crate::definitions::access_of;

/// Automations that are looked at for one page.
const LOOKED_AT_MAX: usize = 2_000;
/// Automations that are looked at for a total.
const COUNTED_MAX: usize = 10_000;
/// Days that the numbers of runs look back.
const RECENT_DAYS: i64 = 7;

/// Which automations a list shows.
#[derive(Debug, Clone, Default)]
pub struct AutomationFilter {
    /// Of one language.
    pub engine: Option<Engine>,
    /// That may be started, or may not.
    pub activity: Option<Activity>,
    /// Text in name or description, in lower case.
    pub text: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
}

/// An automation with what became of it lately.
#[derive(Debug, Clone)]
pub struct Automation {
    /// Its row.
    pub flow: FlowRow,
    /// Its id as it is shown.
    pub shown_id: String,
    /// Its newest run.
    pub last_run: Option<RunRow>,
    /// Runs of the last seven days, and those that wait.
    pub recent: Recent,
    /// The records of its triggers.
    pub triggers: Vec<TriggerRow>,
}

/// Part of the list.
#[derive(Debug, Clone, Default)]
pub struct AutomationPage {
    /// Automations.
    pub items: Vec<Automation>,
    /// The last one that was looked at.
    pub last: Option<FlowId>,
    /// Whether there may be more.
    pub more: bool,
    /// How many there are, if it was asked for.
    pub total: Option<u64>,
}

impl Automation {
    /// Whether it may be started: a flow of steps when it has a published version.
    #[must_use]
    pub fn activity(&self) -> Activity {
        activity_of(&self.flow)
    }

    /// Types of the triggers in the definition that a read shows.
    #[must_use]
    pub fn trigger_kinds(&self) -> Vec<String> {
        serde_json::from_str(&self.flow.triggers).unwrap_or_default()
    }
}

impl Flows {
    /// Automations that the caller may see, in the order of ids.
    ///
    /// # Errors
    /// Of the database.
    pub async fn automations(
        &self,
        ctx: &Ctx,
        filter: AutomationFilter,
        newest_first: bool,
        after: Option<FlowId>,
        limit: usize,
        count: bool,
    ) -> Result<AutomationPage, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                let mut found = Vec::new();
                let (last, more) = walk(tx, &caller, &filter, newest_first, after, LOOKED_AT_MAX, |flow| {
                    found.push(flow);
                    found.len() <= limit
                })?;
                let is_full = found.len() > limit;
                found.truncate(limit);
                let last = if is_full { found.last().map(|flow| flow.id) } else { last };
                let since = first_id(caller.now().plus_seconds(-RECENT_DAYS * 86_400));
                let items = found.into_iter().map(|flow| automation(tx, flow, since));
                let items = items.collect::<Result<Vec<_>, Fault>>()?;
                let total = if count { total(tx, &caller, &filter)? } else { None };
                Ok(AutomationPage { items, last, more, total })
            })
            .await
    }
}

/// Visits automations that a filter finds until the visitor has enough; looks at `most` at most. Gives the last one that was looked at,
/// and whether there may be more.
fn walk(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &AutomationFilter,
    newest_first: bool,
    after: Option<FlowId>,
    most: usize,
    mut visit: impl FnMut(FlowRow) -> bool,
) -> Result<(Option<FlowId>, bool), Fault> {
    let mut last = after;
    let mut looked_at = 0;
    while looked_at < most {
        let rows = automations::page(tx, ctx.caller.workspace, last, newest_first, automations::PAGE_MAX)?;
        let is_last = rows.len() < automations::PAGE_MAX;
        looked_at += rows.len();
        for flow in rows {
            last = Some(flow.id);
            if shows(ctx, filter, &flow)? && !visit(flow) {
                return Ok((last, true));
            }
        }
        if is_last {
            return Ok((last, false));
        }
    }
    Ok((last, true))
}

fn shows(ctx: &Ctx, filter: &AutomationFilter, flow: &FlowRow) -> Result<bool, Fault> {
    let is_asked_for = filter.engine.is_none_or(|engine| engine == flow.engine)
        && filter.activity.is_none_or(|activity| activity == activity_of(flow))
        && filter.text.as_ref().is_none_or(|text| {
            flow.name.to_lowercase().contains(text) || flow.description.to_lowercase().contains(text)
        })
        && filter.tag.as_ref().is_none_or(|tag| has_tag(flow, tag));
    Ok(is_asked_for && ctx.caller.may(Permission::Read) && level_of(&ctx.caller, &access_of(flow)?).is_some())
}

fn has_tag(flow: &FlowRow, tag: &str) -> bool {
    let tags: Value = serde_json::from_str(&flow.tags).unwrap_or_default();
    tags.as_array().is_some_and(|tags| tags.iter().any(|known| known == tag))
}

pub(super) fn activity_of(flow: &FlowRow) -> Activity {
    match flow.engine {
        Engine::Flow if flow.pointers.latest.is_none() => Activity::Inactive,
        _ => flow.activity,
    }
}

fn total(tx: &mut Tx<'_>, ctx: &Ctx, filter: &AutomationFilter) -> Result<Option<u64>, Fault> {
    let mut total = 0;
    let (_, more) = walk(tx, ctx, filter, true, None, COUNTED_MAX, |_| {
        total += 1;
        true
    })?;
    Ok((!more).then_some(total))
}

fn automation(tx: &mut Tx<'_>, flow: FlowRow, since: RunId) -> Result<Automation, Fault> {
    let workspace: WorkspaceId = flow.workspace;
    let shown_id = match flow.engine {
        Engine::Workflow => shown_id(tx, workspace, flow.id)?,
        Engine::Flow => flow.id.to_string(),
    };
    Ok(Automation {
        shown_id,
        last_run: automations::last_run(tx, workspace, flow.id)?,
        recent: automations::recent(tx, workspace, flow.id, since)?,
        triggers: crate::triggers::of_flow(tx, flow.id)?,
        flow,
    })
}

/// The lowest id of a moment.
fn first_id(at: Timestamp) -> RunId {
    RunId(u128::from(at.millis().max(0).unsigned_abs()) << 80)
}

//! Making, changing and deleting triggers.

use floe_model::access::{Credential, Permission};
use floe_model::flows::trigger::{TriggerConfig, TriggerKind, canonical, next_times, read_config};
use floe_model::flows::{Engine, Level};
use floe_model::id::{FlowId, JobId, TriggerId};
use floe_model::{Fault, FaultKind, Mode, hex};
use floe_runtime::trail::{Note, Who, note};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::trigger_requests;
use floe_store::flows::triggers::{self, TriggerFilter, TriggerRow};
use floe_store::platform::jobs::{self, NewJob};
use serde_json::{Map, Value, json};

use super::fire::config_of;
use super::ticks::{JOB_FREE, JOB_TICK};
use super::{TRIGGERS_MAX, find_id, secret_place};
use crate::definitions::{access_of, may};
use crate::workflows::ids::{is_given_text, wrong_given};

/// What every secret of a trigger begins with.
const SECRET_PREFIX: &str = "trgsec_";
/// Product of the audit entries.
const PRODUCT: &str = "workflows";
/// Kind of their target.
const TARGET: &str = "trigger";

/// A trigger to be made.
#[derive(Debug, Clone)]
pub struct NewTrigger {
    /// What it starts.
    pub flow: FlowId,
    /// An id that was given: one of ours in either spelling, or another text.
    pub id: Option<String>,
    /// Shown name.
    pub name: String,
    /// What fires it.
    pub kind: TriggerKind,
    /// Its configuration.
    pub config: Map<String, Value>,
    /// Whether it fires.
    pub enabled: bool,
    /// Mode of the runs that it starts by itself.
    pub mode: Mode,
}

/// What shall be different of a trigger.
#[derive(Debug, Clone, Default)]
pub struct TriggerPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another configuration, all of it.
    pub config: Option<Map<String, Value>>,
    /// Whether it fires.
    pub enabled: Option<bool>,
    /// Mode of the runs that it starts by itself.
    pub mode: Option<Mode>,
}

/// A trigger with its new secret, which is shown this once.
#[derive(Debug, Clone)]
pub struct Made {
    /// It.
    pub trigger: TriggerRow,
    /// The secret; none for triggers without an address.
    pub secret: Option<String>,
}

/// Makes a trigger.
///
/// # Errors
/// 404 for the workflow or flow; 403; 400 with the problems of the configuration; 409 for an id that is taken, or too many triggers;
/// 422 `not_supported` for schedules and addresses of flows, which their definitions have.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewTrigger) -> Result<Made, Fault> {
    let flow = target(tx, ctx, new.flow)?;
    if flow.engine == Engine::Flow && matches!(new.kind, TriggerKind::Schedule | TriggerKind::Webhook) {
        let message = "A flow has its schedule and its addresses in its definition; change them there";
        return Err(Fault::new(FaultKind::Unprocessable, "not_supported", message));
    }
    let config = canonical(new.kind, &new.config);
    let read = read_config(new.kind, &config).map_err(Fault::validation)?;
    if triggers::count(tx, flow.workspace, TriggerFilter::default())? >= TRIGGERS_MAX {
        let message = format!("There are {TRIGGERS_MAX} triggers already; delete one first");
        return Err(Fault::conflict("conflict", message));
    }
    let (id, alias) = given_id(tx, ctx, new.id.as_deref())?;
    let mut row = TriggerRow {
        id,
        alias,
        name: new.name.clone(),
        config: Value::Object(config).to_string(),
        source: source_of(&read),
        enabled: new.enabled,
        mode: new.mode,
        ..blank(ctx, &flow, new.kind)
    };
    let secret = if new.kind == TriggerKind::Webhook { Some(draw_secret(tx, ctx, &mut row)?) } else { None };
    insert(tx, ctx, &mut row)?;
    let detail =
        json!({ "type": row.kind.as_str(), "flow_id": row.flow, "enabled": row.enabled, "mode": row.mode.as_str() });
    audit(tx, ctx, &row, "created_trigger", detail)?;
    Ok(Made { trigger: row, secret })
}

/// Changes a trigger.
///
/// # Errors
/// 404; 403; 412 for a stale `if_match`; 400 with the problems of the configuration.
pub fn change(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: TriggerId,
    patch: &TriggerPatch,
    if_match: Option<i64>,
) -> Result<TriggerRow, Fault> {
    let mut row = hold(tx, ctx, id, if_match)?;
    let before = row.clone();
    if let Some(name) = &patch.name {
        row.name.clone_from(name);
    }
    if let Some(config) = &patch.config {
        row.config = Value::Object(canonical(row.kind, config)).to_string();
    }
    row.enabled = patch.enabled.unwrap_or(row.enabled);
    row.mode = patch.mode.unwrap_or(row.mode);
    if row == before {
        return Ok(row);
    }
    // A trigger that came with a definition may be wrong until it is to fire.
    if patch.config.is_some() || row.enabled {
        row.source = source_of(&config_of(&row)?);
    }
    if row.config != before.config || row.enabled != before.enabled {
        set_times(tx, ctx, &mut row)?;
    }
    row.updated_at = ctx.now();
    triggers::update(tx, &row)?;
    row.revision += 1;
    let mut changed = Vec::new();
    for (name, differs) in [
        ("name", row.name != before.name),
        ("config", row.config != before.config),
        ("enabled", row.enabled != before.enabled),
        ("mode", row.mode != before.mode),
    ] {
        if differs {
            changed.push(name);
        }
    }
    audit(tx, ctx, &row, "updated_trigger", json!({ "changed": changed, "enabled": row.enabled }))?;
    Ok(row)
}

/// Puts another secret in the place of the one until now, which is worth nothing from then on.
///
/// # Errors
/// 404; 403; 409 for a trigger without an address.
pub fn rotate(tx: &mut Tx<'_>, ctx: &Ctx, id: TriggerId) -> Result<Made, Fault> {
    let mut row = hold(tx, ctx, id, None)?;
    if row.kind != TriggerKind::Webhook {
        return Err(Fault::conflict("conflict", "Only triggers of type webhook have a secret"));
    }
    let secret = draw_secret(tx, ctx, &mut row)?;
    row.updated_at = ctx.now();
    triggers::update(tx, &row)?;
    row.revision += 1;
    audit(tx, ctx, &row, "rotated_trigger_secret", json!({}))?;
    Ok(Made { trigger: row, secret: Some(secret) })
}

/// Deletes a trigger. Its runs stay and go on.
///
/// # Errors
/// 404; 403; 412 for a stale `if_match`; 409 for the address of a flow, which goes with its step.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: TriggerId, if_match: Option<i64>) -> Result<(), Fault> {
    let row = hold(tx, ctx, id, if_match)?;
    if row.engine == Engine::Flow && row.node.is_some() {
        let message = "The address goes with its step in the definition of the flow; remove it there, or switch it off";
        return Err(Fault::conflict("conflict", message));
    }
    remove(tx, &row)?;
    audit(tx, ctx, &row, "deleted_trigger", json!({ "type": row.kind.as_str(), "flow_id": row.flow }))
}

/// A trigger that is not filled in.
pub(super) fn blank(ctx: &Ctx, flow: &FlowRow, kind: TriggerKind) -> TriggerRow {
    let now = ctx.now();
    TriggerRow {
        workspace: flow.workspace,
        id: ctx.ids.next(),
        alias: None,
        flow: flow.id,
        engine: flow.engine,
        name: String::new(),
        kind,
        node: None,
        node_config: None,
        config: "{}".to_owned(),
        source: None,
        enabled: false,
        mode: Mode::Live,
        secret: None,
        count: 0,
        last_at: None,
        last_run: None,
        next_at: None,
        buffered_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Writes a new trigger, and the job of its first tick.
pub(super) fn insert(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut TriggerRow) -> Result<(), Fault> {
    set_times(tx, ctx, row)?;
    triggers::insert(tx, row)
}

/// Removes a trigger with everything that is kept about it.
pub(super) fn remove(tx: &mut Tx<'_>, row: &TriggerRow) -> Result<(), Fault> {
    triggers::delete(tx, row.workspace, row.id)?;
    trigger_requests::clear(tx, row.workspace, row.id)?;
    for kind in [JOB_TICK, JOB_FREE] {
        jobs::cancel(tx, kind, row.id.0)?;
    }
    Ok(())
}

/// Sets the tick for which a trigger waits, with its job; none for one that does not fire by itself.
pub(super) fn set_times(tx: &mut Tx<'_>, platform: &Platform, row: &mut TriggerRow) -> Result<(), Fault> {
    row.buffered_at = None;
    row.next_at = match config_of(row) {
        Ok(TriggerConfig::Schedule(rules)) if row.enabled => {
            next_times(&rules, platform.clock.now(), 1).first().copied()
        }
        _ => None,
    };
    wait_for(tx, platform, row)
}

/// Makes the job of the tick for which a trigger waits; it takes the place of the one before.
pub(super) fn wait_for(tx: &mut Tx<'_>, platform: &Platform, row: &TriggerRow) -> Result<(), Fault> {
    let Some(next) = row.next_at else { return jobs::cancel(tx, JOB_TICK, row.id.0).map(drop) };
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace: row.workspace,
        mode: None,
        kind: JOB_TICK,
        subject_id: Some(row.id.0),
        // The job's own due time moves when it is tried again; the tick that it stands for does not.
        payload: json!({ "due": next.micros() }).to_string(),
        due_at: next,
        created_at: platform.clock.now(),
    };
    jobs::enqueue(tx, &job)
}

/// What an event trigger listens to.
pub(super) fn source_of(config: &TriggerConfig) -> Option<String> {
    let TriggerConfig::Event(source) = config else { return None };
    Some(match &source.provider {
        Some(provider) => provider_source(provider, &source.event),
        None => source.event.clone(),
    })
}

/// The source of an event of a provider.
pub(super) fn provider_source(provider: &str, event: &str) -> String {
    format!("{provider}/{event}")
}

/// Writes the audit entry of an act.
pub(super) fn audit(tx: &mut Tx<'_>, ctx: &Ctx, row: &TriggerRow, action: &str, detail: Value) -> Result<(), Fault> {
    note(tx, ctx, PRODUCT, &Who::caller(ctx), Note::new(action, TARGET, row.id.0, &row.name, detail))
}

/// The workflow or flow that a trigger shall start.
fn target(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<FlowRow, Fault> {
    let missing = || Fault::not_found("Automation");
    let flow = flows::hold(tx, ctx.caller.workspace, id)?.ok_or_else(missing)?;
    check(ctx, &flow, missing)?;
    Ok(flow)
}

/// Refuses callers who may not change what a trigger starts: a flow those who may not edit it, a workflow those who may not build.
fn check(ctx: &Ctx, flow: &FlowRow, missing: impl Fn() -> Fault) -> Result<(), Fault> {
    let access = access_of(flow)?;
    if !may(&ctx.caller, &access, Level::View) {
        return Err(missing());
    }
    let is_system = ctx.caller.credential == Credential::System;
    let (allowed, required) = match flow.engine {
        Engine::Flow => (may(&ctx.caller, &access, Level::Edit), "edit"),
        Engine::Workflow => (is_system || ctx.caller.may(Permission::Build), "build"),
    };
    if allowed {
        return Ok(());
    }
    let message = "You may not change the triggers of this automation";
    Err(Fault::forbidden(message).with_details(json!({ "required": required })))
}

/// A trigger that is to be changed, held after the check that the caller may change what it starts.
fn hold(tx: &mut Tx<'_>, ctx: &Ctx, id: TriggerId, if_match: Option<i64>) -> Result<TriggerRow, Fault> {
    let missing = || Fault::not_found("Trigger");
    let known = triggers::find(tx, ctx.caller.workspace, id)?.ok_or_else(missing)?;
    let flow = flows::find_any(tx, known.workspace, known.flow)?.ok_or_else(missing)?;
    check(ctx, &flow, missing)?;
    let row = triggers::hold(tx, known.workspace, id)?.ok_or_else(missing)?;
    if if_match.is_some_and(|revision| revision != row.revision) {
        let message = "The trigger was changed meanwhile; read it again";
        return Err(Fault::new(FaultKind::Stale, "stale_revision", message));
    }
    Ok(row)
}

/// The id of a new trigger, and the text that was given instead of one of ours.
fn given_id(tx: &mut Tx<'_>, ctx: &Ctx, given: Option<&str>) -> Result<(TriggerId, Option<String>), Fault> {
    let taken = || Fault::conflict("conflict", "There is a trigger with this id already");
    let Some(text) = given else { return Ok((ctx.ids.next(), None)) };
    if let Ok(id) = TriggerId::parse(text) {
        return if triggers::by_id(tx, id)?.is_some() { Err(taken()) } else { Ok((id, None)) };
    }
    if !is_given_text(text) {
        return Err(wrong_given());
    }
    if triggers::by_alias(tx, text)?.is_some() || find_id(tx, ctx.caller.workspace, text).is_ok() {
        return Err(taken());
    }
    Ok((ctx.ids.next(), Some(text.to_owned())))
}

fn draw_secret(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut TriggerRow) -> Result<String, Fault> {
    let text = format!("{SECRET_PREFIX}{}", hex::encode(&ctx.ids.secret::<32>()));
    row.secret = Some(ctx.seal.seal(tx, &ctx.ids, row.workspace, secret_place(row.id), text.as_bytes())?);
    Ok(text)
}

//! Making and changing placements. What scheduled changes are due is made before anything else is changed, so that nothing that a
//! person decides is undone by an older plan.

use floe_model::id::{AppId, AudienceId, PlacementId, ScreenVersionId, WorkspaceId};
use floe_model::placements::decide::RuleSpec;
use floe_model::placements::schedule::{self, ScheduledChange};
use floe_model::placements::{PlacementStatus, Platforms};
use floe_model::{Fault, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::placements::history::{self as entries, Entry};
use floe_store::placements::placements::{self as rows, PLACEMENTS_MAX, Placement};
use floe_store::placements::revisions;
use serde_json::{Map, Value, json};

use super::{KIND, check, get};
use crate::targeting::json_of;
use crate::trail::{self, Note, Who};
use crate::{apps, schedules};

/// What is asked for: a field that is `None` stays as it is; one that is `Some(None)` is emptied.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Which platforms it is for; at least one.
    pub platforms: Option<Platforms>,
    /// Whether it answers with flows.
    pub status: Option<PlacementStatus>,
    /// What it serves when nothing else decides.
    pub default_version: Option<Option<ScreenVersionId>>,
    /// A filter of its own; takes the place of a saved audience.
    pub audience_filter: Option<Option<Value>>,
    /// A saved audience; takes the place of a filter of its own.
    pub audience: Option<Option<AudienceId>>,
    /// Seconds that a device keeps an answer.
    pub cache_ttl_seconds: Option<Option<i64>>,
    /// Targeting rules, top to bottom.
    pub rules: Option<Vec<RuleSpec>>,
    /// The share of users that it answers, in hundredths of a percent.
    pub rollout: Option<Option<u32>>,
    /// What the others see.
    pub rollout_fallback: Option<Option<ScreenVersionId>>,
    /// From when it answers with flows.
    pub active_from: Option<Option<Timestamp>>,
    /// Until when.
    pub active_until: Option<Option<Timestamp>>,
    /// Changes at set times.
    pub scheduled_changes: Option<Vec<ScheduledChange>>,
}

/// Adds a placement.
///
/// # Errors
/// 404 for the app; 400 for what the patch names and the app does not have; 409 when the key is taken or the app is full.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, key: &str, patch: &Patch) -> Result<Placement, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    apps::require(tx, workspace, app)?;
    if rows::find(tx, workspace, app, key)?.is_some() {
        return Err(Fault::conflict("conflict", format!("The app has a placement {key} already")));
    }
    if usize::try_from(rows::count(tx, workspace, app)?).unwrap_or(usize::MAX) >= PLACEMENTS_MAX {
        return Err(Fault::conflict("conflict", format!("The app has {PLACEMENTS_MAX} placements already")));
    }
    let mut row = empty(app, ctx.ids.next(), key, ctx.now());
    check::patch(tx, workspace, &row, patch)?;
    apply(&mut row, patch, ctx);
    rows::insert(tx, workspace, &row)?;
    let who = Who::caller(ctx);
    record(tx, ctx, &who, &row, "created", &json!({ "after": shown(&row) }))?;
    let note = Note::new("created_placement", KIND, row.id.0, key, json!({ "app_id": app }));
    trail::note(tx, ctx, &who, note)?;
    let row = settle(tx, ctx, workspace, row)?;
    schedules::enter(tx, ctx, workspace, &row)?;
    Ok(row)
}

/// Changes a placement. `expected` is the revision that the caller saw.
///
/// # Errors
/// 404; 412; 400 for what the patch names and the app does not have.
pub fn change(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    key: &str,
    expected: Option<i64>,
    patch: &Patch,
) -> Result<Placement, Fault> {
    write(tx, ctx, app, key, expected, patch, "changed")
}

/// Makes a published version the default.
///
/// # Errors
/// As [`change`].
pub fn attach(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    key: &str,
    expected: Option<i64>,
    version: ScreenVersionId,
) -> Result<Placement, Fault> {
    let patch = Patch { default_version: Some(Some(version)), ..Patch::default() };
    let named = |fault: Fault| check::rename(fault, "/default_flow_version_id", "/flow_version_id");
    write(tx, ctx, app, key, expected, &patch, "attached").map_err(named)
}

fn write(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    key: &str,
    expected: Option<i64>,
    patch: &Patch,
    action: &str,
) -> Result<Placement, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let found = get(tx, ctx, app, key)?;
    crate::check_revision(found.revision, expected)?;
    let old = settle(tx, ctx, workspace, found)?;
    check::patch(tx, workspace, &old, patch)?;
    let mut new = old.clone();
    apply(&mut new, patch, ctx);
    let (before, after) = differences(&old, &new);
    if after.is_empty() {
        return Ok(old);
    }
    save(tx, workspace, &mut new, ctx.now())?;
    let who = Who::caller(ctx);
    let detail = json!({ "before": before, "after": after });
    record(tx, ctx, &who, &new, action, &detail)?;
    let new = settle(tx, ctx, workspace, new)?;
    trail::note(tx, ctx, &who, Note::new(&format!("{action}_placement"), KIND, new.id.0, key, detail))?;
    schedules::enter(tx, ctx, workspace, &new)?;
    Ok(new)
}

/// Makes the scheduled changes of a placement that are due, and stores what is left of the plan. Nothing is written when nothing is due;
/// whoever calls it has counted the change ([`revisions::bump`]).
///
/// # Errors
/// Of the database, and an internal fault for a plan that cannot be read.
pub fn settle(tx: &mut Tx<'_>, ctx: &Ctx, workspace: WorkspaceId, mut row: Placement) -> Result<Placement, Fault> {
    let made = schedules::settle(&mut row, ctx.now())?;
    if made.is_empty() {
        return Ok(row);
    }
    save(tx, workspace, &mut row, ctx.now())?;
    let who = Who::system(workspace);
    let detail = json!({ "app_id": row.app, "changes": schedule::write(&made) });
    record(tx, ctx, &who, &row, "scheduled_change", &detail)?;
    let note = Note::new("changed_placement_at_its_time", KIND, row.id.0, &row.key, detail);
    trail::note(tx, ctx, &who, note)?;
    Ok(row)
}

/// Writes an entry in the history of a placement.
///
/// # Errors
/// Of the database.
pub fn record(
    tx: &mut Tx<'_>,
    platform: &Platform,
    who: &Who,
    row: &Placement,
    action: &str,
    detail: &Value,
) -> Result<(), Fault> {
    let entry = Entry {
        app: row.app,
        placement: row.id,
        id: platform.ids.next(),
        action: action.to_owned(),
        actor_type: who.kind().to_owned(),
        actor_name: who.name().to_owned(),
        detail: detail.to_string(),
        at: platform.clock.now(),
    };
    entries::insert(tx, who.workspace, &entry)
}

/// Writes a row over the revision that was read.
fn save(tx: &mut Tx<'_>, workspace: WorkspaceId, row: &mut Placement, now: Timestamp) -> Result<(), Fault> {
    row.updated_at = now;
    if !rows::update(tx, workspace, row)? {
        return Err(crate::stale());
    }
    row.revision += 1;
    Ok(())
}

fn empty(app: AppId, id: PlacementId, key: &str, now: Timestamp) -> Placement {
    Placement {
        app,
        id,
        key: key.to_owned(),
        description: None,
        platforms: "[]".to_owned(),
        status: PlacementStatus::Active.as_str().to_owned(),
        default_version: None,
        audience_filter: None,
        audience: None,
        cache_ttl_seconds: None,
        rules: "[]".to_owned(),
        rollout: None,
        rollout_fallback: None,
        active_from: None,
        active_until: None,
        scheduled_changes: "[]".to_owned(),
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Puts a patch into a row; new rules get their ids here.
fn apply(row: &mut Placement, patch: &Patch, ctx: &Ctx) {
    fn set<T: Clone>(field: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    set(&mut row.description, patch.description.as_ref());
    set(&mut row.default_version, patch.default_version.as_ref());
    set(&mut row.cache_ttl_seconds, patch.cache_ttl_seconds.as_ref());
    set(&mut row.rollout_fallback, patch.rollout_fallback.as_ref());
    set(&mut row.active_from, patch.active_from.as_ref());
    set(&mut row.active_until, patch.active_until.as_ref());
    if let Some(platforms) = patch.platforms {
        row.platforms = platforms.iter().map(|platform| Value::from(platform.as_str())).collect::<Value>().to_string();
    }
    if let Some(status) = patch.status {
        row.status = status.as_str().to_owned();
    }
    if let Some(rollout) = patch.rollout {
        row.rollout = rollout.map(i64::from);
    }
    match &patch.audience_filter {
        Some(Some(filter)) => (row.audience_filter, row.audience) = (Some(filter.to_string()), None),
        Some(None) => row.audience_filter = None,
        None => {}
    }
    match patch.audience {
        Some(Some(id)) => (row.audience_filter, row.audience) = (None, Some(id)),
        Some(None) => row.audience = None,
        None => {}
    }
    if let Some(rules) = &patch.rules {
        let named = rules.iter().cloned().map(|rule| RuleSpec { id: rule.id.or_else(|| Some(ctx.ids.next())), ..rule });
        row.rules = named.map(|rule| rule.to_value()).collect::<Value>().to_string();
    }
    if let Some(changes) = &patch.scheduled_changes {
        row.scheduled_changes = schedule::write(changes).to_string();
    }
}

/// What of a placement can be changed, as its history and its audit entries tell it.
fn shown(row: &Placement) -> Map<String, Value> {
    let fields = json!({
        "description": row.description,
        "platforms": json_of(&row.platforms),
        "status": row.status,
        "default_flow_version_id": row.default_version,
        "audience_filter": row.audience_filter.as_deref().map(json_of),
        "audience_id": row.audience,
        "cache_ttl_seconds": row.cache_ttl_seconds,
        "rules": json_of(&row.rules),
        "rollout": row.rollout,
        "rollout_fallback_version_id": row.rollout_fallback,
        "active_from": row.active_from,
        "active_until": row.active_until,
        "scheduled_changes": json_of(&row.scheduled_changes),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The fields in which two states differ: as they were, and as they are.
fn differences(old: &Placement, new: &Placement) -> (Map<String, Value>, Map<String, Value>) {
    let (mut before, mut after) = (shown(old), shown(new));
    let same: Vec<String> =
        before.iter().filter(|(name, value)| after.get(*name) == Some(value)).map(|(name, _)| name.clone()).collect();
    for name in same {
        before.swap_remove(&name);
        after.swap_remove(&name);
    }
    (before, after)
}

//! Saved audiences: filters with a name, which placements, rules and other audiences use (Placements contract, sections 8 and 12).
//!
//! A change of an audience changes everything that uses it, so it is refused where the limits of a filter would not hold there any
//! more.

mod uses;

use floe_model::Fault;
use floe_model::id::{AppId, AudienceId};
use floe_model::placements::Platform;
use floe_model::placements::attributes::Attributes;
use floe_model::placements::filter::Subject;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::audiences::{self as rows, AUDIENCES_MAX, Audience};
use floe_store::placements::revisions;
use serde_json::{Map, Value, json};

use crate::apps;
use crate::targeting::{json_of, saved};
use crate::trail::{self, Note, Who};

pub use uses::{Use, used_by};

/// What an audience is called in audit entries.
const KIND: &str = "audience";
/// Users that a refusal names at most.
const NAMED_MAX: usize = 3;

/// What is asked for; a field that is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Patch {
    /// Shown name.
    pub name: Option<String>,
    /// The filter, checked for itself.
    pub filter: Option<Value>,
}

/// A page of the audiences of an app, newest first, and how many there are.
///
/// # Errors
/// 404 for the app.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, limit: usize, offset: i64) -> Result<(Vec<Audience>, i64), Fault> {
    apps::require(tx, ctx.caller.workspace, app)?;
    rows::list(tx, ctx.caller.workspace, app, limit, offset)
}

/// One audience.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: AudienceId) -> Result<Audience, Fault> {
    let workspace = ctx.caller.workspace;
    apps::require(tx, workspace, app)?;
    rows::find(tx, workspace, app, id)?.ok_or_else(|| Fault::not_found("Audience"))
}

/// Adds an audience.
///
/// # Errors
/// 404 for the app; 400 for audiences that the filter names and the app does not have; 409 when there are as many as there may be.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, name: &str, filter: &Value) -> Result<Audience, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    apps::require(tx, workspace, app)?;
    if usize::try_from(rows::count(tx, workspace, app)?).unwrap_or(usize::MAX) >= AUDIENCES_MAX {
        return Err(Fault::conflict("conflict", format!("The app has {AUDIENCES_MAX} audiences already")));
    }
    let now = ctx.now();
    let row = Audience {
        app,
        id: ctx.ids.next(),
        name: name.to_owned(),
        filter: filter.to_string(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    uses::check(tx, workspace, app, row.id, filter)?;
    rows::insert(tx, workspace, &row)?;
    note(tx, ctx, "created_audience", &row, json!({ "app_id": app, "after": told(&row) }))?;
    Ok(row)
}

/// Changes an audience. `expected` is the revision that the caller saw.
///
/// # Errors
/// 404; 412; 400 for what the filter names, and where something that uses the audience would break a limit.
pub fn change(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    id: AudienceId,
    expected: Option<i64>,
    patch: &Patch,
) -> Result<Audience, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let old = get(tx, ctx, app, id)?;
    crate::check_revision(old.revision, expected)?;
    let mut new = old.clone();
    if let Some(name) = &patch.name {
        new.name.clone_from(name);
    }
    if let Some(filter) = &patch.filter {
        uses::check(tx, workspace, app, id, filter)?;
        new.filter = filter.to_string();
    }
    if (&new.name, &new.filter) == (&old.name, &old.filter) {
        return Ok(old);
    }
    new.updated_at = ctx.now();
    if !rows::update(tx, workspace, &new)? {
        return Err(crate::stale());
    }
    new.revision += 1;
    let detail = json!({ "app_id": app, "before": told(&old), "after": told(&new) });
    note(tx, ctx, "changed_audience", &new, detail)?;
    Ok(new)
}

/// Takes an audience away. `expected` is the revision that the caller saw.
///
/// # Errors
/// 404; 412; 409 while something uses it.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: AudienceId, expected: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let old = get(tx, ctx, app, id)?;
    crate::check_revision(old.revision, expected)?;
    let users = used_by(tx, workspace, app, id)?;
    if !users.is_empty() {
        let mut named: Vec<String> = users.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        if users.len() > NAMED_MAX {
            named.push(format!("{} more", users.len() - NAMED_MAX));
        }
        return Err(Fault::conflict("conflict", format!("The audience is used by {}", named.join(", "))));
    }
    if !rows::delete(tx, workspace, app, id)? {
        return Err(Fault::not_found("Audience"));
    }
    note(tx, ctx, "deleted_audience", &old, json!({ "app_id": app, "before": told(&old) }))
}

/// Who is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The user, if one is meant.
    pub user_id: Option<&'a str>,
    /// What the app runs on; that of the app itself unless given.
    pub platform: Option<Platform>,
    /// What the app says about the user.
    pub attributes: Option<&'a Map<String, Value>>,
}

/// Whether somebody is in the audience, with an entry for each condition.
///
/// # Errors
/// 404.
pub fn evaluate(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    id: AudienceId,
    asked: &Asked<'_>,
) -> Result<(bool, Vec<Value>), Fault> {
    let workspace = ctx.caller.workspace;
    let platform = apps::require(tx, workspace, app)?.row.platform;
    let all = rows::of_app(tx, workspace, app)?;
    let linked = saved(&all).link();
    let filter = linked.get(&id).ok_or_else(|| Fault::not_found("Audience"))?;
    let attributes = asked.attributes.map(Attributes::of);
    let subject = Subject {
        user_id: asked.user_id.unwrap_or_default(),
        platform: asked.platform.or_else(|| Platform::parse(&platform)).unwrap_or(Platform::Ios),
        attributes: attributes.as_ref(),
    };
    Ok(filter.explain(&subject))
}

fn told(row: &Audience) -> Value {
    json!({ "name": row.name, "filter": json_of(&row.filter) })
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, row: &Audience, detail: Value) -> Result<(), Fault> {
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, KIND, row.id.0, &row.name, detail))
}

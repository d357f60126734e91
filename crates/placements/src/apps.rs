//! Apps (Placements contract, section 12): what everything else of placements belongs to.

use floe_model::Fault;
use floe_model::id::{AppId, WorkspaceId};
use floe_model::placements::Platform;
use floe_model::placements::app::{AppSettings, CustomEvents};
use floe_model::placements::experiment::Status;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::{
    apps as rows, audiences, drafts, experiments, history, placements, revisions, screen_flows, served, versions,
};
use serde_json::json;

use crate::trail::{self, Note, Who};
use crate::{assets, events};

/// An app with its settings read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The row.
    pub row: rows::App,
    /// What is set.
    pub settings: AppSettings,
}

/// An app as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApp {
    /// Shown name, 1 to 80 characters.
    pub name: String,
    /// What it runs on.
    pub platform: Platform,
    /// Settings that are not the usual ones.
    pub settings: SettingsPatch,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppPatch {
    /// Shown name.
    pub name: Option<String>,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// Settings.
    pub settings: SettingsPatch,
}

/// Settings that shall be changed; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsPatch {
    /// Seconds that a device keeps an answer; inner none is the default of the mode.
    pub cache_ttl_seconds: Option<Option<i64>>,
    /// What happens to events of unknown types.
    pub custom_events: Option<CustomEvents>,
    /// 1 or 2.
    pub default_hash_version: Option<u8>,
    /// Users who are kept out of results.
    pub test_users: Option<Vec<String>>,
}

impl SettingsPatch {
    fn apply(&self, settings: &mut AppSettings) {
        if let Some(ttl) = self.cache_ttl_seconds {
            settings.cache_ttl_seconds = ttl;
        }
        settings.custom_events = self.custom_events.unwrap_or(settings.custom_events);
        settings.default_hash_version = self.default_hash_version.unwrap_or(settings.default_hash_version);
        if let Some(users) = &self.test_users {
            settings.test_users.clone_from(users);
        }
    }
}

/// An app of a workspace: the first thing that whatever is below an app asks for.
///
/// # Errors
/// 404, also for an app of another workspace.
pub fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AppId) -> Result<App, Fault> {
    read(rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("App"))?)
}

/// A page of the apps, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, limit: usize, offset: i64) -> Result<(Vec<App>, i64), Fault> {
    let (found, total) = rows::list(tx, ctx.caller.workspace, limit, offset)?;
    Ok((found.into_iter().map(read).collect::<Result<_, _>>()?, total))
}

/// Adds an app.
///
/// # Errors
/// 409 when there are as many as there may be.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewApp) -> Result<App, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    if usize::try_from(rows::count(tx, workspace)?).unwrap_or(usize::MAX) >= rows::APPS_MAX {
        return Err(Fault::conflict("conflict", format!("There are {} apps already", rows::APPS_MAX)));
    }
    let mut settings = AppSettings::default();
    new.settings.apply(&mut settings);
    let now = ctx.now();
    let row = rows::App {
        id: ctx.ids.next(),
        name: new.name.clone(),
        platform: new.platform.as_str().to_owned(),
        settings: settings.text(),
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    rows::insert(tx, workspace, &row)?;
    let app = App { row, settings };
    note(tx, ctx, "created_app", &app)?;
    Ok(app)
}

/// Changes an app.
///
/// # Errors
/// 404; 412 when `if_match` is not its revision.
pub fn patch(tx: &mut Tx<'_>, ctx: &Ctx, id: AppId, patch: &AppPatch, if_match: Option<i64>) -> Result<App, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let mut app = require(tx, workspace, id)?;
    crate::check_revision(app.row.revision, if_match)?;
    let before = app.clone();
    if let Some(name) = &patch.name {
        app.row.name.clone_from(name);
    }
    if let Some(platform) = patch.platform {
        platform.as_str().clone_into(&mut app.row.platform);
    }
    patch.settings.apply(&mut app.settings);
    app.row.settings = app.settings.text();
    if app == before {
        return Ok(app);
    }
    app.row.updated_at = ctx.now();
    if !rows::update(tx, workspace, &app.row)? {
        return Err(crate::stale());
    }
    app.row.revision += 1;
    note(tx, ctx, "changed_app", &app)?;
    Ok(app)
}

/// Takes an app away with all of its configuration. `confirm` is its name, so that nobody takes the wrong one away.
///
/// # Errors
/// 404; 412; 400 when `confirm` is another text; 409 while an experiment runs.
pub fn delete(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: AppId,
    confirm: Option<&str>,
    if_match: Option<i64>,
) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let app = require(tx, workspace, id)?;
    crate::check_revision(app.row.revision, if_match)?;
    if confirm != Some(app.row.name.as_str()) {
        return Err(Fault::field("/confirm", "value", "confirm must be the name of the app"));
    }
    if experiments::of_app(tx, workspace, id)?.iter().any(|one| one.status == Status::Running) {
        return Err(Fault::conflict("conflict", "An experiment of this app is running; stop it first"));
    }
    experiments::delete_all(tx, workspace, id)?;
    placements::delete_all(tx, workspace, id)?;
    history::delete_all(tx, workspace, id)?;
    served::delete_all(tx, workspace, id)?;
    audiences::delete_all(tx, workspace, id)?;
    drafts::delete_all(tx, workspace, id)?;
    versions::delete_all(tx, workspace, id)?;
    screen_flows::delete_all(tx, workspace, id)?;
    assets::forget_app(tx, workspace, id)?;
    events::forget_app(tx, ctx, workspace, id)?;
    if !rows::delete(tx, workspace, id)? {
        return Err(Fault::not_found("App"));
    }
    note(tx, ctx, "deleted_app", &app)
}

fn read(row: rows::App) -> Result<App, Fault> {
    let settings = AppSettings::read(&row.settings)
        .ok_or_else(|| Fault::internal(format!("the settings of app {} cannot be read", row.id)))?;
    Ok(App { row, settings })
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, app: &App) -> Result<(), Fault> {
    let detail = json!({
        "name": app.row.name,
        "platform": app.row.platform,
        "cache_ttl_seconds": app.settings.cache_ttl_seconds,
        "custom_events": app.settings.custom_events,
        "default_hash_version": app.settings.default_hash_version,
        "test_users": app.settings.test_users.len(),
    });
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "app", app.row.id.0, &app.row.name, detail))
}

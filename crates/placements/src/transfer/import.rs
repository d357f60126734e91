//! An app from a document, in one transaction.

mod experiments;
mod files;
mod flows;
mod targeting;

use floe_model::id::{AppId, ScreenVersionId, WorkspaceId};
use floe_model::{Fault, FieldProblem, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::apps::{self, APPS_MAX};
use floe_store::placements::{revisions, versions};
use serde_json::json;

use super::prepare::{App, Prepared};
use super::report::Imported;
use crate::trail::{self, Note, Who};

/// Where a document goes.
struct Target<'a> {
    ctx: &'a Ctx,
    who: Who,
    workspace: WorkspaceId,
    app: AppId,
    now: Timestamp,
    done: Imported,
}

/// Merges a document into an app. An app that is nowhere is made when it is the one of the document.
///
/// # Errors
/// 404 for an app that is not there; 400 for what the document names and neither it nor the app has; a conflict where an id or a key is
/// taken by something else, and where there would be more than there may be.
pub fn import(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, prepared: &Prepared) -> Result<Imported, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let who = Who::caller(ctx);
    let mut into = Target { ctx, who, workspace, app, now: ctx.now(), done: Imported::default() };
    let name = into.settle(tx, &prepared.app)?;
    into.files(tx, prepared)?;
    into.audiences(tx, &prepared.audiences)?;
    into.flows(tx, &prepared.flows)?;
    into.placements(tx, &prepared.placements)?;
    into.experiments(tx, &prepared.experiments)?;
    let Target { done, who, .. } = into;
    let detail = json!({ "created": done.created, "updated": done.updated, "app_created": done.app_created });
    trail::note(tx, ctx, &who, Note::new("imported_app", "app", app.0, &name, detail))?;
    Ok(done)
}

impl Target<'_> {
    /// The app: made, or changed when the document is about it. Gives its name.
    fn settle(&mut self, tx: &mut Tx<'_>, from: &App) -> Result<String, Fault> {
        let (workspace, now) = (self.workspace, self.now);
        let Some(mut row) = apps::find(tx, workspace, self.app)? else {
            if from.id != self.app || apps::is_anywhere(tx, self.app)? {
                return Err(Fault::not_found("App"));
            }
            self.room("apps", apps::count(tx, workspace)? + 1, APPS_MAX)?;
            let row = apps::App {
                id: self.app,
                name: from.name.clone(),
                platform: from.platform.as_str().to_owned(),
                settings: from.settings.text(),
                revision: 1,
                created_at: now,
                updated_at: now,
            };
            apps::insert(tx, workspace, &row)?;
            self.done.app_created = true;
            return Ok(row.name);
        };
        let wanted = (from.name.clone(), from.platform.as_str().to_owned(), from.settings.text());
        if from.id == self.app && wanted != (row.name.clone(), row.platform.clone(), row.settings.clone()) {
            (row.name, row.platform, row.settings) = wanted;
            row.updated_at = now;
            written(apps::update(tx, workspace, &row)?)?;
        }
        Ok(row.name)
    }

    /// Refuses when there would be more than there may be.
    fn room(&self, what: &str, count: i64, most: usize) -> Result<(), Fault> {
        if usize::try_from(count).is_ok_and(|count| count <= most) {
            return Ok(());
        }
        Err(Fault::conflict("limit_reached", format!("With the document there would be more than {most} {what}")))
    }

    /// Refuses versions that the app has not published; `path` is where they are named.
    fn published(&self, tx: &mut Tx<'_>, ids: &[ScreenVersionId], path: &str) -> Result<(), Fault> {
        let known = versions::flows_of(tx, self.workspace, ids)?;
        let is_known = |id| known.iter().any(|(known, _, app)| *known == id && *app == self.app);
        let unknown = ids.iter().filter(|id| !is_known(**id));
        let problem = |id| {
            let message = format!("Neither the document nor the app has a published version {id}");
            FieldProblem::new(path, "unknown", message)
        };
        let problems: Vec<FieldProblem> = unknown.map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
    }
}

/// An id or a key of the document belongs to something else here.
fn taken(path: &str, message: String) -> Fault {
    Fault::conflict("conflict", format!("{}: {message}", path.trim_start_matches('/').replace('/', ".")))
}

/// The workspace is held, so that nothing else can have changed what was read.
fn written(is_written: bool) -> Result<(), Fault> {
    if is_written { Ok(()) } else { Err(Fault::internal("a row changed while its workspace was held")) }
}

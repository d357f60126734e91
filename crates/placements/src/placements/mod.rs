//! Placements: places in an app where a screen flow can be shown (Placements contract, sections 7, 12 and 14).
//!
//! Every change is one transaction: the row, its history, the audit entry and the count of changes that tells every node to look again.

mod change;
mod check;
mod history;
mod simulate;

use floe_model::Fault;
use floe_model::id::AppId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::placements::{self as rows, Placement};
use floe_store::placements::{experiments, history as entries, revisions, served};
use serde_json::json;

use crate::trail::{self, Note, Who};
use crate::{apps, schedules};

pub use change::{Patch, attach, change, create, record, settle};
pub use history::{History, ServedVersion, history};
pub use simulate::{Asked, Simulated, simulate};

/// What a placement is called in audit entries.
const KIND: &str = "placement";

/// A page of the placements of an app, newest first, and how many there are.
///
/// # Errors
/// 404 for the app.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, limit: usize, offset: i64) -> Result<(Vec<Placement>, i64), Fault> {
    apps::require(tx, ctx.caller.workspace, app)?;
    rows::list(tx, ctx.caller.workspace, app, limit, offset)
}

/// One placement by its key.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, key: &str) -> Result<Placement, Fault> {
    let workspace = ctx.caller.workspace;
    apps::require(tx, workspace, app)?;
    rows::find(tx, workspace, app, key)?.ok_or_else(|| Fault::not_found("Placement"))
}

/// Takes a placement away, with its history and its counts. `expected` is the revision that the caller saw.
///
/// # Errors
/// 404; 412; 409 while an experiment holds it.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, key: &str, expected: Option<i64>) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let old = get(tx, ctx, app, key)?;
    crate::check_revision(old.revision, expected)?;
    if experiments::bound(tx, workspace, app, key)?.is_some() {
        let message = "An experiment that is running or paused holds the placement; stop it first";
        return Err(Fault::conflict("conflict", message));
    }
    if !rows::delete(tx, workspace, app, old.id)? {
        return Err(Fault::not_found("Placement"));
    }
    schedules::cancel(tx, old.id)?;
    entries::delete(tx, workspace, app, old.id)?;
    served::delete(tx, workspace, app, old.id)?;
    let note = Note::new("deleted_placement", KIND, old.id.0, key, json!({ "app_id": app }));
    trail::note(tx, ctx, &Who::caller(ctx), note)
}

//! Users who always get one variant, and stay out of the results (Placements contract, sections 9.2 and 12).

use floe_model::Fault;
use floe_model::id::{AppId, ExperimentId, VariantId, WorkspaceId};
use floe_model::placements::experiment::Status;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::overrides::{self as rows, OVERRIDES_MAX, Override};
use floe_store::placements::{assignments, experiments, revisions};
use serde_json::json;

use super::{Whole, get};
use crate::trail::{self, Note, Who};

/// That of a user.
///
/// # Errors
/// `not_found`.
pub fn override_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    id: ExperimentId,
    user_id: &str,
) -> Result<Override, Fault> {
    get(tx, workspace, app, id)?;
    rows::find(tx, workspace, id, user_id)?.ok_or_else(|| Fault::not_found("Override"))
}

/// Gives a user one variant from now on. What the user was given by chance counts no more.
///
/// # Errors
/// `not_found`; `validation_error` for a variant of another experiment; a conflict when there are too many, or the experiment is over.
pub fn set_override(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    app: AppId,
    id: ExperimentId,
    user_id: &str,
    variant: VariantId,
) -> Result<Override, Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let whole = get(tx, workspace, app, id)?;
    if whole.variant(variant).is_none() {
        return Err(Fault::field("/variant_id", "unknown", "variant_id is no variant of the experiment"));
    }
    if whole.experiment.status == Status::Completed {
        return Err(Fault::conflict("conflict", "The experiment is completed"));
    }
    let known = rows::find(tx, workspace, id, user_id)?;
    if known.is_none() && rows::count(tx, workspace, id)? >= OVERRIDES_MAX as i64 {
        return Err(Fault::conflict("conflict", format!("The experiment has {OVERRIDES_MAX} overrides already")));
    }
    let created_at = known.map_or_else(|| ctx.now(), |known| known.created_at);
    let one = Override { user_id: user_id.to_owned(), variant, created_at };
    rows::put(tx, workspace, id, &one)?;
    assignments::force(tx, workspace, id, user_id, variant)?;
    note(tx, ctx, "set_override", &whole, Some(variant))?;
    Ok(one)
}

/// Gives a user no variant by force any more: the next resolve assigns one by chance.
///
/// # Errors
/// `not_found`.
pub fn remove_override(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, id: ExperimentId, user_id: &str) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    revisions::bump(tx, workspace)?;
    let whole = get(tx, workspace, app, id)?;
    if !rows::delete(tx, workspace, id, user_id)? {
        return Err(Fault::not_found("Override"));
    }
    assignments::release(tx, workspace, id, user_id)?;
    experiments::forgot(tx, workspace, app, id)?;
    note(tx, ctx, "removed_override", &whole, None)
}

/// The audit log keeps no ids of users: erasing a user could not reach them there.
fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, whole: &Whole, variant: Option<VariantId>) -> Result<(), Fault> {
    let experiment = &whole.experiment;
    let detail = json!({ "app_id": experiment.app, "variant_id": variant });
    let note = Note::new(action, "experiment", experiment.id.0, &experiment.name, detail);
    trail::note(tx, ctx, &Who::caller(ctx), note)
}

//! What single users get in an experiment: forced variants and assignments (placements contract, sections 9.2 and 12).

use floe_model::placements::asking::ID_CHARS_MAX;
use floe_model::{Fault, Scope};
use floe_placements::experiments;
use floe_store::Tx;
use floe_store::placements::overrides::Override;
use serde_json::json;

use super::experiment_body::read_variant;
use super::experiments::experiment_id;
use super::input::environment;
use super::shapes::experiments as shapes;
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Where the forced variant of a user is.
const OVERRIDE: &str = "/v1/apps/{appId}/experiments/{id}/overrides/{userId}";
/// Where the assignment of a user is.
const ASSIGNMENT: &str = "/v1/apps/{appId}/experiments/{id}/assignments/{userId}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, OVERRIDE, MANAGE, show_override)
            .managed()
            .doc("Show a forced variant")
            .answers(200, shapes::OVERRIDE),
        Route::put(&SURFACE, OVERRIDE, MANAGE, set_override)
            .managed()
            .doc("Force a variant on a user")
            .about("In both environments. The user is left out of the results.")
            .takes(shapes::NAMED_VARIANT)
            .answers(200, shapes::OVERRIDE)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, OVERRIDE, MANAGE, remove_override)
            .managed()
            .doc("Force no variant any more")
            .about("The next resolve assigns one by chance.")
            .answers_nothing(204),
        Route::get(&SURFACE, ASSIGNMENT, MANAGE, show_assignment)
            .managed()
            .doc("Show what a user was assigned")
            .query("environment", shapes::ENVIRONMENT, "live unless given")
            .answers(200, shapes::ASSIGNMENT),
        Route::delete(&SURFACE, ASSIGNMENT, MANAGE, forget)
            .managed()
            .doc("Forget what a user was assigned")
            .query("environment", shapes::ENVIRONMENT, "live unless given")
            .answers_nothing(204),
    ]
}

/// Writes what the answers of this node left behind, so that what comes next holds it. What cannot be written now is written later.
pub(super) async fn catch_up(call: &Call) {
    if let Err(fault) = call.app.placements.serving.flush().await {
        tracing::warn!(%fault, "assignments are not written yet");
    }
}

/// The user of the path; what cannot be the id of a user is not found.
fn user_id(call: &Call) -> Result<String, Fault> {
    let text = call.param("userId")?;
    let is_one = !text.trim().is_empty() && text.chars().count() <= ID_CHARS_MAX && !text.contains('\0');
    if is_one { Ok(text.to_owned()) } else { Err(Fault::not_found("User")) }
}

fn answer(Override { user_id, variant, created_at }: Override) -> Result<Reply, Fault> {
    Reply::ok(&json!({ "user_id": user_id, "variant_id": variant, "created_at": created_at }))
}

async fn show_override(call: Call) -> Result<Reply, Fault> {
    let (app, id, user) = (app_id(&call)?, experiment_id(&call)?, user_id(&call)?);
    let workspace = call.ctx.caller.workspace;
    let reading = call.ctx.store.read(move |tx| experiments::override_of(tx, workspace, app, id, &user));
    answer(reading.await?)
}

async fn set_override(call: Call) -> Result<Reply, Fault> {
    catch_up(&call).await;
    let (app, id, user) = (app_id(&call)?, experiment_id(&call)?, user_id(&call)?);
    let (variant, ctx) = (read_variant(&call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| experiments::set_override(tx, &ctx, app, id, &user, variant);
    call.commit(act, answer).await
}

async fn remove_override(call: Call) -> Result<Reply, Fault> {
    let (app, id, user) = (app_id(&call)?, experiment_id(&call)?, user_id(&call)?);
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| experiments::remove_override(tx, &ctx, app, id, &user);
    call.commit(act, |()| Ok(Reply::no_content())).await
}

async fn show_assignment(call: Call) -> Result<Reply, Fault> {
    catch_up(&call).await;
    let (app, id, user) = (app_id(&call)?, experiment_id(&call)?, user_id(&call)?);
    let scope = Scope { workspace: call.ctx.caller.workspace, mode: environment(&call.query) };
    let given = call.ctx.store.read(move |tx| experiments::assignment(tx, scope, app, id, &user)).await?;
    Reply::ok(&json!({
        "variant_id": given.variant, "bucket": given.bucket, "source": given.source.as_str(),
        "assigned_at": given.assigned_at,
    }))
}

async fn forget(call: Call) -> Result<Reply, Fault> {
    catch_up(&call).await;
    let (app, id, user) = (app_id(&call)?, experiment_id(&call)?, user_id(&call)?);
    let (ctx, mode) = (call.ctx.clone(), environment(&call.query));
    let act = move |tx: &mut Tx<'_>| experiments::forget(tx, &ctx, mode, app, id, &user);
    call.commit(act, |()| Ok(Reply::no_content())).await
}

//! `GET /settings`: every setting with its value and origin (console contract, sections 5.10 and 8).

use floe_access::workspace::own_settings;
use floe_model::Fault;
use floe_model::access::Permission;

use super::shapes::operation as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/settings", Auth::MEMBER, show)
            .needs(Permission::Manage)
            .doc("List the settings of the server")
            .answers(200, shapes::SETTINGS),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let workspace = call.app.access.workspace(&call.ctx.caller).await?;
    let own = own_settings(&workspace);
    let mut settings = call.app.operation.config().settings.clone();
    for setting in &mut settings {
        // What the workspace has said holds in place of what the server was started with.
        let Some(value) = setting["key"].as_str().and_then(|key| own.get(key)) else { continue };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (setting["value"], setting["origin"], setting["restart_required"]) =
            (text.into(), "workspace".into(), false.into());
    }
    Reply::ok(&settings)
}

//! `GET /settings`: every setting with its value and origin (console contract, sections 5.10 and 8).

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
    Reply::ok(&call.app.operation.config().settings)
}

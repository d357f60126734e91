//! `/doctor`: what an installation needs, and what to do about it (console contract, section 5.10).

use floe_model::Fault;
use floe_model::access::Permission;

use super::shapes::operation as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/doctor", Auth::MEMBER, show)
            .needs(Permission::Manage)
            .doc("Show what the doctor finds")
            .about("Checks that read the whole database are those of the last run.")
            .answers(200, shapes::CHECKS),
        Route::post(&SURFACE, "/console/v1/doctor/run", Auth::MEMBER, run)
            .needs(Permission::Manage)
            .doc("Run every check of the doctor")
            .answers(200, shapes::CHECKS),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    Reply::ok(&call.app.operation.findings().await?)
}

async fn run(call: Call) -> Result<Reply, Fault> {
    Reply::ok(&call.app.operation.examine().await?)
}

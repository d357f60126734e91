//! The routes by which apps on devices ask what to show (placements contract, sections 2, 3, 4 and 6). They are answered from memory;
//! see [`SdkDoor`] for what is checked before a handler sees a request.

mod input;
mod resolve;

use crate::http::shape::TEXT;
use crate::http::{Route, SdkApp, SdkBucket, SdkDoor};

use super::SURFACE;
use super::shapes::sdk as shapes;

/// Bytes of a body after unpacking.
const BODY_LIMIT: usize = 64 * 1024;

/// Of the routes whose app is in the path.
const IN_PATH: SdkDoor = SdkDoor { bucket: SdkBucket::Resolve, app: SdkApp::InPath, body_limit: BODY_LIMIT };
/// Of the older route, whose app is in the body.
const IN_BODY: SdkDoor = SdkDoor { app: SdkApp::InBody, ..IN_PATH };

pub(super) fn routes() -> Vec<Route> {
    vec![
        with_manner(Route::sdk(&SURFACE, "/v1/apps/{appId}/placements/{key}/resolve", IN_PATH, resolve::one))
            .doc("Resolve a placement for a user")
            .takes(shapes::ASKED)
            .answers(200, shapes::RESOLVED)
            .refuses(400, &["invalid_placement_id"]),
        with_manner(Route::sdk(&SURFACE, "/v1/apps/{appId}/placements/resolve-batch", IN_PATH, resolve::batch))
            .doc("Resolve several placements for a user")
            .about(
                "All entries come from one configuration and one reading of the clock: exactly what single resolves would give. It \
                 costs its number of placements.",
            )
            .takes(shapes::ASKED_BATCH)
            .answers(200, shapes::RESOLVED_BATCH)
            .refuses(400, &["too_many_placements"]),
        Route::sdk(&SURFACE, "/v1/apps/{appId}/flows/{flowId}/resolve", IN_PATH, resolve::flow)
            .doc("Resolve a flow by its id")
            .about("The version that was published last, for previews and deep links. No experiment takes part.")
            .takes(shapes::ASKED)
            .answers(200, shapes::RESOLVED)
            .refuses(404, &["flow_not_found"]),
        with_manner(Route::sdk(&SURFACE, "/v1/placements/{key}/resolve", IN_BODY, resolve::legacy))
            .doc("Resolve a placement, app in body")
            .about("Deprecated. The only app of the workspace stands in for an `app_id` that is left out.")
            .takes(shapes::ASKED)
            .answers(200, shapes::RESOLVED)
            .refuses(400, &["invalid_app_id", "invalid_placement_id"])
            .refuses(403, &["forbidden"])
            .refuses(404, &["app_not_found"]),
    ]
}

fn with_manner(route: Route) -> Route {
    route.query("export", TEXT, "true: the default version, the same for everybody; leaves nothing behind").query(
        "explain",
        TEXT,
        "true: adds the steps of the decision, leaves nothing behind; with test keys, else ignored",
    )
}

//! The placements API (placements contract): the SDK routes for apps on devices, and the management for members, their tokens and
//! management keys.
//!
//! A handler reads its body with [`Fields`](crate::http::Fields), which names every problem, and renders what the slice answers.
//! An `appId` that is no id is refused before anything else ([`check`]); one of another workspace is not found.
//!
//! Start reading with [`routes`], then `apps.rs` as an example of a resource.

mod analytics;
mod apps;
mod audiences;
mod cdn;
mod check;
mod errors;
mod events;
mod experiment_body;
mod experiment_results;
mod experiment_users;
mod experiments;
mod flows;
mod fonts;
mod input;
mod keys;
mod media;
mod page;
mod place_input;
mod places;
mod question;
mod sdk;
mod sdk_errors;
mod shapes;
mod simulate;
mod transfer;
mod uploads;
mod versions;
mod wire;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use floe_model::access::{KeyKind, PLACEMENTS_MANAGEMENT, Permission};
use floe_model::id::WorkspaceId;

use crate::App;
use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

/// What manages: a session, a personal access token, or a management key.
const MANAGE: Auth = Auth::MEMBER.or_key(KeyKind::PlacementsManagement);

/// How long the answer to a change waits until devices are answered by it.
const SETTLE: Duration = Duration::from_millis(900);

/// Everything of placements.
pub static SURFACE: Surface = Surface {
    name: "placements",
    prefixes: &["/v1/apps", "/v1/placements", "/v1/events", "/v1/api-keys", "/cdn"],
    render: errors::render,
    rate_style: RateStyle::Seconds,
    token_limits: None,
    repeats_by_member: false,
    // Configuration holds for both modes; what users did is asked for by a parameter.
    mode_headers: &[],
    customs: Customs { check: Some(check::parameters), settle: Some(settle), packs: true, ..Customs::PLAIN },
    doc: SurfaceDoc {
        title: "Floe: placements",
        about: "Which screens an app shows whom. The SDK routes are for keys of the SDK; the rest manages apps, screen flows, \
                placements, audiences and experiments, and reads what came of them.",
        fault_media: "application/json",
        fault: errors::FAULT,
        code: errors::code,
    },
};

/// Every route of placements, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        sdk::routes(),
        apps::routes(),
        keys::routes(),
        flows::routes(),
        versions::routes(),
        transfer::routes(),
        places::routes(),
        simulate::routes(),
        audiences::routes(),
        events::routes(),
        sdk_errors::routes(),
        experiments::routes(),
        experiment_users::routes(),
        experiment_results::routes(),
        analytics::routes(),
        fonts::routes(),
        media::routes(),
        cdn::routes(),
    ];
    groups.into_iter().flatten().map(with_app_refusal).collect()
}

/// What was changed here is answered here at once. A node that cannot read it now says so in its log and goes on with what it has.
fn settle(app: Arc<App>, workspace: WorkspaceId) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let refreshing = app.placements.serving.refresh(workspace);
        if let Ok(Err(fault)) = tokio::time::timeout(SETTLE, refreshing).await {
            tracing::debug!(%fault, "the configuration of placements could not be read after a change");
        }
    })
}

/// Every route of an app refuses an id of an app that is none. A device is told whether an app is foreign or missing as well (placements
/// contract, section 1.2).
fn with_app_refusal(route: Route) -> Route {
    if !route.path.contains("{appId}") {
        return route;
    }
    let route = route.refuses(400, &["invalid_app_id"]);
    match route.auth.key {
        Some(KeyKind::PlacementsSdk) => route.refuses(403, &["forbidden"]).refuses(404, &["app_not_found"]),
        _ => route,
    }
}

/// Who is let in.
trait Rights: Sized {
    /// Members who build, tokens with `placements.manage`, management keys (placements contract, section 12; console contract,
    /// section 2.5).
    fn managed(self) -> Self;
}

impl Rights for Route {
    fn managed(self) -> Self {
        self.scope(PLACEMENTS_MANAGEMENT).permission(Permission::Build)
    }
}

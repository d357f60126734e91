//! The placements API (placements contract): the SDK routes for apps on devices, and the management for members, their tokens and
//! management keys.
//!
//! A handler reads its body with [`Fields`](crate::http::Fields), which names every problem, and renders what the slice answers.
//! An `appId` that is no id is refused before anything else ([`check`]); one of another workspace is not found.
//!
//! Start reading with [`routes`], then `apps.rs` as an example of a resource.

mod check;
mod errors;
mod page;
mod shapes;
mod wire;

use floe_model::access::{KeyKind, PLACEMENTS_MANAGEMENT, Permission};

use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

/// What manages: a session, a personal access token, or a management key.
const MANAGE: Auth = Auth::MEMBER.or_key(KeyKind::PlacementsManagement);

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
    customs: Customs { check: Some(check::parameters), ..Customs::PLAIN },
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
    let groups: [Vec<Route>; 0] = [];
    groups.into_iter().flatten().map(with_app_refusal).collect()
}

/// Every route of an app refuses an id of an app that is none.
fn with_app_refusal(route: Route) -> Route {
    if route.path.contains("{appId}") { route.refuses(400, &["invalid_app_id"]) } else { route }
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

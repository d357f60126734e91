//! The Flow API (Flow API contract): flows, their versions, and runs.
//!
//! Start reading with [`routes`], then `records.rs`.

mod errors;
mod paging;
mod patch;
mod records;
mod sharing;
mod versions;

use floe_access::rate::Limits;
use floe_model::access::KeyKind;

use crate::http::{Auth, RateStyle, Route, Surface};

/// Largest request body, files apart, in bytes (Flow API contract, section 1).
const BODY_LIMIT: usize = 5 * 1024 * 1024;

/// What the dashboard calls: a session or a personal access token; an API key is refused.
const DASHBOARD: Auth = Auth::MEMBER.key_is_forbidden(KeyKind::Flows);

/// The Flow API.
pub static SURFACE: Surface = Surface {
    name: "flows",
    prefixes: &["/v1/flow", "/v1/flowrun", "/v1/client/flow", "/v1/sdk/flow"],
    render: errors::render,
    rate_style: RateStyle::XUnixSeconds,
    token_limits: Some(Limits { per_minute: 100, per_day: 5_000 }),
    repeats_by_member: false,
    mode_headers: &["floe-mode"],
};

/// Every route of the Flow API, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [records::routes(), versions::routes()];
    groups.into_iter().flatten().collect()
}

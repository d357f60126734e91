//! The console API: what the dashboard and the command line call (console contract).

mod errors;
mod health;

use crate::http::{RateStyle, Route, Surface};

/// The console, and everything at the root that belongs to no other surface.
pub static SURFACE: Surface = Surface {
    name: "console",
    prefixes: &["/console/v1"],
    render: errors::render,
    rate_style: RateStyle::Seconds,
    token_limits: None,
    repeats_by_member: true,
    mode_headers: &["floe-mode"],
};

/// Every route of the console.
pub(crate) fn routes() -> Vec<Route> {
    [health::routes()].into_iter().flatten().collect()
}

//! The public APIs: one folder per protocol, each with its routes, its wire types and its `errors.rs`.
//!
//! A handler parses, calls one service of a slice, and renders the answer. It decides nothing and holds no SQL. What all
//! protocols share is in [`http`].
//!
//! Start reading with [`SURFACES`] and [`routes`] (the table of contents), then [`http::Route`].

pub mod console;
pub mod flows;
pub mod http;
pub mod openapi;

use std::sync::Arc;

use floe_access::Access;
use floe_flows::Flows;
use floe_runtime::Platform;

use http::{Route, Settings, Surface};

/// What the handlers work with. Built once at start.
pub struct App {
    /// Store, clock, ids, the guarded HTTP client, the sandbox.
    pub platform: Arc<Platform>,
    /// Callers, keys, sessions.
    pub access: Arc<Access>,
    /// Flows and their runs.
    pub flows: Arc<Flows>,
    /// What an operator sets about the front door.
    pub settings: Settings,
}

/// Every surface. Unknown paths that none of them owns are answered by the first.
pub static SURFACES: &[&Surface] = &[&console::SURFACE, &flows::SURFACE];

/// Every route of every surface.
#[must_use]
pub fn routes() -> Vec<Route> {
    [console::routes(), flows::routes()].into_iter().flatten().collect()
}

/// The router of all surfaces.
pub fn router(app: Arc<App>) -> axum::Router {
    http::build(app, routes(), SURFACES, SURFACES[0])
}

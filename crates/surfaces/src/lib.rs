//! The public APIs: one folder per protocol, each with its routes, its wire types and its `errors.rs`.
//!
//! A handler parses, calls one service of a slice, and renders the answer. It decides nothing and holds no SQL. What all
//! protocols share is in [`http`].
//!
//! Start reading with [`SURFACES`] and [`routes`] (the table of contents), then [`http::Route`].

pub mod agents;
pub mod console;
pub mod flows;
pub mod http;
pub mod inbound;
pub mod openapi;
pub mod placements;
mod run_credits;
mod static_page;
mod stream;
pub mod treasury;
pub mod workflows;

use std::sync::Arc;

use floe_access::Access;
use floe_agents::Agents;
use floe_flows::Flows;
use floe_operation::Operation;
use floe_placements::Placements;
use floe_runtime::Platform;
use floe_treasury::Treasury;
use floe_webhooks::Webhooks;

use http::{Route, Settings, Surface};

/// What the handlers work with. Built once at start.
pub struct App {
    /// Store, clock, ids, the guarded HTTP client, the sandbox.
    pub platform: Arc<Platform>,
    /// Callers, keys, sessions.
    pub access: Arc<Access>,
    /// Models, agents, threads, knowledge.
    pub agents: Arc<Agents>,
    /// Flows and their runs.
    pub flows: Arc<Flows>,
    /// Backups, checks, metrics.
    pub operation: Arc<Operation>,
    /// Apps, screen flows, placements, audiences, experiments.
    pub placements: Arc<Placements>,
    /// Payment runs, payees, the wallet.
    pub treasury: Arc<Treasury>,
    /// Outgoing webhooks.
    pub webhooks: Arc<Webhooks>,
    /// What an operator sets about the front door.
    pub settings: Settings,
}

/// Every surface. Unknown paths that none of them owns are answered by the first.
pub static SURFACES: &[&Surface] = &[
    &console::SURFACE,
    &flows::SURFACE,
    &treasury::SURFACE,
    &placements::SURFACE,
    &agents::SURFACE,
    &workflows::SURFACE,
    &inbound::SURFACE,
];

/// Every route of every surface.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        console::routes(),
        flows::routes(),
        treasury::routes(),
        placements::routes(),
        agents::routes(),
        workflows::routes(),
        inbound::routes(),
    ];
    groups.into_iter().flatten().collect()
}

/// The router of a server that answers no product calls: its health and its figures.
pub fn worker_router(app: Arc<App>) -> axum::Router {
    let is_of_operator = |route: &Route| {
        let path = route.path.trim_start_matches("/api/v1");
        path.starts_with("/health/") || path == "/metrics"
    };
    http::build(app, routes().into_iter().filter(is_of_operator).collect(), SURFACES, SURFACES[0])
}

/// The router of all surfaces.
pub fn router(app: Arc<App>) -> axum::Router {
    http::build(app, routes(), SURFACES, SURFACES[0])
}

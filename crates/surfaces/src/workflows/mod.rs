//! The workflow API (workflows contract): workflows, executions, agents, threads, triggers, knowledge bases and webhooks, for keys of
//! kind `workflows`. Every path is served below `/v1` and below `/api/v1` alike; the route table names the first.
//!
//! A handler reads its input with [`Fields`](crate::http::Fields), calls one service, and wraps what it answers with [`Envelope`].
//! What is not there is told with [`errors::missing`].
//!
//! Start reading with [`routes`], then `records.rs` as an example of a resource.

mod agents;
mod envelope;
mod errors;
mod executions;
mod knowledge;
mod memory;
mod messages;
mod page;
mod records;
mod shapes;
mod stream;
mod stream_base;
mod stream_events;
mod thread_events;
mod threads;
mod triggers;
mod webhooks;

use floe_access::rate::Limits;
use floe_model::access::KeyKind;

pub(crate) use envelope::Envelope;
pub(crate) use page::Page;

use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

/// Keys of workflows, and nothing else.
const KEY: Auth = Auth::only_key(KeyKind::Workflows);
/// Largest body, bytes (section 1).
const BODY_MAX: usize = 1024 * 1024;
/// Largest body of a call that starts something, bytes (section 1).
const START_BODY_MAX: usize = 10 * 1024 * 1024;
/// What a client address may ask without a valid key, and a key unless it has numbers of its own (section 5).
const DEFAULT_LIMITS: Limits = Limits { per_minute: 60, per_day: 10_000 };

/// Everything of workflows.
pub static SURFACE: Surface = Surface {
    name: "workflows",
    prefixes: &[
        "/v1/workflows",
        "/v1/executions",
        "/v1/agents",
        "/v1/threads",
        "/v1/triggers",
        "/v1/knowledge-bases",
        "/v1/webhooks",
        "/api/v1/workflows",
        "/api/v1/executions",
        "/api/v1/agents",
        "/api/v1/threads",
        "/api/v1/triggers",
        "/api/v1/knowledge-bases",
        "/api/v1/webhooks",
    ],
    render: errors::render,
    rate_style: RateStyle::XBothWindows,
    token_limits: None,
    repeats_by_member: false,
    // A key has a mode.
    mode_headers: &[],
    customs: Customs {
        // Whatever this header holds wins over `Authorization`.
        key_header: Some(("x-api-key", "")),
        bare_key: true,
        bases: Some(("/api/v1", "/v1")),
        proves_first: Some(KEY),
        address_limits: Some(DEFAULT_LIMITS),
        uuid_request_ids: true,
        allows_origins: true,
        tells_scopes: true,
        ..Customs::PLAIN
    },
    doc: SurfaceDoc {
        title: "Floe: workflows",
        about: "Workflows and their executions, agents and threads, triggers, knowledge bases and outgoing webhooks. Every path \
                is also served below /api/v1. Every call carries an API key of kind workflows.",
        fault_media: "application/json",
        fault: errors::FAULT,
        code: errors::code,
    },
};

/// Every route of workflows, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        records::routes(),
        executions::routes(),
        stream::routes(),
        agents::routes(),
        memory::routes(),
        threads::routes(),
        messages::routes(),
        thread_events::routes(),
        knowledge::routes(),
        triggers::routes(),
        webhooks::routes(),
    ];
    groups.into_iter().flatten().map(with_limits).collect()
}

/// What holds for every route: the size of bodies.
fn with_limits(route: Route) -> Route {
    let limit = if route.path.ends_with("/execute") { START_BODY_MAX } else { BODY_MAX };
    route.body_limit(limit)
}

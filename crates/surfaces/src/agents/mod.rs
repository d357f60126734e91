//! The agent API (agents contract): chat, usage, templates of WhatsApp, and the management and monitoring of agents, for keys of
//! kind `agents`.
//!
//! Whatever a path names as `{agent_id}` is looked up before the body is read ([`gate`]). A handler reads its body with
//! [`Fields`](crate::http::Fields) or by hand where the contract words the problems, and renders what the slice answers.
//!
//! Start reading with [`routes`], then `usage.rs` as an example of a resource.

mod chat;
mod chat_body;
mod chat_stream;
mod deliveries;
mod errors;
mod gate;
pub(crate) mod monitoring;
mod records;
pub(crate) mod shapes;
mod thread_wire;
mod threads;
pub(crate) mod usage;
mod whatsapp;
pub(crate) mod wire;

use floe_model::access::KeyKind;

pub(crate) use chat::key_of;
pub(crate) use chat_body::ChatIn;
pub(crate) use chat_stream::{Told as StreamTold, answer as stream_chat};
pub(crate) use thread_wire::metadata as thread_metadata;
pub(crate) use threads::{Given, NOTE_MAX, SAY_MAX, message_name};

use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

/// Keys of agents, and nothing else.
const KEY: Auth = Auth::only_key(KeyKind::Agents);
/// Largest body, bytes (section 1.1).
const BODY_MAX: usize = 5 * 1024 * 1024;

/// Everything of agents.
pub static SURFACE: Surface = Surface {
    name: "agents",
    prefixes: &["/api/public"],
    render: errors::render,
    rate_style: RateStyle::Seconds,
    token_limits: None,
    repeats_by_member: false,
    // A key has a mode.
    mode_headers: &[],
    customs: Customs {
        no_credential: "no_credential",
        gate: Some(gate::agent),
        bare_key: true,
        // An empty id is answered by the route that it was meant for.
        alias: Some(("/api/public/agent/", "/api/public/agent/%20")),
        ..Customs::PLAIN
    },
    doc: SurfaceDoc {
        title: "Floe: agents",
        about: "Conversations with agents, what they cost, and the agents themselves. Every call carries an API key of kind agents.",
        fault_media: "application/json",
        fault: errors::FAULT,
        code: errors::code,
    },
};

/// Every route of agents, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        records::routes(),
        chat::routes(),
        usage::routes(),
        monitoring::routes(),
        threads::routes(),
        deliveries::routes(),
        whatsapp::routes(),
    ];
    groups.into_iter().flatten().map(with_limits).collect()
}

/// What holds for every route: the size of bodies, and the refusal of agents of others.
fn with_limits(route: Route) -> Route {
    let route = route.body_limit(BODY_MAX);
    if route.path.contains("{agent_id}") {
        return route.refuses(400, &[errors::NO_AGENT_ID]).refuses(403, &[errors::NO_AGENT]);
    }
    route
}

//! The Flow API (Flow API contract): flows, their versions, and runs.
//!
//! Start reading with [`routes`], then `records.rs`.

mod editor;
mod errors;
mod execute;
mod files;
mod form_inputs;
mod form_page;
pub(crate) mod late;
mod logs;
mod outcome;
mod paging;
mod patch;
mod records;
pub(crate) mod resume;
mod retry;
mod run_reads;
mod run_wire;
mod runs;
mod schedule;
mod shapes;
mod share;
mod sharing;
mod stream;
mod transfer;
mod versions;

use floe_access::rate::Limits;
use floe_model::access::KeyKind;

use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

/// Largest request body, files apart, in bytes (Flow API contract, section 1).
const BODY_LIMIT: usize = 5 * 1024 * 1024;

/// What the dashboard calls: a session or a personal access token; an API key is refused.
const DASHBOARD: Auth = Auth::MEMBER.key_is_forbidden(KeyKind::Flows);

/// What programs call to run flows: a personal access token or an API key.
const CLIENT: Auth = Auth::MEMBER.without_session().or_key(KeyKind::Flows);

/// What the dashboard calls, and an API key for the runs that it started.
const OWN_RUNS: Auth = Auth::MEMBER.or_key(KeyKind::Flows);

/// The same, and whoever holds the resume token of a run.
const RESUMED_RUNS: Auth = OWN_RUNS.or_header("x-resume-token");

/// The Flow API.
pub static SURFACE: Surface = Surface {
    name: "flows",
    prefixes: &["/v1/flow", "/v1/flowrun", "/v1/client/flow", "/v1/sdk/flow", "/f"],
    render: errors::render,
    rate_style: RateStyle::XUnixSeconds,
    token_limits: Some(Limits { per_minute: 100, per_day: 5_000 }),
    repeats_by_member: false,
    mode_headers: &["floe-mode"],
    customs: Customs::PLAIN,
    doc: SurfaceDoc {
        title: "Floe: flows",
        about: "Flows, their versions, and their runs: everything that starts, reads, answers and ends them.",
        fault_media: "application/json",
        fault: errors::FAULT,
        code: errors::code,
    },
};

/// Every route of the Flow API, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        records::routes(),
        versions::routes(),
        execute::routes(),
        resume::routes(),
        runs::routes(),
        run_reads::routes(),
        retry::routes(),
        stream::routes(),
        schedule::routes(),
        logs::routes(),
        share::routes(),
        form_page::routes(),
        files::routes(),
        transfer::routes(),
        editor::routes(),
    ];
    groups.into_iter().flatten().collect()
}

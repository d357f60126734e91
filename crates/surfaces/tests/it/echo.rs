//! A surface of the tests: routes that show what the plumbing hands to a handler.

use floe_access::rate::Limits;
use floe_model::Fault;
use floe_model::access::KeyKind;
use floe_surfaces::http::{Auth, Call, Customs, FaultSite, RateStyle, Reply, Route, Surface, SurfaceDoc, shape};
use floe_surfaces::{agents, console, inbound, treasury, workflows};
use http::StatusCode;
use serde_json::json;

pub static ECHO: Surface = Surface {
    name: "echo",
    prefixes: &["/echo"],
    render,
    rate_style: RateStyle::XUnixSeconds,
    token_limits: Some(Limits { per_minute: 3, per_day: 4 }),
    repeats_by_member: false,
    mode_headers: &["floe-mode"],
    customs: Customs::PLAIN,
    doc: SurfaceDoc {
        title: "Echo",
        about: "",
        fault_media: "application/json",
        fault: shape::JSON_OBJECT,
        code: Fault::code,
    },
};

fn render(fault: &Fault, _site: &FaultSite<'_>) -> Reply {
    let code = if fault.code() == "unknown_path" { "not_found" } else { fault.code() };
    Reply::value(StatusCode::IM_A_TEAPOT, &json!({ "echo": code, "code": code }))
}

pub static SURFACES: &[&Surface] =
    &[&console::SURFACE, &ECHO, &treasury::SURFACE, &agents::SURFACE, &workflows::SURFACE, &inbound::SURFACE];

const CLIENT: Auth = Auth::MEMBER.without_session().or_key(KeyKind::Flows);
const DASHBOARD: Auth = Auth::MEMBER.key_is_forbidden(KeyKind::Flows);
const RESUME: Auth = Auth::MEMBER.or_key(KeyKind::Flows).or_header("x-resume-token");

pub fn routes() -> Vec<Route> {
    vec![
        Route::post(&ECHO, "/echo/json", Auth::PUBLIC, |call: Call| async move { Reply::ok(&call.json_value()?) }),
        Route::post(&ECHO, "/echo/panic", Auth::PUBLIC, |_| async { panic!("on purpose") }),
        Route::post(&ECHO, "/echo/small", Auth::PUBLIC, who).body_limit(10),
        Route::get(&ECHO, "/echo/client", CLIENT, who).scope("flows.read"),
        Route::post(&ECHO, "/echo/client", CLIENT, count).scope("flows.run"),
        Route::get(&ECHO, "/echo/dashboard/{id}", DASHBOARD, who).scope("flows.read"),
        Route::get(&ECHO, "/echo/dashboard/word", DASHBOARD, |_: Call| async { Reply::ok(&"word") })
            .scope("flows.read"),
        Route::post(&ECHO, "/echo/resume", RESUME, who).scope("flows.run"),
    ]
}

async fn who(call: Call) -> Result<Reply, Fault> {
    let caller = &call.ctx.caller;
    Reply::ok(&json!({
        "kind": caller.actor().kind,
        "name": caller.name,
        "mode": caller.mode.as_str(),
        "peer": call.peer.to_string(),
        "id": call.param("id").ok(),
        "proven": call.identity.is_some(),
    }))
}

/// Counts how often it is done, in the name of the workspace's audit log.
async fn count(call: Call) -> Result<Reply, Fault> {
    let id = call.ctx.ids.next_bits();
    call.commit(move |_| Ok(floe_model::id::to_base32(id)), |id| Reply::ok(&json!({ "id": id }))).await
}

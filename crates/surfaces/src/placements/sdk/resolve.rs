//! Resolves: of a placement, of several, of a flow, and by the older route (placements contract, sections 2, 3, 4 and 6).

use floe_model::id::{AppId, ScreenFlowId};
use floe_model::placements::place_key::is_key;
use floe_model::{Fault, FaultKind, FieldProblem, Mode};
use floe_placements::serving::{Asked, Manner, Resolved, Script, ServedApp};
use http::StatusCode;
use http::header::{HeaderName, LINK};
use serde_json::Value;

use super::input::{self, Form, Input};
use crate::http::{PACKED_FROM, Reply, SdkCall, packed_headers};

const JSON: &str = "application/json";
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// How the older route is counted.
const LEGACY: &str = "/v1/placements/{placementId}/resolve";

/// `POST /v1/apps/{appId}/placements/{key}/resolve`.
pub(super) async fn one(call: SdkCall) -> Result<Reply, Fault> {
    let input = input::read(&call.body, Form::One)?;
    let app = call.app_here()?;
    check_app(&input, app.id)?;
    answer(&call, app, &input)
}

/// `POST /v1/apps/{appId}/placements/resolve-batch`.
pub(super) async fn batch(call: SdkCall) -> Result<Reply, Fault> {
    let input = input::read(&call.body, Form::Batch)?;
    let app = call.app_here()?;
    check_app(&input, app.id)?;
    let manner = manner(&call)?;
    call.charge(input.keys.len() - 1)?;
    let asked = asked(&call, &input);
    let serving = &call.app.placements.serving;
    let resolve = |key: &str| is_key(key).then(|| serving.resolve(&call.config, app, key, &asked, manner));
    let entries: Vec<_> = input.keys.iter().map(|key| (key, resolve(key))).collect();
    // One buffer of the right size instead of one that grows.
    let room = entries.iter().flat_map(|(_, resolved)| resolved).map(Resolved::room).sum();
    let mut script = Script::with_room(room, call.takes_gzip);
    script.text("{\"results\":[");
    for (index, (key, resolved)) in entries.iter().enumerate() {
        if index > 0 {
            script.text(",");
        }
        if let Some(resolved) = resolved {
            resolved.write(&mut script, Some(key));
        } else {
            script.text("{\"placement_key\":");
            script.text(&Value::from(&***key).to_string());
            script.text(",\"flow_id\":null,\"error\":\"invalid placement key\",\"cache_ttl_seconds\":0}");
        }
    }
    script.text("]}");
    Ok(reply(&call, script))
}

/// `POST /v1/apps/{appId}/flows/{flowId}/resolve`.
pub(super) async fn flow(call: SdkCall) -> Result<Reply, Fault> {
    let input = input::read(&call.body, Form::One)?;
    let app = call.app_here()?;
    check_app(&input, app.id)?;
    let not_found = || Fault::new(FaultKind::NotFound, "flow_not_found", "The app has no such flow");
    let id = ScreenFlowId::parse(call.param("flowId")).map_err(|_| not_found())?;
    let serving = &call.app.placements.serving;
    let resolved = serving.resolve_flow(&call.config, app, id, call.caller.mode).ok_or_else(not_found)?;
    Ok(reply(&call, written(&call, &resolved)))
}

/// `POST /v1/placements/{key}/resolve`, deprecated.
pub(super) async fn legacy(call: SdkCall) -> Result<Reply, Fault> {
    let input = input::read(&call.body, Form::One)?;
    let app = call.choose_app(input.app_id.as_deref()).await?;
    call.app.placements.events.note_legacy(call.caller.workspace, call.key, LEGACY);
    let successor =
        format!("</v1/apps/{}/placements/{}/resolve>; rel=\"successor-version\"", app.id, call.param("key"));
    let reply = answer(&call, &app, &input)?;
    Ok(reply.text_header(DEPRECATION, "true").text_header(LINK, &successor))
}

fn answer(call: &SdkCall, app: &ServedApp, input: &Input<'_>) -> Result<Reply, Fault> {
    let manner = manner(call)?;
    let key = call.param("key");
    if !is_key(key) {
        let message = "The placement id must begin with a lower-case letter and hold letters, digits and underscores";
        return Err(Fault::new(FaultKind::Invalid, "invalid_placement_id", message));
    }
    let serving = &call.app.placements.serving;
    let resolved = serving.resolve(&call.config, app, key, &asked(call, input), manner);
    Ok(reply(call, written(call, &resolved)))
}

/// The answer to a single question.
fn written(call: &SdkCall, resolved: &Resolved<'_>) -> Script {
    let mut script = Script::with_room(resolved.room(), call.takes_gzip);
    resolved.write(&mut script, None);
    script
}

fn asked<'a>(call: &SdkCall, input: &'a Input<'_>) -> Asked<'a> {
    Asked {
        user_id: &input.user_id,
        session_id: &input.session_id,
        platform: input.platform,
        attributes: input.attributes.as_ref(),
        mode: call.caller.mode,
        now: call.now,
    }
}

/// A body that names an app names that of the address.
fn check_app(input: &Input<'_>, app: AppId) -> Result<(), Fault> {
    let Some(named) = &input.app_id else { return Ok(()) };
    if AppId::parse(named).is_ok_and(|named| named == app) {
        return Ok(());
    }
    let problem = FieldProblem::new("/app_id", "mismatch", "app_id is not the app of the address");
    Err(Fault::validation(vec![problem]))
}

/// `export` and `explain` of the query. Both together are an export.
fn manner(call: &SdkCall) -> Result<Manner, Fault> {
    let export = match call.query.get("export") {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Fault::field("/export", "value", "export must be true, 1, false or 0")),
    };
    let explain = call.caller.mode == Mode::Test && matches!(call.query.get("explain"), Some("true" | "1"));
    Ok(match (export, explain) {
        (true, _) => Manner::Export,
        (false, true) => Manner::Explained,
        (false, false) => Manner::Ordinary,
    })
}

/// The answer, packed for those who take that and when it is worth while.
fn reply(call: &SdkCall, script: Script) -> Reply {
    if call.takes_gzip
        && script.len() >= PACKED_FROM
        && let Some(packed) = script.gzip()
    {
        let mut reply = Reply::pieces(StatusCode::OK, JSON, packed);
        packed_headers(&mut reply.headers);
        return reply;
    }
    Reply::pieces(StatusCode::OK, JSON, script.plain())
}

//! Share links: a flow for whoever holds the text (Flow API contract, section 10).

use std::sync::Arc;

use floe_access::derived::TEXT_CHARS;
use floe_flows::definitions::VersionChoice;
use floe_flows::sharing::{ShareForm, Shared};
use floe_flows::{Execute, WayIn};
use floe_model::access::Caller;
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use serde_json::{Value, json};

use super::execute::{hook_id, start, wait_ms};
use super::form_inputs;
use super::outcome::{self, Form};
use super::shapes::{files as shapes, outcome as outcomes};
use super::{BODY_LIMIT, SURFACE, errors};
use crate::http::shape::{FLAG, JSON_OBJECT, TEXT};
use crate::http::{Auth, Call, FaultSite, OwnLimit, Reply, Route};

/// Executions a minute of one link from one address (Flow API contract, section 1.4).
const EXECUTIONS_PER_MINUTE: u32 = 30;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/flow/share/{token}", Auth::PUBLIC, show)
            .doc("Show a shared flow")
            .about("What the holder of a share link is told: no ids, no definition, no owner.")
            .answers(200, shapes::FORM)
            .refuses(404, &["not_found"])
            .refuses(409, &["api_trigger_required"]),
        Route::post(&SURFACE, "/v1/flow/share/execute/{token}", Auth::PUBLIC, execute)
            .body_limit(BODY_LIMIT)
            .raw_body()
            .doc("Execute a shared flow")
            .about("The body is the input. Always runs the latest published version.")
            .query("async", FLAG, "Whether to answer 202 at once")
            .header("x-hook-id", TEXT, "Kept with the run as source.hookId")
            .takes(JSON_OBJECT)
            .or_takes_media("multipart/form-data", JSON_OBJECT)
            .answers(200, outcomes::CLIENT)
            .answers(202, shapes::RUNNING)
            .refuses(404, &["not_found"])
            .refuses(409, &["api_trigger_required", "run_cancelled"])
            .refuses(422, &["flow_execution_failed"])
            .refuses(429, &["rate_limited"]),
    ]
}

/// What the holder of a link is told.
async fn show(call: Call) -> Result<Reply, Fault> {
    let form = call.app.flows.share_form(hash(&call)?).await?;
    let ShareForm { name, description, icon, inputs, title, submit_label, requires_files } = form;
    Reply::ok(&json!({
        "name": name, "description": description, "icon": icon, "inputs": inputs, "title": title,
        "submitLabel": submit_label, "requiresFiles": requires_files,
    }))
}

async fn execute(mut call: Call) -> Result<Reply, Fault> {
    let limit = count(&call, "share")?;
    if let Some(fault) = limit.refusal() {
        return Ok(limit.write(&call, refused(&call, &fault)));
    }
    let shared = enter(&mut call).await?;
    let is_async = call.query.flag("async")?.unwrap_or(false);
    let inputs = form_inputs::read(&call, shared.flow, VersionChoice::Latest, &WayIn::Share).await?;
    let request = Execute {
        flow: shared.flow,
        version: VersionChoice::Latest,
        way: WayIn::Share,
        inputs,
        hook_id: hook_id(&call)?,
        ip: Some(call.peer.to_string()),
        run: call.ctx.ids.next(),
        wait_ms: wait_ms(is_async),
    };
    let reply = start(&call, request, Form::Client).await?;
    Ok(limit.write(&call, with_resume_token(&call, reply)?))
}

/// Counts a request of the link from its address.
pub(super) fn count(call: &Call, kind: &'static str) -> Result<OwnLimit, Fault> {
    let apart = format!("{}\n{}", call.param("token")?, call.peer);
    Ok(OwnLimit::take(call, kind, &apart, EXECUTIONS_PER_MINUTE))
}

/// Makes the caller the holder of the link in the path.
///
/// # Errors
/// 404 for a link that is unknown, ended, or whose flow is not published.
pub(super) async fn enter(call: &mut Call) -> Result<Shared, Fault> {
    let shared = call.app.flows.shared(hash(call)?).await?;
    become_holder(call, Caller::share(shared.workspace, shared.mode, shared.share));
    Ok(shared)
}

/// Makes the caller of a route without credential the one who started the run by a link, if the call proves that with
/// `X-Resume-Token`. Calls with a credential stay as they are.
///
/// # Errors
/// 401 for a wrong token.
pub(super) async fn enter_run(call: &mut Call, run: RunId) -> Result<(), Fault> {
    if call.identity.is_some() {
        return Ok(());
    }
    let wrong = || Fault::new(FaultKind::Unauthenticated, "unauthenticated", "Unknown resume token");
    let text = call.header("x-resume-token").ok_or_else(wrong)?;
    let workspace = call.app.access.read_resume_text(run, text).ok_or_else(wrong)?;
    let holder = call.app.flows.holder_of(workspace, run).await?.ok_or_else(wrong)?;
    become_holder(call, holder);
    Ok(())
}

/// The answer to a call that is refused before it is known who calls.
pub(super) fn refused(call: &Call, fault: &Fault) -> Reply {
    let reply =
        errors::render(fault, &FaultSite { request_id: call.ctx.request_id, path: &call.path, at: call.ctx.now() });
    match fault.retry_after_s() {
        Some(seconds) => reply.text_header(http::header::RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

fn become_holder(call: &mut Call, caller: Caller) {
    call.trace.belongs_to(caller.scope());
    call.ctx = Ctx::new(Arc::clone(&call.app.platform), Arc::new(caller), call.ctx.request_id);
}

/// What the link in the path is looked up by.
fn hash(call: &Call) -> Result<[u8; 32], Fault> {
    let text = call.param("token")?;
    if text.len() != TEXT_CHARS {
        return Err(Fault::not_found("Share link"));
    }
    Ok(call.app.access.share_hash(text))
}

/// Adds the resume token of a run that waits or goes on, also to a repeated answer: it is not saved with it.
fn with_resume_token(call: &Call, reply: Reply) -> Result<Reply, Fault> {
    let Some(run) = outcome::unfinished_run(&reply) else { return Ok(reply) };
    let Some(Ok(Value::Object(mut body))) = reply.full_body().map(|body| serde_json::from_slice(body)) else {
        return Ok(reply);
    };
    body.insert("resumeToken".to_owned(), call.app.access.resume_text(call.ctx.caller.workspace, run).into());
    let added = Reply::json(reply.status, &body)?;
    Ok(Reply { body: added.body, ..reply })
}

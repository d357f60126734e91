//! The number from which an agent sends WhatsApp templates (console contract, section 5.2).

use floe_agents::whatsapp;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::agents::whatsapp::ConnectionInput;
use floe_model::id::AgentId;
use floe_store::Tx;
use floe_store::agents::whatsapp_connections::ConnectionRow;
use serde_json::{Map, Value, json};

use super::shapes::agent_whatsapp as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Reply, Route};

const PATH: &str = "/console/v1/agents/{id}/whatsapp";

pub(super) fn routes() -> Vec<Route> {
    let routes = vec![
        Route::put(&SURFACE, PATH, Auth::MEMBER, put)
            .doc("Connect an agent to WhatsApp")
            .revised()
            .takes(shapes::CONNECTION_IN)
            .answers(200, shapes::CONNECTION),
        Route::get(&SURFACE, PATH, Auth::MEMBER, show)
            .doc("Show an agent's WhatsApp connection")
            .answers(200, shapes::CONNECTION),
        Route::delete(&SURFACE, PATH, Auth::MEMBER, remove)
            .doc("Disconnect an agent from WhatsApp")
            .revised()
            .answers_nothing(204),
        Route::post(&SURFACE, "/console/v1/agents/{id}/whatsapp/test", Auth::MEMBER, test)
            .doc("Test an agent's WhatsApp connection")
            .about("Asks the network for the number's name; nothing is sent to anybody.")
            .answers(200, shapes::TESTED)
            .refuses(422, &["outbound_blocked"]),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Manage)).collect()
}

async fn put(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    let mut body = call.fields()?;
    let keys = ["phone_number_id", "access_token", "business_account_id", "display_phone_number"];
    let members: Map<String, Value> =
        keys.into_iter().filter_map(|key| Some((key.to_owned(), body.value(key)?))).collect();
    body.finish()?;
    let input = ConnectionInput::read(&members).map_err(Fault::validation)?;
    let (ctx, if_match) = (call.ctx.clone(), call.if_match()?);
    let act = move |tx: &mut Tx<'_>| {
        whatsapp::check_revision(tx, ctx.caller.workspace, agent, if_match)?;
        whatsapp::put(tx, &ctx, agent, &input)
    };
    shown(&call.ctx.store.write(act).await?)
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (agent, workspace) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.workspace);
    shown(&call.ctx.store.read(move |tx| whatsapp::find(tx, workspace, agent)).await.map_err(in_own_words)?)
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    let (ctx, if_match) = (call.ctx.clone(), call.if_match()?);
    let act = move |tx: &mut Tx<'_>| {
        whatsapp::check_revision(tx, ctx.caller.workspace, agent, if_match)?;
        whatsapp::delete(tx, &ctx, agent)
    };
    call.ctx.store.write(act).await.map_err(in_own_words)?;
    Ok(Reply::no_content())
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    call.fields()?.finish()?;
    if let Some(known) = call.answered().await? {
        return Ok(known);
    }
    let ctx = call.ctx.clone();
    let reading = call.ctx.store.read(move |tx| {
        let row = whatsapp::find(tx, ctx.caller.workspace, agent)?;
        let token = whatsapp::open(tx, &ctx, &row)?;
        Ok((row, token))
    });
    let (row, token) = reading.await.map_err(in_own_words)?;
    let probe = whatsapp::probe(&call.app.platform, &call.app.agents.settings.graph, &row, &token).await?;
    let shown = json!({
        "ok": probe.ok, "status_code": probe.status_code, "duration_ms": probe.duration_ms, "message": probe.message,
        "display_phone_number": probe.display_phone_number, "verified_name": probe.verified_name,
    });
    let ctx = call.ctx.clone();
    call.commit(move |tx| whatsapp::note_probe(tx, &ctx, &row, &probe), move |()| Reply::ok(&shown)).await
}

/// The console has one code for what is not there.
fn in_own_words(fault: Fault) -> Fault {
    if fault.code() == "whatsapp_not_found" { Fault::not_found("WhatsApp connection") } else { fault }
}

fn shown(row: &ConnectionRow) -> Result<Reply, Fault> {
    let object = json!({
        "agent_id": row.agent,
        "phone_number_id": row.phone_number_id,
        "last4": row.token_tail,
        "business_account_id": row.business_account_id,
        "display_phone_number": row.display_phone_number,
        "status": row.status,
        "last_error": row.last_error,
        "revision": row.revision,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    });
    Ok(Reply::ok(&object)?.revision(row.revision))
}

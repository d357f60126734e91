//! The number from which an agent sends WhatsApp templates (console contract, section 5.2).

use floe_agents::{agents, whatsapp};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::agents::whatsapp::ConnectionInput;
use floe_model::id::{AgentId, WorkspaceId};
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
        require(tx, ctx.caller.workspace, agent)?;
        whatsapp::check_revision(tx, ctx.caller.workspace, agent, if_match)?;
        whatsapp::put(tx, &ctx, agent, &input)
    };
    shown(&call.ctx.store.write(act).await?)
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (agent, workspace) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.workspace);
    shown(&call.ctx.store.read(move |tx| find(tx, workspace, agent)).await?)
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    let (ctx, if_match) = (call.ctx.clone(), call.if_match()?);
    let act = move |tx: &mut Tx<'_>| {
        find(tx, ctx.caller.workspace, agent)?;
        whatsapp::check_revision(tx, ctx.caller.workspace, agent, if_match)?;
        whatsapp::delete(tx, &ctx, agent)
    };
    call.ctx.store.write(act).await?;
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
        let row = find(tx, ctx.caller.workspace, agent)?;
        let token = whatsapp::open(tx, &ctx, &row)?;
        Ok((row, token))
    });
    let (row, token) = reading.await?;
    let probe = whatsapp::probe(&call.app.platform, &call.app.agents.settings.graph, &row, &token).await?;
    let shown = json!({
        "ok": probe.ok, "status_code": probe.status_code, "duration_ms": probe.duration_ms, "message": probe.message,
        "display_phone_number": probe.display_phone_number, "verified_name": probe.verified_name,
    });
    let ctx = call.ctx.clone();
    call.commit(move |tx| whatsapp::note_probe(tx, &ctx, &row, &probe), move |()| Reply::ok(&shown)).await
}

/// Refuses an agent that is not there.
fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<(), Fault> {
    if agents::is_there(tx, workspace, agent)? { Ok(()) } else { Err(Fault::not_found("Agent")) }
}

/// The connection of an agent that is there; the console has one code for what is not.
fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<ConnectionRow, Fault> {
    require(tx, workspace, agent)?;
    match whatsapp::find(tx, workspace, agent) {
        Err(fault) if fault.code() == "whatsapp_not_found" => Err(Fault::not_found("WhatsApp connection")),
        found => found,
    }
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

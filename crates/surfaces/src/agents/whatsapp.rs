//! WhatsApp: templates, and the number from which an agent sends them (agents contract, sections 4 and 5).

use floe_agents::whatsapp::{self, Ready, Sent};
use floe_model::agents::envelope::instant;
use floe_model::agents::whatsapp::{ConnectionInput, TemplateMessage};
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::whatsapp_connections::ConnectionRow;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Map, Value, json};

use super::gate::agent_id;
use super::shapes::whatsapp as shapes;
use super::{KEY, SURFACE};
use crate::http::{Begun, Call, Repeat, Reply, Route};

/// Codes of bodies that cannot be sent, and of messages that the network refuses.
const REFUSED: &[&str] = &[
    "missing_fields",
    "invalid_phone_number",
    "invalid_template_name",
    "invalid_language",
    "invalid_parameters",
    "invalid_customer_name",
    "whatsapp_error",
];
/// The path of a connection.
const CONNECTION: &str = "/api/public/agent/{agent_id}/whatsapp";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/api/public/agent/{agent_id}/waba", KEY, send)
            .scope("whatsapp")
            .doc("Send a WhatsApp template")
            .about("The answer of the network as it came. Nothing is sent for a test key.")
            .takes(shapes::TEMPLATE)
            .answers(200, shapes::SENT)
            .refuses(400, REFUSED)
            .refuses(404, &["whatsapp_not_found"])
            .refuses(429, &["whatsapp_error"])
            .refuses(500, &["internal"])
            .refuses(502, &["whatsapp_error"])
            .refuses(504, &["whatsapp_error"]),
        Route::put(&SURFACE, CONNECTION, KEY, put)
            .scope("manage")
            .doc("Connect a WhatsApp number")
            .takes(shapes::CONNECTION_IN)
            .answers(200, shapes::CONNECTION),
        Route::get(&SURFACE, CONNECTION, KEY, show)
            .scope("manage")
            .doc("Show a WhatsApp connection")
            .answers(200, shapes::CONNECTION)
            .refuses(404, &["whatsapp_not_found"]),
        Route::delete(&SURFACE, CONNECTION, KEY, remove)
            .scope("manage")
            .doc("Disconnect a WhatsApp number")
            .answers(200, shapes::DISCONNECTED)
            .refuses(404, &["whatsapp_not_found"]),
    ]
}

/// What a message becomes before it leaves.
enum Beginning {
    Known(Box<Reply>),
    Ready(Box<Ready>),
}

async fn send(call: Call) -> Result<Reply, Fault> {
    let agent = agent_id(&call)?;
    let message = TemplateMessage::read(&object(&call)?)
        .map_err(|refused| Fault::new(FaultKind::Invalid, refused.code, refused.message))?;
    let repeat = call.repeat()?;
    let (ctx, asked, first) = (call.ctx.clone(), message.clone(), repeat.clone());
    let began = call.ctx.store.write(move |tx| begin(tx, &ctx, agent, &asked, first.as_ref())).await?;
    let ready = match began {
        Beginning::Known(reply) => return Ok(*reply),
        Beginning::Ready(ready) => ready,
    };
    // A caller that goes away does not take the outcome of its message along.
    let sending = tokio::spawn(async move {
        let settings = &call.app.agents.settings.graph;
        let sent = whatsapp::perform(&call.app.platform, settings, &ready, &message).await;
        let reply = answer(&sent);
        let ctx = call.ctx.clone();
        let keeping = call.ctx.store.write(move |tx| {
            whatsapp::finish(tx, &ctx, &ready, &message, &sent)?;
            settle(tx, repeat.as_ref(), answer(&sent).ok().as_ref())
        });
        if let Err(fault) = keeping.await {
            // The message may have left, so that the caller has to know how it went. The job of the send tells the rest.
            tracing::error!(%fault, "what came of a WhatsApp message could not be stored");
        }
        reply
    });
    sending.await.map_err(Fault::internal)?
}

fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    agent: AgentId,
    message: &TemplateMessage,
    repeat: Option<&Repeat>,
) -> Result<Beginning, Fault> {
    if let Some(repeat) = repeat
        && let Begun::Replay(reply) = repeat.begin(tx, None)?
    {
        return Ok(Beginning::Known(reply));
    }
    whatsapp::begin(tx, ctx, agent, message).map(|ready| Beginning::Ready(Box::new(ready)))
}

/// Keeps the answer for repeats. What has certainly not left may be tried again under the same key.
fn settle(tx: &mut Tx<'_>, repeat: Option<&Repeat>, reply: Option<&Reply>) -> Result<(), Fault> {
    match (repeat, reply) {
        (None, _) => Ok(()),
        (Some(repeat), Some(reply)) if reply.status != StatusCode::TOO_MANY_REQUESTS => repeat.complete(tx, reply),
        (Some(repeat), _) => repeat.release(tx),
    }
}

fn answer(sent: &Sent) -> Result<Reply, Fault> {
    match sent {
        Sent::Taken { answer, .. } => Ok(Reply::value(StatusCode::OK, answer)),
        Sent::Judged { judgement, .. } => {
            let status = StatusCode::from_u16(judgement.meaning.status()).map_err(Fault::internal)?;
            let reply = Reply::value(status, &judgement.body());
            Ok(match judgement.meaning.retry_after_s() {
                Some(seconds) => reply.text_header(RETRY_AFTER, &seconds.to_string()),
                None => reply,
            })
        }
        Sent::NotSent { reason } => Err(Fault::internal(format!("a WhatsApp message was not sent: {reason}"))),
    }
}

async fn put(call: Call) -> Result<Reply, Fault> {
    let agent = agent_id(&call)?;
    let input = ConnectionInput::read(&object(&call)?).map_err(Fault::validation)?;
    let ctx = call.ctx.clone();
    let row = call.ctx.store.write(move |tx| whatsapp::put(tx, &ctx, agent, &input)).await?;
    Ok(Reply::value(StatusCode::OK, &connection(&row)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (agent, workspace) = (agent_id(&call)?, call.ctx.caller.workspace);
    let row = call.ctx.store.read(move |tx| whatsapp::find(tx, workspace, agent)).await?;
    Ok(Reply::value(StatusCode::OK, &connection(&row)))
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (agent, ctx) = (agent_id(&call)?, call.ctx.clone());
    call.ctx.store.write(move |tx| whatsapp::delete(tx, &ctx, agent)).await?;
    Ok(Reply::value(StatusCode::OK, &json!({ "deleted": true, "agent_id": agent })))
}

/// The body as an object; any other JSON has no member at all.
fn object(call: &Call) -> Result<Map<String, Value>, Fault> {
    Ok(match call.json_value()? {
        Value::Object(members) => members,
        _ => Map::new(),
    })
}

/// A connection as it is shown: of its token the last four characters.
fn connection(row: &ConnectionRow) -> Value {
    json!({
        "agent_id": row.agent,
        "phone_number_id": row.phone_number_id,
        "access_token_last4": row.token_tail,
        "business_account_id": row.business_account_id,
        "display_phone_number": row.display_phone_number,
        "status": row.status,
        "last_error": row.last_error,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    })
}

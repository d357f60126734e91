//! The number from which an agent sends: configuration, shared by both modes, its token sealed (Agents contract, section 5).

use floe_model::agents::whatsapp::{ConnectionInput, Meaning, token_tail};
use floe_model::id::{AgentId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::seal::Place;
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::agents::agents;
use floe_store::agents::whatsapp_connections::{self as rows, ConnectionRow};
use serde_json::{Value, json};

use super::GraphSettings;
use super::graph::{self, Outcome};
use crate::trail::{self, Note, Who};

/// It works, as far as anybody knows.
const CONNECTED: &str = "connected";
/// Its token or the rights of its account are refused.
const NEEDS_ATTENTION: &str = "needs_attention";

/// The connection of an agent.
///
/// # Errors
/// 404 when there is none.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, agent: AgentId) -> Result<ConnectionRow, Fault> {
    rows::find(tx, workspace, agent)?.ok_or_else(|| {
        Fault::new(FaultKind::NotFound, "whatsapp_not_found", "No WhatsApp connection found for this agent")
    })
}

/// Refuses when the caller's copy of a connection is of another revision; one that is not there has none.
///
/// # Errors
/// 412.
pub fn check_revision(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    agent: AgentId,
    if_match: Option<i64>,
) -> Result<(), Fault> {
    let revision = rows::find(tx, workspace, agent)?.map_or(0, |row| row.revision);
    crate::check_revision(revision, if_match)
}

/// Sets the connection of an agent, in the place of its former one. Without a token the stored one stays.
///
/// # Errors
/// 404 for an agent that is not there; 400 when there is no token to keep.
pub fn put(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId, input: &ConnectionInput) -> Result<ConnectionRow, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let name = agents::lock(tx, workspace, agent)?.ok_or_else(|| Fault::not_found("Agent"))?.name;
    let former = rows::find(tx, workspace, agent)?;
    let (id, token, token_tail) = match (&input.access_token, &former) {
        (Some(token), _) => {
            let id = ctx.ids.next_bits();
            let sealed = ctx.seal.seal(tx, &ctx.ids, workspace, place(id), token.as_bytes())?;
            (id, sealed, token_tail(token))
        }
        (None, Some(former)) => (former.id, former.token.clone(), former.token_tail.clone()),
        (None, None) => return Err(Fault::field("/access_token", "required", "access_token is required")),
    };
    let row = ConnectionRow {
        workspace,
        agent,
        id,
        phone_number_id: input.phone_number_id.clone(),
        token,
        token_tail,
        business_account_id: input.business_account_id.clone(),
        display_phone_number: input.display_phone_number.clone(),
        status: CONNECTED.to_owned(),
        last_error: None,
        revision: former.as_ref().map_or(1, |former| former.revision + 1),
        created_at: former.map_or(now, |former| former.created_at),
        updated_at: now,
    };
    rows::put(tx, &row)?;
    let detail = json!({ "phone_number_id": row.phone_number_id, "new_token": input.access_token.is_some() });
    note(tx, ctx, agent, &name, "connected_whatsapp", detail)?;
    Ok(row)
}

/// Removes the connection of an agent, with its token.
///
/// # Errors
/// 404 when there is none.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let row = find(tx, workspace, agent)?;
    rows::delete(tx, workspace, agent)?;
    let name = agents::find(tx, workspace, agent)?.map(|agent| agent.name).unwrap_or_default();
    note(tx, ctx, agent, &name, "disconnected_whatsapp", json!({ "phone_number_id": row.phone_number_id }))
}

/// The token of a connection, for a call that is made now.
///
/// # Errors
/// Of the database; internal when it cannot be opened.
pub fn open(tx: &mut Tx<'_>, platform: &Platform, row: &ConnectionRow) -> Result<String, Fault> {
    platform.seal.open_text(tx, row.workspace, place(row.id), &row.token)
}

/// What the network says of the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Whether it took the token and knows the number.
    pub ok: bool,
    /// The status of its answer, if there was one.
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// One sentence.
    pub message: String,
    /// The number as people read it.
    pub display_phone_number: Option<String>,
    /// The name that people see.
    pub verified_name: Option<String>,
    /// Whether the connection needs a person now; none when that was not learned.
    needs_attention: Option<bool>,
}

/// Asks for the number's name; nothing is sent to anybody.
///
/// # Errors
/// 422 `outbound_blocked` for an address that may not be called.
pub async fn probe(
    platform: &Platform,
    settings: &GraphSettings,
    row: &ConnectionRow,
    token: &str,
) -> Result<Probe, Fault> {
    let answered = graph::number(platform, settings, &row.phone_number_id, token).await;
    let (status_code, duration_ms) = (answered.status, answered.duration_ms);
    let failed = |message: String, needs_attention| {
        let (display_phone_number, verified_name) = (None, None);
        Probe { ok: false, status_code, duration_ms, message, display_phone_number, verified_name, needs_attention }
    };
    Ok(match answered.outcome {
        Outcome::Taken(answer) => {
            let text = |key: &str| answer.get(key).and_then(Value::as_str).map(|text| text.chars().take(200).collect());
            let verified_name: Option<String> = text("verified_name");
            let message = match &verified_name {
                Some(name) => format!("The number is connected; people see the name {name}"),
                None => "The number is connected".to_owned(),
            };
            Probe {
                ok: true,
                status_code,
                duration_ms,
                message,
                display_phone_number: text("display_phone_number"),
                verified_name,
                needs_attention: Some(false),
            }
        }
        Outcome::Judged(judgement) => failed(
            judgement.error.message,
            matches!(judgement.meaning, Meaning::Rights | Meaning::Refused).then_some(true),
        ),
        Outcome::NotSent { blocked: true, reason } => {
            return Err(Fault::new(
                FaultKind::Unprocessable,
                "outbound_blocked",
                format!("The test was not made: {reason}"),
            ));
        }
        Outcome::NotSent { blocked: false, reason } => failed(format!("The call failed: {reason}"), None),
    })
}

/// Keeps what a probe has shown.
///
/// # Errors
/// Of the database.
pub fn note_probe(tx: &mut Tx<'_>, ctx: &Ctx, row: &ConnectionRow, probe: &Probe) -> Result<(), Fault> {
    let Some(needs_attention) = probe.needs_attention else { return Ok(()) };
    let display = row.display_phone_number.clone().or_else(|| probe.display_phone_number.clone());
    let error = needs_attention.then(|| probe.message.clone());
    learn(tx, &ConnectionRow { display_phone_number: display, ..row.clone() }, error, ctx)
}

/// Marks a connection as one that needs a person, with the reason; none makes it good again.
pub(super) fn learn(
    tx: &mut Tx<'_>,
    row: &ConnectionRow,
    error: Option<String>,
    platform: &Platform,
) -> Result<(), Fault> {
    let status = if error.is_some() { NEEDS_ATTENTION } else { CONNECTED };
    let updated_at = platform.clock.now();
    rows::note(tx, &ConnectionRow { status: status.to_owned(), last_error: error, updated_at, ..row.clone() })
}

fn place(id: u128) -> Place {
    Place::new("whatsapp.token", id)
}

fn note(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    agent: AgentId,
    name: &str,
    action: &'static str,
    detail: Value,
) -> Result<(), Fault> {
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "agent", agent.0, name, detail))
}

//! Callbacks: answers of agents, sent to the address that came with the call (agents contract, section 2.5).
//!
//! A callback is a delivery like any other, to an endpoint that exists only while it is sent: its address is that of the call, and
//! it is signed by the secret of its workspace (console contract, section 5.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_model::agents::activity::Kind;
use floe_model::id::{AgentId, DeliveryId, WorkspaceId};
use floe_model::webhooks::{CALLBACK_KIND, Counter, DeliveryStatus, Style};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_runtime::outside::OutsideError;
use floe_runtime::seal::Place;
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::access::callback_secrets;
use floe_store::agents::activity::{self, NewActivity};
use floe_store::webhooks::callbacks::{self as rows, Callback};
use floe_store::webhooks::deliveries::{self, Delivery};
use floe_store::webhooks::endpoints::{self, Endpoint};
use serde_json::json;

use crate::Webhooks;
use crate::attempt::{Outcome, Outgoing, check_address};

/// Characters of an address, at most.
const URL_CHARS_MAX: usize = 2_048;
/// How long the look-up of a name may take when a call is accepted, in milliseconds.
const LOOKUP_MS: u64 = 3_000;
/// The header that names the call.
const REQUEST_HEADER: &str = "x-request-id";

/// Names and values.
type Headers = Vec<(String, String)>;

impl Webhooks {
    /// Whether answers can be sent to an address: absolute, http or https, and not leading where calls may not go, once its name
    /// was looked up.
    ///
    /// # Errors
    /// 400 `invalid_callback_url`; 503 when this node may make no calls now.
    pub async fn check_callback_url(&self, url: &str) -> Result<(), Fault> {
        let outside = &self.platform.outside;
        let judged = if url.chars().count() > URL_CHARS_MAX {
            return Err(bad_url());
        } else {
            check_address(outside, Style::Callback, self.settings, url)
        };
        let judged = match judged {
            Ok(()) => outside.judge_with_lookup(url, LOOKUP_MS).await.map(drop),
            refused => refused,
        };
        match judged {
            Ok(()) => Ok(()),
            Err(OutsideError::Withheld) => {
                Err(Fault::new(FaultKind::Overloaded, "overloaded", "This server may make no calls now")
                    .with_retry_after(1))
            }
            Err(_) => Err(bad_url()),
        }
    }
}

fn bad_url() -> Fault {
    let message = "callback_url must be a reachable absolute http or https URL";
    Fault::new(FaultKind::Invalid, "invalid_callback_url", message)
}

/// Sends a callback of an agent again that was given up; one that still waits is sent now.
///
/// # Errors
/// 404; 409 `already_delivered` when the receiver has taken it.
pub fn retry(tx: &mut Tx<'_>, ctx: &Ctx, agent: AgentId, delivery: DeliveryId) -> Result<(), Fault> {
    let missing = || Fault::not_found("Delivery");
    let scope = ctx.caller.scope();
    let callback = rows::find(tx, scope.workspace, delivery)?;
    let known = callback.is_some_and(|callback| callback.agent == agent && callback.scope == scope);
    let found = deliveries::find(tx, scope.workspace, delivery)?.filter(|_| known).ok_or_else(missing)?;
    if found.status == DeliveryStatus::Success {
        return Err(Fault::conflict("already_delivered", "The receiver has taken this delivery"));
    }
    rows::again(tx, scope.workspace, delivery, found.endpoint, ctx.now()).map(drop)
}

/// Where a delivery goes: to its endpoint, or to the address of its call. None when that is gone.
pub(crate) fn target(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<Option<Endpoint>, Fault> {
    if delivery.kind != CALLBACK_KIND {
        return endpoints::find(tx, delivery.workspace, delivery.endpoint);
    }
    let callback = rows::find(tx, delivery.workspace, delivery.id)?;
    Ok(callback.map(|callback| endpoint_of(callback, delivery)))
}

fn endpoint_of(callback: Callback, delivery: &Delivery) -> Endpoint {
    Endpoint {
        workspace: delivery.workspace,
        id: delivery.endpoint,
        name: "callback".to_owned(),
        style: Style::Callback,
        mode: Some(callback.scope.mode),
        url: callback.url,
        events: Vec::new(),
        headers: None,
        secret: Vec::new(),
        old_secret: None,
        is_active: true,
        disabled_reason: None,
        counter: Counter { failures: 0, failing_since: None },
        last_triggered_at: None,
        revision: 1,
        created_at: callback.created_at,
        updated_at: callback.created_at,
    }
}

/// What signs a callback, newest secret first, and the headers that it has beside ours. A workspace that has no secret yet gets one, which
/// its owner can replace by one that he knows.
pub(crate) fn load(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    delivery: DeliveryId,
) -> Result<(Vec<String>, Headers), Fault> {
    let now = platform.clock.now();
    let place = Place::callback_secret(workspace);
    let mut secrets = Vec::new();
    for (_, sealed) in callback_secrets::open(tx, workspace, now)? {
        secrets.push(platform.seal.open_text(tx, workspace, place, &sealed)?);
    }
    if secrets.is_empty() {
        secrets.push(first_secret(tx, platform, workspace, now)?);
    }
    let callback = rows::find(tx, workspace, delivery)?;
    let headers = callback.map(|callback| (REQUEST_HEADER.to_owned(), callback.request.prefixed()));
    Ok((secrets, headers.into_iter().collect()))
}

/// Notes in the activity of the agent what became of a callback: it was taken, or given up.
pub(crate) fn tell(tx: &mut Tx<'_>, platform: &Platform, outgoing: &Outgoing, outcome: &Outcome) -> Result<(), Fault> {
    let Some(callback) = rows::find(tx, outgoing.endpoint.workspace, outgoing.delivery)? else { return Ok(()) };
    let kind = if outcome.success { Kind::CallbackDelivered } else { Kind::CallbackFailed };
    let detail = json!({
        "delivery_id": outgoing.delivery.prefixed(), "attempts": outgoing.number, "status_code": outcome.status_code,
    });
    let new = NewActivity::new(platform.ids.next(), callback.agent, kind, platform.clock.now());
    let new = NewActivity {
        status: if outcome.success { new.status.clone() } else { "error".to_owned() },
        thread: callback.thread,
        request: Some(callback.request),
        exchange: Some(callback.exchange),
        error: outcome.error.clone(),
        detail: Some(detail.to_string()),
        ..new
    };
    activity::add(tx, callback.scope, &new)
}

fn first_secret(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, now: Timestamp) -> Result<String, Fault> {
    let random: [u8; 32] = platform.ids.secret();
    let text = format!("whsec_{}", STANDARD.encode(random));
    let place = Place::callback_secret(workspace);
    let sealed = platform.seal.seal(tx, &platform.ids, workspace, place, text.as_bytes())?;
    callback_secrets::rotate(tx, workspace, platform.ids.next_bits(), &sealed, now, now)?;
    Ok(text)
}

//! Table `webhook_callbacks`: answers of agents for the address that came with the call (agents contract, section 2.5).
//!
//! A callback is a delivery without an endpoint. What stands in the endpoint's column is a lane: callbacks to one host share
//! [`LANES`] of them, so that a host that hangs delays nobody else, and one slow answer not all the others to that host.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{AgentId, DeliveryId, EventId, ExchangeId, RequestId, WebhookId, WorkspaceId},
    webhooks::{CALLBACK_KIND, DeliveryStatus},
};
use sha2::{Digest, Sha256};

use super::{deliveries, messages};
use crate::{Change, Row, Tx, params, statements};

/// First attempts to one host at a time.
pub const LANES: u128 = 8;

/// An answer that has to be sent.
#[derive(Debug, Clone)]
pub struct NewCallback<'a> {
    /// Who answered.
    pub agent: AgentId,
    /// The exchange; each has one callback.
    pub exchange: ExchangeId,
    /// The thread as its caller names it.
    pub thread: Option<&'a str>,
    /// The call; sent along as `X-Request-Id`.
    pub request: RequestId,
    /// Where to.
    pub url: &'a str,
    /// The envelope, a JSON object, sent byte for byte.
    pub body: &'a str,
    /// When the exchange ended.
    pub at: Timestamp,
}

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Its workspace and mode.
    pub scope: Scope,
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Who answered.
    pub agent: AgentId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// The thread as its caller names it.
    pub thread: Option<String>,
    /// The call.
    pub request: RequestId,
    /// Where to.
    pub url: String,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    /// A new one; the second of an exchange changes nothing.
    INSERT = both(
        "insert into webhook_callbacks (workspace_id, delivery_id, mode, agent_id, exchange_id, thread, request_id, url, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (workspace_id, exchange_id) do nothing"
    );
    /// One.
    FIND = both(
        "select workspace_id, mode, delivery_id, agent_id, exchange_id, thread, request_id, url, created_at
         from webhook_callbacks where workspace_id = $1 and delivery_id = $2"
    ) -> [id, text, id, id, id, opt text, id, text, time];
    /// That of an exchange.
    OF_EXCHANGE = both(
        "select workspace_id, mode, delivery_id, agent_id, exchange_id, thread, request_id, url, created_at
         from webhook_callbacks where workspace_id = $1 and exchange_id = $2"
    ) -> [id, text, id, id, id, opt text, id, text, time];
    /// Attempts begin again for one that had failed, or are made now for one that waits.
    AGAIN = both(
        "update webhook_deliveries set status = 'retrying', due_at = $3, finished_at = null
         where id = $1 and workspace_id = $2 and status in ('failed', 'abandoned', 'retrying')"
    );
}

/// Makes the delivery of an answer, in the transaction that ends its exchange; a second time for one exchange it changes nothing.
/// `next_id` draws ids: `&mut || ctx.ids.next_bits()`.
///
/// # Errors
/// Of the database.
pub fn enqueue(
    tx: &mut Tx<'_>,
    scope: Scope,
    new: &NewCallback<'_>,
    next_id: &mut dyn FnMut() -> u128,
) -> Result<DeliveryId, Fault> {
    let delivery = DeliveryId(next_id());
    let values = params![
        scope.workspace,
        delivery,
        scope.mode,
        new.agent,
        new.exchange,
        new.thread,
        new.request,
        new.url,
        new.at
    ];
    if tx.execute(&INSERT, values)? == 0 {
        let known = tx.row(&OF_EXCHANGE, params![scope.workspace, new.exchange], callback)?;
        return Ok(known.map_or(delivery, |known| known.delivery));
    }
    let message = messages::Message {
        id: EventId(next_id()),
        scope,
        kind: CALLBACK_KIND.to_owned(),
        data: new.body.to_owned(),
        at: new.at,
    };
    messages::insert(tx, &message)?;
    let lane = lane_of(scope.workspace, new.url, delivery);
    let made = deliveries::NewDelivery { id: delivery, endpoint: lane, status: DeliveryStatus::Pending };
    deliveries::insert_all(tx, &message, &[made])?;
    messages::announce(tx, scope.workspace, lane);
    Ok(delivery)
}

/// One callback.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, delivery: DeliveryId) -> Result<Option<Callback>, Fault> {
    tx.row(&FIND, params![workspace, delivery], callback)
}

/// The callback of an exchange.
///
/// # Errors
/// Of the database.
pub fn of_exchange(tx: &mut Tx<'_>, workspace: WorkspaceId, exchange: ExchangeId) -> Result<Option<Callback>, Fault> {
    tx.row(&OF_EXCHANGE, params![workspace, exchange], callback)
}

/// Begins attempts again, the first of them now. False when the first one is still to come, or the receiver has taken it.
///
/// # Errors
/// Of the database.
pub fn again(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    delivery: DeliveryId,
    lane: WebhookId,
    now: Timestamp,
) -> Result<bool, Fault> {
    if tx.execute(&AGAIN, params![delivery, workspace, now])? == 0 {
        return Ok(false);
    }
    tx.announce(Change::Record { workspace, kind: "webhook_again", id: lane.0 });
    Ok(true)
}

/// The lane of a callback.
fn lane_of(workspace: WorkspaceId, url: &str, delivery: DeliveryId) -> WebhookId {
    // Scheme and host of an address that was checked: everything before the third slash.
    let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
    let mut digest = Sha256::new();
    digest.update(workspace.0.to_be_bytes());
    digest.update((delivery.0 % LANES).to_be_bytes());
    digest.update(origin.join("/").to_ascii_lowercase().as_bytes());
    let digest = digest.finalize();
    WebhookId(digest.iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte)))
}

fn callback(row: &Row<'_>) -> Result<Callback, Fault> {
    let mode: Mode = row.mode(1)?;
    Ok(Callback {
        scope: Scope { workspace: WorkspaceId(row.id(0)?), mode },
        delivery: DeliveryId(row.id(2)?),
        agent: AgentId(row.id(3)?),
        exchange: ExchangeId(row.id(4)?),
        thread: row.opt_string(5)?,
        request: RequestId(row.id(6)?),
        url: row.string(7)?,
        created_at: row.time(8)?,
    })
}

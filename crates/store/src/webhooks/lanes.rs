//! Table `webhook_lanes`, and what it guards: the next deliveries of one endpoint.
//!
//! First attempts go out one at a time and in order, so one worker on one node has the lane of an endpoint, under a lease; later
//! attempts have a lane of their own. A lane is taken when there is something to do and given back when there is not, so an idle
//! server writes nothing.

use floe_model::{
    Fault, Timestamp,
    id::{DeliveryId, NodeId, WebhookId},
};

use super::deliveries::{self, Delivery};
use crate::{Tx, params, statements};

/// Endpoints of one look at most.
pub const LOOK_MAX: usize = 10_000;

/// Which attempts a lane is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// First ones, in order.
    First,
    /// Later ones, when they are due.
    Again,
}

impl Lane {
    const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Again => "again",
        }
    }
}

/// A lane that was taken, or that somebody wants to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Whose deliveries.
    pub endpoint: WebhookId,
    /// Which.
    pub lane: Lane,
    /// Tells this claim from every other.
    pub id: u128,
    /// Who claims, where several nodes share the database.
    pub node: Option<NodeId>,
}

statements! {
    /// Takes a lane that is free, or extends a claim. One whose node ended is free.
    CLAIM = both(
        "insert into webhook_lanes (endpoint_id, kind, claim_id, node_id, lease_until) values ($1, $2, $3, $4, $5)
         on conflict (endpoint_id, kind) do update set
             claim_id = excluded.claim_id, node_id = excluded.node_id, lease_until = excluded.lease_until
         where webhook_lanes.claim_id = excluded.claim_id or webhook_lanes.lease_until < $6
             or (webhook_lanes.node_id is not null
                 and not exists (select 1 from nodes where nodes.id = webhook_lanes.node_id))"
    );
    /// Gives a lane back.
    RELEASE = both("delete from webhook_lanes where endpoint_id = $1 and kind = $2 and claim_id = $3");
    /// Gives back what an ended process held.
    RELEASE_ALL = both("delete from webhook_lanes");
    /// The next first attempt of an endpoint.
    NEXT_FIRST = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries where endpoint_id = $1 and status = 'pending' order by position limit 1"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// The next later attempts of an endpoint.
    NEXT_AGAIN = both(
        "select position, id, workspace_id, mode, endpoint_id, event_id, type, status, attempts, due_at, created_at, finished_at
         from webhook_deliveries where endpoint_id = $1 and status = 'retrying' and due_at <= $2 order by due_at limit $3"
    ) -> [int, id, id, text, id, id, text, text, int, opt time, time, opt time];
    /// An attempt begins. Should nothing be heard of it, a later one comes again after a while.
    BEGIN = both(
        "update webhook_deliveries set attempts = attempts + 1, due_at = $2
         where id = $1 and status in ('pending', 'retrying')"
    );
    /// When the next later attempt of an endpoint is due.
    DUE_AT = both(
        "select due_at from webhook_deliveries where endpoint_id = $1 and status = 'retrying' order by due_at limit 1"
    ) -> [opt time];
    /// Endpoints with first attempts to be made that nobody works for.
    WAITING_FIRST = both(
        "with recursive lane (endpoint_id) as (
             select (select endpoint_id from webhook_deliveries where status = 'pending' order by endpoint_id limit 1)
             union all
             select (select d.endpoint_id from webhook_deliveries d
                 where d.status = 'pending' and d.endpoint_id > lane.endpoint_id order by d.endpoint_id limit 1)
             from lane where lane.endpoint_id is not null)
         select endpoint_id from lane where endpoint_id is not null and not exists (
             select 1 from webhook_lanes
             where webhook_lanes.endpoint_id = lane.endpoint_id and webhook_lanes.kind = 'first'
                 and webhook_lanes.lease_until >= $1
                 and (webhook_lanes.node_id is null or exists (select 1 from nodes where nodes.id = webhook_lanes.node_id)))
         limit $2"
    ) -> [id];
    /// Endpoints with later attempts to be made that nobody works for, and when the first of them is due.
    WAITING_AGAIN = both(
        "with recursive lane (endpoint_id) as (
             select (select endpoint_id from webhook_deliveries where status = 'retrying' order by endpoint_id limit 1)
             union all
             select (select d.endpoint_id from webhook_deliveries d
                 where d.status = 'retrying' and d.endpoint_id > lane.endpoint_id order by d.endpoint_id limit 1)
             from lane where lane.endpoint_id is not null)
         select endpoint_id, (select d.due_at from webhook_deliveries d
                 where d.endpoint_id = lane.endpoint_id and d.status = 'retrying' order by d.due_at limit 1)
         from lane where endpoint_id is not null and not exists (
             select 1 from webhook_lanes
             where webhook_lanes.endpoint_id = lane.endpoint_id and webhook_lanes.kind = 'again'
                 and webhook_lanes.lease_until >= $1
                 and (webhook_lanes.node_id is null or exists (select 1 from nodes where nodes.id = webhook_lanes.node_id)))
         limit $2"
    ) -> [id, opt time];
}

/// Takes a lane until `lease_until`, or extends a claim; false when somebody else has it.
///
/// # Errors
/// Of the database.
pub fn claim(tx: &mut Tx<'_>, claim: Claim, now: Timestamp, lease_until: Timestamp) -> Result<bool, Fault> {
    let Claim { endpoint, lane, id, node } = claim;
    Ok(tx.execute(&CLAIM, params![endpoint, lane.as_str(), id, node, lease_until, now])? == 1)
}

/// Gives a lane back, unless somebody else has it by now.
///
/// # Errors
/// Of the database.
pub fn release(tx: &mut Tx<'_>, claim: Claim) -> Result<(), Fault> {
    tx.execute(&RELEASE, params![claim.endpoint, claim.lane.as_str(), claim.id]).map(drop)
}

/// Gives all lanes back. For a process that has the database to itself and has taken none yet.
///
/// # Errors
/// Of the database.
pub fn release_all(tx: &mut Tx<'_>) -> Result<u64, Fault> {
    tx.execute(&RELEASE_ALL, &[])
}

/// The next deliveries of a lane that the caller holds, at most `limit` (of first attempts one), without beginning them.
///
/// # Errors
/// Of the database.
pub fn next(
    tx: &mut Tx<'_>,
    endpoint: WebhookId,
    lane: Lane,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Delivery>, Fault> {
    match lane {
        Lane::First => tx.rows(&NEXT_FIRST, params![endpoint], deliveries::delivery),
        Lane::Again => tx.rows(&NEXT_AGAIN, params![endpoint, now, limit], deliveries::delivery),
    }
}

/// Counts an attempt that is about to be made. False when the delivery needs none any more.
///
/// # Errors
/// Of the database.
pub fn begin(tx: &mut Tx<'_>, id: DeliveryId, again_at: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&BEGIN, params![id, again_at])? == 1)
}

/// When the next later attempt of an endpoint is due; none when there is none.
///
/// # Errors
/// Of the database.
pub fn due_at(tx: &mut Tx<'_>, endpoint: WebhookId) -> Result<Option<Timestamp>, Fault> {
    Ok(tx.row(&DUE_AT, params![endpoint], |row| row.opt_time(0))?.flatten())
}

/// Endpoints with first attempts to be made that nobody works for, up to [`LOOK_MAX`].
///
/// # Errors
/// Of the database.
pub fn waiting_first(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<WebhookId>, Fault> {
    tx.rows(&WAITING_FIRST, params![now, LOOK_MAX], |row| row.id(0).map(WebhookId))
}

/// Endpoints with later attempts to be made that nobody works for, and when; up to [`LOOK_MAX`].
///
/// # Errors
/// Of the database.
pub fn waiting_again(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<(WebhookId, Timestamp)>, Fault> {
    tx.rows(&WAITING_AGAIN, params![now, LOOK_MAX], |row| Ok((WebhookId(row.id(0)?), row.opt_time(1)?.unwrap_or(now))))
}

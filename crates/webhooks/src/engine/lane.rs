//! The task of one lane: takes what is next, attempts it, records what came of it, until nothing is left.

use std::sync::Arc;
use std::time::Duration;

use floe_model::id::WebhookId;
use floe_model::webhooks::DeliveryStatus;
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::webhooks::deliveries::{self, Delivery, Settled};
use floe_store::webhooks::lanes::{self, Claim, Lane};

use super::Shared;
use super::room::{MOMENT, Place};
use crate::attempt::{Outcome, Outgoing, node};
use crate::callbacks::target;
use crate::record::{Turn, record};

/// How long a lane is held without news: longer than an attempt and the recording of it.
const LEASE_MS: i64 = 20_000;
/// Later attempts to one endpoint at a time.
const AGAIN_MAX: usize = 4;
/// After how long a later attempt that nothing was heard of is made again.
const UNHEARD_MS: i64 = 60_000;
/// Pauses before a lane that somebody else holds is tried again: it may have been left just before something came.
const BUSY_PAUSES_MS: [u64; 3] = [50, 250, 1_000];
/// Tries to record what came of an attempt, and the pause between them.
const RECORD_TRIES: u32 = 5;
const RECORD_PAUSE: Duration = Duration::from_millis(500);

/// What a step of a lane found.
enum Step {
    /// These are to be attempted.
    Taken(Vec<Outgoing>),
    /// There is more, to be taken later.
    More,
    /// Nothing is left, and the lane was given back; when the next later attempt is due.
    Empty(Option<Timestamp>),
    /// Somebody else has the lane.
    Lost,
}

type Results = Arc<Vec<(Outgoing, Outcome)>>;

/// Works until the lane is empty or somebody else's.
pub(super) async fn work(shared: Arc<Shared>, endpoint: WebhookId, lane: Lane) {
    let mut busy = BUSY_PAUSES_MS.iter();
    loop {
        let is_lost = match drain(&shared, endpoint, lane).await {
            Ok(is_lost) => is_lost,
            Err(fault) => {
                tracing::warn!(%endpoint, %fault, "deliveries cannot go on; they are looked up again");
                false
            }
        };
        if shared.leave(endpoint, lane) {
            // Whether it is stopping or not, somebody else's lane is looked at a few times more.
            let Some(pause) = busy.next().filter(|_| is_lost && !shared.is_stopping()) else { return };
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            let mut tasks = shared.tasks();
            if tasks.contains_key(&(endpoint, lane)) {
                return;
            }
            tasks.insert((endpoint, lane), false);
        }
    }
}

/// Attempts what is next until nothing is left; true when the lane is somebody else's.
async fn drain(shared: &Arc<Shared>, endpoint: WebhookId, lane: Lane) -> Result<bool, Fault> {
    let platform = shared.service.platform();
    let claim = Claim { endpoint, lane, id: platform.ids.next_bits(), node: node(platform) };
    if platform.store.node().is_some() && claim.node.is_none() {
        // A node that was ended takes nothing before it lives again.
        return Ok(false);
    }
    let mut results: Results = Arc::default();
    let mut place = shared.room.enter(endpoint, lane).await;
    loop {
        let takes = place.is_some() && !shared.is_stopping();
        match step(shared, claim, &results, takes).await? {
            Step::Taken(list) => {
                let Some(held) = place.take() else { return Ok(false) };
                let outcomes = attempt(shared, endpoint, list, held).await;
                if outcomes.iter().any(|(_, outcome)| outcome.withheld) {
                    return Ok(false);
                }
                results = Arc::new(outcomes);
                place = shared.room.try_enter(endpoint, lane);
            }
            Step::More if shared.is_stopping() => {
                platform.store.write(move |tx| lanes::release(tx, claim)).await?;
                return Ok(false);
            }
            Step::More => {
                results = Arc::default();
                place = shared.room.enter(endpoint, lane).await;
            }
            Step::Empty(due_at) => {
                if let Some(due_at) = due_at {
                    shared.alarm(due_at, endpoint);
                }
                return Ok(false);
            }
            Step::Lost => return Ok(true),
        }
    }
}

/// Makes these attempts side by side, in a place that the caller got.
async fn attempt(
    shared: &Arc<Shared>,
    endpoint: WebhookId,
    list: Vec<Outgoing>,
    mut place: Place,
) -> Vec<(Outgoing, Outcome)> {
    let tasks: Vec<_> = list
        .into_iter()
        .map(|outgoing| {
            let service = shared.service.clone();
            tokio::spawn(async move {
                let outcome = outgoing.send(&service.platform, service.settings).await;
                (outgoing, outcome)
            })
        })
        .collect();
    let all = async {
        let mut done = Vec::with_capacity(tasks.len());
        for task in tasks {
            match task.await {
                Ok(pair) => done.push(pair),
                // Not recorded, so it is attempted again.
                Err(error) => tracing::error!(%error, "an attempt ended badly"),
            }
        }
        done
    };
    tokio::pin!(all);
    tokio::select! {
        done = &mut all => {
            shared.room.note(endpoint, false);
            done
        }
        () = tokio::time::sleep(MOMENT) => {
            shared.room.overtime(endpoint, &mut place);
            all.await
        }
    }
}

/// One transaction: records results, and takes what is next if `takes`. Tries again for a while when there are results to be recorded.
async fn step(shared: &Arc<Shared>, claim: Claim, results: &Results, takes: bool) -> Result<Step, Fault> {
    let platform = shared.service.platform();
    let mut tries = 1;
    loop {
        let (service, results) = (Arc::clone(platform), Arc::clone(results));
        let has_results = !results.is_empty();
        let done = platform.store.write(move |tx| step_in(tx, &service, claim, &results, takes)).await;
        match done {
            Err(fault) if has_results && tries < RECORD_TRIES => {
                tracing::warn!(endpoint = %claim.endpoint, %fault, "an attempt cannot be recorded; trying again");
                tries += 1;
                tokio::time::sleep(RECORD_PAUSE).await;
            }
            done => return done,
        }
    }
}

fn step_in(
    tx: &mut Tx<'_>,
    platform: &Platform,
    claim: Claim,
    results: &[(Outgoing, Outcome)],
    takes: bool,
) -> Result<Step, Fault> {
    let turn = match claim.lane {
        Lane::First => Turn::First,
        Lane::Again => Turn::Again,
    };
    let mut due_at = None;
    for (outgoing, outcome) in results {
        let due = record(tx, platform, outgoing, outcome, turn)?;
        due_at = due_at.into_iter().chain(due).min();
    }
    let now = platform.clock.now();
    let mut next = lanes::next(tx, claim.endpoint, claim.lane, now, AGAIN_MAX)?;
    if next.is_empty() && !results.is_empty() {
        return leave(tx, claim, due_at);
    }
    if !lanes::claim(tx, claim, now, now.plus_millis(LEASE_MS))? {
        return Ok(Step::Lost);
    }
    loop {
        if next.is_empty() {
            return leave(tx, claim, due_at);
        }
        if !takes {
            return Ok(Step::More);
        }
        let taken = take(tx, platform, &next, now)?;
        if !taken.is_empty() {
            return Ok(Step::Taken(taken));
        }
        // All of them were ended instead; there may be others behind them.
        next = lanes::next(tx, claim.endpoint, claim.lane, now, AGAIN_MAX)?;
    }
}

/// Gives the lane back. Of later attempts there may be others than those just made.
fn leave(tx: &mut Tx<'_>, claim: Claim, due_at: Option<Timestamp>) -> Result<Step, Fault> {
    lanes::release(tx, claim)?;
    let due_at = if claim.lane == Lane::Again { lanes::due_at(tx, claim.endpoint)? } else { due_at };
    Ok(Step::Empty(due_at))
}

/// Begins attempts. What cannot be attempted any more is ended.
fn take(tx: &mut Tx<'_>, platform: &Platform, next: &[Delivery], now: Timestamp) -> Result<Vec<Outgoing>, Fault> {
    let mut taken = Vec::with_capacity(next.len());
    for delivery in next {
        let endpoint = target(tx, delivery)?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.is_active) else {
            // It was switched off or deleted by somebody who could not see this one yet.
            deliveries::abandon(tx, delivery.endpoint, now)?;
            return Ok(Vec::new());
        };
        lanes::begin(tx, delivery.id, now.plus_millis(UNHEARD_MS))?;
        let numbers = (delivery.id, platform.ids.next_bits(), delivery.attempts + 1);
        match Outgoing::load(tx, platform, endpoint, delivery.event, numbers)? {
            Some(outgoing) => taken.push(outgoing),
            None => {
                let gone = Settled { status: DeliveryStatus::Failed, due_at: None, at: now };
                deliveries::settle(tx, delivery.id, gone)?;
            }
        }
    }
    Ok(taken)
}

//! Many deliveries of one endpoint once more, as a job (console contract, section 5.4).

use std::sync::Arc;

use floe_model::id::{DeliveryId, JobId, WebhookId, WorkspaceId};
use floe_model::webhooks::DeliveryStatus;
use floe_model::{Fault, Timestamp};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::webhooks::deliveries::{self, Filter};
use floe_store::webhooks::endpoints as rows;
use serde::{Deserialize, Serialize};

use crate::Webhooks;
use crate::attempt::Outgoing;
use crate::endpoints::{View, find};
use crate::record::{Turn, record};

/// The job.
const JOB_REPLAY: &str = "webhooks.replay";
/// Deliveries of one page.
const PAGE: usize = 50;
/// Deliveries of one job at most.
const REPLAYS_MAX: usize = 10_000;
/// How long a claim is extended at each delivery.
const LEASE_MS: i64 = 60_000;

/// Which deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    /// Made not before.
    pub since: Timestamp,
    /// Made before.
    pub until: Timestamp,
    /// In one of these states; empty for all.
    pub statuses: Vec<String>,
    /// Of one of these kinds; empty for all.
    pub kinds: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    workspace: WorkspaceId,
    endpoint: WebhookId,
    wanted: Wanted,
    /// Where the job goes on: the place before which deliveries are still to be looked at.
    before: Option<i64>,
    done: usize,
}

impl Webhooks {
    /// Enters the job; returns its id.
    ///
    /// # Errors
    /// 404; 403.
    pub fn replay(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        view: View,
        id: WebhookId,
        wanted: Wanted,
    ) -> Result<JobId, Fault> {
        let endpoint = find(tx, view, id)?;
        super::check_rights(&ctx.caller, &endpoint)?;
        let payload = Payload { workspace: endpoint.workspace, endpoint: id, wanted, before: None, done: 0 };
        let job: JobId = ctx.ids.next();
        jobs::enqueue(tx, &new_job(job, job.0, &payload, ctx.now())?)?;
        Ok(job)
    }
}

/// Does it.
pub(crate) struct Replays(pub(crate) Arc<Webhooks>);

impl JobHandler for Replays {
    fn kind(&self) -> &'static str {
        JOB_REPLAY
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let mut payload: Payload = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            let (workspace, endpoint, before) = (payload.workspace, payload.endpoint, payload.before);
            let filter = Filter {
                endpoint: Some(endpoint),
                from: Some(payload.wanted.since),
                to: Some(payload.wanted.until),
                ..Filter::default()
            };
            let page = platform.store.read(move |tx| deliveries::list(tx, workspace, &filter, before, PAGE)).await?;
            for delivery in &page {
                if payload.wanted.takes(delivery.status, &delivery.kind) && payload.done < REPLAYS_MAX {
                    payload.done += 1;
                    let (lease, until) = (job.lease(), platform.clock.now().plus_millis(LEASE_MS));
                    if !platform.store.write(move |tx| jobs::extend(tx, lease, until)).await? {
                        return Ok(());
                    }
                    self.once_more(platform, workspace, delivery.id).await?;
                }
                payload.before = Some(delivery.position);
            }
            if page.len() < PAGE || payload.done >= REPLAYS_MAX {
                return Ok(());
            }
            let subject = job.subject_id.unwrap_or(job.id.0);
            let next = new_job(platform.ids.next(), subject, &payload, platform.clock.now())?;
            platform.store.write(move |tx| jobs::enqueue(tx, &next)).await
        })
    }
}

impl Replays {
    async fn once_more(&self, platform: &Arc<Platform>, workspace: WorkspaceId, id: DeliveryId) -> Result<(), Fault> {
        let service = Arc::clone(platform);
        let begin = move |tx: &mut Tx<'_>| {
            let Some(delivery) = deliveries::find(tx, workspace, id)? else { return Ok(None) };
            let Some(endpoint) = rows::find(tx, workspace, delivery.endpoint)? else { return Ok(None) };
            let Some(number) = deliveries::begin(tx, workspace, id)? else { return Ok(None) };
            Outgoing::load(tx, &service, endpoint, delivery.event, (id, service.ids.next_bits(), number))
        };
        let Some(outgoing) = platform.store.write(begin).await? else { return Ok(()) };
        let outcome = outgoing.send(platform, self.0.settings).await;
        if outcome.withheld {
            return Err(Fault::internal("this node may make no calls now"));
        }
        let service = Arc::clone(platform);
        platform.store.write(move |tx| record(tx, &service, &outgoing, &outcome, Turn::ByHand).map(drop)).await
    }
}

impl Wanted {
    fn takes(&self, status: DeliveryStatus, kind: &str) -> bool {
        let is_listed = |list: &[String], word: &str| list.is_empty() || list.iter().any(|one| one == word);
        is_listed(&self.statuses, status.as_str()) && is_listed(&self.kinds, kind)
    }
}

/// The subject is the first job, so that entering the next part from the handler replaces the one before.
fn new_job(id: JobId, subject: u128, payload: &Payload, now: Timestamp) -> Result<NewJob, Fault> {
    Ok(NewJob {
        id,
        workspace: payload.workspace,
        mode: None,
        kind: JOB_REPLAY,
        subject_id: Some(subject),
        payload: serde_json::to_string(payload).map_err(Fault::internal)?,
        due_at: now,
        created_at: now,
    })
}

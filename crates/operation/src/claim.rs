//! Jobs that last longer than the lease under which they were claimed.

use std::time::Duration;

use floe_model::Fault;
use floe_runtime::Platform;
use floe_store::platform::jobs::{self, Lease};

/// How often a long job says that it is still at work.
const STILL_AT_WORK: Duration = Duration::from_secs(15);
/// How long one such word holds, seconds; the lease of a job lasts as long.
const LEASE_S: i64 = 60;

/// Says again and again that a job is still worked on; returns when that is refused.
pub(crate) async fn keep_claim(platform: &Platform, lease: Lease) -> Fault {
    loop {
        tokio::time::sleep(STILL_AT_WORK).await;
        let until = platform.clock.now().plus_seconds(LEASE_S);
        match platform.store.write(move |tx| jobs::extend(tx, lease, until)).await {
            Ok(true) => {}
            Ok(false) => return Fault::conflict("claim_lost", "The job was taken over"),
            Err(fault) => tracing::warn!(%fault, "a long job could not say that it is still at work"),
        }
    }
}

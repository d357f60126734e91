//! Removes what is over: sessions, links, saved replies, old requests, holds of credits whose callers never came back.

use floe_model::Fault;
use floe_store::access::{failures, links, sessions};
use floe_store::platform::replies;

use crate::attempts::BLOCK_S;
use crate::service::Access;

/// Rows of one kind that one sweep removes.
const ROWS_MAX: usize = 1_000;
/// Seconds that a session or link is kept after its end.
const KEPT_S: i64 = 86_400;

impl Access {
    /// Removes sessions and links a day after their end, and saved replies whose time is over; a bounded number at a
    /// time. The server calls it every few minutes.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sweep(&self) -> Result<(), Fault> {
        let now = self.platform.clock.now();
        let before = now.plus_seconds(-KEPT_S);
        let sweeping = self.platform.store.write_later(move |tx| {
            sessions::purge(tx, before, ROWS_MAX)?;
            links::purge(tx, before)?;
            failures::purge(tx, now.plus_seconds(-BLOCK_S))?;
            replies::purge_expired(tx, now, ROWS_MAX)
        });
        sweeping.await?;
        self.sweep_requests().await?;
        floe_runtime::credits::release_expired(&self.platform).await.map(drop)
    }
}

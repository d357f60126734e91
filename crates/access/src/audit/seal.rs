//! Sealing: gives entries their places, and signs heads.

use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_store::platform::audit::Entry;
use floe_store::platform::audit_chain::{self, End, Seal};
use floe_store::platform::audit_heads;

use super::chain;
use super::head::SignedHead;
use crate::service::Access;

/// Workspaces that one round looks at.
const WORKSPACES_MAX: usize = 200;
/// Entries that one transaction seals: two milliseconds or so, for which requests may have to wait.
const ENTRIES_MAX: usize = 50;
/// Transactions of one round and workspace; what is left comes in the next round.
const BATCHES_MAX: usize = 2_000;
/// Heads that one round signs.
const HEADS_MAX: usize = 200;
/// Seconds between two heads of one chain.
const HEAD_PAUSE_S: i64 = 60;

impl Access {
    /// Seals the entries that wait for it and tells how many; reads only when none does. The server calls it twice a second, on
    /// every node: of several sealers of one chain exactly one goes on at a time.
    ///
    /// # Errors
    /// Of the database; what was sealed stays, the rest comes again.
    pub async fn seal_audit(&self) -> Result<usize, Fault> {
        let store = &self.platform.store;
        let workspaces = store.read(|tx| audit_chain::unsealed_workspaces(tx, WORKSPACES_MAX)).await?;
        let mut sealed = 0;
        for workspace in workspaces {
            for _ in 0..BATCHES_MAX {
                let sealing = store.write_later(move |tx| audit_chain::seal(tx, workspace, ENTRIES_MAX, seals));
                let batch = sealing.await?;
                sealed += batch;
                if batch < ENTRIES_MAX {
                    break;
                }
            }
        }
        Ok(sealed)
    }

    /// Signs the ends of the chains that have news, a minute or more after their last heads. They count when they are kept.
    ///
    /// # Errors
    /// Of the database.
    pub async fn due_heads(&self) -> Result<Vec<SignedHead>, Fault> {
        let now = self.platform.clock.now();
        let before = now.plus_seconds(-HEAD_PAUSE_S);
        let due = self.platform.store.read(move |tx| audit_heads::headless(tx, before, HEADS_MAX)).await?;
        let sign = |(workspace, end): (WorkspaceId, End)| {
            Some(self.signer.sign(workspace, end.seq, end.hash.try_into().ok()?, now))
        };
        Ok(due.into_iter().filter_map(sign).collect())
    }

    /// Keeps heads. One that came later than another node's is left out.
    ///
    /// # Errors
    /// Of the database.
    pub async fn keep_heads(&self, heads: &[SignedHead]) -> Result<(), Fault> {
        let stored: Vec<_> = heads.iter().map(SignedHead::to_stored).collect();
        let keeping = self
            .platform
            .store
            .write(move |tx| stored.iter().try_for_each(|head| audit_heads::keep_head(tx, head).map(drop)));
        keeping.await
    }
}

/// The places of entries behind the end of a chain.
fn seals(end: &End, entries: &[Entry]) -> Result<Vec<Seal>, Fault> {
    let broken = |_| Fault::internal("the end of an audit chain has no hash of 32 bytes");
    let mut prev_hash: [u8; 32] = end.hash.as_slice().try_into().map_err(broken)?;
    let mut seq = end.seq;
    let place = |entry: &Entry| {
        seq += 1;
        let hash = chain::hash(&prev_hash, &chain::canonical(entry, seq, &prev_hash));
        let seal = Seal { id: entry.id, seq, prev_hash, hash };
        prev_hash = hash;
        seal
    };
    Ok(entries.iter().map(place).collect())
}

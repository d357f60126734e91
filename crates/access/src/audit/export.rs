//! Exporting a part of a chain: what is needed to check it elsewhere, from a signed head to a signed head.

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Timestamp};
use floe_store::platform::audit_chain::{self, Sealed};

use super::chain::{self, BEGINNING};
use super::head::SignedHead;
use crate::service::Access;

/// Entries of one page.
const PAGE: usize = 500;

/// An export under way. Entries between two times are exported together with all that stand between them in the chain.
pub struct Export {
    workspace: WorkspaceId,
    /// The entry before the first one.
    pub begin: SignedHead,
    seq: i64,
    hash: [u8; 32],
    last: i64,
}

impl Access {
    /// Begins to export the entries from a time until before another; without times the whole chain.
    ///
    /// # Errors
    /// Of the database.
    pub async fn begin_export(
        &self,
        workspace: WorkspaceId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Export, Fault> {
        let reading = self.platform.store.read(move |tx| {
            let end = audit_chain::end(tx, workspace)?.map_or(0, |end| end.seq);
            let span = match (from, to) {
                (None, None) => Some((1, end)),
                _ => {
                    let from = from.unwrap_or(Timestamp(0));
                    audit_chain::span(tx, workspace, from, to.unwrap_or(Timestamp(i64::MAX)))?
                }
            };
            let Some((first, last)) = span.filter(|(first, last)| first <= last) else { return Ok(None) };
            let before = audit_chain::walk(tx, workspace, first - 1, first, 1)?.pop();
            let hash = before.and_then(|sealed| sealed.prev_hash?.try_into().ok()).unwrap_or(BEGINNING);
            Ok(Some((first - 1, last, hash)))
        });
        let (seq, last, hash) = reading.await?.unwrap_or((0, 0, BEGINNING));
        let begin = self.signer.sign(workspace, seq, hash, self.platform.clock.now());
        Ok(Export { workspace, begin, seq, hash, last })
    }

    /// The next entries; none at the end.
    ///
    /// # Errors
    /// Of the database.
    pub async fn export_page(&self, export: &mut Export) -> Result<Vec<Sealed>, Fault> {
        let Export { workspace, seq, last, .. } = *export;
        if seq >= last {
            return Ok(Vec::new());
        }
        let page = self.platform.store.read(move |tx| audit_chain::walk(tx, workspace, seq, last, PAGE)).await?;
        if let Some(sealed) = page.last() {
            export.seq = sealed.entry.seq.unwrap_or(last);
            export.hash = sealed.hash.as_deref().and_then(|hash| hash.try_into().ok()).unwrap_or(chain::BEGINNING);
        }
        Ok(page)
    }

    /// The head of the last entry that was exported.
    #[must_use]
    pub fn end_export(&self, export: &Export) -> SignedHead {
        self.signer.sign(export.workspace, export.seq, export.hash, self.platform.clock.now())
    }
}

//! The audit log: read, sealed into a chain, verified, exported (console contract, section 5.6).
//!
//! An entry is written with its act, by the slice of the act. Soon after, [`Access::seal_audit`] gives it its place in the chain of its
//! workspace, and now and then [`Access::due_heads`] signs the end of each chain that has news. Whoever keeps a signed head elsewhere can
//! prove that the chain before it was not changed since.
//!
//! Start reading with `chain.rs`: what is hashed, and what follows what.

pub mod chain;
pub mod export;
pub mod file;
pub mod head;
mod seal;
mod verify;

use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::id::{AuditId, RequestId, WorkspaceId};
use floe_store::platform::audit::Filter;
use floe_store::platform::{audit_chain, audit_heads};

pub use audit_chain::Sealed;
pub use head::SignedHead;
pub use verify::Verdict;

use crate::service::Access;

/// One page of entries, newest first.
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Sealed>,
    /// Whether there are more.
    pub more: bool,
    /// How many there are over all pages, when that was asked for.
    pub total: Option<i64>,
}

/// One page of heads, newest first.
pub struct HeadPage {
    /// The heads.
    pub heads: Vec<SignedHead>,
    /// Whether there are more.
    pub more: bool,
    /// How many there are over all pages.
    pub total: i64,
}

impl Access {
    /// A page of the entries of the caller's workspace, newest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn audit_entries(
        &self,
        caller: &Caller,
        filter: Filter,
        text: Option<String>,
        before: Option<AuditId>,
        limit: usize,
        total: bool,
    ) -> Result<EntryPage, Fault> {
        let workspace = caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let mut entries = audit_chain::list(tx, workspace, &filter, text.as_deref(), before, limit + 1)?;
            let more = entries.len() > limit;
            entries.truncate(limit);
            let total = total.then(|| audit_chain::count(tx, workspace, &filter, text.as_deref())).transpose()?;
            Ok(EntryPage { entries, more, total })
        });
        reading.await
    }

    /// One entry of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn audit_entry(&self, caller: &Caller, id: AuditId) -> Result<Sealed, Fault> {
        let workspace = caller.workspace;
        let found = self.platform.store.read(move |tx| audit_chain::find(tx, workspace, id)).await?;
        found.ok_or_else(|| Fault::not_found("Audit entry"))
    }

    /// The entries that a request of the workspace caused, oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn audit_of_request(&self, workspace: WorkspaceId, request: RequestId) -> Result<Vec<Sealed>, Fault> {
        self.platform.store.read(move |tx| audit_chain::of_request(tx, workspace, request)).await
    }

    /// A page of the signed heads of the caller's workspace, newest first.
    ///
    /// # Errors
    /// Of the database.
    pub async fn audit_heads(&self, caller: &Caller, before: Option<i64>, limit: usize) -> Result<HeadPage, Fault> {
        let workspace = caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let total = audit_heads::head_count(tx, workspace)?;
            Ok((audit_heads::heads(tx, workspace, before, limit + 1)?, total))
        });
        let (mut stored, total) = reading.await?;
        let more = stored.len() > limit;
        stored.truncate(limit);
        let heads = stored.iter().filter_map(SignedHead::of_stored).collect();
        Ok(HeadPage { heads, more, total })
    }
}

//! What operation is told about other slices: checks that only they can make.

mod ledger;
mod models;
mod rail;

use std::pin::Pin;
use std::sync::Arc;

use floe_access::Access;
use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_operation::doctor::{Check, Examine};
use floe_runtime::Platform;
use floe_store::operation::retention::next_workspace;

pub use ledger::Ledgers;
pub use models::ModelProviders;
pub use rail::LiveRail;

/// The audit chain of every workspace.
pub struct AuditChains {
    /// Where the workspaces are.
    pub platform: Arc<Platform>,
    /// Who verifies.
    pub access: Arc<Access>,
}

impl Examine for AuditChains {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Check> + Send + '_>> {
        Box::pin(async move {
            const TITLE: &str = "Audit chain";
            match self.verify().await {
                Ok((workspaces, entries, problems)) if problems.is_empty() => {
                    Check::ok("audit", TITLE, format!("{entries} entries of {workspaces} workspaces are whole"))
                }
                Ok((_, _, problems)) => {
                    let fix = "Compare with a head kept elsewhere (floe audit verify) and with the last backup";
                    Check::fail("audit", TITLE, problems.join("; "), fix)
                }
                Err(fault) => {
                    Check::warn("audit", TITLE, format!("cannot be looked at: {fault}"), "Run the doctor again")
                }
            }
        })
    }
}

impl AuditChains {
    /// Workspaces, entries that are right, and what is wrong in each chain that is not.
    pub(crate) async fn verify(&self) -> Result<(u64, i64, Vec<String>), Fault> {
        let (mut workspaces, mut entries, mut problems) = (0, 0, Vec::new());
        let mut last = WorkspaceId(0);
        while let Some(next) = self.platform.store.read(move |tx| next_workspace(tx, last)).await? {
            last = next;
            workspaces += 1;
            let verdict = self.access.verify_audit(next, None).await?;
            entries += verdict.entries;
            problems.extend(
                verdict.problem.map(|found| format!("{} at entry {}: {}", next.prefixed(), found.seq, found.reason)),
            );
        }
        Ok((workspaces, entries, problems))
    }
}

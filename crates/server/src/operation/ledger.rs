//! The ledgers of payment runs, as the doctor looks at them.

use std::pin::Pin;
use std::sync::Arc;

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode, Scope};
use floe_operation::doctor::{Check, Examine};
use floe_runtime::Platform;
use floe_store::operation::retention::next_workspace;
use floe_store::treasury::simulated_payments;
use floe_treasury::ledger;

/// Problems that are shown.
const SHOWN_MAX: usize = 10;

/// Every ledger of every workspace, and the books of the simulated bank.
pub struct Ledgers {
    /// Where they are.
    pub platform: Arc<Platform>,
}

impl Examine for Ledgers {
    fn examine(&self) -> Pin<Box<dyn Future<Output = Check> + Send + '_>> {
        Box::pin(async move {
            const TITLE: &str = "Ledger";
            match self.verify().await {
                Ok((lines, problems)) if problems.is_empty() => {
                    Check::ok("ledger", TITLE, format!("{lines} lines add up; nothing was sent twice"))
                }
                Ok((_, problems)) => {
                    let fix =
                        "Release nothing more, and compare with the statement of the rail and with the last backup";
                    Check::fail("ledger", TITLE, problems.join("; "), fix)
                }
                Err(fault) => {
                    Check::warn("ledger", TITLE, format!("cannot be looked at: {fault}"), "Run the doctor again")
                }
            }
        })
    }
}

impl Ledgers {
    /// Lines that were read, and what is wrong.
    async fn verify(&self) -> Result<(i64, Vec<String>), Fault> {
        let (mut lines, mut problems) = (0, Vec::new());
        let mut last = WorkspaceId(0);
        while let Some(next) = self.platform.store.read(move |tx| next_workspace(tx, last)).await? {
            last = next;
            for mode in [Mode::Live, Mode::Test] {
                let scope = Scope { workspace: next, mode };
                let verdict = self.platform.store.read(move |tx| ledger::verify(tx, scope)).await?;
                lines += verdict.lines;
                let name = |problem: String| format!("{}, {}: {problem}", next.prefixed(), mode.as_str());
                problems.extend(verdict.problems.into_iter().map(name));
            }
        }
        for twice in self.platform.store.read(|tx| simulated_payments::twice(tx, SHOWN_MAX)).await? {
            problems.push(format!("{} was sent {} times", twice.rail_reference, twice.sends));
        }
        problems.truncate(SHOWN_MAX);
        Ok((lines, problems))
    }
}

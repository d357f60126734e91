//! Payment runs: from an objective to the end of the last payout (Treasury contract, sections 3 and 4).

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

use crate::Treasury;

/// Durable work of runs.
pub(crate) fn handlers(_treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    Vec::new()
}

//! Payouts: the money part of a release, the rails, and what follows from their answers (Treasury contract, sections 4 and 9).

use std::sync::Arc;

use floe_runtime::jobs::JobHandler;

use crate::Treasury;

/// Durable work of payouts.
pub(crate) fn handlers(_treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    Vec::new()
}

//! Ids as this API writes them (workflows contract, section 1): its own prefixes for what is a flow and a run elsewhere.

use floe_model::id::{FlowId, RunId, to_base32};

/// A workflow.
pub(crate) fn workflow_id(id: FlowId) -> String {
    format!("wf_{}", to_base32(id.0))
}

/// An execution.
pub(crate) fn execution_id(id: RunId) -> String {
    format!("exec_{}", to_base32(id.0))
}

//! Ids as this API writes them (workflows contract, section 1): its own prefixes for what is a flow and a run elsewhere.

pub(crate) use floe_flows::workflows::ids::execution as execution_id;

//! Whether a key may ask about the agent that a path names, after the limits and before the body (agents contract, section 1.1).

use std::pin::Pin;

use floe_agents::agents;
use floe_model::access::Caller;
use floe_model::id::AgentId;
use floe_model::{Fault, FaultKind};

use super::errors::{NO_AGENT, NO_AGENT_ID};
use crate::App;
use crate::http::{Call, Params};

/// The parameter of paths that names an agent.
const NAME: &str = "agent_id";

/// The agent of a path is one of the workspace, and the key may use it.
///
/// # Errors
/// 400 for an empty id; 403 alike for agents of others, for those that are none, and for those that the key may not use.
pub(super) fn agent<'a>(
    app: &'a App,
    caller: &'a Caller,
    params: &'a Params,
) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>> {
    Box::pin(async move {
        let Some((_, text)) = params.iter().find(|(name, _)| *name == NAME) else { return Ok(()) };
        if text.trim().is_empty() {
            return Err(Fault::new(FaultKind::Invalid, NO_AGENT_ID, "agent_id is required"));
        }
        let agent = AgentId::parse(text).map_err(|_| no_agent())?;
        let workspace = caller.workspace;
        let is_there = app.platform.store.read(move |tx| agents::is_there(tx, workspace, agent)).await?;
        if is_there && caller.may_use_agent(agent) { Ok(()) } else { Err(no_agent()) }
    })
}

/// The agent of the path; it was looked up before the handler began.
///
/// # Errors
/// 403 when the text is no id.
pub(super) fn agent_id(call: &Call) -> Result<AgentId, Fault> {
    AgentId::parse(call.param(NAME)?).map_err(|_| no_agent())
}

/// The refusal of an agent that is not one of the caller's; also when it was deleted while a request was on its way.
pub(super) fn no_agent() -> Fault {
    Fault::new(FaultKind::Forbidden, NO_AGENT, "This agent does not belong to your organisation")
}

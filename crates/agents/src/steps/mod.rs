//! Agents, models and knowledge as steps of flows (Flow API contract, section 6.5).
//!
//! Each type is an [`Effect`]: the run engine knows what was asked before it is called, and keeps the result. A call that is made again
//! after a crash has the same key, so that it is charged once. What a model says is checked here and stays data.
//!
//! To add a type: a file here with its [`StepSpec`](floe_engine::catalog::StepSpec) and its [`Effect`], and a line in [`effects`] and
//! [`SPECS`].

mod answer;
mod ask_peer;
mod ask_to_llm;
mod config;
mod extract_data;
mod knowledge_search;
mod model;
mod tool_action;

pub(crate) use answer::json_in;
pub(crate) use model::{Pieces, bill};

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_runtime::effect::Effect;

use floe_model::Fault;
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_store::Tx;
use floe_store::flows::runs;

use crate::Agents;

/// What the engine and the editor know of these types, for those who check definitions without a server.
pub static SPECS: [&StepSpec; 5] =
    [&ask_peer::SPEC, &ask_to_llm::SPEC, &extract_data::SPEC, &knowledge_search::SPEC, &tool_action::SPEC];

/// Every step type of this slice.
#[must_use]
pub fn effects(agents: &Arc<Agents>) -> Vec<Arc<dyn Effect>> {
    vec![
        Arc::new(ask_peer::AskPeer(Arc::clone(agents))),
        Arc::new(ask_to_llm::AskToLlm(Arc::clone(agents))),
        Arc::new(extract_data::ExtractData(Arc::clone(agents))),
        Arc::new(knowledge_search::KnowledgeSearch(Arc::clone(agents))),
        Arc::new(tool_action::ToolAction(Arc::clone(agents))),
    ]
}

/// The run and step that a call belongs to, by its key; `None` for the key of anything else.
pub(crate) fn place_of(key: &str) -> Option<(RunId, &str)> {
    let (run, rest) = key.strip_prefix("step:")?.split_once(':')?;
    let (step, _) = rest.split_once(':')?;
    Some((RunId::parse(run).ok()?, step))
}

/// The flow of a run, for the sums of usage.
pub(crate) fn flow_of(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<FlowId>, Fault> {
    Ok(runs::find(tx, workspace, run)?.map(|run| run.flow))
}

#[cfg(test)]
mod tests;

//! Agents, models and knowledge as steps of flows (Flow API contract, section 6.5).
//!
//! Each type is an [`Effect`]: the run engine knows what was asked before it is called, and keeps the result. A call that is made again
//! after a crash has the same key, so that it is charged once. What a model says is checked here and stays data.
//!
//! To add a type: a file here with its [`StepSpec`](floe_engine::catalog::StepSpec) and its [`Effect`], and a line in [`effects`] and
//! [`SPECS`].

mod answer;
mod ask_to_llm;
mod config;
mod extract_data;
mod model;
mod tool_action;

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_runtime::effect::Effect;

use crate::Agents;

/// What the engine and the editor know of these types, for those who check definitions without a server.
pub static SPECS: [&StepSpec; 3] = [&ask_to_llm::SPEC, &extract_data::SPEC, &tool_action::SPEC];

/// Every step type of this slice.
#[must_use]
pub fn effects(agents: &Arc<Agents>) -> Vec<Arc<dyn Effect>> {
    vec![
        Arc::new(ask_to_llm::AskToLlm(Arc::clone(agents))),
        Arc::new(extract_data::ExtractData(Arc::clone(agents))),
        Arc::new(tool_action::ToolAction(Arc::clone(agents))),
    ]
}

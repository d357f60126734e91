//! Agents, models and knowledge as nodes of workflows (Workflow API contract, section 18, *AI*).
//!
//! Each type is an [`Effect`] with the key `node-<type>`: the run engine knows what was asked before it is called, and keeps the record
//! that it gives. Failures have the codes of section 17; which of them are worth another attempt is said here, how many are made is the
//! engine's.
//!
//! To add a type: a file here with its [`StepSpec`] and its [`Effect`], and a line in [`effects`] and [`SPECS`].

mod agent;
mod config;
mod embeddings;
mod fail;
mod knowledge_query;
mod llm;
mod model;
mod router;
mod vision;

use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, StepSpec};
use floe_runtime::effect::Effect;

use crate::Agents;

/// Time for one attempt, in milliseconds (Workflow API contract, section 17).
const TIMEOUT_MS: u64 = 600_000;

/// What the engine knows of these types, for those who check definitions without a server.
pub static SPECS: [&StepSpec; 6] =
    [&agent::SPEC, &embeddings::SPEC, &knowledge_query::SPEC, &llm::SPEC, &router::SPEC, &vision::SPEC];

/// Every node type of this slice.
#[must_use]
pub fn effects(agents: &Arc<Agents>) -> Vec<Arc<dyn Effect>> {
    vec![
        Arc::new(agent::AskAgent(Arc::clone(agents))),
        Arc::new(embeddings::Embeddings(Arc::clone(agents))),
        Arc::new(knowledge_query::KnowledgeQuery(Arc::clone(agents))),
        Arc::new(llm::Llm(Arc::clone(agents))),
        Arc::new(router::Router(Arc::clone(agents))),
        Arc::new(vision::Vision(Arc::clone(agents))),
    ]
}

/// A node type: its configuration is described by the table of node types, which is the language's.
const fn spec(
    key: &'static str,
    name: &'static str,
    description: &'static str,
    outputs: &'static [(&'static str, &'static str)],
) -> StepSpec {
    StepSpec {
        key,
        aliases: &[],
        name,
        category: "ai",
        description,
        fields: &[],
        outputs,
        waits: false,
        execution: Execution::Effect(EffectSpec {
            touches_world: true,
            timeout_ms: TIMEOUT_MS,
            timeout_ms_max: TIMEOUT_MS,
        }),
    }
}

#[cfg(test)]
mod tests;

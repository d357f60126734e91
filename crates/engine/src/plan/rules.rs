//! What differs between the languages when a plan is carried out.

use crate::expr::Profile;
use crate::machine::{CONTEXT_BYTES_MAX, STEPS_MAX};

/// Bytes of one record of a graph run at most (Workflow API contract, section 14).
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all records and variables of a graph run at most (Workflow API contract, section 14).
pub const MEMORY_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Active time of a graph run at most, in milliseconds (Workflow API contract, section 13).
pub const GRAPH_ACTIVE_MS_MAX: i64 = 1_800_000;
/// Node executions of one graph run at most: 10,000 passes of a hundred nodes.
pub const GRAPH_STEPS_MAX: u32 = 1_000_000;
/// Nodes of a graph run that work at the same time, unless its settings say otherwise (Workflow API contract, section 13).
pub const NODES_AT_ONCE: u32 = 10;

/// The rules of a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How its expressions are read.
    pub profile: Profile,
    /// Nodes that work at the same time at most; no bound when absent.
    pub concurrency_max: Option<u32>,
    /// Active time at most, in milliseconds, where the definition says it.
    pub active_ms_max: Option<i64>,
    /// Node executions at most.
    pub steps_max: u32,
    /// Bytes of one record at most; a larger one is replaced by a mark with its beginning. No bound when absent.
    pub record_bytes_max: Option<usize>,
    /// Bytes of context at most.
    pub context_bytes_max: usize,
    /// What the output of a run is.
    pub outcome: OutcomeRule,
}

/// What the output of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeRule {
    /// What the step that ends it gives.
    Explicit,
    /// What its output nodes have given, merged (Workflow API contract, section 14).
    Merged,
}

impl Rules {
    /// The rules of the steps language.
    #[must_use]
    pub const fn steps() -> Self {
        Self {
            profile: Profile::Steps,
            concurrency_max: None,
            active_ms_max: None,
            steps_max: STEPS_MAX,
            record_bytes_max: None,
            context_bytes_max: CONTEXT_BYTES_MAX,
            outcome: OutcomeRule::Explicit,
        }
    }

    /// The rules of the graph language with the settings that hold unless a definition says otherwise.
    #[must_use]
    pub const fn graph() -> Self {
        Self {
            profile: Profile::Graph,
            concurrency_max: Some(NODES_AT_ONCE),
            active_ms_max: Some(GRAPH_ACTIVE_MS_MAX),
            steps_max: GRAPH_STEPS_MAX,
            record_bytes_max: Some(RECORD_BYTES_MAX),
            context_bytes_max: MEMORY_BYTES_MAX,
            outcome: OutcomeRule::Merged,
        }
    }

    /// Whether they are those of the graph language.
    #[must_use]
    pub const fn is_graph(&self) -> bool {
        matches!(self.profile, Profile::Graph)
    }
}

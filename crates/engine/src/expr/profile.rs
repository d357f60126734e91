//! Which rules an expression follows.

/// The language that a source belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Flows of steps (Flow API contract, section 6.3).
    #[default]
    Steps,
    /// Workflows, which are graphs of nodes (Workflow API contract, section 15).
    Graph,
}

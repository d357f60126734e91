//! What definitions of flows name and another slice holds: models, agents, knowledge bases, tools.
//!
//! The slice that holds them registers a [`Directory`]; whoever publishes, imports or edits a definition asks it, inside a
//! transaction of its own.

use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_store::Tx;

/// Kinds of things that a definition names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Chat models, by name.
    Model,
    /// Agents, by id.
    Agent,
    /// Knowledge bases, by id.
    KnowledgeBase,
    /// Connections that can be called, by id or name.
    Tool,
}

/// One thing that can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is shown.
    pub label: String,
    /// What a definition says.
    pub value: String,
    /// More about it; empty for nothing.
    pub description: String,
    /// What it stands with.
    pub group: Option<String>,
}

/// Knows what can be named.
pub trait Directory: Send + Sync {
    /// Whether there is such a thing in the workspace.
    ///
    /// # Errors
    /// Of the database.
    fn knows(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, kind: Named, name: &str) -> Result<bool, Fault>;

    /// Everything of a kind, a bounded number, in the order in which it is offered.
    ///
    /// # Errors
    /// Of the database.
    fn choices(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, kind: Named) -> Result<Vec<Choice>, Fault>;

    /// What the tool of this id or name can be asked; empty when that is not known here.
    ///
    /// # Errors
    /// Of the database.
    fn actions(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, tool: &str) -> Result<Vec<Choice>, Fault>;
}

/// A server on which there is nothing to name.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Directory for Nothing {
    fn knows(&self, _: &mut Tx<'_>, _: WorkspaceId, _: Named, _: &str) -> Result<bool, Fault> {
        Ok(false)
    }

    fn choices(&self, _: &mut Tx<'_>, _: WorkspaceId, _: Named) -> Result<Vec<Choice>, Fault> {
        Ok(Vec::new())
    }

    fn actions(&self, _: &mut Tx<'_>, _: WorkspaceId, _: &str) -> Result<Vec<Choice>, Fault> {
        Ok(Vec::new())
    }
}

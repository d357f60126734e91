//! What a definition names outside of itself, looked up when it is published (Flow API contract, section 6.6, `unknown_reference`).

use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_engine::lang::Problem;
use floe_engine::lang::steps::{NeedKind, Reference};
use floe_model::Fault;
use floe_model::access::Role;
use floe_model::flows::{FlowAccess, Level};
use floe_model::id::{FlowId, GroupId, MemberId, WorkspaceId};
use floe_runtime::directory::{Directory, Named};
use floe_store::Tx;
use floe_store::access::{groups, memberships};
use floe_store::flows::flows;

use super::access::access_of;
use crate::Flows;

/// What this server runs, and what can be named on it.
pub trait Known {
    /// The step types.
    fn catalog(&self) -> &Catalog;

    /// What other slices hold; without one, what a step names beside flows is not looked up.
    fn directory(&self) -> Option<&dyn Directory>;
}

impl Known for Flows {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self.directory.as_ref())
    }
}

impl Known for Catalog {
    fn catalog(&self) -> &Catalog {
        self
    }

    fn directory(&self) -> Option<&dyn Directory> {
        None
    }
}

impl Known for (Arc<Catalog>, Arc<dyn Directory>) {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self.1.as_ref())
    }
}

impl<K: Known> Known for Arc<K> {
    fn catalog(&self) -> &Catalog {
        self.as_ref().catalog()
    }

    fn directory(&self) -> Option<&dyn Directory> {
        self.as_ref().directory()
    }
}

/// The kind under which other slices know what a definition needs; `None` for flows and secrets.
pub(crate) const fn named(kind: NeedKind) -> Option<Named> {
    match kind {
        NeedKind::Model => Some(Named::Model),
        NeedKind::Agent => Some(Named::Agent),
        NeedKind::Tool => Some(Named::Tool),
        NeedKind::KnowledgeBase => Some(Named::KnowledgeBase),
        NeedKind::Flow | NeedKind::Secret => None,
    }
}

/// The word for a thing that is missing.
pub(crate) const fn word(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Model => "model",
        NeedKind::Agent => "agent",
        NeedKind::Flow => "flow",
        NeedKind::Tool => "tool",
        NeedKind::KnowledgeBase => "knowledge base",
        NeedKind::Secret => "secret",
    }
}

/// A problem for everything that a step names and that is not there, or that the owner of the flow may not run.
pub(crate) fn missing(
    tx: &mut Tx<'_>,
    known: &impl Known,
    workspace: WorkspaceId,
    owner: Option<MemberId>,
    references: &[Reference],
) -> Result<Vec<Problem>, Fault> {
    let owner = match owner {
        None => Owner::Server,
        Some(member) => {
            let groups = groups::of_member(tx, workspace, member)?.into_iter().map(|group| group.id).collect();
            Owner::Member(member, memberships::role(tx, workspace, member)?, groups)
        }
    };
    let mut problems = Vec::new();
    for reference in references {
        let is_there = match (named(reference.kind), known.directory()) {
            (Some(kind), Some(directory)) => directory.knows(tx, workspace, kind, &reference.name)?,
            (Some(_), None) => true,
            (None, _) => owner.may_run(tx, workspace, &reference.name)?,
        };
        if !is_there {
            let (step, path) = (Some(reference.step_id.as_str()), reference.path.as_str());
            let message = format!("There is no such {}", word(reference.kind));
            problems.push(Problem::error("unknown_reference", step, path, message));
        }
    }
    Ok(problems)
}

/// In whose name the flow calls others.
enum Owner {
    Server,
    Member(MemberId, Option<Role>, Vec<GroupId>),
}

impl Owner {
    /// Whether there is such a flow that the owner may run (Flow API contract, section 6.5, `call-flow`).
    fn may_run(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, id: &str) -> Result<bool, Fault> {
        let called = match FlowId::parse(id) {
            Ok(id) => flows::find(tx, workspace, id)?,
            Err(_) => None,
        };
        Ok(match called {
            Some(called) => self.allows(&access_of(&called)?),
            None => false,
        })
    }

    fn allows(&self, access: &FlowAccess) -> bool {
        match self {
            Self::Server => true,
            Self::Member(member, Some(role), groups) => {
                access.level_of_member(*member, *role, groups) >= Some(Level::Run)
            }
            Self::Member(_, None, _) => false,
        }
    }
}

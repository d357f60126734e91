//! What flows can name of this slice, and the connections that their steps can use.

use floe_model::id::{AgentId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Scope};
use floe_runtime::connections::{self, operations};
use floe_runtime::directory::{Choice, Directory, Named};
use floe_runtime::models::{DEFAULT_MODEL, ModelInfo, ModelKind};
use floe_store::Tx;
use floe_store::access::connections as connection_rows;
use floe_store::agents::{agents, knowledge_bases};

use crate::Agents;
use crate::knowledge::bases;

/// Choices of one kind at most.
const CHOICES_MAX: usize = 200;

impl Directory for Agents {
    fn knows(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, kind: Named, name: &str) -> Result<bool, Fault> {
        match kind {
            Named::Model => Ok(name == DEFAULT_MODEL || self.models.knows(tx, workspace, name)?),
            Named::Agent => AgentId::parse(name).map_or(Ok(false), |id| agents::is_there(tx, workspace, id)),
            Named::KnowledgeBase => match bases::resolve(tx, workspace, name) {
                Ok(_) => Ok(true),
                Err(fault) if fault.kind() == FaultKind::NotFound => Ok(false),
                Err(fault) => Err(fault),
            },
            Named::Tool => Ok(connections::find(tx, workspace, name)?.is_some()),
        }
    }

    fn choices(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, kind: Named) -> Result<Vec<Choice>, Fault> {
        match kind {
            Named::Model => {
                // What answers in one of the modes is offered.
                let scope = Scope { workspace, mode: Mode::Test };
                let default = choice("Default model", DEFAULT_MODEL, "The default model of the workspace", None);
                let models = self.models.usable(tx, scope, ModelKind::Chat)?;
                Ok(std::iter::once(default).chain(models.iter().map(of_model)).collect())
            }
            Named::Agent => {
                let filter = agents::Filter::default();
                let found = agents::page(tx, workspace, &filter, true, None, CHOICES_MAX)?;
                Ok(found.iter().map(|one| choice(&one.name, &one.id.to_string(), "", Some(&one.status))).collect())
            }
            Named::KnowledgeBase => {
                let page = knowledge_bases::Page { newest_first: true, limit: CHOICES_MAX, ..Default::default() };
                let found = knowledge_bases::list(tx, workspace, &page)?;
                let of = |one: &knowledge_bases::Base| {
                    let about = one.description.as_deref().unwrap_or_default();
                    choice(&one.name, &one.id.prefixed(), about, None)
                };
                Ok(found.iter().map(of).collect())
            }
            Named::Tool => {
                let page = connection_rows::Page { newest_first: true, limit: CHOICES_MAX, ..Default::default() };
                let found = connection_rows::list(tx, workspace, &page)?;
                let callable = found
                    .iter()
                    .filter(|one| one.kind == connections::MCP || !operations(&one.provider, &one.kind).is_empty());
                Ok(callable.map(|one| choice(&one.name, &one.id.prefixed(), "", Some(&one.provider))).collect())
            }
        }
    }

    fn actions(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, tool: &str) -> Result<Vec<Choice>, Fault> {
        let Some(found) = connections::find(tx, workspace, tool)? else { return Ok(Vec::new()) };
        // What an MCP server can do is known to it alone; its author writes the name.
        Ok(operations(&found.provider, &found.kind).into_iter().map(|name| choice(name, name, "", None)).collect())
    }
}

fn of_model(model: &ModelInfo) -> Choice {
    choice(&model.name, &model.name, &model.upstream_model, Some(&model.provider))
}

fn choice(label: &str, value: &str, description: &str, group: Option<&str>) -> Choice {
    let group = group.map(str::to_owned);
    Choice { label: label.to_owned(), value: value.to_owned(), description: description.to_owned(), group }
}

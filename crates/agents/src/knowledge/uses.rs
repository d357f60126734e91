//! Who names which knowledge bases: read from the tools of agents and the definitions of flows, so that no list of uses can differ from
//! them.

use std::collections::BTreeMap;

use floe_model::Fault;
use floe_model::access::Caller;
use floe_model::flows::{FlowAccess, level_of};
use floe_model::id::{AgentId, FlowId, KnowledgeBaseId};
use floe_store::Tx;
use floe_store::agents::agents;
use floe_store::flows::mentions::{self, Mention};
use serde_json::{Value, json};

/// Pages of definitions that are looked through: four versions of every flow that a workspace may reasonably have.
const PAGES_MAX: usize = 2_000;
/// The word under which definitions of flows name a base.
const FIELD: &str = "knowledgeBaseId";

/// Somebody who names a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// An agent, by a tool.
    Agent {
        /// Which.
        id: AgentId,
        /// Its name.
        name: String,
    },
    /// A flow, by a step.
    Flow {
        /// Which.
        id: FlowId,
        /// Its name; none when the caller may not see it.
        name: Option<String>,
    },
}

impl Use {
    /// As it is answered.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Agent { id, name } => json!({ "type": "agent", "id": id, "name": name }),
            Self::Flow { id, name } => json!({ "type": "flow", "id": id, "name": name }),
        }
    }
}

/// Who names each base of the caller's workspace, each once.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, caller: &Caller) -> Result<BTreeMap<KnowledgeBaseId, Vec<Use>>, Fault> {
    let mut uses: BTreeMap<KnowledgeBaseId, Vec<Use>> = BTreeMap::new();
    of_agents(tx, caller, &mut uses)?;
    of_flows(tx, caller, &mut uses)?;
    Ok(uses)
}

/// Who names one base.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, caller: &Caller, base: KnowledgeBaseId) -> Result<Vec<Use>, Fault> {
    Ok(all(tx, caller)?.remove(&base).unwrap_or_default())
}

fn of_agents(tx: &mut Tx<'_>, caller: &Caller, uses: &mut BTreeMap<KnowledgeBaseId, Vec<Use>>) -> Result<(), Fault> {
    let mut after = None;
    for _ in 0..=agents::AGENTS_MAX / agents::PAGE_MAX {
        let page = agents::page(tx, caller.workspace, &agents::Filter::default(), false, after, agents::PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for agent in &page {
            let config: Value = serde_json::from_str(&agent.config).map_err(Fault::internal)?;
            let tools = config["tools"].as_array().map_or(&[][..], Vec::as_slice);
            let named = tools.iter().filter_map(|tool| tool["knowledge_base_ids"].as_array()).flatten();
            for base in named.filter_map(|id| KnowledgeBaseId::parse(id.as_str()?).ok()) {
                add(uses, base, Use::Agent { id: agent.id, name: agent.name.clone() });
            }
        }
    }
    Ok(())
}

fn of_flows(tx: &mut Tx<'_>, caller: &Caller, uses: &mut BTreeMap<KnowledgeBaseId, Vec<Use>>) -> Result<(), Fault> {
    let mut after = (FlowId(0), 0);
    for _ in 0..PAGES_MAX {
        let page = mentions::list(tx, caller.workspace, FIELD, after)?;
        let Some(last) = page.last() else { break };
        after = (last.flow, last.version);
        for mention in &page {
            let definition: Value = serde_json::from_str(&mention.body).map_err(Fault::internal)?;
            let mut named = Vec::new();
            bases_in(&definition, &mut named);
            for base in named {
                add(uses, base, Use::Flow { id: mention.flow, name: visible_name(caller, mention)? });
            }
        }
    }
    Ok(())
}

/// The bases that a definition names as they are; what an expression gives is known only when it runs.
fn bases_in(value: &Value, found: &mut Vec<KnowledgeBaseId>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == FIELD => found.extend(KnowledgeBaseId::parse(text.trim()).ok()),
            value => bases_in(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| bases_in(item, found)),
        _ => {}
    }
}

fn visible_name(caller: &Caller, mention: &Mention) -> Result<Option<String>, Fault> {
    let sharing = serde_json::from_str(&mention.sharing).map_err(Fault::internal)?;
    let access = FlowAccess { owner: mention.owner, visibility: mention.visibility, sharing };
    Ok(level_of(caller, &access).map(|_| mention.name.clone()))
}

fn add(uses: &mut BTreeMap<KnowledgeBaseId, Vec<Use>>, base: KnowledgeBaseId, user: Use) {
    let users = uses.entry(base).or_default();
    if !users.contains(&user) {
        users.push(user);
    }
}

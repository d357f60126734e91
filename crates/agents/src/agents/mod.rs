//! Agents as records: what they are told, what they can use, and every version of it (agents contract, section 5).
//!
//! Everywhere but in the engine the secrets of tools are `"***"`; [`load`] alone opens them.

mod change;
mod check;
mod versions;

use floe_model::agents::agent::{AgentConfig, Secrets};
use floe_model::id::{AgentId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::Platform;
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::agents::{agent_versions, agents as rows};
use serde_json::{Map, Value};

pub use change::{Expected, create, delete, duplicate, patch};
pub use check::check_models;
pub use rows::Filter;
pub use versions::{Version, diff, restore, version, versions};

/// The field under which the secrets of an agent are sealed.
const SECRETS: &str = "agent.secrets";

/// An agent.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// What it is told and can use.
    pub config: AgentConfig,
    /// Counts changes, from 1.
    pub config_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Agent {
    /// The definitions of its tools; with real secrets only when it was [`load`]ed.
    #[must_use]
    pub fn tools(&self) -> Vec<Value> {
        self.config.tools.iter().map(floe_model::agents::agent::Tool::to_json).collect()
    }
}

/// Whether a workspace has an agent.
///
/// # Errors
/// Of the database.
pub fn is_there(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId) -> Result<bool, Fault> {
    rows::is_there(tx, workspace, id)
}

/// An agent of a workspace, its secrets hidden.
///
/// # Errors
/// 404, also for an agent of another workspace and for one that was deleted.
pub fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId) -> Result<Agent, Fault> {
    let row = rows::find(tx, workspace, id)?.filter(|row| row.deleted_at.is_none());
    read(&row.ok_or_else(missing)?)
}

/// An agent with the real secrets of its tools, for the engine alone; none when there is no such agent.
///
/// # Errors
/// Of the database; internal when what is sealed cannot be opened.
pub fn load(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, id: AgentId) -> Result<Option<Agent>, Fault> {
    let row = rows::find(tx, workspace, id)?.filter(|row| row.deleted_at.is_none());
    row.map(|row| whole(tx, platform, workspace, &row)).transpose()
}

/// An agent as [`load`] gives it, with the configuration that it had under this version.
///
/// # Errors
/// As [`load`].
pub fn load_version(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    id: AgentId,
    version: i64,
) -> Result<Option<Agent>, Fault> {
    let Some(mut row) = rows::find(tx, workspace, id)?.filter(|row| row.deleted_at.is_none()) else { return Ok(None) };
    if row.config_version != version
        && let Some(old) = agent_versions::find(tx, workspace, id, version)?
    {
        (row.config, row.secrets, row.config_version) = (old.config, old.secrets, old.number);
    }
    whole(tx, platform, workspace, &row).map(Some)
}

/// A page of the agents, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Agent>, i64), Fault> {
    let (found, total) = rows::list(tx, workspace, filter, limit, offset)?;
    Ok((found.iter().map(read).collect::<Result<_, _>>()?, total))
}

/// A page after an agent, by age.
///
/// # Errors
/// Of the database.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    newest_first: bool,
    after: Option<AgentId>,
    limit: usize,
) -> Result<Vec<Agent>, Fault> {
    rows::page(tx, workspace, filter, newest_first, after, limit)?.iter().map(read).collect()
}

/// Every agent of a workspace, newest first, for whoever asks what is used by whom.
///
/// # Errors
/// Of the database.
pub fn every(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Agent>, Fault> {
    let (filter, mut agents, mut after) = (Filter::default(), Vec::new(), None);
    while agents.len() < rows::AGENTS_MAX {
        let page = page(tx, workspace, &filter, true, after, rows::PAGE_MAX)?;
        after = page.last().map(|agent| agent.id);
        let is_last = page.len() < rows::PAGE_MAX;
        agents.extend(page);
        if is_last {
            break;
        }
    }
    Ok(agents)
}

fn missing() -> Fault {
    Fault::not_found("Agent")
}

fn read(row: &rows::Agent) -> Result<Agent, Fault> {
    Ok(Agent {
        id: row.id,
        config: config_of(&row.config)?,
        config_version: row.config_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn config_of(text: &str) -> Result<AgentConfig, Fault> {
    AgentConfig::stored(text).ok_or_else(|| Fault::internal("the configuration of an agent is not JSON"))
}

fn whole(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, row: &rows::Agent) -> Result<Agent, Fault> {
    let mut agent = read(row)?;
    let secrets = open(tx, platform, workspace, row.id, row.secrets.as_deref())?;
    agent.config = agent.config.whole(&secrets);
    Ok(agent)
}

/// Opens what was sealed; nothing for nothing.
fn open(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    id: AgentId,
    sealed: Option<&[u8]>,
) -> Result<Secrets, Fault> {
    let Some(sealed) = sealed else { return Ok(Secrets::new()) };
    let plain = platform.seal.open(tx, workspace, Place::new(SECRETS, id.0), sealed)?;
    serde_json::from_slice(&plain).map_err(Fault::internal)
}

/// Seals secrets; nothing for none.
fn seal(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    id: AgentId,
    secrets: &Secrets,
) -> Result<Option<Vec<u8>>, Fault> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let plain = serde_json::to_vec(secrets).map_err(Fault::internal)?;
    platform.seal.seal(tx, &platform.ids, workspace, Place::new(SECRETS, id.0), &plain).map(Some)
}

/// A configuration as it is stored.
fn text_of(config: &AgentConfig) -> String {
    Value::Object(config.to_json()).to_string()
}

/// A configuration on the wire, hidden.
#[must_use]
pub fn shown(config: &AgentConfig) -> Map<String, Value> {
    let (hidden, _) = config.apart();
    hidden.to_json()
}

//! Making, changing, copying and deleting agents. Each change is a version, an audit entry and an entry in the agent's activity, in one
//! transaction.

use floe_model::Fault;
use floe_model::agents::activity::Kind;
use floe_model::agents::agent::{AgentConfig, NAME_MAX};
use floe_model::id::AgentId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::activity::{self, Activity};
use floe_store::agents::{agent_versions, agents as rows, whatsapp_connections};
use serde_json::{Map, Value, json};

use super::{Agent, check, missing, open, seal, text_of, whole};
use crate::trail::{self, Note, Who};

/// Which version the caller believes to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expected {
    /// Whatever there is.
    #[default]
    Any,
    /// `If-Match` of the console: 412 when it is another.
    Revision(i64),
    /// `if_config_version` of the agent API: 409 when it is another.
    ConfigVersion(i64),
}

impl Expected {
    /// # Errors
    /// 412 or 409 when the version is another.
    pub(super) fn check(self, version: i64) -> Result<(), Fault> {
        match self {
            Self::Revision(expected) => crate::check_revision(version, Some(expected)),
            Self::ConfigVersion(expected) if expected != version => Err(changed()),
            Self::Any | Self::ConfigVersion(_) => Ok(()),
        }
    }
}

fn changed() -> Fault {
    Fault::conflict("conflict", "The agent was changed by someone else")
}

/// Makes an agent from the fields of a body; `id` is for one that comes from elsewhere.
///
/// # Errors
/// 400 with every wrong field; 409 for an id that is taken, or when there are as many agents as there may be.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, body: &Map<String, Value>, id: Option<AgentId>) -> Result<Agent, Fault> {
    let config = AgentConfig::read(body).map_err(Fault::validation)?;
    check::references(tx, ctx.caller.workspace, None, &config)?;
    add(tx, ctx, id, config, "created")
}

/// Changes the given fields; a change that changes nothing makes no version.
///
/// # Errors
/// 404; 400 with every wrong field; 412 or 409 when it was changed meanwhile.
pub fn patch(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: AgentId,
    body: &Map<String, Value>,
    expected: Expected,
) -> Result<Agent, Fault> {
    let workspace = ctx.caller.workspace;
    let row = rows::lock(tx, workspace, id)?.ok_or_else(missing)?;
    expected.check(row.config_version)?;
    let before = whole(tx, ctx, workspace, &row)?;
    let config = before.config.patched(body).map_err(Fault::validation)?;
    if config.to_json() == before.config.to_json() {
        return super::read(&row);
    }
    check::references(tx, workspace, Some(id), &config)?;
    store(tx, ctx, row, config, "updated")
}

/// Copies an agent, with its secrets.
///
/// # Errors
/// 404; 409 when there are as many agents as there may be.
pub fn duplicate(tx: &mut Tx<'_>, ctx: &Ctx, id: AgentId) -> Result<Agent, Fault> {
    const ENDING: &str = " (copy)";
    let workspace = ctx.caller.workspace;
    let row = rows::lock(tx, workspace, id)?.ok_or_else(missing)?;
    let mut config = whole(tx, ctx, workspace, &row)?.config;
    let name: String = config.name.chars().take(NAME_MAX - ENDING.len()).collect();
    config.name = format!("{name}{ENDING}");
    add(tx, ctx, None, config, "duplicated")
}

/// Deletes an agent: nobody can call it any more, and its secrets are forgotten. What it said stays for as long as threads are kept.
///
/// # Errors
/// 404; 412 when it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: AgentId, expected: Expected) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let row = rows::lock(tx, workspace, id)?.ok_or_else(missing)?;
    expected.check(row.config_version)?;
    rows::delete(tx, workspace, id, ctx.now())?;
    // Its token is forgotten at once, like the other secrets.
    whatsapp_connections::delete(tx, workspace, id)?;
    agent_versions::forget_secrets(tx, workspace, id)?;
    let agent = super::read(&row)?;
    tell(tx, ctx, &agent, "deleted", Kind::AgentDeleted)
}

/// Writes a new agent with its first version.
fn add(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: Option<AgentId>,
    config: AgentConfig,
    action: &'static str,
) -> Result<Agent, Fault> {
    let workspace = ctx.caller.workspace;
    if usize::try_from(rows::count(tx, workspace, &rows::Filter::default())?).unwrap_or(usize::MAX) >= rows::AGENTS_MAX
    {
        return Err(Fault::conflict("conflict", format!("There are {} agents already", rows::AGENTS_MAX)));
    }
    let id = id.unwrap_or_else(|| ctx.ids.next());
    let (hidden, secrets) = config.apart();
    let now = ctx.now();
    let row = rows::Agent {
        id,
        name: hidden.name.clone(),
        status: hidden.status.as_str().to_owned(),
        model: hidden.model.clone(),
        config: text_of(&hidden),
        secrets: seal(tx, ctx, workspace, id, &secrets)?,
        config_version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    if rows::find(tx, workspace, id)?.is_some() {
        return Err(Fault::conflict("conflict", "There is or was an agent with this id"));
    }
    rows::insert(tx, workspace, &row, &hidden.folded())?;
    keep(tx, ctx, &row, action)?;
    let agent = Agent { id, config: hidden, config_version: 1, created_at: now, updated_at: now };
    tell(tx, ctx, &agent, action, Kind::AgentCreated)?;
    Ok(agent)
}

/// Writes a configuration as the next version of an agent.
pub(super) fn store(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut row: rows::Agent,
    config: AgentConfig,
    action: &'static str,
) -> Result<Agent, Fault> {
    let workspace = ctx.caller.workspace;
    let (hidden, secrets) = config.apart();
    row.name.clone_from(&hidden.name);
    hidden.status.as_str().clone_into(&mut row.status);
    row.model.clone_from(&hidden.model);
    row.config = text_of(&hidden);
    // What was sealed already stays as it is where nothing of it changed.
    if open(tx, ctx, workspace, row.id, row.secrets.as_deref())? != secrets {
        row.secrets = seal(tx, ctx, workspace, row.id, &secrets)?;
    }
    row.config_version += 1;
    row.updated_at = ctx.now();
    if !rows::update(tx, workspace, &row, &hidden.folded())? {
        return Err(changed());
    }
    keep(tx, ctx, &row, action)?;
    let rows::Agent { id, config_version, created_at, updated_at, .. } = row;
    let agent = Agent { id, config: hidden, config_version, created_at, updated_at };
    tell(tx, ctx, &agent, action, Kind::AgentUpdated)?;
    Ok(agent)
}

fn keep(tx: &mut Tx<'_>, ctx: &Ctx, row: &rows::Agent, action: &str) -> Result<(), Fault> {
    let who = Who::caller(ctx);
    let version = agent_versions::Version {
        number: row.config_version,
        config: row.config.clone(),
        secrets: row.secrets.clone(),
        action: action.to_owned(),
        actor_type: who.kind().to_owned(),
        actor_name: who.name().to_owned(),
        at: row.updated_at,
    };
    agent_versions::insert(tx, ctx.caller.workspace, row.id, &version)
}

/// The audit entry and the entry in the activity of the agent, which is that of the caller's mode.
fn tell(tx: &mut Tx<'_>, ctx: &Ctx, agent: &Agent, action: &str, kind: Kind) -> Result<(), Fault> {
    let detail = json!({
        "config_version": agent.config_version,
        "status": agent.config.status.as_str(),
        "model": agent.config.model,
        "tools": agent.config.tools.len(),
    });
    let action = format!("{action}_agent");
    let note = Note::new(&action, "agent", agent.id.0, &agent.config.name, detail.clone());
    trail::note(tx, ctx, &Who::caller(ctx), note)?;
    let entry = Activity {
        request: Some(ctx.request_id),
        detail: Some(detail.to_string()),
        ..Activity::new(ctx.ids.next(), agent.id, kind, ctx.now())
    };
    activity::add(tx, ctx.caller.scope(), &entry)
}

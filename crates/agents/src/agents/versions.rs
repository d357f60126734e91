//! Versions: every configuration that an agent had, what sets two apart, and the way back.

use floe_model::Fault;
use floe_model::agents::agent::AgentConfig;
use floe_model::id::{AgentId, WorkspaceId};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::{agent_versions, agents as rows};
use serde_json::{Map, Value, json};

use super::{Agent, change, config_of, missing, open};
use crate::agents::change::Expected;

/// A configuration that an agent had, its secrets hidden.
#[derive(Debug, Clone)]
pub struct Version {
    /// Number, what was done, by whom, when.
    pub row: agent_versions::Version,
    /// The configuration.
    pub config: AgentConfig,
}

/// Up to `limit` versions of an agent before a number, newest first.
///
/// # Errors
/// 404.
pub fn versions(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: AgentId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Version>, Fault> {
    super::require(tx, workspace, id)?;
    agent_versions::list(tx, workspace, id, before, limit)?.into_iter().map(read).collect()
}

/// One version.
///
/// # Errors
/// 404.
pub fn version(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId, number: i64) -> Result<Version, Fault> {
    super::require(tx, workspace, id)?;
    read(find(tx, workspace, id, number)?)
}

/// Makes an old version the newest one, with the secrets that it had.
///
/// # Errors
/// 404; 412 or 409 when the agent was changed meanwhile.
pub fn restore(tx: &mut Tx<'_>, ctx: &Ctx, id: AgentId, number: i64, expected: Expected) -> Result<Agent, Fault> {
    let workspace = ctx.caller.workspace;
    let row = rows::lock(tx, workspace, id)?.ok_or_else(missing)?;
    expected.check(row.config_version)?;
    let old = find(tx, workspace, id, number)?;
    let secrets = open(tx, ctx, workspace, id, old.secrets.as_deref())?;
    let config = config_of(&old.config)?.whole(&secrets);
    change::store(tx, ctx, row, config, "restored")
}

/// What sets two versions apart: `{pointer, op, before, after}` for each field, secrets hidden.
///
/// # Errors
/// 404.
pub fn diff(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId, from: i64, to: i64) -> Result<Vec<Value>, Fault> {
    super::require(tx, workspace, id)?;
    let before = read(find(tx, workspace, id, from)?)?.config.to_json();
    let after = read(find(tx, workspace, id, to)?)?.config.to_json();
    let mut changes = Vec::new();
    compare_objects("", &before, &after, &mut changes);
    Ok(changes)
}

/// Members one by one; lists and texts as a whole.
fn compare_objects(path: &str, before: &Map<String, Value>, after: &Map<String, Value>, changes: &mut Vec<Value>) {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (before.get(name), after.get(name)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) => compare_objects(&path, old, new, changes),
            (old, new) => {
                let op = match (old, new) {
                    (None, _) => "add",
                    (_, None) => "remove",
                    _ => "update",
                };
                changes.push(json!({ "op": op, "pointer": path, "before": old, "after": new }));
            }
        }
    }
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: AgentId, number: i64) -> Result<agent_versions::Version, Fault> {
    agent_versions::find(tx, workspace, id, number)?.ok_or_else(|| Fault::not_found("Version"))
}

fn read(row: agent_versions::Version) -> Result<Version, Fault> {
    Ok(Version { config: config_of(&row.config)?, row })
}

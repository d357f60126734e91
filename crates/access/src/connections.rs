//! Connections: accounts at other services, for steps that call them (console contract, section 5.1).
//!
//! The secret is sealed at rest and never given out; of a long one the last four characters are shown.

use floe_model::id::{ConnectionId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::access::connections::{self as rows, Connection, Page};
use serde_json::{Map, Value, json};

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;

mod kinds;
mod probe;
mod providers;

pub use kinds::Kind;
pub use probe::Tested;
pub use providers::{catalog, operations};

/// Connections of a workspace at most.
const CONNECTIONS_MAX: i64 = 1_000;

/// A connection as asked for.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Shown name, unique in the workspace.
    pub name: String,
    /// Which service.
    pub provider: String,
    /// What kind of secret it has.
    pub kind: Kind,
    /// What is no secret.
    pub config: Map<String, Value>,
    /// The secret, as it was given.
    pub secret: Option<Value>,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ConnectionPatch {
    /// Another name.
    pub name: Option<String>,
    /// Other settings, as a whole.
    pub config: Option<Map<String, Value>>,
    /// Whether it may be used.
    pub is_active: Option<bool>,
}

/// A page of connections.
#[derive(Debug, Clone)]
pub struct ConnectionList {
    /// The connections.
    pub connections: Vec<Connection>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all, when asked for.
    pub total: Option<i64>,
}

impl Access {
    /// A page of the connections of the caller's workspace.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_connections(&self, act: &Act, page: Page, total: bool) -> Result<ConnectionList, Fault> {
        let workspace = act.ctx.caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let mut connections = rows::list(tx, workspace, &Page { limit: page.limit + 1, ..page.clone() })?;
            let more = connections.len() > page.limit;
            connections.truncate(page.limit);
            let total = if total { Some(rows::count(tx, workspace, &page)?) } else { None };
            Ok(ConnectionList { connections, more, total })
        });
        reading.await
    }

    /// A connection of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_connection(&self, act: &Act, id: ConnectionId) -> Result<Connection, Fault> {
        let workspace = act.ctx.caller.workspace;
        self.platform.store.read(move |tx| find(tx, workspace, id)).await
    }

    /// Calls the service with the credentials; [`note_test`] keeps what came of it.
    ///
    /// # Errors
    /// `not_found`; `not_supported`; `outbound_blocked`.
    pub async fn test_connection(&self, act: &Act, id: ConnectionId) -> Result<Tested, Fault> {
        let act = act.clone();
        let reading = self.platform.store.read(move |tx| {
            let row = find(tx, act.ctx.caller.workspace, id)?;
            let secret = open(tx, &act, &row)?;
            Ok((kind_of(&row)?, config_of(&row)?, secret))
        });
        let (kind, config, secret) = reading.await?;
        probe::test(&self.platform, kind, &config, &secret).await
    }
}

/// Adds a connection.
///
/// # Errors
/// `conflict` when the name is taken or there are too many; 400 for wrong settings or a wrong secret.
pub fn create(tx: &mut Tx<'_>, act: &Act, new: &NewConnection) -> Result<Connection, Fault> {
    let (workspace, now) = (act.ctx.caller.workspace, act.now());
    new.kind.check_config(&new.config)?;
    let secret = new.secret.as_ref().map(|given| new.kind.read_secret(given)).transpose()?;
    if rows::count(tx, workspace, &Page::default())? >= CONNECTIONS_MAX {
        return Err(Fault::conflict("conflict", format!("A workspace has at most {CONNECTIONS_MAX} connections")));
    }
    let id: ConnectionId = act.ctx.ids.next();
    let is_ready = secret.is_some() || new.kind.may_lack_secret();
    let row = Connection {
        workspace,
        id,
        name: new.name.clone(),
        provider: new.provider.clone(),
        kind: new.kind.as_str().to_owned(),
        config: Value::Object(new.config.clone()).to_string(),
        tail: secret.as_ref().and_then(|secret| new.kind.tail(secret)),
        secret: secret.map(|secret| seal(tx, act, id, secret)).transpose()?,
        status: status(is_ready).to_owned(),
        last_error: None,
        last_tested_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    if !rows::insert(tx, &row)? {
        return Err(taken(&new.name));
    }
    note(tx, act, &row, "created_connection", json!({ "provider": row.provider, "type": row.kind }))?;
    Ok(row)
}

/// Changes a connection.
///
/// # Errors
/// `not_found`; `stale_revision`; `conflict` for a name that is taken, or for one that is to be used without a secret.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    id: ConnectionId,
    patch: &ConnectionPatch,
    if_match: Option<i64>,
) -> Result<Connection, Fault> {
    let mut row = find(tx, act.ctx.caller.workspace, id)?;
    check_revision(row.revision, if_match)?;
    let kind = kind_of(&row)?;
    let mut changed = Vec::new();
    if let Some(name) = patch.name.as_ref().filter(|name| **name != row.name) {
        if rows::named(tx, row.workspace, name)?.is_some() {
            return Err(taken(name));
        }
        row.name.clone_from(name);
        changed.push("name");
    }
    if let Some(config) = &patch.config {
        kind.check_config(config)?;
        row.config = Value::Object(config.clone()).to_string();
        changed.push("config");
    }
    if let Some(is_active) = patch.is_active {
        if is_active && row.secret.is_none() && !kind.may_lack_secret() {
            return Err(Fault::conflict("conflict", "A connection without a secret cannot be active"));
        }
        row.status = status(is_active).to_owned();
        changed.push("status");
    }
    save(tx, act, row, "changed_connection", json!({ "changed": changed }))
}

/// Gives a connection another secret.
///
/// # Errors
/// `not_found`; `stale_revision`; 400 for a wrong secret.
pub fn set_secret(
    tx: &mut Tx<'_>,
    act: &Act,
    id: ConnectionId,
    given: &Value,
    if_match: Option<i64>,
) -> Result<Connection, Fault> {
    let mut row = find(tx, act.ctx.caller.workspace, id)?;
    check_revision(row.revision, if_match)?;
    let kind = kind_of(&row)?;
    let secret = kind.read_secret(given)?;
    row.tail = kind.tail(&secret);
    row.secret = Some(seal(tx, act, id, secret)?);
    status(true).clone_into(&mut row.status);
    row.last_error = None;
    row.last_tested_at = None;
    save(tx, act, row, "changed_connection", json!({ "changed": ["secret"] }))
}

/// Removes a connection.
///
/// # Errors
/// `not_found`; `stale_revision`.
pub fn delete(tx: &mut Tx<'_>, act: &Act, id: ConnectionId, if_match: Option<i64>) -> Result<(), Fault> {
    let row = find(tx, act.ctx.caller.workspace, id)?;
    check_revision(row.revision, if_match)?;
    if !rows::delete(tx, row.workspace, id, row.revision)? {
        return Err(stale());
    }
    note(tx, act, &row, "deleted_connection", json!({}))
}

/// Keeps what came of a test.
///
/// # Errors
/// `not_found`.
pub fn note_test(tx: &mut Tx<'_>, act: &Act, id: ConnectionId, tested: &Tested) -> Result<(), Fault> {
    let row = find(tx, act.ctx.caller.workspace, id)?;
    let error = (!tested.ok).then_some(tested.message.as_str());
    rows::tested(tx, row.workspace, id, error, act.now())?;
    note(tx, act, &row, "tested_connection", json!({ "ok": tested.ok, "status_code": tested.status_code }))
}

/// The type of a connection.
///
/// # Errors
/// Internal, when the record is damaged.
pub fn kind_of(row: &Connection) -> Result<Kind, Fault> {
    Kind::parse(&row.kind).ok_or_else(|| Fault::internal("a connection is of an unknown type"))
}

/// The settings of a connection.
///
/// # Errors
/// Internal, when the record is damaged.
pub fn config_of(row: &Connection) -> Result<Map<String, Value>, Fault> {
    serde_json::from_str(&row.config).map_err(Fault::internal)
}

fn save(
    tx: &mut Tx<'_>,
    act: &Act,
    mut row: Connection,
    action: &'static str,
    detail: Value,
) -> Result<Connection, Fault> {
    row.updated_at = act.now();
    if !rows::update(tx, &row)? {
        return Err(stale());
    }
    row.revision += 1;
    note(tx, act, &row, action, detail)?;
    Ok(row)
}

fn seal(tx: &mut Tx<'_>, act: &Act, id: ConnectionId, secret: Map<String, Value>) -> Result<Vec<u8>, Fault> {
    let text = Value::Object(secret).to_string();
    act.ctx.seal.seal(tx, &act.ctx.ids, act.ctx.caller.workspace, Place::connection(id), text.as_bytes())
}

/// The parts of the secret; none of a connection without one.
fn open(tx: &mut Tx<'_>, act: &Act, row: &Connection) -> Result<Map<String, Value>, Fault> {
    let Some(sealed) = &row.secret else { return Ok(Map::new()) };
    let text = act.ctx.seal.open_text(tx, row.workspace, Place::connection(row.id), sealed)?;
    serde_json::from_str(&text).map_err(|_| Fault::internal("the secret of a connection cannot be read"))
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<Connection, Fault> {
    rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Connection"))
}

const fn status(is_active: bool) -> &'static str {
    if is_active { "active" } else { "inactive" }
}

fn taken(name: &str) -> Fault {
    Fault::conflict("conflict", format!("There is already a connection {name}"))
}

fn stale() -> Fault {
    Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it")
}

/// The audit entry of an act on a connection: which fields, never the secret.
fn note(tx: &mut Tx<'_>, act: &Act, row: &Connection, action: &'static str, detail: Value) -> Result<(), Fault> {
    let target = Some(("connection", row.id.0, row.name.as_str()));
    act.note(tx, Note { action, mode: None, target, detail })
}

//! Table `webhook_endpoints`: who wants to be told of what. Secrets are sealed by the caller.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{WebhookId, WorkspaceId},
    webhooks::{Counter, Style},
};

use crate::{Row, Tx, params, statements};

/// Endpoints of a workspace, at most (console contract, section 5.4).
pub const ENDPOINTS_MAX: usize = 100;
/// Of them of style `treasury` in one mode, at most (treasury contract, section 10.6).
pub const TREASURY_MAX: usize = 20;

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: WebhookId,
    /// Shown name.
    pub name: String,
    /// How deliveries are written and signed.
    pub style: Style,
    /// Whose events: of one mode, or of both.
    pub mode: Option<Mode>,
    /// Where to.
    pub url: String,
    /// Names of the events that it picks.
    pub events: Vec<String>,
    /// Headers that are sent along: a JSON object, sealed.
    pub headers: Option<Vec<u8>>,
    /// What signs, sealed.
    pub secret: Vec<u8>,
    /// What signs along for a while after a rotation, sealed, and until when.
    pub old_secret: Option<(Vec<u8>, Timestamp)>,
    /// Whether it is told.
    pub is_active: bool,
    /// Why it is not.
    pub disabled_reason: Option<String>,
    /// Failures since the last success.
    pub counter: Counter,
    /// Last attempt.
    pub last_triggered_at: Option<Timestamp>,
    /// Counts what people change.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When people changed it last.
    pub updated_at: Timestamp,
}

/// What decides whether an endpoint gets an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its id.
    pub id: WebhookId,
    /// How deliveries are written.
    pub style: Style,
    /// Names that it picks.
    pub events: Vec<String>,
    /// Whether it is told.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The word in the column of an endpoint of both modes.
const ANY: &str = "any";

statements! {
    /// A new one.
    INSERT = both(
        "insert into webhook_endpoints (workspace_id, id, name, style, mode, url, events, headers, secret, is_active,
             disabled_reason, failure_count, last_triggered_at, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 1, $13, $13)"
    );
    /// One.
    FIND = both(
        "select workspace_id, id, name, style, mode, url, events, headers, secret, old_secret, old_secret_ends_at, is_active,
             disabled_reason, failure_count, failing_since, last_triggered_at, revision, created_at, updated_at
         from webhook_endpoints where workspace_id = $1 and id = $2"
    ) -> [id, id, text, text, text, text, json, opt bytes, bytes, opt bytes, opt time, bool, opt text, int, opt time, opt time,
        int, time, time];
    /// All of a workspace, oldest first: there are few.
    ALL = both(
        "select workspace_id, id, name, style, mode, url, events, headers, secret, old_secret, old_secret_ends_at, is_active,
             disabled_reason, failure_count, failing_since, last_triggered_at, revision, created_at, updated_at
         from webhook_endpoints where workspace_id = $1 order by id"
    ) -> [id, id, text, text, text, text, json, opt bytes, bytes, opt bytes, opt time, bool, opt text, int, opt time, opt time,
        int, time, time];
    /// Those that may want an event of a mode.
    LISTENERS = both(
        "select id, style, events, is_active, created_at from webhook_endpoints
         where workspace_id = $1 and (mode = $2 or mode = 'any') order by id"
    ) -> [id, text, json, bool, time];
    /// What people change, unless somebody else changed it meanwhile.
    UPDATE = both(
        "update webhook_endpoints set name = $3, mode = $4, url = $5, events = $6, headers = $7, is_active = $8,
             disabled_reason = $9, failure_count = $10, failing_since = $11, updated_at = $12, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $13"
    );
    /// Another secret; the one until now signs along until an instant.
    ROTATE = both(
        "update webhook_endpoints set secret = $3, old_secret = $4, old_secret_ends_at = $5, updated_at = $6,
             revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $7"
    );
    /// What an attempt changes.
    COUNT = both(
        "update webhook_endpoints set failure_count = $3, failing_since = $4, last_triggered_at = $5
         where workspace_id = $1 and id = $2"
    );
    /// A success clears the counter.
    CLEAR = both(
        "update webhook_endpoints set failure_count = 0, failing_since = null, last_triggered_at = $3
         where workspace_id = $1 and id = $2"
    );
    /// An attempt that counts for nothing.
    TRIGGERED = both("update webhook_endpoints set last_triggered_at = $3 where workspace_id = $1 and id = $2");
    /// Switched off by its failures.
    DISABLE = both(
        "update webhook_endpoints set is_active = false, disabled_reason = $3
         where workspace_id = $1 and id = $2 and is_active"
    );
    /// Held until the transaction ends, so that two attempts are not counted over each other.
    HOLD = split {
        sqlite: "select failure_count, failing_since from webhook_endpoints where workspace_id = $1 and id = $2 and is_active",
        postgres: "select failure_count, failing_since from webhook_endpoints where workspace_id = $1 and id = $2 and is_active
             for update",
    } -> [int, opt time];
    /// Gone.
    DELETE = both("delete from webhook_endpoints where workspace_id = $1 and id = $2");
    /// Whether any endpoint picks from the whole stream.
    ANY_STANDARD = both("select 1 from webhook_endpoints where style = 'standard' limit 1") -> [int];
}

/// Adds an endpoint.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), Fault> {
    let events = names(&endpoint.events)?;
    tx.execute(
        &INSERT,
        params![
            endpoint.workspace,
            endpoint.id,
            &endpoint.name,
            endpoint.style.as_str(),
            mode_word(endpoint.mode),
            &endpoint.url,
            &events,
            endpoint.headers.as_deref(),
            &endpoint.secret,
            endpoint.is_active,
            &endpoint.disabled_reason,
            endpoint.last_triggered_at,
            endpoint.created_at
        ],
    )
    .map(drop)
}

/// One endpoint.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId) -> Result<Option<Endpoint>, Fault> {
    tx.row(&FIND, params![workspace, id], endpoint)
}

/// All endpoints of a workspace, oldest first; there are at most [`ENDPOINTS_MAX`].
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Endpoint>, Fault> {
    tx.rows(&ALL, params![workspace], endpoint)
}

/// The endpoints that may want an event of this scope.
///
/// # Errors
/// Of the database.
pub fn listeners(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Listener>, Fault> {
    tx.rows(&LISTENERS, params![scope.workspace, scope.mode], |row| {
        Ok(Listener {
            id: WebhookId(row.id(0)?),
            style: Style::parse(row.text(1)?).ok_or_else(|| row.mismatch(1, "style"))?,
            events: list(row, 2)?,
            is_active: row.bool(3)?,
            created_at: row.time(4)?,
        })
    })
}

/// Writes what people change of an endpoint: name, mode, address, events, headers, whether it is on, and the counter. False when
/// somebody else changed it meanwhile.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, endpoint: &Endpoint, revision: i64) -> Result<bool, Fault> {
    let events = names(&endpoint.events)?;
    let values = params![
        endpoint.workspace,
        endpoint.id,
        &endpoint.name,
        mode_word(endpoint.mode),
        &endpoint.url,
        &events,
        endpoint.headers.as_deref(),
        endpoint.is_active,
        &endpoint.disabled_reason,
        endpoint.counter.failures,
        endpoint.counter.failing_since,
        endpoint.updated_at,
        revision
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Writes another secret, and the old one with its end. False when somebody else changed the endpoint meanwhile.
///
/// # Errors
/// Of the database.
pub fn rotate(tx: &mut Tx<'_>, endpoint: &Endpoint, revision: i64) -> Result<bool, Fault> {
    let (old, ends_at) = endpoint.old_secret.as_ref().map_or((None, None), |(old, at)| (Some(old), Some(*at)));
    let Endpoint { workspace, id, secret, updated_at, .. } = endpoint;
    let values = params![*workspace, *id, secret, old, ends_at, *updated_at, revision];
    Ok(tx.execute(&ROTATE, values)? == 1)
}

/// The counter of an active endpoint, held until the transaction ends; none when it is off or gone.
///
/// # Errors
/// Of the database.
pub fn hold_counter(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId) -> Result<Option<Counter>, Fault> {
    tx.row(&HOLD, params![workspace, id], |row| Ok(Counter { failures: row.int(0)?, failing_since: row.opt_time(1)? }))
}

/// Writes the counter after an attempt.
///
/// # Errors
/// Of the database.
pub fn count(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: WebhookId,
    counter: Counter,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(&COUNT, params![workspace, id, counter.failures, counter.failing_since, at]).map(drop)
}

/// Clears the counter after a success.
///
/// # Errors
/// Of the database.
pub fn clear(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&CLEAR, params![workspace, id, at]).map(drop)
}

/// Notes when an endpoint was called, for an attempt that counts for nothing.
///
/// # Errors
/// Of the database.
pub fn triggered(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&TRIGGERED, params![workspace, id, at]).map(drop)
}

/// Switches an endpoint off; false when it was off already.
///
/// # Errors
/// Of the database.
pub fn disable(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId, reason: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&DISABLE, params![workspace, id, reason])? == 1)
}

/// Removes an endpoint; false when there is none. Its log goes with time.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: WebhookId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id])? == 1)
}

/// Whether any endpoint of any workspace picks from the whole stream of events.
///
/// # Errors
/// Of the database.
pub fn any_standard(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    Ok(tx.row(&ANY_STANDARD, &[], |row| row.int(0))?.is_some())
}

fn mode_word(mode: Option<Mode>) -> &'static str {
    mode.map_or(ANY, Mode::as_str)
}

fn names(events: &[String]) -> Result<String, Fault> {
    serde_json::to_string(events).map_err(Fault::internal)
}

fn list(row: &Row<'_>, at: usize) -> Result<Vec<String>, Fault> {
    serde_json::from_str(row.text(at)?).map_err(Fault::internal)
}

pub(super) fn endpoint(row: &Row<'_>) -> Result<Endpoint, Fault> {
    let old_secret = match (row.opt_bytes(9)?, row.opt_time(10)?) {
        (Some(old), Some(ends_at)) => Some((old.to_vec(), ends_at)),
        _ => None,
    };
    let mode = row.text(4)?;
    Ok(Endpoint {
        workspace: WorkspaceId(row.id(0)?),
        id: WebhookId(row.id(1)?),
        name: row.string(2)?,
        style: Style::parse(row.text(3)?).ok_or_else(|| row.mismatch(3, "style"))?,
        mode: if mode == ANY { None } else { Some(row.mode(4)?) },
        url: row.string(5)?,
        events: list(row, 6)?,
        headers: row.opt_bytes(7)?.map(<[u8]>::to_vec),
        secret: row.bytes(8)?.to_vec(),
        old_secret,
        is_active: row.bool(11)?,
        disabled_reason: row.opt_string(12)?,
        counter: Counter { failures: row.int(13)?, failing_since: row.opt_time(14)? },
        last_triggered_at: row.opt_time(15)?,
        revision: row.int(16)?,
        created_at: row.time(17)?,
        updated_at: row.time(18)?,
    })
}

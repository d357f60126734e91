//! Table `placement_legacy_calls`: how often each key still uses the routes that were replaced (Placements contract, section 6).

use floe_model::id::{KeyId, WorkspaceId};
use floe_model::{Fault, Timestamp};

use crate::{Tx, Value, params, statements};

/// Calls of one route with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyCalls {
    /// The key.
    pub key: KeyId,
    /// The route, e.g. `/v1/events`.
    pub route: String,
    /// How many.
    pub calls: u64,
    /// The last one.
    pub last_at: Timestamp,
}

statements! {
    /// Adds calls.
    ADD = bulk(
        "insert into placement_legacy_calls as t (workspace_id, key_id, route, calls, last_at)",
        [id, id, text, int, time],
        "on conflict (workspace_id, key_id, route) do update set calls = t.calls + excluded.calls,
             last_at = case when t.last_at < excluded.last_at then excluded.last_at else t.last_at end"
    );
    /// Those of a workspace.
    OF_WORKSPACE = both(
        "select key_id, route, calls, last_at from placement_legacy_calls where workspace_id = $1 order by key_id, route"
    ) -> [id, text, int, time];
}

/// Adds calls, sorted by workspace, key and route, each of them once.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, calls: &[(WorkspaceId, LegacyCalls)]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 5]> = calls
        .iter()
        .map(|(workspace, one)| {
            [(*workspace).into(), one.key.into(), (&one.route).into(), one.calls.into(), one.last_at.into()]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// The calls of every key of a workspace.
///
/// # Errors
/// Of the database.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<LegacyCalls>, Fault> {
    tx.rows(&OF_WORKSPACE, params![workspace], |row| {
        let (key, route) = (KeyId(row.id(0)?), row.string(1)?);
        Ok(LegacyCalls { key, route, calls: row.int(2)?.unsigned_abs(), last_at: row.time(3)? })
    })
}

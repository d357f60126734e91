//! Table `events`: domain events, written with the change that they tell of, read in order by whoever acts on them.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{EventId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Events of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// An event to be published.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// What happened, e.g. `run.completed`.
    pub kind: &'static str,
    /// What it happened to.
    pub subject_id: Option<u128>,
    /// JSON facts.
    pub data: String,
    /// When.
    pub created_at: Timestamp,
}

/// A published event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where a reader goes on after this event.
    pub cursor: Cursor,
    /// Its id.
    pub id: EventId,
    /// Whose event.
    pub scope: Scope,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub subject_id: Option<u128>,
    /// JSON facts.
    pub data: String,
    /// When.
    pub created_at: Timestamp,
}

/// A place in the order in which events became visible. The default is the beginning.
///
/// On PostgreSQL transactions commit in another order than they number their rows; a reader that only remembered the highest
/// number would miss the slower ones. So the order is by transaction, and transactions are read when all before them have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cursor {
    /// Number of the writing transaction; 0 on SQLite.
    pub group: i64,
    /// Number of the event.
    pub position: i64,
}

statements! {
    /// One event.
    PUBLISH = both(
        "insert into events (id, workspace_id, mode, type, subject_id, data, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
    );
    /// Many events.
    PUBLISH_ALL = bulk(
        "insert into events (id, workspace_id, mode, type, subject_id, data, created_at)",
        [id, id, text, text, opt id, json, time]
    );
    /// Events of all workspaces, in order of visibility.
    AFTER = split {
        sqlite: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where $1 >= 0 and position > $2 order by position limit $3",
        postgres: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where (commit_group, position) > ($1, $2)
                 and commit_group < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             order by commit_group, position limit $3",
    } -> [int, int, id, id, text, text, opt id, json, time];
    /// Events of a workspace and mode, newest first.
    LATEST = split {
        sqlite: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where workspace_id = $1 and mode = $2 and $3 >= 0 and position < $4 order by position desc limit $5",
        postgres: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where workspace_id = $1 and mode = $2 and (commit_group, position) < ($3, $4)
             order by commit_group desc, position desc limit $5",
    } -> [int, int, id, id, text, text, opt id, json, time];
    /// Events of a workspace and mode after a place, in order of visibility.
    SINCE = split {
        sqlite: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where workspace_id = $1 and mode = $2 and $3 >= 0 and position > $4 order by position limit $5",
        postgres: "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
             where workspace_id = $1 and mode = $2 and (commit_group, position) > ($3, $4)
                 and commit_group < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             order by commit_group, position limit $5",
    } -> [int, int, id, id, text, text, opt id, json, time];
    /// One event of a workspace.
    FIND = both(
        "select commit_group, position, id, workspace_id, mode, type, subject_id, data, created_at from events
         where id = $1 and workspace_id = $2"
    ) -> [int, int, id, id, text, text, opt id, json, time];
    /// The end of what can be read now.
    END = split {
        sqlite: "select commit_group, position from events order by position desc limit 1",
        postgres: "select commit_group, position from events
             where commit_group < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             order by commit_group desc, position desc limit 1",
    } -> [int, int];
}

/// Publishes an event; readers see it with everything else of this transaction, or never.
///
/// # Errors
/// Of the database.
pub fn publish(tx: &mut Tx<'_>, scope: Scope, event: &NewEvent) -> Result<(), Fault> {
    tx.execute(
        &PUBLISH,
        params![event.id, scope.workspace, scope.mode, event.kind, event.subject_id, &event.data, event.created_at],
    )?;
    tx.announce(Change::Events);
    Ok(())
}

/// Publishes many events, in this order.
///
/// # Errors
/// Of the database.
pub fn publish_all(tx: &mut Tx<'_>, scope: Scope, events: &[NewEvent]) -> Result<(), Fault> {
    let rows: Vec<[crate::Value<'_>; 7]> = events
        .iter()
        .map(|event| {
            [
                event.id.into(),
                scope.workspace.into(),
                scope.mode.into(),
                event.kind.into(),
                event.subject_id.into(),
                (&event.data).into(),
                event.created_at.into(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        tx.announce(Change::Events);
    }
    tx.bulk_later(&PUBLISH_ALL, &rows)
}

/// Up to `limit` ([`PAGE_MAX`] at most) events of all workspaces after a place, in order; none is ever skipped.
///
/// On PostgreSQL an event is shown when every transaction that began to write before it has ended, on the whole server, also in
/// other databases. So this is for readers that can wait: feeds, exports, endpoints that pick from all events.
///
/// # Errors
/// Of the database.
pub fn after(tx: &mut Tx<'_>, cursor: Cursor, limit: usize) -> Result<Vec<Event>, Fault> {
    tx.rows(&AFTER, params![cursor.group, cursor.position, limit.min(PAGE_MAX)], event)
}

/// Up to `limit` ([`PAGE_MAX`] at most) events of a workspace and mode, newest first, before a place (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn latest(tx: &mut Tx<'_>, scope: Scope, before: Option<Cursor>, limit: usize) -> Result<Vec<Event>, Fault> {
    let Cursor { group, position } = before.unwrap_or(Cursor { group: i64::MAX, position: i64::MAX });
    tx.rows(&LATEST, params![scope.workspace, scope.mode, group, position, limit.min(PAGE_MAX)], event)
}

/// Up to `limit` ([`PAGE_MAX`] at most) events of a workspace and mode after a place, in order; none is ever skipped. As [`after`], it
/// shows an event when every transaction that began to write before it has ended.
///
/// # Errors
/// Of the database.
pub fn since(tx: &mut Tx<'_>, scope: Scope, cursor: Cursor, limit: usize) -> Result<Vec<Event>, Fault> {
    let Cursor { group, position } = cursor;
    tx.rows(&SINCE, params![scope.workspace, scope.mode, group, position, limit.min(PAGE_MAX)], event)
}

/// One event of a workspace.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: EventId) -> Result<Option<Event>, Fault> {
    tx.row(&FIND, params![id, workspace], event)
}

/// The place after the last event that can be read now.
///
/// # Errors
/// Of the database.
pub fn end(tx: &mut Tx<'_>) -> Result<Cursor, Fault> {
    let end = tx.row(&END, &[], |row| Ok(Cursor { group: row.int(0)?, position: row.int(1)? }))?;
    Ok(end.unwrap_or_default())
}

fn event(row: &Row<'_>) -> Result<Event, Fault> {
    let mode: Mode = row.mode(4)?;
    Ok(Event {
        cursor: Cursor { group: row.int(0)?, position: row.int(1)? },
        id: EventId(row.id(2)?),
        scope: Scope { workspace: WorkspaceId(row.id(3)?), mode },
        kind: row.string(5)?,
        subject_id: row.opt_id(6)?,
        data: row.string(7)?,
        created_at: row.time(8)?,
    })
}

//! Table `server_facts`: facts about the whole installation, by name.

use floe_model::{Fault, FaultKind, Timestamp};

use crate::{Tx, params, statements};

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// JSON.
    pub value: String,
    /// Counts its changes, from 1.
    pub revision: i64,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

statements! {
    /// One fact.
    FIND = both("select value, revision, changed_at from server_facts where name = $1") -> [json, int, time];
    /// A new fact, unless it is known.
    LEARN = both(
        "insert into server_facts (name, value, revision, changed_at) values ($1, $2, 1, $3) on conflict (name) do nothing"
    );
    /// A fact in another form.
    CHANGE = both(
        "insert into server_facts (name, value, revision, changed_at) values ($1, $2, 1, $3)
         on conflict (name) do update set value = excluded.value, revision = server_facts.revision + 1,
             changed_at = excluded.changed_at"
    );
}

/// A fact by its name.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Known>, Fault> {
    tx.row(&FIND, params![name], |row| {
        Ok(Known { value: row.string(0)?, revision: row.int(1)?, changed_at: row.time(2)? })
    })
}

/// Writes a fact unless there is one of this name; answers the one that holds.
///
/// # Errors
/// Of the database.
pub fn learn(tx: &mut Tx<'_>, name: &str, value: &str, now: Timestamp) -> Result<Known, Fault> {
    if let Some(known) = find(tx, name)? {
        return Ok(known);
    }
    tx.execute(&LEARN, params![name, value, now])?;
    find(tx, name)?.ok_or_else(|| Fault::internal("a fact about the installation vanished"))
}

/// Writes a fact; with `if_revision` only in place of that revision (0: none yet).
///
/// # Errors
/// A stale fault for another revision, and of the database.
pub fn change(
    tx: &mut Tx<'_>,
    name: &str,
    value: &str,
    if_revision: Option<i64>,
    now: Timestamp,
) -> Result<Known, Fault> {
    let revision = find(tx, name)?.map_or(0, |known| known.revision);
    if if_revision.is_some_and(|wanted| wanted != revision) {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "This was changed meanwhile"));
    }
    tx.execute(&CHANGE, params![name, value, now])?;
    find(tx, name)?.ok_or_else(|| Fault::internal("a fact about the installation vanished"))
}

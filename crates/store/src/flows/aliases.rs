//! Table `workflow_aliases`: ids that were given from outside and are no ids of ours.

use floe_model::{Fault, id::WorkspaceId};

use crate::{Tx, params, statements};

statements! {
    /// A new alias, unless it is taken.
    PUT = both("insert into workflow_aliases (workspace_id, kind, alias, id) values ($1, $2, $3, $4) on conflict do nothing");
    /// What an alias stands for.
    FIND = both("select id from workflow_aliases where workspace_id = $1 and kind = $2 and alias = $3") -> [id];
    /// The alias of something.
    OF = both("select alias from workflow_aliases where workspace_id = $1 and kind = $2 and id = $3") -> [text];
    /// The alias of something that is gone.
    REMOVE = both("delete from workflow_aliases where workspace_id = $1 and kind = $2 and id = $3");
}

/// Gives something an alias; false when the alias is taken or the thing has one.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str, alias: &str, id: u128) -> Result<bool, Fault> {
    Ok(tx.execute(&PUT, params![workspace, kind, alias, crate::Value::Id(id)])? == 1)
}

/// What an alias stands for.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str, alias: &str) -> Result<Option<u128>, Fault> {
    tx.row(&FIND, params![workspace, kind, alias], |row| row.id(0))
}

/// The alias of something.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str, id: u128) -> Result<Option<String>, Fault> {
    tx.row(&OF, params![workspace, kind, crate::Value::Id(id)], |row| row.string(0))
}

/// Frees the alias of something that is gone.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str, id: u128) -> Result<(), Fault> {
    tx.execute(&REMOVE, params![workspace, kind, crate::Value::Id(id)])?;
    Ok(())
}

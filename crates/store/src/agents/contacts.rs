//! Table `agent_contacts`: the people whom agents write to (Agents contract, section 4.3).

use floe_model::{Fault, Scope, Timestamp};

use crate::{Row, Tx, params, statements};

/// Somebody whom agents write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: u128,
    /// Country code and number, digits only.
    pub phone: String,
    /// Its name, when somebody told it.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

statements! {
    /// A new one, or a name for one that has none: a name is never written over.
    MEET = both(
        "insert into agent_contacts (workspace_id, mode, phone, id, name, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (workspace_id, mode, phone) do update
             set name = coalesce(agent_contacts.name, excluded.name),
                 updated_at = case when agent_contacts.name is null and excluded.name is not null
                     then excluded.updated_at else agent_contacts.updated_at end"
    );
    /// By number.
    FIND = both(
        "select id, phone, name, created_at, updated_at from agent_contacts
         where workspace_id = $1 and mode = $2 and phone = $3"
    ) -> [id, text, opt text, time, time];
}

/// Finds or makes the contact of a number. `id` is for a new one; a name that is known stays.
///
/// # Errors
/// Of the database.
pub fn meet(
    tx: &mut Tx<'_>,
    scope: Scope,
    id: u128,
    phone: &str,
    name: Option<&str>,
    now: Timestamp,
) -> Result<Contact, Fault> {
    tx.execute(&MEET, params![scope.workspace, scope.mode, phone, id, name, now])?;
    let found = tx.row(&FIND, params![scope.workspace, scope.mode, phone], map)?;
    found.ok_or_else(|| Fault::internal("a contact that was written is not there"))
}

/// By number.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, phone: &str) -> Result<Option<Contact>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, phone], map)
}

fn map(row: &Row<'_>) -> Result<Contact, Fault> {
    Ok(Contact {
        id: row.id(0)?,
        phone: row.string(1)?,
        name: row.opt_string(2)?,
        created_at: row.time(3)?,
        updated_at: row.time(4)?,
    })
}

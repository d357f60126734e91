//! Table `variables`: values and secrets of a workspace by name, every value sealed.

use floe_model::{
    Fault, Timestamp,
    id::{VariableId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Variables on one page.
pub const PAGE_MAX: usize = 201;
/// Names in one look-up.
pub const NAMES_MAX: usize = 500;

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: VariableId,
    /// Its name, unique in the workspace.
    pub name: String,
    /// Whether its value is never shown again.
    pub secret: bool,
    /// The value, sealed.
    pub value: Vec<u8>,
    /// The value in test mode where it differs, sealed.
    pub test_value: Option<Vec<u8>>,
    /// What it is for.
    pub description: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Only secrets, or only what is none.
    pub secret: Option<bool>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<VariableId>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, name, secret, value, test_value, description, revision, created_at, updated_at"
    };
}

macro_rules! filtered {
    () => {
        " from variables where workspace_id = $1 and (cast($2 as text) is null or secret = (cast($2 as text) = 'secret'))"
    };
}

statements! {
    /// A new one, unless the name is taken.
    INSERT = both(concat!("insert into variables (", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing"));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from variables where workspace_id = $1 and id = $2"))
        -> [id, id, text, bool, bytes, opt bytes, text, int, time, time];
    /// By name.
    FIND_NAMED = both(concat!("select ", columns!(), " from variables where workspace_id = $1 and name = $2"))
        -> [id, id, text, bool, bytes, opt bytes, text, int, time, time];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and id < $3 order by id desc limit $4"))
        -> [id, id, text, bool, bytes, opt bytes, text, int, time, time];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and id > $3 order by id limit $4"))
        -> [id, id, text, bool, bytes, opt bytes, text, int, time, time];
    /// How many a filter finds.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// Names, in order, for forms.
    NAMES = both("select name, description, secret from variables where workspace_id = $1 order by name limit $2")
        -> [text, text, bool];
    /// What can be changed.
    UPDATE = both(
        "update variables set name = $3, secret = $4, value = $5, test_value = $6, description = $7, updated_at = $8,
             revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $9"
    );
    /// Gone.
    DELETE = both("delete from variables where workspace_id = $1 and id = $2 and revision = $3");
}

/// Adds a variable; false when its name is taken.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, variable: &Variable) -> Result<bool, Fault> {
    let Variable { workspace, id, name, secret, value, test_value, description, revision, created_at, updated_at } =
        variable;
    let values = params![
        *workspace,
        *id,
        name,
        *secret,
        value,
        test_value.as_deref(),
        description,
        *revision,
        *created_at,
        *updated_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: VariableId) -> Result<Option<Variable>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By name.
///
/// # Errors
/// Of the database.
pub fn find_named(tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<Option<Variable>, Fault> {
    tx.row(&FIND_NAMED, params![workspace, name], map)
}

/// A page of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<Vec<Variable>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.map_or(start, |id| id.0);
    tx.rows(sql, params![workspace, word(page.secret), after, page.limit.min(PAGE_MAX)], map)
}

/// How many a filter finds; pass `None` for all.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, secret: Option<bool>) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, word(secret)], |row| row.int(0))?.unwrap_or(0))
}

/// Name, description and whether it is a secret, in the order of names, at most [`NAMES_MAX`]: what forms offer.
///
/// # Errors
/// Of the database.
pub fn names(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<(String, String, bool)>, Fault> {
    tx.rows(&NAMES, params![workspace, NAMES_MAX], |row| Ok((row.string(0)?, row.string(1)?, row.bool(2)?)))
}

/// Writes what can be changed when the revision is still `variable.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn update(tx: &mut Tx<'_>, variable: &Variable) -> Result<bool, Fault> {
    let Variable { workspace, id, name, secret, value, test_value, description, revision, updated_at, .. } = variable;
    let values =
        params![*workspace, *id, name, *secret, value, test_value.as_deref(), description, *updated_at, *revision];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Removes a variable when the revision is still this one; false otherwise.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: VariableId, revision: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, revision])? == 1)
}

/// The filter as a text: a truth value that may be null has no type of its own on SQLite.
fn word(secret: Option<bool>) -> Option<&'static str> {
    secret.map(|secret| if secret { "secret" } else { "plain" })
}

fn map(row: &Row<'_>) -> Result<Variable, Fault> {
    Ok(Variable {
        workspace: WorkspaceId(row.id(0)?),
        id: VariableId(row.id(1)?),
        name: row.string(2)?,
        secret: row.bool(3)?,
        value: row.bytes(4)?.to_vec(),
        test_value: row.opt_bytes(5)?.map(<[u8]>::to_vec),
        description: row.string(6)?,
        revision: row.int(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
    })
}

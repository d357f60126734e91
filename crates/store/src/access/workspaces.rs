//! Tables `workspaces` and `installation`.

use floe_model::{
    Fault, Timestamp,
    id::{MemberId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Shown name.
    pub name: String,
    /// Name in addresses, unique.
    pub slug: String,
    /// IANA time zone.
    pub timezone: String,
    /// JSON object of its settings; a missing one has its default.
    pub settings: String,
    /// Counts changes.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    /// The first owner.
    CLAIM = both("insert into installation (one, owner_id, at) values (1, $1, $2) on conflict do nothing");
    /// Whether there is one.
    CLAIMED = both("select owner_id from installation where one = 1") -> [id];
    /// A new workspace.
    INSERT = both(
        "insert into workspaces (id, name, slug, timezone, settings, revision, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
    );
    /// By id.
    FIND = both("select id, name, slug, timezone, settings, revision, created_at from workspaces where id = $1")
        -> [id, text, text, text, json, int, time];
    /// By the name in addresses.
    FIND_BY_SLUG = both("select id, name, slug, timezone, settings, revision, created_at from workspaces where slug = $1")
        -> [id, text, text, text, json, int, time];
    /// What can be changed.
    UPDATE = both(
        "update workspaces set name = $2, slug = $3, timezone = $4, settings = $5, revision = revision + 1
         where id = $1 and revision = $6"
    );
    /// Gone: nobody belongs to it any more, and its name in addresses is free.
    DELETE = both(
        "update workspaces set slug = $2, deleted_at = $3, revision = revision + 1 where id = $1 and deleted_at is null"
    );
    /// Its variables.
    DELETE_VARIABLES = both("delete from variables where workspace_id = $1");
    /// Its connections.
    DELETE_CONNECTIONS = both("delete from connections where workspace_id = $1");
    /// What signed its callbacks.
    DELETE_CALLBACK_SECRETS = both("delete from callback_secrets where workspace_id = $1");
    /// The keys under which its values are sealed.
    DELETE_SEALED_KEYS = both("delete from sealed_keys where workspace_id = $1");
}

/// Makes a member the first owner of this installation; false when there was one already. Of several at once one wins.
///
/// # Errors
/// Of the database.
pub fn claim_installation(tx: &mut Tx<'_>, owner: MemberId, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&CLAIM, params![owner, now])? == 1)
}

/// The first owner, if there is one.
///
/// # Errors
/// Of the database.
pub fn first_owner(tx: &mut Tx<'_>) -> Result<Option<MemberId>, Fault> {
    tx.row(&CLAIMED, &[], |row| row.id(0).map(MemberId))
}

/// Adds a workspace.
///
/// # Errors
/// A conflict `already_exists` for a slug that is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: &Workspace) -> Result<(), Fault> {
    let Workspace { id, name, slug, timezone, settings, revision, created_at } = workspace;
    tx.execute(&INSERT, params![*id, name, slug, timezone, settings, *revision, *created_at])?;
    Ok(())
}

/// By its id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<Option<Workspace>, Fault> {
    tx.row(&FIND, params![id], map)
}

/// By the name in addresses.
///
/// # Errors
/// Of the database.
pub fn find_by_slug(tx: &mut Tx<'_>, slug: &str) -> Result<Option<Workspace>, Fault> {
    tx.row(&FIND_BY_SLUG, params![slug], map)
}

/// Writes name, slug, zone and settings when the revision is still `workspace.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a slug that is taken.
pub fn update(tx: &mut Tx<'_>, workspace: &Workspace) -> Result<bool, Fault> {
    let Workspace { id, name, slug, timezone, settings, revision, .. } = workspace;
    Ok(tx.execute(&UPDATE, params![*id, name, slug, timezone, settings, *revision])? == 1)
}

/// Marks a workspace as deleted and frees its name in addresses by `slug`, which no workspace may have; false when it is so.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, id: WorkspaceId, slug: &str, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![id, slug, now])? == 1)
}

/// Removes what a workspace kept sealed, and the keys for it: copies of the database elsewhere hold it sealed for good.
///
/// # Errors
/// Of the database.
pub fn delete_sealed(tx: &mut Tx<'_>, id: WorkspaceId) -> Result<(), Fault> {
    for sql in [&DELETE_VARIABLES, &DELETE_CONNECTIONS, &DELETE_CALLBACK_SECRETS, &DELETE_SEALED_KEYS] {
        tx.execute(sql, params![id])?;
    }
    crate::agents::model_providers::delete_all(tx, id)
}

fn map(row: &Row<'_>) -> Result<Workspace, Fault> {
    Ok(Workspace {
        id: WorkspaceId(row.id(0)?),
        name: row.string(1)?,
        slug: row.string(2)?,
        timezone: row.string(3)?,
        settings: row.string(4)?,
        revision: row.int(5)?,
        created_at: row.time(6)?,
    })
}

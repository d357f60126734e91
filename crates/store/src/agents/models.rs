//! Tables `models` and `model_defaults`: the models that are configured, and which is meant when none is named.

use floe_model::id::{ModelId, ProviderId, WorkspaceId};
use floe_model::{Fault, Timestamp};

use crate::{Row, Tx, params, statements};

/// Models on one page.
pub const PAGE_MAX: usize = 201;
/// Models that are read at once where all are asked for.
pub const ALL_MAX: usize = 1_000;

/// A model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: ModelId,
    /// What agents and steps say, unique in the workspace.
    pub name: String,
    /// Its provider.
    pub provider: ProviderId,
    /// Its name there.
    pub upstream_model: String,
    /// `chat` or `embedding`.
    pub kind: String,
    /// Tokens of question and answer together.
    pub context_tokens: i64,
    /// Tokens of an answer at most.
    pub max_output_tokens: i64,
    /// JSON of what it can do.
    pub supports: String,
    /// JSON of what it costs.
    pub price: String,
    /// Whether it may be used.
    pub enabled: bool,
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
    /// Of one provider.
    pub provider: Option<ProviderId>,
    /// Of one kind.
    pub kind: Option<String>,
    /// Those that may be used, or those that may not.
    pub enabled: Option<bool>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<u128>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "workspace_id, id, name, provider_id, upstream_model, kind, context_tokens, max_output_tokens, supports, price,
             enabled, revision, created_at, updated_at"
    };
}

macro_rules! filtered {
    () => {
        " from models where workspace_id = $1
             and (provider_id = $2 or $2 is null) and (kind = $3 or $3 is null) and (enabled = $4 or $4 is null)"
    };
}

statements! {
    /// A new one, unless the name is taken.
    INSERT = both(concat!("insert into models (", columns!(), ")
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing"));
    /// By id.
    FIND = both(concat!("select ", columns!(), " from models where workspace_id = $1 and id = $2"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// By name.
    NAMED = both(concat!("select ", columns!(), " from models where workspace_id = $1 and name = $2"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// The first one that stands for a model of a provider.
    OF_PROVIDER = both(concat!("select ", columns!(), " from models
         where workspace_id = $1 and provider_id = $2 and upstream_model = $3 and kind = $4 and enabled order by id limit 1"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// Names of those of a provider.
    NAMES = both("select name from models where workspace_id = $1 and provider_id = $2 order by id limit $3") -> [text];
    /// Upstream names and names of those of a provider.
    UPSTREAM = both("select upstream_model, name from models where workspace_id = $1 and provider_id = $2
         order by upstream_model, id limit $3") -> [text, text];
    /// Those of one kind that may be used.
    USABLE = both(concat!("select ", columns!(), " from models where workspace_id = $1 and kind = $2 and enabled
         order by name limit $3"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and id < $5 order by id desc limit $6"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and id > $5 order by id limit $6"))
        -> [id, id, text, id, text, text, int, int, json, json, bool, int, time, time];
    /// How many a filter finds.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// What can be changed.
    UPDATE = both(
        "update models set name = $3, upstream_model = $4, context_tokens = $5, max_output_tokens = $6, supports = $7,
             price = $8, enabled = $9, updated_at = $10, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $11"
    );
    /// Gone.
    DELETE = both("delete from models where workspace_id = $1 and id = $2 and revision = $3");
    /// The default of a kind.
    DEFAULT = both("select model_id from model_defaults where workspace_id = $1 and kind = $2") -> [id];
    /// Another default of a kind.
    SET_DEFAULT = both("insert into model_defaults (workspace_id, kind, model_id) values ($1, $2, $3)
         on conflict (workspace_id, kind) do update set model_id = excluded.model_id");
    /// The built-in default again.
    CLEAR_DEFAULT = both("delete from model_defaults where workspace_id = $1 and kind = $2");
}

/// Adds a model; false when its name is taken.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, model: &Model) -> Result<bool, Fault> {
    let values = params![
        model.workspace,
        model.id,
        &model.name,
        model.provider,
        &model.upstream_model,
        &model.kind,
        model.context_tokens,
        model.max_output_tokens,
        &model.supports,
        &model.price,
        model.enabled,
        model.revision,
        model.created_at,
        model.updated_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ModelId) -> Result<Option<Model>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// By name, of either kind, whether it may be used or not.
///
/// # Errors
/// Of the database.
pub fn named(tx: &mut Tx<'_>, workspace: WorkspaceId, name: &str) -> Result<Option<Model>, Fault> {
    tx.row(&NAMED, params![workspace, name], map)
}

/// The oldest usable one that stands for a model of a provider.
///
/// # Errors
/// Of the database.
pub fn of_provider(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    provider: ProviderId,
    upstream_model: &str,
    kind: &str,
) -> Result<Option<Model>, Fault> {
    tx.row(&OF_PROVIDER, params![workspace, provider, upstream_model, kind], map)
}

/// Names of the models of a provider, oldest first, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn names_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    provider: ProviderId,
    limit: usize,
) -> Result<Vec<String>, Fault> {
    tx.rows(&NAMES, params![workspace, provider, limit], |row| row.string(0))
}

/// Upstream name and name of the models of a provider, at most [`ALL_MAX`].
///
/// # Errors
/// Of the database.
pub fn upstream_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    provider: ProviderId,
) -> Result<Vec<(String, String)>, Fault> {
    tx.rows(&UPSTREAM, params![workspace, provider, ALL_MAX], |row| Ok((row.string(0)?, row.string(1)?)))
}

/// Those of one kind that may be used, by name, at most [`ALL_MAX`].
///
/// # Errors
/// Of the database.
pub fn usable(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str) -> Result<Vec<Model>, Fault> {
    tx.rows(&USABLE, params![workspace, kind, ALL_MAX], map)
}

/// A page of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<Vec<Model>, Fault> {
    let (sql, start) = if page.newest_first { (&LIST_DOWN, u128::MAX) } else { (&LIST_UP, 0) };
    let after = page.after.unwrap_or(start);
    let limit = page.limit.min(PAGE_MAX);
    tx.rows(sql, params![workspace, page.provider, &page.kind, page.enabled, after, limit], map)
}

/// How many the filters of a page find.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<i64, Fault> {
    let values = params![workspace, page.provider, &page.kind, page.enabled];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// Writes what can be changed when the revision is still `model.revision`; false otherwise.
///
/// # Errors
/// A conflict `already_exists` for a name that is taken.
pub fn update(tx: &mut Tx<'_>, model: &Model) -> Result<bool, Fault> {
    let values = params![
        model.workspace,
        model.id,
        &model.name,
        &model.upstream_model,
        model.context_tokens,
        model.max_output_tokens,
        &model.supports,
        &model.price,
        model.enabled,
        model.updated_at,
        model.revision
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Removes a model when the revision is still this one; false otherwise.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ModelId, revision: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, revision])? == 1)
}

/// The default model of a kind; none while it is the built-in one.
///
/// # Errors
/// Of the database.
pub fn default_of(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str) -> Result<Option<ModelId>, Fault> {
    tx.row(&DEFAULT, params![workspace, kind], |row| row.id(0).map(ModelId))
}

/// Makes a model the default one of its kind; none means the built-in one.
///
/// # Errors
/// Of the database.
pub fn set_default(tx: &mut Tx<'_>, workspace: WorkspaceId, kind: &str, id: Option<ModelId>) -> Result<(), Fault> {
    match id {
        Some(id) => tx.execute(&SET_DEFAULT, params![workspace, kind, id]).map(drop),
        None => tx.execute(&CLEAR_DEFAULT, params![workspace, kind]).map(drop),
    }
}

fn map(row: &Row<'_>) -> Result<Model, Fault> {
    Ok(Model {
        workspace: WorkspaceId(row.id(0)?),
        id: ModelId(row.id(1)?),
        name: row.string(2)?,
        provider: ProviderId(row.id(3)?),
        upstream_model: row.string(4)?,
        kind: row.string(5)?,
        context_tokens: row.int(6)?,
        max_output_tokens: row.int(7)?,
        supports: row.string(8)?,
        price: row.string(9)?,
        enabled: row.bool(10)?,
        revision: row.int(11)?,
        created_at: row.time(12)?,
        updated_at: row.time(13)?,
    })
}

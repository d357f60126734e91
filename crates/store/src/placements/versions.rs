//! Table `screen_flow_versions`: what was published of screen flows (Placements contract, sections 10.1 and 12). A row is written once
//! and never changed; whatever is served to a device is one of them.

use floe_model::{
    Fault, Timestamp,
    id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId},
};

use super::id_list;
use crate::{Row, Tx, params, statements};

/// Versions of one screen flow at most.
pub const VERSIONS_MAX: i64 = 10_000;
/// Versions of one page at most.
pub const PAGE_MAX: usize = 200;

/// A version without what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The app of the screen flow.
    pub app: AppId,
    /// The screen flow.
    pub flow: ScreenFlowId,
    /// Its id.
    pub id: ScreenVersionId,
    /// 1, 2, 3, … in its screen flow.
    pub number: i64,
    /// Format of what a device is sent.
    pub schema_version: i64,
    /// Digest of the text, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the text.
    pub bytes: i64,
    /// What was said when it was published.
    pub note: Option<String>,
    /// JSON list of what was worth a warning then.
    pub warnings: String,
    /// JSON list of the fonts that a device is told of; addresses are relative.
    pub fonts: String,
    /// Name of who published it.
    pub published_by: String,
    /// When.
    pub published_at: Timestamp,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// All but the text.
    pub head: Head,
    /// JSON object, as it was sent, without blanks between its parts.
    pub schema: String,
}

macro_rules! columns {
    () => {
        "app_id, flow_id, id, number, schema_version, sha256, bytes, note, warnings, fonts, published_by, published_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into screen_flow_versions (workspace_id, app_id, flow_id, id, number, schema_version, sha256, bytes, note, warnings,
             fonts, published_by, published_at, schema)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    /// By id, whole.
    FIND = both(concat!("select ", columns!(), ", schema from screen_flow_versions where workspace_id = $1 and id = $2"))
        -> [id, id, id, int, int, text, int, opt text, json, json, text, time, json];
    /// By id.
    HEAD = both(concat!("select ", columns!(), " from screen_flow_versions where workspace_id = $1 and id = $2"))
        -> [id, id, id, int, int, text, int, opt text, json, json, text, time];
    /// A page of those of a screen flow, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from screen_flow_versions where workspace_id = $1 and flow_id = $2
         order by number desc limit $3 offset $4"
    )) -> [id, id, id, int, int, text, int, opt text, json, json, text, time];
    /// How many a screen flow has.
    COUNT = both("select count(*) from screen_flow_versions where workspace_id = $1 and flow_id = $2") -> [int];
    /// The ids of those of a screen flow.
    IDS = both("select id from screen_flow_versions where workspace_id = $1 and flow_id = $2 order by number") -> [id];
    /// Those of an app, whole, in the order of their ids.
    OF_APP = both(concat!(
        "select ", columns!(), ", schema from screen_flow_versions where workspace_id = $1 and app_id = $2 and id > $3
         order by id limit $4"
    )) -> [id, id, id, int, int, text, int, opt text, json, json, text, time, json];
    /// Those of an app, in the order of their ids.
    HEADS_OF_APP = both(concat!(
        "select ", columns!(), " from screen_flow_versions where workspace_id = $1 and app_id = $2 order by id"
    )) -> [id, id, id, int, int, text, int, opt text, json, json, text, time];
    /// Where some versions belong.
    FLOWS_OF = split {
        sqlite: "select id, flow_id, app_id from screen_flow_versions
             where workspace_id = $1 and id in (select unhex(replace(value, '-', '')) from json_each($2)) order by id",
        postgres: "select id, flow_id, app_id from screen_flow_versions
             where workspace_id = $1 and id in (select json_array_elements_text($2::text::json)::uuid) order by id",
    } -> [id, id, id];
    /// Gone with their screen flow.
    DELETE_OF_FLOW = both("delete from screen_flow_versions where workspace_id = $1 and flow_id = $2");
    /// Gone with the app.
    DELETE_ALL = both("delete from screen_flow_versions where workspace_id = $1 and app_id = $2");
}

/// Adds a version.
///
/// # Errors
/// `already_exists` when the number is taken.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, version: &Version) -> Result<(), Fault> {
    let Version { head, schema } = version;
    let values = params![
        workspace,
        head.app,
        head.flow,
        head.id,
        head.number,
        head.schema_version,
        &head.sha256,
        head.bytes,
        &head.note,
        &head.warnings,
        &head.fonts,
        &head.published_by,
        head.published_at,
        schema
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id, whole.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ScreenVersionId) -> Result<Option<Version>, Fault> {
    tx.row(&FIND, params![workspace, id], whole)
}

/// By id, without the text.
///
/// # Errors
/// Of the database.
pub fn head(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ScreenVersionId) -> Result<Option<Head>, Fault> {
    tx.row(&HEAD, params![workspace, id], map)
}

/// Whether a version was published, of a screen flow of this app.
///
/// # Errors
/// Of the database.
pub fn is_of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: ScreenVersionId) -> Result<bool, Fault> {
    Ok(flows_of(tx, workspace, &[id])?.iter().any(|(_, _, of)| *of == app))
}

/// The version of a screen flow that was published last.
///
/// # Errors
/// Of the database.
pub fn newest(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: ScreenFlowId) -> Result<Option<Head>, Fault> {
    Ok(tx.rows(&LIST, params![workspace, flow, 1_usize, 0_i64], map)?.pop())
}

/// Up to `limit` ([`PAGE_MAX`] at most) versions of a screen flow, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: ScreenFlowId,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Head>, i64), Fault> {
    let rows = tx.rows(&LIST, params![workspace, flow, limit.min(PAGE_MAX), offset], map)?;
    let total = tx.row(&COUNT, params![workspace, flow], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0)))
}

/// The ids of every version of a screen flow, the oldest first.
///
/// # Errors
/// Of the database.
pub fn ids(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: ScreenFlowId) -> Result<Vec<ScreenVersionId>, Fault> {
    tx.rows(&IDS, params![workspace, flow], |row| row.id(0).map(ScreenVersionId))
}

/// Up to `limit` ([`PAGE_MAX`] at most) versions of an app, whole, in the order of their ids, after one of them: for copies of an app.
///
/// # Errors
/// Of the database.
pub fn of_app(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    after: Option<ScreenVersionId>,
    limit: usize,
) -> Result<Vec<Version>, Fault> {
    let after = after.unwrap_or(ScreenVersionId(0));
    tx.rows(&OF_APP, params![workspace, app, after, limit.min(PAGE_MAX)], whole)
}

/// Every version of an app, without the texts, in the order of their ids.
///
/// # Errors
/// Of the database.
pub fn heads_of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<Head>, Fault> {
    tx.rows(&HEADS_OF_APP, params![workspace, app], map)
}

/// The screen flow and the app of each of these versions; those that are not there are left out.
///
/// # Errors
/// Of the database.
pub fn flows_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    ids: &[ScreenVersionId],
) -> Result<Vec<(ScreenVersionId, ScreenFlowId, AppId)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.rows(&FLOWS_OF, params![workspace, &id_list(ids)?], |row| {
        Ok((ScreenVersionId(row.id(0)?), ScreenFlowId(row.id(1)?), AppId(row.id(2)?)))
    })
}

/// Takes every version of a screen flow away.
///
/// # Errors
/// Of the database.
pub fn delete_of_flow(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: ScreenFlowId) -> Result<(), Fault> {
    tx.execute(&DELETE_OF_FLOW, params![workspace, flow]).map(drop)
}

/// Takes every version of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Head, Fault> {
    Ok(Head {
        app: AppId(row.id(0)?),
        flow: ScreenFlowId(row.id(1)?),
        id: ScreenVersionId(row.id(2)?),
        number: row.int(3)?,
        schema_version: row.int(4)?,
        sha256: row.string(5)?,
        bytes: row.int(6)?,
        note: row.opt_string(7)?,
        warnings: row.string(8)?,
        fonts: row.string(9)?,
        published_by: row.string(10)?,
        published_at: row.time(11)?,
    })
}

fn whole(row: &Row<'_>) -> Result<Version, Fault> {
    Ok(Version { head: map(row)?, schema: row.string(12)? })
}

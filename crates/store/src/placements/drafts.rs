//! Table `screen_flow_drafts`: what a screen flow will be when it is published next (Placements contract, section 12).

use floe_model::{
    Fault, Timestamp,
    id::{AppId, ScreenFlowId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// A draft. A screen flow always has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The app of the screen flow.
    pub app: AppId,
    /// The screen flow.
    pub flow: ScreenFlowId,
    /// Counts changes.
    pub revision: i64,
    /// Name of who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: Timestamp,
    /// Digest of the text, lower-case hexadecimal.
    pub sha256: String,
    /// JSON object as it was sent, without blanks between its parts.
    pub schema: String,
}

statements! {
    /// The first one, or one that is put back.
    INSERT = both(
        "insert into screen_flow_drafts (workspace_id, app_id, flow_id, revision, updated_by, updated_at, sha256, schema)
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    /// The draft of a screen flow.
    FIND = both(
        "select app_id, flow_id, revision, updated_by, updated_at, sha256, schema from screen_flow_drafts
         where workspace_id = $1 and app_id = $2 and flow_id = $3"
    ) -> [id, id, int, text, time, text, json];
    /// All but the text.
    HEAD = both(
        "select app_id, flow_id, revision, updated_by, updated_at, sha256 from screen_flow_drafts
         where workspace_id = $1 and app_id = $2 and flow_id = $3"
    ) -> [id, id, int, text, time, text];
    /// The next revision, when the revision is within these bounds.
    UPDATE = both(
        "update screen_flow_drafts set revision = revision + 1, updated_by = $6, updated_at = $7, sha256 = $8, schema = $9
         where workspace_id = $1 and app_id = $2 and flow_id = $3 and revision >= $4 and revision <= $5 returning revision"
    ) -> [int];
    /// Gone with its screen flow.
    DELETE = both("delete from screen_flow_drafts where workspace_id = $1 and app_id = $2 and flow_id = $3");
    /// Gone with the app.
    DELETE_ALL = both("delete from screen_flow_drafts where workspace_id = $1 and app_id = $2");
}

/// Adds the draft of a new screen flow.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, draft: &Draft) -> Result<(), Fault> {
    let Draft { app, flow, revision, updated_by, updated_at, sha256, schema } = draft;
    let values = params![workspace, *app, *flow, *revision, updated_by, *updated_at, sha256, schema];
    tx.execute(&INSERT, values).map(drop)
}

/// The draft of a screen flow.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, flow: ScreenFlowId) -> Result<Option<Draft>, Fault> {
    tx.row(&FIND, params![workspace, app, flow], |row| map(row, row.string(6)?))
}

/// The draft of a screen flow without its text, which is empty then.
///
/// # Errors
/// Of the database.
pub fn head(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, flow: ScreenFlowId) -> Result<Option<Draft>, Fault> {
    tx.row(&HEAD, params![workspace, app, flow], |row| map(row, String::new()))
}

/// Writes the next revision of a draft and returns its number; `None` when there is no draft, or when its revision is not the expected
/// one. The revision in `draft` is not looked at.
///
/// # Errors
/// Of the database.
pub fn update(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    draft: &Draft,
    expected: Option<i64>,
) -> Result<Option<i64>, Fault> {
    let Draft { app, flow, updated_by, updated_at, sha256, schema, .. } = draft;
    let (least, most) = expected.map_or((0, i64::MAX), |revision| (revision, revision));
    let values = params![workspace, *app, *flow, least, most, updated_by, *updated_at, sha256, schema];
    tx.row(&UPDATE, values, |row| row.int(0))
}

/// Takes the draft of a screen flow away.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, flow: ScreenFlowId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, app, flow]).map(drop)
}

/// Takes every draft of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>, schema: String) -> Result<Draft, Fault> {
    Ok(Draft {
        app: AppId(row.id(0)?),
        flow: ScreenFlowId(row.id(1)?),
        revision: row.int(2)?,
        updated_by: row.string(3)?,
        updated_at: row.time(4)?,
        sha256: row.string(5)?,
        schema,
    })
}

//! Table `flow_versions`: what a flow was and is. The content of a published version never changes.

use floe_model::{
    Fault, Timestamp,
    flows::{VersionStatus, Visibility},
    id::{FlowId, VersionId, WorkspaceId},
};

use super::{documents::Hash, flows::opt_u32};
use crate::{Row, Tx, params, statements};

/// Versions of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which flow.
    pub flow: FlowId,
    /// Its number, from 1.
    pub version: u32,
    /// Its id.
    pub id: VersionId,
    /// Draft or published.
    pub status: VersionStatus,
    /// Digest of the definition's text.
    pub document_hash: Hash,
    /// Name of the flow in this version.
    pub name: String,
    /// Description of the flow in this version.
    pub description: String,
    /// JSON: settings in this version.
    pub settings: String,
    /// Visibility of the flow when the version was written.
    pub visibility: Visibility,
    /// What the version says of itself; may be empty.
    pub summary: String,
    /// The version that it began as a copy of.
    pub based_on: Option<u32>,
    /// JSON: `{_id, name, email}` or null.
    pub created_by: String,
    /// JSON: `{_id, name, email}`.
    pub published_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

macro_rules! select_versions {
    ($tail:literal) => {
        concat!(
            "select workspace_id, flow_id, version, id, status, document_hash, name, description, settings, visibility, summary,
                 based_on, created_by, published_by, created_at, updated_at, published_at
             from flow_versions ",
            $tail
        )
    };
}

statements! {
    /// A new version.
    INSERT = both(
        "insert into flow_versions (workspace_id, flow_id, version, id, status, document_hash, name, description, settings,
             visibility, summary, based_on, created_by, published_by, created_at, updated_at, published_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    /// One version.
    FIND = both(select_versions!("where workspace_id = $1 and flow_id = $2 and version = $3"))
        -> [id, id, int, id, text, bytes, text, text, json, text, text, opt int, json, opt json, time, time, opt time];
    /// Versions of a flow, newest first.
    LIST = both(select_versions!(
        "where workspace_id = $1 and flow_id = $2 and (status = $3 or $3 is null)
         order by version desc limit $4 offset $5"
    )) -> [id, id, int, id, text, bytes, text, text, json, text, text, opt int, json, opt json, time, time, opt time];
    /// How many versions a flow has.
    COUNT = both(
        "select count(*) from flow_versions where workspace_id = $1 and flow_id = $2 and (status = $3 or $3 is null)"
    ) -> [int];
    /// The content of a draft.
    UPDATE_DRAFT = both(
        "update flow_versions set document_hash = $4, name = $5, description = $6, settings = $7, visibility = $8, summary = $9,
             updated_at = $10
         where workspace_id = $1 and flow_id = $2 and version = $3 and status = 'draft'"
    );
    /// A status, and who published.
    SET_STATUS = both(
        "update flow_versions set status = $4, summary = $5, published_by = $6, published_at = $7, updated_at = $8
         where workspace_id = $1 and flow_id = $2 and version = $3"
    );
    /// A draft that is not wanted any more.
    DELETE_DRAFT = both(
        "delete from flow_versions where workspace_id = $1 and flow_id = $2 and version = $3 and status = 'draft'"
    );
    /// The highest published version but one.
    HIGHEST_PUBLISHED = both(
        "select max(version) from flow_versions
         where workspace_id = $1 and flow_id = $2 and status = 'published' and version <> $3"
    ) -> [opt int];
}

/// Adds a version.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, version: &VersionRow) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            version.workspace,
            version.flow,
            version.version,
            version.id,
            version.status.as_str(),
            &version.document_hash,
            &version.name,
            &version.description,
            &version.settings,
            version.visibility.as_str(),
            &version.summary,
            version.based_on,
            &version.created_by,
            &version.published_by,
            version.created_at,
            version.updated_at,
            version.published_at
        ],
    )?;
    Ok(())
}

/// One version.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, version: u32) -> Result<Option<VersionRow>, Fault> {
    tx.row(&FIND, params![workspace, flow, version], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) versions of a flow from `skip` on, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    status: Option<VersionStatus>,
    limit: usize,
    skip: usize,
) -> Result<(Vec<VersionRow>, u64), Fault> {
    let status = status.map(VersionStatus::as_str);
    let rows = tx.rows(&LIST, params![workspace, flow, status, limit.min(PAGE_MAX), skip], map)?;
    let total = tx.row(&COUNT, params![workspace, flow, status], |row| row.int(0))?;
    Ok((rows, total.unwrap_or(0).unsigned_abs()))
}

/// Writes the content of a draft; false when it is not there or is published.
///
/// # Errors
/// Of the database.
pub fn update_draft(tx: &mut Tx<'_>, draft: &VersionRow) -> Result<bool, Fault> {
    let written = tx.execute(
        &UPDATE_DRAFT,
        params![
            draft.workspace,
            draft.flow,
            draft.version,
            &draft.document_hash,
            &draft.name,
            &draft.description,
            &draft.settings,
            draft.visibility.as_str(),
            &draft.summary,
            draft.updated_at
        ],
    )?;
    Ok(written == 1)
}

/// Writes status, summary and who published; false when the version is not there.
///
/// # Errors
/// Of the database.
pub fn set_status(tx: &mut Tx<'_>, version: &VersionRow) -> Result<bool, Fault> {
    let written = tx.execute(
        &SET_STATUS,
        params![
            version.workspace,
            version.flow,
            version.version,
            version.status.as_str(),
            &version.summary,
            &version.published_by,
            version.published_at,
            version.updated_at
        ],
    )?;
    Ok(written == 1)
}

/// Deletes a draft; false when it is not there or is published.
///
/// # Errors
/// Of the database.
pub fn delete_draft(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, version: u32) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE_DRAFT, params![workspace, flow, version])? == 1)
}

/// The highest published version of a flow beside one.
///
/// # Errors
/// Of the database.
pub fn highest_published(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    beside: u32,
) -> Result<Option<u32>, Fault> {
    let found = tx.row(&HIGHEST_PUBLISHED, params![workspace, flow, beside], |row| opt_u32(row, 0))?;
    Ok(found.flatten())
}

fn map(row: &Row<'_>) -> Result<VersionRow, Fault> {
    Ok(VersionRow {
        workspace: WorkspaceId(row.id(0)?),
        flow: FlowId(row.id(1)?),
        version: row.u32(2)?,
        id: VersionId(row.id(3)?),
        status: VersionStatus::parse(row.text(4)?).ok_or_else(|| row.mismatch(4, "a version status"))?,
        document_hash: row.bytes(5)?.try_into().map_err(|_| row.mismatch(5, "a digest"))?,
        name: row.string(6)?,
        description: row.string(7)?,
        settings: row.string(8)?,
        visibility: Visibility::parse(row.text(9)?).ok_or_else(|| row.mismatch(9, "a visibility"))?,
        summary: row.string(10)?,
        based_on: opt_u32(row, 11)?,
        created_by: row.string(12)?,
        published_by: row.opt_string(13)?,
        created_at: row.time(14)?,
        updated_at: row.time(15)?,
        published_at: row.opt_time(16)?,
    })
}

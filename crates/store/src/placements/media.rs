//! Table `placement_media`: the pictures and animations of an app (Placements contract, sections 11.3 and 12).

use floe_model::id::{AppId, MediaId, WorkspaceId};
use floe_model::placements::assets::MediaKind;
use floe_model::{Fault, Timestamp};

use super::blobs::Hash;
use crate::{Row, Tx, params, statements};

/// Media files of an app at most.
pub const MEDIA_MAX: i64 = 5_000;

/// A media file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// The app that it is for.
    pub app: AppId,
    /// Name as given, without folders.
    pub name: String,
    /// What it is, as found from the bytes.
    pub kind: MediaKind,
    /// Digest of its bytes.
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, app_id, name, kind, sha256, size, created_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into placement_media (workspace_id, app_id, id, name, kind, sha256, size, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from placement_media where workspace_id = $1 and app_id = $2 and id = $3"
    )) -> [id, id, text, text, bytes, int, time];
    /// By its bytes.
    FILE = both(concat!(
        "select ", columns!(), " from placement_media where workspace_id = $1 and app_id = $2 and sha256 = $3"
    )) -> [id, id, text, text, bytes, int, time];
    /// A page, newest first.
    LIST = both(concat!(
        "select ", columns!(), " from placement_media where workspace_id = $1 and app_id = $2
         order by id desc limit $3 offset $4"
    )) -> [id, id, text, text, bytes, int, time];
    /// How many.
    COUNT = both("select count(*) from placement_media where workspace_id = $1 and app_id = $2") -> [int];
    /// Gone.
    DELETE = both("delete from placement_media where workspace_id = $1 and app_id = $2 and id = $3");
    /// All of an app.
    DELETE_ALL = both("delete from placement_media where workspace_id = $1 and app_id = $2");
}

/// Adds a media file.
///
/// # Errors
/// A conflict `already_exists` when the app has its bytes; of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, media: &Media) -> Result<(), Fault> {
    let values = params![
        workspace,
        media.app,
        media.id,
        &media.name,
        media.kind.as_str(),
        &media.sha256,
        media.size,
        media.created_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: MediaId) -> Result<Option<Media>, Fault> {
    tx.row(&FIND, params![workspace, app, id], map)
}

/// The file of an app with these bytes.
///
/// # Errors
/// Of the database.
pub fn file(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, sha256: &Hash) -> Result<Option<Media>, Fault> {
    tx.row(&FILE, params![workspace, app, sha256], map)
}

/// Media files, newest first.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<Vec<Media>, Fault> {
    tx.rows(&LIST, params![workspace, app, limit, offset], map)
}

/// How many an app has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, app], |row| row.int(0))?.unwrap_or(0))
}

/// Takes one away; false when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: MediaId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes all of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Media, Fault> {
    Ok(Media {
        id: MediaId(row.id(0)?),
        app: AppId(row.id(1)?),
        name: row.string(2)?,
        kind: MediaKind::parse(row.text(3)?).ok_or_else(|| row.mismatch(3, "a kind of media"))?,
        sha256: row.bytes(4)?.try_into().map_err(|_| row.mismatch(4, "32 bytes"))?,
        size: u64::try_from(row.int(5)?).map_err(|_| row.mismatch(5, "a size"))?,
        created_at: row.time(6)?,
    })
}

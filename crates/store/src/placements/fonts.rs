//! Table `placement_fonts`: the font files of an app (Placements contract, sections 11.3 and 12).

use floe_model::id::{AppId, FontId, WorkspaceId};
use floe_model::placements::screen::FontStyle;
use floe_model::{Fault, Timestamp};

use super::blobs::Hash;
use crate::{Row, Tx, params, statements};

/// Fonts of an app at most.
pub const FONTS_MAX: usize = 500;

/// A font file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Font {
    /// Its id.
    pub id: FontId,
    /// The app that it is for.
    pub app: AppId,
    /// Name of its family.
    pub family: String,
    /// 100 to 900.
    pub weight: u16,
    /// Upright or italic.
    pub style: FontStyle,
    /// Digest of its bytes.
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, app_id, family, weight, style, sha256, size, created_at"
    };
}

statements! {
    /// A new one.
    INSERT = both(
        "insert into placement_fonts (workspace_id, app_id, id, family, weight, style, sha256, size, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from placement_fonts where workspace_id = $1 and app_id = $2 and id = $3"
    )) -> [id, id, text, int, text, bytes, int, time];
    /// By what it is.
    FACE = both(concat!(
        "select ", columns!(), " from placement_fonts
         where workspace_id = $1 and app_id = $2 and family = $3 and weight = $4 and style = $5"
    )) -> [id, id, text, int, text, bytes, int, time];
    /// A page, by family, weight and style.
    LIST = both(concat!(
        "select ", columns!(), " from placement_fonts where workspace_id = $1 and app_id = $2
         order by family, weight, style limit $3 offset $4"
    )) -> [id, id, text, int, text, bytes, int, time];
    /// How many.
    COUNT = both("select count(*) from placement_fonts where workspace_id = $1 and app_id = $2") -> [int];
    /// Gone.
    DELETE = both("delete from placement_fonts where workspace_id = $1 and app_id = $2 and id = $3");
    /// All of an app.
    DELETE_ALL = both("delete from placement_fonts where workspace_id = $1 and app_id = $2");
}

/// Adds a font.
///
/// # Errors
/// A conflict `already_exists` when there is one with its family, weight and style; of the database.
pub fn insert(tx: &mut Tx<'_>, workspace: WorkspaceId, font: &Font) -> Result<(), Fault> {
    let values = params![
        workspace,
        font.app,
        font.id,
        &font.family,
        font.weight,
        font.style.as_str(),
        &font.sha256,
        font.size,
        font.created_at
    ];
    tx.execute(&INSERT, values).map(drop)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: FontId) -> Result<Option<Font>, Fault> {
    tx.row(&FIND, params![workspace, app, id], map)
}

/// The font of exactly this family, weight and style.
///
/// # Errors
/// Of the database.
pub fn face(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    family: &str,
    weight: u16,
    style: FontStyle,
) -> Result<Option<Font>, Fault> {
    tx.row(&FACE, params![workspace, app, family, weight, style.as_str()], map)
}

/// Fonts by family, weight and style.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    limit: usize,
    offset: i64,
) -> Result<Vec<Font>, Fault> {
    tx.rows(&LIST, params![workspace, app, limit, offset], map)
}

/// Every font of an app.
///
/// # Errors
/// Of the database.
pub fn of_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<Vec<Font>, Fault> {
    list(tx, workspace, app, FONTS_MAX, 0)
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
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, id: FontId) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, app, id])? == 1)
}

/// Takes all of an app away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, app]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Font, Fault> {
    Ok(Font {
        id: FontId(row.id(0)?),
        app: AppId(row.id(1)?),
        family: row.string(2)?,
        weight: u16::try_from(row.int(3)?).map_err(|_| row.mismatch(3, "a weight"))?,
        style: FontStyle::parse(row.text(4)?).ok_or_else(|| row.mismatch(4, "a style"))?,
        sha256: row.bytes(5)?.try_into().map_err(|_| row.mismatch(5, "32 bytes"))?,
        size: u64::try_from(row.int(6)?).map_err(|_| row.mismatch(6, "a size"))?,
        created_at: row.time(7)?,
    })
}

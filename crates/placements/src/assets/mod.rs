//! Fonts, media and icons: bytes are checked when they come in, kept once a workspace under their digest, and served by addresses that
//! never change what is behind them (Placements contract, section 11.3).
//!
//! Taking a font or a media file away takes it out of lists and out of later versions. Its bytes stay as long as a published version
//! names them, since a version that is served stays complete.
//!
//! Start reading with `fonts.rs` for what comes in and [`served`] for what goes out.

pub mod fonts;
pub mod icons;
pub mod media;
mod media_file;
pub mod served;
mod sweep;

use floe_model::Fault;
use floe_model::id::{AppId, WorkspaceId};
use floe_store::Tx;
use floe_store::placements::{apps, fonts as font_table, media as media_table, revisions};
use sha2::{Digest, Sha256};

pub use icons::Icons;
pub use media_file::{MediaProblem, SvgProblem, kind_of};

/// Bytes of a font file at most (Placements contract, section 12).
pub const FONT_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Bytes of a media file at most (Placements contract, section 12).
pub const MEDIA_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Takes away everything of an app that is taken away itself, in the same transaction; its versions must be gone before.
///
/// # Errors
/// Of the database.
pub fn forget_app(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    font_table::delete_all(tx, workspace, app)?;
    media_table::delete_all(tx, workspace, app)?;
    sweep::unneeded(tx, workspace)
}

/// Whether the app is there.
fn known(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    apps::find(tx, workspace, app)?.map(drop).ok_or_else(|| Fault::not_found("App"))
}

/// The same, for a change: a publication of the same workspace comes before or after it, so that no version names bytes that are being
/// taken away.
fn changing(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId) -> Result<(), Fault> {
    revisions::bump(tx, workspace)?;
    known(tx, workspace, app)
}

/// The digest under which bytes are kept.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

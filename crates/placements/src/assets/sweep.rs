//! Bytes that nobody needs any more.

use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_store::Tx;
use floe_store::placements::blobs;

/// Removes the bytes that no font and no media file has and no published version names, a bounded number at a time: what is left over is
/// found the next time that something is taken away.
///
/// # Errors
/// Of the database.
pub(super) fn unneeded(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<(), Fault> {
    for sha256 in blobs::unowned(tx, workspace)? {
        if !blobs::is_published(tx, workspace, &sha256)? {
            blobs::delete(tx, workspace, &sha256)?;
        }
    }
    Ok(())
}

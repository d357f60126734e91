//! Reading a file back.

use floe_model::Fault;
use floe_model::id::FileId;
use floe_runtime::Ctx;
use floe_store::flows::files::{self, FileRow};

use crate::definitions::may_see_runs;
use crate::execute::started_by;

/// A file that the caller may read: the one who sent it, and once a run uses it, whoever may see the runs of that flow.
///
/// # Errors
/// 404 for a file that is not there, is not received yet, or may not be read.
pub async fn find(ctx: &Ctx, id: FileId) -> Result<FileRow, Fault> {
    let caller = ctx.clone();
    ctx.store
        .read(move |tx| {
            let unknown = || Fault::not_found("File");
            let file = files::find(tx, caller.caller.workspace, id)?.filter(|file| file.size.is_some());
            let file = file.ok_or_else(unknown)?;
            // A file that nobody uses is over when its time is, whether or not it was removed.
            let is_over = file.run.is_none() && file.expires_at <= caller.now();
            if !is_over && file.uploaded_by == sender(&caller) {
                return Ok(file);
            }
            let flow = file.flow.ok_or_else(unknown)?;
            may_see_runs(tx, &caller, flow).map_err(|_| unknown())?;
            Ok(file)
        })
        .await
}

/// A piece of a file, by its position from 0; none after the last one.
///
/// # Errors
/// Of the database.
pub async fn chunk(ctx: &Ctx, file: &FileRow, position: u32) -> Result<Option<Vec<u8>>, Fault> {
    let (workspace, id) = (file.workspace, file.id);
    ctx.store.read(move |tx| files::chunk(tx, workspace, id, position)).await
}

/// Whoever sent a file stays the same person with a session and with each of its tokens.
pub(super) fn sender(ctx: &Ctx) -> String {
    ctx.caller.member_id().map_or_else(|| started_by(&ctx.caller), |member| format!("member:{member}"))
}

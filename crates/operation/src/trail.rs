//! What an act of operation leaves behind.

use floe_model::id::{BackupId, WorkspaceId};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::operation::retention;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use floe_store::platform::events::{self, NewEvent};
use serde_json::{Value, json};

/// Workspaces that are told of a backup that failed.
const WORKSPACES_MAX: usize = 200;

/// Tells the workspaces that a backup failed: it would have been a backup of each of them. Why is for the operator, who finds it at the
/// backup and in the log.
///
/// # Errors
/// Of the database.
pub(crate) fn tell_failed(
    tx: &mut Tx<'_>,
    platform: &Platform,
    (id, kind): (BackupId, &str),
    at: Timestamp,
) -> Result<(), Fault> {
    let mut workspace = WorkspaceId(0);
    for _ in 0..WORKSPACES_MAX {
        let Some(next) = retention::next_workspace(tx, workspace)? else { break };
        workspace = next;
        let event = NewEvent {
            id: platform.ids.next(),
            kind: "platform.backup.failed",
            subject_id: Some(id.0),
            data: json!({ "backup_id": id.prefixed(), "kind": kind }).to_string(),
            created_at: at,
        };
        // Backups know no mode; what has none is told as live.
        events::publish(tx, Scope { workspace, mode: Mode::Live }, &event)?;
    }
    Ok(())
}

/// Writes the audit entry of an act, in the workspace of the caller.
pub(crate) fn audit(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    action: &str,
    backup: Option<BackupId>,
    detail: &Value,
) -> Result<(), Fault> {
    let target = backup.map(|id| Target { kind: "backup".to_owned(), id: Some(id.0), name: Some(id.prefixed()) });
    let entry = Entry {
        id: ctx.ids.next(),
        workspace: ctx.caller.workspace,
        seq: None,
        mode: None,
        product: "console".to_owned(),
        action: action.to_owned(),
        actor: Actor::of(&ctx.caller),
        target,
        run_id: None,
        detail: detail.to_string(),
        request_id: Some(ctx.request_id),
        ip: None,
        at: ctx.now(),
    };
    audit::record(tx, &entry)
}

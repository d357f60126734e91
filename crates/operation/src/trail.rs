//! What an act of operation leaves behind.

use floe_model::Fault;
use floe_model::id::BackupId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use serde_json::Value;

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

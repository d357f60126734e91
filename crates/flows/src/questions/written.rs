//! What an answer leaves behind beside its effect: who gave it, and an audit entry.

use floe_runtime::Ctx;
use floe_store::flows::waits::Asked;
use floe_store::platform::audit::{Actor, Entry, Target};
use serde_json::{Value, json};

use super::content::{content, content_hash};
use crate::runs::{AnswerIn, AnswerKind};

/// By which way an answer came.
#[derive(Debug, Clone)]
pub struct Way {
    /// `dashboard`, `api`, `cli` or `mcp`.
    pub via: &'static str,
    /// Address of the caller.
    pub ip: Option<String>,
}

/// The answer as the run takes it. The digest of what the server saw is kept with it (console contract, section 11, row 26).
pub(crate) fn answer_in(ctx: &Ctx, asked: &Asked, kind: AnswerKind, way: &Way) -> AnswerIn {
    let hash = content_hash(&content(asked));
    let actor = ctx.caller.actor();
    let entry = entry(ctx, asked, &kind, way, &hash);
    AnswerIn {
        wait: Some(asked.wait.id),
        kind,
        by: Some(ctx.caller.name.clone()),
        actor: json!({
            "type": actor.kind, "id": actor.id, "name": actor.name, "via": way.via, "content_hash": hash,
        }),
        audit: Some(entry),
    }
}

fn entry(ctx: &Ctx, asked: &Asked, kind: &AnswerKind, way: &Way, hash: &str) -> Entry {
    let wait = &asked.wait;
    let decision = match kind {
        AnswerKind::Decision { approve: true, .. } => json!("approve"),
        AnswerKind::Decision { approve: false, .. } => json!("reject"),
        AnswerKind::ToolResult { .. } | AnswerKind::FormData(_) | AnswerKind::Response(_) => Value::Null,
    };
    let detail = json!({
        "kind": wait.kind, "step_id": wait.step_id, "version": asked.version, "decision": decision,
        "content_hash": hash, "via": way.via,
    });
    let name = format!("{}: {}", wait.flow_name, wait.step_name);
    Entry {
        id: ctx.ids.next(),
        workspace: wait.workspace,
        seq: None,
        mode: Some(wait.mode),
        product: if matches!(wait.kind.as_str(), "human-review" | "webhook-wait") { "workflows" } else { "flows" }
            .to_owned(),
        action: "answered_item".to_owned(),
        actor: Actor::of(&ctx.caller),
        target: Some(Target { kind: "inbox_item".to_owned(), id: Some(wait.id.0), name: Some(name) }),
        run_id: Some(wait.run),
        detail: detail.to_string(),
        request_id: Some(ctx.request_id),
        ip: way.ip.clone(),
        at: ctx.now(),
    }
}

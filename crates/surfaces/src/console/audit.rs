//! `/audit`: who did what, and the proof that nothing of it was changed (console contract, section 5.6).

use floe_access::audit::{SignedHead, chain};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::{AuditId, RunId};
use floe_store::platform::audit::Filter;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, audit as shapes};
use super::{Rights, SURFACE, audit_export, filters};
use crate::http::shape::{ID, INSTANT, TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// Members of a head.
const HEAD: &[&str] = &["workspace_id", "seq", "hash", "at", "public_key", "signature"];
const FILTERS: &[&str] = &["product", "action", "actor_id", "target_id", "run_id", "mode", "from", "to", "q"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/audit", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List audit entries")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .query("product", TEXT, "Entries of one product")
            .query("action", TEXT, "Entries of one action")
            .query("actor_id", ID, "Entries of one actor")
            .query("target_id", ID, "Entries about one object")
            .query("run_id", ID, "Entries of one run")
            .query("mode", words(&["live", "test"]), "Entries of one mode")
            .query("from", INSTANT, "Not before; a day is its beginning in UTC")
            .query("to", INSTANT, "Before")
            .query("q", TEXT, "Looked for in action, actor and object")
            .answers(200, shapes::AUDIT_ENTRIES),
        Route::get(&SURFACE, "/console/v1/audit/heads", Auth::MEMBER, heads)
            .needs(Permission::Read)
            .doc("List signed audit heads")
            .about("A head says what the last entry of the chain was at its time. Kept elsewhere, it proves that nothing before it was changed.")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .answers(200, shapes::AUDIT_HEADS),
        Route::post(&SURFACE, "/console/v1/audit/verify", Auth::MEMBER, verify)
            .needs(Permission::Manage)
            .doc("Verify the audit chain")
            .about("Recomputes the whole chain. A head that was kept elsewhere shows a chain that was cut or written anew.")
            .takes(shapes::AUDIT_PROOF)
            .answers(200, shapes::AUDIT_VERDICT),
        Route::get(&SURFACE, "/console/v1/audit/export", Auth::MEMBER, audit_export::export)
            .needs(Permission::Manage)
            .doc("Export the audit log")
            .about("A stream that begins and ends with a signed head. The JSON lines can be checked with `floe audit verify`.")
            .query("format", words(&["jsonl", "csv"]), "JSON lines unless given")
            .query("from", INSTANT, "Not before; a day is its beginning in UTC")
            .query("to", INSTANT, "Before")
            .answers_media(200, audit_export::JSONL, TEXT)
            .answers_media(200, audit_export::CSV, TEXT),
        Route::get(&SURFACE, "/console/v1/audit/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show an audit entry")
            .answers(200, shapes::AUDIT_ENTRY),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    filters::newest_first(window.newest_first)?;
    let filter = Filter {
        mode: filters::mode(&call)?,
        product: filters::text(&call, "product")?,
        action: filters::text(&call, "action")?,
        actor_id: filters::id(&call, "actor_id")?,
        target_id: filters::id(&call, "target_id")?,
        run_id: filters::id(&call, "run_id")?.map(RunId),
        from: filters::instant(&call, "from")?,
        to: filters::instant(&call, "to")?,
    };
    let (text, before) = (filters::text(&call, "q")?, window.after.map(AuditId));
    let caller = &call.ctx.caller;
    let page = call.app.access.audit_entries(caller, filter, text, before, window.limit, window.total).await?;
    let last = page.entries.last().map(|sealed| sealed.entry.id.0);
    let data = page.entries.iter().map(chain::entry_object).collect();
    Reply::ok(&window.page(data, last, page.more, page.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let entry = call.app.access.audit_entry(&call.ctx.caller, call.id("id", "Audit entry")?).await?;
    Reply::ok(&chain::entry_object(&entry))
}

async fn heads(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    filters::newest_first(window.newest_first)?;
    let before = window.after.and_then(|seq| i64::try_from(seq).ok());
    let page = call.app.access.audit_heads(&call.ctx.caller, before, window.limit).await?;
    let last = page.heads.last().map(|head| u128::from(head.seq.unsigned_abs()));
    let data = page.heads.iter().map(SignedHead::object).collect();
    Reply::ok(&window.page(data, last, page.more, Some(page.total)))
}

async fn verify(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let head = body.value("head");
    if let Some(value) = &head {
        filters::known_only("head", value, HEAD)?;
    }
    let head = head.map(|value| SignedHead::read(&value));
    let head = match head {
        None => None,
        Some(Ok(head)) => Some(head),
        Some(Err(name)) => {
            body.problem(&format!("head/{name}"), "value", format!("head has no sound {name}"));
            None
        }
    };
    body.finish()?;
    let verdict = call.app.access.verify_audit(call.ctx.caller.workspace, head).await?;
    let problem = verdict.problem.as_ref();
    let head = verdict.head.as_ref().map(SignedHead::object);
    Reply::ok(&json!({
        "valid": problem.is_none(),
        "entries": verdict.entries,
        "first_bad_id": problem.and_then(|problem| problem.id).map(AuditId::prefixed),
        "first_bad_seq": problem.map(|problem| problem.seq),
        "reason": problem.map(|problem| problem.reason.clone()),
        "head": head.unwrap_or(Value::Null),
    }))
}

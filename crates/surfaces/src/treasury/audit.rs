//! The audit log of the treasury, on both sides (Treasury contract, sections 2.6, 7 and 10.7): its entries in the one chain of the
//! workspace, in the mode of the caller.

use floe_model::Fault;
use floe_model::id::{AuditId, RunId};
use floe_store::Tx;
use floe_store::platform::audit::Entry;
use floe_store::treasury::audit_view::{self, Filter};
use floe_treasury::trail;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::page::Page;
use super::shapes::{PAGING, audit as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, KEY, Rights, SURFACE, input};
use crate::http::shape::{ID, INSTANT, TEXT};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    const AGENT: &str = "planner, reconciliation, risk, forecast, execution, audit, human, api or system";
    vec![
        Route::get(&SURFACE, "/api/v1/public/audit", KEY, list_public)
            .scope("audit:read")
            .doc("List audit events with a key")
            .queries(PAGING)
            .query("run_id", ID, "Events of one run")
            .query("action", TEXT, "Events of one action")
            .query("agent_type", TEXT, AGENT)
            .answers(200, shapes::AUDIT_EVENTS),
        Route::get(&SURFACE, "/api/v1/audit", DASHBOARD, list)
            .any_reads()
            .doc("List audit events")
            .queries(PAGING)
            .query("run_id", ID, "Events of one run")
            .query("action", TEXT, "Events of one action")
            .query("agent_type", TEXT, AGENT)
            .query("actor", TEXT, "Events of one actor, by id or name")
            .query("from", INSTANT, "Not before; a day is its beginning in UTC")
            .query("to", INSTANT, input::UNTIL)
            .answers(200, shapes::AUDIT_EVENTS),
        Route::get(&SURFACE, "/api/v1/audit/verify", DASHBOARD, verify)
            .owner_reads()
            .doc("Verify the audit chain of the workspace")
            .about("Recomputes the whole chain, of all products and both modes.")
            .answers(200, shapes::AUDIT_CHAIN_VERDICT),
    ]
}

/// An event.
#[derive(Serialize)]
struct EventOut {
    id: AuditId,
    run_id: Option<RunId>,
    agent_type: String,
    action: String,
    detail: Box<RawValue>,
    created_at: Seconds,
}

impl TryFrom<Entry> for EventOut {
    type Error = Fault;

    fn try_from(entry: Entry) -> Result<Self, Fault> {
        Ok(Self {
            id: entry.id,
            run_id: entry.run_id,
            agent_type: trail::agent_type(&entry.actor).to_owned(),
            action: entry.action,
            detail: RawValue::from_string(entry.detail).map_err(Fault::internal)?,
            created_at: Seconds(entry.at),
        })
    }
}

async fn list_public(call: Call) -> Result<Reply, Fault> {
    let filter = common(&call);
    answer(call, filter).await
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let from = call.query.get("from").and_then(input::parse_instant);
    let to = call.query.get("to").and_then(input::parse_until);
    let actor = call.query.get("actor").map(str::trim).filter(|actor| !actor.is_empty());
    let actor_id = actor.and_then(input::parse_id);
    let actor_name = actor.filter(|_| actor_id.is_none()).map(str::to_owned);
    let filter = Filter { actor_id, actor_name, from, to, ..common(&call) };
    answer(call, filter).await
}

/// The filters of both sides.
fn common(call: &Call) -> Filter {
    let text = |name: &str| call.query.get(name).map(|text| text.trim().to_owned());
    Filter {
        run: call.query.get("run_id").and_then(input::parse_id).map(RunId),
        action: text("action"),
        agent_type: text("agent_type"),
        ..Filter::default()
    }
}

async fn answer(call: Call, filter: Filter) -> Result<Reply, Fault> {
    let (page, scope) = (Page::of(&call.query), call.ctx.caller.scope());
    let reading = move |tx: &mut Tx<'_>| audit_view::list(tx, scope, &filter, page.limit(), page.offset);
    let (entries, total) = call.ctx.store.read(reading).await?;
    let rows = entries.into_iter().map(EventOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn verify(call: Call) -> Result<Reply, Fault> {
    let verdict = call.app.access.verify_audit(call.ctx.caller.workspace, None).await?;
    let first_bad = verdict.problem.as_ref().and_then(|problem| problem.id);
    Reply::ok(&json!({ "valid": verdict.problem.is_none(), "events": verdict.entries, "first_bad_id": first_bad }))
}

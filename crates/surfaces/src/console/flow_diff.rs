//! `/flows/{id}/diff`: what is different between two versions of a flow (console contract, section 5.3).

use floe_engine::lang::steps::Change;
use floe_flows::definitions::VersionWord;
use floe_flows::transfer::differences;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::FlowId;
use serde_json::{Value, json};

use super::shapes::flow_diff as shapes;
use super::{Rights, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/flows/{id}/diff", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Compare two versions of a flow")
            .query("from", TEXT, "The earlier version: a number, latest or draft; latest unless given")
            .query("to", TEXT, "The later version: a number, latest or draft; draft unless given")
            .answers(200, shapes::DIFF),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let word = |name: &str, other: VersionWord| call.query.get(name).map_or(Ok(other), |text| read(name, text));
    let (from, to) = (word("from", VersionWord::Latest)?, word("to", VersionWord::Draft)?);
    let ctx = call.ctx.clone();
    let changes = call.ctx.store.read(move |tx| differences(tx, &ctx, id, from, to)).await?;
    Reply::ok(&json!({ "changes": changes.iter().map(change_out).collect::<Vec<Value>>() }))
}

fn read(name: &str, text: &str) -> Result<VersionWord, Fault> {
    let message = format!("{name} must be the number of a version, latest or draft");
    VersionWord::parse(text).map_err(|_| Fault::field(format!("/{name}"), "value", message))
}

fn change_out(change: &Change) -> Value {
    json!({
        "op": change.op.as_str(), "step_id": change.step_id, "pointer": change.pointer,
        "before": change.before, "after": change.after,
    })
}

//! Answering an item: approving or rejecting exactly what was seen, in the words of the inbox.

use floe_model::id::{CandidateId, PaymentRunId, RunId};
use floe_model::{Fault, FaultKind, FieldProblem, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::payment_runs;
use serde::Serialize;
use serde_json::json;

use super::super::{Approve, Reject, approve, reject};
use super::item::{Item, in_mode, of_run};
use crate::Treasury;
use crate::trail::{self, Who};

/// An answer to an item.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Digest of what the caller saw.
    pub content_hash: String,
    /// Whether it approves.
    pub approve: bool,
    /// Exactly these candidates; none is what an approval or a rejection without any means.
    pub candidates: Option<Vec<CandidateId>>,
    /// Why a blocked candidate is paid.
    pub override_reason: Option<String>,
    /// A word about it, 500 characters at most.
    pub comment: Option<String>,
    /// The way it came: `dashboard`, `api`, `cli` or `mcp`.
    pub via: &'static str,
}

/// The `detail` of `answered_item`.
#[derive(Serialize)]
struct Answered<'a> {
    kind: &'static str,
    version: i64,
    decision: &'static str,
    content_hash: &'a str,
    via: &'static str,
}

/// Approves or rejects a run in the name of the caller, if it is what the caller saw; the item afterwards.
///
/// # Errors
/// `not_found`; `forbidden`, `self_approval`, `insufficient_scope`; `content_changed`, `already_answered`, `not_waiting`; 410
/// `expired`; and what [`approve`] and [`reject`] refuse. Nothing is changed then.
pub fn answer(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    answer: &Answer,
) -> Result<Item, Fault> {
    let (ctx, item) = held(tx, ctx, id)?;
    // An item that is closed says so, also to whoever saw it before: approvals are not part of its content.
    if let Some(refusal) = item.refusal {
        return Err(refusal.fault());
    }
    if item.content_hash != answer.content_hash {
        return Err(content_changed(&item.content_hash));
    }
    if answer.approve {
        let ask = Approve {
            candidates: answer.candidates.clone(),
            expected_version: Some(item.run.version),
            notes: answer.comment.clone(),
            override_reason: answer.override_reason.clone(),
        };
        approve(tx, treasury, &ctx, id, &ask)?;
    } else {
        let ask = Reject {
            candidates: answer.candidates.clone(),
            expected_version: Some(item.run.version),
            reason: answer.comment.clone(),
        };
        reject(tx, treasury, &ctx, id, &ask)?;
    }
    note(tx, treasury, &ctx, &item, answer)?;
    let run = payment_runs::find(tx, ctx.caller.scope(), id)?.ok_or_else(|| Fault::not_found("Item"))?;
    of_run(tx, &ctx, run)?.ok_or_else(|| Fault::not_found("Item"))
}

/// The run, held until the end of the transaction, with the call in its mode.
fn held(tx: &mut Tx<'_>, ctx: &Ctx, id: PaymentRunId) -> Result<(Ctx, Item), Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let own = in_mode(ctx, mode);
        if let Some(run) = payment_runs::lock(tx, own.caller.scope(), id)? {
            let item = of_run(tx, &own, run)?.ok_or_else(|| Fault::not_found("Item"))?;
            return Ok((own, item));
        }
    }
    Err(Fault::not_found("Item"))
}

fn note(tx: &mut Tx<'_>, treasury: &Treasury, ctx: &Ctx, item: &Item, answer: &Answer) -> Result<(), Fault> {
    let detail = Answered {
        kind: "payment_approval",
        version: item.run.version,
        decision: if answer.approve { "approve" } else { "reject" },
        content_hash: &item.content_hash,
        via: answer.via,
    };
    let (run, scope) = (&item.run, ctx.caller.scope());
    let entry =
        trail::entry(&treasury.platform, scope, &Who::caller(ctx), "answered_item", Some(RunId(run.id.0)), &detail);
    audit::record(tx, &trail::on(entry, "inbox_item", run.id.0, Some(&run.objective)))
}

pub(super) fn content_changed(hash: &str) -> Fault {
    let stale = FieldProblem::new("/content_hash", "stale", format!("expected {hash}"));
    Fault::new(FaultKind::Conflict, "content_changed", "The content is not what you saw; look at it again")
        .with_fields(vec![stale])
        .with_details(json!({ "content_hash": hash }))
}

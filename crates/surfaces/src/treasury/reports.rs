//! What became of a payment run: its report, and its events as they happen (Treasury contract, sections 10.2 and 12).

use floe_model::Fault;
use floe_model::id::{AuditId, CandidateId, PaymentRunId};
use floe_model::treasury::{ApprovalStatus, ExecutionStatus, Kobo, RiskDecision};
use floe_store::Change;
use floe_store::platform::audit::Entry;
use floe_store::treasury::candidates::Candidate;
use floe_store::treasury::payment_run_events::{RECORD, RunEvent};
use floe_treasury::runs::{self, LedgerEffect, Report};
use floe_treasury::trail;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::input::path_id;
use super::run_wire::{ApprovalOut, FullRunOut, TotalsOut};
use super::shapes::runs as shapes;
use super::wire::Seconds;
use super::{DASHBOARD, Rights, SURFACE};
use crate::http::{Call, Reply, Route};
use crate::stream::{self as streams, Cut, EVENT, LOOK_EVERY, MEDIA, Messages, Place};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/runs/{id}/report", DASHBOARD, report)
            .any_reads()
            .doc("Report on a payment run")
            .answers(200, shapes::REPORT),
        Route::get(&SURFACE, "/api/v1/runs/{id}/events/stream", DASHBOARD, stream)
            .any_reads()
            .doc("Follow a payment run")
            .about("Server-sent events; the stream ends after the run has. A comment comes every 15 seconds.")
            .query("last_seq", shapes::SEQ, "The number of the event after which to go on; as good as Last-Event-ID")
            .answers_media(200, MEDIA, EVENT)
            .refuses(503, &["overloaded"]),
    ]
}

#[derive(Serialize)]
struct ReportOut {
    run: FullRunOut,
    totals: TotalsOut,
    candidates: Vec<LineOut>,
    approvals: Vec<ApprovalOut>,
    ledger: LedgerOut,
    audit: Vec<AuditOut>,
    audit_complete: bool,
}

#[derive(Serialize)]
struct LineOut {
    id: CandidateId,
    beneficiary_name: String,
    account_number: String,
    institution_code: String,
    amount: Kobo,
    risk_decision: Option<RiskDecision>,
    approval_status: ApprovalStatus,
    decision_reason: Option<String>,
    execution_status: ExecutionStatus,
    reference: Option<String>,
    failure_reason: Option<String>,
}

impl From<Candidate> for LineOut {
    fn from(one: Candidate) -> Self {
        Self {
            id: one.id,
            beneficiary_name: one.beneficiary_name,
            account_number: one.account_number,
            institution_code: one.institution_code,
            amount: one.amount,
            risk_decision: one.risk_decision,
            approval_status: one.approval,
            decision_reason: one.decision_reason,
            execution_status: one.execution,
            reference: one.reference,
            failure_reason: one.failure_reason,
        }
    }
}

#[derive(Serialize)]
struct LedgerOut {
    reserved: Kobo,
    paid_out: Kobo,
    fees: Kobo,
    returned: Kobo,
    reversed: usize,
    open: Kobo,
}

#[derive(Serialize)]
struct AuditOut {
    id: AuditId,
    agent_type: String,
    action: String,
    detail: Box<RawValue>,
    created_at: Seconds,
}

impl TryFrom<Entry> for AuditOut {
    type Error = Fault;

    fn try_from(entry: Entry) -> Result<Self, Fault> {
        Ok(Self {
            id: entry.id,
            agent_type: trail::agent_type(&entry.actor).to_owned(),
            action: entry.action,
            detail: RawValue::from_string(entry.detail).map_err(Fault::internal)?,
            created_at: Seconds(entry.at),
        })
    }
}

async fn report(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let scope = call.ctx.caller.scope();
    let found = call.ctx.store.read(move |tx| runs::report(tx, scope, id)).await?;
    let Report { full, candidates, ledger, audit, is_audit_complete } = found;
    let LedgerEffect { reserved, paid_out, fees, returned, reversed, open } = ledger;
    Reply::ok(&ReportOut {
        run: FullRunOut::of(&full, scope.mode),
        totals: TotalsOut::of(&full),
        approvals: full.approvals.iter().map(ApprovalOut::from).collect(),
        candidates: candidates.into_iter().map(LineOut::from).collect(),
        ledger: LedgerOut { reserved, paid_out, fees, returned, reversed, open },
        audit: audit.into_iter().map(AuditOut::try_from).collect::<Result<_, _>>()?,
        audit_complete: is_audit_complete,
    })
}

async fn stream(call: Call) -> Result<Reply, Fault> {
    let id: PaymentRunId = path_id(&call, "id")?;
    let given = call.query.get("last_seq").or_else(|| call.header("last-event-id"));
    let after = given.and_then(|text| text.parse().ok()).unwrap_or(0);
    let place = Place::take()?;
    // A run that is not there is told before the stream begins.
    let scope = call.ctx.caller.scope();
    call.ctx.store.read(move |tx| runs::run(tx, scope, id)).await?;
    Ok(streams::reply(place, |messages| async move { tell(&call, id, after, messages).await }))
}

async fn tell(call: &Call, id: PaymentRunId, mut after: i64, mut reader: Messages) -> Result<(), Cut> {
    reader.send(": stream\n\n".to_owned()).await?;
    let scope = call.ctx.caller.scope();
    // Watched from before the first look, so that no change is missed.
    let mut changes = call.ctx.store.watch();
    loop {
        let read = call.ctx.store.read(move |tx| runs::events(tx, scope, id, after)).await;
        let (run, events) = read.map_err(|fault| {
            tracing::warn!(run.id = %id, %fault, "a payment run cannot be followed further");
            Cut
        })?;
        for event in &events {
            after = event.seq;
            reader.send(message(event)).await?;
        }
        if after >= run.last_event {
            if run.status.is_final() {
                return Ok(());
            }
            wait(&mut changes, id).await;
        }
        reader.go_on(call).await?;
    }
}

/// Waits for a change of the run, and not longer than until the next look.
async fn wait(changes: &mut broadcast::Receiver<Change>, run: PaymentRunId) {
    let changed = async {
        loop {
            match changes.recv().await {
                Ok(Change::Record { kind, id, .. }) if kind == RECORD && id == run.0 => return,
                Ok(Change::Many) | Err(RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    // Over the time it looks again all the same.
    let _ = tokio::time::timeout(LOOK_EVERY, changed).await;
}

fn message(event: &RunEvent) -> String {
    format!("event: {}\nid: {}\ndata: {}\n\n", event.kind, event.seq, event.data)
}

//! Payment runs among the runs of all products: how they look, and what can be done about them (console contract, section 5.7).
//!
//! Their own rules hold (Treasury contract, sections 3, 4.1 and 10.2): a run is cancelled before its release by an owner of the treasury
//! or by whoever made it, and it is never repeated as a whole; running it again is a new run of the payments that failed.

use std::sync::Arc;

use floe_flows::reruns::{RerunFrom, RerunVersion, RerunWish};
use floe_model::access::TreasuryRole;
use floe_model::id::{CandidateId, InboxId, PaymentRunId, RunId};
use floe_model::treasury::RunStatus;
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_treasury::runs::joined::{self, Filter, Listed, start_of};
use floe_treasury::runs::{self, retriable, retry_failed};
use http::StatusCode;
use serde_json::{Value, json};

use super::{inbox_payments, runs as any_runs};
use crate::http::{Call, Reply};

/// Characters of a name at most; what a run is for can be longer.
const NAME_CHARS_MAX: usize = 120;
/// Characters of a filter's text at most.
const TEXT_CHARS_MAX: usize = 200;
/// The scope that a token needs for acts on payments.
const TOKEN_SCOPE: &str = "treasury.write";

/// What the console shows of a state.
pub(super) const fn shown(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Pending => "queued",
        RunStatus::Planning | RunStatus::Scoring | RunStatus::Executing => "running",
        RunStatus::AwaitingApproval => "waiting",
        RunStatus::Completed | RunStatus::CompletedWithErrors => "completed",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
    }
}

/// A run. Absent values are null, never left out.
pub(super) fn run_object(listed: &Listed, now: Timestamp) -> Value {
    let Listed { run, mode, payouts, started_at, caller } = listed;
    let start = start_of(run);
    let waits = run.status == RunStatus::AwaitingApproval;
    let waiting_on = waits.then(|| {
        let inbox = InboxId(run.id.0).prefixed();
        json!({ "inbox_id": inbox, "kind": inbox_payments::KIND, "since": run.requested_at })
    });
    let is_over = run.status.is_final();
    let wait_ms = run.requested_at.map(|since| {
        let until = run.released_at.or(run.finished_at).unwrap_or(now);
        if waits || run.released_at.is_some() || is_over { until.millis_since(since).max(0) } else { 0 }
    });
    let length = run.finished_at.zip(*started_at).map(|(end, start)| end.millis_since(start));
    // What was not paid of a released run.
    let warnings = payouts.as_ref().filter(|_| is_over).map_or(0, |paid| paid.failed + paid.followup);
    // The credit comes back when planning fails (Treasury contract, section 9.1).
    let credits = i64::from(run.error.as_deref() != Some("planning_failed"));
    let error = run.error.as_deref().map(|code| json!({ "code": code, "message": message(code), "step_id": null }));
    json!({
        "id": run.id, "kind": "payment", "name": run.objective.chars().take(NAME_CHARS_MAX).collect::<String>(),
        "definition_id": run.schedule, "version": run.version, "mode": mode.as_str(),
        "status": shown(run.status), "product_status": run.status.as_str(),
        "warnings": warnings.max(i64::from(run.status == RunStatus::CompletedWithErrors)),
        "trigger": start.trigger, "source": start.source, "started_by": inbox_payments::creator(&run.creator),
        "waiting_on": waiting_on,
        "progress": { "steps": steps(run.status, run.released_at.is_some()), "current_step": (!is_over).then_some(run.status) },
        "created_at": run.created_at, "started_at": started_at, "finished_at": run.finished_at,
        "duration_ms": length.map(|length| (length - wait_ms.unwrap_or(0)).max(0)), "wait_ms": wait_ms,
        "credits": credits, "error": error, "parent_id": caller, "rerun_of": run.retry_of,
    })
}

/// Steps that it has come to: planning, scoring, approval, payouts.
const fn steps(status: RunStatus, was_released: bool) -> u8 {
    match status {
        RunStatus::Pending => 0,
        RunStatus::Planning => 1,
        RunStatus::Scoring => 2,
        RunStatus::AwaitingApproval => 3,
        _ if was_released => 4,
        _ => 3,
    }
}

/// What ended a run, in a sentence.
fn message(code: &str) -> &'static str {
    match code {
        "cancelled" => "A person cancelled it",
        "approval_expired" => "Nobody decided about it in time",
        "planning_failed" => "It could not be planned",
        "scoring_failed" => "Its candidates could not be scored",
        "circuit_breaker" => "Too many account checks failed, so nothing further was sent",
        _ => "It could not go on",
    }
}

/// Reads the filters of a list, by their names, which were found to be right before; none when they show no payment run.
///
/// # Errors
/// 400 for a value that makes no sense.
pub(super) fn read_filter(given: impl Fn(&str) -> Option<String>) -> Result<Option<Filter>, Fault> {
    let given = |name: &str| given(name).filter(|text| !text.is_empty());
    let has = |list: &str, wanted: &str| list.split(',').any(|word| word.trim() == wanted);
    if given("kind").is_some_and(|kinds| !has(&kinds, "payment")) {
        return Ok(None);
    }
    let mut statuses = RunStatus::ALL.to_vec();
    if let Some(list) = given("status") {
        statuses.retain(|status| has(&list, shown(*status)));
    }
    if let Some(list) = given("product_status") {
        statuses.retain(|status| has(&list, status.as_str()));
    }
    let schedule = given("definition_id").map(|id| floe_model::id::parse_bits(&id));
    let caller = given("parent_id").map(|id| RunId::parse(&id));
    // A text that is no id is the id of nothing.
    if statuses.is_empty() || matches!(schedule, Some(Err(_))) || matches!(caller, Some(Err(_))) {
        return Ok(None);
    }
    if statuses.len() == RunStatus::ALL.len() {
        statuses.clear();
    }
    let brief = |name: &str| given(name).map(|text| text.chars().take(TEXT_CHARS_MAX).collect::<String>());
    let instant = |name: &str| given(name).map(|text| any_runs::instant(name, &text)).transpose();
    Ok(Some(Filter {
        statuses,
        mode: given("mode").and_then(|word| Mode::parse(&word)),
        schedule: schedule.and_then(Result::ok),
        caller: caller.and_then(Result::ok),
        trigger: brief("trigger"),
        source: brief("source"),
        error: brief("error_code"),
        from: instant("from")?,
        to: instant("to")?,
        text: brief("q").map(|text| text.to_lowercase()),
    }))
}

/// A payment run with the call as it would be in its mode; none for what is none.
///
/// # Errors
/// Of the database.
pub(super) async fn find(call: &Call, id: u128) -> Result<Option<(Ctx, Listed)>, Fault> {
    let ctx = call.ctx.clone();
    call.ctx.store.read(move |tx| joined::find(tx, &ctx, PaymentRunId(id))).await
}

/// Cancels a run by the rules of the treasury.
///
/// # Errors
/// 403 for whoever is neither an owner nor its maker, and for a token without the scope; 409 after its release.
pub(super) async fn cancel(call: &Call, own: Ctx, run: &Listed, reason: Option<String>) -> Result<Reply, Fault> {
    check_token(&own)?;
    let (treasury, id, now) = (Arc::clone(&call.app.treasury), run.run.id, call.ctx.now());
    let act = move |tx: &mut Tx<'_>| {
        runs::cancel(tx, &treasury, &own, id, reason.as_deref())?;
        found(tx, &own, id)
    };
    call.commit(act, move |listed| Reply::ok(&run_object(&listed, now))).await
}

/// Pays the candidates of a run again that failed, in a new run; a dry run only tells which.
///
/// # Errors
/// 422 `not_supported` for what only runs of flows can do; 403 for roles that prepare no payments; 409 when nothing is to be paid again.
pub(super) async fn rerun(call: &Call, own: Ctx, run: &Listed, wish: &RerunWish, is_dry: bool) -> Result<Reply, Fault> {
    check_wish(wish)?;
    check_token(&own)?;
    let role = own.caller.member.as_ref().map(|member| member.treasury_role);
    if !matches!(role, Some(TreasuryRole::Owner | TreasuryRole::Analyst)) {
        let required = json!({ "required": "owner or analyst" });
        return Err(Fault::forbidden("Paying again needs the treasury role owner or analyst").with_details(required));
    }
    let (old, scope) = (run.run.clone(), own.caller.scope());
    if is_dry {
        let again = call.ctx.store.read(move |tx| retriable(tx, scope, &old)).await?;
        return Reply::ok(&plan(&again));
    }
    let (treasury, id) = (Arc::clone(&call.app.treasury), call.ctx.ids.next());
    let act = move |tx: &mut Tx<'_>| {
        let again = retriable(tx, scope, &old)?;
        let made = retry_failed(tx, &treasury, &own, (old.id, id))?;
        let mut receipt = plan(&again);
        receipt["run_id"] = json!(made.id);
        Ok(receipt)
    };
    call.commit(act, |receipt| Ok(Reply::value(StatusCode::ACCEPTED, &receipt))).await
}

/// What is paid again; nothing is taken over, and every payment is approved anew.
fn plan(again: &[CandidateId]) -> Value {
    json!({ "reused": [], "again": again, "kept_approvals": [] })
}

fn check_wish(wish: &RerunWish) -> Result<(), Fault> {
    let refuse = |what: &str| {
        let message = format!("A payment run takes no {what}: running it again pays what failed, in a new run");
        Err(Fault::new(FaultKind::Unprocessable, "not_supported", message))
    };
    if wish.repeat_effects {
        return refuse("repeat_effects");
    }
    if wish.from != RerunFrom::Start {
        return refuse("from_step");
    }
    if wish.version != RerunVersion::Same {
        return refuse("version");
    }
    if wish.inputs.is_some() { refuse("inputs") } else { Ok(()) }
}

fn check_token(own: &Ctx) -> Result<(), Fault> {
    if own.caller.has_scope(TOKEN_SCOPE) {
        return Ok(());
    }
    let message = format!("This token does not have the scope {TOKEN_SCOPE}");
    let fault = Fault::new(FaultKind::Forbidden, "insufficient_scope", message);
    Err(fault.with_details(json!({ "required": TOKEN_SCOPE })))
}

fn found(tx: &mut Tx<'_>, own: &Ctx, id: PaymentRunId) -> Result<Listed, Fault> {
    let found = joined::find(tx, own, id)?.ok_or_else(|| Fault::not_found("Run"))?;
    Ok(found.1)
}

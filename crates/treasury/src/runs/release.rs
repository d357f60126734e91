//! The release: money is reserved, candidates are fixed, transactions and payout orders are written, all in the transaction of the last
//! approval (Treasury contract, section 3.4).

use std::collections::HashSet;

use floe_model::id::CandidateId;
use floe_model::treasury::approval::{LimitProblem, Limits, Spent};
use floe_model::treasury::{
    AccountCheck, ApprovalStatus, CURRENCY, ExecutionStatus, Kobo, LookupStatus, RiskDecision, RunStatus,
};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::settings::OrgSettings;
use floe_store::treasury::{payment_runs, wallets};
use serde::Serialize;

use super::approve::{Approve, Choice, count_of};
use super::book::Book;
use super::create::unprocessable;
use super::selection;
use crate::Treasury;
use crate::payouts::{self, Payout, Release};
use crate::trail::{Agent, Who};

/// Why a candidate that was not chosen is rejected.
const NOT_SELECTED: &str = "not_selected";
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Releases what was chosen.
///
/// # Errors
/// `validation_error` naming a limit; `insufficient_balance`; `no_rail`; an internal fault when the candidates are not what people saw.
pub(crate) fn release(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    ctx: &Ctx,
    organisation: &OrgSettings,
    all: &[Candidate],
    choice: &Choice<'_>,
    ask: &Approve,
) -> Result<(), Fault> {
    if book.run.content_hash.as_deref() != Some(&selection::content_hash(all)[..]) {
        return Err(Fault::internal("the candidates of a run are not those that came to approval"));
    }
    check_limits(tx, book, organisation, choice)?;
    let who = Who::caller(ctx);
    let payouts: Vec<Payout> = choice.chosen.iter().map(|candidate| payout(book.treasury, candidate)).collect();
    let execution = Who::agent_in(Agent::Execution, ctx);
    let objective = book.run.objective.clone();
    let asked = Release {
        scope: book.scope,
        run: book.run.id,
        objective: &objective,
        fees: &organisation.fee.schedule,
        who: &execution,
        payouts: &payouts,
        at: book.at,
    };
    let released = payouts::release(tx, book.treasury, &asked)?;
    // The wallet's instants never go back, so that its day is the one that the limits of others count.
    book.at = released.at.max(book.at);
    mark_chosen(tx, book, &who, choice, &released.references, ask)?;
    mark_others(tx, book, &who, all, choice)?;
    book.run.approved_count = count_of(choice.chosen.len());
    book.run.rejected_count = count_of(all.len() - choice.chosen.len());
    book.run.released_amount = Some(released.amount);
    book.run.released_at = Some(book.at);
    book.enter(RunStatus::Executing);
    tell_decided(book, "approved", who.name(), choice.total);
    Ok(())
}

/// What is chosen, as it is paid. A name that differs was shown to whoever approved it.
fn payout(treasury: &Treasury, candidate: &Candidate) -> Payout {
    let check = match candidate.lookup_status {
        LookupStatus::Success => AccountCheck::Passed,
        LookupStatus::Mismatch => AccountCheck::Accepted,
        LookupStatus::Pending | LookupStatus::Failed => AccountCheck::Needed,
    };
    Payout {
        candidate: candidate.id,
        beneficiary_name: candidate.beneficiary_name.clone(),
        account_number: candidate.account_number.clone(),
        institution_code: candidate.institution_code.clone(),
        bank_name: treasury.directory.find(&candidate.institution_code).map(|found| found.name.clone()),
        amount: candidate.amount,
        purpose: candidate.purpose.clone(),
        check,
        checked_at: candidate.lookup_at,
    }
}

/// The limits of the day and the month. The wallet is held before they are read, so that two releases see each other.
fn check_limits(
    tx: &mut Tx<'_>,
    book: &Book<'_>,
    organisation: &OrgSettings,
    choice: &Choice<'_>,
) -> Result<(), Fault> {
    let OrgSettings { single_payout_cap, daily_payout_limit, monthly_payout_limit, .. } = *organisation;
    let limits = Limits { single_payout_cap, daily_payout_limit, monthly_payout_limit };
    wallets::lock(tx, book.scope)?;
    let spent = spent(tx, book.scope, book.at, &limits)?;
    let amounts: Vec<Kobo> = choice.chosen.iter().map(|candidate| candidate.amount).collect();
    limits.check(&amounts, book.run.budget_cap, spent).map_err(limit)
}

fn spent(tx: &mut Tx<'_>, scope: Scope, now: Timestamp, limits: &Limits) -> Result<Spent, Fault> {
    let mut since = |wanted: Option<Kobo>, start: Timestamp| match wanted {
        Some(_) => payment_runs::released_since(tx, scope, start),
        None => Ok(Kobo::ZERO),
    };
    let today = since(limits.daily_payout_limit, Timestamp(now.micros() - now.micros().rem_euclid(DAY_US)))?;
    let this_month = since(limits.monthly_payout_limit, month_start(now))?;
    Ok(Spent { today, this_month })
}

/// The first instant of the calendar month (UTC).
fn month_start(now: Timestamp) -> Timestamp {
    let day = now.to_string().get(8..10).and_then(|day| day.parse::<i64>().ok()).unwrap_or(1);
    let midnight = now.micros() - now.micros().rem_euclid(DAY_US);
    Timestamp(midnight - (day - 1) * DAY_US)
}

/// A limit that a release would pass, as a 422 that names it.
pub(crate) fn limit(problem: LimitProblem) -> Fault {
    let message = format!("{} {} is above the limit of {}", problem.what, problem.amount, problem.limit);
    unprocessable(&format!("/body/{}", problem.name), "less_than_equal", message)
}

/// The `detail` of `approved_candidate`.
#[derive(Serialize)]
struct ApprovedCandidate<'a> {
    candidate_id: CandidateId,
    amount: Kobo,
    by: &'a str,
    auto: bool,
    override_reason: Option<&'a str>,
}

fn mark_chosen(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    who: &Who,
    choice: &Choice<'_>,
    references: &[String],
    ask: &Approve,
) -> Result<(), Fault> {
    let overridden: HashSet<CandidateId> = choice.selection.overridden.iter().copied().collect();
    let mut released = Vec::with_capacity(choice.chosen.len());
    for (candidate, reference) in choice.chosen.iter().zip(references) {
        let reason = ask.override_reason.as_deref().filter(|_| overridden.contains(&candidate.id));
        let was_preselected = candidate.approval == ApprovalStatus::Approved;
        if !was_preselected {
            let (candidate_id, amount, by) = (candidate.id, candidate.amount, who.name());
            let detail = ApprovedCandidate { candidate_id, amount, by, auto: false, override_reason: reason };
            book.note(who, "approved_candidate", &detail);
        }
        let mut released_one = (*candidate).clone();
        released_one.approval = ApprovalStatus::Approved;
        released_one.execution = ExecutionStatus::Pending;
        released_one.reference = Some(reference.clone());
        released_one.updated_at = book.at;
        if !was_preselected {
            released_one.decided_by = Some(who.name().to_owned());
            released_one.decision_reason = reason.map(str::to_owned);
        }
        released.push(released_one);
    }
    if released.len() != choice.chosen.len() {
        return Err(Fault::internal("a release has not as many transactions as candidates"));
    }
    candidates::put(tx, book.scope, book.run.id, &released)
}

/// The `detail` of `rejected_candidate`.
#[derive(Serialize)]
struct RejectedCandidate<'a> {
    candidate_id: CandidateId,
    reason: &'static str,
    by: &'a str,
}

/// Nothing hangs after the run ends: what was not chosen is rejected (section 3.4, 4).
fn mark_others(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    who: &Who,
    all: &[Candidate],
    choice: &Choice<'_>,
) -> Result<(), Fault> {
    let left_out = &choice.selection.left_out;
    for &candidate_id in left_out {
        book.note(who, "rejected_candidate", &RejectedCandidate { candidate_id, reason: NOT_SELECTED, by: who.name() });
    }
    let written = candidates::leave_out(tx, book.scope, book.run.id, NOT_SELECTED, who.name(), book.at)?;
    let expected = all.iter().filter(|one| one.approval != ApprovalStatus::Rejected).count() - choice.chosen.len();
    if usize::try_from(written) == Ok(expected) && expected == left_out.len() {
        return Ok(());
    }
    Err(Fault::internal("a release leaves other candidates out than were not chosen"))
}

/// `data` of `approval.completed`.
#[derive(Serialize)]
struct Decided<'a> {
    run_id: String,
    objective: &'a str,
    action: &'static str,
    status: &'a str,
    approved_count: i64,
    rejected_count: i64,
    total_payout_amount: Kobo,
    currency: &'static str,
    approved_by: &'a str,
}

/// Tells that people decided.
pub(crate) fn tell_decided(book: &mut Book<'_>, action: &'static str, by: &str, total: Kobo) {
    let objective = book.run.objective.clone();
    let data = Decided {
        run_id: book.run.id.to_string(),
        objective: &objective,
        action,
        status: book.run.status.shown().as_str(),
        approved_count: book.run.approved_count,
        rejected_count: book.run.rejected_count,
        total_payout_amount: total,
        currency: CURRENCY,
        approved_by: by,
    };
    book.tell("treasury.approval.completed", &data);
}

/// Whether the risk agent keeps a candidate back.
pub(crate) fn is_blocked(candidate: &Candidate) -> bool {
    candidate.risk_decision == Some(RiskDecision::Blocked)
}

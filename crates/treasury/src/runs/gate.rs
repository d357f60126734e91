//! The gate: a scored run comes to people, with the approval rules as they are now (Treasury contract, sections 6 and 8.2).

use floe_model::treasury::{ApprovalStatus, CURRENCY, Kobo, RiskDecision, RunStatus, Score};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::treasury::candidates::Candidate;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::Book;
use super::rules;
use crate::trail::{self, Who};

/// Flagged candidates that `approval.requested` names.
const FLAGGED_SHOWN: usize = 20;

/// Where people find a run.
pub(crate) fn run_url(book: &Book<'_>) -> String {
    format!("{}/ui/payment-runs/{}", book.treasury.settings.public_url, book.run.id)
}

fn approval_url(book: &Book<'_>) -> String {
    format!("{}/approve", run_url(book))
}

/// `data` of `approval.requested`.
#[derive(Serialize)]
struct Requested<'a> {
    run_id: String,
    objective: &'a str,
    candidate_count: usize,
    total_payout_amount: Kobo,
    currency: &'static str,
    date_range: Option<DateRange<'a>>,
    risk_breakdown: Breakdown,
    flagged_candidates: Vec<Flagged<'a>>,
    approval_url: String,
}

#[derive(Serialize)]
struct DateRange<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct Breakdown {
    auto_approved: usize,
    needs_review: usize,
    blocked: usize,
}

#[derive(Serialize)]
struct Flagged<'a> {
    candidate_id: String,
    beneficiary_name: &'a str,
    amount: Kobo,
    risk_score: Option<Score>,
}

/// `data` of `candidate.flagged`.
#[derive(Serialize)]
struct CandidateFlagged<'a> {
    run_id: String,
    objective: &'a str,
    candidate_id: String,
    beneficiary_name: &'a str,
    account_number: &'a str,
    institution_code: &'a str,
    amount: Kobo,
    risk_score: Option<Score>,
    risk_decision: Option<RiskDecision>,
    risk_reasons: Option<Box<RawValue>>,
    run_url: String,
}

/// The `detail` of `requested_approval`.
#[derive(Serialize)]
struct Request {
    candidate_count: usize,
    total: Kobo,
    approvals_required: i64,
}

/// Brings a scored run to approval: freezes the rules and the content, and tells of it. `candidates` are all of the run, as they are
/// stored now.
///
/// # Errors
/// Of the database.
pub(crate) fn enter(tx: &mut Tx<'_>, book: &mut Book<'_>, candidates: &[Candidate]) -> Result<(), Fault> {
    let total = sum(candidates)?;
    let rules = rules::in_force(tx, book.scope)?;
    let proposed: Vec<&Candidate> = candidates.iter().filter(|candidate| is_proposed(candidate)).collect();
    let required = rules::required(&rules, &proposed)?;
    book.run.rules = Some(trail::text(&rules));
    book.run.approvals_required = Some(required);
    book.run.content_hash = Some(super::selection::content_hash(candidates).to_vec());
    book.run.total_amount = total;
    book.run.candidate_count = i64::try_from(candidates.len()).unwrap_or(i64::MAX);
    book.run.approved_count = count(candidates, ApprovalStatus::Approved);
    book.run.rejected_count = count(candidates, ApprovalStatus::Rejected);
    book.run.requested_at = Some(book.at);
    book.enter(RunStatus::AwaitingApproval);
    tell(book, candidates, total);
    let request = Request { candidate_count: candidates.len(), total, approvals_required: required };
    book.note(&Who::system(), "requested_approval", &request);
    Ok(())
}

/// What is chosen when nobody names candidates: all that are neither rejected nor blocked.
pub(crate) fn is_proposed(candidate: &Candidate) -> bool {
    candidate.approval != ApprovalStatus::Rejected && candidate.risk_decision != Some(RiskDecision::Blocked)
}

/// What candidates come to.
pub(crate) fn sum<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Result<Kobo, Fault> {
    Kobo::checked_sum(candidates.into_iter().map(|candidate| candidate.amount)).ok_or_else(|| {
        Fault::new(FaultKind::Unprocessable, "amount_out_of_range", "The amounts come to more than can be counted")
    })
}

fn count(candidates: &[Candidate], approval: ApprovalStatus) -> i64 {
    let found = candidates.iter().filter(|candidate| candidate.approval == approval).count();
    i64::try_from(found).unwrap_or(i64::MAX)
}

fn tell(book: &mut Book<'_>, candidates: &[Candidate], total: Kobo) {
    let run_id = book.run.id.to_string();
    let objective = book.run.objective.clone();
    let flagged: Vec<&Candidate> = candidates.iter().filter(|candidate| is_flagged(candidate)).collect();
    for candidate in &flagged {
        let data = CandidateFlagged {
            run_id: run_id.clone(),
            objective: &objective,
            candidate_id: candidate.id.to_string(),
            beneficiary_name: &candidate.beneficiary_name,
            account_number: &candidate.account_number,
            institution_code: &candidate.institution_code,
            amount: candidate.amount,
            risk_score: candidate.risk_score,
            risk_decision: candidate.risk_decision,
            risk_reasons: candidate.risk_reasons.clone().and_then(|text| RawValue::from_string(text).ok()),
            run_url: run_url(book),
        };
        book.tell("treasury.candidate.flagged", &data);
    }
    let decided = |decision| candidates.iter().filter(|candidate| candidate.risk_decision == Some(decision)).count();
    let (from, to) = (book.run.date_from.clone(), book.run.date_to.clone());
    let has_range = from.is_some() || to.is_some();
    let shown = flagged.iter().take(FLAGGED_SHOWN).map(|candidate| Flagged {
        candidate_id: candidate.id.to_string(),
        beneficiary_name: &candidate.beneficiary_name,
        amount: candidate.amount,
        risk_score: candidate.risk_score,
    });
    let data = Requested {
        run_id,
        objective: &objective,
        candidate_count: candidates.len(),
        total_payout_amount: total,
        currency: CURRENCY,
        date_range: has_range.then_some(DateRange { from: from.as_deref(), to: to.as_deref() }),
        risk_breakdown: Breakdown {
            auto_approved: decided(RiskDecision::AutoApproved),
            needs_review: decided(RiskDecision::NeedsReview),
            blocked: decided(RiskDecision::Blocked),
        },
        flagged_candidates: shown.collect(),
        approval_url: approval_url(book),
    };
    book.tell("treasury.approval.requested", &data);
}

fn is_flagged(candidate: &Candidate) -> bool {
    matches!(candidate.risk_decision, Some(RiskDecision::NeedsReview | RiskDecision::Blocked))
}

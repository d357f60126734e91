//! Runs, candidates and approvals as they are answered (Treasury contract, sections 2.1, 2.2, 10.2 and 10.3).

use floe_model::id::{ApprovalId, CandidateId, PaymentRunId};
use floe_model::treasury::{
    ApprovalStatus, CURRENCY, ExecutionStatus, Kobo, LookupStatus, PublicRunStatus, RiskDecision, RunStatus, Score,
};
use floe_model::{Fault, Mode};
use floe_store::treasury::approvals::Approval;
use floe_store::treasury::candidates::Candidate;
use floe_store::treasury::payment_runs::PaymentRun;
use floe_store::treasury::payout_runs::PayoutRun;
use floe_treasury::runs::{Approved, FullRun, Rejected};
use serde::Serialize;
use serde_json::value::RawValue;

use super::wire::Seconds;

/// A run on the public side.
#[derive(Serialize)]
pub(super) struct RunOut {
    id: PaymentRunId,
    objective: String,
    status: PublicRunStatus,
    risk_tolerance: Score,
    budget_cap: Option<Kobo>,
    candidate_count: i64,
    created_at: Seconds,
    updated_at: Seconds,
}

impl From<&PaymentRun> for RunOut {
    fn from(run: &PaymentRun) -> Self {
        Self {
            id: run.id,
            objective: run.objective.clone(),
            status: run.status.shown(),
            risk_tolerance: run.risk_tolerance,
            budget_cap: run.budget_cap,
            candidate_count: run.candidate_count,
            created_at: Seconds(run.created_at),
            updated_at: Seconds(run.updated_at),
        }
    }
}

/// What a key is answered for a new run.
#[derive(Serialize)]
pub(super) struct MadeOut {
    id: PaymentRunId,
    status: PublicRunStatus,
    objective: String,
    created_at: Seconds,
}

impl From<&PaymentRun> for MadeOut {
    fn from(run: &PaymentRun) -> Self {
        let (status, objective) = (run.status.shown(), run.objective.clone());
        Self { id: run.id, status, objective, created_at: Seconds(run.created_at) }
    }
}

/// A run on the dashboard side.
#[derive(Serialize)]
pub(super) struct FullRunOut {
    #[serde(flatten)]
    run: RunOut,
    phase: RunStatus,
    version: i64,
    mode: &'static str,
    error: Option<String>,
    created_by: String,
    totals: TotalsOut,
    approvals_required: Option<i64>,
    approvals: Vec<ApprovalOut>,
}

/// What a run comes to.
#[derive(Serialize)]
pub(super) struct TotalsOut {
    candidates: i64,
    amount: Kobo,
    approved: i64,
    rejected: i64,
    succeeded: i64,
    failed: i64,
    followup: i64,
}

/// An approval.
#[derive(Serialize)]
pub(super) struct ApprovalOut {
    id: ApprovalId,
    by: String,
    role: &'static str,
    candidates: i64,
    amount: Kobo,
    notes: Option<String>,
    override_reason: Option<String>,
    approved_at: Seconds,
}

impl From<&Approval> for ApprovalOut {
    fn from(approval: &Approval) -> Self {
        Self {
            id: approval.id,
            by: approval.name.clone(),
            role: approval.role.as_str(),
            candidates: approval.candidates,
            amount: approval.amount,
            notes: approval.notes.clone(),
            override_reason: approval.override_reason.clone(),
            approved_at: Seconds(approval.at),
        }
    }
}

impl FullRunOut {
    /// Of a run of a mode.
    pub(super) fn of(full: &FullRun, mode: Mode) -> Self {
        let run = &full.run;
        Self {
            run: RunOut::from(run),
            phase: run.status,
            version: run.version,
            mode: mode.as_str(),
            error: run.error.clone(),
            created_by: run.creator.name.clone(),
            totals: TotalsOut::of(full),
            approvals_required: run.approvals_required,
            approvals: full.approvals.iter().map(ApprovalOut::from).collect(),
        }
    }
}

impl TotalsOut {
    /// Of a run.
    pub(super) fn of(full: &FullRun) -> Self {
        let run = &full.run;
        let paid = |count: fn(&PayoutRun) -> i64| full.payouts.as_ref().map_or(0, count);
        Self {
            candidates: run.candidate_count,
            amount: run.total_amount,
            approved: run.approved_count,
            rejected: run.rejected_count,
            succeeded: paid(|payouts| payouts.succeeded),
            failed: paid(|payouts| payouts.failed),
            followup: paid(|payouts| payouts.followup),
        }
    }
}

/// A candidate on the public side.
#[derive(Serialize)]
pub(super) struct CandidateOut {
    id: CandidateId,
    run_id: PaymentRunId,
    beneficiary_name: String,
    account_number: String,
    institution_code: String,
    amount: Kobo,
    currency: &'static str,
    risk_score: Option<Score>,
    risk_decision: Option<RiskDecision>,
    approval_status: ApprovalStatus,
    execution_status: ExecutionStatus,
}

impl CandidateOut {
    /// Of a candidate of a run.
    pub(super) fn of(run: PaymentRunId, candidate: &Candidate) -> Self {
        Self {
            id: candidate.id,
            run_id: run,
            beneficiary_name: candidate.beneficiary_name.clone(),
            account_number: candidate.account_number.clone(),
            institution_code: candidate.institution_code.clone(),
            amount: candidate.amount,
            currency: CURRENCY,
            risk_score: candidate.risk_score,
            risk_decision: candidate.risk_decision,
            approval_status: candidate.approval,
            execution_status: candidate.execution,
        }
    }
}

/// A candidate on the dashboard side.
#[derive(Serialize)]
pub(super) struct FullCandidateOut {
    #[serde(flatten)]
    candidate: CandidateOut,
    risk_factors: Option<Box<RawValue>>,
    risk_reasons: Box<RawValue>,
    lookup_status: LookupStatus,
    lookup_account_name: Option<String>,
    name_match: Option<Score>,
    reference: Option<String>,
    failure_reason: Option<String>,
    purpose: Option<String>,
}

impl FullCandidateOut {
    /// Of a candidate of a run.
    ///
    /// # Errors
    /// An internal fault for a row that cannot be read.
    pub(super) fn of(run: PaymentRunId, candidate: &Candidate) -> Result<Self, Fault> {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).map_err(Fault::internal);
        Ok(Self {
            candidate: CandidateOut::of(run, candidate),
            risk_factors: candidate.risk_factors.as_deref().map(raw).transpose()?,
            risk_reasons: raw(candidate.risk_reasons.as_deref().unwrap_or("[]"))?,
            lookup_status: candidate.lookup_status,
            lookup_account_name: candidate.lookup_name.clone(),
            name_match: candidate.name_match,
            reference: candidate.reference.clone(),
            failure_reason: candidate.failure_reason.clone(),
            purpose: candidate.purpose.clone(),
        })
    }
}

/// What an approval came to.
#[derive(Serialize)]
pub(super) struct ApprovedOut {
    run_id: PaymentRunId,
    status: PublicRunStatus,
    approved_count: i64,
    approvals_given: i64,
    approvals_required: i64,
    approved_at: Option<Seconds>,
}

impl From<Approved> for ApprovedOut {
    fn from(approved: Approved) -> Self {
        let Approved { run, approved_count, given, required, approved_at } = approved;
        Self {
            run_id: run.id,
            status: run.status.shown(),
            approved_count,
            approvals_given: given,
            approvals_required: required,
            approved_at: approved_at.map(Seconds),
        }
    }
}

/// What a rejection came to.
#[derive(Serialize)]
pub(super) struct RejectedOut {
    run_id: PaymentRunId,
    status: PublicRunStatus,
    rejected_count: i64,
    remaining_approved: i64,
}

impl From<Rejected> for RejectedOut {
    fn from(rejected: Rejected) -> Self {
        let Rejected { run, rejected_count, remaining_approved } = rejected;
        Self { run_id: run.id, status: run.status.shown(), rejected_count, remaining_approved }
    }
}

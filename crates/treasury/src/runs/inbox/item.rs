//! One item: what is asked, who may answer, and what was answered.

use std::sync::Arc;

use floe_engine::canonical::canonical_digest;
use floe_model::access::{Caller, PAYMENT_APPROVAL, TreasuryRole};
use floe_model::id::PaymentRunId;
use floe_model::treasury::approval::{Approver, ApproverProblem};
use floe_model::treasury::{CURRENCY, RiskDecision, RunStatus, Score};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::approvals::{self, Approval};
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::{self, PaymentRun};
use floe_store::treasury::settings;
use serde_json::{Value, json};

use super::super::jobs::expiry;
use super::super::{gate, people, rules};

/// Where an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The run waits for people, or is scored again for them.
    Open,
    /// It was released, or all of it was rejected.
    Answered,
    /// Nobody decided in time.
    Expired,
    /// It ended without a decision.
    Cancelled,
}

impl Status {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Of a run in this state that came to approval once.
    pub(super) fn of(status: RunStatus, error: Option<&str>, was_released: bool) -> Self {
        match status {
            RunStatus::Pending | RunStatus::Planning | RunStatus::Scoring | RunStatus::AwaitingApproval => Self::Open,
            RunStatus::Executing | RunStatus::Completed | RunStatus::CompletedWithErrors => Self::Answered,
            RunStatus::Failed | RunStatus::Cancelled if was_released => Self::Answered,
            RunStatus::Failed | RunStatus::Cancelled if error == Some("approval_expired") => Self::Expired,
            RunStatus::Failed | RunStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// Why a caller cannot answer an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It was decided, or the caller gave its approval.
    AlreadyAnswered,
    /// Nobody decided in time.
    Expired,
    /// The run ended, or what is to be paid is scored again.
    NotWaiting,
    /// The caller made the run, and there are others who can approve.
    SelfApproval,
    /// The caller is the first person, and a second one is asked.
    FirstPerson,
    /// The role in the treasury does not approve this run.
    Forbidden,
    /// The token does not approve payments.
    Scope,
}

impl Refusal {
    /// Stable word; the code of the fault (console contract, section 4).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyAnswered => "already_answered",
            Self::Expired => "expired",
            Self::NotWaiting => "not_waiting",
            Self::SelfApproval | Self::FirstPerson => "self_approval",
            Self::Forbidden => "forbidden",
            Self::Scope => "insufficient_scope",
        }
    }

    /// The refusal as a fault.
    #[must_use]
    pub fn fault(self) -> Fault {
        let (kind, message) = match self {
            Self::AlreadyAnswered => (FaultKind::Conflict, "This has been decided, or you approved it"),
            Self::NotWaiting => (FaultKind::Conflict, "This does not wait for an answer"),
            Self::Expired => (FaultKind::Gone, "The time to approve this payment run is over"),
            Self::FirstPerson => (FaultKind::Forbidden, "You proposed it; a second, different person confirms it"),
            Self::SelfApproval => (FaultKind::Forbidden, "You made the payment run, and others can approve it"),
            Self::Forbidden => {
                (FaultKind::Forbidden, "Your role in the treasury does not decide this; it needs owner or approver")
            }
            Self::Scope => (
                FaultKind::Forbidden,
                "This token does not have the scope treasury.approve, or the workspace setting token_approvals is off",
            ),
        };
        let fault = Fault::new(kind, self.code(), message);
        match self {
            Self::Forbidden => fault.with_details(json!({ "required": "owner or approver" })),
            Self::Scope => fault.with_details(json!({ "required": PAYMENT_APPROVAL })),
            _ => fault,
        }
    }
}

/// A run as an item.
#[derive(Debug, Clone)]
pub struct Item {
    /// The run.
    pub run: PaymentRun,
    /// Live or test.
    pub mode: Mode,
    /// Where the item is.
    pub status: Status,
    /// What exactly is approved.
    pub content: Value,
    /// Its digest.
    pub content_hash: String,
    /// Candidates that the risk agent approved, wants looked at, and blocked.
    pub decisions: [usize; 3],
    /// The highest score.
    pub highest: Option<Score>,
    /// The approvals of the present version, oldest first.
    pub approvals: Vec<Approval>,
    /// Who rejected all of it and why, when somebody did.
    pub rejected: Option<(Option<String>, Option<String>)>,
    /// When it came to approval.
    pub asked_at: Timestamp,
    /// When the time to approve is over.
    pub due_at: Timestamp,
    /// Why the caller cannot answer it.
    pub refusal: Option<Refusal>,
}

/// The item of a run, whichever mode of the caller's workspace it is in; none when there is no such run, or it never came to approval.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: PaymentRunId) -> Result<Option<Item>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let own = in_mode(ctx, mode);
        if let Some(run) = payment_runs::find(tx, own.caller.scope(), id)? {
            return of_run(tx, &own, run);
        }
    }
    Ok(None)
}

/// The call as it would be in a mode: items of both are in one inbox.
pub(crate) fn in_mode(ctx: &Ctx, mode: Mode) -> Ctx {
    if ctx.caller.mode == mode {
        return ctx.clone();
    }
    ctx.with_caller(Arc::new(Caller { mode, ..Caller::clone(&ctx.caller) }))
}

/// The item of a run in the mode of the caller.
pub(super) fn of_run(tx: &mut Tx<'_>, ctx: &Ctx, run: PaymentRun) -> Result<Option<Item>, Fault> {
    let Some(asked_at) = run.requested_at else { return Ok(None) };
    let scope = ctx.caller.scope();
    let all = candidates::all(tx, scope, run.id)?;
    let approvals = approvals::list(tx, scope, run.id)?;
    let content = content(&run, &all)?;
    let status = Status::of(run.status, run.error.as_deref(), run.released_at.is_some());
    let count = |decision| all.iter().filter(|one| one.risk_decision == Some(decision)).count();
    let is_rejected = status == Status::Answered && run.released_at.is_none();
    let last = all.iter().max_by_key(|one| one.updated_at).filter(|_| is_rejected);
    Ok(Some(Item {
        mode: scope.mode,
        status,
        content_hash: content_hash(&content),
        content,
        decisions: [count(RiskDecision::AutoApproved), count(RiskDecision::NeedsReview), count(RiskDecision::Blocked)],
        highest: all.iter().filter_map(|one| one.risk_score).max(),
        refusal: refusal(tx, ctx, &run, &all, &approvals, status)?,
        rejected: last.map(|one| (one.decided_by.clone(), one.decision_reason.clone())),
        approvals,
        asked_at,
        due_at: expiry(asked_at),
        run,
    }))
}

fn refusal(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    run: &PaymentRun,
    all: &[Candidate],
    approvals: &[Approval],
    status: Status,
) -> Result<Option<Refusal>, Fault> {
    let closed = match status {
        Status::Open if run.status == RunStatus::AwaitingApproval => None,
        Status::Open | Status::Cancelled => Some(Refusal::NotWaiting),
        Status::Answered => Some(Refusal::AlreadyAnswered),
        Status::Expired => Some(Refusal::Expired),
    };
    if closed.is_some() {
        return Ok(closed);
    }
    if !ctx.caller.has_scope(PAYMENT_APPROVAL) {
        return Ok(Some(Refusal::Scope));
    }
    let approver = people::approver_of(tx, ctx)?;
    let role = people::role(&approver);
    if !matches!(role, TreasuryRole::Owner | TreasuryRole::Approver) {
        return Ok(Some(Refusal::Forbidden));
    }
    if let Some(problem) = not_admitted(tx, ctx, run, all, &approver)? {
        return Ok(Some(problem));
    }
    let gave = approvals.iter().any(|one| one.person == people::person(&approver));
    Ok(gave.then_some(Refusal::AlreadyAnswered))
}

/// What the rules say about the approver, for what is chosen when nobody names candidates.
fn not_admitted(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    run: &PaymentRun,
    all: &[Candidate],
    approver: &Approver,
) -> Result<Option<Refusal>, Fault> {
    let organisation = settings::get(tx, ctx.caller.workspace)?;
    let proposed: Vec<&Candidate> = all.iter().filter(|one| gate::is_proposed(one)).collect();
    let requirement = rules::asked_for(&rules::of_run(run)?, &proposed)?;
    let panel = people::panel(tx, ctx.caller.scope(), run, &organisation, requirement)?;
    Ok(panel.admit(approver).err().map(|problem| match problem {
        ApproverProblem::OwnRun | ApproverProblem::OwnKey => Refusal::SelfApproval,
        ApproverProblem::Role | ApproverProblem::KeysOff => Refusal::Forbidden,
    }))
}

/// Everything that is approved. Amounts are texts, so that their digest does not depend on how somebody reads numbers.
fn content(run: &PaymentRun, all: &[Candidate]) -> Result<Value, Fault> {
    let candidates = all.iter().map(|one| {
        json!({
            "id": one.id,
            "beneficiary_name": one.beneficiary_name,
            "account_number": one.account_number,
            "institution_code": one.institution_code,
            "amount": one.amount.to_string(),
        })
    });
    Ok(json!({
        "run_id": run.id,
        "version": run.version,
        "objective": run.objective,
        "currency": CURRENCY,
        "total_amount": run.total_amount.to_string(),
        "budget_cap": run.budget_cap.map(|cap| cap.to_string()),
        "rules": serde_json::to_value(rules::of_run(run)?).map_err(Fault::internal)?,
        "candidates": candidates.collect::<Vec<_>>(),
    }))
}

/// SHA-256 of the canonical JSON of the content, in hexadecimal.
pub(super) fn content_hash(content: &Value) -> String {
    canonical_digest(content)
}

//! A new run: its row, its first candidates, the credit that it costs, the audit entry and the job, in one transaction (Treasury
//! contract, section 2.1).

use std::collections::HashMap;

use floe_model::access::Credential;
use floe_model::id::{CandidateId, MemberId, PaymentRunId, RecipientId, ScheduledRunId};
use floe_model::treasury::{ApprovalStatus, ExecutionStatus, Kobo, LookupStatus, RunStatus, Score};
use floe_model::{Fault, FaultKind, FieldProblem, Scope, Timestamp};
use floe_runtime::credits::{self, Spent};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::access::credit_entries::Origin;
use floe_store::access::keys;
use floe_store::treasury::candidates::{self as candidate_rows, CANDIDATES_MAX, Candidate};
use floe_store::treasury::payment_run_totals as totals;
use floe_store::treasury::payment_runs::{self as rows, Creator, PaymentRun};
use floe_store::treasury::recipients::{self, Recipient};
use floe_store::treasury::settings;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::book::Book;
use crate::Treasury;
use crate::trail::{self, Who};

/// What a run costs, in thousandths of a credit.
const PRICE: i64 = 1_000;

/// A payment that a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCandidate {
    /// Whom to pay, 1 to 255 characters.
    pub beneficiary_name: String,
    /// Ten digits.
    pub account_number: String,
    /// A known code.
    pub institution_code: String,
    /// How much, above 0.
    pub amount: Kobo,
    /// What for, 100 characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The payee's address for mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_email: Option<String>,
    /// The saved payee that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientId>,
}

/// What a caller asks for; as JSON it is kept with a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// 1 to 2,000 characters.
    pub objective: String,
    /// None: what the organisation says.
    pub risk_tolerance: Option<Score>,
    /// The most that may be released.
    pub budget_cap: Option<Kobo>,
    /// Payments that are known already.
    pub candidates: Vec<NewCandidate>,
    /// Saved payees, and what each is paid.
    pub recipients: Option<(Vec<RecipientId>, Kobo)>,
    /// The window, `YYYY-MM-DD`.
    pub date_from: Option<String>,
    /// Its last day.
    pub date_to: Option<String>,
}

/// Where a run comes from, beside what was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    /// The run whose failed payments it makes again.
    pub(crate) retry_of: Option<PaymentRunId>,
    /// The failed candidates, in the order of `NewRun::candidates`.
    pub(crate) retried: Vec<CandidateId>,
    /// The schedule that makes it.
    pub(crate) schedule: Option<ScheduledRunId>,
}

/// What the planner reads, beside the candidates that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Saved payees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) recipients: Vec<String>,
    /// What each is paid, in kobo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount_each: Option<i64>,
    /// What the planner found, once it did: its word for the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
}

/// Makes a run of the caller.
///
/// # Errors
/// `insufficient_credits`; `validation_error` for recipients that are not there.
pub fn create(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    new: &NewRun,
) -> Result<PaymentRun, Fault> {
    let creator = creator_of(tx, ctx)?;
    create_as(tx, treasury, ctx.caller.scope(), &Who::caller(ctx), creator, id, new, &Origins::default())
}

/// Makes a run for somebody.
#[expect(clippy::too_many_arguments, reason = "who, whose and what, each of its own type; called from three places")]
pub(crate) fn create_as(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    who: &Who,
    creator: Creator,
    id: PaymentRunId,
    new: &NewRun,
    origins: &Origins,
) -> Result<PaymentRun, Fault> {
    let platform = &treasury.platform;
    let plan = plan_of(tx, scope, new)?;
    let tolerance = match new.risk_tolerance {
        Some(tolerance) => tolerance,
        None => settings::get(tx, scope.workspace)?.default_risk_tolerance,
    };
    take_credit(tx, platform, scope, id)?;
    let now = platform.clock.now();
    let total = checked_total(new.candidates.iter().map(|candidate| candidate.amount))?;
    let count = i64::try_from(new.candidates.len()).unwrap_or(i64::MAX);
    let run = PaymentRun {
        id,
        seq: totals::open_run(tx, scope)?,
        objective: new.objective.clone(),
        risk_tolerance: tolerance,
        budget_cap: new.budget_cap,
        date_from: new.date_from.clone(),
        date_to: new.date_to.clone(),
        status: RunStatus::Pending,
        version: 1,
        plan: trail::text(&plan),
        candidate_count: count,
        last_candidate: count,
        total_amount: total,
        approved_count: 0,
        rejected_count: 0,
        approvals_required: None,
        rules: None,
        content_hash: None,
        error: None,
        creator,
        retry_of: origins.retry_of,
        schedule: origins.schedule,
        last_event: 0,
        released_amount: None,
        released_at: None,
        requested_at: None,
        finished_at: None,
        created_at: now,
        updated_at: now,
    };
    rows::insert(tx, scope, &run)?;
    let mut candidates = new_candidates(platform, &new.candidates, 0, now);
    for (candidate, retried) in candidates.iter_mut().zip(&origins.retried) {
        candidate.retry_of = Some(*retried);
    }
    candidate_rows::put(tx, scope, id, &candidates)?;
    let mut book = Book::on(treasury, scope, run);
    let detail = json!({ "objective": new.objective, "candidates": count, "actor": who.name() });
    book.note(who, "created_run", &detail);
    book.enter(RunStatus::Pending);
    book.close(tx)
}

/// Candidates as they are before anybody looked at them, numbered after `last`.
pub(crate) fn new_candidates(platform: &Platform, new: &[NewCandidate], last: i64, now: Timestamp) -> Vec<Candidate> {
    let numbered = new.iter().zip(last + 1..);
    let made = numbered.map(|(new, seq)| Candidate {
        id: platform.ids.next(),
        seq,
        beneficiary_name: new.beneficiary_name.clone(),
        account_number: new.account_number.clone(),
        institution_code: new.institution_code.clone(),
        amount: new.amount,
        purpose: new.purpose.clone(),
        beneficiary_email: new.beneficiary_email.clone(),
        recipient: new.recipient,
        risk_score: None,
        risk_decision: None,
        risk_factors: None,
        risk_reasons: None,
        lookup_status: LookupStatus::Pending,
        lookup_name: None,
        name_match: None,
        lookup_at: None,
        approval: ApprovalStatus::Pending,
        decision_reason: None,
        decided_by: None,
        execution: ExecutionStatus::NotStarted,
        failure_reason: None,
        reference: None,
        retry_of: None,
        retried_by: None,
        created_at: now,
        updated_at: now,
    });
    made.collect()
}

/// The sum of amounts.
///
/// # Errors
/// `validation_error` when it is more than can be counted.
pub(crate) fn checked_total(amounts: impl IntoIterator<Item = Kobo>) -> Result<Kobo, Fault> {
    Kobo::checked_sum(amounts).ok_or_else(|| {
        unprocessable("/body/candidates", "less_than_equal", "the amounts come to more than can be counted")
    })
}

/// A problem with a body that only the database could tell.
pub(crate) fn unprocessable(place: &str, kind: &'static str, message: impl Into<String>) -> Fault {
    let message = message.into();
    let problem = FieldProblem::new(place, kind, message.clone());
    Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(vec![problem])
}

/// Refuses more candidates than a run may have.
pub(crate) fn check_room(present: i64, more: usize) -> Result<(), Fault> {
    let room = usize::try_from(present).ok().and_then(|present| CANDIDATES_MAX.checked_sub(present));
    if room.is_some_and(|room| more <= room) {
        return Ok(());
    }
    let message = format!("a run has at most {CANDIDATES_MAX} candidates");
    Err(unprocessable("/body/candidates", "too_long", message))
}

fn plan_of(tx: &mut Tx<'_>, scope: Scope, new: &NewRun) -> Result<Plan, Fault> {
    let Some((chosen, amount)) = &new.recipients else { return Ok(Plan::default()) };
    let known = saved_payees(tx, scope, chosen)?;
    let missing: Vec<FieldProblem> = chosen
        .iter()
        .enumerate()
        .filter(|(_, id)| !known.contains_key(id))
        .map(|(at, _)| FieldProblem::new(format!("/body/recipient_ids/{at}"), "missing", "recipient not found"))
        .collect();
    if let Some(first) = missing.first() {
        let message = first.message.clone();
        return Err(Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(missing));
    }
    let recipients = chosen.iter().map(ToString::to_string).collect();
    Ok(Plan { recipients, amount_each: Some(amount.minor()), source: None })
}

/// Those of some saved payees that are there.
pub(crate) fn saved_payees(
    tx: &mut Tx<'_>,
    scope: Scope,
    ids: &[RecipientId],
) -> Result<HashMap<RecipientId, Recipient>, Fault> {
    let mut found = HashMap::with_capacity(ids.len());
    for &id in ids {
        if !found.contains_key(&id)
            && let Some(recipient) = recipients::find(tx, scope, id)?
        {
            found.insert(id, recipient);
        }
    }
    Ok(found)
}

/// The member behind the caller, or behind its key, and the caller's name.
pub(crate) fn creator_of(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Creator, Fault> {
    let member = person_of(tx, ctx)?;
    let (kind, id, name) = Who::caller(ctx).parts();
    Ok(Creator { kind, id, name, member })
}

/// The member behind the caller, or the one who made its key; none for the server and for keys of the command line.
pub(crate) fn person_of(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<Option<MemberId>, Fault> {
    match (ctx.caller.member_id(), ctx.caller.credential) {
        (Some(member), _) => Ok(Some(member)),
        (None, Credential::TreasuryKey(key)) => {
            Ok(keys::find(tx, ctx.caller.workspace, key)?.and_then(|key| key.created_by))
        }
        (None, _) => Ok(None),
    }
}

fn take_credit(tx: &mut Tx<'_>, platform: &Platform, scope: Scope, id: PaymentRunId) -> Result<(), Fault> {
    let origin = Origin { product: Some(trail::PRODUCT.to_owned()), ..Origin::default() };
    let spent = Spent { credits: PRICE, origin, ..Spent::default() };
    credits::charge(tx, platform, scope, &credit_reference(id), &spent)?
        .map_err(|_| Fault::new(FaultKind::PaymentRequired, "insufficient_credits", "Insufficient AI credits."))
}

/// Gives the credit of a run back, once.
pub(crate) fn give_credit_back(
    tx: &mut Tx<'_>,
    platform: &Platform,
    scope: Scope,
    id: PaymentRunId,
) -> Result<(), Fault> {
    credits::give_back(tx, platform, scope, &credit_reference(id)).map(drop)
}

fn credit_reference(id: PaymentRunId) -> String {
    format!("payment_run:{id}")
}

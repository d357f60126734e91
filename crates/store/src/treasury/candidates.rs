//! Table `payment_candidates`: the payments that a run proposes. Amounts are in kobo, scores in ten-thousandths.
//!
//! Every act that writes here holds the run ([`super::payment_runs::lock`]) or, for results of payouts, the released run.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{CandidateId, PaymentRunId, RecipientId},
    treasury::{ApprovalStatus, ExecutionStatus, Kobo, LookupStatus, RiskDecision, Score},
};

use super::{payment_run_events, payment_runs::score};
use crate::{Row, Tx, Value, params, statements};

/// Candidates of one run at most (treasury contract, section 2.1).
pub const CANDIDATES_MAX: usize = 10_000;
/// Candidates of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: CandidateId,
    /// Its number in the run, from 1.
    pub seq: i64,
    /// Whom to pay.
    pub beneficiary_name: String,
    /// Ten digits.
    pub account_number: String,
    /// As it was given.
    pub institution_code: String,
    /// How much.
    pub amount: Kobo,
    /// What for: the narration.
    pub purpose: Option<String>,
    /// The payee's address for mail.
    pub beneficiary_email: Option<String>,
    /// The saved payee that it was made of.
    pub recipient: Option<RecipientId>,
    /// None until it is scored.
    pub risk_score: Option<Score>,
    /// None until it is scored.
    pub risk_decision: Option<RiskDecision>,
    /// JSON object: the ten factors.
    pub risk_factors: Option<String>,
    /// JSON list: the rules that spoke.
    pub risk_reasons: Option<String>,
    /// What the name enquiry said.
    pub lookup_status: LookupStatus,
    /// The name that it answered.
    pub lookup_name: Option<String>,
    /// How far that is the name given.
    pub name_match: Option<Score>,
    /// When it was asked.
    pub lookup_at: Option<Timestamp>,
    /// What was decided.
    pub approval: ApprovalStatus,
    /// Why.
    pub decision_reason: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// How far its payout is.
    pub execution: ExecutionStatus,
    /// Why it was not paid.
    pub failure_reason: Option<String>,
    /// The reference of its transaction.
    pub reference: Option<String>,
    /// The failed candidate that it pays again.
    pub retry_of: Option<CandidateId>,
    /// The run that pays it again.
    pub retried_by: Option<PaymentRunId>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which candidates a list shows; an empty filter shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// With this decision.
    pub approval: Option<ApprovalStatus>,
    /// With this state of the payout.
    pub execution: Option<ExecutionStatus>,
    /// With this answer of the risk agent.
    pub decision: Option<RiskDecision>,
}

/// What the candidates of a run come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// All of them.
    pub candidates: i64,
    /// What they come to.
    pub amount: Kobo,
    /// Approved ones.
    pub approved: i64,
    /// What these come to.
    pub approved_amount: Kobo,
    /// Rejected ones.
    pub rejected: i64,
    /// Paid ones, also those whose money came back.
    pub succeeded: i64,
    /// What was paid, also what came back.
    pub paid: Kobo,
    /// Not paid, for good.
    pub failed: i64,
    /// Left to people.
    pub followup: i64,
    /// Blocked by the risk agent.
    pub blocked: i64,
}

macro_rules! columns {
    () => {
        "id, seq, beneficiary_name, account_number, institution_code, amount, purpose, beneficiary_email, recipient_id, risk_score,
             risk_decision, risk_factors, risk_reasons, lookup_status, lookup_name, name_match, lookup_at, approval_status, decision_reason,
             decided_by, execution_status, failure_reason, reference, retry_of, retried_by, created_at, updated_at"
    };
}

macro_rules! select {
    ($tail:literal) => {
        concat!("select ", columns!(), " from payment_candidates ", $tail)
    };
}

statements! {
    /// Writes candidates, new or known. What a candidate is about changes only by this.
    PUT = bulk(
        "insert into payment_candidates (workspace_id, mode, run_id, id, seq, beneficiary_name, account_number, institution_code, amount,
             purpose, beneficiary_email, recipient_id, risk_score, risk_decision, risk_factors, risk_reasons, lookup_status, lookup_name,
             name_match, lookup_at, approval_status, decision_reason, decided_by, execution_status, failure_reason, reference, retry_of,
             retried_by, created_at, updated_at)",
        [id, text, id, id, int, text, text, text, int, opt text, opt text, opt id, opt int, opt text, opt json, opt json, text, opt text,
         opt int, opt int, text, opt text, opt text, text, opt text, opt text, opt id, opt id, int, int],
        "on conflict (workspace_id, mode, run_id, seq) do update set beneficiary_name = excluded.beneficiary_name,
             account_number = excluded.account_number, institution_code = excluded.institution_code, amount = excluded.amount,
             purpose = excluded.purpose, beneficiary_email = excluded.beneficiary_email, recipient_id = excluded.recipient_id,
             risk_score = excluded.risk_score, risk_decision = excluded.risk_decision, risk_factors = excluded.risk_factors,
             risk_reasons = excluded.risk_reasons, lookup_status = excluded.lookup_status, lookup_name = excluded.lookup_name,
             name_match = excluded.name_match, lookup_at = excluded.lookup_at, approval_status = excluded.approval_status,
             decision_reason = excluded.decision_reason, decided_by = excluded.decided_by, execution_status = excluded.execution_status,
             failure_reason = excluded.failure_reason, reference = excluded.reference, retried_by = excluded.retried_by,
             updated_at = excluded.updated_at"
    );
    /// All candidates of a run, oldest first.
    ALL = both(select!("where workspace_id = $1 and mode = $2 and run_id = $3 and seq > $4 order by seq limit $5"))
        -> [id, int, text, text, text, int, opt text, opt text, opt id, opt int, opt text, opt json, opt json, text, opt text, opt int,
        opt time, text, opt text, opt text, text, opt text, opt text, opt id, opt id, time, time];
    /// One candidate.
    FIND = both(select!("where workspace_id = $1 and mode = $2 and run_id = $3 and id = $4"))
        -> [id, int, text, text, text, int, opt text, opt text, opt id, opt int, opt text, opt json, opt json, text, opt text, opt int,
        opt time, text, opt text, opt text, text, opt text, opt text, opt id, opt id, time, time];
    /// Candidates of a run that a filter lets through, oldest first.
    LIST = both(select!(
        "where workspace_id = $1 and mode = $2 and run_id = $3 and (approval_status = $4 or cast($4 as text) is null)
             and (execution_status = $5 or cast($5 as text) is null) and (risk_decision = $6 or cast($6 as text) is null)
         order by seq limit $7 offset $8"
    )) -> [id, int, text, text, text, int, opt text, opt text, opt id, opt int, opt text, opt json, opt json, text, opt text, opt int,
        opt time, text, opt text, opt text, text, opt text, opt text, opt id, opt id, time, time];
    /// How many of them there are.
    COUNT = both(
        "select count(*) from payment_candidates
         where workspace_id = $1 and mode = $2 and run_id = $3 and (approval_status = $4 or cast($4 as text) is null)
             and (execution_status = $5 or cast($5 as text) is null) and (risk_decision = $6 or cast($6 as text) is null)"
    ) -> [int];
    /// What the candidates of a run come to.
    SUMS = both(
        "select count(*), cast(coalesce(sum(amount), 0) as bigint), count(case when approval_status = 'approved' then 1 end),
             cast(coalesce(sum(case when approval_status = 'approved' then amount end), 0) as bigint),
             count(case when approval_status = 'rejected' then 1 end),
             count(case when execution_status in ('success', 'reversed') then 1 end),
             cast(coalesce(sum(case when execution_status in ('success', 'reversed') then amount end), 0) as bigint),
             count(case when execution_status = 'failed' then 1 end),
             count(case when execution_status = 'requires_followup' then 1 end),
             count(case when risk_decision = 'blocked' then 1 end)
         from payment_candidates where workspace_id = $1 and mode = $2 and run_id = $3"
    ) -> [int, int, int, int, int, int, int, int, int, int];
    /// Takes one out.
    REMOVE = both("delete from payment_candidates where workspace_id = $1 and mode = $2 and run_id = $3 and seq = $4");
    /// The result of payouts, by the candidates' ids (a JSON list of ids in hexadecimal digits).
    SETTLE = split {
        sqlite: "update payment_candidates set execution_status = $5, failure_reason = $6, updated_at = $7
             where workspace_id = $1 and mode = $2 and run_id = $3
                 and id in (select unhex(value) from json_each($4))",
        postgres: "update payment_candidates set execution_status = $5, failure_reason = $6, updated_at = $7
             where workspace_id = $1 and mode = $2 and run_id = $3
                 and id in (select value::uuid from json_array_elements_text($4::text::json) as given(value))",
    };
    /// Everything that is neither approved nor rejected by now, at the release.
    LEAVE_OUT = both(
        "update payment_candidates set approval_status = 'rejected', decision_reason = $4, decided_by = $5, updated_at = $6
         where workspace_id = $1 and mode = $2 and run_id = $3 and approval_status <> 'rejected' and execution_status = 'not_started'"
    );
    /// Takes back every decision, of people and of the risk agent.
    RESET = both(
        "update payment_candidates set approval_status = 'pending', decision_reason = null, decided_by = null, risk_score = null,
             risk_decision = null, risk_factors = null, risk_reasons = null, updated_at = $4
         where workspace_id = $1 and mode = $2 and run_id = $3"
    );
    /// Failed candidates that were not paid again yet.
    RETRIABLE = both(select!(
        "where workspace_id = $1 and mode = $2 and run_id = $3 and execution_status = 'failed' and retried_by is null order by seq"
    )) -> [id, int, text, text, text, int, opt text, opt text, opt id, opt int, opt text, opt json, opt json, text, opt text, opt int,
        opt time, text, opt text, opt text, text, opt text, opt text, opt id, opt id, time, time];
    /// Notes that they are paid again now.
    RETRIED = both(
        "update payment_candidates set retried_by = $4
         where workspace_id = $1 and mode = $2 and run_id = $3 and execution_status = 'failed' and retried_by is null"
    );
}

/// Writes candidates, new or known by their numbers.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, candidates: &[Candidate]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 30]> = candidates.iter().map(|candidate| values(scope, run, candidate)).collect();
    tx.bulk(&PUT, &rows).map(drop)
}

fn values(scope: Scope, run: PaymentRunId, candidate: &Candidate) -> [Value<'_>; 30] {
    [
        scope.workspace.into(),
        scope.mode.into(),
        run.0.into(),
        candidate.id.0.into(),
        candidate.seq.into(),
        (&candidate.beneficiary_name).into(),
        (&candidate.account_number).into(),
        (&candidate.institution_code).into(),
        candidate.amount.0.into(),
        (&candidate.purpose).into(),
        (&candidate.beneficiary_email).into(),
        candidate.recipient.map(|id| id.0).into(),
        candidate.risk_score.map(Score::ten_thousandths).into(),
        candidate.risk_decision.map(RiskDecision::as_str).into(),
        (&candidate.risk_factors).into(),
        (&candidate.risk_reasons).into(),
        candidate.lookup_status.as_str().into(),
        (&candidate.lookup_name).into(),
        candidate.name_match.map(Score::ten_thousandths).into(),
        candidate.lookup_at.into(),
        candidate.approval.as_str().into(),
        (&candidate.decision_reason).into(),
        (&candidate.decided_by).into(),
        candidate.execution.as_str().into(),
        (&candidate.failure_reason).into(),
        (&candidate.reference).into(),
        candidate.retry_of.map(|id| id.0).into(),
        candidate.retried_by.map(|id| id.0).into(),
        candidate.created_at.into(),
        candidate.updated_at.into(),
    ]
}

/// All candidates of a run, oldest first; a run has at most [`CANDIDATES_MAX`].
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Vec<Candidate>, Fault> {
    tx.rows(&ALL, params![scope.workspace, scope.mode, run.0, 0_i64, CANDIDATES_MAX], candidate)
}

/// One candidate of a run.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, id: CandidateId) -> Result<Option<Candidate>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, run.0, id.0], candidate)
}

/// A page of the candidates of a run, oldest first.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<Vec<Candidate>, Fault> {
    let [approval, execution, decision] = words(filter);
    tx.rows(
        &LIST,
        params![scope.workspace, scope.mode, run.0, approval, execution, decision, limit.min(PAGE_MAX), offset],
        candidate,
    )
}

/// How many candidates of a run a filter lets through.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, filter: &Filter) -> Result<i64, Fault> {
    let [approval, execution, decision] = words(filter);
    let found =
        tx.row(&COUNT, params![scope.workspace, scope.mode, run.0, approval, execution, decision], |row| row.int(0))?;
    Ok(found.unwrap_or(0))
}

fn words(filter: &Filter) -> [Option<&'static str>; 3] {
    [
        filter.approval.map(ApprovalStatus::as_str),
        filter.execution.map(ExecutionStatus::as_str),
        filter.decision.map(RiskDecision::as_str),
    ]
}

/// What the candidates of a run come to.
///
/// # Errors
/// Of the database.
pub fn sums(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Sums, Fault> {
    let found = tx.row(&SUMS, params![scope.workspace, scope.mode, run.0], |row| {
        Ok(Sums {
            candidates: row.int(0)?,
            amount: Kobo(row.int(1)?),
            approved: row.int(2)?,
            approved_amount: Kobo(row.int(3)?),
            rejected: row.int(4)?,
            succeeded: row.int(5)?,
            paid: Kobo(row.int(6)?),
            failed: row.int(7)?,
            followup: row.int(8)?,
            blocked: row.int(9)?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Takes a candidate out of its run.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, seq: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&REMOVE, params![scope.workspace, scope.mode, run.0, seq])? == 1)
}

/// Notes the same result for the payouts of these candidates, and tells whoever watches the run; answers how many were written.
///
/// # Errors
/// Of the database.
pub fn settle(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    ids: &[CandidateId],
    execution: ExecutionStatus,
    failure_reason: Option<&str>,
    at: Timestamp,
) -> Result<u64, Fault> {
    let ids: Vec<String> = ids.iter().map(|id| format!("{:032x}", id.0)).collect();
    let ids = serde_json::to_string(&ids).map_err(Fault::internal)?;
    let values = params![scope.workspace, scope.mode, run.0, &ids, execution.as_str(), failure_reason, at];
    let written = tx.execute(&SETTLE, values)?;
    let facts = serde_json::json!({ "execution_status": execution, "candidates": written, "reason": failure_reason });
    payment_run_events::append(tx, scope, run, "payouts", &facts.to_string(), at)?;
    Ok(written)
}

/// Rejects what was not chosen at the release; answers how many these are.
///
/// # Errors
/// Of the database.
pub fn leave_out(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    reason: &str,
    by: &str,
    at: Timestamp,
) -> Result<u64, Fault> {
    tx.execute(&LEAVE_OUT, params![scope.workspace, scope.mode, run.0, reason, by, at])
}

/// Takes back every decision about the candidates of a run: what is to be paid has changed.
///
/// # Errors
/// Of the database.
pub fn reset(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&RESET, params![scope.workspace, scope.mode, run.0, at]).map(drop)
}

/// The candidates of a run that failed and are not paid again yet, oldest first.
///
/// # Errors
/// Of the database.
pub fn failed(tx: &mut Tx<'_>, scope: Scope, run: PaymentRunId) -> Result<Vec<Candidate>, Fault> {
    tx.rows(&RETRIABLE, params![scope.workspace, scope.mode, run.0], candidate)
}

/// Takes the failed candidates of a run that were not paid again yet, and notes that `by` pays them.
///
/// # Errors
/// Of the database.
pub fn take_failed(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    by: PaymentRunId,
) -> Result<Vec<Candidate>, Fault> {
    let found = failed(tx, scope, run)?;
    tx.execute(&RETRIED, params![scope.workspace, scope.mode, run.0, by.0])?;
    Ok(found)
}

fn candidate(row: &Row<'_>) -> Result<Candidate, Fault> {
    Ok(Candidate {
        id: CandidateId(row.id(0)?),
        seq: row.int(1)?,
        beneficiary_name: row.string(2)?,
        account_number: row.string(3)?,
        institution_code: row.string(4)?,
        amount: Kobo(row.int(5)?),
        purpose: row.opt_string(6)?,
        beneficiary_email: row.opt_string(7)?,
        recipient: row.opt_id(8)?.map(RecipientId),
        risk_score: row.opt_int(9)?.map(score),
        risk_decision: row.opt_text(10)?.and_then(RiskDecision::parse),
        risk_factors: row.opt_string(11)?,
        risk_reasons: row.opt_string(12)?,
        lookup_status: LookupStatus::parse(row.text(13)?).ok_or_else(|| row.mismatch(13, "an answer"))?,
        lookup_name: row.opt_string(14)?,
        name_match: row.opt_int(15)?.map(score),
        lookup_at: row.opt_time(16)?,
        approval: ApprovalStatus::parse(row.text(17)?).ok_or_else(|| row.mismatch(17, "a decision"))?,
        decision_reason: row.opt_string(18)?,
        decided_by: row.opt_string(19)?,
        execution: ExecutionStatus::parse(row.text(20)?).ok_or_else(|| row.mismatch(20, "a state"))?,
        failure_reason: row.opt_string(21)?,
        reference: row.opt_string(22)?,
        retry_of: row.opt_id(23)?.map(CandidateId),
        retried_by: row.opt_id(24)?.map(PaymentRunId),
        created_at: row.time(25)?,
        updated_at: row.time(26)?,
    })
}

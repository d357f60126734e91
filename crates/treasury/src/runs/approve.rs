//! Approving a run: who, what, how many, up to which limits; and the release that follows on the last approval that is needed
//! (Treasury contract, sections 3.4, 3.7, 6 and 10.3). All of it is one transaction under the lock of the run.

use std::collections::HashSet;

use floe_model::access::TreasuryRole;
use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::approval::{Approver, Limits, Panel, Selectable, Selection, SelectionProblem, Spent, select};
use floe_model::treasury::{Kobo, RunStatus};
use floe_model::{Fault, FaultKind, FieldProblem, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::approvals::{self, Approval};
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::PaymentRun;
use floe_store::treasury::settings::{self, OrgSettings};
use serde::Serialize;

use super::book::Book;
use super::create::unprocessable;
use super::gate::sum;
use super::{people, release, rules, selection};
use crate::Treasury;
use crate::trail::Who;

/// What an approver says.
#[derive(Debug, Clone, Default)]
pub struct Approve {
    /// Exactly these; none is everything that is neither rejected nor blocked.
    pub candidates: Option<Vec<CandidateId>>,
    /// The version that was looked at.
    pub expected_version: Option<i64>,
    /// A word about it, 500 characters at most.
    pub notes: Option<String>,
    /// Why a blocked candidate is paid.
    pub override_reason: Option<String>,
}

/// What an approval came to.
#[derive(Debug, Clone)]
pub struct Approved {
    /// The run as it is now.
    pub run: PaymentRun,
    /// Candidates that are approved by it.
    pub approved_count: i64,
    /// People who approved.
    pub given: i64,
    /// People who have to.
    pub required: i64,
    /// When it was released; none while people are missing.
    pub approved_at: Option<Timestamp>,
}

/// What is chosen, as the row of the run and the approver have it.
pub(crate) struct Choice<'c> {
    /// The candidates, in the order of the run.
    pub(crate) chosen: Vec<&'c Candidate>,
    /// What the release does to the others.
    pub(crate) selection: Selection,
    /// What the chosen ones come to.
    pub(crate) total: Kobo,
}

/// Approves a run in the name of the caller, and releases it when that was the last approval that it needs.
///
/// # Errors
/// `not_found`; a conflict for another state, version or choice; `forbidden` for whoever does not count; `validation_error` for the choice
/// and for limits; `insufficient_balance`; `no_rail`. Nothing is changed then.
pub fn approve(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: PaymentRunId,
    ask: &Approve,
) -> Result<Approved, Fault> {
    let scope = ctx.caller.scope();
    let organisation = settings::get(tx, scope.workspace)?;
    let approver = people::approver_of(tx, ctx)?;
    people::require_keys_allowed(&approver, &organisation)?;
    let mut book = Book::open(tx, treasury, scope, id)?;
    require_awaiting(&book.run)?;
    require_version(&book.run, ask.expected_version)?;
    let all = candidates::all(tx, scope, id)?;
    let choice = choose(&all, ask, &approver)?;
    let panel = panel_for(tx, &book, &organisation, &choice.chosen)?;
    panel.admit(&approver).map_err(people::refused)?;
    check_caps(&book.run, &organisation, &choice)?;
    let before = approvals::list(tx, scope, id)?;
    let hash = selection::selection_hash(choice.chosen.iter().map(|candidate| candidate.id));
    require_same_choice(&before, &hash)?;
    let approval = approval_of(ctx, &book, &approver, ask, &choice, hash);
    let is_new = approvals::add(tx, scope, id, &approval)?;
    let mut given = before;
    if is_new {
        given.push(approval);
    }
    let (given, required) = (people::given(&panel, &given), i64::from(panel.requirement.approvers));
    let is_complete = given >= required;
    if is_new {
        note(&mut book, ctx, ask, &choice, (given, required));
    }
    let approved_count = count_of(choice.chosen.len());
    if !is_complete {
        let run = if is_new { book.close(tx)? } else { book.run };
        return Ok(Approved { run, approved_count, given, required, approved_at: None });
    }
    // What was chosen may have asked for fewer people than everything did.
    book.run.approvals_required = Some(required);
    release::release(tx, &mut book, ctx, &organisation, &all, &choice, ask)?;
    let approved_at = book.run.released_at;
    let run = book.close(tx)?;
    Ok(Approved { run, approved_count, given, required, approved_at })
}

/// Takes the caller's own approval back while the run is not released.
///
/// # Errors
/// `not_found`; a conflict for another state, and when the caller did not approve.
pub fn take_back(tx: &mut Tx<'_>, treasury: &Treasury, ctx: &Ctx, id: PaymentRunId) -> Result<Approved, Fault> {
    let scope = ctx.caller.scope();
    let mut book = Book::open(tx, treasury, scope, id)?;
    require_awaiting(&book.run)?;
    let approver = people::approver_of(tx, ctx)?;
    if !approvals::remove(tx, scope, id, people::person(&approver))? {
        return Err(Fault::conflict("conflict", "You have not approved this run"));
    }
    let who = Who::caller(ctx);
    book.happened("approval_taken_back", &serde_json::json!({ "by": who.name() }));
    book.note(&who, "took_back_approval", &serde_json::json!({ "by": who.name() }));
    let organisation = settings::get(tx, scope.workspace)?;
    let all = candidates::all(tx, scope, id)?;
    let proposed: Vec<&Candidate> = all.iter().filter(|candidate| super::gate::is_proposed(candidate)).collect();
    let panel = panel_for(tx, &book, &organisation, &proposed)?;
    let given = people::given(&panel, &approvals::list(tx, scope, id)?);
    let required = i64::from(panel.requirement.approvers);
    let run = book.close(tx)?;
    Ok(Approved { approved_count: 0, run, given, required, approved_at: None })
}

/// 409 in the words of the contract, unless the run waits for approval.
pub(crate) fn require_awaiting(run: &PaymentRun) -> Result<(), Fault> {
    if run.status == RunStatus::AwaitingApproval {
        return Ok(());
    }
    Err(Fault::conflict("conflict", format!("Run is not awaiting approval (current status: {})", run.status)))
}

pub(crate) fn require_version(run: &PaymentRun, expected: Option<i64>) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != run.version => {
            let message = format!("Run was changed (expected version: {expected}, current version: {})", run.version);
            Err(Fault::conflict("conflict", message))
        }
        _ => Ok(()),
    }
}

fn choose<'c>(all: &'c [Candidate], ask: &Approve, approver: &Approver) -> Result<Choice<'c>, Fault> {
    if all.is_empty() {
        return Err(unprocessable("/body/candidate_ids", "too_short", "the run has no candidate to approve"));
    }
    let is_owner = matches!(approver, Approver::Member(_, TreasuryRole::Owner));
    let selectable: Vec<Selectable> =
        all.iter().map(|one| Selectable { id: one.id, approval: one.approval, risk: one.risk_decision }).collect();
    let may_override = is_owner && ask.override_reason.is_some();
    let selection = select(&selectable, ask.candidates.as_deref(), may_override)
        .map_err(|problem| wrong_choice(problem, ask.candidates.as_deref(), is_owner))?;
    let chosen_ids: HashSet<CandidateId> = selection.chosen.iter().copied().collect();
    let chosen: Vec<&Candidate> = all.iter().filter(|one| chosen_ids.contains(&one.id)).collect();
    let total = sum(chosen.iter().copied())?;
    Ok(Choice { chosen, selection, total })
}

fn wrong_choice(problem: SelectionProblem, named: Option<&[CandidateId]>, is_owner: bool) -> Fault {
    let place_of = |id: CandidateId, last: bool| {
        let mut found = named.unwrap_or(&[]).iter().enumerate().filter(|(_, named)| **named == id).map(|(at, _)| at);
        let at = if last { found.next_back() } else { found.next() };
        format!("/body/candidate_ids/{}", at.unwrap_or(0))
    };
    let (place, kind, message) = match problem {
        SelectionProblem::Nothing => {
            ("/body/candidate_ids".to_owned(), "too_short", "the run has no candidate that can be approved".to_owned())
        }
        SelectionProblem::Empty => {
            ("/body/candidate_ids".to_owned(), "too_short", "must have at least 1 item".to_owned())
        }
        SelectionProblem::Foreign(id) => (place_of(id, false), "missing", "is not a candidate of this run".to_owned()),
        SelectionProblem::Repeated(id) => (place_of(id, true), "enum", "is named twice".to_owned()),
        SelectionProblem::Rejected(id) => (place_of(id, false), "enum", "was rejected".to_owned()),
        SelectionProblem::Blocked(_) if is_owner => {
            let message = "field required: a blocked candidate is included only with a reason".to_owned();
            ("/body/override_reason".to_owned(), "missing", message)
        }
        SelectionProblem::Blocked(id) => {
            (place_of(id, false), "enum", "is blocked: only an owner can include it".to_owned())
        }
    };
    let problem = FieldProblem::new(place, kind, message.clone());
    Fault::new(FaultKind::Unprocessable, "validation_error", message).with_fields(vec![problem])
}

fn panel_for(
    tx: &mut Tx<'_>,
    book: &Book<'_>,
    organisation: &OrgSettings,
    chosen: &[&Candidate],
) -> Result<Panel, Fault> {
    let asked = rules::asked_for(&rules::of_run(&book.run)?, chosen)?;
    people::panel(tx, book.scope, &book.run, organisation, asked)
}

/// The caps that hold whatever else is released: those of the run and of one payout.
fn check_caps(run: &PaymentRun, organisation: &OrgSettings, choice: &Choice<'_>) -> Result<(), Fault> {
    let amounts: Vec<Kobo> = choice.chosen.iter().map(|candidate| candidate.amount).collect();
    let limits = Limits { single_payout_cap: organisation.single_payout_cap, ..Limits::default() };
    limits.check(&amounts, run.budget_cap, Spent::default()).map_err(release::limit)
}

fn require_same_choice(before: &[Approval], hash: &[u8; 32]) -> Result<(), Fault> {
    if before.iter().all(|approval| approval.selection_hash == hash) {
        return Ok(());
    }
    let message = "Other candidates were approved before: that approval has to be taken back, or the run be rejected";
    Err(Fault::conflict("conflict", message))
}

fn approval_of(
    ctx: &Ctx,
    book: &Book<'_>,
    approver: &Approver,
    ask: &Approve,
    choice: &Choice<'_>,
    hash: [u8; 32],
) -> Approval {
    Approval {
        id: ctx.ids.next(),
        person: people::person(approver),
        key: people::key(approver),
        role: people::role(approver),
        name: ctx.caller.name.clone(),
        version: book.run.version,
        selection_hash: hash.to_vec(),
        candidates: count_of(choice.chosen.len()),
        amount: choice.total,
        notes: ask.notes.clone(),
        override_reason: ask.override_reason.clone().filter(|_| !choice.selection.overridden.is_empty()),
        at: book.at,
    }
}

/// The `detail` of `approved_run`.
#[derive(Serialize)]
struct ApprovedRun<'a> {
    by: &'a str,
    candidates: usize,
    total: Kobo,
    approvals_given: i64,
    approvals_required: i64,
    notes: Option<&'a str>,
}

fn note(book: &mut Book<'_>, ctx: &Ctx, ask: &Approve, choice: &Choice<'_>, (given, required): (i64, i64)) {
    let who = Who::caller(ctx);
    let detail = ApprovedRun {
        by: who.name(),
        candidates: choice.chosen.len(),
        total: choice.total,
        approvals_given: given,
        approvals_required: required,
        notes: ask.notes.as_deref(),
    };
    book.note(&who, "approved_run", &detail);
    book.happened("approval", &detail);
}

pub(crate) fn count_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

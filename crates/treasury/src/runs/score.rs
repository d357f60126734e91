//! Scoring: account checks through the rail, the history of each account, the risk agent, and then the gate (Treasury contract, section 5).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::risk::{
    AccountCheck, AccountHistory, BlockKind, Blocklist, RiskCandidate, RiskReason, RiskTerms, Scored, score_run,
};
use floe_model::treasury::{AccountNumber, ApprovalStatus, Kobo, LookupStatus, RiskDecision, RunStatus, Score};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_runs::{self, PaymentRun};
use floe_store::treasury::settings::{self, OrgSettings};
use floe_store::treasury::{blocklist, history};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::approve::count_of;
use super::book::Book;
use super::gate;
use crate::Treasury;
use crate::payouts::rails::{Account, Enquiry};
use crate::trail::{self, Agent, Who};

/// Accounts that are asked about at a time.
const ENQUIRIES_MAX: usize = 500;
/// Times that an account is asked about before it stays unverified (Treasury contract, section 5.2).
const TRIES_MAX: usize = 3;
/// Pause before an account is asked about again.
const TRY_PAUSE: Duration = Duration::from_millis(200);
/// Hours after which the answer of a name enquiry is asked for again.
const ENQUIRY_HOURS: i64 = 24;
/// The windows of the history, days and hours.
const SHORT_DAYS: i64 = 7;
const LONG_DAYS: i64 = 30;
const RECENT_HOURS: i64 = 24;

/// What a run is scored from.
struct Ground {
    run: PaymentRun,
    candidates: Vec<Candidate>,
    settings: OrgSettings,
    blocklist: Blocklist,
}

/// What is known about an account: the number and the bank by its one name.
type AccountKey<'a> = (&'a str, &'a str);

impl Treasury {
    /// Scores the candidates of a run and brings it to approval; does nothing when the run is past that, or was changed meanwhile.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn score(self: &Arc<Self>, scope: Scope, id: PaymentRunId) -> Result<(), Fault> {
        let treasury = Arc::clone(self);
        let Some(mut ground) = self.platform.store.read(move |tx| load(tx, &treasury, scope, id)).await? else {
            return Ok(());
        };
        let asked = self.verify(scope, &mut ground.candidates).await;
        let treasury = Arc::clone(self);
        let mut accounts: Vec<String> = ground.candidates.iter().map(|one| one.account_number.clone()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let histories = self.platform.store.read(move |tx| histories(tx, &treasury, scope, &accounts)).await?;
        let treasury = Arc::clone(self);
        // Ten thousand candidates take their time: not on a thread that answers requests.
        let deciding = tokio::task::spawn_blocking(move || {
            decide(&treasury, &mut ground, &histories, treasury.platform.clock.now()).map(|()| ground)
        });
        let scored = deciding.await.map_err(Fault::internal)??;
        let treasury = Arc::clone(self);
        self.platform.store.write_later(move |tx| write(tx, &treasury, scope, &scored, &asked)).await
    }

    /// Asks for the holders of the accounts that are not known yet, and notes the answers. Tells which candidates were asked about.
    async fn verify(&self, scope: Scope, all: &mut [Candidate]) -> HashSet<CandidateId> {
        let now = self.platform.clock.now();
        let is_young = |candidate: &Candidate| {
            candidate.lookup_at.is_some_and(|at| at.plus_seconds(ENQUIRY_HOURS * 3_600) > now)
                && matches!(candidate.lookup_status, LookupStatus::Success | LookupStatus::Mismatch)
        };
        let mut open: Vec<usize> = (0..all.len()).filter(|&at| !is_young(&all[at])).collect();
        let asked: HashSet<CandidateId> = open.iter().map(|&at| all[at].id).collect();
        for &at in &open {
            all[at].lookup_status = LookupStatus::Pending;
        }
        // Live mode may have no rail yet: nobody can say then.
        let Ok(rail) = self.rails.of(scope.mode) else { return asked };
        for attempt in 0..TRIES_MAX {
            if attempt > 0 && !open.is_empty() {
                tokio::time::sleep(TRY_PAUSE).await;
            }
            let mut unanswered = Vec::new();
            for part in open.chunks(ENQUIRIES_MAX) {
                let accounts: Vec<Account> = part.iter().map(|&at| account(&all[at])).collect();
                let answers = rail.enquire(&accounts).await;
                for (place, &at) in part.iter().enumerate() {
                    if !note_answer(&mut all[at], answers.get(place), now) {
                        unanswered.push(at);
                    }
                }
            }
            open = unanswered;
        }
        asked
    }
}

fn account(candidate: &Candidate) -> Account {
    Account {
        name: candidate.beneficiary_name.clone(),
        account_number: candidate.account_number.clone(),
        institution_code: candidate.institution_code.clone(),
    }
}

/// Notes an answer; false when there was none and it is worth asking again.
fn note_answer(candidate: &mut Candidate, answer: Option<&Enquiry>, now: Timestamp) -> bool {
    candidate.lookup_at = Some(now);
    match answer {
        Some(Enquiry::Holder(name)) => {
            candidate.lookup_status = LookupStatus::Success;
            candidate.lookup_name = Some(name.clone());
            true
        }
        Some(Enquiry::Invalid(_)) => {
            (candidate.lookup_status, candidate.lookup_name) = (LookupStatus::Failed, None);
            true
        }
        Some(Enquiry::Unsupported) => true,
        Some(Enquiry::Unavailable) | None => false,
    }
}

fn load(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, id: PaymentRunId) -> Result<Option<Ground>, Fault> {
    let Some(run) = payment_runs::find(tx, scope, id)?.filter(|run| run.status == RunStatus::Scoring) else {
        return Ok(None);
    };
    let entries = blocklist::keys(tx, scope.workspace)?;
    let entries = entries.iter().filter_map(|(kind, key)| Some((BlockKind::parse(kind)?, key.as_str())));
    Ok(Some(Ground {
        candidates: candidates::all(tx, scope, id)?,
        settings: settings::get(tx, scope.workspace)?,
        blocklist: Blocklist::new(entries, treasury.directory),
        run,
    }))
}

/// What was paid to the accounts of these candidates, by account and bank.
fn histories(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    accounts: &[String],
) -> Result<HashMap<(String, String), AccountHistory>, Fault> {
    let now = treasury.platform.clock.now();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let (short, long) = (now.plus_seconds(-SHORT_DAYS * 86_400), now.plus_seconds(-LONG_DAYS * 86_400));
    let key = |account: &str, code: &str| (account.to_owned(), treasury.directory.bank_key(code).to_owned());
    let mut found: HashMap<(String, String), AccountHistory> = HashMap::new();
    for paid in history::paid(tx, scope, &accounts, short, long)? {
        let one = found.entry(key(&paid.account_number, &paid.institution_code)).or_default();
        one.paid_7d = one.paid_7d.saturating_add(paid.short);
        one.paid_30d = one.paid_30d.saturating_add(paid.long);
        one.first_paid_at = Some(one.first_paid_at.map_or(paid.first_at, |first| first.min(paid.first_at)));
        one.last_paid_at = Some(one.last_paid_at.map_or(paid.last_at, |last| last.max(paid.last_at)));
        if !one.names.contains(&paid.name) {
            one.names.push(paid.name);
        }
    }
    for recent in history::recent(tx, scope, &accounts, now.plus_seconds(-RECENT_HOURS * 3_600))? {
        let one = found.entry(key(&recent.account_number, &recent.institution_code)).or_default();
        one.recent_amounts.push(recent.amount);
    }
    // The order in which a database answers says nothing: the same history gives the same score.
    for one in found.values_mut() {
        one.names.sort_unstable();
        one.recent_amounts.sort_unstable();
    }
    Ok(found)
}

fn decide(
    treasury: &Treasury,
    ground: &mut Ground,
    histories: &HashMap<(String, String), AccountHistory>,
    now: Timestamp,
) -> Result<(), Fault> {
    let none = AccountHistory::default();
    let by_key: HashMap<AccountKey<'_>, &AccountHistory> =
        histories.iter().map(|((account, bank), history)| ((account.as_str(), bank.as_str()), history)).collect();
    let asked: Vec<RiskCandidate<'_>> = ground
        .candidates
        .iter()
        .map(|candidate| risk_candidate(treasury, &ground.blocklist, candidate, &by_key, &none))
        .collect::<Result<_, _>>()?;
    let terms = RiskTerms {
        tolerance: ground.run.risk_tolerance,
        budget_cap: ground.run.budget_cap,
        strict_check_digit: ground.settings.strict_check_digit,
        now,
    };
    let scored = score_run(&asked, &terms);
    drop(asked);
    for (candidate, scored) in ground.candidates.iter_mut().zip(&scored) {
        note_score(candidate, scored);
    }
    Ok(())
}

fn risk_candidate<'a>(
    treasury: &'a Treasury,
    blocklist: &Blocklist,
    candidate: &'a Candidate,
    histories: &HashMap<AccountKey<'_>, &'a AccountHistory>,
    none: &'a AccountHistory,
) -> Result<RiskCandidate<'a>, Fault> {
    let account = AccountNumber::parse(&candidate.account_number)
        .ok_or_else(|| Fault::internal("a candidate has no account number"))?;
    let bank = treasury.directory.bank_key(&candidate.institution_code);
    let history = histories.get(&(candidate.account_number.as_str(), bank)).copied().unwrap_or(none);
    let check = match (candidate.lookup_status, candidate.lookup_name.as_deref()) {
        (LookupStatus::Success | LookupStatus::Mismatch, Some(name)) => AccountCheck::Holder(name),
        (LookupStatus::Failed, _) => AccountCheck::Invalid,
        _ => AccountCheck::Unavailable,
    };
    Ok(RiskCandidate {
        name: &candidate.beneficiary_name,
        account,
        bank,
        amount: candidate.amount,
        history,
        check,
        has_right_digit: treasury.directory.check_digit(&candidate.institution_code, &account),
        is_blocked: blocklist.blocks(&candidate.beneficiary_name, &account, bank).is_some(),
        is_watched: treasury.settings.watchlist.watches(&candidate.beneficiary_name),
    })
}

fn note_score(candidate: &mut Candidate, scored: &Scored) {
    let factors: serde_json::Map<String, serde_json::Value> = scored
        .factors
        .iter()
        .map(|(factor, value)| (factor.as_str().to_owned(), serde_json::to_value(value).unwrap_or_default()))
        .collect();
    candidate.risk_score = Some(scored.score);
    candidate.risk_decision = Some(scored.decision);
    candidate.risk_factors = Some(trail::text(&factors));
    candidate.risk_reasons = Some(trail::text(&scored.reasons));
    candidate.name_match = scored.name_match;
    if candidate.lookup_status == LookupStatus::Success && scored.reasons.contains(&RiskReason::NameMismatch) {
        candidate.lookup_status = LookupStatus::Mismatch;
    }
    if candidate.lookup_status == LookupStatus::Pending {
        candidate.lookup_status = LookupStatus::Failed;
    }
    // Preselected only: people release it.
    candidate.approval = match scored.decision {
        RiskDecision::AutoApproved => ApprovalStatus::Approved,
        RiskDecision::NeedsReview | RiskDecision::Blocked => ApprovalStatus::Pending,
    };
    candidate.decided_by = (scored.decision == RiskDecision::AutoApproved).then(|| Agent::Risk.as_str().to_owned());
}

fn write(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    ground: &Ground,
    asked: &HashSet<CandidateId>,
) -> Result<(), Fault> {
    let mut book = Book::open(tx, treasury, scope, ground.run.id)?;
    if book.run.status != RunStatus::Scoring || book.run.version != ground.run.version {
        return Ok(());
    }
    let mut scored = ground.candidates.clone();
    for candidate in &mut scored {
        candidate.updated_at = book.at;
    }
    candidates::put(tx, scope, ground.run.id, &scored)?;
    note(&mut book, &scored, asked);
    gate::enter(tx, &mut book, &scored)?;
    book.close(tx).map(drop)
}

/// The `detail` of `verified_account`.
#[derive(Serialize)]
struct Verified {
    candidate_id: CandidateId,
    result: LookupStatus,
    name_match: Option<Score>,
}

/// The `detail` of `flagged_candidate`.
#[derive(Serialize)]
struct Flagged {
    candidate_id: CandidateId,
    risk_score: Option<Score>,
    risk_decision: RiskDecision,
    reasons: Option<Box<RawValue>>,
}

/// The `detail` of `approved_candidate` by the risk agent.
#[derive(Serialize)]
struct Preselected {
    candidate_id: CandidateId,
    amount: Kobo,
    by: &'static str,
    auto: bool,
    override_reason: Option<&'static str>,
}

fn note(book: &mut Book<'_>, scored: &[Candidate], asked: &HashSet<CandidateId>) {
    let risk = Who::agent(Agent::Risk);
    for candidate in scored.iter().filter(|candidate| asked.contains(&candidate.id)) {
        let (candidate_id, name_match) = (candidate.id, candidate.name_match);
        let detail = Verified { candidate_id, result: candidate.lookup_status, name_match };
        book.note(&risk, "verified_account", &detail);
    }
    let is_flagged = |candidate: &&Candidate| candidate.risk_decision != Some(RiskDecision::AutoApproved);
    let flagged = scored.iter().filter(is_flagged).count();
    book.note(&risk, "scored_candidates", &json!({ "candidates_scored": scored.len(), "flagged": flagged }));
    for candidate in scored {
        match candidate.risk_decision {
            Some(RiskDecision::AutoApproved) => {
                let by = Agent::Risk.as_str();
                let (candidate_id, amount) = (candidate.id, candidate.amount);
                let detail = Preselected { candidate_id, amount, by, auto: true, override_reason: None };
                book.note(&risk, "approved_candidate", &detail);
            }
            Some(risk_decision) => {
                let reasons = candidate.risk_reasons.clone().and_then(|text| RawValue::from_string(text).ok());
                let detail =
                    Flagged { candidate_id: candidate.id, risk_score: candidate.risk_score, risk_decision, reasons };
                book.note(&risk, "flagged_candidate", &detail);
            }
            None => {}
        }
    }
    book.happened("scored", &json!({ "candidates_scored": count_of(scored.len()), "flagged": flagged }));
}

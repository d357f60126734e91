//! Planning: where the candidates of a run come from (Treasury contract, section 3.2), and what the history and the wallet say about it.
//!
//! It is deterministic and safe to repeat: it decides from what is stored, and writes only while the run still is in planning.

use std::sync::Arc;

use floe_model::id::{PaymentRunId, RecipientId};
use floe_model::treasury::planner::{PlanSource, SavedPayee, read_objective, repeated};
use floe_model::treasury::{ExecutionStatus, Kobo, RunStatus};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::candidates::{self, CANDIDATES_MAX};
use floe_store::treasury::history::{self, Window};
use floe_store::treasury::payment_runs::{self, PaymentRun};
use floe_store::treasury::recipients::{self, Recipient};
use floe_store::treasury::wallets;
use serde::Serialize;

use super::approve::count_of;
use super::book::Book;
use super::create::{NewCandidate, Plan, new_candidates, saved_payees};
use crate::Treasury;
use crate::trail::{self, Agent, Who};

/// Earlier completed runs whose objectives are compared.
const EARLIER_MAX: usize = 500;
/// Reasons that an audit entry lists.
const IGNORED_MAX: usize = 100;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// What a plan found.
struct Found {
    source: PlanSource,
    candidates: Vec<NewCandidate>,
    ignored: Vec<String>,
    window: Window,
    balance: Kobo,
}

/// The `detail` of `planned_run`.
#[derive(Serialize)]
struct Planned<'a> {
    source: PlanSource,
    candidates: i64,
    ignored: &'a [String],
}

/// The `detail` of `reconciled_history`.
#[derive(Serialize)]
struct Reconciled<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    transactions: i64,
    anomalies: i64,
}

/// The `detail` of `forecast_wallet`.
#[derive(Serialize)]
struct Forecast {
    balance: Kobo,
    run_total: Kobo,
    shortfall: Kobo,
}

impl Treasury {
    /// Gathers the candidates of a run and brings it to scoring; does nothing when the run is past that.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn plan(self: &Arc<Self>, scope: Scope, id: PaymentRunId) -> Result<(), Fault> {
        let treasury = Arc::clone(self);
        let reading = self.platform.store.read(move |tx| {
            let Some(run) = payment_runs::find(tx, scope, id)? else { return Ok(None) };
            if run.status != RunStatus::Planning {
                return Ok(None);
            }
            find(tx, &treasury, scope, &run).map(Some)
        });
        let Some(found) = reading.await? else { return Ok(()) };
        let treasury = Arc::clone(self);
        self.platform.store.write_later(move |tx| write(tx, &treasury, scope, id, &found)).await
    }
}

fn write(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, id: PaymentRunId, found: &Found) -> Result<(), Fault> {
    let mut book = Book::open(tx, treasury, scope, id)?;
    if book.run.status != RunStatus::Planning {
        return Ok(());
    }
    let added = new_candidates(&treasury.platform, &found.candidates, book.run.last_candidate, book.at);
    candidates::put(tx, scope, id, &added)?;
    let amounts = added.iter().map(|candidate| candidate.amount).chain([book.run.total_amount]);
    book.run.total_amount = super::create::checked_total(amounts)?;
    book.run.last_candidate += count_of(added.len());
    book.run.candidate_count += count_of(added.len());
    let plan: Plan = serde_json::from_str(&book.run.plan).map_err(Fault::internal)?;
    book.run.plan = trail::text(&Plan { source: Some(found.source.as_str().to_owned()), ..plan });
    let (count, total) = (book.run.candidate_count, book.run.total_amount);
    let planned = Planned { source: found.source, candidates: count, ignored: &found.ignored };
    book.note(&Who::agent(Agent::Planner), "planned_run", &planned);
    let (from, to) = (book.run.date_from.clone(), book.run.date_to.clone());
    let Window { transactions, failed } = found.window;
    let reconciled = Reconciled { from: from.as_deref(), to: to.as_deref(), transactions, anomalies: failed };
    book.note(&Who::agent(Agent::Reconciliation), "reconciled_history", &reconciled);
    let shortfall = Kobo((total.minor().saturating_sub(found.balance.minor())).max(0));
    let forecast = Forecast { balance: found.balance, run_total: total, shortfall };
    book.note(&Who::agent(Agent::Forecast), "forecast_wallet", &forecast);
    book.happened("planned", &planned);
    book.enter(RunStatus::Scoring);
    book.close(tx).map(drop)
}

/// The first source that applies.
fn find(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, run: &PaymentRun) -> Result<Found, Fault> {
    let window = window(tx, scope, run)?;
    let wallet = wallets::find(tx, scope)?;
    let balance = wallet.map_or(Kobo::ZERO, |wallet| wallet.available());
    let of = |source, candidates, ignored| Found { source, candidates, ignored, window, balance };
    if run.candidate_count > 0 {
        return Ok(of(PlanSource::Request, Vec::new(), Vec::new()));
    }
    let plan: Plan = serde_json::from_str(&run.plan).map_err(Fault::internal)?;
    if let Some(amount) = plan.amount_each {
        let (candidates, ignored) = of_recipients(tx, scope, &plan, Kobo(amount))?;
        return Ok(of(PlanSource::Recipients, candidates, ignored));
    }
    let (candidates, ignored) = of_objective(tx, treasury, scope, run)?;
    if !candidates.is_empty() {
        return Ok(of(PlanSource::Objective, candidates, ignored));
    }
    let candidates = of_earlier(tx, scope, run)?;
    let source = if candidates.is_empty() { PlanSource::None } else { PlanSource::Repeat };
    Ok(of(source, candidates, ignored))
}

/// Transactions of the window of a run; its days are those of UTC, both included.
fn window(tx: &mut Tx<'_>, scope: Scope, run: &PaymentRun) -> Result<Window, Fault> {
    let day = |text: &Option<String>| text.as_deref().and_then(|text| Timestamp::parse(&format!("{text}T00:00:00Z")));
    let from = day(&run.date_from);
    let to = day(&run.date_to).map(|last| Timestamp(last.micros() + DAY_US));
    history::window(tx, scope, from, to)
}

fn of_recipients(
    tx: &mut Tx<'_>,
    scope: Scope,
    plan: &Plan,
    amount: Kobo,
) -> Result<(Vec<NewCandidate>, Vec<String>), Fault> {
    let ids: Vec<RecipientId> =
        plan.recipients.iter().map(|id| RecipientId::parse(id).map_err(Fault::internal)).collect::<Result<_, _>>()?;
    let saved = saved_payees(tx, scope, &ids)?;
    let candidates = ids.iter().filter_map(|id| saved.get(id)).map(|recipient| candidate(recipient, amount));
    let gone = ids.iter().filter(|id| !saved.contains_key(id)).map(|id| format!("recipient_deleted: {id}"));
    Ok((candidates.collect(), gone.take(IGNORED_MAX).collect()))
}

fn candidate(recipient: &Recipient, amount: Kobo) -> NewCandidate {
    NewCandidate {
        beneficiary_name: recipient.name.clone(),
        account_number: recipient.account_number.clone(),
        institution_code: recipient.institution_code.clone(),
        amount,
        purpose: recipient.narration_note.clone(),
        beneficiary_email: None,
        recipient: Some(recipient.id),
    }
}

fn of_objective(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: &PaymentRun,
) -> Result<(Vec<NewCandidate>, Vec<String>), Fault> {
    let saved = recipients::all(tx, scope)?;
    let payees: Vec<SavedPayee<'_>> = saved
        .iter()
        .map(|recipient| SavedPayee {
            name: &recipient.name,
            account_number: &recipient.account_number,
            bank: treasury.directory.bank_key(&recipient.institution_code),
        })
        .collect();
    let plan = read_objective(&run.objective, &payees);
    let payments =
        plan.payments.iter().filter_map(|payment| saved.get(payment.payee).map(|who| candidate(who, payment.amount)));
    let ignored = plan.ignored.iter().map(|ignored| format!("{}: {}", ignored.reason, ignored.what));
    Ok((payments.take(CANDIDATES_MAX).collect(), ignored.take(IGNORED_MAX).collect()))
}

/// The payees that an earlier run of the same words paid, with the amounts paid then.
fn of_earlier(tx: &mut Tx<'_>, scope: Scope, run: &PaymentRun) -> Result<Vec<NewCandidate>, Fault> {
    let earlier = payment_runs::completed(tx, scope, EARLIER_MAX)?;
    let Some(found) = repeated(&run.objective, earlier.iter().map(|(_, objective)| objective.as_str())) else {
        return Ok(Vec::new());
    };
    let Some((earlier, _)) = earlier.get(found) else { return Ok(Vec::new()) };
    let all = candidates::all(tx, scope, *earlier)?;
    let paid = all.into_iter().filter(|candidate| candidate.execution == ExecutionStatus::Success);
    let again = paid.map(|candidate| NewCandidate {
        beneficiary_name: candidate.beneficiary_name,
        account_number: candidate.account_number,
        institution_code: candidate.institution_code,
        amount: candidate.amount,
        purpose: candidate.purpose,
        beneficiary_email: candidate.beneficiary_email,
        recipient: candidate.recipient,
    });
    Ok(again.collect())
}

//! What payouts leave behind: audit entries and webhooks (Treasury contract, sections 7 and 8.2).

use floe_model::id::{CandidateId, PaymentRunId, RunId};
use floe_model::treasury::{CURRENCY, Kobo};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::platform::audit::Entry;
use floe_store::platform::events::NewEvent;
use floe_store::treasury::payout_orders::Order;
use floe_store::webhooks::messages;
use serde::Serialize;

use crate::Treasury;
use crate::trail::{self, Who};

/// An instant in whole seconds, as everything but the envelope of a webhook shows it.
#[must_use]
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// An entry about a run, or about the wallet.
pub(crate) fn entry(
    treasury: &Treasury,
    scope: Scope,
    who: &Who,
    action: &str,
    run: Option<PaymentRunId>,
    detail: &impl Serialize,
    at: Timestamp,
) -> Entry {
    trail::entry_at(&treasury.platform, scope, who, action, run.map(|run| RunId(run.0)), detail, at)
}

/// The facts about one payout in an entry.
#[derive(Serialize)]
pub(super) struct PayoutFacts<'a> {
    candidate_id: CandidateId,
    reference: &'a str,
    response_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> PayoutFacts<'a> {
    /// Of an order, with the last code of the rail and why it was not paid.
    pub(super) fn of(order: &'a Order, code: Option<&'a str>, reason: Option<&'a str>) -> Self {
        let response_code = code.or(order.response_code.as_deref());
        Self { candidate_id: order.candidate, reference: &order.reference, response_code, reason }
    }
}

/// The data of `payout.succeeded` and `payout.failed`.
#[derive(Serialize)]
struct PayoutData<'a> {
    run_id: PaymentRunId,
    objective: &'a str,
    candidate_id: CandidateId,
    beneficiary_name: &'a str,
    account_number: &'a str,
    institution_code: &'a str,
    bank_name: Option<&'a str>,
    amount: Kobo,
    currency: &'static str,
    purpose: Option<&'a str>,
    reference: &'a str,
    provider_reference: &'a str,
    executed_at: String,
    #[serde(flatten)]
    failure: Option<Failure<'a>>,
}

/// What `payout.failed` says besides.
#[derive(Serialize)]
pub(super) struct Failure<'a> {
    /// Why.
    pub(super) reason: &'a str,
    /// The last code of the rail.
    pub(super) response_code: Option<&'a str>,
}

/// The event that tells what became of a payout; each final result once.
pub(super) fn result(
    treasury: &Treasury,
    objective: &str,
    order: &Order,
    failure: Option<Failure<'_>>,
    at: Timestamp,
) -> Result<NewEvent, Fault> {
    let kind = if failure.is_some() { "treasury.payout.failed" } else { "treasury.payout.succeeded" };
    let data = PayoutData {
        run_id: order.run,
        objective,
        candidate_id: order.candidate,
        beneficiary_name: &order.beneficiary_name,
        account_number: &order.account_number,
        institution_code: &order.institution_code,
        bank_name: order.bank_name.as_deref(),
        amount: order.amount,
        currency: CURRENCY,
        purpose: order.purpose.as_deref(),
        reference: &order.reference,
        provider_reference: &order.rail_reference,
        executed_at: whole_seconds(at),
        failure,
    };
    let (id, data) = (treasury.platform.ids.next(), serde_json::to_string(&data).map_err(Fault::internal)?);
    Ok(NewEvent { id, kind, subject_id: Some(order.candidate.0), data, created_at: at })
}

/// Publishes events in their order, and makes their deliveries. Thousands of payouts are told of at once, with a statement for each table.
pub(super) fn publish(tx: &mut Tx<'_>, treasury: &Treasury, scope: Scope, told: Vec<NewEvent>) -> Result<(), Fault> {
    messages::publish_all(tx, scope, told, &mut || treasury.platform.ids.next_bits()).map(drop)
}

//! What a person found out about a payout without an answer, as an item for a second person (console contract, section 5.5;
//! Treasury contract, section 10.5). The id of the item is that of the transaction.

use floe_model::access::{PAYMENT_APPROVAL, TreasuryRole};
use floe_model::id::TransactionId;
use floe_model::treasury::{CURRENCY, OrderState};
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::payout_resolutions::Resolution;
use floe_store::treasury::payout_transactions;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::content_changed;
use super::item::{Refusal, Status, content_hash, in_mode};
use crate::Treasury;
use crate::payouts::{self, Detail};
use crate::trail::{self, Who};

/// A proposal as an item.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// The transaction with its order.
    pub detail: Detail,
    /// What was proposed, and what became of it.
    pub resolution: Resolution,
    /// Live or test.
    pub mode: Mode,
    /// Where the item is.
    pub status: Status,
    /// What exactly is confirmed.
    pub content: Value,
    /// Its digest.
    pub content_hash: String,
    /// Why the caller cannot answer it.
    pub refusal: Option<Refusal>,
}

impl Confirmation {
    /// When it was proposed.
    #[must_use]
    pub const fn asked_at(&self) -> Timestamp {
        self.resolution.proposed_at
    }
}

/// An answer of the second person.
#[derive(Debug, Clone)]
pub struct SecondAnswer {
    /// Digest of what the caller saw.
    pub content_hash: String,
    /// Whether it confirms.
    pub approve: bool,
    /// A word about it.
    pub comment: Option<String>,
    /// The way it came: `dashboard`, `api`, `cli` or `mcp`.
    pub via: &'static str,
}

/// The `detail` of `answered_item`.
#[derive(Serialize)]
struct Answered<'a> {
    kind: &'static str,
    reference: &'a str,
    decision: &'static str,
    content_hash: &'a str,
    via: &'static str,
}

/// The item of a transaction, whichever mode of the caller's workspace it is in; none when nobody proposed anything about it.
///
/// # Errors
/// Of the database.
pub fn find_confirmation(tx: &mut Tx<'_>, ctx: &Ctx, id: TransactionId) -> Result<Option<Confirmation>, Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let own = in_mode(ctx, mode);
        let scope = own.caller.scope();
        if payout_transactions::find(tx, scope, id)?.is_some() {
            return Ok(of_detail(&own, payouts::detail(tx, scope, id)?));
        }
    }
    Ok(None)
}

/// Confirms or refuses what another person proposed, if it is what the caller saw; the item afterwards.
///
/// # Errors
/// `not_found`; `forbidden`, `self_approval`, `insufficient_scope`; `content_changed`, `already_answered`, `not_waiting`. Nothing is
/// changed then.
pub fn answer_confirmation(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    ctx: &Ctx,
    id: TransactionId,
    answer: &SecondAnswer,
) -> Result<Confirmation, Fault> {
    let missing = || Fault::not_found("Item");
    let item = find_confirmation(tx, ctx, id)?.ok_or_else(missing)?;
    let own = in_mode(ctx, item.mode);
    if let Some(refusal) = item.refusal {
        return Err(refusal.fault());
    }
    if item.content_hash != answer.content_hash {
        return Err(content_changed(&item.content_hash));
    }
    let about = (id, &item.resolution);
    let detail = match payouts::answer_resolution(tx, treasury, &own, about, answer.approve, answer.comment.as_deref())
    {
        Ok(detail) => detail,
        // Somebody was faster, between the look and the hold.
        Err(fault) if fault.code() == "other_proposal" => {
            let now = find_confirmation(tx, ctx, id)?.ok_or_else(missing)?;
            return Err(now.refusal.map_or_else(|| content_changed(&now.content_hash), Refusal::fault));
        }
        Err(fault) => return Err(in_words_of_the_inbox(fault)),
    };
    let decision = if answer.approve { "approve" } else { "reject" };
    let reference = &detail.order.reference;
    let noted = Answered {
        kind: "payment_confirmation",
        reference,
        decision,
        content_hash: &item.content_hash,
        via: answer.via,
    };
    let run = Some(floe_model::id::RunId(detail.transaction.run.0));
    let scope = own.caller.scope();
    let entry = trail::entry(&treasury.platform, scope, &Who::caller(&own), "answered_item", run, &noted);
    audit::record(tx, &trail::on(entry, "inbox_item", id.0, Some(reference)))?;
    of_detail(&own, detail).ok_or_else(missing)
}

/// Somebody was faster: the payout is final, or another one answered.
fn in_words_of_the_inbox(fault: Fault) -> Fault {
    match fault.code() {
        "not_in_followup" => Refusal::NotWaiting.fault(),
        "second_person" => Refusal::FirstPerson.fault(),
        _ => fault,
    }
}

/// The item of a transaction in the mode of the caller.
pub(super) fn of_detail(ctx: &Ctx, detail: Detail) -> Option<Confirmation> {
    let resolution = detail.resolution.clone()?;
    let status = status(&resolution, detail.order.state);
    let content = content(&detail, &resolution);
    Some(Confirmation {
        mode: ctx.caller.mode,
        status,
        content_hash: content_hash(&content),
        content,
        refusal: refusal(ctx, status, resolution.proposed_by),
        resolution,
        detail,
    })
}

fn status(resolution: &Resolution, state: OrderState) -> Status {
    let answered = resolution.confirmed_by.is_some() || resolution.rejected_by.is_some();
    status_of(answered, state)
}

/// Where an item is: an answer that came by itself leaves nothing to confirm.
pub(super) fn status_of(is_answered: bool, state: OrderState) -> Status {
    match (is_answered, state) {
        (true, _) => Status::Answered,
        (false, OrderState::Followup) => Status::Open,
        (false, _) => Status::Cancelled,
    }
}

fn refusal(ctx: &Ctx, status: Status, proposed_by: u128) -> Option<Refusal> {
    match status {
        Status::Open => {}
        Status::Answered => return Some(Refusal::AlreadyAnswered),
        Status::Expired => return Some(Refusal::Expired),
        Status::Cancelled => return Some(Refusal::NotWaiting),
    }
    if !ctx.caller.has_scope(PAYMENT_APPROVAL) {
        return Some(Refusal::Scope);
    }
    let member = ctx.caller.member.as_ref();
    match member.map(|member| (member.id.0, member.treasury_role)) {
        Some((id, TreasuryRole::Owner | TreasuryRole::Approver)) => (id == proposed_by).then_some(Refusal::FirstPerson),
        _ => Some(Refusal::Forbidden),
    }
}

/// Everything that is confirmed. The amount is a text, so that its digest does not depend on how somebody reads numbers.
fn content(detail: &Detail, resolution: &Resolution) -> Value {
    let Detail { transaction, order, .. } = detail;
    json!({
        "transaction_id": transaction.id,
        "run_id": transaction.run,
        "reference": order.reference,
        "rail_reference": order.rail_reference,
        "beneficiary_name": order.beneficiary_name,
        "account_number": order.account_number,
        "institution_code": order.institution_code,
        "amount": order.amount.to_string(),
        "currency": CURRENCY,
        "outcome": resolution.outcome,
        "evidence": resolution.evidence,
        "proposed_by": resolution.proposed_name,
        "proposed_at": resolution.proposed_at,
    })
}

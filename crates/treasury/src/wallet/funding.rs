//! Money and credits that owners add by hand (Treasury contract, section 10.4).

use floe_model::access::credits::{AMOUNT_MAX, MILLI};
use floe_model::treasury::{Kobo, Transfer};
use floe_model::{Fault, FaultKind, Mode};
use floe_runtime::Ctx;
use floe_runtime::credits::{self, Added as AddedCredits};
use floe_store::Tx;
use floe_store::access::credit_entries::Origin;
use floe_store::platform::audit;
use floe_store::treasury::funding;
use serde::Serialize;

use crate::Treasury;
use crate::ledger::{self, About, Book};
use crate::payouts::entry;
use crate::trail::{PRODUCT, Who};

/// Money that an owner adds.
#[derive(Debug, Clone)]
pub struct Topup {
    /// How much; above zero.
    pub amount: Kobo,
    /// What it is counted once for.
    pub reference: String,
    /// What for.
    pub description: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToppedUp {
    /// What can be spent now.
    pub balance: Kobo,
    /// What this reference added, now or before.
    pub credited: Kobo,
    /// Whether it was before.
    pub is_repeat: bool,
}

/// The facts of `credited_wallet`.
#[derive(Serialize)]
pub(super) struct Credited<'a> {
    pub(super) amount: Kobo,
    pub(super) source: &'a str,
    pub(super) reference: &'a str,
}

/// Adds money by hand, once for each reference. In live mode only where the operator allows it.
///
/// # Errors
/// `manual_credit_off` (HTTP 410).
pub fn top_up(tx: &mut Tx<'_>, treasury: &Treasury, ctx: &Ctx, topup: &Topup) -> Result<ToppedUp, Fault> {
    let scope = ctx.caller.scope();
    if scope.mode == Mode::Live && !treasury.settings.payouts.manual_credit {
        let message = "Manual top-up is switched off. Fund the wallet by bank transfer to its virtual account.";
        return Err(Fault::new(FaultKind::Gone, "manual_credit_off", message));
    }
    let mut book = Book::open(tx, scope, ctx.now())?;
    let at = book.at();
    let Topup { amount, reference, description } = topup.clone();
    let row = funding::Topup { reference, amount, description, at };
    if !funding::top_up(tx, scope, &row)? {
        let known = funding::topup(tx, scope, &row.reference)?;
        let credited = known.ok_or_else(|| Fault::internal("a reference is taken and not there"))?.amount;
        return Ok(ToppedUp { balance: book.wallet().available(), credited, is_repeat: true });
    }
    let transfer = Transfer::funding(amount).map_err(ledger::refusal)?;
    book.enter(&transfer, About { reference: Some(&row.reference), run: None })?;
    let wallet = book.close(tx)?;
    let facts = Credited { amount, source: "topup", reference: &row.reference };
    audit::record(tx, &entry(treasury, scope, &Who::caller(ctx), "credited_wallet", None, &facts, at))?;
    Ok(ToppedUp { balance: wallet.available(), credited: amount, is_repeat: false })
}

/// AI credits that an owner adds.
#[derive(Debug, Clone)]
pub struct AddCredits {
    /// How many; above zero.
    pub credits: i64,
    /// What they are counted once for.
    pub reference: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Whole credits now.
    pub balance: i64,
    /// What this reference added, now or before.
    pub added: i64,
    /// Whether it was before.
    pub is_repeat: bool,
}

/// The facts of `added_ai_credits`.
#[derive(Serialize)]
struct AddedFacts<'a> {
    amount: i64,
    source: &'static str,
    reference: &'a str,
}

/// Adds AI credits, once for each reference.
///
/// # Errors
/// A conflict when there would be more than a ledger of credits holds.
pub fn add_credits(tx: &mut Tx<'_>, treasury: &Treasury, ctx: &Ctx, add: &AddCredits) -> Result<Added, Fault> {
    let scope = ctx.caller.scope();
    let amount = add.credits.checked_mul(MILLI).filter(|amount| *amount <= AMOUNT_MAX).ok_or_else(too_many)?;
    let reference = format!("treasury:{}", add.reference);
    let added = AddedCredits {
        reason: "grant",
        amount,
        reference: &reference,
        origin: Origin { product: Some(PRODUCT.to_owned()), ..Origin::default() },
    };
    let (row, is_new) = credits::add(tx, &treasury.platform, scope, &added)?;
    let ledger = floe_store::access::credits::find(tx, scope)?;
    let balance = ledger.map_or(0, |ledger| ledger.account.balance - ledger.account.held);
    if balance > AMOUNT_MAX {
        return Err(too_many());
    }
    if is_new {
        let facts = AddedFacts { amount: add.credits, source: "grant", reference: &add.reference };
        audit::record(tx, &entry(treasury, scope, &Who::caller(ctx), "added_ai_credits", None, &facts, ctx.now()))?;
    }
    Ok(Added { balance: balance.div_euclid(MILLI), added: row.amount.div_euclid(MILLI), is_repeat: !is_new })
}

fn too_many() -> Fault {
    Fault::conflict("too_many_credits", "There would be more credits than a ledger holds.")
}

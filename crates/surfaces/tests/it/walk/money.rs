//! A payout that is under way, in live mode, where a test server has no rail: written as a release would have left it.

use floe_model::id::{CandidateId, PaymentRunId, WorkspaceId};
use floe_model::treasury::{AccountCheck, Kobo, OrderState, Transfer};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::treasury::payout_orders::{self, Order};
use floe_store::treasury::payout_transactions::{self, Transaction};
use floe_treasury::ledger::{About, Book};
use serde_json::{Value, json};

use super::world::{Side, World};

/// Puts money into the wallet and a payout under way; its transaction.
pub async fn transaction(world: &World, side: &Side) -> Value {
    let session = world.app.ask("GET", "/console/v1/session").bearer(&side.session).send().await.json;
    let workspace = WorkspaceId::parse(session["workspace"]["id"].as_str().expect("an id")).expect("an id");
    let scope = Scope { workspace, mode: Mode::Live };
    let platform = &world.app.app.platform;
    let (ids, now) = (platform.ids.clone(), platform.clock.now());
    let act = move |tx: &mut floe_store::Tx<'_>| {
        let mut book = Book::open(tx, scope, now)?;
        book.enter(&Transfer::funding(Kobo(500)).expect("a transfer"), About::default())?;
        let made = book.transaction(ids.next(), ids.next(), Kobo(100), None);
        book.enter(&Transfer::release(Kobo(100), Kobo::ZERO).expect("a transfer"), About::default())?;
        payout_transactions::add_all(tx, scope, std::slice::from_ref(&made))?;
        payout_orders::add_all(tx, scope, &[order(&made, made.run, ids.next(), ids.next_bits(), now)])?;
        book.close(tx)?;
        Ok(made.id)
    };
    json!({ "id": platform.store.write(act).await.expect("a transaction") })
}

fn order(made: &Transaction, run: PaymentRunId, candidate: CandidateId, serial: u128, now: Timestamp) -> Order {
    Order {
        seq: made.seq,
        run,
        candidate,
        reference: made.reference.clone(),
        rail: "file".to_owned(),
        rail_reference: format!("{serial}"),
        beneficiary_name: "Adaeze Okonkwo".to_owned(),
        account_number: "0123456789".to_owned(),
        institution_code: "058".to_owned(),
        bank_name: None,
        purpose: None,
        amount: made.amount,
        fee: Kobo::ZERO,
        state: OrderState::Ready,
        account_check: AccountCheck::Passed,
        checked_at: Some(now),
        checks: 0,
        questions: 0,
        not_found_at: None,
        response_code: None,
        reason: None,
        created_at: now,
        sent_at: None,
        settled_at: None,
        next_at: None,
    }
}

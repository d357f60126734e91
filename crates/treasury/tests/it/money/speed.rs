//! A run of the largest size: released in one transaction, settled in batches. Times are printed; what is checked is that all of it
//! happens, once.

#![allow(clippy::disallowed_methods, reason = "a measurement needs the machine's own clock")]

use std::time::Instant;

use floe_model::treasury::{AccountCheck, Kobo, RunStatus, Schedule};
use floe_store::treasury::payment_runs;
use floe_testkit::on_both;
use floe_treasury::ledger::{self, verify};
use floe_treasury::wallet::{self, Topup};

use super::model::Fee;
use super::world::{Payee, SCOPE, World};

/// Candidates of a run at most.
const CANDIDATES: i64 = 10_000;

on_both! {
    async fn ten_thousand_payouts_are_released_and_settled_once(store: TestStore) {
        let world = World::new(&store, Schedule::at_once());
        let (treasury, ctx) = (world.treasury.clone(), world.ctx(1));
        let fund = Topup { amount: Kobo(CANDIDATES * 100), reference: "all".to_owned(), description: None };
        store.write(move |tx| wallet::top_up(tx, &treasury, &ctx, &fund)).await.unwrap();
        let payees: Vec<Payee> = (0..CANDIDATES)
            .map(|at| Payee { account: format!("01{at:08}"), amount: Kobo(100), check: AccountCheck::Passed })
            .collect();
        let started = Instant::now();
        let (run, _, released) = world.release(&payees, &Fee::Off.schedule()).await.unwrap();
        let released_s = started.elapsed().as_secs_f64();
        assert_eq!(released.available_after, Kobo::ZERO);
        let started = Instant::now();
        world.work().await;
        let settled_s = started.elapsed().as_secs_f64();
        println!("released in {released_s:.2} s, settled {:.0} a second", CANDIDATES as f64 / settled_s);
        let (verdict, wallet, run) = store
            .read(move |tx| {
                let wallet = ledger::wallet(tx, SCOPE, floe_model::Timestamp(0))?;
                Ok((verify(tx, SCOPE)?, wallet, payment_runs::find(tx, SCOPE, run)?))
            })
            .await
            .unwrap();
        assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
        assert_eq!((wallet.succeeded, wallet.pending, wallet.balances.paid_out), (CANDIDATES, 0, Kobo(CANDIDATES * 100)));
        assert_eq!(run.unwrap().status, RunStatus::Completed);
    }
}

//! Many at once against one wallet (Treasury contract, section 11, rule 2).

use std::sync::Arc;

use floe_model::FaultKind;
use floe_model::treasury::{AccountCheck, Kobo, Schedule};
use floe_testkit::on_both;
use floe_treasury::ledger::{self, verify};
use floe_treasury::wallet::{self, Topup};

use super::model::Fee;
use super::world::{Payee, SCOPE, World};

/// Releases at once.
const RELEASES: usize = 100;
/// How many of them the wallet holds.
const FITTING: i64 = 37;
/// What one takes: three payouts of 1,000 naira, each with a fee of 50.
const NEED: i64 = 3 * 105_000;

on_both! {
    async fn a_hundred_releases_at_once_never_reserve_more_than_there_is(store: TestStore) {
        let world = Arc::new(World::new(&store, Schedule::at_once()));
        let (treasury, ctx) = (world.treasury.clone(), world.ctx(1));
        // A little more than fits, and less than one release.
        let amount = Kobo(FITTING * NEED + NEED - 1);
        let fund = Topup { amount, reference: "all".to_owned(), description: None };
        store.write(move |tx| wallet::top_up(tx, &treasury, &ctx, &fund)).await.unwrap();
        let payee = Payee { account: "0123456789".to_owned(), amount: Kobo(100_000), check: AccountCheck::Passed };
        let tasks: Vec<_> = (0..RELEASES)
            .map(|_| {
                let (world, payees) = (Arc::clone(&world), vec![payee.clone(); 3]);
                tokio::spawn(async move { world.release(&payees, &Fee::Percent.schedule()).await })
            })
            .collect();
        let (mut released, mut refused) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => released += 1,
                Err(fault) => {
                    assert_eq!(fault.kind(), FaultKind::PaymentRequired, "{fault:?}");
                    refused += 1;
                }
            }
        }
        assert_eq!((released, refused), (FITTING, RELEASES as i64 - FITTING));
        let reserved = store.read(|tx| ledger::wallet(tx, SCOPE, floe_model::Timestamp(0))).await.unwrap().balances.reserved;
        assert_eq!(reserved, Kobo(FITTING * NEED));
        world.work().await;
        let (verdict, wallet) = store
            .read(|tx| Ok((verify(tx, SCOPE)?, ledger::wallet(tx, SCOPE, floe_model::Timestamp(0))?)))
            .await
            .unwrap();
        assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
        assert_eq!((wallet.succeeded, wallet.pending), (3 * FITTING, 0));
        assert_eq!(wallet.balances.paid_out, Kobo(3 * FITTING * 100_000));
        assert_eq!(wallet.balances.available, Kobo(NEED - 1));
    }
}

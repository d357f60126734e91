//! Random walks: funding, releases, time, answers, follow-ups and reversals in any order, with every rule of section 9.1 checked
//! after each step, on both databases.

use floe_model::FaultKind;
use floe_model::id::{CandidateId, PaymentRunId};
use floe_model::treasury::{AccountCheck, ExecutionStatus, Kobo, RunStatus, Schedule, TransactionStatus};
use floe_store::treasury::{candidates, payment_runs, payout_orders, payout_transactions, simulated_payments};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use floe_treasury::ledger::verify;
use floe_treasury::payouts::{self, Resolve};
use floe_treasury::wallet::{self, Topup};

use super::fate;
use super::model::{Fee, Model};
use super::world::{Payee, SCOPE, World};

/// Seeds of the walks; another one is tried by adding it here.
const SEEDS: [u64; 2] = [1, 20_260_601];
/// Steps of a walk.
const STEPS: usize = 40;

/// A small generator: the same seed gives the same walk.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A walk under way.
struct Walk {
    world: World,
    model: Model,
    chance: Chance,
    /// Each released run with its candidates and the place of its first one in the model.
    runs: Vec<(PaymentRunId, Vec<CandidateId>, usize)>,
}

impl Walk {
    async fn step(&mut self) {
        match self.chance.below(10) {
            0..=2 => self.fund().await,
            3..=5 => self.release().await,
            6..=8 => {
                let pause = self.chance.below(3 * 3_600) as i64;
                self.world.wait_s(pause);
                self.world.work().await;
            }
            _ => self.resolve().await,
        }
        self.check().await;
    }

    async fn fund(&mut self) {
        // A small set of references, so that some come again.
        let reference = format!("ref-{}", self.chance.below(60));
        let amount = Kobo(1 + self.chance.below(5_000_000_000) as i64);
        let (treasury, ctx) = (self.world.treasury.clone(), self.world.ctx(1));
        let topup = Topup { amount, reference: reference.clone(), description: None };
        let done = self.world.store().write(move |tx| wallet::top_up(tx, &treasury, &ctx, &topup)).await.unwrap();
        self.model.fund(amount, &reference);
        assert_eq!(done.balance.0, self.model.available);
    }

    async fn release(&mut self) {
        // Now and then a list of payees that is no good at all, for the circuit breaker.
        let is_bad = self.chance.below(3) == 0;
        let count = if is_bad { 6 } else { 1 + self.chance.below(12) };
        let fee = [Fee::Off, Fee::Percent, Fee::Bands][self.chance.below(3) as usize];
        let payees: Vec<Payee> = (0..count)
            .map(|_| Payee {
                account: fate::account(if is_bad { 0 } else { self.chance.next() >> 8 }),
                amount: Kobo(1 + self.chance.below(if is_bad { 100_000 } else { 1_100_000_000 }) as i64),
                check: [AccountCheck::Needed, AccountCheck::Passed, AccountCheck::Accepted, AccountCheck::Invalid]
                    [if is_bad { 0 } else { [0, 0, 0, 0, 0, 1, 1, 2, 2, 3][self.chance.below(10) as usize] }],
            })
            .collect();
        let released = self.world.release(&payees, &fee.schedule()).await;
        match released {
            Ok((run, ids, released)) => {
                let places = self.model.release(&payees, fee);
                assert_eq!(released.references.len(), payees.len());
                assert_eq!(released.available_after.0, self.model.available);
                self.runs.push((run, ids, places.start));
            }
            Err(fault) => {
                assert_eq!(fault.kind(), FaultKind::PaymentRequired, "{fault:?}");
                assert!(Model::need(&payees, fee) > self.model.available, "a release that fits was refused");
            }
        }
    }

    /// Two people say what became of a payout without an answer; a third word changes nothing.
    async fn resolve(&mut self) {
        let open = self.model.payouts.iter().position(|paid| paid.is == ExecutionStatus::RequiresFollowup);
        let Some(place) = open else { return };
        let (_, ids, first) = self.runs.iter().rev().find(|(_, _, first)| *first <= place).unwrap();
        let candidate = ids[place - first];
        let is_success = self.chance.below(2) == 0;
        let said = |member: u128, is_success: bool| {
            let (treasury, ctx) = (self.world.treasury.clone(), self.world.ctx(member));
            let said = Resolve { is_success, evidence: "The bank's letter".to_owned() };
            self.world.store().write(move |tx| {
                let order = payout_orders::of_candidates(tx, SCOPE, &[candidate])?.remove(0);
                let id = payout_transactions::some(tx, SCOPE, &[order.seq])?.remove(0).id;
                payouts::resolve(tx, &treasury, &ctx, SCOPE, id, &said)
            })
        };
        let first = said(1, is_success).await.unwrap();
        assert_eq!(first.transaction.status, TransactionStatus::Pending, "one person is not enough");
        assert_eq!(said(1, is_success).await.unwrap_err().code(), "second_person");
        assert_eq!(said(2, !is_success).await.unwrap_err().code(), "other_outcome");
        let second = said(2, is_success).await.unwrap();
        assert_ne!(second.transaction.status, TransactionStatus::Pending);
        assert_eq!(said(3, is_success).await.unwrap_err().code(), "not_in_followup");
        self.model.resolved(place, is_success);
    }

    /// Everything that must hold after each step.
    async fn check(&mut self) {
        let runs: Vec<PaymentRunId> = self.runs.iter().map(|(run, ..)| *run).collect();
        let reading = self.world.store().read(move |tx| {
            let all: Result<Vec<_>, _> = runs.iter().map(|run| candidates::all(tx, SCOPE, *run)).collect();
            let wallet = floe_treasury::ledger::wallet(tx, SCOPE, floe_model::Timestamp(0))?;
            Ok((verify(tx, SCOPE)?, wallet, all?, simulated_payments::twice(tx, 10)?))
        });
        let (verdict, wallet, all, twice) = reading.await.unwrap();
        assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
        assert!(twice.is_empty(), "paid twice: {twice:?}");
        for ((_, ids, first), found) in self.runs.clone().iter().zip(&all) {
            for (at, id) in ids.iter().enumerate() {
                let candidate = found.iter().find(|candidate| candidate.id == *id).unwrap();
                self.model.seen(first + at, candidate.execution);
            }
        }
        self.model.check();
        let balances = wallet.balances;
        let stored =
            [balances.available.0, balances.reserved.0, balances.paid_out.0, balances.fees.0, -balances.outside.0];
        let Model { available, reserved, paid_out, fees, funded, .. } = self.model;
        assert_eq!(stored, [available, reserved, paid_out, fees, funded]);
    }

    /// Days later everything is what it must come to, and every run has ended.
    async fn end(&mut self) {
        for _ in 0..60 {
            self.world.wait_s(4 * 3_600);
            self.world.work().await;
        }
        self.check().await;
        for (at, paid) in self.model.payouts.iter().enumerate() {
            assert_eq!(paid.is, paid.fate, "payout {at}");
        }
        let runs: Vec<PaymentRunId> = self.runs.iter().map(|(run, ..)| *run).collect();
        let reading = self.world.store().read(move |tx| {
            let found: Result<Vec<_>, _> = runs.iter().map(|run| payment_runs::find(tx, SCOPE, *run)).collect();
            Ok((found?, payout_transactions::sums(tx, SCOPE)?))
        });
        let (runs, sums) = reading.await.unwrap();
        assert!(runs.iter().all(|run| run.as_ref().is_some_and(|run| run.status.is_final())), "a run did not end");
        assert!(runs.iter().flatten().any(|run| run.status == RunStatus::Failed), "no walk met the circuit breaker");
        let debits: i64 = sums.iter().filter(|(way, ..)| way.as_str() == "debit").map(|(_, _, count, _)| count).sum();
        assert_eq!(debits, self.model.payouts.len() as i64, "every candidate has exactly one debit");
    }
}

on_both! {
    async fn the_ledger_is_what_an_independent_model_says_after_every_step(store: TestStore) {
        for seed in SEEDS {
            // One store and one scope for all walks would tell less: each starts on an empty wallet.
            let store = match &store.file() {
                Some(_) => TestStore::sqlite().await,
                None => TestStore::postgres().await.expect("the server that was there"),
            };
            let world = World::new(&store, Schedule::default());
            let mut walk = Walk { world, model: Model::default(), chance: Chance(seed), runs: Vec::new() };
            for _ in 0..STEPS {
                walk.step().await;
            }
            walk.end().await;
        }
    }
}

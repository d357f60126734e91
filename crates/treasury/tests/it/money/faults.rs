//! A rail that loses what it is sent, or its own answers, and workers that meet over one batch: nothing is ever sent twice, and money
//! goes only where the books of the bank say that it went (Treasury contract, sections 3.6, 9.3 and 11).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use floe_model::Fault;
use floe_model::treasury::{AccountCheck, ExecutionStatus, Kobo, Schedule};
use floe_store::platform::jobs;
use floe_store::treasury::{candidates, payout_orders, simulated_payments};
use floe_store::{Store, Tx};
use floe_testkit::on_both;
use floe_treasury::ledger::verify;
use floe_treasury::payouts::rails::{
    Account, Answer, Enquiry, Look, Movement, Payment, Rail, RailFuture, Rails, Sent, Simulator,
};
use floe_treasury::wallet::{self, Topup};

use super::model::Fee;
use super::world::{Payee, SCOPE, World};

/// Every third payment is lost on its way, of every third one the answer; every second question and name enquiry finds nobody.
struct Lossy {
    simulator: Simulator,
    count: AtomicUsize,
}

impl Lossy {
    fn next(&self) -> usize {
        self.count.fetch_add(1, Ordering::SeqCst)
    }
}

impl Rail for Lossy {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>> {
        Box::pin(async move {
            let answers = self.simulator.enquire(accounts).await;
            answers
                .into_iter()
                .map(|answer| if self.next().is_multiple_of(2) { Enquiry::Unavailable } else { answer })
                .collect()
        })
    }

    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for payment in payments {
                let answer = match self.next() % 3 {
                    0 => Answer::none(),
                    1 => {
                        self.simulator.send(std::slice::from_ref(payment)).await;
                        Answer::none()
                    }
                    _ => self.simulator.send(std::slice::from_ref(payment)).await.remove(0),
                };
                answers.push(answer);
            }
            answers
        })
    }

    fn ask<'a>(&'a self, sent: &'a [Sent]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = self.simulator.ask(sent).await;
            answers.retain(|_| self.next().is_multiple_of(2));
            // Fewer answers than questions: what is missing is no answer. The rest must not be taken for those of others.
            if answers.len() == sent.len() { answers } else { sent.iter().map(|_| Answer::none()).collect() }
        })
    }

    fn movements<'a>(&'a self, look: Look) -> RailFuture<'a, Option<Vec<Movement>>> {
        self.simulator.movements(look)
    }
}

/// A process that stands still for ten minutes on its way to the first payment: before it sends, or in the middle of that.
struct Still<F> {
    simulator: Simulator,
    stand: F,
    in_send: bool,
}

impl<F: Fn(i64) + Send + Sync + 'static> Rail for Still<F> {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>> {
        if !self.in_send {
            (self.stand)(600);
        }
        self.simulator.enquire(accounts)
    }

    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>> {
        if self.in_send {
            (self.stand)(600);
        }
        self.simulator.send(payments)
    }

    fn ask<'a>(&'a self, sent: &'a [Sent]) -> RailFuture<'a, Vec<Answer>> {
        self.simulator.ask(sent)
    }

    fn movements<'a>(&'a self, look: Look) -> RailFuture<'a, Option<Vec<Movement>>> {
        self.simulator.movements(look)
    }
}

fn payees(count: u32, check: AccountCheck) -> Vec<Payee> {
    (0..count).map(|at| Payee { account: format!("01{at:08}"), amount: Kobo(100), check }).collect()
}

async fn fund(world: &World, kobo: i64) {
    let (treasury, ctx) = (world.treasury.clone(), world.ctx(1));
    let topup = Topup { amount: Kobo(kobo), reference: "all".to_owned(), description: None };
    world.store().write(move |tx| wallet::top_up(tx, &treasury, &ctx, &topup)).await.unwrap();
}

/// Stands still for longer than a mark holds: the bank gets nothing, and the money comes back.
async fn sends_nothing(store: &Store, in_send: bool) {
    let world = World::new(store, Schedule::default());
    let simulator = Simulator::new(Arc::clone(&world.treasury.platform), 0);
    let still = Arc::new(Still { simulator, stand: world.mover(), in_send });
    let world = world.with_rails(Rails::of_parts(still, None));
    fund(&world, 1_000).await;
    let (run, ids, _) = world.release(&payees(3, AccountCheck::Needed), &Fee::Off.schedule()).await.unwrap();
    for _ in 0..100 {
        world.work().await;
        world.wait_s(60);
    }
    let reading = store.read(move |tx| {
        let orders = payout_orders::of_candidates(tx, SCOPE, &ids)?;
        let references: Vec<String> = orders.iter().map(|order| order.rail_reference.clone()).collect();
        Ok((simulated_payments::some(tx, &references)?, candidates::all(tx, SCOPE, run)?, verify(tx, SCOPE)?))
    });
    let (books, candidates, verdict) = reading.await.unwrap();
    assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
    assert!(books.is_empty(), "sent ten minutes after it was marked: {books:?}");
    assert!(candidates.iter().all(|one| one.execution == ExecutionStatus::Failed), "{candidates:?}");
}

on_both! {
    async fn a_lossy_rail_pays_what_reached_it_and_nothing_twice(store: TestStore) {
        let simulator = |world: &World| Simulator::new(Arc::clone(&world.treasury.platform), 0);
        let world = World::new(&store, Schedule::default());
        let lossy = Arc::new(Lossy { simulator: simulator(&world), count: AtomicUsize::new(0) });
        let world = world.with_rails(Rails::of_parts(lossy, None));
        fund(&world, 6_000).await;
        let (run, ids, _) = world.release(&payees(60, AccountCheck::Needed), &Fee::Off.schedule()).await.unwrap();
        for _ in 0..400 {
            world.work().await;
            world.wait_s(300);
        }
        let reading = store.read(move |tx| {
            let orders = payout_orders::of_candidates(tx, SCOPE, &ids)?;
            let references: Vec<String> = orders.iter().map(|order| order.rail_reference.clone()).collect();
            let books = simulated_payments::some(tx, &references)?;
            Ok((orders, books, candidates::all(tx, SCOPE, run)?, verify(tx, SCOPE)?))
        });
        let (orders, books, candidates, verdict) = reading.await.unwrap();
        assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
        assert!(books.iter().all(|payment| payment.sends == 1), "a payment came twice");
        assert!(books.len() > 20 && books.len() < 60, "{} of 60 reached the bank", books.len());
        for (order, candidate) in orders.iter().zip(&candidates) {
            let reached = books.iter().any(|payment| payment.rail_reference == order.rail_reference);
            match candidate.execution {
                ExecutionStatus::Success => assert!(reached, "paid, and the bank has nothing of it"),
                ExecutionStatus::Failed => assert!(!reached, "not paid, and the bank has it: {order:?}"),
                // Nobody was told in a day: people look after it.
                other => assert_eq!(other, ExecutionStatus::RequiresFollowup),
            }
        }
        assert!(candidates.iter().any(|one| one.execution == ExecutionStatus::Failed));
        assert!(candidates.iter().any(|one| one.execution == ExecutionStatus::Success));
    }

    async fn a_process_that_stood_still_before_it_sent_sends_nothing(store: TestStore) {
        sends_nothing(&store, false).await;
    }

    async fn a_process_that_stood_still_while_it_sent_sends_nothing(store: TestStore) {
        sends_nothing(&store, true).await;
    }

    async fn workers_that_meet_over_a_batch_send_nothing_twice(store: TestStore) {
        let world = Arc::new(World::new(&store, Schedule::default()));
        fund(&world, 30_000).await;
        let (_, ids, _) = world.release(&payees(300, AccountCheck::Passed), &Fee::Off.schedule()).await.unwrap();
        // The claim of one job, handed out four times, as when leases run out while a rail is slow.
        let now = world.now();
        let claim = move |tx: &mut Tx<'_>| -> Result<_, Fault> { jobs::claim_due(tx, &["treasury.payouts"], now, 60_000, 4, None) };
        let job = store.write(claim).await.unwrap().remove(0);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (world, job) = (Arc::clone(&world), job.clone());
                tokio::spawn(async move { world.run(&job).await })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        let reading = store.read(move |tx| {
            let orders = payout_orders::of_candidates(tx, SCOPE, &ids)?;
            let references: Vec<String> = orders.iter().map(|order| order.rail_reference.clone()).collect();
            Ok((simulated_payments::some(tx, &references)?, verify(tx, SCOPE)?))
        });
        let (books, verdict) = reading.await.unwrap();
        assert!(verdict.problems.is_empty(), "{:?}", verdict.problems);
        assert_eq!(books.len(), 300);
        assert!(books.iter().all(|payment| payment.sends == 1), "a payment came twice");
    }
}

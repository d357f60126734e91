//! After the rail has answered: what follows for each order, written together.

use std::collections::BTreeMap;

use floe_model::id::PaymentRunId;
use floe_model::treasury::{Answered, Asked, Next, OrderState};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::payout_orders::{self, Order, Wait};

use crate::Treasury;
use crate::payouts::ending::{Ending, Outcome};
use crate::payouts::rails::Answer;
use crate::payouts::tell::PayoutFacts;
use crate::trail::{Agent, Who};

/// What a rail said about an order.
#[derive(Debug, Clone)]
pub(in crate::payouts) struct Told {
    order: Order,
    answer: Answer,
    was_question: bool,
}

impl Told {
    /// The answer to a payment.
    pub(super) fn sent(order: Order, answer: Answer) -> Self {
        // The order as it was read, before it was marked.
        Self { order: Order { state: OrderState::Sent, ..order }, answer, was_question: false }
    }

    /// The answer to a question.
    pub(in crate::payouts) fn asked(order: Order, answer: Answer) -> Self {
        Self { order, answer, was_question: true }
    }

    /// How the order goes on.
    fn next(&self, treasury: &Treasury, now: Timestamp) -> Next {
        let schedule = &treasury.settings.payouts.schedule;
        if !self.was_question {
            return schedule.after_send(self.answer.answered, now);
        }
        let Order { sent_at, questions, not_found_at, .. } = self.order;
        let asked = Asked { sent_at: sent_at.unwrap_or(now), questions, not_found_at };
        schedule.after_question(self.answer.answered, asked, now)
    }
}

/// Orders that go on alike: from their state, by their next step, with the code of the rail.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    from: OrderState,
    step: Step,
    code: Option<&'a str>,
    was_question: bool,
    not_found: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Succeed,
    Reverse,
    Fail(&'static str),
    Wait(Option<Timestamp>),
    FollowUp,
}

/// Writes what follows from answers about orders of one run, for the execution agent.
pub(in crate::payouts) fn settle(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: PaymentRunId,
    told: &[Told],
    now: Timestamp,
) -> Result<(), Fault> {
    settle_as(tx, treasury, scope, run, &Who::agent(Agent::Execution), told, now)
}

/// The same, for whoever asked.
pub(in crate::payouts) fn settle_as(
    tx: &mut Tx<'_>,
    treasury: &Treasury,
    scope: Scope,
    run: PaymentRunId,
    who: &Who,
    told: &[Told],
    now: Timestamp,
) -> Result<(), Fault> {
    let mut ending = Ending::open(tx, treasury, scope, run, who, now)?;
    let now = ending.at();
    let mut groups: BTreeMap<Group<'_>, Vec<&Order>> = BTreeMap::new();
    for one in told {
        if one.was_question {
            ending.note("requeried_payout", &PayoutFacts::of(&one.order, one.answer.code.as_deref(), None));
        }
        let group = Group {
            from: one.order.state,
            step: step(one.order.state, one.next(treasury, now)),
            code: one.answer.code.as_deref(),
            was_question: one.was_question,
            not_found: one.was_question && one.answer.answered == Answered::NotFound,
        };
        groups.entry(group).or_default().push(&one.order);
    }
    for (group, orders) in &groups {
        follow(tx, &mut ending, scope, group, orders, now)?;
    }
    ending.close(tx)
}

/// An order that people look after stays with them until there is a final answer.
fn step(from: OrderState, next: Next) -> Step {
    match (from, next) {
        (_, Next::Succeed) => Step::Succeed,
        (_, Next::Reverse) => Step::Reverse,
        (_, Next::Fail(reason)) => Step::Fail(reason),
        (OrderState::Followup, Next::Ask(_) | Next::FollowUp) => Step::Wait(None),
        (_, Next::Ask(at)) => Step::Wait(Some(at)),
        (_, Next::FollowUp) => Step::FollowUp,
    }
}

fn follow(
    tx: &mut Tx<'_>,
    ending: &mut Ending<'_>,
    scope: Scope,
    group: &Group<'_>,
    orders: &[&Order],
    now: Timestamp,
) -> Result<(), Fault> {
    let Group { from, code, .. } = *group;
    let questions = i64::from(group.was_question);
    let to = |to: OrderState, reason: Option<&'static str>| Outcome { from, to, code, reason, questions };
    match group.step {
        Step::Succeed => ending.end(tx, orders, to(OrderState::Success, None)).map(drop),
        Step::Fail(reason) => ending.end(tx, orders, to(OrderState::Failed, Some(reason))).map(drop),
        Step::FollowUp => ending.end(tx, orders, to(OrderState::Followup, None)).map(drop),
        Step::Reverse => {
            ending.end(tx, orders, to(OrderState::Success, None))?;
            let back =
                Outcome { from: OrderState::Success, to: OrderState::Reversed, code, reason: None, questions: 0 };
            ending.end(tx, orders, back).map(drop)
        }
        Step::Wait(next_at) => {
            let seqs: Vec<i64> = orders.iter().map(|order| order.seq).collect();
            let wait = Wait { questions, code, not_found: group.not_found, next_at };
            payout_orders::wait(tx, scope, &seqs, &wait, now)
        }
    }
}

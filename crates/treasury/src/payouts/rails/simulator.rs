//! The simulated rail: what it answers is decided by account and amount (`floe_model::treasury::simulator`), and it keeps books of its
//! own, as another institution would. So its answers survive a crash, and its books show whether anything was ever sent twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use floe_model::treasury::nip::Question;
use floe_model::treasury::simulator::{self, Answer as Simulated, Enquiry as SimulatedEnquiry};
use floe_model::treasury::{AccountNumber, Answered};
use floe_runtime::Platform;
use floe_store::treasury::simulated_payments::{self as books, SimulatedPayment};

use super::{Account, Answer, Enquiry, Look, Movement, Payment, Rail, RailFuture, Sent};

/// The code of what is not known.
const NOT_FOUND: &str = "25";
/// The code of a reference that came before.
const DUPLICATE: &str = "94";
/// The code of an account that is none.
const NO_ACCOUNT: &str = "07";

/// The simulated rail.
pub struct Simulator {
    platform: Arc<Platform>,
    delay_ms: u64,
}

impl Simulator {
    /// One that answers after so many milliseconds.
    #[must_use]
    pub fn new(platform: Arc<Platform>, delay_ms: u64) -> Self {
        Self { platform, delay_ms }
    }

    async fn pause(&self) {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
    }

    /// Writes payments into the books, and answers each. What should have come before now is not taken.
    async fn take(&self, payments: &[Payment]) -> Vec<Answer> {
        let now = self.platform.clock.now();
        let rows: Vec<SimulatedPayment> = payments.iter().map(|payment| booked(payment, now)).collect();
        let references: Vec<String> = payments.iter().map(|payment| payment.reference.clone()).collect();
        let (platform, last) = (Arc::clone(&self.platform), payments.iter().map(|payment| payment.leave_before).min());
        let written = self.platform.store.write(move |tx| {
            // Looked at here, where nothing else of the books can happen until they are written.
            if last.is_some_and(|last| platform.clock.now() >= last) {
                return Ok(None);
            }
            let known = books::some(tx, &references)?;
            books::send(tx, &rows)?;
            Ok(Some(known))
        });
        let Ok(Some(known)) = written.await else { return payments.iter().map(|_| Answer::none()).collect() };
        let answer = |payment: &Payment| {
            if known.iter().any(|known| known.rail_reference == payment.reference) {
                return Answer::nip(DUPLICATE, Question::Send);
            }
            let code = match AccountNumber::parse(&payment.account_number) {
                Some(account) => simulator::send(&account, payment.amount),
                None => NO_ACCOUNT.to_owned(),
            };
            Answer::nip(&code, Question::Send)
        };
        payments.iter().map(answer).collect()
    }

    /// Counts the questions in the books, and answers each.
    async fn tell(&self, sent: &[Sent]) -> Vec<Answer> {
        let asked: Vec<String> = sent.iter().map(|one| one.reference.clone()).collect();
        let known = self.platform.store.write(move |tx| books::ask(tx, &asked)).await;
        let Ok(known) = known else { return sent.iter().map(|_| Answer::none()).collect() };
        let known: HashMap<&str, &SimulatedPayment> =
            known.iter().map(|payment| (payment.rail_reference.as_str(), payment)).collect();
        sent.iter().map(|one| known.get(one.reference.as_str()).map_or_else(unknown, |known| status(known))).collect()
    }
}

fn booked(payment: &Payment, now: floe_model::Timestamp) -> SimulatedPayment {
    SimulatedPayment {
        rail_reference: payment.reference.clone(),
        run: payment.run,
        account_number: payment.account_number.clone(),
        institution_code: payment.institution_code.clone(),
        amount: payment.amount,
        sends: 1,
        questions: 0,
        sent_at: now,
        returned_at: None,
    }
}

fn unknown() -> Answer {
    Answer::nip(NOT_FOUND, Question::Status)
}

fn status(known: &SimulatedPayment) -> Answer {
    let Some(account) = AccountNumber::parse(&known.account_number) else {
        return Answer::nip(NO_ACCOUNT, Question::Status);
    };
    let nth = u32::try_from(known.questions).unwrap_or(u32::MAX);
    match simulator::status(&account, known.amount, nth) {
        Simulated::Code(code) => Answer::nip(&code, Question::Status),
        Simulated::Reversed => Answer { answered: Answered::Returned, code: Some("00".to_owned()) },
    }
}

impl Rail for Simulator {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>> {
        Box::pin(async move {
            self.pause().await;
            let answer = |account: &Account| match AccountNumber::parse(&account.account_number) {
                Some(number) => match simulator::enquire(&number, &account.name) {
                    SimulatedEnquiry::Holder(name) => Enquiry::Holder(name),
                    SimulatedEnquiry::Invalid(code) => Enquiry::Invalid(code.to_owned()),
                },
                None => Enquiry::Invalid(NO_ACCOUNT.to_owned()),
            };
            accounts.iter().map(answer).collect()
        })
    }

    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let answers = self.take(payments).await;
            self.pause().await;
            answers
        })
    }

    fn ask<'a>(&'a self, sent: &'a [Sent]) -> RailFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.pause().await;
            self.tell(sent).await
        })
    }

    fn movements<'a>(&'a self, look: Look) -> RailFuture<'a, Option<Vec<Movement>>> {
        Box::pin(async move {
            self.pause().await;
            let (run, at) = (look.run, look.until);
            let returned = self.platform.store.write(move |tx| books::returns(tx, run, at)).await.ok()?;
            Some(returned.into_iter().map(|payment| Movement { reference: payment.rail_reference }).collect())
        })
    }
}

//! Rails: what carries a payout to a bank (Treasury contract, section 9.3).
//!
//! A rail has four calls, and each takes many at a time. It reads the codes of its own provider, and never says "refused" where it does
//! not know: paying twice is worse than waiting. A rail is never asked to send one reference twice.

mod file;
mod simulator;

use std::pin::Pin;
use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::treasury::nip::{self, Meaning};
use floe_model::treasury::{Answered, Kobo};
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::Platform;

pub use file::FileRail;
pub use simulator::Simulator;

use super::PayoutSettings;

/// A future of a rail.
pub type RailFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An account whose holder is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name that was given.
    pub name: String,
    /// Ten digits.
    pub account_number: String,
    /// The institution, by any of its codes.
    pub institution_code: String,
}

/// The answer to a name enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enquiry {
    /// The account is held under this name.
    Holder(String),
    /// There is no such account; the code of the rail.
    Invalid(String),
    /// Nobody could say just now.
    Unavailable,
    /// This rail never says.
    Unsupported,
}

/// A payment that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its name on the rail: 30 digits, never sent before.
    pub reference: String,
    /// The run that it belongs to.
    pub run: PaymentRunId,
    /// Whom it pays.
    pub beneficiary_name: String,
    /// At which account.
    pub account_number: String,
    /// At which institution, as it was given.
    pub institution_code: String,
    /// What for.
    pub narration: Option<String>,
    /// How much.
    pub amount: Kobo,
    /// From this instant on the rail must not let it go: others may have begun to give its money back.
    pub leave_before: Timestamp,
}

/// A payment that may have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its name on the rail.
    pub reference: String,
    /// The rail's last code for it; none when it never gave one.
    pub code: Option<String>,
}

/// What a rail says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub answered: Answered,
    /// The rail's own code; none for a time-out or a broken connection.
    pub code: Option<String>,
}

impl Answer {
    /// No answer: the rail could not be reached, or nobody knows.
    #[must_use]
    pub const fn none() -> Self {
        Self { answered: Answered::Unknown, code: None }
    }

    /// A code of the NIP table, as the answer to a question of one kind.
    #[must_use]
    pub fn nip(code: &str, question: nip::Question) -> Self {
        let answered = match nip::meaning(code, question) {
            Meaning::Success => Answered::Success,
            Meaning::Refused => Answered::Refused,
            // Sent already is no news about what became of it: that is asked with the same reference.
            Meaning::Unknown | Meaning::AlreadySent => Answered::Unknown,
            Meaning::NotFound => Answered::NotFound,
        };
        Self { answered, code: Some(code.to_owned()) }
    }
}

/// Which movements are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Payments of this run.
    pub run: PaymentRunId,
    /// Moved at or after this instant.
    pub since: Timestamp,
    /// Moved before this instant.
    pub until: Timestamp,
}

/// Money that came back after a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The reference of the payment.
    pub reference: String,
}

/// Carries payouts.
pub trait Rail: Send + Sync + 'static {
    /// Its name in settings and rows.
    fn name(&self) -> &'static str;

    /// Asks for the holders of accounts; one answer each, in their order.
    fn enquire<'a>(&'a self, accounts: &'a [Account]) -> RailFuture<'a, Vec<Enquiry>>;

    /// Sends payments that were never sent, none of them from its [`Payment::leave_before`] on; one answer each, in their order.
    fn send<'a>(&'a self, payments: &'a [Payment]) -> RailFuture<'a, Vec<Answer>>;

    /// Asks what became of payments; one answer each, in their order.
    fn ask<'a>(&'a self, sent: &'a [Sent]) -> RailFuture<'a, Vec<Answer>>;

    /// Lists money that came back; none when the rail could not say.
    fn movements<'a>(&'a self, look: Look) -> RailFuture<'a, Option<Vec<Movement>>>;
}

/// The rails of this server.
#[derive(Clone)]
pub struct Rails {
    simulator: Arc<dyn Rail>,
    live: Option<Arc<dyn Rail>>,
}

impl Rails {
    /// The simulator for test mode, and the rail of live mode that the settings name.
    #[must_use]
    pub fn new(platform: &Arc<Platform>, settings: &PayoutSettings) -> Self {
        let of_files = |folder: &std::path::PathBuf| -> Arc<dyn Rail> {
            Arc::new(FileRail::new(folder.clone(), Arc::clone(&platform.clock)))
        };
        let live = settings.file_rail.as_ref().map(of_files);
        Self { simulator: Arc::new(Simulator::new(Arc::clone(platform), settings.simulator_delay_ms)), live }
    }

    /// Rails of one's own, for tests.
    #[must_use]
    pub fn of_parts(simulator: Arc<dyn Rail>, live: Option<Arc<dyn Rail>>) -> Self {
        Self { simulator, live }
    }

    /// The rail of a mode: test mode always has the simulator.
    ///
    /// # Errors
    /// A conflict `no_rail` when live mode has none.
    pub fn of(&self, mode: Mode) -> Result<&Arc<dyn Rail>, Fault> {
        match (mode, &self.live) {
            (Mode::Test, _) => Ok(&self.simulator),
            (Mode::Live, Some(rail)) => Ok(rail),
            (Mode::Live, None) => Err(Fault::conflict("no_rail", "No payout rail is configured.")),
        }
    }

    /// The rail that carries what was given to it, when it is still there.
    #[must_use]
    pub fn named(&self, mode: Mode, name: &str) -> Option<&Arc<dyn Rail>> {
        self.of(mode).ok().filter(|rail| rail.name() == name)
    }
}

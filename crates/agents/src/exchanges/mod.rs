//! Exchanges: what one call of an agent does (agents contract, section 2).
//!
//! An exchange is durable work. It is written down with the credits it may cost (`accept.rs`), waits for its turn in its thread, runs
//! rounds of the model and its tools (`run.rs`, `rounds.rs`), and ends in one transaction that stores the answer, takes the credits and
//! tells of it (`finish.rs`). A reply of the model is on disk before its tools are called, and what they gave before the model is asked
//! again; so whoever takes up what a killed process left repeats no finished call, and one that was under way has the same key.
//!
//! One process has an exchange at a time: its row names the owner and counts how often it was taken, and what is written with an
//! older count is void. Exchanges that nobody has are taken by the keeper (`keeper.rs`) of any node that works.

mod accept;
mod asked;
mod cancel;
mod config;
mod conversation;
mod direct;
mod end;
mod execution;
mod finish;
pub mod follow;
mod journal;
mod keeper;
mod outcome;
mod pieces;
mod prepare;
mod rounds;
mod run;
mod send;
mod summary;
mod tell;
mod tell_workflow;
mod tools;
mod types;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use floe_model::id::{ExchangeId, ThreadId};
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use tokio::sync::{Notify, Semaphore, watch};

pub use asked::caller_of;
pub(crate) use asked::chain_of;
pub(crate) use asked::{promised_answer, questions};
pub use config::Config;
pub use execution::{Replied, execution};
pub use journal::trace;
pub use keeper::Keeper;
pub use send::Sent;
pub(crate) use tell_workflow::answered_by_person as tell_answered;
pub use tell_workflow::execution_name;
pub use types::{Accepted, Delta, NewExchange, Outcome, Ready, Sink};

/// Longest time for the rounds of one exchange, in milliseconds. A single call of a model has less (`models::CALL_MS_MAX`).
pub const EXCHANGE_MS_MAX: i64 = 600_000;
/// Longest wait of a direct call for its turn in its thread, in milliseconds (agents contract, section 2.4).
pub const TURN_MS_MAX: i64 = 30_000;
/// Exchanges of the background that one process runs at a time.
const BACKGROUND_MAX: usize = 64;
/// Exchanges that one process runs at a time because somebody waits for them; more are refused as overload.
const DIRECT_MAX: usize = 4_096;
/// How often an exchange is taken before it is given up: one that ends its process each time would end them all. An innocent one that
/// stands beside it, or is met by many ends in a row, has to come through, so there are many.
const TAKES_MAX: i64 = 25;
/// Calls of tools in one round; what a model asks for beyond is refused to it.
const CALLS_MAX: usize = 32;
/// Calls of tools of one exchange that run at a time.
const CALLS_AT_ONCE: usize = 8;

/// What a process knows of the exchanges that it runs. The truth is in the rows.
pub struct Exchanges {
    /// Names this process where it has the database alone.
    life: u128,
    /// By id and epoch: one that was taken for left behind may run here twice for a moment.
    running: Mutex<HashMap<(ExchangeId, i64), Running>>,
    /// Taken here and not finished, because the database did not take the outcome.
    abandoned: Mutex<Vec<(Scope, ExchangeId, i64)>>,
    background: Arc<Semaphore>,
    direct: Arc<Semaphore>,
    /// A place of the background is free again.
    freed: Notify,
}

struct Running {
    thread: ThreadId,
    stop: watch::Sender<bool>,
}

impl Exchanges {
    /// Knows of none.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        Self {
            life: platform.ids.next_bits(),
            running: Mutex::default(),
            abandoned: Mutex::default(),
            background: Arc::new(Semaphore::new(BACKGROUND_MAX)),
            direct: Arc::new(Semaphore::new(DIRECT_MAX)),
            freed: Notify::new(),
        }
    }

    /// In whose name this process takes exchanges now, and whether other nodes may have some.
    fn owner(&self, platform: &Platform) -> Result<(u128, bool), Fault> {
        match platform.store.node() {
            None => Ok((self.life, false)),
            Some(node) => node.id().map(|id| (id.0, true)).ok_or_else(floe_store::platform::nodes::ended_fault),
        }
    }

    /// Notes that an exchange runs here; the answer tells when it is to stop.
    fn begins(&self, id: ExchangeId, epoch: i64, thread: ThreadId) -> watch::Receiver<bool> {
        let (stop, stopped) = watch::channel(false);
        self.running().insert((id, epoch), Running { thread, stop });
        stopped
    }

    /// Notes that it runs here no more.
    fn ends(&self, id: ExchangeId, epoch: i64) {
        self.running().remove(&(id, epoch));
    }

    /// Stops an exchange, or all of a thread, that run here.
    fn stop(&self, bits: u128) {
        for ((id, _), running) in self.running().iter() {
            if id.0 == bits || running.thread.0 == bits {
                running.stop.send_replace(true);
            }
        }
    }

    /// How many run here.
    #[must_use]
    pub fn count(&self) -> usize {
        self.running().len()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<(ExchangeId, i64), Running>> {
        // A panic while the lock was held cannot leave the map half changed.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abandoned(&self) -> MutexGuard<'_, Vec<(Scope, ExchangeId, i64)>> {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

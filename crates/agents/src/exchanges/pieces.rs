//! The teller: writes down what an agent says and does while it does, for those who follow its thread on any node.
//!
//! What was told cannot be taken back. Whoever takes up what a killed process left is asked for the same answer again: as long as it is the
//! same nothing is told twice, and where it is another one a `restart` tells so.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use floe_model::Fault;
use floe_model::agents::exchange::Channel;
use floe_store::Tx;
use floe_store::agents::exchange_streams;
use floe_store::agents::exchanges::{self, Exchange};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::asked::Asked;
use super::follow::{self, BETWEEN_ROUNDS, Event};
use super::{Delta, Sink};
use crate::Agents;

/// Deltas that wait to be written; then the model is read no faster.
const WAITING: usize = 256;
/// Pause between two writes, in which more is said: each write is a row.
const PAUSE: Duration = Duration::from_millis(20);
/// Tries of the last write.
const LAST_TRIES: u32 = 3;

/// Writes the pieces of one exchange.
pub(super) struct Teller {
    agents: Arc<Agents>,
    exchange: Arc<Exchange>,
    /// Number of the next event.
    next: i64,
    /// The text that is on disk, and how much of it was said again.
    given: String,
    matched: usize,
    /// Calls of tools that were told, and whether their end was.
    called: HashSet<(String, bool)>,
    /// Whether a tool was called since something was said.
    is_next_round: bool,
    /// Events that could not be written yet.
    pending: Vec<Event>,
}

impl Teller {
    /// Begins where an exchange is followed: what to tell, and the task that ends when everything is written.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn begin(
        agents: &Arc<Agents>,
        exchange: &Arc<Exchange>,
    ) -> Result<(Option<Sink>, Option<JoinHandle<()>>), Fault> {
        if exchange.channel != Channel::Workflow || !Asked::read(&exchange.asked)?.streamed {
            return Ok((None, None));
        }
        let mut teller = Self {
            agents: Arc::clone(agents),
            exchange: Arc::clone(exchange),
            next: 1,
            given: String::new(),
            matched: 0,
            called: HashSet::new(),
            is_next_round: false,
            pending: Vec::new(),
        };
        if exchange.epoch > 1 {
            teller.take_up().await?;
        }
        let (sink, deltas) = mpsc::channel(WAITING);
        Ok((Some(sink), Some(tokio::spawn(teller.run(deltas)))))
    }

    /// Reads what another process told.
    async fn take_up(&mut self) -> Result<(), Fault> {
        let (scope, id) = (self.exchange.scope, self.exchange.id);
        let told = self.agents.platform.store.read(move |tx| follow::every(tx, scope, id)).await?;
        for event in told {
            self.next += 1;
            match event {
                Event::Token(text) => self.given.push_str(&text),
                Event::Restart => self.given.clear(),
                Event::ToolStarted { id, .. } => drop(self.called.insert((id, false))),
                Event::ToolCompleted { id, .. } | Event::ToolFailed { id, .. } => {
                    self.called.insert((id, true));
                }
            }
        }
        Ok(())
    }

    async fn run(mut self, mut deltas: mpsc::Receiver<Delta>) {
        let mut batch = Vec::new();
        let mut is_ours = true;
        while deltas.recv_many(&mut batch, WAITING).await > 0 {
            for delta in batch.drain(..) {
                self.take(delta);
            }
            // Whoever lost the exchange finds out by itself; until then it is not kept from going on.
            is_ours = is_ours && self.write().await;
            if !is_ours {
                self.pending.clear();
            }
            tokio::time::sleep(PAUSE).await;
        }
        for _ in 0..LAST_TRIES {
            if !is_ours || self.pending.is_empty() {
                return;
            }
            is_ours = self.write().await;
        }
    }

    /// Notes what has to be told of a delta.
    fn take(&mut self, delta: Delta) {
        match delta {
            Delta::Text(text) => self.say(text),
            Delta::ToolCall { id, name, args } => {
                self.is_next_round = true;
                if self.called.insert((id.clone(), false)) {
                    self.pending.push(Event::ToolStarted { id, name, arguments: args });
                }
            }
            Delta::ToolResult { id, name, result, error, .. } => {
                self.is_next_round = true;
                if self.called.insert((id.clone(), true)) {
                    self.pending.push(match error {
                        None => Event::ToolCompleted { id, name, result },
                        Some(error) => Event::ToolFailed { id, name, error },
                    });
                }
            }
            Delta::Trace(_) => {}
        }
    }

    /// Says a piece of text, as far as it was not said before.
    fn say(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.is_next_round) && self.matched > 0 {
            self.add(BETWEEN_ROUNDS.to_owned());
        }
        self.add(text);
    }

    fn add(&mut self, text: String) {
        let before = &self.given[self.matched..];
        if before.starts_with(&text) {
            self.matched += text.len();
        } else if let Some(rest) = text.strip_prefix(before) {
            let rest = rest.to_owned();
            self.given.push_str(&rest);
            self.matched = self.given.len();
            self.pending.push(Event::Token(rest));
        } else {
            self.given.truncate(self.matched);
            self.given.push_str(&text);
            self.matched = self.given.len();
            self.pending.push(Event::Restart);
            self.pending.push(Event::Token(self.given.clone()));
        }
    }

    /// Writes what is pending; false when somebody else has the exchange. What the database does not take now is written with the next.
    async fn write(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let (scope, id, epoch, first) = (self.exchange.scope, self.exchange.id, self.exchange.epoch, self.next);
        let events = Value::from(self.pending.iter().map(Event::to_json).collect::<Vec<_>>()).to_string();
        let write = move |tx: &mut Tx<'_>| {
            let is_ours = exchanges::keep(tx, scope, id, epoch)?.is_some();
            if is_ours {
                exchange_streams::add(tx, scope, id, first, &events)?;
            }
            Ok(is_ours)
        };
        match self.agents.platform.store.write(write).await {
            Ok(is_ours) => {
                self.next += i64::try_from(self.pending.len()).unwrap_or(i64::MAX);
                self.pending.clear();
                is_ours
            }
            Err(fault) => {
                tracing::debug!(%fault, "what an agent says cannot be written down now");
                true
            }
        }
    }
}

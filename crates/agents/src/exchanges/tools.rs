//! The calls of tools in a round: several at a time, each with a key that is the same on every repeat.

use std::sync::Arc;
use std::time::Duration;

use floe_model::id::ExchangeId;
use floe_runtime::tools::{ToolCall, ToolFault};
use floe_store::Tx;
use serde_json::Value;
use tokio::task::JoinSet;

use super::journal::{Call, CallState, Round};
use super::run::{Halt, Work};
use super::{CALLS_AT_ONCE, Delta};
use crate::approvals;

/// Longest time for one call, in milliseconds: another agent may need that.
const CALL_MS_MAX: u64 = 180_000;
/// Pause between two looks whether this node lives for certain.
const CERTAIN_PAUSE: Duration = Duration::from_millis(100);

impl Work {
    /// Makes the calls of the last round that are open, and writes down what they gave. Those that a person has to approve wait.
    pub(super) async fn finish_calls(&mut self) -> Result<(), Halt> {
        if !self.rounds.last().is_some_and(Round::is_open) {
            return Ok(());
        }
        self.set_aside();
        let Some(round) = self.rounds.last() else { return Ok(()) };
        let (number, open) = (round.number, open_calls(round));
        for batch in open.chunks(CALLS_AT_ONCE) {
            self.make(batch).await?;
        }
        let Some(round) = self.rounds.last() else { return Ok(()) };
        let spans = round.calls.iter().map(|call| call.span(number)).collect();
        // What waits for a person is written with the outcome, which follows at once.
        if round.waiting().next().is_some() { Ok(()) } else { self.write(spans).await }
    }

    /// Lets calls wait that a person has to approve, unless nobody could make them anyway. What was decided is not asked again.
    fn set_aside(&mut self) {
        let toolbox = Arc::clone(&self.toolbox);
        let Some(round) = self.rounds.last_mut().filter(|round| round.number > 0) else { return };
        for call in round.calls.iter_mut().filter(|call| matches!(call.state, CallState::Open)) {
            if toolbox.requires_approval(&call.name) && toolbox.check(&call.name, &call.args).is_ok() {
                call.state = CallState::Waits;
            }
        }
    }

    /// Makes some calls at the same time.
    async fn make(&mut self, batch: &[Call]) -> Result<(), Halt> {
        self.may_act().await?;
        let mut tasks = JoinSet::new();
        for call in batch {
            let delta = Delta::ToolCall { id: call.id.clone(), name: call.name.clone(), args: call.args.clone() };
            self.tell(delta).await;
            let (toolbox, platform) = (Arc::clone(&self.toolbox), Arc::clone(&self.agents.platform));
            let (name, ordinal, wanted) = (call.name.clone(), call.ordinal, self.wanted(call));
            tasks.spawn(async move { (ordinal, toolbox.call(&platform, &name, wanted).await) });
        }
        let started = self.now();
        while let Some(joined) = self.until_stop(tasks.join_next()).await? {
            // A tool that panicked is found below: nobody gave anything for it.
            let Ok((ordinal, outcome)) = joined else { continue };
            self.settle(ordinal, started, outcome).await;
        }
        for call in batch {
            let fault = ToolFault::new("failed", "The tool broke off");
            self.settle(call.ordinal, started, Err(fault)).await;
        }
        Ok(())
    }

    /// Waits until this node is certain that it lives: nothing is called by two nodes at a time. One that was ended calls nothing more.
    async fn may_act(&self) -> Result<(), Halt> {
        let Some(node) = self.agents.platform.store.node() else { return Ok(()) };
        while !node.is_valid() {
            if node.id().map(|id| id.0) != self.exchange.owner {
                return Err(Halt::Taken);
            }
            self.until_stop(tokio::time::sleep(CERTAIN_PAUSE)).await?;
        }
        Ok(())
    }

    fn wanted(&self, call: &Call) -> ToolCall {
        ToolCall {
            scope: self.exchange.scope,
            caller: Arc::clone(&self.caller),
            agent: self.exchange.agent,
            key: call.key.clone(),
            arguments: call.args.clone(),
            depth: self.exchange.depth,
            chain: self.asked.chain.clone(),
            deadline_ms: self.left_ms(CALL_MS_MAX),
        }
    }

    /// Notes what a call gave, once.
    async fn settle(&mut self, ordinal: i64, started: floe_model::Timestamp, outcome: Result<Value, ToolFault>) {
        let now = self.now();
        let Some(round) = self.rounds.last_mut() else { return };
        let number = round.number;
        let open = |call: &&mut Call| call.ordinal == ordinal && matches!(call.state, CallState::Open);
        let Some(call) = round.calls.iter_mut().find(open) else { return };
        (call.started, call.ended) = (started, Some(now));
        call.state = CallState::Done(outcome.map_err(|fault| (fault.code.to_owned(), fault.message)));
        let (shown, span) = (call.shown(), call.span(number));
        self.tell(Delta::ToolResult {
            id: shown.id,
            name: shown.name,
            result: shown.result,
            error: shown.error,
            duration_ms: shown.duration_ms,
        })
        .await;
        self.show(&span).await;
    }

    /// Begins with what was decided about the calls that stopped an exchange: approved ones are made, for others the model is told.
    pub(super) async fn take_decisions(&mut self, stopped: ExchangeId) -> Result<(), Halt> {
        let workspace = self.exchange.scope.workspace;
        let read = move |tx: &mut Tx<'_>| approvals::decisions(tx, workspace, stopped);
        let decided = self.agents.platform.store.read(read).await?;
        let now = self.now();
        let call = |(ordinal, decided): (i64, approvals::Decided)| Call {
            ordinal,
            state: if decided.approved { CallState::Open } else { CallState::Done(Ok(decided.rejection())) },
            ended: (!decided.approved).then_some(now),
            id: decided.call_id,
            name: decided.tool,
            args: decided.arguments,
            key: decided.key,
            started: now,
        };
        let calls = (1..).zip(decided).map(call).collect();
        let round = Round { number: 0, reply: None, calls, refused: None };
        let spans = round.spans();
        self.rounds.push(round);
        self.write(spans).await
    }
}

fn open_calls(round: &Round) -> Vec<Call> {
    round.calls.iter().filter(|call| matches!(call.state, CallState::Open)).cloned().collect()
}

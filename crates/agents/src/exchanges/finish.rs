//! The end of an exchange: answer, credits, trace, activity and callback are one transaction.

use std::sync::Arc;
use std::time::Duration;

use floe_model::access::Caller;
use floe_model::agents::envelope::{Finish, HISTORY_MAX};
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message as Says;
use floe_model::id::{ExchangeId, MessageId};
use floe_model::{Fault, FaultKind, Scope, Timestamp};
use floe_runtime::Platform;
use floe_runtime::credits::{self, Spent};
use floe_runtime::models::Usage;
use floe_store::Tx;
use floe_store::access::credit_entries::Origin;
use floe_store::agents::exchanges::{self, Ended, Exchange};
use floe_store::agents::messages::{self, Message};
use floe_store::agents::spans::{self, Span};
use floe_store::agents::thread_list;
use floe_store::agents::threads::{self, Growth, Thread};

use super::accept::reference;
use super::asked::Asked;
use super::journal::{Call, WAITING};
use super::outcome::{self, Answered};
use super::tell::{self, Told};
use super::{Outcome, tell_workflow};
use crate::Agents;
use crate::approvals::{self, Asking};

/// How often a database that does not take the outcome is asked before the exchange is left to the keeper.
const TRIES: u32 = 5;
/// Pause before the second try; doubles.
const PAUSE: Duration = Duration::from_millis(200);
/// Code of the fault that undoes everything when somebody else has the exchange.
const TAKEN: &str = "exchange_taken";

/// What came of an exchange, before it is on disk.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) code: i64,
    pub(super) finish: Option<Finish>,
    pub(super) error: Option<String>,
    /// Everything that was said in it, in order: the caller's messages first.
    pub(super) said: Vec<(MessageId, Says, Option<String>)>,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    /// Calls of the model.
    pub(super) calls: i64,
    /// What it costs, in thousandths.
    pub(super) price: i64,
    pub(super) answered: Answered,
    pub(super) spans: Vec<Span>,
    /// Calls that a person has to approve.
    pub(super) asks: Vec<Call>,
    /// A new summary, and the last message that it tells of.
    pub(super) summary: Option<(String, i64)>,
    pub(super) at: Timestamp,
    pub(super) agent_name: String,
    pub(super) caller: Arc<Caller>,
}

impl Done {
    /// An exchange that did not get as far as to its agent.
    pub(super) fn failed(exchange: &Exchange, code: i64, error: &str, at: Timestamp) -> Self {
        let asked = Asked::read(&exchange.asked).unwrap_or_default();
        Self {
            code,
            finish: None,
            error: Some(error.to_owned()),
            said: asked.messages.into_iter().map(|(id, message)| (id, message, None)).collect(),
            model: None,
            usage: Usage::default(),
            calls: 0,
            price: 0,
            answered: Answered::default(),
            spans: Vec::new(),
            asks: Vec::new(),
            summary: None,
            at,
            agent_name: String::new(),
            caller: Arc::new(super::asked::caller_of(exchange)),
        }
    }
}

/// Messages that are added to a thread.
pub(super) struct Said {
    pub(super) exchange: ExchangeId,
    /// Each with its author, where that is neither the caller nor the agent.
    pub(super) messages: Vec<(MessageId, Says, Option<String>)>,
    pub(super) is_hidden: bool,
    pub(super) summary: Option<(String, i64)>,
    pub(super) at: Timestamp,
}

/// Ends an exchange that was taken at its epoch: its outcome; none when somebody else has it by now. A database that does not take
/// it is asked again for some seconds.
pub(super) async fn finish(
    agents: &Arc<Agents>,
    exchange: &Arc<Exchange>,
    done: Done,
) -> Result<Option<Outcome>, Fault> {
    let done = Arc::new(done);
    let mut pause = PAUSE;
    for tries in 1.. {
        let (own, exchange, done) = (Arc::clone(&agents.platform), Arc::clone(exchange), Arc::clone(&done));
        match agents.platform.store.write(move |tx| end(tx, &own, &exchange, &done)).await {
            Ok(outcome) => {
                count(&outcome);
                return Ok(Some(outcome));
            }
            Err(fault) if fault.code() == TAKEN => return Ok(None),
            Err(fault) if tries < TRIES && is_passing(&fault) => {
                tracing::debug!(%fault, "the outcome of an exchange cannot be written now");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(None)
}

/// Counts an end in the words of the runs of all products (console contract, section 5.7).
fn count(outcome: &Outcome) {
    let status = match (outcome.code, outcome.finish) {
        (200, Some(Finish::Cancelled)) => "cancelled",
        (200, _) => "completed",
        _ => "failed",
    };
    metrics::counter!("floe_runs_total", "kind" => "agent", "status" => status).increment(1);
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault.kind(), FaultKind::Overloaded | FaultKind::StorageFull | FaultKind::Internal)
}

fn end(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, done: &Done) -> Result<Outcome, Fault> {
    let scope = exchange.scope;
    let thread = threads::lock(tx, scope, exchange.thread)?;
    let credits = charge(tx, platform, exchange, done)?;
    let ended = ended(thread.as_ref(), done, credits)?;
    if !exchanges::finish(tx, scope, exchange.id, exchange.epoch, &ended)? {
        return Err(Fault::conflict(TAKEN, "Another process has this exchange"));
    }
    // From here on nobody else has it.
    let over = Exchange { ended: Some(ended), ..exchange.clone() };
    match &thread {
        Some(thread) => keep(tx, platform, &over, thread, done)?,
        None => thread_list::purge(tx, scope, exchange.thread)?,
    }
    let made = done.answered.tool_calls.iter().filter(|call| call.error.as_deref() != Some(WAITING));
    let told = Told { tools: made.cloned().collect(), execution_ms: done.answered.execution_ms };
    tell::ended(tx, platform, &over, &told)?;
    tell_workflow::answered(tx, platform, &over, done)?;
    // Whoever came later has counted up the thread, which this transaction has.
    if thread.as_ref().is_none_or(|thread| thread.arrivals > exchange.arrival) {
        exchanges::announce_next(tx, exchange)?;
    }
    let outcome = outcome::of(tx, &over)?.ok_or_else(|| Fault::internal("an exchange that is over is not"))?;
    if let Some(url) = &exchange.callback_url {
        tell::call_back(tx, platform, &over, url, &outcome)?;
    }
    Ok(outcome)
}

/// What the row says of the end. What was said in a thread that was deleted meanwhile is not kept.
fn ended(thread: Option<&Thread>, done: &Done, credits: i64) -> Result<Ended, Fault> {
    let added = i64::try_from(done.said.len()).unwrap_or(i64::MAX);
    let answer = (done.code == 200 && thread.is_some()).then(|| done.answered.to_text());
    Ok(Ended {
        code: done.code,
        finish: done.finish,
        error: done.error.clone(),
        answer: answer.transpose()?,
        model: done.model.clone(),
        input_tokens: done.usage.input_tokens,
        output_tokens: done.usage.output_tokens,
        tool_calls: i64::try_from(done.answered.tool_calls.len()).unwrap_or(i64::MAX),
        credits,
        last_seq: thread.map_or(0, |thread| thread.last_seq + added),
        at: done.at,
    })
}

/// Keeps what was said, what happened, and what a person is asked.
fn keep(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, thread: &Thread, done: &Done) -> Result<(), Fault> {
    let said = Said {
        exchange: exchange.id,
        messages: done.said.clone(),
        is_hidden: done.code != 200,
        summary: done.summary.clone(),
        at: done.at,
    };
    store(tx, exchange.scope, thread, &said)?;
    spans::put(tx, exchange.scope, exchange.id, &done.spans)?;
    for call in &done.asks {
        approvals::ask(tx, platform, exchange.scope, &asking(exchange, done, call))?;
    }
    Ok(())
}

fn asking(exchange: &Exchange, done: &Done, call: &Call) -> Asking {
    Asking {
        agent: exchange.agent,
        agent_name: done.agent_name.clone(),
        thread: exchange.thread,
        alias: exchange.alias.clone(),
        exchange: exchange.id,
        call_id: call.id.clone(),
        key: call.key.clone(),
        tool: call.name.clone(),
        arguments: call.args.clone(),
        by: Arc::clone(&done.caller),
    }
}

/// Takes what the exchange costs, or gives back what was put aside; tells what was taken.
fn charge(tx: &mut Tx<'_>, platform: &Platform, exchange: &Exchange, done: &Done) -> Result<i64, Fault> {
    let reference = reference(exchange.id);
    if done.calls == 0 || done.code != 200 {
        credits::release(tx, platform, exchange.scope, &reference)?;
        return Ok(0);
    }
    // What a step of a flow has asked for belongs to its run.
    let is_of_run = matches!(exchange.channel, Channel::Flow | Channel::Workflow);
    let place = exchange.key.as_deref().filter(|_| is_of_run).and_then(crate::steps::place_of);
    let flow = match place {
        Some((run, _)) => crate::steps::flow_of(tx, exchange.scope.workspace, run)?,
        None => None,
    };
    let origin = Origin {
        product: Some(crate::trail::PRODUCT.to_owned()),
        run_id: Some(place.map_or(floe_model::id::RunId(exchange.id.0), |(run, _)| run)),
        step_id: place.map(|(_, step)| step.to_owned()),
        agent_id: Some(exchange.agent.0),
        model: done.model.clone(),
    };
    let spent = Spent {
        credits: done.price.clamp(0, floe_model::access::credits::AMOUNT_MAX),
        calls: done.calls,
        input_tokens: done.usage.input_tokens,
        output_tokens: done.usage.output_tokens,
        origin,
        flow,
    };
    credits::settle(tx, platform, exchange.scope, &reference, &spent)
}

/// Adds messages to a thread that the transaction has; the number of the last one.
pub(super) fn store(tx: &mut Tx<'_>, scope: Scope, thread: &Thread, said: &Said) -> Result<i64, Fault> {
    let message = |(offset, (id, says, author)): (i64, &(MessageId, Says, Option<String>))| Message {
        seq: thread.last_seq + 1 + offset,
        id: *id,
        exchange: Some(said.exchange),
        role: says.role,
        content: says.content.clone(),
        author: author.clone(),
        is_hidden: said.is_hidden,
        rating: None,
        rating_comment: None,
        created_at: said.at,
    };
    let list: Vec<Message> = (0..).zip(&said.messages).map(message).collect();
    let last_seq = list.last().map_or(thread.last_seq, |message| message.seq);
    messages::insert(tx, scope, thread.id, &list)?;
    let shown = if said.is_hidden { 0 } else { i64::try_from(list.len()).unwrap_or(i64::MAX) };
    let (summary, summary_seq) = match &said.summary {
        Some((text, seq)) => (Some(text.clone()), *seq),
        None => (None, thread.summary_seq),
    };
    threads::grew(tx, scope, thread.id, &Growth { last_seq, shown, summary, summary_seq }, said.at)?;
    Ok(last_seq)
}

/// Messages of a thread that a model may see, and that an answer shows.
pub(super) const SEEN_MAX: usize = HISTORY_MAX;

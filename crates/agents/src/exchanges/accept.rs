//! Accepting: the exchange and its credits are written down, in the order in which the calls of its thread arrived.

use floe_model::Fault;
use floe_model::access::credits::Short;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{Channel, ExchangeState, ThreadState};
use floe_runtime::{Platform, credits};
use floe_store::Tx;
use floe_store::agents::exchanges::{self, Ended, Exchange};
use floe_store::agents::threads::{self, Thread};
use floe_store::agents::{exchange_streams, messages, thread_exchanges};

use super::asked::{Asked, started_by};
use super::config::since;
use super::outcome::{self, Answered};
use super::tell::{self, Told};
use super::{Accepted, Ready, tell_workflow};
use crate::Agents;

/// What came of accepting, for whoever runs it.
pub(super) enum Taken {
    /// It may begin, or has to wait for its turn.
    New { exchange: Box<Exchange>, thread: Box<Thread> },
    /// It is over already.
    Over(Box<super::Outcome>),
    /// It was there before.
    Known(floe_model::id::ExchangeId),
    /// No credits.
    Refused(Box<super::Outcome>),
}

impl Agents {
    /// Writes down an exchange that nobody waits for, in the transaction of whoever wants it. A node that works runs it.
    ///
    /// # Errors
    /// `thread_closed`; of the database.
    pub fn accept_in_background(&self, tx: &mut Tx<'_>, ready: &Ready) -> Result<Accepted, Fault> {
        Ok(match accept(tx, &self.platform, ready, Way::Background)? {
            Taken::New { exchange, .. } => Accepted::Taken(exchange.id),
            Taken::Over(outcome) => Accepted::Taken(outcome.exchange),
            Taken::Known(id) => Accepted::Known(id),
            Taken::Refused(outcome) => Accepted::Refused(outcome),
        })
    }
}

/// Who will run an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Any node that works.
    Background,
    /// This process, at once or when it is its turn: somebody waits for it.
    Direct(u128),
    /// This process when it is its turn already, else any node that works.
    Eager(u128),
}

/// Writes down an exchange.
pub(super) fn accept(tx: &mut Tx<'_>, platform: &Platform, ready: &Ready, way: Way) -> Result<Taken, Fault> {
    let Ready { scope, new, now, .. } = ready;
    if let Some(known) = new.key.as_deref().map(|key| exchanges::by_key(tx, *scope, key)).transpose()?.flatten() {
        return Ok(Taken::Known(known.id));
    }
    let found = match &new.thread {
        Some(name) => threads::arrive(tx, *scope, new.agent, name, *now)?,
        None => None,
    };
    if found.as_ref().is_some_and(|thread| thread.state == ThreadState::Closed) {
        return Err(Fault::conflict("thread_closed", "This thread is closed"));
    }
    if let Some(thread) = &found
        && thread.state == ThreadState::Human
        && !exchanges::has_earlier(tx, thread)?
    {
        return handed_over(tx, platform, ready, thread).map(|outcome| Taken::Over(Box::new(outcome)));
    }
    // Whoever adds to a known thread has it before the ledger; a new one is made after, when there are credits for it.
    if let Err(short) = hold(tx, platform, ready)? {
        let thread = found.unwrap_or_else(|| new_thread(ready));
        return refuse(tx, platform, ready, &thread, short).map(|outcome| Taken::Refused(Box::new(outcome)));
    }
    let again = match &found {
        Some(thread) if new.channel == Channel::Workflow => asked_again(tx, ready, thread)?,
        _ => None,
    };
    let thread = match found {
        Some(thread) => thread,
        None => begin_thread(tx, ready)?,
    };
    let exchange = write_down(tx, ready, &thread, again.as_ref().unwrap_or(&ready.asked), way)?;
    tell_workflow::accepted(tx, platform, &exchange, again.is_none())?;
    Ok(Taken::New { exchange: Box::new(exchange), thread: Box::new(thread) })
}

/// What the credits of an exchange are held and taken under.
pub(super) fn reference(id: floe_model::id::ExchangeId) -> String {
    format!("exchange:{id}")
}

/// Why there are no credits.
enum Empty {
    Balance(Short),
    AgentLimit,
}

/// Puts the price aside, when the balance and the limit of the agent allow it.
fn hold(tx: &mut Tx<'_>, platform: &Platform, ready: &Ready) -> Result<Result<(), Empty>, Fault> {
    let reference = reference(ready.exchange);
    if let Err(short) = credits::hold(tx, platform, ready.scope, &reference, ready.hold)? {
        return Ok(Err(Empty::Balance(short)));
    }
    let Some(limit) = ready.config.agent.credit_limit else { return Ok(Ok(())) };
    // The ledger is ours until the end of the transaction, so nobody else uses anything meanwhile.
    let used = exchanges::used_since(tx, ready.scope, ready.new.agent, since(&limit, ready.now))?;
    if used < limit.amount && used.saturating_add(ready.hold) <= limit.amount {
        return Ok(Ok(()));
    }
    credits::release(tx, platform, ready.scope, &reference)?;
    Ok(Err(Empty::AgentLimit))
}

fn new_thread(ready: &Ready) -> Thread {
    let id = ready.new_thread;
    Thread {
        id,
        agent: ready.new.agent,
        alias: ready.new.thread.clone().unwrap_or_else(|| id.prefixed()),
        state: ThreadState::Bot,
        channel: ready.new.channel,
        title: None,
        metadata: "{}".to_owned(),
        note: None,
        summary: None,
        summary_seq: 0,
        arrivals: 1,
        last_seq: 0,
        message_count: 0,
        last_message_at: None,
        created_at: ready.now,
        updated_at: ready.now,
    }
}

/// A new thread, or the one that somebody else began at the same moment.
fn begin_thread(tx: &mut Tx<'_>, ready: &Ready) -> Result<Thread, Fault> {
    let thread = new_thread(ready);
    if threads::insert(tx, ready.scope, &thread)? {
        return Ok(thread);
    }
    let found = threads::arrive(tx, ready.scope, ready.new.agent, &thread.alias, ready.now)?;
    found.ok_or_else(|| Fault::internal("a thread that is there cannot be found"))
}

/// What came in, where the same was said last and came to nothing: the stored message is asked again, and not kept twice (Workflow API
/// contract, section 8.5).
fn asked_again(tx: &mut Tx<'_>, ready: &Ready, thread: &Thread) -> Result<Option<Asked>, Fault> {
    let [(_, wanted)] = ready.asked.messages.as_slice() else { return Ok(None) };
    let Some(last) = thread_exchanges::newest(tx, ready.scope, thread.id)? else { return Ok(None) };
    if !last.ended.as_ref().is_some_and(|ended| matches!(ended.code, 500 | 503)) {
        return Ok(None);
    }
    match Asked::read(&last.asked)?.messages.as_slice() {
        [(id, said)] if said == wanted => {
            messages::delete_hidden(tx, ready.scope.workspace, thread.id, last.id)?;
            Ok(Some(Asked { messages: vec![(*id, said.clone())], ..ready.asked.clone() }))
        }
        _ => Ok(None),
    }
}

fn row(ready: &Ready, thread: &Thread, asked: &Asked) -> Result<Exchange, Fault> {
    let Ready { scope, exchange, new, caller, request, config, hold, now, .. } = ready;
    Ok(Exchange {
        scope: *scope,
        id: *exchange,
        agent: new.agent,
        thread: thread.id,
        alias: thread.alias.clone(),
        arrival: thread.arrivals,
        state: ExchangeState::Waiting,
        owner: None,
        epoch: 0,
        is_background: false,
        channel: new.channel,
        key: new.key.clone(),
        request: *request,
        started_by: started_by(caller)?,
        depth: new.depth,
        config_version: config.version,
        config: config.tried.clone(),
        asked: asked.to_text()?,
        callback_url: new.callback_url.clone(),
        held: *hold,
        cancel_asked: false,
        accepted_at: *now,
        started_at: None,
        ended: None,
    })
}

fn write_down(tx: &mut Tx<'_>, ready: &Ready, thread: &Thread, asked: &Asked, way: Way) -> Result<Exchange, Fault> {
    let mut exchange = row(ready, thread, asked)?;
    // Nothing came before the first one of a thread.
    let is_first = thread.arrivals == 1;
    let is_turn = way != Way::Background && (is_first || !exchanges::has_earlier(tx, thread)?);
    exchange.is_background = !matches!(way, Way::Direct(_));
    exchange.owner = match way {
        Way::Direct(owner) => Some(owner),
        Way::Eager(owner) => is_turn.then_some(owner),
        Way::Background => None,
    };
    if is_turn {
        exchange.state = ExchangeState::Running;
        exchange.epoch = 1;
        exchange.started_at = Some(ready.now);
    }
    exchanges::insert(tx, &exchange)?;
    if asked.streamed {
        exchange_streams::open(tx, ready.scope, thread.id, exchange.id, ready.now)?;
    }
    Ok(exchange)
}

/// Notes an exchange for which there are no credits. Nothing that was said is kept.
fn refuse(
    tx: &mut Tx<'_>,
    platform: &Platform,
    ready: &Ready,
    thread: &Thread,
    empty: Empty,
) -> Result<super::Outcome, Fault> {
    let error = match empty {
        Empty::Balance(Short::Balance) => "no_credits",
        Empty::Balance(Short::MonthlyLimit) => "monthly_limit",
        Empty::AgentLimit => "agent_limit",
    };
    let mut exchange = row(ready, thread, &ready.asked)?;
    // A repeat under the same key is a new try: there may be credits by then.
    (exchange.key, exchange.held, exchange.state) = (None, 0, ExchangeState::Finished);
    exchange.asked = "{\"messages\":[]}".to_owned();
    exchange.ended = Some(Ended { error: Some(error.to_owned()), ..over(402, ready, None) });
    exchanges::insert(tx, &exchange)?;
    tell::ended(tx, platform, &exchange, &Told::default())?;
    outcome::unanswered(&exchange)
}

/// A person answers in this thread: what was said is stored, and that is all.
fn handed_over(tx: &mut Tx<'_>, platform: &Platform, ready: &Ready, thread: &Thread) -> Result<super::Outcome, Fault> {
    let mut exchange = row(ready, thread, &ready.asked)?;
    (exchange.held, exchange.state) = (0, ExchangeState::Finished);
    let last_seq = super::finish::store(
        tx,
        ready.scope,
        thread,
        &super::finish::Said {
            exchange: exchange.id,
            messages: ready.asked.messages.iter().map(|(id, message)| (*id, message.clone(), None)).collect(),
            is_hidden: false,
            summary: None,
            at: ready.now,
        },
    )?;
    let answer = Answered::default();
    let mut ended = over(200, ready, Some(Finish::Handoff));
    (ended.answer, ended.last_seq) = (Some(answer.to_text()?), last_seq);
    exchange.ended = Some(ended);
    exchanges::insert(tx, &exchange)?;
    tell::ended(tx, platform, &exchange, &Told::default())?;
    let outcome = outcome::of(tx, &exchange)?.ok_or_else(|| Fault::internal("an exchange that is over is not"))?;
    if let Some(url) = &exchange.callback_url {
        tell::call_back(tx, platform, &exchange, url, &outcome)?;
    }
    Ok(outcome)
}

fn over(code: i64, ready: &Ready, finish: Option<Finish>) -> Ended {
    Ended {
        code,
        finish,
        error: None,
        answer: None,
        model: None,
        input_tokens: 0,
        output_tokens: 0,
        tool_calls: 0,
        credits: 0,
        last_seq: 0,
        at: ready.now,
    }
}

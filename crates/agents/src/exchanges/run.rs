//! One exchange from its beginning, or from where a process left it, to its end.

use std::sync::Arc;

use floe_model::access::Caller;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{SpanKind, SpanStatus, ThreadState};
use floe_model::agents::message::{Content, Message as Says, Part};
use floe_model::{Fault, Timestamp};
use floe_runtime::models::ModelInfo;
use floe_store::Tx;
use floe_store::agents::exchanges::Exchange;
use floe_store::agents::memory;
use floe_store::agents::messages::{self, Message};
use floe_store::agents::spans::{self, Span};
use floe_store::agents::threads::{self, Thread};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::asked::{Asked, is_judged};
use super::config::Config;
use super::direct::Known;
use super::finish::{Done, SEEN_MAX};
use super::journal::{CallState, Round, trace};
use super::outcome::Use;
use super::{Delta, EXCHANGE_MS_MAX, Sink};
use crate::Agents;
use crate::tools::Toolbox;

/// The author of messages that a guardrail kept from the model: it never sees them later either.
pub(super) const BLOCKED: &str = "blocked";
/// Places in round 0, behind every call that was decided.
const INPUT_CHECK: i64 = 1_000;
const OUTPUT_CHECK: i64 = 1_001;
/// Messages that are read beside those that can be seen, for a summary.
const OLDER_MAX: usize = 100;
/// The place of the summary.
pub(super) const SUMMARY: i64 = 1_002;

/// An exchange at work.
pub(super) struct Work {
    pub(super) agents: Arc<Agents>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) config: Arc<Config>,
    pub(super) caller: Arc<Caller>,
    pub(super) asked: Asked,
    pub(super) thread: Thread,
    /// What the agent remembers of the person whose thread it is.
    pub(super) memory: Option<String>,
    pub(super) history: Vec<Message>,
    pub(super) model: Option<ModelInfo>,
    pub(super) sink: Option<Sink>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) toolbox: Arc<Toolbox>,
    pub(super) rounds: Vec<Round>,
    /// Spans that are of no round.
    pub(super) others: Vec<Span>,
    pub(super) guardrail: serde_json::Map<String, Value>,
    pub(super) summary: Option<(String, i64)>,
    pub(super) output: Option<Value>,
    pub(super) started: Timestamp,
    pub(super) deadline: Timestamp,
}

/// Why an exchange goes no further.
pub(super) enum Halt {
    /// It has an end.
    End(End),
    /// Somebody else has it.
    Taken,
    /// The database does not answer; whoever takes it up goes on.
    Fault(Fault),
}

/// How it ends.
pub(super) enum End {
    /// With these words in the place of what the model said last; without any, nothing more is said.
    Said { finish: Finish, text: Option<String> },
    /// Before the model was asked, with these words.
    BlockedBefore(String),
    /// Somebody wanted it to stop, after this much of an answer.
    Stopped { partial: String },
    /// Not answered.
    Failed { code: i64, error: String },
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<End> for Halt {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// What a process needs to begin or to go on.
pub(super) struct Start {
    pub(super) exchange: Arc<Exchange>,
    pub(super) known: Known,
    pub(super) sink: Option<Sink>,
    pub(super) stop: watch::Receiver<bool>,
    /// The thread, when it has no messages and no journal: nothing has to be read.
    pub(super) fresh: Option<Thread>,
}

/// Runs an exchange to its end, which is not on disk yet.
pub(super) async fn run(agents: &Arc<Agents>, start: Start) -> Result<Done, Halt> {
    let exchange = Arc::clone(&start.exchange);
    let mut work = match load(agents, start).await {
        Err(Halt::End(End::Failed { code, error })) => {
            return Ok(Done::failed(&exchange, code, &error, agents.platform.clock.now()));
        }
        loaded => loaded?,
    };
    let end = match work.perform().await {
        Ok(never) => match never {},
        Err(Halt::End(end)) => end,
        Err(halt) => return Err(halt),
    };
    Ok(work.done(end))
}

/// What cannot happen.
pub(super) enum Never {}

async fn load(agents: &Arc<Agents>, start: Start) -> Result<Work, Halt> {
    let Start { exchange, known, sink, stop, fresh } = start;
    let Known { config, caller, model } = known;
    let (thread, history, journal) = match fresh {
        Some(thread) => (thread, Vec::new(), Vec::new()),
        None => read(agents, &exchange, config.agent.memory.summarise).await?,
    };
    let memory = match crate::memory::person_of(&thread) {
        None => None,
        Some(user) => {
            let (scope, agent) = (exchange.scope, exchange.agent);
            let find = move |tx: &mut Tx<'_>| memory::find(tx, scope, agent, &user);
            agents.platform.store.read(find).await?.map(|memory| memory.text)
        }
    };
    let now = agents.platform.clock.now();
    Ok(Work {
        asked: Asked::read(&exchange.asked)?,
        rounds: Round::read(&journal)?,
        agents: Arc::clone(agents),
        started: exchange.started_at.unwrap_or(now),
        deadline: now.plus_millis(EXCHANGE_MS_MAX),
        exchange,
        config,
        caller,
        thread,
        memory,
        history,
        model,
        sink,
        stop,
        toolbox: Arc::new(Toolbox::default()),
        others: Vec::new(),
        guardrail: serde_json::Map::new(),
        summary: None,
        output: None,
    })
}

/// The thread, its messages and the journal.
async fn read(
    agents: &Arc<Agents>,
    exchange: &Arc<Exchange>,
    with_older: bool,
) -> Result<(Thread, Vec<Message>, Vec<Span>), Halt> {
    let own = Arc::clone(exchange);
    // What a summary is to tell of is older than what is seen.
    let count = if with_older { SEEN_MAX + OLDER_MAX } else { SEEN_MAX };
    let read = move |tx: &mut Tx<'_>| {
        let (scope, journal) = (own.scope, spans::of(tx, own.scope, own.id)?);
        let Some(thread) = threads::find(tx, scope, own.thread)? else { return Ok(None) };
        let history = messages::last(tx, scope.workspace, thread.id, (0, thread.last_seq), count)?;
        Ok(Some((thread, history, journal)))
    };
    let found = agents.platform.store.read(read).await?;
    found.ok_or(Halt::End(End::Failed { code: 500, error: "thread_deleted".to_owned() }))
}

impl Work {
    async fn perform(&mut self) -> Result<Never, Halt> {
        if self.exchange.cancel_asked {
            return Err(End::Stopped { partial: String::new() }.into());
        }
        if self.thread.state == ThreadState::Human {
            return Err(End::Said { finish: Finish::Handoff, text: None }.into());
        }
        self.judge_input()?;
        self.tell_again().await;
        self.open().await?;
        if let Some(stopped) = self.asked.continues.filter(|_| self.rounds.is_empty()) {
            self.take_decisions(stopped).await?;
        }
        self.go_round().await
    }

    /// Opens what the rounds need.
    async fn open(&mut self) -> Result<(), Halt> {
        let scope = self.exchange.scope;
        if !self.config.tools.is_empty() {
            let opening = Toolbox::open(&self.agents, scope, &self.config.tools, self.exchange.depth);
            self.toolbox = Arc::new(self.until_stop(opening).await?);
        }
        self.sum_up().await
    }

    /// Asks the rules about what came in; redacts it before anybody sees it.
    fn judge_input(&mut self) -> Result<(), Halt> {
        let guardrails = self.config.agent.guardrails.clone();
        if guardrails.is_empty() {
            return Ok(());
        }
        let (mut hits, mut blocked) = (Vec::new(), None);
        for (_, message) in self.asked.messages.iter_mut().filter(|(_, message)| is_judged(message)) {
            for text in texts(message) {
                let verdict = guardrails.judge_input(text);
                *text = verdict.text;
                hits.extend(verdict.hits);
                blocked = blocked.or(verdict.blocked);
            }
        }
        self.note_hits("input", INPUT_CHECK, &hits, blocked.is_some());
        blocked.map_or(Ok(()), |words| Err(End::BlockedBefore(words).into()))
    }

    /// Notes which rules hit, never what they found.
    pub(super) fn note_hits(
        &mut self,
        side: &str,
        ordinal: i64,
        hits: &[floe_model::agents::guardrail::Hit],
        is_blocked: bool,
    ) {
        if hits.is_empty() {
            return;
        }
        let told: Vec<Value> =
            hits.iter().map(|hit| json!({ "type": hit.kind, "action": hit.action.as_str() })).collect();
        let now = self.now();
        let span = Span {
            round: 0,
            ordinal,
            kind: SpanKind::Guardrail,
            name: side.to_owned(),
            status: if is_blocked { SpanStatus::Failed } else { SpanStatus::Done },
            call_id: None,
            input: None,
            output: Some(Value::from(told.clone()).to_string()),
            error: is_blocked.then(|| "blocked".to_owned()),
            model: None,
            input_tokens: 0,
            output_tokens: 0,
            started_at: now,
            finished_at: Some(now),
        };
        self.guardrail.insert(side.to_owned(), told.into());
        self.others.push(span);
    }

    /// Asks the rules about an answer: the words that may be said, and whether they are a rule's.
    pub(super) fn judge_output(&mut self, text: &str) -> (String, bool) {
        if self.config.agent.guardrails.is_empty() {
            return (text.to_owned(), false);
        }
        let verdict = self.config.agent.guardrails.judge_output(text);
        self.note_hits("output", OUTPUT_CHECK, &verdict.hits, verdict.blocked.is_some());
        match verdict.blocked {
            Some(words) => (words, true),
            None => (verdict.text, false),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.agents.platform.clock.now()
    }

    /// Milliseconds that are left, at most `max`.
    pub(super) fn left_ms(&self, max: u64) -> u64 {
        u64::try_from(self.deadline.millis_since(self.now())).unwrap_or(0).clamp(1, max)
    }

    /// Waits for something, or for somebody who wants the exchange to stop or has stopped reading.
    pub(super) async fn until_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let mut stop = self.stop.clone();
        let gone = async {
            match &self.sink {
                Some(sink) => sink.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = work => Ok(done),
            // A sender that is gone wants nothing.
            Ok(_) = stop.wait_for(|stop| *stop) => Err(End::Stopped { partial: String::new() }.into()),
            () = gone => Err(End::Stopped { partial: String::new() }.into()),
        }
    }

    /// Tells whoever follows. One who is gone is noticed while something is waited for.
    pub(super) async fn tell(&self, delta: Delta) {
        if let Some(sink) = &self.sink {
            let _ = sink.send(delta).await;
        }
    }

    /// Tells whoever follows what was said and done before this process took the exchange up.
    async fn tell_again(&self) {
        if self.sink.is_none() {
            return;
        }
        for round in &self.rounds {
            if let Some(reply) = round.reply.as_ref().filter(|reply| !reply.kept.text.is_empty()) {
                self.tell(Delta::Text(reply.kept.text.clone())).await;
            }
            for call in round.calls.iter().filter(|call| matches!(call.state, CallState::Done(_))) {
                let Use { id, name, arguments, result, error, duration_ms } = call.shown();
                self.tell(Delta::ToolCall { id: id.clone(), name: name.clone(), args: arguments }).await;
                self.tell(Delta::ToolResult { id, name, result, error, duration_ms }).await;
            }
        }
    }

    /// Shows a part of the trace to whoever follows.
    pub(super) async fn show(&self, span: &Span) {
        if self.sink.is_some() {
            self.tell(Delta::Trace(trace(span))).await;
        }
    }

    /// Everything that was said so far, as a model may see it: the thread, what came in, and the rounds; and where in it what must be seen
    /// begins.
    pub(super) fn said(&self) -> (Vec<Says>, usize) {
        let summed_up = self.summary.as_ref().map_or(self.thread.summary_seq, |(_, seq)| *seq);
        // What a decision is about has to be seen with it, also when a summary tells of it.
        let is_stopped = |one: &Message| one.exchange.is_some() && one.exchange == self.asked.continues;
        let is_seen =
            |one: &&Message| (one.seq > summed_up || is_stopped(one)) && one.author.as_deref() != Some(BLOCKED);
        let seen: Vec<&Message> = self.history.iter().filter(is_seen).collect();
        let stopped = self.asked.continues.and_then(|id| seen.iter().position(|one| one.exchange == Some(id)));
        let mut list: Vec<Says> =
            seen.iter().map(|one| Says { role: one.role, content: one.content.clone() }).collect();
        list.extend(self.asked.messages.iter().map(|(_, message)| message.clone()));
        let always_from = stopped.unwrap_or_else(|| list.len().saturating_sub(1));
        list.extend(self.rounds.iter().flat_map(|round| round.messages(None)));
        (list, always_from)
    }
}

/// The texts of a message.
fn texts(message: &mut Says) -> Vec<&mut String> {
    match &mut message.content {
        Content::Text(text) => vec![text],
        Content::Parts(parts) => parts
            .iter_mut()
            .filter_map(|part| match part {
                Part::Text { text } => Some(text),
                _ => None,
            })
            .collect(),
    }
}

//! Rounds: the model is asked, its tools are called, until it has said everything or may ask no more.

use std::sync::{Mutex, PoisonError};

use floe_model::agents::agent::AgentConfig;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::{Channel, SpanKind, SpanStatus};
use floe_model::agents::window::{estimate_text, first_seen};
use floe_runtime::models::{
    CALL_MS_MAX, ChatMessage, Deltas, Finish as ModelFinish, ModelCall, ModelFailure, ModelFuture, ModelReply,
    Models as _,
};
use floe_runtime::tools::ToolSpec;
use floe_store::agents::exchanges;
use floe_store::agents::spans::{self, Span};
use serde_json::{Value, json};

use super::conversation::{GO_ON, for_model};
use super::journal::{Call, CallState, KeptReply, Reply, Round};
use super::run::{End, Halt, Never, Work};
use super::{CALLS_MAX, Delta, Sink};
use crate::tools::schema::Schema;

/// Context of a model that does not tell, in tokens.
const CONTEXT_TOKENS: u32 = 8_192;
/// What is said when the rounds are used up and the model has said nothing.
const OUT_OF_STEPS: &str = "I could not finish this within the steps that I am allowed.";
/// What is told of it where it is a failure.
const OUT_OF_STEPS_CODE: &str = "max_iterations";
/// What is said when the provider withheld the answer.
const WITHHELD: &str = "This can't be answered here.";

/// Gives what the model says to whoever follows, and remembers it.
struct Tap {
    sink: Option<Sink>,
    said: Mutex<String>,
}

impl Deltas for Tap {
    fn text<'a>(&'a self, piece: &'a str) -> ModelFuture<'a, ()> {
        Box::pin(async move {
            self.said.lock().unwrap_or_else(PoisonError::into_inner).push_str(piece);
            if let Some(sink) = &self.sink {
                // A reader that is gone is noticed by whoever waits for the call.
                let _ = sink.send(Delta::Text(piece.to_owned())).await;
            }
        })
    }
}

impl Work {
    /// Goes from round to round; always ends with a [`Halt`].
    pub(super) async fn go_round(&mut self) -> Result<Never, Halt> {
        loop {
            self.finish_calls().await?;
            if let Some(end) = self.stops_for_approval() {
                return Err(end.into());
            }
            let number = self.rounds.last().map_or(0, |round| round.number) + 1;
            let steps_max = i64::from(self.config.agent.max_steps);
            if number > steps_max {
                return Err(self.out_of_steps().into());
            }
            let reply = self.ask(number).await?;
            let round = self.round(number, reply);
            let finish = round.reply.as_ref().map(|reply| reply.kept.finish.clone()).unwrap_or_default();
            let is_over = round.calls.is_empty();
            self.rounds.push(round);
            if is_over {
                self.conclude(&finish, number < steps_max).await?;
            } else if number == steps_max {
                return Err(self.out_of_steps().into());
            } else {
                self.write_down_round().await?;
            }
        }
    }

    /// Asks the model.
    async fn ask(&mut self, number: i64) -> Result<(ModelReply, floe_model::Timestamp), Halt> {
        let started = self.now();
        let call = self.call();
        // Nothing is shown that a rule may still take back.
        let holds_back = self.config.agent.guardrails.holds_back_answers();
        let tap = Tap { sink: self.sink.clone().filter(|_| !holds_back), said: Mutex::default() };
        let deltas: Option<&dyn Deltas> = self.sink.is_some().then_some(&tap);
        let asking = self.agents.models.call(self.exchange.scope, &call, deltas);
        match self.until_stop(asking).await {
            Ok(Ok(reply)) => Ok((reply, started)),
            Ok(Err(failure)) => Err(self.failed(number, started, &failure).await.into()),
            Err(Halt::End(End::Stopped { .. })) => {
                let said = tap.said.into_inner().unwrap_or_else(PoisonError::into_inner);
                // What a rule may take back was not produced for anybody yet.
                let partial = if holds_back { self.judge_output(&said).0 } else { said };
                Err(End::Stopped { partial }.into())
            }
            Err(halt) => Err(halt),
        }
    }

    /// What the model is asked.
    fn call(&self) -> ModelCall {
        let agent: &AgentConfig = &self.config.agent;
        let tools = self.toolbox.specs();
        let (said, always_from) = self.said();
        let window = usize::try_from(agent.memory.window_messages).unwrap_or(1);
        let rounds = said.len() - said.len().min(self.history.len() + self.asked.messages.len());
        let first = first_seen(&said, always_from, window + rounds, self.room(&tools));
        let mut messages = for_model(&said[first..]);
        if let Some(problem) = self.rounds.last().and_then(|round| round.refused.clone()) {
            messages.push(ChatMessage::user(format!(
                "Your last answer was not what was asked for: {problem}. Answer again, with nothing but JSON that fits the schema."
            )));
        } else if matches!(messages.last(), Some(ChatMessage::Assistant { .. })) {
            messages.push(ChatMessage::System { text: GO_ON.to_owned() });
        }
        ModelCall {
            model: agent.model.clone(),
            fallbacks: agent.fallback_models.clone(),
            system: Some(self.system()),
            messages,
            tools,
            temperature: Some(agent.temperature),
            top_p: None,
            thinking_tokens: None,
            max_output_tokens: Some(self.config.output_tokens()),
            response_schema: agent.response_schema.clone(),
            deadline_ms: self.left_ms(CALL_MS_MAX),
        }
    }

    /// The instructions, and what stands for what is not seen.
    fn system(&self) -> String {
        let summary = self.summary.as_ref().map(|(text, _)| text).or(self.thread.summary.as_ref());
        let mut told = self.config.agent.instructions.clone();
        if let Some(memory) = &self.memory {
            told = format!("{told}\n\nWhat you remember of the person you talk to:\n{memory}");
        }
        if let Some(summary) = summary {
            told = format!("{told}\n\nWhat was said earlier in this conversation, in short:\n{summary}");
        }
        told
    }

    /// Tokens that messages may take, by estimate.
    fn room(&self, tools: &[ToolSpec]) -> usize {
        let context = self.model.as_ref().map_or(CONTEXT_TOKENS, |model| model.context_tokens);
        let answer = self
            .model
            .as_ref()
            .map_or(self.config.output_tokens(), |model| self.config.output_tokens().min(model.max_output_tokens));
        let told: usize = tools
            .iter()
            .map(|tool| estimate_text(&tool.description) + estimate_text(&tool.parameters.to_string()))
            .sum();
        let room = usize::try_from(context.saturating_sub(answer)).unwrap_or(0);
        room.saturating_sub(told + estimate_text(&self.system()))
    }

    /// Notes that the model gave no answer.
    async fn failed(&mut self, number: i64, started: floe_model::Timestamp, failure: &ModelFailure) -> End {
        let span = Span {
            round: number,
            ordinal: 0,
            kind: SpanKind::Model,
            name: self.config.agent.model.clone().unwrap_or_else(|| "default".to_owned()),
            status: SpanStatus::Failed,
            call_id: None,
            input: None,
            output: Some(json!({ "tries": failure.tries }).to_string()),
            error: Some(failure.fault.code().to_owned()),
            model: None,
            input_tokens: 0,
            output_tokens: 0,
            started_at: started,
            finished_at: Some(self.now()),
        };
        self.show(&span).await;
        self.others.push(span);
        let code = if failure.fault.is_busy() { 503 } else { 500 };
        End::Failed { code, error: failure.fault.code().to_owned() }
    }

    /// The round of an answer.
    fn round(&self, number: i64, (reply, started): (ModelReply, floe_model::Timestamp)) -> Round {
        let now = self.now();
        let mut calls: Vec<Call> = Vec::with_capacity(reply.tool_calls.len());
        for (at, asked) in (1..).zip(reply.tool_calls.into_iter().take(CALLS_MAX)) {
            let key = format!("{}:{number}:{at}", self.exchange.id);
            calls.push(Call {
                ordinal: at,
                id: self.unused(&asked.id, number, at, &calls),
                name: asked.name,
                args: asked.arguments,
                key,
                started: now,
                ended: None,
                state: CallState::Open,
            });
        }
        let kept = KeptReply {
            text: reply.text,
            finish: reply.finish.as_str().to_owned(),
            provider: reply.provider,
            fallback_used: reply.fallback_used,
            tries: reply.tries,
            price: reply.price,
            refused: None,
        };
        let reply = Reply { kept, model: reply.model, usage: reply.usage, started, ended: now };
        Round { number, reply: Some(reply), calls, refused: None }
    }

    /// An id for a call that no other call of this exchange has: models repeat themselves.
    fn unused(&self, id: &str, round: i64, at: i64, calls: &[Call]) -> String {
        let known = self.rounds.iter().flat_map(|round| &round.calls).chain(calls);
        let is_free = !id.is_empty() && id.len() <= 200 && known.into_iter().all(|call| call.id != id);
        if is_free { id.to_owned() } else { format!("call_{round}_{at}_{}", self.exchange.id.0 & 0xffff_ffff) }
    }

    /// Writes a round down before its tools are called; makes sure that this process still has the exchange.
    async fn write_down_round(&mut self) -> Result<(), Halt> {
        let Some(round) = self.rounds.last() else { return Ok(()) };
        let spans = round.spans();
        if let Some(reply) = spans.first() {
            self.show(reply).await;
        }
        self.write(spans).await
    }

    /// Writes spans, if this process still has the exchange.
    pub(super) async fn write(&self, list: Vec<Span>) -> Result<(), Halt> {
        let (scope, id, epoch) = (self.exchange.scope, self.exchange.id, self.exchange.epoch);
        let write = move |tx: &mut floe_store::Tx<'_>| {
            let kept = exchanges::keep(tx, scope, id, epoch)?;
            if kept.is_some() {
                spans::put(tx, scope, id, &list)?;
            }
            Ok(kept)
        };
        match self.agents.platform.store.write(write).await? {
            None => Err(Halt::Taken),
            Some(true) => Err(End::Stopped { partial: String::new() }.into()),
            Some(false) => Ok(()),
        }
    }

    fn out_of_steps(&self) -> End {
        // There it is a failure (Workflow API contract, section 22).
        if self.exchange.channel == Channel::Workflow {
            return End::Failed { code: 500, error: OUT_OF_STEPS_CODE.to_owned() };
        }
        let said = self.rounds.iter().rev().find_map(|round| round.reply.as_ref());
        let text = said.map(|reply| reply.kept.text.clone()).filter(|text| !text.is_empty());
        End::Said { finish: Finish::MaxSteps, text: Some(text.unwrap_or_else(|| OUT_OF_STEPS.to_owned())) }
    }

    fn stops_for_approval(&self) -> Option<End> {
        let round = self.rounds.last()?;
        let mut names: Vec<&str> = round.waiting().map(|call| call.name.as_str()).collect();
        if names.is_empty() {
            return None;
        }
        names.dedup();
        let said = round.reply.as_ref().map(|reply| reply.kept.text.clone()).filter(|text| !text.is_empty());
        let text = said.unwrap_or_else(|| format!("A person has to approve this first: {}.", names.join(", ")));
        Some(End::Said { finish: Finish::Approval, text: Some(text) })
    }

    /// The model has said everything: the rules and the schema are asked about it. Comes back only when it is to be asked again.
    async fn conclude(&mut self, finish: &str, may_ask_again: bool) -> Result<(), Halt> {
        let text = self.rounds.last().and_then(|round| round.reply.as_ref()).map(|reply| reply.kept.text.clone());
        let text = text.unwrap_or_default();
        if let Some(schema) = self.config.agent.response_schema.clone() {
            match parsed(&text, &schema) {
                Ok(value) => self.output = Some(value),
                Err(problem) => {
                    let is_first = self.rounds.iter().all(|round| round.refused.is_none());
                    if is_first
                        && may_ask_again
                        && let Some(round) = self.rounds.last_mut()
                    {
                        round.refused = Some(problem);
                        return Ok(());
                    }
                }
            }
        }
        let (words, is_blocked) = self.judge_output(&text);
        if is_blocked || words != text {
            self.output = None;
        }
        let withheld = finish == ModelFinish::ContentFilter.as_str();
        let words = if withheld && words.is_empty() { WITHHELD.to_owned() } else { words };
        if self.config.agent.guardrails.holds_back_answers() && !words.is_empty() {
            self.tell(Delta::Text(words.clone())).await;
        }
        let finish = match finish {
            _ if is_blocked || withheld => Finish::Blocked,
            "length" => Finish::Length,
            _ => Finish::Stop,
        };
        if let Some(span) = self.rounds.last().and_then(|round| round.spans().into_iter().next()) {
            self.show(&span).await;
        }
        Err(End::Said { finish, text: Some(words) }.into())
    }
}

/// An answer as JSON that fits a schema; a frame of code around it does not count.
fn parsed(text: &str, schema: &Value) -> Result<Value, String> {
    let inside = text.trim().trim_start_matches("```json").trim_start_matches("```").trim_end_matches("```").trim();
    let value: Value = serde_json::from_str(inside).map_err(|_| "it is not JSON".to_owned())?;
    let Ok(schema) = Schema::compile(schema) else { return Ok(value) };
    match schema.problems(&value, "").first() {
        None => Ok(value),
        Some(problem) => Err(problem.sentence()),
    }
}

//! Rounds of an exchange, and how they stand in its journal.

use floe_model::agents::exchange::{SpanKind, SpanStatus};
use floe_model::agents::message::{Content, Message, Part, Role};
use floe_model::{Fault, Timestamp};
use floe_runtime::models::{Price, Try, Usage};
use floe_store::agents::spans::Span;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::outcome::Use;

/// What a call that was not made yet is said to be, where only success and error can be said.
pub(super) const WAITING: &str = "waiting_for_approval";

/// One answer of the model and the tools that it asked for. Number 0 has no answer: it is what was decided about an earlier one.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) number: i64,
    pub(super) reply: Option<Reply>,
    pub(super) calls: Vec<Call>,
    /// Why the answer does not count: it is asked for again.
    pub(super) refused: Option<String>,
}

/// What the model said.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) kept: KeptReply,
    pub(super) model: String,
    pub(super) usage: Usage,
    pub(super) started: Timestamp,
    pub(super) ended: Timestamp,
}

/// What the journal keeps of it beside the columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptReply {
    pub(super) text: String,
    pub(super) finish: String,
    pub(super) provider: String,
    pub(super) fallback_used: bool,
    pub(super) tries: Vec<Try>,
    pub(super) price: Price,
    #[serde(default)]
    pub(super) refused: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) ordinal: i64,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) args: Value,
    /// The same on every repeat.
    pub(super) key: String,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) state: CallState,
}

/// Where a call stands.
#[derive(Debug, Clone)]
pub(super) enum CallState {
    /// It is to be made, or was under way.
    Open,
    /// What it gave, or a stable code and a sentence.
    Done(Result<Value, (String, String)>),
    /// A person has to approve it.
    Waits,
}

impl Round {
    /// Whether a call is to be made.
    pub(super) fn is_open(&self) -> bool {
        self.calls.iter().any(|call| matches!(call.state, CallState::Open))
    }

    /// Calls that a person has to approve.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| matches!(call.state, CallState::Waits))
    }

    /// The messages of this round. `text` stands in the place of what the model said.
    pub(super) fn messages(&self, text: Option<&str>) -> Vec<Message> {
        let mut list = Vec::with_capacity(2);
        if let Some(reply) = &self.reply {
            let text = text.unwrap_or(&reply.kept.text);
            list.push(Message { role: Role::Assistant, content: self.said(text) });
        }
        let results: Vec<Part> = self.calls.iter().filter_map(Call::result).collect();
        if !results.is_empty() {
            list.push(Message { role: Role::Tool, content: Content::Parts(results) });
        }
        list
    }

    fn said(&self, text: &str) -> Content {
        if self.calls.is_empty() {
            return Content::Text(text.to_owned());
        }
        let words = (!text.is_empty()).then(|| Part::Text { text: text.to_owned() });
        let call =
            |call: &Call| Part::ToolCall { id: call.id.clone(), name: call.name.clone(), args: call.args.clone() };
        Content::Parts(words.into_iter().chain(self.calls.iter().map(call)).collect())
    }

    /// The round as its journal has it.
    pub(super) fn spans(&self) -> Vec<Span> {
        let reply = self.reply.as_ref().map(|reply| Span {
            round: self.number,
            ordinal: 0,
            kind: SpanKind::Model,
            name: reply.model.clone(),
            status: SpanStatus::Done,
            call_id: None,
            input: None,
            output: serde_json::to_string(&KeptReply { refused: self.refused.clone(), ..reply.kept.clone() }).ok(),
            error: None,
            model: Some(reply.model.clone()),
            input_tokens: reply.usage.input_tokens,
            output_tokens: reply.usage.output_tokens,
            started_at: reply.started,
            finished_at: Some(reply.ended),
        });
        reply.into_iter().chain(self.calls.iter().map(|call| call.span(self.number))).collect()
    }

    /// Rounds of a journal, in order. What is neither a reply nor a call is not of a round.
    pub(super) fn read(spans: &[Span]) -> Result<Vec<Self>, Fault> {
        let mut rounds: Vec<Self> = Vec::new();
        for span in spans {
            let is_reply = span.kind == SpanKind::Model && span.status == SpanStatus::Done;
            if !is_reply && span.kind != SpanKind::Tool {
                continue;
            }
            if rounds.last().is_none_or(|round| round.number != span.round) {
                rounds.push(Self { number: span.round, reply: None, calls: Vec::new(), refused: None });
            }
            let Some(round) = rounds.last_mut() else { continue };
            if is_reply {
                let mut kept: KeptReply = parse(span.output.as_deref())?;
                round.refused = kept.refused.take();
                round.reply = Some(Reply {
                    kept,
                    model: span.name.clone(),
                    usage: Usage { input_tokens: span.input_tokens, output_tokens: span.output_tokens },
                    started: span.started_at,
                    ended: span.finished_at.unwrap_or(span.started_at),
                });
            } else {
                round.calls.push(Call::read(span)?);
            }
        }
        Ok(rounds)
    }
}

impl Call {
    /// What the model is told of a call that is over.
    fn result(&self) -> Option<Part> {
        let CallState::Done(outcome) = &self.state else { return None };
        let result = match outcome {
            Ok(value) => value.clone(),
            Err((code, message)) => json!({ "error": code, "message": message }),
        };
        Some(Part::ToolResult { id: self.id.clone(), name: self.name.clone(), result })
    }

    /// The call as answers show it.
    pub(super) fn shown(&self) -> Use {
        let (result, error) = match &self.state {
            CallState::Done(Ok(value)) => (value.clone(), None),
            CallState::Done(Err((code, message))) => (Value::Null, Some(format!("{code}: {message}"))),
            CallState::Open | CallState::Waits => (Value::Null, Some(WAITING.to_owned())),
        };
        Use {
            id: self.id.clone(),
            name: self.name.clone(),
            arguments: self.args.clone(),
            result,
            error,
            duration_ms: self.duration_ms(),
        }
    }

    /// How long it took, in milliseconds.
    pub(super) fn duration_ms(&self) -> i64 {
        self.ended.map_or(0, |ended| ended.millis_since(self.started).max(0))
    }

    pub(super) fn span(&self, round: i64) -> Span {
        let (status, output, error) = match &self.state {
            CallState::Open => (SpanStatus::Running, None, None),
            CallState::Waits => (SpanStatus::Waiting, None, None),
            CallState::Done(Ok(value)) => (SpanStatus::Done, Some(value.to_string()), None),
            CallState::Done(Err((code, message))) => {
                (SpanStatus::Failed, Some(json!({ "error": code, "message": message }).to_string()), Some(code.clone()))
            }
        };
        Span {
            round,
            ordinal: self.ordinal,
            kind: SpanKind::Tool,
            name: self.name.clone(),
            status,
            call_id: Some(self.id.clone()),
            input: Some(json!({ "arguments": self.args, "key": self.key }).to_string()),
            output,
            error,
            model: None,
            input_tokens: 0,
            output_tokens: 0,
            started_at: self.started,
            finished_at: self.ended,
        }
    }

    fn read(span: &Span) -> Result<Self, Fault> {
        let input: Value = parse(span.input.as_deref())?;
        let output = || parse::<Value>(span.output.as_deref());
        let word = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let state = match span.status {
            SpanStatus::Running => CallState::Open,
            SpanStatus::Waiting => CallState::Waits,
            SpanStatus::Done => CallState::Done(Ok(output()?)),
            SpanStatus::Failed => {
                let output = output()?;
                CallState::Done(Err((word(&output, "error"), word(&output, "message"))))
            }
        };
        Ok(Self {
            ordinal: span.ordinal,
            id: span.call_id.clone().unwrap_or_default(),
            name: span.name.clone(),
            args: input["arguments"].clone(),
            key: word(&input, "key"),
            started: span.started_at,
            ended: span.finished_at,
            state,
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, Fault> {
    serde_json::from_str(text.unwrap_or("null")).map_err(Fault::internal)
}

/// A span as traces show it (agents contract, section 6): `{round, ordinal, kind, name, status, call_id, model, input_tokens,
/// output_tokens, started_at, finished_at, duration_ms, input, output, error}`.
#[must_use]
pub fn trace(span: &Span) -> Value {
    let value = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let instant = floe_model::agents::envelope::instant;
    json!({
        "round": span.round,
        "ordinal": span.ordinal,
        "kind": span.kind.as_str(),
        "name": span.name,
        "status": span.status.as_str(),
        "call_id": span.call_id,
        "model": span.model,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        "started_at": instant(span.started_at),
        "finished_at": span.finished_at.map(instant),
        "duration_ms": span.finished_at.map(|ended| ended.millis_since(span.started_at)),
        "input": value(&span.input),
        "output": value(&span.output),
        "error": span.error,
    })
}

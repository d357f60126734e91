//! The end of an exchange, as it will be written.

use floe_model::Timestamp;
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::SpanKind;
use floe_model::agents::message::{Message as Says, Role};
use floe_model::agents::window::{estimate, estimate_text};
use floe_model::id::MessageId;
use floe_runtime::models::Usage;
use serde_json::Value;

use super::finish::Done;
use super::journal::{Call, CallState, Round, WAITING};
use super::outcome::Answered;
use super::run::{BLOCKED, End, Work};

/// What is said of a call that was asked for, or under way, when the exchange ended.
const NOT_MADE: (&str, &str) = ("cancelled", "The exchange ended before this was done");

/// An end, taken apart.
struct Ending {
    code: i64,
    finish: Option<Finish>,
    error: Option<String>,
    text: Option<String>,
    /// As much of an answer as there was when it was stopped.
    partial: Option<String>,
    author: Option<String>,
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        let none = Self { code: 200, finish: None, error: None, text: None, partial: None, author: None };
        match end {
            End::Said { finish, text } => Self { finish: Some(finish), text, ..none },
            End::BlockedBefore(words) => {
                Self { finish: Some(Finish::Blocked), text: Some(words), author: Some(BLOCKED.to_owned()), ..none }
            }
            End::Stopped { partial } => {
                let partial = Some(partial).filter(|words| !words.is_empty());
                Self { finish: Some(Finish::Cancelled), text: partial.clone(), partial, ..none }
            }
            End::Failed { code, error } => Self { code, error: Some(error), ..none },
        }
    }
}

impl Work {
    /// What is written of an exchange that ends so.
    pub(super) fn done(mut self, end: End) -> Done {
        let at = self.now();
        let Ending { code, finish, error, text, partial, author } = Ending::from(end);
        if matches!(finish, Some(Finish::Cancelled | Finish::MaxSteps)) {
            self.give_up_calls();
        }
        let said = self.to_store(finish, text.as_deref(), author);
        let (usage, calls) = self.used(partial.as_deref());
        let last = self.rounds.iter().rev().find_map(|round| round.reply.as_ref());
        let price = last.map(|reply| reply.kept.price).or(self.model.as_ref().map(|model| model.price));
        let model = last.map(|reply| reply.model.clone());
        let answered = self.answered(text.unwrap_or_default(), calls > 0, at);
        let made = answered.tool_calls.iter().filter(|call| call.error.as_deref() != Some(WAITING)).count();
        Done {
            code,
            finish,
            error,
            said,
            model: model.or_else(|| partial.and(self.model.as_ref().map(|model| model.name.clone()))),
            usage,
            calls,
            price: price.unwrap_or_default().of(usage, u32::try_from(made).unwrap_or(u32::MAX)),
            asks: self.asks(finish),
            spans: self.rounds.iter().flat_map(Round::spans).chain(self.others.iter().cloned()).collect(),
            answered,
            agent_name: self.config.agent.name.clone(),
            summary: self.summary,
            at,
            caller: self.caller,
        }
    }

    /// What the envelope says beside the columns.
    fn answered(&self, text: String, has_usage: bool, at: Timestamp) -> Answered {
        let mut replies = self.rounds.iter().filter_map(|round| round.reply.as_ref());
        Answered {
            has_usage,
            fallback_used: replies.any(|reply| reply.kept.fallback_used),
            guardrail: (!self.guardrail.is_empty()).then(|| Value::Object(self.guardrail.clone())),
            output: self.output.clone(),
            text,
            execution_ms: at.millis_since(self.started).max(0),
            tool_calls: self.rounds.iter().flat_map(|round| round.calls.iter().map(Call::shown)).collect(),
        }
    }

    /// Calls that are not made any more.
    fn give_up_calls(&mut self) {
        let calls = self.rounds.iter_mut().flat_map(|round| &mut round.calls);
        for call in calls.filter(|call| matches!(call.state, CallState::Open)) {
            call.state = CallState::Done(Err((NOT_MADE.0.to_owned(), NOT_MADE.1.to_owned())));
        }
    }

    /// Tokens and calls of the model so far; of an answer that was broken off by estimate.
    fn used(&self, partial: Option<&str>) -> (Usage, i64) {
        let replies = self.rounds.iter().filter_map(|round| round.reply.as_ref());
        let mut usage = Usage::default();
        let mut calls = 0;
        for reply in replies {
            usage.input_tokens += reply.usage.input_tokens;
            usage.output_tokens += reply.usage.output_tokens;
            calls += 1;
        }
        for summary in self.others.iter().filter(|span| span.kind == SpanKind::Summary) {
            usage.input_tokens += summary.input_tokens;
            usage.output_tokens += summary.output_tokens;
        }
        if let Some(partial) = partial {
            let (said, _) = self.said();
            let tokens = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            usage.input_tokens += tokens(said.iter().map(estimate).sum());
            usage.output_tokens += tokens(estimate_text(partial));
            calls += 1;
        }
        (usage, calls)
    }

    /// What is stored in the thread.
    fn to_store(
        &self,
        finish: Option<Finish>,
        text: Option<&str>,
        author: Option<String>,
    ) -> Vec<(MessageId, Says, Option<String>)> {
        let ids = &self.agents.platform.ids;
        let mut list: Vec<_> =
            self.asked.messages.iter().map(|(id, message)| (*id, message.clone(), author.clone())).collect();
        let counted: Vec<&Round> = self.rounds.iter().filter(|round| round.refused.is_none()).collect();
        for (at, round) in counted.iter().enumerate() {
            let is_last = at + 1 == counted.len();
            // What it said is the answer, which follows: as it was, or in a rule's words.
            let is_answer = !matches!(finish, None | Some(Finish::Approval | Finish::Cancelled | Finish::Handoff));
            if is_last && is_answer && round.reply.is_some() {
                continue;
            }
            let words = text.filter(|_| is_last && finish == Some(Finish::Approval));
            list.extend(round.messages(words).into_iter().map(|message| (ids.next(), message, None)));
        }
        if let Some(text) = text.filter(|_| finish != Some(Finish::Approval)) {
            list.push((ids.next(), Says::assistant(text), author));
        }
        // The last thing that the agent says has the id that was promised.
        let own = self.asked.messages.len();
        let last = list.iter_mut().skip(own).rev().find(|(_, message, _)| message.role == Role::Assistant);
        if let (Some((id, ..)), Some(promised)) = (last, self.asked.answer) {
            *id = promised;
        }
        list
    }

    /// Calls that are brought before a person.
    fn asks(&self, finish: Option<Finish>) -> Vec<Call> {
        if finish != Some(Finish::Approval) {
            return Vec::new();
        }
        let waits = |call: &&Call| matches!(call.state, CallState::Waits);
        self.rounds.last().into_iter().flat_map(|round| round.calls.iter()).filter(waits).cloned().collect()
    }
}

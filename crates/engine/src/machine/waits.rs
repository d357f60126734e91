//! Waits: questions, delays, and conditions that are looked at from time to time.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::WaitId;
use serde_json::{Map, Value, json};

use super::frame::Active;
use super::{Alarm, Command, Machine};
use crate::event::{Answer, Place, Question, QuestionKind, StepError};
use crate::nodes::review::{self, ReviewSource};
use crate::plan::{Port, WaitKind, Work};
use crate::reuse::Decision;

/// The wake-up for the time of a question; none for a condition that may be looked at for ever.
pub(super) fn wake_for(question: &Question) -> Option<Command> {
    let is_endless = question.kind == QuestionKind::Poll && question.expires_at().is_none();
    (!is_endless).then(|| Command::Wake { at: question.due, alarm: Alarm::Wait(question.wait) })
}

impl Machine {
    pub(super) fn ask(&mut self, question: &Question, at: Timestamp) {
        if !self.take_ready(question.place, at) {
            return;
        }
        let (place, wait) = (question.place, question.wait);
        if question.kind == QuestionKind::Poll {
            self.look_later(place, wait, at);
        } else {
            let inline = question.kind == QuestionKind::Delay { inline: true };
            self.active.insert(place, Active::Asking { wait, inline });
        }
        self.outbox.extend(wake_for(question));
        self.questions.push(question.clone());
    }

    fn look_later(&mut self, place: Place, wait: WaitId, at: Timestamp) {
        let Work::Poll(work) = &self.plan.node(place.node).work else { return };
        let next = at.plus_seconds(i64::try_from(work.interval_s.max(1)).unwrap_or(i64::MAX));
        self.active.insert(place, Active::Polling { wait, next });
        self.outbox.push_back(Command::Wake { at: next, alarm: Alarm::Look(place) });
    }

    /// The condition of a pause was looked at.
    pub(super) fn looked(&mut self, place: Place, outcome: &Result<bool, StepError>, at: Timestamp) {
        self.ready.retain(|ready| *ready != place);
        self.scripts.forget(place);
        let Some(Active::Polling { wait, .. }) = self.active.get(&place) else { return };
        let wait = *wait;
        match outcome {
            Ok(false) => self.look_later(place, wait, at),
            Ok(true) => {
                let Some(question) = self.close_question(wait) else { return };
                let record = pause_record(&question, "condition", at);
                self.complete(place, &Arc::new(Value::Object(record)), Port::NEXT, at);
            }
            Err(error) => {
                self.close_question(wait);
                self.fail(place, error.clone(), 1, at);
            }
        }
    }

    fn close_question(&mut self, wait: WaitId) -> Option<Question> {
        let position = self.questions.iter().position(|question| question.wait == wait)?;
        let question = self.questions.remove(position);
        self.active.remove(&question.place);
        self.ready.retain(|ready| *ready != question.place);
        Some(question)
    }

    pub(super) fn answered(&mut self, wait: WaitId, answer: &Answer, by: Option<&str>, at: Timestamp) {
        let Some(question) = self.close_question(wait) else { return };
        self.answered.push(wait);
        let place = question.place;
        match answer {
            Answer::Decision { approve, comment } => {
                let (comment, by) = (comment.clone(), by.map(str::to_owned));
                let decision = Decision { approve: *approve, comment, by, at, question: question.body };
                self.decide(place, &decision, at);
            }
            Answer::ToolResult { outcome: Ok(output) } => {
                self.complete(place, &Arc::new(output.clone()), Port::NEXT, at);
            }
            Answer::ToolResult { outcome: Err(message) } => {
                self.fail(place, StepError::new("client_tool_failed", message.clone()), 1, at);
            }
            Answer::FormData(data) => self.complete(place, &Arc::new(data.clone()), Port::NEXT, at),
            Answer::Response(value) => self.respond(&question, value, at),
        }
    }

    /// Goes on after a decision.
    pub(super) fn decide(&mut self, place: Place, decision: &Decision, at: Timestamp) {
        let word = if decision.approve { "approve" } else { "reject" };
        let result = json!({ "decision": word, "decidedAt": decision.at, "decidedBy": decision.by });
        let mut approval = result.clone();
        approval["message"] = decision.question.get("message").cloned().unwrap_or_default();
        if let Some(comment) = &decision.comment {
            approval["comment"] = json!(comment);
        }
        self.write(place, "approval", approval);
        let rejects = !decision.approve && self.plan.node(place.node).has_port(Port::REJECT);
        let port = if rejects { Port::REJECT } else { Port::NEXT };
        self.complete(place, &Arc::new(result), port, at);
    }

    /// Goes on after the answer to a review, or after what was sent to a wait.
    fn respond(&mut self, question: &Question, value: &Value, at: Timestamp) {
        if question.kind == QuestionKind::Answer(WaitKind::Hook) {
            let mut record = pause_record(question, "webhook", at);
            record.insert("response".to_owned(), value.clone());
            return self.complete(question.place, &Arc::new(Value::Object(record)), Port::NEXT, at);
        }
        self.review_ended(question, review::record(&question.body, value.clone(), ReviewSource::User), at);
    }

    fn review_ended(&mut self, question: &Question, record: Value, at: Timestamp) {
        for (name, value) in review_variables(&question.body, &record) {
            self.write(question.place, &name, value);
        }
        self.complete(question.place, &Arc::new(record), Port::NEXT, at);
    }

    pub(super) fn expired(&mut self, wait: WaitId, at: Timestamp) {
        let Some(question) = self.close_question(wait) else { return };
        let place = question.place;
        match question.kind {
            QuestionKind::Delay { .. } if self.is_graph() => {
                let kind = question.body.get("waitType").and_then(Value::as_str).unwrap_or("duration");
                let record = pause_record(&question, kind, at);
                self.complete(place, &Arc::new(Value::Object(record)), Port::NEXT, at);
            }
            QuestionKind::Delay { .. } => {
                self.complete(place, &Arc::new(json!({ "resumedAt": at })), Port::NEXT, at);
            }
            QuestionKind::Poll => self.timed_out(&question, "condition", at),
            QuestionKind::Answer(WaitKind::Hook) => self.timed_out(&question, "webhook", at),
            QuestionKind::Answer(kind) => {
                if let (WaitKind::Review, Some(record)) = (kind, review::expired(&question.body)) {
                    return self.review_ended(&question, record, at);
                }
                let code = if self.is_graph() { "TIMEOUT" } else { "wait_timeout" };
                let error = StepError::new(code, timeout_message(kind));
                if self.plan.node(place.node).has_port(Port::TIMEOUT) {
                    self.complete(place, &Arc::new(json!({ "error": error.brief() })), Port::TIMEOUT, at);
                } else {
                    self.fail(place, error, 1, at);
                }
            }
        }
    }

    /// A pause that goes on when its time has come, and says so.
    fn timed_out(&mut self, question: &Question, kind: &str, at: Timestamp) {
        let mut record = pause_record(question, kind, at);
        record.insert("timedOut".to_owned(), Value::Bool(true));
        self.complete(question.place, &Arc::new(Value::Object(record)), Port::NEXT, at);
    }
}

/// The variables that a review sets.
pub(crate) fn review_variables(body: &Map<String, Value>, record: &Value) -> Map<String, Value> {
    let value = record.get(review::PRIMARY).unwrap_or(&Value::Null);
    let names = ["variable_name", "output_variable"].into_iter().filter_map(|key| body.get(key)?.as_str());
    names.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), value.clone())).collect()
}

/// The record of a pause (Workflow API contract, section 18, `wait`).
fn pause_record(question: &Question, kind: &str, at: Timestamp) -> Map<String, Value> {
    pause_between(kind, question.asked_at, at)
}

/// The record of a pause between two instants; its length is in milliseconds.
pub(crate) fn pause_between(kind: &str, from: Timestamp, to: Timestamp) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("waitType".to_owned(), json!(kind));
    record.insert("startTime".to_owned(), json!(from));
    record.insert("endTime".to_owned(), json!(to));
    record.insert("actualWaitDuration".to_owned(), json!(to.millis_since(from).max(0)));
    record
}

fn timeout_message(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::UserApproval => "Nobody decided in time",
        WaitKind::ClientTool => "The client did not send the tool's result in time",
        WaitKind::ShowForm => "Nobody submitted the form in time",
        WaitKind::Review => "Nobody answered the review in time",
        WaitKind::Hook => "Nothing was sent to the wait in time",
    }
}

//! Evaluation of what only graphs have.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::flows::Zone;
use floe_model::id::WaitId;
use serde_json::{Map, Value, json};

use super::Evaluation;
use crate::event::{Changes, Happening, Question, QuestionKind, StepError};
use crate::expr::{Env, JsonTemplate};
use crate::machine::{pause_between, review_variables};
use crate::nodes::{self, Compute, NodeInfo, review};
use crate::plan::{EffectWork, LoopKind, LoopWork, Node, PollWork, Port, SleepWork, WaitWork};
use crate::secrets::Marks;

/// Longest pause, in seconds: a year.
const SLEEP_S_MAX: f64 = 31_622_400.0;

impl Evaluation<'_, '_> {
    pub(super) fn compute(&mut self, node: &Node, compute: &Compute) -> Result<Happening, StepError> {
        let empty = Map::new();
        let beginning = self.machine.beginning();
        let info = NodeInfo {
            id: &node.id,
            name: &node.name,
            output: node.output.as_deref(),
            inputs: beginning.map_or(&empty, |beginning| &beginning.inputs),
            trigger: beginning.map_or(&Value::Null, |beginning| &beginning.trigger),
            shared: self.machine.shared().unwrap_or(&empty),
            unsearchable: Some(self.machine.unsearchable()),
            before: self.names.before(),
        };
        let mut env_ids = super::IdTexts::new(self.moment.fresh);
        let mut next = || env_ids.next();
        let mut env = Env::new(self.moment.now, &mut next).with_answers(self.answers);
        let computed = compute.run(&info, &self.names, &mut env);
        let asked = env.asked();
        self.ask(asked);
        let computed = computed?;
        let changes = Changes { variables: computed.variables, shared: computed.shared };
        Ok(Happening::Done {
            place: self.place,
            attempt: 1,
            result: Arc::new(computed.record),
            port: computed.port,
            logs: Vec::new(),
            changes: (!changes.is_empty()).then(|| Box::new(changes)),
        })
    }

    /// Enters a loop, or tests the condition of one that was entered.
    pub(super) fn loops(&mut self, work: &LoopWork) -> Result<Happening, StepError> {
        let place = self.place;
        if let (LoopKind::While { condition }, true) = (&work.kind, self.machine.is_entered(place)) {
            let outcome = self.truth(condition);
            return Ok(Happening::Tested { place, outcome });
        }
        let variables = match &work.variables {
            Some(template) => self.object(template, "initialVariables")?,
            None => Map::new(),
        };
        let (items, total, start) = match &work.kind {
            LoopKind::ForEach { source } => {
                let value = self.render(source)?;
                if !self.asked.is_empty() {
                    // What the source is will only be known in the next round.
                    return Err(StepError::new("EXPRESSION_ERROR", "The source is not known yet"));
                }
                let mut items = nodes::items(&value)?;
                let total = items.len();
                items.truncate(work.passes_max);
                (items, total, 0)
            }
            LoopKind::Count { count, start } => {
                let (count, start) = (self.render(count)?, self.render(start)?);
                let total = nodes::count(&count)?;
                (Vec::new(), total, super::as_number(&start).unwrap_or(0.0) as i64)
            }
            LoopKind::While { .. } | LoopKind::Cycle => (Vec::new(), work.passes_max, 0),
        };
        Ok(Happening::Looped { place, items: Arc::new(items), total, start, variables })
    }

    pub(super) fn rest(&mut self, work: &SleepWork) -> Result<Happening, StepError> {
        let now = self.moment.now;
        let (kind, due) = match (&work.until, &work.duration) {
            (Some(until), _) => ("until", self.instant(until, work.zone.as_ref())?),
            (None, Some(duration)) => {
                let value = self.render(duration)?;
                let wrong = || StepError::new("VALIDATION", "The duration of the wait is not a number");
                let number = super::as_number(&value).filter(|number| number.is_finite()).ok_or_else(wrong)?;
                let length_us = (number * work.unit_ms * 1e3).clamp(-1e18, 1e18);
                ("duration", Timestamp(now.micros().saturating_add(length_us as i64)))
            }
            (None, None) => ("duration", now),
        };
        if due <= now {
            let mut record = pause_between(kind, now, now);
            record.insert("skipped".to_owned(), Value::Bool(true));
            record.insert("reason".to_owned(), json!("The time to wait for has passed"));
            return Ok(self.done(Value::Object(record), Port::NEXT));
        }
        let length_s = due.micros().saturating_sub(now.micros()) as f64 / 1e6;
        if length_s > SLEEP_S_MAX {
            return Err(StepError::new("VALIDATION", "A wait is at most a year long"));
        }
        let body = Map::from_iter([("waitType".to_owned(), json!(kind)), ("resumeAt".to_owned(), json!(due))]);
        let kind = QuestionKind::Delay { inline: length_s <= super::INLINE_DELAY_S_MAX };
        Ok(self.opened(kind, body, due))
    }

    /// An RFC 3339 instant, or a date and time of a zone.
    fn instant(&mut self, until: &JsonTemplate, zone: Option<&JsonTemplate>) -> Result<Timestamp, StepError> {
        let until = self.render(until)?;
        let zone = zone.map(|zone| self.render(zone)).transpose()?;
        if let Some(ms) = until.as_i64() {
            return Ok(Timestamp(ms.saturating_mul(1_000)));
        }
        let name = zone.as_ref().and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or("UTC");
        let text = until.as_str().map(str::trim).unwrap_or_default();
        let local = || Zone::parse(name)?.instant(text);
        let wrong =
            || StepError::new("VALIDATION", "The timestamp of the wait is no date and time of a known time zone");
        Timestamp::parse(text).or_else(local).ok_or_else(wrong)
    }

    pub(super) fn poll(&mut self, work: &PollWork) -> Result<Happening, StepError> {
        let (place, now) = (self.place, self.moment.now);
        let outcome = self.truth(&work.condition);
        if self.machine.is_entered(place) {
            return Ok(Happening::Tested { place, outcome });
        }
        if outcome? {
            let record = pause_between("condition", now, now);
            return Ok(self.done(Value::Object(record), Port::NEXT));
        }
        let body = Map::from_iter([("waitType".to_owned(), json!("condition"))]);
        let due = self.due_in(work.timeout_ms.map(|ms| ms.div_ceil(1_000).max(1)));
        Ok(self.opened(QuestionKind::Poll, body, due))
    }

    /// A review or a wait for something to be sent, where it cannot be settled at once.
    pub(super) fn review(
        &mut self,
        work: &WaitWork,
        wait: WaitId,
        body: Map<String, Value>,
    ) -> Result<Happening, StepError> {
        if work.kind == crate::plan::WaitKind::Review {
            let empty = Map::new();
            let inputs = self.machine.beginning().map_or(&empty, |beginning| &beginning.inputs);
            if let Some(record) = review::settle(&body, inputs)? {
                let changes = Changes { variables: review_variables(&body, &record), shared: Vec::new() };
                return Ok(Happening::Done {
                    place: self.place,
                    attempt: 1,
                    result: Arc::new(record),
                    port: Port::NEXT,
                    logs: Vec::new(),
                    changes: Some(Box::new(changes)),
                });
            }
        }
        let timeout_s = match &work.timeout {
            None => Some(work.timeout_s).filter(|&seconds| seconds > 0),
            Some(template) => {
                let seconds = self.number(template, "timeout", 0.0, super::WAIT_TIMEOUT_S_MAX)? as u64;
                Some(seconds).filter(|&seconds| seconds > 0)
            }
        };
        let due = self.due_in(timeout_s);
        let (place, asked_at) = (self.place, self.moment.now);
        let kind = QuestionKind::Answer(work.kind);
        Ok(Happening::WaitOpened(Box::new(Question { wait, place, kind, body, asked_at, due })))
    }

    /// The instant after so many seconds, or the one that stands for none.
    fn due_in(&self, seconds: Option<u64>) -> Timestamp {
        let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
        self.moment.now.plus_seconds(seconds.unwrap_or(Question::ENDLESS_S).min(Question::ENDLESS_S))
    }

    fn opened(&mut self, kind: QuestionKind, body: Map<String, Value>, due: Timestamp) -> Happening {
        let wait = WaitId((self.moment.fresh)());
        let (place, asked_at) = (self.place, self.moment.now);
        Happening::WaitOpened(Box::new(Question { wait, place, kind, body, asked_at, due }))
    }

    /// The nodes before this one, for an effect that looks at them.
    pub(super) fn predecessors(&self) -> Value {
        let shown = |node: nodes::Before<'_>| json!({ "id": node.id, "output": node.output, "value": node.value });
        self.names.before().into_iter().map(shown).collect()
    }

    /// Marks for the secrets of an effect; of a graph for those names under `env` that are secrets.
    pub(super) fn marks(&mut self, work: &EffectWork) -> Option<Marks> {
        if !self.machine.is_graph() {
            let is_needed = !work.secrets.is_empty();
            return is_needed.then(|| Marks::new(&work.secrets, (self.moment.fresh)()));
        }
        let (env, hidden) = self.machine.env();
        let secrets: Vec<String> = work.secrets.iter().filter(|name| hidden.contains(name)).cloned().collect();
        if secrets.is_empty() {
            return None;
        }
        if self.mark == 0 {
            self.mark = (self.moment.fresh)();
        }
        Some(Marks::in_env(&secrets, self.mark, env))
    }
}

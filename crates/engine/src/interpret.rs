//! Evaluation of what the machine asks for: templates and expressions in, one event out.
//!
//! Everything that may differ between two evaluations (the time, fresh ids) is given by the caller and ends up in the
//! event, so that folding the journal repeats it.

mod graph;

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::WaitId;
use serde_json::{Map, Value, json};

use crate::event::{Happening, Place, Question, QuestionKind, StepError};
use crate::expr::limits::SCRIPT_ROUNDS_MAX;
use crate::expr::{self, Answered, Env, EvalError, Expression, JsonTemplate, Names as _, Script};
use crate::machine::{Machine, Names};
use crate::plan::{Branch, EffectWork, Node, Port, Source, WaitKind, WaitWork, Work};
use crate::secrets::Marks;

/// Longest delay that a run spends in memory, in seconds (Flow API contract, section 6.5).
pub const INLINE_DELAY_S_MAX: f64 = 5.0;
/// Longest delay, in seconds.
pub const DELAY_S_MAX: f64 = 2_592_000.0;
/// Longest time that a wait stays open, in seconds: 90 days (Flow API contract, section 4).
pub const WAIT_TIMEOUT_S_MAX: f64 = 7_776_000.0;

/// What an evaluation is given besides the run.
pub struct Moment<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Gives fresh ids.
    pub fresh: &'a mut dyn FnMut() -> u128,
    /// Active time of the run at most, in milliseconds; waiting does not count.
    pub active_ms_max: i64,
}

/// What came of an evaluation.
pub(crate) enum Evaluated {
    /// An event.
    Happened(Happening),
    /// Nothing yet: scripts must be carried out first. With what the marks of its secrets are made of.
    Asked(Vec<Script>, u128),
}

/// Evaluates the node at a place and says what came of it.
#[must_use]
pub(crate) fn evaluate(machine: &Machine, place: Place, moment: &mut Moment<'_>) -> Evaluated {
    if machine.reused_at(place).is_some_and(|step| !step.kept.depends_on_content()) {
        return Evaluated::Happened(Happening::Reused { place });
    }
    let plan = Arc::clone(machine.plan());
    let node = plan.node(place.node);
    let mut evaluation = Evaluation::new(machine, place, moment);
    let happened = evaluation.node(node);
    let (asked, mark) = (std::mem::take(&mut evaluation.asked), evaluation.mark);
    if !asked.is_empty() {
        if evaluation.rounds < SCRIPT_ROUNDS_MAX {
            return Evaluated::Asked(asked, mark);
        }
        let error = StepError::new("EXPRESSION_ERROR", "The expressions of the node depend on each other too deeply");
        return Evaluated::Happened(failed(place, error));
    }
    Evaluated::Happened(happened.unwrap_or_else(|error| failed(place, error)))
}

fn failed(place: Place, error: StepError) -> Happening {
    Happening::Failed { place, attempt: 1, error, logs: Vec::new() }
}

struct Evaluation<'a, 'm> {
    machine: &'a Machine,
    place: Place,
    names: Names<'a>,
    moment: &'a mut Moment<'m>,
    /// What the scripts of this evaluation came to so far.
    answers: &'a [Answered],
    rounds: usize,
    /// Scripts that have no answer yet.
    asked: Vec<Script>,
    /// What the marks of its secrets are made of.
    mark: u128,
}

impl<'a, 'm> Evaluation<'a, 'm> {
    fn new(machine: &'a Machine, place: Place, moment: &'a mut Moment<'m>) -> Self {
        let (answers, rounds, mark) = machine.scripted_at(place);
        let mark = mark.unwrap_or_default();
        let names = machine.names(place).at(moment.now);
        Self { machine, place, names, moment, answers, rounds, asked: Vec::new(), mark }
    }

    /// Evaluates something; scripts that it needs are put with the others.
    fn eval<T>(
        &mut self,
        act: impl FnOnce(&dyn expr::Names, &mut Env<'_>) -> Result<T, EvalError>,
    ) -> Result<T, StepError> {
        let mut env_ids = IdTexts::new(self.moment.fresh);
        let mut next = || env_ids.next();
        let mut env = Env::new(self.moment.now, &mut next).with_answers(self.answers);
        let result = act(&self.names, &mut env);
        let asked = env.asked();
        self.ask(asked);
        result.map_err(|error| self.eval_error(&error))
    }

    fn ask(&mut self, asked: Vec<Script>) {
        for script in asked {
            if self.asked.iter().all(|known| known.key != script.key) {
                self.asked.push(script);
            }
        }
    }

    fn eval_error(&self, error: &EvalError) -> StepError {
        StepError::new(error.code_in(self.machine.plan().rules.profile), error.to_string())
    }

    fn node(&mut self, node: &Node) -> Result<Happening, StepError> {
        let place = self.place;
        match &node.work {
            Work::Skip { .. } => Ok(Happening::Skipped { place }),
            Work::Assign { variables } => {
                let values = self.object(variables, "variables")?;
                if let Some(name) = values.keys().find(|name| crate::inputs::is_reserved(name)) {
                    return Err(StepError::new("reserved_name", format!("{name} is a reserved name")));
                }
                Ok(self.done(Value::Object(values), Port::NEXT))
            }
            Work::Choose { branches, otherwise } => self.choose(branches, *otherwise),
            Work::Finish { outputs } => {
                let outputs = self.object(outputs, "outputs")?;
                Ok(self.done(Value::Object(outputs), Port::NEXT))
            }
            Work::Effect(work) => self.effect(work),
            Work::Wait(work) => self.question(work),
            Work::Delay { seconds, until } => self.delay(seconds.as_ref(), until.as_ref()),
            Work::Each { source, items_max, items_limit, .. } => self.items(source, *items_max, items_limit.as_ref()),
            Work::While { condition, .. } => {
                let outcome = self.truth(condition);
                Ok(Happening::Tested { place, outcome })
            }
            Work::Parallel { .. } => Ok(Happening::Split { place }),
            Work::Compute(compute) => self.compute(node, compute),
            Work::Loop(work) => self.loops(work),
            Work::Sleep(work) => self.rest(work),
            Work::Poll(work) => self.poll(work),
            Work::Child { call, .. } if self.machine.is_graph() => {
                let input = Arc::new(self.render(call)?);
                Ok(Happening::ChildCalled { place, input })
            }
            Work::Child { call, .. } => {
                let mut input = self.render(call)?;
                let inputs = input.get("inputs").cloned().unwrap_or_default();
                input["inputs"] = Value::Object(as_object(inputs, "inputs")?);
                Ok(Happening::ChildCalled { place, input: Arc::new(input) })
            }
        }
    }

    fn done(&self, result: Value, port: Port) -> Happening {
        Happening::Done {
            place: self.place,
            attempt: 1,
            result: Arc::new(result),
            port,
            logs: Vec::new(),
            changes: None,
        }
    }

    fn choose(&mut self, branches: &[Branch], otherwise: Port) -> Result<Happening, StepError> {
        for branch in branches {
            if self.truth(&branch.condition)? {
                return Ok(self.done(json!({ "branchId": branch.id, "matched": true }), branch.port));
            }
        }
        Ok(self.done(json!({ "branchId": null, "matched": false }), otherwise))
    }

    fn effect(&mut self, work: &EffectWork) -> Result<Happening, StepError> {
        let marks = self.marks(work);
        let mut input = match &marks {
            Some(marks) => self.render_with(&work.config, marks)?,
            None => self.render(&work.config)?,
        };
        for key in &work.key_values {
            if let Some(slot) = input.get_mut(*key) {
                *slot = Value::Object(as_object(slot.take(), key)?);
            }
        }
        if let (true, Value::Object(input)) = (work.sees_predecessors, &mut input) {
            input.insert("predecessors".to_owned(), self.predecessors());
        }
        if let Some(marks) = marks {
            marks.take_from(&mut input)?;
        }
        Ok(Happening::Intended { place: self.place, input: Arc::new(input) })
    }

    fn question(&mut self, work: &WaitWork) -> Result<Happening, StepError> {
        let wait = WaitId((self.moment.fresh)());
        let Value::Object(mut body) = self.render(&work.question)? else {
            return Err(StepError::new("bad_value", "the step's data is not an object"));
        };
        match work.kind {
            WaitKind::UserApproval => {
                body.insert("options".to_owned(), json!(["approve", "reject"]));
                if self.machine.keeps_answer(self.place, &body) {
                    return Ok(Happening::Reused { place: self.place });
                }
            }
            WaitKind::ClientTool => {
                let args = as_object(body.remove("parameters").unwrap_or_default(), "parameters")?;
                body.insert("executionId".to_owned(), json!(wait));
                body.insert("args".to_owned(), Value::Object(args));
            }
            WaitKind::Review | WaitKind::Hook => return self.review(work, wait, body),
            WaitKind::ShowForm => {
                let fields = body.get("fields").cloned().unwrap_or_default();
                crate::inputs::parse_fields(&fields)
                    .map_err(|(path, why)| StepError::new("bad_value", format!("fields{path}: {why}")))?;
            }
        }
        let timeout_s = match &work.timeout {
            None => work.timeout_s,
            Some(template) => self.number(template, "timeoutSeconds", 1.0, WAIT_TIMEOUT_S_MAX)? as u64,
        };
        let due = self.moment.now.plus_seconds(i64::try_from(timeout_s).unwrap_or(i64::MAX));
        let kind = QuestionKind::Answer(work.kind);
        Ok(Happening::WaitOpened(Box::new(Question {
            wait,
            place: self.place,
            kind,
            body,
            asked_at: self.moment.now,
            due,
        })))
    }

    fn delay(&mut self, seconds: Option<&JsonTemplate>, until: Option<&JsonTemplate>) -> Result<Happening, StepError> {
        let now = self.moment.now;
        let due = match (seconds, until) {
            (_, Some(until)) => {
                let value = self.render(until)?;
                let instant = value.as_str().and_then(Timestamp::parse);
                instant.ok_or_else(|| StepError::new("bad_value", "until is not an RFC 3339 instant"))?
            }
            (Some(seconds), None) => {
                let seconds = self.number(seconds, "seconds", 0.0, DELAY_S_MAX)?;
                Timestamp(now.micros() + (seconds * 1e6) as i64)
            }
            (None, None) => now,
        };
        let due = due.max(now);
        let length_s = (due.micros() - now.micros()) as f64 / 1e6;
        if length_s > DELAY_S_MAX {
            return Err(StepError::new("bad_value", "until is more than 30 days ahead"));
        }
        let kind = QuestionKind::Delay { inline: length_s <= INLINE_DELAY_S_MAX };
        let mut body = Map::new();
        body.insert("resumeAt".to_owned(), json!(due));
        let wait = WaitId((self.moment.fresh)());
        Ok(Happening::WaitOpened(Box::new(Question {
            wait,
            place: self.place,
            kind,
            body,
            asked_at: self.moment.now,
            due,
        })))
    }

    fn items(
        &mut self,
        source: &Source,
        items_max: usize,
        limit: Option<&JsonTemplate>,
    ) -> Result<Happening, StepError> {
        let limit = match limit {
            Some(template) => self.number(template, "maxItems", 1.0, items_max as f64)? as usize,
            None => items_max,
        };
        let value = match source {
            Source::Path(segments) => self.at_path(segments).cloned().unwrap_or_default(),
            Source::Expression(expression) => self.eval(|names, env| expression.evaluate(names, env))?,
        };
        let parsed = match value {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        let Value::Array(mut items) = parsed else {
            let message = format!("{} is not a list", source.text());
            return Err(StepError::new("not_an_array", message));
        };
        let total = items.len();
        items.truncate(limit);
        let (place, items) = (self.place, Arc::new(items));
        Ok(Happening::Looped { place, items, total, start: 0, variables: Map::new() })
    }

    /// The value at a path in the context; members by key, elements by position.
    fn at_path(&self, segments: &[String]) -> Option<&Value> {
        let (root, below) = segments.split_first()?;
        below.iter().try_fold(self.names.get(root)?, |value, key| match value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            other => other.get(key.as_str()),
        })
    }

    fn number(&mut self, template: &JsonTemplate, field: &str, min: f64, max: f64) -> Result<f64, StepError> {
        let value = self.render(template)?;
        let number = as_number(&value).filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| StepError::new("bad_value", format!("{field} must be a number from {min} to {max}")))
    }

    fn truth(&mut self, expression: &Expression) -> Result<bool, StepError> {
        self.eval(|names, env| expression.is_truthy(names, env))
    }

    fn render(&mut self, template: &JsonTemplate) -> Result<Value, StepError> {
        self.eval(|names, env| template.render(names, env))
    }

    /// [`Self::render`] for a step that may name secrets.
    fn render_with(&mut self, template: &JsonTemplate, marks: &Marks) -> Result<Value, StepError> {
        self.eval(|names, env| template.render(&marks.beside(names), env))
    }

    fn object(&mut self, template: &JsonTemplate, field: &str) -> Result<Map<String, Value>, StepError> {
        let value = self.render(template)?;
        as_object(value, field)
    }
}

/// Fresh ids as texts, for `uuid()`.
struct IdTexts<'a> {
    fresh: &'a mut dyn FnMut() -> u128,
}

impl<'a> IdTexts<'a> {
    fn new(fresh: &'a mut dyn FnMut() -> u128) -> Self {
        Self { fresh }
    }

    fn next(&mut self) -> String {
        WaitId((self.fresh)()).to_string()
    }
}

/// Reads a key-value field after templates: an object, nothing, or a JSON text that yields an object.
fn as_object(value: Value, field: &str) -> Result<Map<String, Value>, StepError> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => Ok(map),
            _ if text.trim().is_empty() => Ok(Map::new()),
            _ => Err(StepError::new("bad_value", format!("{field} is a text that is not a JSON object"))),
        },
        _ => Err(StepError::new("bad_value", format!("{field} is not an object"))),
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

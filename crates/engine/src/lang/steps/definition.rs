//! The definition as written: its outline read into types, with a problem for everything that is not of the right form.
//!
//! What a step's `data` holds stays JSON here; [`super::fields`] checks it against the step type.

use serde_json::{Map, Value};

use super::{NESTING_MAX, READ_PROBLEMS_MAX};
use crate::lang::problem::Problem;
use crate::plan::{Growth, OnError, Retry};

/// A definition's outline.
#[derive(Debug, Default)]
pub struct Definition {
    /// Steps of the top list, triggers among them.
    pub steps: Vec<StepDef>,
    /// Starting values of the context.
    pub variables: Vec<(String, Value)>,
}

/// One step as written.
#[derive(Debug)]
pub struct StepDef {
    /// Unique in the whole flow.
    pub id: String,
    /// The step's type.
    pub kind: String,
    /// Shown name; the id when none is given.
    pub name: String,
    /// Configuration.
    pub data: Map<String, Value>,
    /// Next step in the same list.
    pub next: Option<String>,
    /// After a rejection.
    pub reject: Option<String>,
    /// After the expiry of a wait.
    pub timeout: Option<String>,
    /// After a failure with `onError` `branch`.
    pub error: Option<String>,
    /// Context name for the result.
    pub output: Option<String>,
    /// Repeats after a failure.
    pub retry: Retry,
    /// Limit for one attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What a failure does.
    pub on_error: OnError,
    /// Whether the step is passed over.
    pub disabled: bool,
    /// Lists of steps inside of it.
    pub bodies: Vec<Body>,
    /// JSON pointer to the step.
    pub pointer: String,
}

/// A list of steps inside of a step.
#[derive(Debug)]
pub struct Body {
    /// Id of the branch, in a parallel block.
    pub branch: Option<String>,
    /// The steps.
    pub steps: Vec<StepDef>,
    /// JSON pointer to the list.
    pub pointer: String,
}

/// Reads a definition; problems are added to the list, and what can be read is.
pub(super) fn parse(definition: &Value, problems: &mut Vec<Problem>) -> Definition {
    let Value::Object(map) = definition else {
        problems.push(Problem::error("bad_value", None, "", "The definition must be an object"));
        return Definition::default();
    };
    let steps = match map.get("steps") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => parse_list(list, "/steps", 1, problems),
    };
    Definition { steps, variables: parse_variables(map.get("variables"), problems) }
}

fn parse_variables(list: Option<&Value>, problems: &mut Vec<Problem>) -> Vec<(String, Value)> {
    let Some(list) = list.filter(|list| !list.is_null()) else { return Vec::new() };
    let Value::Array(items) = list else {
        problems.push(Problem::error("bad_value", None, "/variables", "variables must be a list of {key, value}"));
        return Vec::new();
    };
    let mut variables = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let pointer = format!("/variables/{index}/key");
        match item.get("key").and_then(Value::as_str) {
            Some(key) if crate::inputs::is_reserved(key) => {
                problems.push(Problem::error("bad_value", None, pointer, format!("{key} is a reserved name")));
            }
            Some(key) if !key.is_empty() => {
                variables.push((key.to_owned(), item.get("value").cloned().unwrap_or_default()));
            }
            _ => problems.push(Problem::error("missing_field", None, pointer, "A variable needs a key")),
        }
    }
    variables
}

fn parse_list(list: &Value, pointer: &str, level: usize, problems: &mut Vec<Problem>) -> Vec<StepDef> {
    let Value::Array(items) = list else {
        problems.push(Problem::error("bad_value", None, pointer, "steps must be a list"));
        return Vec::new();
    };
    let mut steps = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        // A megabyte of rubbish is told of in part.
        if problems.len() >= READ_PROBLEMS_MAX {
            break;
        }
        steps.extend(parse_step(item, format!("{pointer}/{index}"), level, problems));
    }
    steps
}

fn parse_step(item: &Value, pointer: String, level: usize, problems: &mut Vec<Problem>) -> Option<StepDef> {
    let Value::Object(map) = item else {
        problems.push(Problem::error("bad_value", None, pointer, "A step must be an object"));
        return None;
    };
    let mut reader = Reader { map, pointer: &pointer, id: None, problems };
    let id = reader.required_text("id");
    reader.id = id.clone();
    let kind = reader.required_text("type");
    let data = reader.object("data");
    let name = reader.text("name").filter(|name| !name.is_empty());
    let (next, reject) = (reader.link("nextStepId"), reader.link("rejectNextStepId"));
    let (timeout, error) = (reader.link("timeoutNextStepId"), reader.link("errorNextStepId"));
    let (output, timeout_ms) = (reader.text("output"), reader.whole_number("timeoutMs", 1, 86_400_000));
    let (retry, on_error, disabled) = (reader.retry(), reader.on_error(), reader.flag("disabled"));
    let (id, kind) = (id?, kind?);
    let bodies = parse_bodies(&id, &kind, map, &data, &pointer, level, problems);
    Some(StepDef {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        kind,
        data,
        next,
        reject,
        timeout,
        error,
        output: output.filter(|name| !name.is_empty()),
        retry,
        timeout_ms,
        on_error,
        disabled,
        bodies,
        pointer,
    })
}

/// Lists of steps inside of a step. They stand in `data`; a list on the step itself is taken too.
fn parse_bodies(
    id: &str,
    kind: &str,
    map: &Map<String, Value>,
    data: &Map<String, Value>,
    pointer: &str,
    level: usize,
    problems: &mut Vec<Problem>,
) -> Vec<Body> {
    let lists: Vec<(Option<String>, &Value, String)> = match kind {
        "each" | "while" => {
            let places = [(data, "/data/steps"), (map, "/steps")];
            let found = places.into_iter().find_map(|(map, below)| {
                let list = map.get("steps").filter(|list| !list.is_null())?;
                Some((None, list, format!("{pointer}{below}")))
            });
            found.into_iter().collect()
        }
        "parallel" => {
            let branches = data.get("branches").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let body = |(index, branch): (usize, &'_ Value)| {
                let name = branch.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                (name, index)
            };
            let named = branches.iter().enumerate().map(body);
            named
                .zip(branches)
                .filter_map(|((name, index), branch)| {
                    let list = branch.get("steps")?;
                    Some((Some(name), list, format!("{pointer}/data/branches/{index}/steps")))
                })
                .collect()
        }
        _ => Vec::new(),
    };
    if !lists.is_empty() && level >= NESTING_MAX {
        let message = format!("Steps are nested deeper than {NESTING_MAX} levels");
        problems.push(Problem::error("nesting_limit", Some(id), pointer, message));
        return Vec::new();
    }
    let parse = |(branch, list, pointer): (Option<String>, &Value, String)| {
        let steps = parse_list(list, &pointer, level + 1, problems);
        Body { branch, steps, pointer }
    };
    lists.into_iter().map(parse).collect()
}

/// Reads fields of one step and notes what is wrong with them.
struct Reader<'a> {
    map: &'a Map<String, Value>,
    pointer: &'a str,
    id: Option<String>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, code: &'static str, key: &str, message: String) {
        let pointer = format!("{}/{key}", self.pointer);
        self.problems.push(Problem::error(code, self.id.as_deref(), pointer, message));
    }

    fn required_text(&mut self, key: &str) -> Option<String> {
        match self.map.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            None | Some(Value::Null | Value::String(_)) => {
                self.wrong("missing_field", key, format!("A step needs {key}"));
                None
            }
            Some(_) => {
                self.wrong("bad_value", key, format!("{key} must be a text"));
                None
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.wrong("bad_value", key, format!("{key} must be a text or null"));
                None
            }
        }
    }

    /// The id of another step; an empty text means none.
    fn link(&mut self, key: &str) -> Option<String> {
        self.text(key).filter(|id| !id.is_empty())
    }

    fn object(&mut self, key: &str) -> Map<String, Value> {
        match self.map.get(key) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(map)) => map.clone(),
            Some(_) => {
                self.wrong("bad_value", key, format!("{key} must be an object"));
                Map::new()
            }
        }
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.map.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong("bad_value", key, format!("{key} must be true or false"));
                false
            }
        }
    }

    fn whole_number(&mut self, key: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        let number = value.as_u64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.wrong("bad_value", key, format!("{key} must be a whole number from {min} to {max}"));
        }
        number
    }

    fn on_error(&mut self) -> OnError {
        match self.text("onError").as_deref() {
            None | Some("fail") => OnError::Fail,
            Some("continue") => OnError::Continue,
            Some("branch") => OnError::Branch,
            Some(_) => {
                self.wrong("bad_value", "onError", "onError must be fail, continue or branch".to_owned());
                OnError::Fail
            }
        }
    }

    fn retry(&mut self) -> Retry {
        let map = match self.map.get("retry") {
            None | Some(Value::Null) => return Retry::NONE,
            Some(Value::Object(map)) => map,
            Some(_) => {
                self.wrong("bad_value", "retry", "retry must be an object".to_owned());
                return Retry::NONE;
            }
        };
        let pointer = format!("{}/retry", self.pointer);
        let mut inner = Reader { map, pointer: &pointer, id: self.id.clone(), problems: self.problems };
        let attempts = inner.whole_number("maxAttempts", 1, 10).unwrap_or(1);
        let interval_ms = inner.whole_number("intervalMs", 0, 60_000).unwrap_or(1_000);
        let backoff = inner.text("backoff");
        if backoff.as_deref().is_some_and(|backoff| backoff != "fixed" && backoff != "exponential") {
            inner.wrong("bad_value", "backoff", "backoff must be fixed or exponential".to_owned());
        }
        let growth = if backoff.as_deref() == Some("exponential") { Growth::DOUBLE } else { Growth::Fixed };
        Retry { attempts_max: attempts as u32, interval_ms, growth, ..Retry::NONE }
    }
}

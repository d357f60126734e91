//! Reads a configuration and names every problem.

use serde_json::{Map, Value};

use super::{
    AgentConfig, CreditLimit, DESCRIPTION_MAX, FALLBACKS_MAX, INSTRUCTIONS_MAX, MAX_STEPS_MAX, METADATA_MAX, Memory,
    NAME_MAX, OUTPUT_TOKENS_MAX, Period, SCHEMA_BYTES_MAX, Status, TOOLS_MAX, Tool, WINDOW_MAX,
};
use crate::FieldProblem;
use crate::access::credits;
use crate::agents::guardrail::Guardrails;

/// Problems that one answer names.
const PROBLEMS_MAX: usize = 50;
/// Characters of the name of a model at most.
pub(super) const MODEL_MAX: usize = 200;
/// Characters of a name in `metadata` at most.
const METADATA_NAME_MAX: usize = 64;
/// Characters of a text in `metadata` at most.
const METADATA_TEXT_MAX: usize = 500;

/// Names of the workflow API and ours (console contract, section 5.2); the last one is an object with a name of its own inside.
const NAMES: [(&str, &str); 4] = [
    ("system_prompt", "instructions"),
    ("max_tokens", "max_output_tokens"),
    ("max_iterations", "max_steps"),
    ("memory_config", "memory"),
];

/// A reader of one object below a path, which collects problems.
pub(super) struct Reader<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) path: String,
    pub(super) problems: &'a mut Vec<FieldProblem>,
    /// What is read was written by us: secrets are not in their places.
    pub(super) is_stored: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn problem(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(FieldProblem::new(format!("{}/{name}", self.path), code, message));
        }
    }

    /// A member that is there and not null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str, least: usize, most: usize) -> Option<String> {
        let Value::String(text) = self.value(name)? else {
            self.problem(name, "type", format!("{name} must be a text"));
            return None;
        };
        let text = text.clone();
        let length = text.chars().count();
        if !(least..=most).contains(&length) {
            self.problem(name, "length", format!("{name} must have {least} to {most} characters"));
            return None;
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            self.problem(name, "characters", format!("{name} holds control characters"));
            return None;
        }
        Some(text)
    }

    pub(super) fn required_text(&mut self, name: &str, most: usize) -> String {
        if self.value(name).is_none() {
            self.problem(name, "required", format!("{name} is required"));
            return String::new();
        }
        self.text(name, 1, most).unwrap_or_default()
    }

    pub(super) fn whole(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let value = self.value(name)?;
        let number = value.as_u64().or_else(|| {
            value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0).map(|number| number as u64)
        });
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.problem(name, "range", format!("{name} must be a whole number from {least} to {most}"));
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.problem(name, "type", format!("{name} must be true or false"));
                None
            }
        }
    }

    pub(super) fn texts(&mut self, name: &str, most: usize, characters: usize) -> Option<Vec<String>> {
        let Value::Array(items) = self.value(name)? else {
            self.problem(name, "type", format!("{name} must be a list"));
            return None;
        };
        let items = items.clone();
        if items.len() > most {
            self.problem(name, "length", format!("{name} holds more than {most} entries"));
            return None;
        }
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) if (1..=characters).contains(&text.chars().count()) => texts.push(text),
                _ => self.problem(&format!("{name}/{at}"), "type", format!("{name} must hold texts")),
            }
        }
        Some(texts)
    }
}

/// Reads the fields of a body over a configuration. `is_new` asks for those that have no usual value.
pub(super) fn read(
    base: &AgentConfig,
    body: &Map<String, Value>,
    is_new: bool,
) -> Result<AgentConfig, Vec<FieldProblem>> {
    let mut problems = twice(body);
    let body = with_own_names(body);
    let mut reader = Reader { map: &body, path: String::new(), problems: &mut problems, is_stored: false };
    let config = merge(base, &mut reader, is_new);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Reads what was stored; whatever cannot be read has its usual value.
pub(super) fn stored(body: &Map<String, Value>) -> AgentConfig {
    let mut reader = Reader { map: body, path: String::new(), problems: &mut Vec::new(), is_stored: true };
    let mut config = merge(&AgentConfig::default(), &mut reader, true);
    if let Some(rules) = body.get("guardrails").filter(|rules| !rules.is_null()) {
        config.guardrails = Guardrails::stored(rules);
    }
    config
}

/// Fields that are given under both of their names.
fn twice(body: &Map<String, Value>) -> Vec<FieldProblem> {
    let given = NAMES.iter().filter(|(other, own)| body.contains_key(*other) && body.contains_key(*own));
    given
        .map(|(other, own)| FieldProblem::new(format!("/{other}"), "value", format!("Give {own} or {other}, not both")))
        .collect()
}

/// The body with the names of this contract for those of the workflow API.
fn with_own_names(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    for (other, own) in &NAMES[..3] {
        if let Some(value) = body.shift_remove(*other)
            && !body.contains_key(*own)
        {
            body.insert((*own).to_owned(), value);
        }
    }
    if let Some(memory) = body.shift_remove("memory_config")
        && !body.contains_key("memory")
    {
        let memory = match memory {
            Value::Object(mut memory) => {
                if let Some(messages) = memory.shift_remove("max_messages") {
                    memory.entry("window_messages").or_insert(messages);
                }
                Value::Object(memory)
            }
            other => other,
        };
        body.insert("memory".to_owned(), memory);
    }
    body
}

fn merge(base: &AgentConfig, reader: &mut Reader<'_>, is_new: bool) -> AgentConfig {
    let (usual, body) = (AgentConfig::default(), reader.map);
    let mut config = base.clone();
    let given = |name: &str| body.contains_key(name);
    if is_new || given("name") {
        config.name = reader.required_text("name", NAME_MAX);
        if !config.name.is_empty() && config.name.trim().is_empty() {
            reader.problem("name", "length", "name must hold more than blanks");
        }
    }
    if given("description") {
        config.description = reader.text("description", 0, DESCRIPTION_MAX).unwrap_or_default();
    }
    if is_new || given("instructions") {
        config.instructions = reader.required_text("instructions", INSTRUCTIONS_MAX);
    }
    if given("status") {
        config.status = word(reader, "status", Status::WORDS, Status::parse).unwrap_or_default();
    }
    if given("model") {
        config.model = reader.text("model", 1, MODEL_MAX);
    }
    if given("fallback_models") {
        config.fallback_models = reader.texts("fallback_models", FALLBACKS_MAX, MODEL_MAX).unwrap_or_default();
    }
    if given("temperature") {
        config.temperature = temperature(reader).unwrap_or(usual.temperature);
    }
    if given("max_output_tokens") {
        config.max_output_tokens = reader.whole("max_output_tokens", 1, OUTPUT_TOKENS_MAX);
    }
    if given("max_steps") {
        config.max_steps = reader.whole("max_steps", 1, MAX_STEPS_MAX).unwrap_or(usual.max_steps);
    }
    if given("tools") {
        config.tools = tools(reader, &base.tools);
    }
    if given("memory") {
        config.memory = memory(reader, base.memory);
    }
    if given("response_schema") {
        config.response_schema = schema(reader, "response_schema");
    }
    if given("guardrails") {
        let rules = body.get("guardrails").cloned().unwrap_or_default();
        match Guardrails::read(&rules, "/guardrails") {
            Ok(rules) => config.guardrails = rules,
            Err(found) => reader.problems.extend(found),
        }
    }
    if given("credit_limit") {
        config.credit_limit = credit_limit(reader);
    }
    if given("metadata") {
        config.metadata = metadata(reader);
    }
    config
}

pub(super) fn word<T>(
    reader: &mut Reader<'_>,
    name: &str,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let found = reader.value(name)?.as_str().and_then(parse);
    if found.is_none() {
        reader.problem(name, "value", format!("{name} must be one of: {}", words.join(", ")));
    }
    found
}

fn temperature(reader: &mut Reader<'_>) -> Option<f64> {
    let value = reader.value("temperature")?.as_f64().filter(|number| (0.0..=2.0).contains(number));
    if value.is_none() {
        reader.problem("temperature", "range", "temperature must be a number from 0 to 2");
    }
    value
}

fn tools(reader: &mut Reader<'_>, before: &[Tool]) -> Vec<Tool> {
    let items = match reader.value("tools") {
        None => return Vec::new(),
        Some(Value::Array(items)) if items.len() <= TOOLS_MAX => items.clone(),
        Some(Value::Array(_)) => {
            reader.problem("tools", "length", format!("tools holds more than {TOOLS_MAX} entries"));
            return Vec::new();
        }
        Some(_) => {
            reader.problem("tools", "type", "tools must be a list");
            return Vec::new();
        }
    };
    let mut tools: Vec<Tool> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let path = format!("/tools/{at}");
        let Value::Object(map) = item else {
            reader.problem(&format!("tools/{at}"), "type", "A tool must be an object");
            continue;
        };
        let mut inner = Reader { map, path, problems: reader.problems, is_stored: reader.is_stored };
        let Some(tool) = Tool::read(&mut inner, before) else { continue };
        if tool.name.is_some() && tools.iter().any(|other| other.name == tool.name) {
            inner.problem("name", "value", "Two tools have this name");
        }
        tools.push(tool);
    }
    tools
}

/// Members that are not given stay; null for the whole is the usual memory.
fn memory(reader: &mut Reader<'_>, base: Memory) -> Memory {
    let usual = Memory::default();
    let map = match reader.value("memory") {
        None => return usual,
        Some(Value::Object(map)) => map.clone(),
        Some(_) => {
            reader.problem("memory", "type", "memory must be an object");
            return base;
        }
    };
    let mut inner = Reader { map: &map, path: "/memory".to_owned(), problems: reader.problems, is_stored: false };
    let window = if map.contains_key("window_messages") {
        inner.whole("window_messages", 1, WINDOW_MAX).unwrap_or(usual.window_messages)
    } else {
        base.window_messages
    };
    let summarise =
        if map.contains_key("summarise") { inner.flag("summarise").unwrap_or(usual.summarise) } else { base.summarise };
    Memory { window_messages: window, summarise }
}

/// A JSON Schema; whether it is one that can be used is looked at by whoever uses it.
pub(super) fn schema(reader: &mut Reader<'_>, name: &str) -> Option<Value> {
    let value = reader.value(name)?.clone();
    if !value.is_object() {
        reader.problem(name, "type", format!("{name} must be a JSON Schema: an object"));
        return None;
    }
    if value.to_string().len() > SCHEMA_BYTES_MAX {
        reader.problem(name, "length", format!("{name} is larger than {SCHEMA_BYTES_MAX} bytes"));
        return None;
    }
    Some(value)
}

fn credit_limit(reader: &mut Reader<'_>) -> Option<CreditLimit> {
    let map = match reader.value("credit_limit")? {
        Value::Object(map) => map.clone(),
        _ => {
            reader.problem("credit_limit", "type", "credit_limit must be an object");
            return None;
        }
    };
    let mut inner = Reader { map: &map, path: "/credit_limit".to_owned(), problems: reader.problems, is_stored: false };
    let amount = inner.value("amount").and_then(credits::read).filter(|amount| *amount >= 0);
    if amount.is_none() {
        inner.problem(
            "amount",
            "range",
            "amount must be a number of credits from 0, with three digits after the point at most",
        );
    }
    let parse = |word: &str| [Period::Day, Period::Month].into_iter().find(|period| period.as_str() == word);
    if inner.value("period").is_none() {
        inner.problem("period", "required", "period is required, one of: day, month");
    }
    let period = word(&mut inner, "period", &["day", "month"], parse);
    Some(CreditLimit { amount: amount?, period: period? })
}

fn metadata(reader: &mut Reader<'_>) -> Map<String, Value> {
    let map = match reader.value("metadata") {
        None => return Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => {
            reader.problem("metadata", "type", "metadata must be an object of texts");
            return Map::new();
        }
    };
    if map.len() > METADATA_MAX {
        reader.problem("metadata", "length", format!("metadata holds more than {METADATA_MAX} entries"));
        return Map::new();
    }
    for (name, value) in &map {
        let name_fits = (1..=METADATA_NAME_MAX).contains(&name.chars().count()) && !name.contains('\0');
        let fits = value.as_str().is_some_and(|text| text.chars().count() <= METADATA_TEXT_MAX && !text.contains('\0'));
        if !name_fits || !fits {
            let message = format!(
                "metadata holds texts of up to {METADATA_TEXT_MAX} characters under names of up to {METADATA_NAME_MAX}"
            );
            reader.problem("metadata", "value", message);
            return Map::new();
        }
    }
    map
}

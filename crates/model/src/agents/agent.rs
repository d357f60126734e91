//! The configuration of an agent (agents contract, section 5): one type for the wire, the table and the engine.
//!
//! What is read is checked whole: [`AgentConfig::read`] and [`AgentConfig::patched`] name every problem. Names of the workflow API are
//! taken for the same fields (console contract, section 5.2). Secrets inside of tools are real values here; [`AgentConfig::apart`]
//! takes them out before anything is stored or shown.

mod read;
mod secrets;
mod tool;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub use secrets::{HIDDEN, Secrets};
pub use tool::{HttpMethod, Tool, ToolKind};

use super::guardrail::Guardrails;
use crate::FieldProblem;
use crate::access::credits;

/// Characters of a name at most.
pub const NAME_MAX: usize = 120;
/// Characters of a description at most.
pub const DESCRIPTION_MAX: usize = 1_000;
/// Characters of the instructions at most.
pub const INSTRUCTIONS_MAX: usize = 50_000;
/// Models that are tried after the first at most.
pub const FALLBACKS_MAX: usize = 5;
/// Tools of an agent at most.
pub const TOOLS_MAX: usize = 64;
/// Texts of `metadata` at most.
pub const METADATA_MAX: usize = 50;
/// Rounds of a model in one exchange at most.
pub const MAX_STEPS_MAX: u32 = 100;
/// Messages that a model sees at most.
pub const WINDOW_MAX: u32 = 200;
/// The temperature that is usual.
pub const TEMPERATURE: f64 = 0.7;
/// The length of answers that is usual, in tokens; less where the model can do less.
pub const OUTPUT_TOKENS: u32 = 2_048;
/// Tokens of an answer that can be asked for at most; each model has a limit of its own below it.
pub const OUTPUT_TOKENS_MAX: u32 = 10_000_000;
/// Bytes of a response schema at most, as JSON text.
pub const SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// Whether an agent answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// It answers.
    #[default]
    Active,
    /// It refuses with 409.
    Inactive,
}

impl Status {
    /// The words, for messages and documents.
    pub const WORDS: &'static [&'static str] = &["active", "inactive"];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Inactive].into_iter().find(|status| status.as_str() == word)
    }
}

/// What of a conversation the model sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The last messages, 1 to 200.
    pub window_messages: u32,
    /// A running summary stands for the messages before them.
    pub summarise: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self { window_messages: 50, summarise: false }
    }
}

/// How long a limit of credits counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A UTC day.
    Day,
    /// A calendar month, UTC.
    Month,
}

impl Period {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What an agent may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditLimit {
    /// Credits, in thousandths.
    pub amount: i64,
    /// In which time.
    pub period: Period,
}

/// The configuration of an agent.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Shown name, 1 to 120 characters.
    pub name: String,
    /// What it is for, up to 1,000 characters.
    pub description: String,
    /// What it is told before every conversation, 1 to 50,000 characters.
    pub instructions: String,
    /// Whether it answers.
    pub status: Status,
    /// The name of a configured model; none is the usual one of the workspace.
    pub model: Option<String>,
    /// Tried in order when the model is busy.
    pub fallback_models: Vec<String>,
    /// 0 to 2.
    pub temperature: f64,
    /// Tokens of an answer; none is the usual length, or the model's limit where that is lower.
    pub max_output_tokens: Option<u32>,
    /// Rounds of the model in one exchange, 1 to 100.
    pub max_steps: u32,
    /// What it can use.
    pub tools: Vec<Tool>,
    /// What of a conversation the model sees.
    pub memory: Memory,
    /// JSON Schema of its answers.
    pub response_schema: Option<Value>,
    /// Rules about what it is told and what it says.
    pub guardrails: Guardrails,
    /// What it may use.
    pub credit_limit: Option<CreditLimit>,
    /// Texts of its owners.
    pub metadata: Map<String, Value>,
}

impl Default for AgentConfig {
    /// The usual values; name and instructions have none.
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            instructions: String::new(),
            status: Status::default(),
            model: None,
            fallback_models: Vec::new(),
            temperature: TEMPERATURE,
            max_output_tokens: None,
            max_steps: 10,
            tools: Vec::new(),
            memory: Memory::default(),
            response_schema: None,
            guardrails: Guardrails::default(),
            credit_limit: None,
            metadata: Map::new(),
        }
    }
}

impl AgentConfig {
    /// Every field on the wire, in its order; ids, times and the version are not the configuration's.
    pub const FIELDS: &'static [&'static str] = &[
        "name",
        "description",
        "instructions",
        "status",
        "model",
        "fallback_models",
        "temperature",
        "max_output_tokens",
        "max_steps",
        "tools",
        "memory",
        "response_schema",
        "guardrails",
        "credit_limit",
        "metadata",
    ];

    /// Other names under which the workflow API knows fields.
    pub const OTHER_NAMES: &'static [&'static str] =
        &["system_prompt", "max_tokens", "max_iterations", "memory_config"];

    /// Reads the configuration of a new agent. Fields that it does not know are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with it, field by field.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Vec<FieldProblem>> {
        read::read(&Self::default(), body, true)
    }

    /// The configuration with the given fields in the place of its own; null is the usual value. A secret that is sent as `"***"` stays
    /// what it was.
    ///
    /// # Errors
    /// Everything that is wrong with the fields.
    pub fn patched(&self, body: &Map<String, Value>) -> Result<Self, Vec<FieldProblem>> {
        read::read(self, body, false)
    }

    /// Reads what [`AgentConfig::to_json`] wrote. A field that cannot be read any more has its usual value; rules that cannot be read
    /// block everything.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        let Value::Object(body) = serde_json::from_str(text).ok()? else { return None };
        Some(read::stored(&body))
    }

    /// The configuration on the wire.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let limit = self
            .credit_limit
            .map(|limit| json!({ "amount": credits::number(limit.amount), "period": limit.period.as_str() }));
        let memory = json!({ "window_messages": self.memory.window_messages, "summarise": self.memory.summarise });
        let pairs: [(&str, Value); 15] = [
            ("name", self.name.as_str().into()),
            ("description", self.description.as_str().into()),
            ("instructions", self.instructions.as_str().into()),
            ("status", self.status.as_str().into()),
            ("model", self.model.as_deref().into()),
            ("fallback_models", self.fallback_models.clone().into()),
            ("temperature", shortest(self.temperature)),
            ("max_output_tokens", self.max_output_tokens.into()),
            ("max_steps", self.max_steps.into()),
            ("tools", self.tools.iter().map(Tool::to_json).collect()),
            ("memory", memory),
            ("response_schema", self.response_schema.clone().unwrap_or_default()),
            ("guardrails", self.guardrails.to_value()),
            ("credit_limit", limit.unwrap_or_default()),
            ("metadata", self.metadata.clone().into()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What a search looks at.
    #[must_use]
    pub fn folded(&self) -> String {
        format!("{}\n{}", self.name, self.description).to_lowercase()
    }
}

/// A whole number without its fraction.
fn shortest(number: f64) -> Value {
    if number.fract() == 0.0 { Value::from(number as i64) } else { Value::from(number) }
}

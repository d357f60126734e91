//! Guardrails: rules about what people write to an agent and what it answers (Agents contract, section 5).
//!
//! `{ input: [rule], output: [rule] }`, a rule `{ type, action, … , message }`. The contract names types and actions; what else a rule
//! takes is decided here: `regex` takes `pattern`; `pii` takes `kinds` (all unless given); `max_length` takes `max`, in characters;
//! `topic` takes `topics`, words or phrases that are looked for as whole words, whatever their case.
//!
//! Rules are asked in their order, each sees what those before it left, and the first that blocks ends it. A rule is asked in time that
//! grows linearly with the text, and no text over [`TEXT_BYTES_MAX`] is asked about: it counts as hit, since it might be.

mod judge;
mod pii;
mod read;

#[cfg(test)]
mod tests;

use regex::Regex;
use serde_json::{Map, Value, json};

pub use judge::{Hit, Verdict};
pub use pii::PiiKind;

use crate::FieldProblem;

/// Rules of one side at most.
pub const RULES_MAX: usize = 20;
/// Characters of a pattern at most.
pub const PATTERN_CHARS_MAX: usize = 500;
/// Bytes of a compiled pattern at most: what a pattern costs each text grows with it.
const PATTERN_BYTES_MAX: usize = 64 * 1024;
/// Topics of a rule at most.
pub const TOPICS_MAX: usize = 50;
/// Characters of a topic at most.
pub const TOPIC_CHARS_MAX: usize = 100;
/// Characters of a rule's message at most.
pub const MESSAGE_CHARS_MAX: usize = 1_000;
/// Largest `max` of `max_length`, in characters.
pub const LENGTH_MAX: u64 = 1_000_000;
/// Bytes of a text that patterns are looked for in at most.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// The answer in place of what a rule without a message blocked.
pub const BLOCKED: &str = "This can't be answered here.";

/// The rules of an agent, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Guardrails {
    input: Vec<Rule>,
    output: Vec<Rule>,
}

/// What is done about a text that a rule hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The rule's message is the answer.
    Block,
    /// What was found is replaced.
    Redact,
    /// It is noted in the trace.
    Flag,
}

impl Action {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Redact => "redact",
            Self::Flag => "flag",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Block, Self::Redact, Self::Flag].into_iter().find(|action| action.as_str() == word)
    }
}

#[derive(Debug, Clone)]
struct Rule {
    action: Action,
    message: Option<String>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Pattern { text: String, compiled: Regex },
    Pii(Vec<PiiKind>),
    MaxLength(usize),
    Topics { topics: Vec<String>, compiled: Regex },
}

impl Rule {
    const fn kind(&self) -> &'static str {
        match self.what {
            What::Pattern { .. } => "regex",
            What::Pii(_) => "pii",
            What::MaxLength(_) => "max_length",
            What::Topics { .. } => "topic",
        }
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("type".to_owned(), json!(self.kind()));
        map.insert("action".to_owned(), json!(self.action.as_str()));
        let (name, value) = match &self.what {
            What::Pattern { text, .. } => ("pattern", json!(text)),
            What::Pii(kinds) => ("kinds", json!(kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>())),
            What::MaxLength(max) => ("max", json!(max)),
            What::Topics { topics, .. } => ("topics", json!(topics)),
        };
        map.insert(name.to_owned(), value);
        if let Some(message) = &self.message {
            map.insert("message".to_owned(), json!(message));
        }
        Value::Object(map)
    }
}

impl Guardrails {
    /// Reads rules that somebody wants to save; `null` is none. `path` is the JSON pointer of `guardrails` in the request. Unknown
    /// members are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with them, field by field.
    pub fn read(value: &Value, path: &str) -> Result<Self, Vec<FieldProblem>> {
        read::read(value, path)
    }

    /// Reads rules that were checked when they were saved. One that cannot be read any more blocks everything on its side: a guard
    /// that fell over is a closed gate.
    #[must_use]
    pub fn stored(value: &Value) -> Self {
        Self::read(value, "").unwrap_or_else(|_| Self { input: vec![Rule::closed()], output: Vec::new() })
    }

    /// The rules on the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let side = |rules: &[Rule]| rules.iter().map(Rule::to_value).collect::<Vec<_>>();
        json!({ "input": side(&self.input), "output": side(&self.output) })
    }

    /// Whether there are no rules at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input.is_empty() && self.output.is_empty()
    }

    /// Whether answers have to be complete before they are shown: a rule may still block or change them.
    #[must_use]
    pub fn holds_back_answers(&self) -> bool {
        self.output.iter().any(|rule| rule.action != Action::Flag)
    }

    /// Asks the rules about what somebody wrote.
    #[must_use]
    pub fn judge_input(&self, text: &str) -> Verdict {
        judge::judge(&self.input, text)
    }

    /// Asks the rules about an answer.
    #[must_use]
    pub fn judge_output(&self, text: &str) -> Verdict {
        judge::judge(&self.output, text)
    }
}

impl Rule {
    /// Blocks everything.
    fn closed() -> Self {
        Self { action: Action::Block, message: None, what: What::MaxLength(0) }
    }
}

//! Texts with `{{ expression }}` placeholders.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::ast::Program;
use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::eval;
use super::parser;
use super::secrets;
use super::text::TextBuilder;

/// A parsed text with placeholders: immutable, cheap to clone, usable from many threads.
///
/// A text that is exactly one placeholder keeps the type of its value. In any other, texts stand as they are, null
/// and missing as nothing, arrays and objects as compact JSON. `\{{` stands for `{{`, and there is no other escape.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    source: Box<str>,
    parts: Vec<Part>,
}

enum Part {
    Text(Box<str>),
    Placeholder(Program),
}

impl Template {
    /// Parses a text. Each placeholder may hold [`SOURCE_BYTES_MAX`](super::limits::SOURCE_BYTES_MAX) bytes, the text
    /// around is not limited here.
    ///
    /// # Errors
    /// The first placeholder that is not closed or not an expression.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let open = at + found;
            if let Some(before) = text[at..open].strip_suffix('\\') {
                plain.push_str(before);
                plain.push_str("{{");
                at = open + 2;
                continue;
            }
            plain.push_str(&text[at..open]);
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain).into()));
            }
            let (program, end) = parser::parse_placeholder(text, open + 2)?;
            parts.push(Part::Placeholder(program));
            at = end;
        }
        plain.push_str(&text[at..]);
        if !plain.is_empty() {
            parts.push(Part::Text(plain.into()));
        }
        Ok(Self(Arc::new(Inner { source: text.into(), parts })))
    }

    /// The text that was parsed.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether there is no placeholder, so that the result never changes.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.literal_text().is_some()
    }

    /// The text of a template without placeholders.
    pub(super) fn literal_text(&self) -> Option<&str> {
        match &self.0.parts[..] {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The value of the only placeholder, or the whole text.
    ///
    /// # Errors
    /// As for [`Expression::evaluate`](super::Expression::evaluate); the whole text is bounded like one result.
    pub fn render(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        if let [Part::Placeholder(program)] = &self.0.parts[..] {
            return eval::run(program, names, env)?.into_json();
        }
        let mut text = TextBuilder::default();
        for part in &self.0.parts {
            match part {
                Part::Text(plain) => text.push_free(plain)?,
                Part::Placeholder(program) => {
                    let value = eval::run(program, names, env)?;
                    text.push_value(&value, &mut env.meter)?;
                }
            }
        }
        Ok(Value::String(text.0))
    }

    /// The names of the secrets that the placeholders use, each once.
    ///
    /// # Errors
    /// Why a use is refused.
    pub fn secrets(&self) -> Result<Vec<&str>, &'static str> {
        let mut found = Vec::new();
        for part in &self.0.parts {
            if let Part::Placeholder(program) = part {
                secrets::collect(program, &mut found)?;
            }
        }
        Ok(found)
    }

    /// The root names that the placeholders may read, each once, in order of appearance.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        let mut roots = Vec::new();
        for part in &self.0.parts {
            if let Part::Placeholder(program) = part {
                program.names.iter().for_each(|name| {
                    if !roots.contains(&&**name) {
                        roots.push(&**name)
                    }
                });
            }
        }
        roots
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

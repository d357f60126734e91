//! Texts with `{{ expression }}` placeholders.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::ast::Program;
use super::env::{Env, Names};
use super::error::{EvalError, ParseError};
use super::eval;
use super::graph::ast::Code;
use super::graph::text::Text;
use super::parser;
use super::profile::Profile;
use super::secrets;
use super::text::{TextBuilder, to_json_text, to_json_text_in};

/// A parsed text with placeholders: immutable, cheap to clone, usable from many threads.
///
/// A text that is exactly one placeholder keeps the type of its value. In any other, texts stand as they are, null
/// and missing as nothing, arrays and objects as compact JSON. `\{{` stands for `{{`, and there is no other escape.
/// In a graph null stands as `null`, a place where nothing is keeps its placeholder, and there is no escape.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    source: Box<str>,
    parts: Parts,
}

enum Parts {
    Steps(Vec<Part>),
    Graph(Text),
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
        Ok(Self(Arc::new(Inner { source: text.into(), parts: Parts::Steps(parse(text)?) })))
    }

    /// Parses a text of either language.
    ///
    /// # Errors
    /// As for [`Self::parse`]; in a graph only a placeholder longer than
    /// [`SCRIPT_SOURCE_BYTES_MAX`](super::limits::SCRIPT_SOURCE_BYTES_MAX) bytes.
    pub fn parse_in(profile: Profile, text: &str) -> Result<Self, ParseError> {
        match profile {
            Profile::Steps => Self::parse(text),
            Profile::Graph => Self::parse_graph(text, false),
        }
    }

    /// Parses a text of a graph. In the text of a JSON document (`json`) a placeholder inside quotes is written with
    /// the escapes of JSON, one outside as JSON (Workflow API contract, section 15).
    pub(super) fn parse_graph(text: &str, json: bool) -> Result<Self, ParseError> {
        Ok(Self(Arc::new(Inner { source: text.into(), parts: Parts::Graph(Text::parse(text, json)?) })))
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
        let parts = match &self.0.parts {
            Parts::Steps(parts) => parts,
            Parts::Graph(text) => return text.literal(),
        };
        match &parts[..] {
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
        let parts = match &self.0.parts {
            Parts::Steps(parts) => parts,
            Parts::Graph(text) => return text.render(names, env),
        };
        if let [Part::Placeholder(program)] = &parts[..] {
            return eval::run(program, names, env)?.into_json();
        }
        let mut text = TextBuilder::default();
        for part in parts {
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

    /// The names of the secrets that the placeholders of a flow of steps use, each once.
    ///
    /// # Errors
    /// Why a use is refused.
    pub fn secrets(&self) -> Result<Vec<&str>, &'static str> {
        let mut found = Vec::new();
        let Parts::Steps(parts) = &self.0.parts else { return Ok(found) };
        for part in parts {
            if let Part::Placeholder(program) = part {
                secrets::collect(program, &mut found)?;
            }
        }
        Ok(found)
    }

    /// The root names that the placeholders may read, each once, in order of appearance.
    #[must_use]
    pub fn roots(&self) -> Vec<&str> {
        let (mut roots, mut known) = (Vec::new(), HashSet::new());
        let mut add = |name| {
            if known.insert(name) {
                roots.push(name);
            }
        };
        match &self.0.parts {
            Parts::Graph(text) => text.codes().flat_map(Code::roots).for_each(add),
            Parts::Steps(parts) => parts.iter().for_each(|part| {
                if let Part::Placeholder(program) = part {
                    program.names.iter().for_each(|name| add(name));
                }
            }),
        }
        roots
    }

    /// The members that placeholders of a graph read of a root name: `NAME` for `env.NAME`.
    #[must_use]
    pub fn members<'s>(&'s self, root: &'s str) -> Vec<&'s str> {
        match &self.0.parts {
            Parts::Steps(_) => Vec::new(),
            Parts::Graph(text) => text.codes().flat_map(|code| code.members(root)).collect(),
        }
    }

    /// The text with every placeholder replaced by text, also when it is the whole text.
    ///
    /// # Errors
    /// As for [`Self::render`].
    pub fn render_text(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<String, EvalError> {
        match (&self.0.parts, self.render(names, env)?) {
            (_, Value::String(text)) => Ok(text),
            (Parts::Steps(_), Value::Null) => Ok(String::new()),
            (Parts::Steps(_), value) => to_json_text(&value),
            (Parts::Graph(_), value) => to_json_text_in(Profile::Graph, &value),
        }
    }
}

fn parse(text: &str) -> Result<Vec<Part>, ParseError> {
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
    Ok(parts)
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

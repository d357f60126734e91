//! Texts with placeholders, in the two modes of section 15: typed when the whole text is one placeholder, else text.

use std::borrow::Cow;

use serde_json::Value;

use super::super::env::{Env, Names};
use super::super::error::{EvalError, ParseError};
use super::super::limits::SCRIPT_SOURCE_BYTES_MAX;
use super::super::profile::Profile;
use super::super::scan;
use super::super::text::{TextBuilder, to_json_text_in};
use super::super::value::Val;
use super::ast::Code;
use super::{eval, parser};

/// A parsed text.
#[derive(Debug, Default)]
pub(in crate::expr) struct Text {
    pub(super) parts: Vec<Part>,
    /// Whether it is the text of a JSON document, in which values are written as JSON.
    json: bool,
}

#[derive(Debug)]
pub(super) enum Part {
    Text(Box<str>),
    Placeholder {
        /// As written, with its braces.
        written: Box<str>,
        code: Code,
        /// Whether it stands inside a quoted text of a JSON document.
        quoted: bool,
    },
}

impl Text {
    /// Parses a text. `json`: it feeds a field that holds JSON.
    ///
    /// # Errors
    /// A placeholder that is longer than a script may be.
    pub(in crate::expr) fn parse(text: &str, json: bool) -> Result<Self, ParseError> {
        let json = json && is_json_like(text);
        let mut parts = Vec::new();
        let mut quotes = Quotes::default();
        let mut budget = scan::CLOSE_BYTES_MAX;
        let (mut plain, mut from) = (0, 0);
        while let Some(found) = text[from..].find("{{") {
            let open = from + found;
            // Of `{{{x}}` the last two braces count: a JSON object may begin right before a placeholder.
            let open = open + text[open..].bytes().take_while(|byte| *byte == b'{').count() - 2;
            let Some((close, code)) = placeholder(text, open + 2, &mut budget)? else { break };
            if is_section(&text[open + 2..close]) {
                from = close + 2;
                continue;
            }
            if plain < open {
                quotes.pass(&text[plain..open]);
                parts.push(Part::Text(text[plain..open].into()));
            }
            let written = text[open..close + 2].into();
            parts.push(Part::Placeholder { written, code, quoted: json && quotes.inside });
            (plain, from) = (close + 2, close + 2);
        }
        if plain < text.len() {
            parts.push(Part::Text(text[plain..].into()));
        }
        Ok(Self { parts, json })
    }

    /// The text, when there is no placeholder.
    pub(in crate::expr) fn literal(&self) -> Option<&str> {
        match &self.parts[..] {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(in crate::expr) fn codes(&self) -> impl Iterator<Item = &Code> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder { code, .. } => Some(code),
            Part::Text(_) => None,
        })
    }

    pub(in crate::expr) fn render(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, EvalError> {
        if let [Part::Placeholder { code, .. }] = &self.parts[..] {
            return eval::value(code, names, env)?.into_json_in(Profile::Graph);
        }
        self.text(names, env).map(Value::String)
    }

    pub(super) fn text(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<String, EvalError> {
        let mut out = TextBuilder::new(Profile::Graph);
        for part in &self.parts {
            match part {
                Part::Text(plain) => out.push_free(plain)?,
                Part::Placeholder { written, code, quoted } => {
                    let value = eval::value(code, names, env)?;
                    let keeps = matches!(value, Val::Missing) && code.is_plain_path();
                    match (self.json, quoted) {
                        (true, false) => {
                            let json = to_json_text_in(Profile::Graph, &value.into_json_in(Profile::Graph)?)?;
                            out.push(&json, &mut env.meter)?;
                        }
                        (true, true) => {
                            let text = if keeps { Cow::Borrowed(&**written) } else { written_as_text(value)? };
                            let json = to_json_text_in(Profile::Graph, &Value::String(text.into_owned()))?;
                            out.push(&json[1..json.len() - 1], &mut env.meter)?;
                        }
                        (false, _) if keeps => out.push(written, &mut env.meter)?,
                        (false, _) => out.push(&written_as_text(value)?, &mut env.meter)?,
                    }
                }
            }
        }
        Ok(out.0)
    }
}

/// Texts as they are, all else as compact JSON.
fn written_as_text(value: Val<'_>) -> Result<Cow<'_, str>, EvalError> {
    match value {
        Val::Str(text) => Ok(text),
        other => Ok(Cow::Owned(to_json_text_in(Profile::Graph, &other.into_json_in(Profile::Graph)?)?)),
    }
}

/// The code of the placeholder whose text begins at `start`, and where its `}}` stands. None when it is not closed.
fn placeholder(text: &str, start: usize, budget: &mut usize) -> Result<Option<(usize, Code)>, ParseError> {
    let Some(first) = text[start..].find("}}").map(|length| start + length) else { return Ok(None) };
    if let Some(code) = parser::native(&text[start..first], None) {
        return Ok(Some((first, code)));
    }
    let close = scan::close(text, start, budget).unwrap_or(first);
    if close - start > SCRIPT_SOURCE_BYTES_MAX {
        return Err(ParseError::new(start, format!("the expression is longer than {SCRIPT_SOURCE_BYTES_MAX} bytes")));
    }
    Ok(Some((close, parser::any(&text[start..close]))))
}

/// `{{#each x}}`, `{{else}}`, `{{/if}}`: words of templates that have blocks. Elsewhere they are text.
fn is_section(source: &str) -> bool {
    let source = source.trim();
    let closing = source.strip_prefix('/').is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()));
    source.starts_with('#') || source == "else" || closing
}

/// A text that a placeholder makes part of a JSON document, not one that begins with a placeholder.
fn is_json_like(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('[') || (text.starts_with('{') && (!text.starts_with("{{") || text.starts_with("{{{")))
}

/// Follows a JSON text: whether a place in it stands inside quotes.
#[derive(Default)]
struct Quotes {
    inside: bool,
}

impl Quotes {
    fn pass(&mut self, text: &str) {
        let mut escaped = false;
        for c in text.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if self.inside => escaped = true,
                '"' => self.inside = !self.inside,
                _ => {}
            }
        }
    }
}

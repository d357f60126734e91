//! Asking rules about a text.

use std::borrow::Cow;

use regex::Regex;

use super::{Action, BLOCKED, Rule, TEXT_BYTES_MAX, What, pii};

/// In place of what a pattern or a topic found.
const REDACTED: &str = "[redacted]";

/// What the rules say of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The text after everything that is redacted.
    pub text: String,
    /// The answer in place of the text, when a rule blocks it.
    pub blocked: Option<String>,
    /// The rules that hit, in their order. Never what they found.
    pub hits: Vec<Hit>,
}

/// A rule that hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its place in its list, from 0.
    pub at: usize,
    /// `regex`, `pii`, `max_length` or `topic`.
    pub kind: &'static str,
    /// What is done about it.
    pub action: Action,
}

pub(super) fn judge(rules: &[Rule], text: &str) -> Verdict {
    let mut verdict = Verdict { text: text.to_owned(), blocked: None, hits: Vec::new() };
    for (at, rule) in rules.iter().enumerate() {
        let found = find(&rule.what, &verdict.text);
        if matches!(found, Found::Nothing) {
            continue;
        }
        verdict.hits.push(Hit { at, kind: rule.kind(), action: rule.action });
        match (rule.action, found) {
            (Action::Flag, _) => {}
            (Action::Redact, Found::Something(redacted)) => verdict.text = redacted,
            // What cannot be looked through cannot be redacted either.
            (Action::Block, _) | (Action::Redact, _) => {
                verdict.blocked = Some(rule.message.clone().unwrap_or_else(|| BLOCKED.to_owned()));
                break;
            }
        }
    }
    verdict
}

enum Found {
    Nothing,
    /// Something, and the text without it.
    Something(String),
    /// The text is too long to be looked through.
    TooLong,
}

fn find(what: &What, text: &str) -> Found {
    match what {
        What::MaxLength(max) => match text.char_indices().nth(*max) {
            Some((end, _)) => Found::Something(text[..end].to_owned()),
            None => Found::Nothing,
        },
        _ if text.len() > TEXT_BYTES_MAX => Found::TooLong,
        What::Pattern { compiled, .. } => replaced(compiled.replace_all(text, REDACTED), compiled, text),
        What::Topics { compiled, .. } => {
            // The blanks around a topic are not part of it.
            let keep = |found: &regex::Captures<'_>| {
                let whole = &found[0];
                let blank = |side: &str| if side.is_empty() { "" } else { " " };
                let before = &whole[..whole.len() - whole.trim_start().len()];
                let after = &whole[whole.trim_end().len()..];
                format!("{}{REDACTED}{}", blank(before), blank(after))
            };
            replaced(compiled.replace_all(text, keep), compiled, text)
        }
        What::Pii(kinds) => pii::redact(kinds, text).map_or(Found::Nothing, Found::Something),
    }
}

fn replaced(after: Cow<'_, str>, pattern: &Regex, text: &str) -> Found {
    // A match that is replaced by itself is a match all the same.
    if pattern.is_match(text) { Found::Something(after.into_owned()) } else { Found::Nothing }
}

//! Conditions: texts in which bare names and placeholders may be mixed (Workflow API contract, section 15, *Conditions*).

use super::super::scan;
use super::super::script::{ScriptKind, Source};
use super::ast::{Code, Mentions, Node, Wide};
use super::literals::quoted_length;
use super::parser::native;
use super::text::Text;

/// Marks a source as a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pasted;

/// The code of a condition: bare names and placeholders may be mixed.
pub(super) fn condition(source: &str) -> Code {
    native(source, Some(Pasted)).unwrap_or_else(|| mixed(source))
}

/// A condition as a script: a native placeholder becomes a name, any other an expression in brackets, and a quoted text
/// with placeholders a name.
fn mixed(source: &str) -> Code {
    let mut parts: Vec<(String, Node)> = Vec::new();
    let mut mentions = Mentions::default();
    let mut code = String::new();
    let (mut at, mut budget) = (0, scan::CLOSE_BYTES_MAX);
    while at < source.len() {
        let rest = &source[at..];
        let first = rest.chars().next().unwrap_or_default();
        if rest.starts_with("{{")
            && let Some(close) = scan::close(source, at + 2, &mut budget)
        {
            let inner = &source[at + 2..close];
            match native(inner, None) {
                Some(Code::Native(native)) => {
                    code.push_str(&part_name(source, parts.len()));
                    parts.push((part_name(source, parts.len()), native.root));
                    native.mentions.roots.iter().for_each(|name| mentions.root(name));
                    mentions.members.extend(native.mentions.members);
                }
                Some(Code::Empty) => code.push_str("undefined"),
                _ => {
                    code.push('(');
                    code.push_str(inner);
                    code.push(')');
                }
            }
            at = close + 2;
        } else if let Some(length) = matches!(first, '"' | '\'').then(|| quoted_length(rest)).flatten() {
            let inside = &rest[1..length - 1];
            match Text::parse(inside, false) {
                Ok(text) if text.literal().is_none() => {
                    code.push_str(&part_name(source, parts.len()));
                    text.codes().for_each(|code| code.add_mentions(&mut mentions));
                    parts.push((part_name(source, parts.len()), Node::Quoted(text)));
                }
                _ => code.push_str(&rest[..length]),
            }
            at += length;
        } else {
            code.push(first);
            at += first.len_utf8();
        }
    }
    Code::Script(Wide { source: Source::new(&code, ScriptKind::Expression), parts, mentions })
}

/// A name for a part that the source does not hold.
fn part_name(source: &str, number: usize) -> String {
    let mut name = format!("$part{number}");
    while source.contains(&name) {
        name.push('_');
    }
    name
}

//! Looking over JavaScript without parsing it: where a placeholder ends, which names a script mentions.
//!
//! Both are best guesses over text that nobody has checked. A wrong guess makes a script that fails or sees a name too
//! many; it can do no more.

use std::collections::BTreeSet;
use std::ops::Range;

use super::limits::SCRIPT_SOURCE_BYTES_MAX;

/// Words of JavaScript that can never be names of a workflow in a script.
const KEYWORDS: [&str; 48] = [
    "arguments",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "NaN",
    "Infinity",
    "globalThis",
];

/// Names that JavaScript has itself; one of a workflow does not hide them.
const GLOBALS: [&str; 31] = [
    "Array",
    "ArrayBuffer",
    "BigInt",
    "Boolean",
    "Date",
    "Error",
    "Function",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TypeError",
    "WeakMap",
    "WeakSet",
    "console",
    "decodeURIComponent",
    "encodeURIComponent",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
];

/// Whether a word may be a name of a workflow inside a script.
pub(super) fn is_bindable(word: &str) -> bool {
    word.starts_with(is_name_start) && !is_keyword(word) && !GLOBALS.contains(&word)
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

pub(super) fn is_name_start(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic()
}

pub(super) fn is_name_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// The length of the name that a text begins with, `-` inside it included; 0 when there is none.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    part_length(text)
}

/// As [`name_length`], for a word that may begin with a digit.
pub(super) fn part_length(text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let joins = c == '-' && at > 0 && text[at + 1..].starts_with(is_name_part);
        if !is_name_part(c) && !joins {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

/// Bytes that may be looked at, over all placeholders of one text, to find where they end.
pub(super) const CLOSE_BYTES_MAX: usize = 4 * SCRIPT_SOURCE_BYTES_MAX;
/// Characters of a regular expression that is looked for the end of.
const PATTERN_CHARS_MAX: usize = 1_000;
/// Brackets of a script that are looked at for parameters.
const BRACKETS_MAX: usize = 1_000;

/// The offset of the `}}` that closes a placeholder whose text begins at `start`: the first one outside brackets and
/// quotes, or the first of all when the text does not look like JavaScript. What is looked at is taken from `budget`.
pub(super) fn close(text: &str, start: usize, budget: &mut usize) -> Option<usize> {
    let first = start + text[start..].find("}}")?;
    let mut walk = Walk::new(text, start);
    let mut found = None;
    while let Some(token) = walk.next() {
        let looked_at = token.range.end - start;
        if looked_at > (*budget).min(SCRIPT_SOURCE_BYTES_MAX) {
            break;
        }
        if walk.depth == 0 && token.kind == Kind::Other && text[token.range.start..].starts_with("}}") {
            found = Some(token.range.start);
            break;
        }
    }
    *budget = budget.saturating_sub(walk.at - start);
    Some(found.unwrap_or(first))
}

/// A word of a script.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) range: Range<usize>,
    /// Whether it names a member: `.word`.
    pub(super) follows_dot: bool,
    /// Whether it may be a key of an object: `word:` without a `?` in front of it.
    pub(super) is_key: bool,
}

/// The words of a script outside quotes, in order; `-` between name characters joins.
pub(super) fn words(code: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut walk = Walk::new(code, 0);
    let mut before = "";
    while let Some(token) = walk.next() {
        let text = &code[token.range.clone()];
        if token.kind == Kind::Word {
            let next = code[token.range.end..].trim_start();
            let follows_dot = before == "." || before == "?.";
            let is_key = next.starts_with(':') && matches!(before, "{" | ",");
            words.push(Word { range: token.range, follows_dot, is_key });
        }
        if !text.trim().is_empty() {
            before = text;
        }
    }
    words
}

/// The member that is read right after a word: `.member` or `['member']`.
pub(super) fn member_after(code: &str, end: usize) -> Option<&str> {
    let rest = &code[end..];
    if let Some(rest) = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')) {
        let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
        return (length > 0).then(|| &rest[..length]);
    }
    let rest = rest.strip_prefix('[')?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(member, _)| member)
}

/// Words that a script declares: parameters and variables. A guess by what stands around them.
pub(super) fn declared<'c>(code: &'c str, words: &[Word]) -> BTreeSet<&'c str> {
    let mut declared = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let text = &code[word.range.clone()];
        let next = code[word.range.end..].trim_start();
        let after = at.checked_sub(1).map(|before| &code[words[before].range.clone()]);
        if next.starts_with("=>") || matches!(after, Some("let" | "const" | "var" | "function" | "class" | "catch")) {
            declared.insert(text);
        }
    }
    for (open, _) in code.match_indices('(').take(BRACKETS_MAX) {
        let Some(length) = code[open..].find(')') else { break };
        let first = words.partition_point(|word| word.range.start < open);
        let is_function = first > 0 && {
            let word = &words[first - 1].range;
            let is_next = code[word.end..open].trim().is_empty();
            is_next && (&code[word.clone()] == "function" || code[..word.start].trim_end().ends_with("function"))
        };
        if is_function || code[open + length + 1..].trim_start().starts_with("=>") {
            let inside = words[first..].iter().take_while(|word| word.range.start < open + length);
            declared.extend(inside.map(|word| &code[word.range.clone()]));
        }
    }
    declared
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A quoted text, a comment, a regular expression, text of a template literal.
    Quoted,
    Word,
    Other,
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    range: Range<usize>,
}

/// Tokens of JavaScript, roughly: enough to know what stands in quotes and how deep in brackets something is.
struct Walk<'c> {
    code: &'c str,
    at: usize,
    /// Brackets that are open.
    depth: usize,
    /// Depths at which the text of a template literal goes on after a `}`.
    templates: Vec<usize>,
    /// Whether a `/` here begins a regular expression.
    operand_next: bool,
}

impl<'c> Walk<'c> {
    fn new(code: &'c str, at: usize) -> Self {
        Self { code, at, depth: 0, templates: Vec::new(), operand_next: true }
    }

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let rest = &self.code[start..];
        let first = rest.chars().next()?;
        let kind = match first {
            '"' | '\'' => self.quoted(first),
            '`' => self.template(1),
            '}' if self.templates.last() == Some(&self.depth) => {
                self.templates.pop();
                self.depth = self.depth.saturating_sub(1);
                self.template(1)
            }
            '/' if rest.starts_with("//") => self.skip(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => self.skip(rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '/' if self.operand_next => self.pattern(),
            c if is_name_start(c) => {
                self.at += name_length(rest);
                let word = &self.code[start..self.at];
                self.operand_next = is_keyword(word) && !matches!(word, "this" | "true" | "false" | "null" | "super");
                Kind::Word
            }
            c if c.is_ascii_digit() => {
                self.at += rest.find(|c: char| !(is_name_part(c) || c == '.')).unwrap_or(rest.len());
                self.operand_next = false;
                Kind::Other
            }
            c => self.sign(c),
        };
        Some(Token { kind, range: start..self.at })
    }

    fn sign(&mut self, first: char) -> Kind {
        match first {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' => self.depth = self.depth.saturating_sub(1),
            // The end of a placeholder is looked at before it counts as a bracket.
            '}' if self.depth > 0 => {
                self.depth -= 1;
                self.at += 1;
                self.operand_next = false;
                return Kind::Quoted;
            }
            _ => {}
        }
        let double = self.code[self.at..].starts_with("?.") || self.code[self.at..].starts_with("=>");
        let triple = self.code[self.at..].starts_with("...");
        self.at += if triple {
            3
        } else if double {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            self.operand_next = !matches!(first, ')' | ']' | '}');
        }
        Kind::Other
    }

    fn skip(&mut self, length: usize) -> Kind {
        self.at += length;
        Kind::Quoted
    }

    /// A text in quotes, to its end or to the end of its line.
    fn quoted(&mut self, quote: char) -> Kind {
        self.operand_next = false;
        let mut escaped = false;
        for (at, c) in self.code[self.at..].char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\n' => return self.skip(at),
                c if c == quote => return self.skip(at + 1),
                _ => {}
            }
        }
        self.skip(self.code.len() - self.at)
    }

    /// Text of a template literal, to its end or to `${`.
    fn template(&mut self, from: usize) -> Kind {
        self.operand_next = false;
        let rest = &self.code[self.at..];
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(from) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '`' => return self.skip(at + 1),
                '$' if rest[at + 1..].starts_with('{') => {
                    self.depth += 1;
                    self.templates.push(self.depth);
                    self.operand_next = true;
                    return self.skip(at + 2);
                }
                _ => {}
            }
        }
        self.skip(rest.len())
    }

    /// A regular expression, to its end; a division when there is none on the line.
    fn pattern(&mut self) -> Kind {
        self.operand_next = false;
        let (mut escaped, mut class) = (false, false);
        for (at, c) in self.code[self.at..].char_indices().skip(1).take(PATTERN_CHARS_MAX) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => class = true,
                ']' => class = false,
                '/' if !class => return self.skip(at + 1),
                _ => {}
            }
        }
        self.at += 1;
        Kind::Other
    }
}

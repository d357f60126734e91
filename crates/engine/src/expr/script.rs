//! Expressions that are wider than the native grammar of graphs: JavaScript for the sandbox.
//!
//! The engine does not run them. An evaluation that meets one whose answer it was not given says what it needs
//! ([`Env::asked`](super::Env::asked)) and goes on with null; once all are answered it is repeated and holds. A script
//! carries copies of the values of the names that it mentions, so whoever performs it needs nothing else.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::env::{Names, Origin};
use super::scan;

/// A piece of JavaScript with what it sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Tells scripts of one evaluation apart: equal for the same program with the same local names.
    pub key: String,
    /// The program text.
    pub code: String,
    /// What the text is.
    pub kind: ScriptKind,
    /// The names that it mentions, with their values.
    pub names: Map<String, Value>,
    /// Names that it mentions and nobody knows; they are `undefined`, unless JavaScript itself has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Which of the names are records of nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<ScriptRecord>,
}

/// What the text of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptKind {
    /// One expression.
    Expression,
    /// An expression, or else the body of a function.
    Body,
}

/// A name whose value is the record of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptRecord {
    /// The name in the script.
    pub name: String,
    /// Type of the node.
    pub kind: String,
    /// The variable that the node also writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What a script came to: its value, or a sentence about its failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Key of the script.
    pub key: String,
    /// Its value, or why there is none.
    pub result: Result<Value, String>,
}

/// A script as it stands in a definition.
#[derive(Debug)]
pub(super) struct Source {
    pieces: Vec<Piece>,
    kind: ScriptKind,
    /// Plain names that the text mentions: free ones, and some that it declares itself.
    mentioned: Vec<Box<str>>,
    /// Those of them that it does not declare, with names that hold `-`.
    free: Vec<Box<str>>,
    /// `(root, member)` for each `root.member` in it.
    members: Vec<(Box<str>, Box<str>)>,
}

#[derive(Debug)]
enum Piece {
    Text(Box<str>),
    /// Reads as a subtraction, and is the name of a node if there is one.
    Dashed(Box<str>),
}

impl Source {
    pub(super) fn new(code: &str, kind: ScriptKind) -> Self {
        let words = scan::words(code);
        let declared = scan::declared(code, &words);
        let (mut pieces, mut members) = (Vec::new(), Vec::new());
        let (mut mentioned, mut free) = (Unique::default(), Unique::default());
        let mut at = 0;
        for word in &words {
            if word.follows_dot {
                continue;
            }
            let text = &code[word.range.clone()];
            if let Some(member) = scan::member_after(code, word.range.end) {
                members.push((Box::from(text), Box::from(member)));
            }
            if text.contains('-') {
                pieces.push(Piece::Text(code[at..word.range.start].into()));
                pieces.push(Piece::Dashed(text.into()));
                at = word.range.end;
                free.add(text);
            } else if scan::is_bindable(text) {
                mentioned.add(text);
                if !word.is_key && !declared.contains(text) {
                    free.add(text);
                }
            }
        }
        pieces.push(Piece::Text(code[at..].into()));
        Self { pieces, kind, mentioned: mentioned.boxed(), free: free.boxed(), members }
    }

    /// Names that it may read.
    pub(super) fn free(&self) -> impl Iterator<Item = &str> {
        self.free.iter().map(AsRef::as_ref)
    }

    /// Members that it reads of a root.
    pub(super) fn members<'s>(&'s self, root: &'s str) -> impl Iterator<Item = &'s str> {
        self.members.iter().filter(move |(name, _)| **name == *root).map(|(_, member)| &**member)
    }

    /// The script with the values of the names that it mentions; `locals` hide names of the same spelling.
    pub(super) fn bound(&self, names: &dyn Names, locals: Map<String, Value>) -> Script {
        let mut code = String::new();
        let mut key = Key::new(self.kind);
        locals.iter().for_each(|(name, value)| key.local(name, value));
        let mut bound = locals;
        // Of subtractions without spaces.
        let mut parts: Vec<&str> = Vec::new();
        let (mut absent, mut records) = (Vec::new(), Vec::new());
        let mut record = |name: &str, origin: Option<Origin<'_>>| {
            records.extend(origin.map(|origin| ScriptRecord {
                name: name.to_owned(),
                kind: origin.kind.to_owned(),
                output: origin.output.map(str::to_owned),
            }));
        };
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => code.push_str(text),
                Piece::Dashed(name) => match names.get(name) {
                    Some(value) => {
                        let alias = format!("$node_{}", name.replace('-', "_"));
                        code.push_str(&alias);
                        record(&alias, names.origin(name));
                        bound.insert(alias, value.clone());
                    }
                    None => {
                        code.push_str(name);
                        parts.extend(name.split('-').filter(|part| scan::is_bindable(part)));
                    }
                },
            }
        }
        for name in self.mentioned.iter().map(AsRef::as_ref).chain(parts) {
            match names.get(name) {
                _ if bound.contains_key(name) => {}
                Some(value) => {
                    if names.is_local(name) {
                        key.local(name, value);
                    }
                    record(name, names.origin(name));
                    bound.insert(name.to_owned(), value.clone());
                }
                None => absent.push(name.to_owned()),
            }
        }
        Script { key: key.finish(&code), code, kind: self.kind, names: bound, absent, records }
    }
}

/// Names, each once, in order of appearance.
#[derive(Default)]
struct Unique<'c> {
    names: Vec<&'c str>,
    known: HashSet<&'c str>,
}

impl<'c> Unique<'c> {
    fn add(&mut self, name: &'c str) {
        if self.known.insert(name) {
            self.names.push(name);
        }
    }

    fn boxed(self) -> Vec<Box<str>> {
        self.names.into_iter().map(Box::from).collect()
    }
}

/// Sixteen bytes of a hash over the program and what is local to it. What else it sees is the same in all rounds of an
/// evaluation.
struct Key(Sha256);

impl Key {
    fn new(kind: ScriptKind) -> Self {
        Self(Sha256::new().chain_update([u8::from(kind == ScriptKind::Body)]))
    }

    fn local(&mut self, name: &str, value: &Value) {
        let value = value.to_string();
        for text in [name, &value] {
            self.0.update((text.len() as u64).to_le_bytes());
            self.0.update(text.as_bytes());
        }
    }

    fn finish(mut self, code: &str) -> String {
        self.0.update(code.as_bytes());
        self.0.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

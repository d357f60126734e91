//! The expressions of workflows, which are graphs (Workflow API contract, section 15).
//!
//! A small native grammar of paths, comparisons and filters is evaluated here ([`parser`], [`eval`]). Text that is not of
//! it is JavaScript, which the sandbox runs ([`Script`](super::Script)). Names are looked for by
//! [`Names`](super::Names); what stands *behind* the record of a node is found by [`members`].
//!
//! What the contract leaves open is decided here:
//! - `[…]` takes any native expression, not only numbers and texts.
//! - A boolean equals (`==`) 1 or 0 and the text that spells it.
//! - `||` keeps 0, "" and false inside a placeholder, as the table of operators says; in the bare text of a condition it is
//!   the one of JavaScript, as the published condition cases need (`{{a}} > 0 || {{b}} > 0`).
//! - `{{}}` is missing. `{{#…}}` and `{{/name}}` are text: blocks belong to templates only.
//! - A filter on a value that it cannot take gives null, and so does a filter that does not exist.
//! - The shown name of a node may hold spaces in a path.

pub(super) mod ast;
mod compare;
mod condition;
pub(super) mod eval;
mod filters;
mod literals;
pub(super) mod members;
mod parser;
pub(super) mod text;

use self::ast::{Code, Mentions};
use super::error::ParseError;
use super::limits::SCRIPT_SOURCE_BYTES_MAX;
use super::script::ScriptKind;

/// Parses a condition or a bare expression.
///
/// # Errors
/// The source is longer than a script may be.
pub(super) fn parse(source: &str) -> Result<Code, ParseError> {
    check_length(source)?;
    Ok(condition::condition(source))
}

/// Takes a source as JavaScript, whatever it looks like.
///
/// # Errors
/// As for [`parse`].
pub(super) fn parse_script(source: &str, kind: ScriptKind) -> Result<Code, ParseError> {
    check_length(source)?;
    Ok(parser::script(source, kind))
}

fn check_length(source: &str) -> Result<(), ParseError> {
    if source.len() > SCRIPT_SOURCE_BYTES_MAX {
        return Err(ParseError::new(0, format!("the expression is longer than {SCRIPT_SOURCE_BYTES_MAX} bytes")));
    }
    Ok(())
}

impl Code {
    /// Whether it only names a place in the context.
    pub(super) fn is_plain_path(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Native(native) => native.root.is_plain_path(),
            Self::Script(_) | Self::Wrong(_) => false,
        }
    }

    fn mentions(&self) -> Option<&Mentions> {
        match self {
            Self::Native(native) => Some(&native.mentions),
            Self::Script(wide) => Some(&wide.mentions),
            Self::Wrong(_) | Self::Empty => None,
        }
    }

    fn add_mentions(&self, all: &mut Mentions) {
        self.roots().into_iter().for_each(|name| all.root(name));
        if let Some(mentions) = self.mentions() {
            all.members.extend(mentions.members.iter().cloned());
        }
    }

    /// The root names that it may read.
    pub(super) fn roots(&self) -> Vec<&str> {
        let mut roots: Vec<&str> = self.mentions().into_iter().flat_map(|all| &all.roots).map(AsRef::as_ref).collect();
        if let Self::Script(wide) = self {
            roots.extend(wide.source.free().filter(|name| !wide.parts.iter().any(|(part, _)| part == name)));
        }
        roots
    }

    /// The members that it reads of a root.
    pub(super) fn members<'s>(&'s self, root: &'s str) -> Vec<&'s str> {
        let of = |mentions: &'s Mentions| mentions.members.iter().filter(move |(name, _)| **name == *root);
        let mut found: Vec<&str> = self.mentions().into_iter().flat_map(of).map(|(_, member)| &**member).collect();
        if let Self::Script(wide) = self {
            found.extend(wide.source.members(root));
        }
        found
    }
}

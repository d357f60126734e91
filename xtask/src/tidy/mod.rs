//! `cargo xtask tidy`: the house rules that no compiler knows. Every finding says what to do instead.
//!
//! A rule is a function from the [`Tree`] to findings, listed in [`RULES`]; its exceptions are named in its own file, each with
//! its reason. Start reading with [`arrows`], which also names the crates and their layers.

mod arrows;
mod calls;
mod data;
mod length;
mod lock;
mod paths;
mod source;
mod sql;
mod tree;

use std::fmt;

use crate::workspace::{Failure, Outcome, Workspace};
use tree::Tree;

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    rule: &'static str,
    /// What is wrong, and what to do instead.
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}", self.path, self.line, self.rule, self.text)
    }
}

/// A rule: its findings in a tree.
type Rule = fn(&Tree) -> Vec<Finding>;

static RULES: &[Rule] = &[
    arrows::between_crates,
    arrows::libraries,
    calls::forbidden,
    sql::outside_store,
    sql::unregistered,
    length::long_files,
    paths::foreign,
    data::without_note,
    lock::banned,
    lock::duplicates,
];

/// Checks the files that git knows or would add.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(Failure::new("tidy takes no arguments"));
    }
    let tree = Tree::read(workspace)?;
    let findings = findings(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to say", tree.len());
        return Ok(());
    }
    Err(Failure(format!("{} findings", findings.len())))
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests;

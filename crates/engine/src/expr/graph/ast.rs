//! The syntax tree of the native grammar of graphs. Chains are flat, so its depth is the nesting the author wrote.

use super::filters::Filter;
use super::text::Text;
use crate::expr::script::Source;

/// A parsed source.
#[derive(Debug)]
pub(in crate::expr) enum Code {
    /// Of the native grammar.
    Native(Native),
    /// Anything else: JavaScript.
    Script(Wide),
    /// What neither can carry out; says why.
    Wrong(String),
    /// Nothing between the braces: null.
    Empty,
}

/// A source of the native grammar.
#[derive(Debug)]
pub(in crate::expr) struct Native {
    pub(super) root: Node,
    pub(super) mentions: Mentions,
}

/// A script, with native parts that are computed before and given to it by name.
#[derive(Debug)]
pub(in crate::expr) struct Wide {
    pub(super) source: Source,
    pub(super) parts: Vec<(String, Node)>,
    pub(super) mentions: Mentions,
}

/// What a native source reads.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Root names, each once.
    pub(super) roots: Vec<Box<str>>,
    /// `(root, member)` for the first step below a root.
    pub(super) members: Vec<(Box<str>, Box<str>)>,
}

impl Mentions {
    pub(super) fn root(&mut self, name: &str) {
        if !self.roots.iter().any(|known| **known == *name) {
            self.roots.push(name.into());
        }
    }
}

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    /// A quoted text with placeholders, in a condition.
    Quoted(Text),
    Path {
        root: Box<str>,
        steps: Vec<Step>,
    },
    Access {
        base: Box<Node>,
        steps: Vec<Step>,
    },
    Not(Box<Node>),
    Compare {
        first: Box<Node>,
        rest: Vec<(Comparison, Node)>,
    },
    And(Vec<Node>),
    /// The first that is there: `??`, and `||` of placeholders.
    Or(Vec<Node>),
    /// The first that counts as true: `||` of conditions.
    Any(Vec<Node>),
    Choice {
        arms: Vec<(Node, Node)>,
        otherwise: Box<Node>,
    },
    Piped {
        input: Box<Node>,
        filters: Vec<(Filter, Option<Node>)>,
    },
}

impl Node {
    /// Whether it only names a place in the context, so that a text keeps its placeholder when nothing is there.
    pub(super) fn is_plain_path(&self) -> bool {
        match self {
            Self::Path { steps, .. } => steps.iter().all(|step| matches!(step, Step::Key(_))),
            _ => false,
        }
    }
}

#[derive(Debug)]
pub(super) enum Step {
    Key(Box<str>),
    Computed(Node),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Same,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

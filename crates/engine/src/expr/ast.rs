//! The syntax tree. Chains of one level (`a + b - c`, `a.b[c].d()`, `a ? b : c ? d : e`) are flat, so that the depth
//! of the tree, and with it the stack that evaluation needs, is the nesting the author wrote and never the length of
//! the source.

use super::functions::Function;

/// A parsed source with the root names it reads, each once.
pub(super) struct Program {
    pub(super) root: Node,
    pub(super) names: Vec<Box<str>>,
}

pub(super) enum Node {
    Missing,
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    Name(Box<str>),
    Array(Vec<Node>),
    Object(Vec<(Box<str>, Node)>),
    Access { base: Box<Node>, steps: Vec<Step> },
    Unary { op: UnaryOp, operand: Box<Node> },
    Binary { first: Box<Node>, rest: Vec<(BinaryOp, Node)> },
    Logic { op: LogicOp, operands: Vec<Node> },
    Choice { arms: Vec<(Node, Node)>, otherwise: Box<Node> },
    Call { function: Function, args: Vec<Node> },
}

/// One step of an access chain.
pub(super) enum Step {
    Member(Box<str>),
    Index(Node),
    Method { method: Method, args: Vec<Node> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Not,
    Minus,
    Plus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Same,
    NotSame,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogicOp {
    And,
    Or,
    Coalesce,
}

/// The methods of texts and arrays; which type has which is known when one is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Includes,
    StartsWith,
    EndsWith,
    IndexOf,
    Slice,
    Split,
    Replace,
    Trim,
    ToLowerCase,
    ToUpperCase,
    Join,
    Concat,
}

/// Name, method, least and most arguments.
const METHODS: [(&str, Method, usize, usize); 12] = [
    ("includes", Method::Includes, 1, 2),
    ("startsWith", Method::StartsWith, 1, 2),
    ("endsWith", Method::EndsWith, 1, 2),
    ("indexOf", Method::IndexOf, 1, 2),
    ("slice", Method::Slice, 0, 2),
    ("split", Method::Split, 0, 2),
    ("replace", Method::Replace, 2, 2),
    ("trim", Method::Trim, 0, 0),
    ("toLowerCase", Method::ToLowerCase, 0, 0),
    ("toUpperCase", Method::ToUpperCase, 0, 0),
    ("join", Method::Join, 0, 1),
    ("concat", Method::Concat, 0, usize::MAX),
];

impl Method {
    /// The method of a name, with the least and most arguments it takes.
    pub(super) fn find(name: &str) -> Option<(Self, usize, usize)> {
        let (_, method, min, max) = METHODS.into_iter().find(|(known, ..)| *known == name)?;
        Some((method, min, max))
    }

    pub(super) fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method, ..)| *method == self).map_or("", |(name, ..)| name)
    }
}

//! Tokens to syntax tree: a Pratt parser with a bound on nesting, so that no source can exhaust the stack.

use super::ast::{LogicOp, Method, Node, Program, Step, UnaryOp};
use super::error::ParseError;
use super::functions::Function;
use super::lexer::{Lexeme, Lexer, Token};
use super::limits::{DEPTH_MAX, SOURCE_BYTES_MAX};
use super::precedence::{Infix, infix, level};

/// Parses a source that is one expression.
pub(super) fn parse_expression(source: &str) -> Result<Program, ParseError> {
    let mut parser = Parser::new(source, 0)?;
    let root = parser.expression()?.node;
    match parser.ahead.token {
        Token::End => Ok(Program { root, names: parser.names }),
        _ => Err(parser.unexpected()),
    }
}

/// Parses the expression that begins at `start`, after `{{`. Also gives the offset of the byte after its `}}`.
pub(super) fn parse_placeholder(text: &str, start: usize) -> Result<(Program, usize), ParseError> {
    let unclosed = |parser: &Parser<'_>| match parser.ahead.token {
        Token::End => ParseError::new(start - 2, "`{{` is not closed by `}}`"),
        _ => parser.unexpected(),
    };
    let mut parser = Parser::new(text, start)?;
    if parser.ahead.token == Token::End {
        return Err(unclosed(&parser));
    }
    let root = parser.expression()?.node;
    let close = parser.ahead.start;
    if !text[close..].starts_with("}}") {
        return Err(unclosed(&parser));
    }
    Ok((Program { root, names: parser.names }, close + 2))
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    ahead: Lexeme<'s>,
    start: usize,
    depth: usize,
    names: Vec<Box<str>>,
}

/// A node with the height of its tree, and whether it stood in brackets.
struct Tree {
    node: Node,
    height: usize,
    bracketed: bool,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str, start: usize) -> Result<Self, ParseError> {
        let mut lexer = Lexer::new(source, start);
        let ahead = lexer.next()?;
        let mut parser = Self { lexer, ahead, start, depth: 0, names: Vec::new() };
        parser.check_length()?;
        Ok(parser)
    }

    /// `binary ("?" expression ":" expression)?`, with the else side in a loop.
    fn expression(&mut self) -> Result<Tree, ParseError> {
        let mut arms = Vec::new();
        let mut height = 0;
        loop {
            let tree = self.binary(0)?;
            height = height.max(tree.height);
            if !self.eat("?")? {
                if arms.is_empty() {
                    return Ok(tree);
                }
                return self.tree(Node::Choice { arms, otherwise: Box::new(tree.node) }, height);
            }
            let chosen = self.nested(Self::expression)?;
            height = height.max(chosen.height);
            self.expect(":")?;
            arms.push((tree.node, chosen.node));
        }
    }

    /// Operands joined by operators that bind tighter than `floor`.
    fn binary(&mut self, floor: u8) -> Result<Tree, ParseError> {
        let mut left = self.unary()?;
        while let Token::Sign(sign) = self.ahead.token {
            let Some((infix, power)) = infix(sign).filter(|(_, power)| *power > floor) else { break };
            let offset = self.advance()?.start;
            // Not counted as nesting: the floor rises with each call, so there are at most as many as there are
            // levels.
            let right = self.binary(power)?;
            left = self.joined(left, infix, right, offset)?;
        }
        Ok(left)
    }

    /// Adds an operand to a chain of the same level, or begins a chain.
    fn joined(&self, left: Tree, infix: Infix, right: Tree, offset: usize) -> Result<Tree, ParseError> {
        let height = left.height.max(right.height);
        match infix {
            Infix::Binary(op) => match left.node {
                Node::Binary { first, mut rest }
                    if rest.first().is_some_and(|(other, _)| level(*other) == level(op)) =>
                {
                    rest.push((op, right.node));
                    // The chain counted its own level when it began.
                    self.tree(Node::Binary { first, rest }, left.height.saturating_sub(1).max(right.height))
                }
                first => self.tree(Node::Binary { first: Box::new(first), rest: vec![(op, right.node)] }, height),
            },
            Infix::Logic(op) => {
                if mixes_coalesce(&left, op) || mixes_coalesce(&right, op) {
                    return Err(ParseError::new(offset, "`??` beside `&&` or `||` needs brackets"));
                }
                match left.node {
                    Node::Logic { op: other, mut operands } if other == op => {
                        operands.push(right.node);
                        self.tree(Node::Logic { op, operands }, left.height.saturating_sub(1).max(right.height))
                    }
                    first => self.tree(Node::Logic { op, operands: vec![first, right.node] }, height),
                }
            }
        }
    }

    fn unary(&mut self) -> Result<Tree, ParseError> {
        let mut ops = Vec::new();
        loop {
            ops.push(match self.ahead.token {
                Token::Sign("!") => UnaryOp::Not,
                Token::Sign("-") => UnaryOp::Minus,
                Token::Sign("+") => UnaryOp::Plus,
                _ => break,
            });
            self.advance()?;
        }
        let operand = self.access()?;
        ops.into_iter().rev().try_fold(operand, |operand, op| {
            self.tree(Node::Unary { op, operand: Box::new(operand.node) }, operand.height)
        })
    }

    /// A primary followed by members, indexes and method calls.
    fn access(&mut self) -> Result<Tree, ParseError> {
        let base = self.primary()?;
        let mut height = base.height;
        let mut steps = Vec::new();
        loop {
            let optional = self.eat("?.")?;
            if self.eat("[")? {
                let index = self.nested(Self::expression)?;
                height = height.max(index.height);
                self.expect("]")?;
                steps.push(match index.node {
                    Node::Text(key) => Step::Member(key),
                    node => Step::Index(node),
                });
            } else if optional || self.eat(".")? {
                let (step, args_height) = self.member()?;
                height = height.max(args_height);
                steps.push(step);
            } else if self.at("(") {
                return Err(self.error("only the named functions and methods can be called"));
            } else if steps.is_empty() {
                return Ok(base);
            } else {
                return self.tree(Node::Access { base: Box::new(base.node), steps }, height);
            }
        }
    }

    /// `name` or `name(arguments)` after a dot.
    fn member(&mut self) -> Result<(Step, usize), ParseError> {
        let Token::Name(name) = self.ahead.token else { return Err(self.error("a name has to follow the dot")) };
        let offset = self.advance()?.start;
        if !self.at("(") {
            return Ok((Step::Member(name.into()), 0));
        }
        let (method, min, max) =
            Method::find(name).ok_or_else(|| ParseError::new(offset, format!("there is no method `{name}`")))?;
        let (args, height) = self.arguments()?;
        check_count(name, args.len(), min, max, offset)?;
        Ok((Step::Method { method, args }, height))
    }

    fn primary(&mut self) -> Result<Tree, ParseError> {
        let offset = self.ahead.start;
        match &mut self.ahead.token {
            Token::Number(value) => {
                let node = Node::Number(*value);
                self.leaf(node)
            }
            Token::Text(text) => {
                let node = Node::Text(std::mem::take(text).into());
                self.leaf(node)
            }
            Token::Name("true") => self.leaf(Node::Bool(true)),
            Token::Name("false") => self.leaf(Node::Bool(false)),
            Token::Name("null") => self.leaf(Node::Null),
            Token::Name("undefined") => self.leaf(Node::Missing),
            Token::Name(name) => {
                let name = *name;
                self.advance()?;
                if self.at("(") { self.call(name, offset) } else { Ok(self.name(name)) }
            }
            Token::Sign("(") => {
                self.advance()?;
                let inner = self.nested(Self::expression)?;
                self.expect(")")?;
                Ok(Tree { bracketed: true, ..inner })
            }
            Token::Sign("[") => {
                let (items, height) = self.list("[", "]")?;
                self.tree(Node::Array(items), height)
            }
            Token::Sign("{") => self.object(),
            Token::Sign("/" | "/=") => Err(self.error("regular expressions are not part of the expression language")),
            _ => Err(self.unexpected()),
        }
    }

    fn name(&mut self, name: &str) -> Tree {
        if !self.names.iter().any(|known| **known == *name) {
            self.names.push(name.into());
        }
        Tree { node: Node::Name(name.into()), height: 0, bracketed: false }
    }

    fn call(&mut self, name: &str, offset: usize) -> Result<Tree, ParseError> {
        let (function, min, max) =
            Function::find(name).ok_or_else(|| ParseError::new(offset, format!("there is no function `{name}`")))?;
        let (args, height) = self.arguments()?;
        check_count(name, args.len(), min, max, offset)?;
        self.tree(Node::Call { function, args }, height)
    }

    fn arguments(&mut self) -> Result<(Vec<Node>, usize), ParseError> {
        self.list("(", ")")
    }

    /// Expressions between brackets, separated by commas, one more comma allowed at the end.
    fn list(&mut self, open: &'static str, close: &'static str) -> Result<(Vec<Node>, usize), ParseError> {
        let mut items = Vec::new();
        let mut height = 0;
        self.expect(open)?;
        while !self.at(close) {
            let item = self.nested(Self::expression)?;
            height = height.max(item.height);
            items.push(item.node);
            if !self.eat(",")? {
                break;
            }
        }
        self.expect(close)?;
        Ok((items, height))
    }

    fn object(&mut self) -> Result<Tree, ParseError> {
        let mut members = Vec::new();
        let mut height = 0;
        self.expect("{")?;
        while !self.at("}") {
            let key = self.key()?;
            self.expect(":")?;
            let value = self.nested(Self::expression)?;
            height = height.max(value.height);
            members.push((key, value.node));
            if !self.eat(",")? {
                break;
            }
        }
        self.expect("}")?;
        self.tree(Node::Object(members), height)
    }

    fn key(&mut self) -> Result<Box<str>, ParseError> {
        let key = match &mut self.ahead.token {
            Token::Name(name) => Box::from(*name),
            Token::Text(text) => std::mem::take(text).into(),
            Token::Number(value) => super::number::to_text(*value).into(),
            _ => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(key)
    }

    fn leaf(&mut self, node: Node) -> Result<Tree, ParseError> {
        self.advance()?;
        Ok(Tree { node, height: 0, bracketed: false })
    }

    /// A node above children of the given height.
    fn tree(&self, node: Node, children: usize) -> Result<Tree, ParseError> {
        let height = children + 1;
        if height > DEPTH_MAX { Err(self.too_deep()) } else { Ok(Tree { node, height, bracketed: false }) }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth == DEPTH_MAX {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn at(&self, sign: &str) -> bool {
        matches!(self.ahead.token, Token::Sign(ahead) if ahead == sign)
    }

    fn eat(&mut self, sign: &str) -> Result<bool, ParseError> {
        let found = self.at(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), ParseError> {
        if self.eat(sign)? { Ok(()) } else { Err(self.error(format!("expected `{sign}`, found {}", self.found()))) }
    }

    fn advance(&mut self) -> Result<Lexeme<'s>, ParseError> {
        let next = self.lexer.next()?;
        let current = std::mem::replace(&mut self.ahead, next);
        self.check_length()?;
        Ok(current)
    }

    /// The token ahead may be the `}}` of a placeholder or the text behind it, so only what was accepted counts: its
    /// start.
    fn check_length(&mut self) -> Result<(), ParseError> {
        if self.ahead.start - self.start > SOURCE_BYTES_MAX {
            return Err(ParseError::new(self.start, format!("the expression is longer than {SOURCE_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    fn too_deep(&self) -> ParseError {
        self.error(format!("the expression is nested deeper than {DEPTH_MAX} levels"))
    }

    fn unexpected(&self) -> ParseError {
        let message = match self.ahead.token {
            Token::Sign(
                "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "**=" | "<<=" | ">>=" | ">>>=" | "&&=" | "||=" | "??=" | "++"
                | "--",
            ) => "assignment is not part of the expression language".into(),
            Token::Sign("=>") => "functions are not part of the expression language".into(),
            _ => format!("unexpected {}", self.found()),
        };
        self.error(message)
    }

    fn found(&self) -> String {
        match &self.ahead.token {
            Token::End => "the end".into(),
            Token::Number(value) => format!("the number {value}"),
            Token::Text(_) => "a text".into(),
            Token::Name(name) => format!("`{name}`"),
            Token::Sign(sign) => format!("`{sign}`"),
        }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.ahead.start, message)
    }
}

/// JavaScript refuses `a ?? b || c` because readers disagree on what it means.
fn mixes_coalesce(operand: &Tree, op: LogicOp) -> bool {
    match operand.node {
        Node::Logic { op: other, .. } => {
            !operand.bracketed && (other == LogicOp::Coalesce) != (op == LogicOp::Coalesce)
        }
        _ => false,
    }
}

fn check_count(name: &str, count: usize, min: usize, max: usize, offset: usize) -> Result<(), ParseError> {
    if (min..=max).contains(&count) {
        return Ok(());
    }
    let wanted = if min == max { format!("{min}") } else { format!("{min} to {max}") };
    Err(ParseError::new(offset, format!("`{name}` takes {wanted} arguments, not {count}")))
}

//! The native grammar of graphs (Workflow API contract, section 15), by recursive descent.
//!
//! A source that is not of the grammar is a script, so nothing here says what is wrong with one: a function gives none
//! as soon as the source is something else.

use super::super::limits::{DEPTH_MAX, SOURCE_BYTES_MAX};
use super::super::scan::{self, is_keyword, name_length, part_length};
use super::super::script::{ScriptKind, Source};
use super::ast::{Code, Comparison, Mentions, Native, Node, Step, Wide};
use super::condition::Pasted;
use super::filters::Filter;
use super::literals::{self, quoted_length, unescaped};
use super::text::Text;

const COMPARISONS: [(&str, Comparison); 8] = [
    ("===", Comparison::Same),
    ("!==", Comparison::NotSame),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// The code of a source, if it is native. `pasted`: it is a condition, in which placeholders are operands.
pub(super) fn native(source: &str, pasted: Option<Pasted>) -> Option<Code> {
    if source.trim().is_empty() {
        return Some(Code::Empty);
    }
    if source.len() > SOURCE_BYTES_MAX {
        return None;
    }
    let mut parser = Parser { source, at: 0, depth: 0, mentions: Mentions::default(), wrong: None, pasted };
    let root = parser.whole();
    if let Some(why) = parser.wrong {
        return Some(Code::Wrong(why));
    }
    match root {
        Some(root) => Some(Code::Native(Native { root, mentions: parser.mentions })),
        None => spaced_path(source).map(Code::Native),
    }
}

/// The code of a placeholder.
pub(super) fn any(source: &str) -> Code {
    native(source, None).unwrap_or_else(|| script(source, ScriptKind::Expression))
}

pub(super) fn script(source: &str, kind: ScriptKind) -> Code {
    Code::Script(Wide { source: Source::new(source, kind), parts: Vec::new(), mentions: Mentions::default() })
}

/// A path whose root is the shown name of a node, with spaces: `Fetch orders.data`. JavaScript has nothing like it,
/// unless one of the words is its own.
fn spaced_path(source: &str) -> Option<Native> {
    let source = source.trim();
    let end = source.find(['.', '[']).unwrap_or(source.len());
    let root = source[..end].trim_end();
    let words = || root.split(' ').filter(|word| !word.is_empty());
    let is_name = root.contains(' ')
        && words().all(|word| part_length(word) == word.len() && !is_keyword(word))
        && root.starts_with(scan::is_name_start);
    if !is_name {
        return None;
    }
    let mut parser = Parser { source, at: end, depth: 0, mentions: Mentions::default(), wrong: None, pasted: None };
    let steps = parser.steps()?;
    if parser.at < source.len() {
        return None;
    }
    parser.mentions.root(root);
    Some(Native { root: Node::Path { root: root.into(), steps }, mentions: parser.mentions })
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    depth: usize,
    mentions: Mentions,
    /// Why the source is neither native nor a script.
    wrong: Option<String>,
    pasted: Option<Pasted>,
}

impl<'s> Parser<'s> {
    fn whole(&mut self) -> Option<Node> {
        let root = self.expression()?;
        self.space();
        (self.at == self.source.len()).then_some(root)
    }

    /// `choice ("|" filter (":" argument)?)*`
    fn expression(&mut self) -> Option<Node> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let input = self.choice()?;
        let mut filters = Vec::new();
        while self.sign("|") {
            filters.push(self.filter()?);
        }
        self.depth -= 1;
        Some(if filters.is_empty() { input } else { Node::Piped { input: Box::new(input), filters } })
    }

    fn filter(&mut self) -> Option<(Filter, Option<Node>)> {
        self.space();
        let length = name_length(self.rest());
        let name = &self.source[self.at..self.at + length];
        self.at += length;
        let Some(filter) = Filter::find(name) else {
            self.space();
            if length > 0 && (self.rest().is_empty() || self.rest().starts_with([':', '|'])) {
                self.wrong = Some(format!("there is no filter `{name}`"));
            }
            return None;
        };
        if !self.sign(":") {
            return Some((filter, None));
        }
        self.space();
        let start = self.at;
        let argument = self.unary()?;
        // A pattern may stand without quotes.
        let bare = self.source[start..self.at].trim();
        let is_pattern = filter == Filter::Date && argument.is_plain_path();
        Some((filter, Some(if is_pattern { Node::Text(bare.into()) } else { argument })))
    }

    fn choice(&mut self) -> Option<Node> {
        let mut arms = Vec::new();
        loop {
            let node = self.any_of()?;
            if !self.sign("?") {
                return Some(match arms.is_empty() {
                    true => node,
                    false => Node::Choice { arms, otherwise: Box::new(node) },
                });
            }
            let chosen = self.nested_choice()?;
            if !self.sign(":") {
                return None;
            }
            arms.push((node, chosen));
        }
    }

    fn nested_choice(&mut self) -> Option<Node> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let node = self.choice();
        self.depth -= 1;
        node
    }

    /// `||` and `??`. In a placeholder both mean the first that is there; in a condition `||` is as in JavaScript.
    fn any_of(&mut self) -> Option<Node> {
        let mut left = self.all_of()?;
        loop {
            let make = if self.sign("??") || (self.pasted.is_none() && self.rest_is("||")) {
                Node::Or
            } else if self.rest_is("||") {
                Node::Any
            } else {
                return Some(left);
            };
            self.sign("||");
            let right = self.all_of()?;
            left = match (left, make(Vec::new())) {
                (Node::Or(mut operands), Node::Or(_)) => {
                    operands.push(right);
                    Node::Or(operands)
                }
                (Node::Any(mut operands), Node::Any(_)) => {
                    operands.push(right);
                    Node::Any(operands)
                }
                (left, _) => make(vec![left, right]),
            };
        }
    }

    fn all_of(&mut self) -> Option<Node> {
        let first = self.comparison()?;
        let mut operands = Vec::new();
        while self.sign("&&") {
            operands.push(self.comparison()?);
        }
        Some(match operands.is_empty() {
            true => first,
            false => {
                operands.insert(0, first);
                Node::And(operands)
            }
        })
    }

    fn comparison(&mut self) -> Option<Node> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        while let Some(op) = COMPARISONS.iter().find_map(|(sign, op)| self.sign(sign).then_some(*op)) {
            rest.push((op, self.unary()?));
        }
        Some(if rest.is_empty() { first } else { Node::Compare { first: Box::new(first), rest } })
    }

    fn unary(&mut self) -> Option<Node> {
        let mut negations = 0_usize;
        while !self.rest_is("!=") && self.sign("!") {
            negations += 1;
        }
        let operand = self.access()?;
        Some(match negations {
            0 => operand,
            // Two of them make a boolean, four the same one.
            count => (0..2 - count % 2).fold(operand, |node, _| Node::Not(Box::new(node))),
        })
    }

    fn access(&mut self) -> Option<Node> {
        self.space();
        let rest = self.rest();
        let first = rest.chars().next()?;
        // `@index` and the like are names in blocks of templates.
        if scan::is_name_start(first) || (first == '@' && rest[1..].starts_with(scan::is_name_start)) {
            return self.path();
        }
        let base = match first {
            '"' | '\'' => self.text()?,
            '(' => {
                self.at += 1;
                let inner = self.expression()?;
                if !self.sign(")") {
                    return None;
                }
                inner
            }
            '{' if self.pasted.is_some() && rest.starts_with("{{") => self.placeholder()?,
            _ => self.number()?,
        };
        let steps = self.steps()?;
        Some(if steps.is_empty() { base } else { Node::Access { base: Box::new(base), steps } })
    }

    fn path(&mut self) -> Option<Node> {
        let sigil = usize::from(self.rest().starts_with('@'));
        let length = sigil + name_length(&self.rest()[sigil..]);
        let name = &self.source[self.at..self.at + length];
        self.at += length;
        let literal = match name {
            "true" => Some(Node::Bool(true)),
            "false" => Some(Node::Bool(false)),
            "null" | "undefined" => Some(Node::Null),
            "this" => None,
            _ if is_keyword(name) => return None,
            _ => None,
        };
        if literal.is_none() {
            self.mentions.root(name);
        }
        let steps = self.steps()?;
        if let Some(literal) = literal {
            return steps.is_empty().then_some(literal);
        }
        if let Some(Step::Key(member)) = steps.first() {
            self.mentions.members.push((name.into(), member.clone()));
        }
        Some(Node::Path { root: name.into(), steps })
    }

    /// `.name`, `.0`, `[0]`, `['key']`, `[expression]`.
    fn steps(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            let rest = self.rest();
            if let Some(rest) = rest.strip_prefix('.') {
                let length = part_length(rest);
                if length == 0 {
                    return None;
                }
                steps.push(Step::Key(rest[..length].into()));
                self.at += 1 + length;
            } else if rest.starts_with('[') {
                self.at += 1;
                steps.push(self.index()?);
            } else if rest.starts_with('(') || rest.starts_with('`') || rest.starts_with("?.") {
                return None;
            } else {
                return Some(steps);
            }
        }
    }

    fn index(&mut self) -> Option<Step> {
        self.space();
        let digits = self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or_default();
        let step = if digits > 0 && self.rest()[digits..].trim_start().starts_with(']') {
            let digits = &self.rest()[..digits];
            self.at += digits.len();
            let plain = digits.trim_start_matches('0');
            Step::Key(if plain.is_empty() { "0" } else { plain }.into())
        } else {
            match self.expression()? {
                Node::Text(key) => Step::Key(key),
                node => Step::Computed(node),
            }
        };
        self.sign("]").then_some(step)
    }

    fn number(&mut self) -> Option<Node> {
        let (value, length) = literals::number(self.rest())?;
        self.at += length;
        Some(Node::Number(value))
    }

    /// A text in quotes; in a condition its placeholders are replaced by text.
    fn text(&mut self) -> Option<Node> {
        let rest = self.rest();
        let length = quoted_length(rest)?;
        let inside = &rest[1..length - 1];
        self.at += length;
        if self.pasted.is_some() && inside.contains("{{") {
            let text = Text::parse(inside, false).ok()?;
            if text.literal().is_none() {
                text.codes().for_each(|code| code.add_mentions(&mut self.mentions));
                return Some(Node::Quoted(text));
            }
        }
        unescaped(inside).map(|text| Node::Text(text.into()))
    }

    fn placeholder(&mut self) -> Option<Node> {
        let mut budget = self.source.len();
        let close = scan::close(self.source, self.at + 2, &mut budget)?;
        let code = native(&self.source[self.at + 2..close], None)?;
        self.at = close + 2;
        match code {
            Code::Native(native) => {
                native.mentions.roots.iter().for_each(|name| self.mentions.root(name));
                self.mentions.members.extend(native.mentions.members);
                Some(native.root)
            }
            Code::Empty => Some(Node::Null),
            Code::Wrong(why) => {
                self.wrong = Some(why);
                None
            }
            Code::Script(_) => None,
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn rest_is(&mut self, sign: &str) -> bool {
        self.space();
        self.rest().starts_with(sign)
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a sign, if it comes next and is not the beginning of a longer one.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let Some(after) = self.rest().strip_prefix(sign) else { return false };
        let is_longer = match sign {
            "|" => after.starts_with('|'),
            "?" => after.starts_with(['?', '.']) && !after[1..].starts_with(|c: char| c.is_ascii_digit()),
            "<" | ">" => after.starts_with(['<', '>']),
            _ => false,
        };
        if !is_longer {
            self.at += sign.len();
        }
        !is_longer
    }
}

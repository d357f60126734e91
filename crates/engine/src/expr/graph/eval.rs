//! Syntax tree and names to a value, by the rules of graphs.

use std::borrow::Cow;

use serde_json::Map;

use super::super::env::{Env, Known, Names};
use super::super::error::EvalError;
use super::super::profile::Profile;
use super::super::value::Val;
use super::ast::{Code, Node, Step, Wide};
use super::compare;
use super::members::{self, Held};

/// The value; null when a script failed, or has no answer yet.
pub(in crate::expr) fn value<'a>(
    code: &'a Code,
    names: &'a dyn Names,
    env: &mut Env<'_>,
) -> Result<Val<'a>, EvalError> {
    match checked(code, names, env) {
        Err(EvalError::Script(_)) => Ok(Val::Null),
        other => other,
    }
}

/// The value; a script's failure is an error.
pub(in crate::expr) fn checked<'a>(
    code: &'a Code,
    names: &'a dyn Names,
    env: &mut Env<'_>,
) -> Result<Val<'a>, EvalError> {
    env.meter.begin();
    match code {
        Code::Empty => Ok(Val::Missing),
        Code::Wrong(why) => Err(EvalError::Script(why.clone())),
        Code::Native(native) => Evaluator { names, env }.eval(&native.root),
        Code::Script(wide) => script(wide, names, env),
    }
}

fn script<'a>(wide: &'a Wide, names: &'a dyn Names, env: &mut Env<'_>) -> Result<Val<'a>, EvalError> {
    let mut locals = Map::new();
    for (name, part) in &wide.parts {
        let value = Evaluator { names, env }.eval(part)?.into_json_in(Profile::Graph)?;
        locals.insert(name.clone(), value);
    }
    let script = wide.source.bound(names, locals);
    match env.answer(script)? {
        Known::Answer(Ok(value)) => Ok(Val::owned(value.clone())),
        Known::Answer(Err(why)) => Err(EvalError::Script(why.clone())),
        Known::Asked => Ok(Val::Null),
    }
}

struct Evaluator<'a, 'e, 'u> {
    names: &'a dyn Names,
    env: &'e mut Env<'u>,
}

impl<'a> Evaluator<'a, '_, '_> {
    fn eval(&mut self, node: &'a Node) -> Result<Val<'a>, EvalError> {
        self.env.meter.operation()?;
        Ok(match node {
            Node::Null => Val::Null,
            Node::Bool(flag) => Val::Bool(*flag),
            Node::Number(x) => Val::Num(*x),
            Node::Text(text) => Val::Str(Cow::Borrowed(text)),
            Node::Quoted(text) => Val::Str(Cow::Owned(text.text(self.names, self.env)?)),
            Node::Path { root, steps } => self.path(root, steps)?,
            Node::Access { base, steps } => {
                let base = self.eval(base)?;
                self.steps(Held::plain(base), steps)?
            }
            Node::Not(operand) => Val::Bool(!self.eval(operand)?.is_truthy()),
            Node::Compare { first, rest } => {
                let mut left = self.eval(first)?;
                for (op, right) in rest {
                    let right = self.eval(right)?;
                    left = Val::Bool(compare::holds(*op, &left, &right, &mut self.env.meter)?);
                }
                left
            }
            Node::And(operands) => self.first(operands, |value| !value.is_truthy())?,
            Node::Or(operands) => self.first(operands, |value| !value.is_nullish())?,
            Node::Any(operands) => self.first(operands, Val::is_truthy)?,
            Node::Choice { arms, otherwise } => {
                for (condition, chosen) in arms {
                    if self.eval(condition)?.is_truthy() {
                        return self.eval(chosen);
                    }
                }
                self.eval(otherwise)?
            }
            Node::Piped { input, filters } => {
                let mut value = self.eval(input)?;
                for (filter, arg) in filters {
                    let arg = arg.as_ref().map_or(Ok(Val::Missing), |arg| self.eval(arg))?;
                    value = filter.apply(value, arg, &mut self.env.meter)?;
                }
                value
            }
        })
    }

    /// The first operand that decides, or the last. A missing one gives null: only a plain path stays missing.
    fn first(&mut self, operands: &'a [Node], decides: fn(&Val<'a>) -> bool) -> Result<Val<'a>, EvalError> {
        let mut value = Val::Null;
        for operand in operands {
            value = self.eval(operand)?;
            if decides(&value) {
                break;
            }
        }
        Ok(value)
    }

    fn path(&mut self, root: &'a str, steps: &'a [Step]) -> Result<Val<'a>, EvalError> {
        let Some(value) = self.names.get(root) else { return Ok(Val::Missing) };
        if steps.is_empty() {
            return Ok(Val::borrowed(value));
        }
        let held = Held { value: Val::borrowed(value), origin: self.names.origin(root) };
        self.steps(held, steps)
    }

    fn steps(&mut self, mut held: Held<'a>, steps: &'a [Step]) -> Result<Val<'a>, EvalError> {
        for step in steps {
            self.env.meter.operation()?;
            held = match step {
                Step::Key(key) => members::step(held, key, &mut self.env.meter)?,
                Step::Computed(node) => match self.eval(node)? {
                    Val::Str(key) => members::step(held, &key, &mut self.env.meter)?,
                    key => Held::plain(held.value.index(&key, &mut self.env.meter)?),
                },
            };
        }
        Ok(held.value)
    }
}

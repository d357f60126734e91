//! Syntax tree and names to a value. Stack use is bounded by the depth of the tree; every node costs an operation.

use std::borrow::Cow;

use serde_json::Value;

use super::ast::{LogicOp, Method, Node, Program, Step};
use super::env::{Env, Names};
use super::error::EvalError;
use super::measure::{ArrayBuilder, ObjectBuilder};
use super::value::Val;
use super::{array_methods, functions, operators, text_methods};

/// Evaluates with a fresh allowance of operations. The value borrows from the names and from the program.
pub(super) fn run<'a>(program: &'a Program, names: &'a dyn Names, env: &mut Env<'_>) -> Result<Val<'a>, EvalError> {
    env.meter.begin();
    Evaluator { names, env }.eval(&program.root)
}

struct Evaluator<'a, 'e, 'u> {
    names: &'a dyn Names,
    env: &'e mut Env<'u>,
}

impl<'a> Evaluator<'a, '_, '_> {
    fn eval(&mut self, node: &'a Node) -> Result<Val<'a>, EvalError> {
        self.env.meter.operation()?;
        match node {
            Node::Missing => Ok(Val::Missing),
            Node::Null => Ok(Val::Null),
            Node::Bool(flag) => Ok(Val::Bool(*flag)),
            Node::Number(x) => Ok(Val::Num(*x)),
            Node::Text(text) => Ok(Val::Str(Cow::Borrowed(text))),
            Node::Name(name) => Ok(self.names.get(name).map_or(Val::Missing, Val::borrowed)),
            Node::Array(items) => self.array(items),
            Node::Object(members) => self.object(members),
            Node::Access { base, steps } => self.access(base, steps),
            Node::Unary { op, operand } => {
                let operand = self.eval(operand)?;
                operators::unary(*op, &operand, &mut self.env.meter)
            }
            Node::Binary { first, rest } => {
                let mut left = self.eval(first)?;
                for (op, right) in rest {
                    let right = self.eval(right)?;
                    left = operators::binary(*op, left, &right, &mut self.env.meter)?;
                }
                Ok(left)
            }
            Node::Logic { op, operands } => self.logic(*op, operands),
            Node::Choice { arms, otherwise } => self.choice(arms, otherwise),
            Node::Call { function, args } => {
                let args = self.all(args)?;
                functions::call(*function, args, self.env)
            }
        }
    }

    fn array(&mut self, items: &'a [Node]) -> Result<Val<'a>, EvalError> {
        let mut array = ArrayBuilder::default();
        for item in items {
            let item = self.eval(item)?;
            array.push(item, &mut self.env.meter)?;
        }
        Ok(array.finish())
    }

    fn object(&mut self, members: &'a [(Box<str>, Node)]) -> Result<Val<'a>, EvalError> {
        let mut object = ObjectBuilder::default();
        for (key, member) in members {
            let member = self.eval(member)?;
            object.insert(key, member, &mut self.env.meter)?;
        }
        Ok(object.finish())
    }

    fn access(&mut self, base: &'a Node, steps: &'a [Step]) -> Result<Val<'a>, EvalError> {
        let mut value = self.eval(base)?;
        for step in steps {
            self.env.meter.operation()?;
            value = match step {
                Step::Member(key) => value.member(key, &mut self.env.meter)?,
                Step::Index(key) => {
                    let key = self.eval(key)?;
                    value.index(&key, &mut self.env.meter)?
                }
                Step::Method { method, args } => {
                    let args = self.all(args)?;
                    self.method(value, *method, &args)?
                }
            };
        }
        Ok(value)
    }

    fn method(&mut self, receiver: Val<'a>, method: Method, args: &[Val<'a>]) -> Result<Val<'a>, EvalError> {
        let kind = receiver.type_name();
        let meter = &mut self.env.meter;
        let result = match receiver {
            Val::Missing | Val::Null => Some(Val::Missing),
            Val::Str(text) => text_methods::call(method, text, args, meter)?,
            Val::Ref(Value::Array(items)) => array_methods::call(method, items, args, meter)?,
            Val::Owned(Value::Array(items)) => array_methods::call(method, &items, args, meter)?,
            _ => None,
        };
        result.ok_or_else(|| EvalError::Type(format!("there is no method `{}` on {kind}", method.name())))
    }

    fn logic(&mut self, op: LogicOp, operands: &'a [Node]) -> Result<Val<'a>, EvalError> {
        let mut value = Val::Missing;
        for operand in operands {
            value = self.eval(operand)?;
            let decided = match op {
                LogicOp::And => !value.is_truthy(),
                LogicOp::Or => value.is_truthy(),
                LogicOp::Coalesce => !value.is_nullish(),
            };
            if decided {
                break;
            }
        }
        Ok(value)
    }

    fn choice(&mut self, arms: &'a [(Node, Node)], otherwise: &'a Node) -> Result<Val<'a>, EvalError> {
        for (condition, chosen) in arms {
            if self.eval(condition)?.is_truthy() {
                return self.eval(chosen);
            }
        }
        self.eval(otherwise)
    }

    fn all(&mut self, nodes: &'a [Node]) -> Result<Vec<Val<'a>>, EvalError> {
        nodes.iter().map(|node| self.eval(node)).collect()
    }
}

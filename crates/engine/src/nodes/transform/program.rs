//! Expressions that are carried out for each element of a list, natively or as one script for the whole list.

use serde_json::{Map, Value};

use super::super::config::{self, NodeProblem, Parsed, failed};
use crate::event::StepError;
use crate::expr::{Env, Expression, Names, Overlay, Profile, ScriptKind};

/// Elements up to which a native expression is evaluated here; a script is faster for longer lists, and is not counted in
/// operations.
const NATIVE_ITEMS_MAX: usize = 2_000;

/// An expression over elements.
#[derive(Debug)]
pub(super) struct Program {
    /// In the native grammar, if it is of it.
    native: Option<Expression>,
    /// A JavaScript function, or a body.
    function: Expression,
}

impl Program {
    /// Reads an arrow function, or an expression over the named locals.
    pub(super) fn parse(text: &str, names: &'static [&'static str]) -> Result<Self, Vec<NodeProblem>> {
        let unparsed = |error| config::unparsed("expression", &error);
        let text = text.trim();
        if is_function(text) {
            let function = Expression::script(&wrapped(&format!("({text}\n)"), names), ScriptKind::Expression);
            return Ok(Self { native: None, function: function.map_err(unparsed)? });
        }
        let text = unbraced(text);
        let native = Expression::parse_in(Profile::Graph, &text).map_err(unparsed)?;
        let function = format!("(({}) => (\n{text}\n))", names.join(", "));
        let function = Expression::script(&wrapped(&function, names), ScriptKind::Expression).map_err(unparsed)?;
        Ok(Self { native: (!native.is_script()).then_some(native), function })
    }

    /// Reads a body of JavaScript, or an expression.
    pub(super) fn body(text: &str) -> Result<Self, Vec<NodeProblem>> {
        let function = Expression::script(text, ScriptKind::Body);
        Ok(Self { native: None, function: function.map_err(|error| config::unparsed("expression", &error))? })
    }

    pub(super) fn source(&self) -> Parsed<'_> {
        Parsed::Expression(self.native.as_ref().unwrap_or(&self.function))
    }

    /// An element whose evaluation fails becomes null.
    pub(super) fn map(&self, items: Vec<Value>, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        if let Some(native) = self.native_for(&items) {
            let mapped = items.into_iter().enumerate().map(|(index, item)| {
                let locals = element(item, index);
                native.evaluate(&Overlay { names, locals: &locals }, env).map_err(failed)
            });
            return mapped.collect::<Result<_, _>>().map(Value::Array);
        }
        self.script("map", items, None, names, env)
    }

    pub(super) fn filter(&self, items: Vec<Value>, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        if let Some(native) = self.native_for(&items) {
            let mut kept = Vec::new();
            for (index, item) in items.into_iter().enumerate() {
                let mut locals = element(item, index);
                let holds = native.is_truthy(&Overlay { names, locals: &locals }, env).map_err(failed)?;
                if holds {
                    kept.extend(locals.shift_remove("item"));
                }
            }
            return Ok(Value::Array(kept));
        }
        self.script("filter", items, None, names, env)
    }

    /// Without an initial value the first element is it; nothing of nothing is null.
    pub(super) fn reduce(
        &self,
        items: Vec<Value>,
        initial: Option<Value>,
        names: &dyn Names,
        env: &mut Env<'_>,
    ) -> Result<Value, StepError> {
        let Some(native) = self.native_for(&items) else { return self.script("reduce", items, initial, names, env) };
        let mut items = items.into_iter().enumerate();
        let mut sum = match initial {
            Some(initial) => initial,
            None => match items.next() {
                Some((_, first)) => first,
                None => return Ok(Value::Null),
            },
        };
        for (index, item) in items {
            let mut locals = element(item, index);
            locals.insert("acc".to_owned(), sum);
            sum = native.evaluate(&Overlay { names, locals: &locals }, env).map_err(failed)?;
        }
        Ok(sum)
    }

    pub(super) fn sort(&self, items: Vec<Value>, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        self.script("sort", items, None, names, env)
    }

    pub(super) fn custom(&self, data: Value, names: &dyn Names, env: &mut Env<'_>) -> Result<Value, StepError> {
        let locals = Map::from_iter([("data".to_owned(), data.clone()), ("input".to_owned(), data)]);
        self.function.evaluate_with(&locals, names, env).map_err(failed)
    }

    fn native_for(&self, items: &[Value]) -> Option<&Expression> {
        self.native.as_ref().filter(|_| items.len() <= NATIVE_ITEMS_MAX)
    }

    /// The whole list in one script.
    fn script(
        &self,
        operation: &str,
        items: Vec<Value>,
        initial: Option<Value>,
        names: &dyn Names,
        env: &mut Env<'_>,
    ) -> Result<Value, StepError> {
        let mut locals =
            Map::from_iter([(LIST.to_owned(), Value::Array(items)), (OPERATION.to_owned(), Value::from(operation))]);
        locals.insert(INITIAL.to_owned(), initial.map_or(Value::Array(Vec::new()), |value| Value::Array(vec![value])));
        self.function.evaluate_with(&locals, names, env).map_err(failed)
    }
}

/// Names that the script of a list sees besides those of the run.
const LIST: &str = "$list";
const OPERATION: &str = "$operation";
const INITIAL: &str = "$initial";

/// A function as a script that applies it to a list.
fn wrapped(function: &str, names: &[&str]) -> String {
    // The sandbox gives what it can of a failed map; everything else fails as a whole.
    let comparing = names.first() == Some(&"a");
    if comparing {
        return format!(
            "(($f) => $list.slice().sort((a, b) => {{ const r = $f(a, b); return r === true ? 1 : r === false ? -1 : r; }}))(\n{function}\n)"
        );
    }
    format!(
        "(($f) => {{ switch ($operation) {{ \
         case 'map': return $list.map((item, index) => {{ try {{ const r = $f(item, index, $list); return r === undefined ? null : r; }} catch (e) {{ return null; }} }}); \
         case 'filter': return $list.filter((item, index) => $f(item, index, $list)); \
         default: return $initial.length ? $list.reduce($f, $initial[0]) : $list.length ? $list.reduce($f) : null; }} }})(\n{function}\n)"
    )
}

fn element(item: Value, index: usize) -> Map<String, Value> {
    Map::from_iter([("item".to_owned(), item), ("index".to_owned(), Value::from(index))])
}

/// Whether a text is a function: `x => …`, `(a, b) => …`, `function (…) {…}`.
fn is_function(text: &str) -> bool {
    let text = text.strip_prefix("async").map_or(text, str::trim_start);
    if text.starts_with("function") {
        return true;
    }
    let after = match text.strip_prefix('(') {
        Some(rest) => {
            let mut depth = 1_usize;
            let end = rest.char_indices().find(|(_, c)| {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            end.map_or("", |(at, _)| &rest[at + 1..])
        }
        None => text.trim_start_matches(|c: char| c == '_' || c == '$' || c.is_alphanumeric()),
    };
    after.trim_start().starts_with("=>")
}

/// An expression in which placeholders are operands, without their braces.
fn unbraced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push('(');
        out.push_str(inner.trim());
        out.push(')');
        rest = behind;
    }
    out.push_str(rest);
    out
}

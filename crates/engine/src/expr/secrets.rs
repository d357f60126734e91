//! Where an expression may name a secret: as `secrets.NAME`, alone or joined to texts with `+`.
//!
//! Everything else (a method, a comparison, a condition, a computed name) would tell something about the value before the step that
//! needs it, or could not be carried out, since the value is only put in when the step is performed.

use super::ast::{BinaryOp, Node, Program, Step};
use crate::secrets::is_name;

/// The root name.
pub(super) const ROOT: &str = "secrets";

/// Why a use is refused.
const WRONG: &str =
    "secrets may only be written as secrets.NAME (capital letters, digits and _), alone or joined to texts with +";

/// Adds the names of the secrets that a program uses, each once.
///
/// # Errors
/// Why a use is refused.
pub(super) fn collect<'p>(program: &'p Program, found: &mut Vec<&'p str>) -> Result<(), &'static str> {
    if program.names.iter().any(|name| &**name == ROOT) { value(&program.root, found) } else { Ok(()) }
}

/// A place where a secret may stand.
fn value<'p>(node: &'p Node, found: &mut Vec<&'p str>) -> Result<(), &'static str> {
    match node {
        Node::Access { base, steps } if matches!(&**base, Node::Name(name) if &**name == ROOT) => {
            let [Step::Member(name)] = &steps[..] else { return Err(WRONG) };
            if !is_name(name) {
                return Err(WRONG);
            }
            if !found.contains(&&**name) {
                found.push(name);
            }
            Ok(())
        }
        Node::Binary { first, rest } if rest.iter().all(|(op, _)| *op == BinaryOp::Add) => {
            value(first, found)?;
            rest.iter().try_for_each(|(_, operand)| value(operand, found))
        }
        Node::Choice { arms, otherwise } => {
            for (condition, chosen) in arms {
                free(condition)?;
                value(chosen, found)?;
            }
            value(otherwise, found)
        }
        Node::Array(items) => items.iter().try_for_each(|item| value(item, found)),
        Node::Object(members) => members.iter().try_for_each(|(_, member)| value(member, found)),
        other => free(other),
    }
}

/// A place where none may stand.
fn free(node: &Node) -> Result<(), &'static str> {
    match node {
        Node::Name(name) if &**name == ROOT => Err(WRONG),
        Node::Missing | Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Name(_) => Ok(()),
        Node::Array(items) => items.iter().try_for_each(free),
        Node::Object(members) => members.iter().try_for_each(|(_, member)| free(member)),
        Node::Access { base, steps } => {
            free(base)?;
            steps.iter().try_for_each(|step| match step {
                Step::Member(_) => Ok(()),
                Step::Index(key) => free(key),
                Step::Method { args, .. } => args.iter().try_for_each(free),
            })
        }
        Node::Unary { operand, .. } => free(operand),
        Node::Binary { first, rest } => {
            free(first)?;
            rest.iter().try_for_each(|(_, operand)| free(operand))
        }
        Node::Logic { operands, .. } => operands.iter().try_for_each(free),
        Node::Choice { arms, otherwise } => {
            for (condition, chosen) in arms {
                free(condition)?;
                free(chosen)?;
            }
            free(otherwise)
        }
        Node::Call { args, .. } => args.iter().try_for_each(free),
    }
}

//! The expression language of flows: `{{ expression }}` in texts, conditions of branches and loops.
//!
//! The rules are those of the Flow API contract, section 6.3. A source is parsed once ([`Expression`], [`Template`],
//! [`JsonTemplate`]) and evaluated many times against [`Names`], which are borrowed and never copied. Evaluation is
//! total: it gives a value or an [`EvalError`], within the bounds of [`limits`], and reads neither a clock nor
//! chance; both come from [`Env`].
//!
//! What the contract leaves open is decided here:
//! - **Missing** differs from null inside an expression (`undefined`). At the border it is null; as a member of an
//!   object literal it is left out, as an element of an array literal it is null. Results that are not finite become
//!   null at the border.
//! - A method called on null or missing gives missing, like access; on a value of the wrong type it is an error.
//! - Positions and `length` of texts count Unicode scalar values, not UTF-16 units: a text can never be cut inside a
//!   character. Texts are ordered by code point.
//! - Arrays and objects are equal (`==`, `===`, `includes`, `indexOf`) when their content is: a replayed run has no
//!   object identity. Loose `==` never converts an array or an object.
//! - Integers outside ±2^53 keep their digits while they are only passed on, written as text or compared with each
//!   other; arithmetic makes them floating point numbers.
//! - `str(x)` writes what a template would write; `json(text)` reads JSON and gives null for a text that is not JSON,
//!   other values pass; `num` gives null for what is not a number (an empty text included); `bool` is truthiness,
//!   except that the texts `false` and `0` are false; `len` of null or missing is 0; `min` and `max` also take the
//!   elements of an array.
//!
//! Workflows, which are graphs, have expressions of their own: [`Profile::Graph`], in `graph`. Values, limits and the
//! types here are shared; grammar and rules are not, for they agree in little.
//!
//! Start reading with `parser.rs` (and the tables in `precedence.rs`, `ast.rs`, `functions.rs`) for what is accepted,
//! then `eval.rs`.

mod array_methods;
mod ast;
mod compare;
mod dates;
mod env;
mod error;
mod eval;
mod expression;
mod functions;
mod graph;
mod json_template;
mod lexer;
pub mod limits;
mod measure;
mod number;
mod operators;
mod parser;
mod precedence;
mod profile;
mod reference;
mod scan;
mod script;
mod secrets;
mod template;
mod text;
mod text_methods;
mod value;

#[cfg(test)]
mod tests;

pub use env::{Env, Names, Origin, Overlay};
pub use error::{EvalError, Limit, ParseError};
pub use expression::Expression;
pub use json_template::{JsonTemplate, PlacedParseError};
pub use profile::Profile;
pub use reference::{FUNCTIONS, FunctionDoc};
pub use script::{Answered, Script, ScriptKind, ScriptRecord};
pub use template::Template;

/// A number as JavaScript writes it: the shortest digits that read back as the same number.
#[must_use]
pub fn number_text(x: f64) -> String {
    number::to_text(x)
}

/// The text without the code fence that models put around JSON.
pub(crate) fn unfenced(text: &str) -> &str {
    graph::members::unfenced(text)
}

/// Whether an object is what a node of a graph that asks a model leaves behind.
pub(crate) fn is_model_record(members: &serde_json::Map<String, serde_json::Value>) -> bool {
    graph::members::is_model_record(members)
}

//! The named functions as editors show them.

/// A function of the expression language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// How it is called; `?` marks what may be left out.
    pub signature: &'static str,
    /// What it gives.
    pub description: &'static str,
}

const fn doc(name: &'static str, signature: &'static str, description: &'static str) -> FunctionDoc {
    FunctionDoc { name, signature, description }
}

/// Every function (Flow API contract, section 6.3).
pub const FUNCTIONS: &[FunctionDoc] = &[
    doc("str", "str(value)", "The value as text; lists and objects as JSON, null and missing as nothing."),
    doc("num", "num(value)", "The value as a number, or null when it is none."),
    doc("bool", "bool(value)", "Whether the value counts as true."),
    doc("json", "json(text)", "The value that a JSON text holds."),
    doc("len", "len(value)", "Characters of a text, entries of a list, names of an object."),
    doc("keys", "keys(object)", "The names in an object."),
    doc("values", "values(object)", "The values in an object."),
    doc("default", "default(value, other)", "The value, or the other one when it is null or missing."),
    doc("round", "round(number, places?)", "The number rounded to so many decimal places."),
    doc("floor", "floor(number)", "The next whole number below."),
    doc("ceil", "ceil(number)", "The next whole number above."),
    doc("abs", "abs(number)", "The number without its sign."),
    doc("min", "min(first, …)", "The smallest of the numbers."),
    doc("max", "max(first, …)", "The largest of the numbers."),
    doc("now", "now()", "The present instant, kept with the step."),
    doc("dateFormat", "dateFormat(instant, pattern, timezone?)", "The instant as text."),
    doc("uuid", "uuid()", "A new id, kept with the step."),
];

#[cfg(test)]
mod tests {
    use super::super::functions::{Function, names};
    use super::*;

    #[test]
    fn every_function_is_described_and_every_description_is_of_one() {
        let described: Vec<_> = FUNCTIONS.iter().map(|one| one.name).collect();
        assert_eq!(described, names());
        for one in FUNCTIONS {
            assert!(one.signature.starts_with(&format!("{}(", one.name)) && one.signature.ends_with(')'), "{one:?}");
            let (_, least, most) = Function::find(one.name).expect("a function");
            let inside = one.signature.trim_end_matches(')').split_once('(').map_or("", |(_, inside)| inside);
            let arguments: Vec<_> = inside.split(", ").filter(|argument| !argument.is_empty()).collect();
            let required = arguments.iter().filter(|one| !one.ends_with('?') && **one != "…").count();
            assert_eq!(required, least, "{one:?}");
            assert_eq!(arguments.contains(&"…"), most == usize::MAX, "{one:?}");
        }
    }
}

//! Tables go through the functions here, so that the API can change without editing cases.

mod contract;
mod fuzz;
mod graph;
mod javascript;
mod limits;
mod properties;
mod templates;
pub(crate) mod world;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

// `world` names the language as `super::expr`, here and in the tests of the sandbox.
use crate::expr;

use super::{Env, EvalError, Expression, ParseError};

/// 2023-11-14T22:13:20.123Z, a Tuesday.
const NOW: Timestamp = Timestamp(1_700_000_000_123_000);

fn context() -> Map<String, Value> {
    let Value::Object(context) = json!({
        "n": 5, "zero": 0, "neg": -2.5, "text": "Hello, World", "empty": "", "yes": true, "no": false, "nothing": null, "digits": " 42 ",
        "list": [1, "two", 3, null, [4, 5]],
        "user": { "name": "Ada", "tags": ["x", "y"], "length": 7, "a-b": 1, "profile": { "city": null } },
        "sigma": "ΟΔΟΣ", "accents": "éàü",
        "steps": { "fetch-1": { "status": 200, "rows": [{ "id": 1 }, { "id": 2 }] } },
        "big": 9_007_199_254_740_993_i64, "bigger": 18_446_744_073_709_551_615_u64, "one_point": 1.0,
        "true_name": 1, "class": "c", "ключ": "key", "$price": 3,
    }) else {
        unreachable!("an object was written")
    };
    context
}

/// Runs `with` in an environment whose ids count up from `id-1`.
fn in_env<T>(with: impl FnOnce(&Map<String, Value>, &mut Env<'_>) -> T) -> T {
    let mut count = 0;
    let mut uuid = || {
        count += 1;
        format!("id-{count}")
    };
    with(&context(), &mut Env::new(NOW, &mut uuid))
}

fn evaluate(source: &str) -> Result<Value, EvalError> {
    let expression = Expression::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    in_env(|names, env| expression.evaluate(names, env))
}

/// The result is printed as JavaScript prints it. Texts are compared, because the JSON reader rounds some numbers by
/// a last digit.
fn check(source: &str, expected: &str) {
    let result = evaluate(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(super::text::to_json_text(&result).as_deref(), Ok(expected), "{source}");
}

fn check_all(cases: &[(&str, &str)]) {
    cases.iter().for_each(|(source, expected)| check(source, expected));
}

/// Evaluation fails with a code and a message that has a part.
fn check_fails(source: &str, code: &str, message: &str) {
    let error = evaluate(source).expect_err(source);
    assert_eq!(error.code(), code, "{source}: {error}");
    assert!(error.to_string().contains(message), "{source}: {error}");
}

/// Parsing fails at an offset with a message that has a part.
fn check_refused(source: &str, offset: usize, message: &str) {
    let error: ParseError = Expression::parse(source).expect_err(source);
    assert_eq!(error.offset, offset, "{source}: {error}");
    assert!(error.message.contains(message), "{source}: {error}");
}

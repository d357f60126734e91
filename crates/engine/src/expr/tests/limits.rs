//! The limits hold, with room for what is allowed, and nothing exhausts the stack.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::super::limits::{
    DEPTH_MAX, ENV_OPERATIONS_MAX, OPERATIONS_MAX, RESULT_BYTES_MAX, SOURCE_BYTES_MAX, VALUE_DEPTH_MAX,
};
use super::super::{Env, EvalError, Expression, JsonTemplate, Limit, Template};
use super::NOW;

fn evaluate(source: &str, names: &Value) -> Result<Value, EvalError> {
    let Value::Object(names) = names else { unreachable!("names are an object") };
    let expression = Expression::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    expression.evaluate(names, &mut Env::new(NOW, &mut String::new))
}

fn limited(source: &str, names: &Value, limit: Limit) {
    let error = evaluate(source, names).expect_err(source);
    assert_eq!(error, EvalError::Limit(limit), "{source}");
    assert_eq!(error.code(), "expression_limit");
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| json!([inner]))
}

#[test]
fn source_is_limited() {
    let longest = "1".repeat(SOURCE_BYTES_MAX - 2) + "  ";
    assert!(Expression::parse(&longest).is_ok());
    assert!(Expression::parse(&(longest + " ")).is_err());
    let one = format!("{{{{'{}'}}}}", "x".repeat(SOURCE_BYTES_MAX - 2));
    assert!(Template::parse(&one.repeat(3)).is_ok(), "the limit is for each placeholder");
    assert!(Template::parse(&format!("{{{{'{}'}}}}", "x".repeat(SOURCE_BYTES_MAX - 1))).is_err());
}

#[test]
fn nesting_is_limited_and_chains_are_not_nesting() {
    let with =
        |open: &str, inner: &str, close: &str, levels: usize| open.repeat(levels) + inner + &close.repeat(levels);
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "", "]"),
        ("{a:", "1", "}"),
        ("!", "1", ""),
        ("abs(", "1", ")"),
        ("a[", "1", "]"),
        ("1+(", "1", ")"),
        ("1?", "1", ":1"),
        ("(a||", "1", ")?1:2"),
    ] {
        assert!(Expression::parse(&with(open, inner, close, DEPTH_MAX / 2)).is_ok(), "{open}");
        let error = Expression::parse(&with(open, inner, close, DEPTH_MAX + 2)).expect_err(open);
        assert!(error.message.contains("deeper"), "{open}: {error}");
    }
    assert!(Expression::parse(&with("[", "", "]", DEPTH_MAX)).is_ok());
    for (first, more) in
        [("1", "+1"), ("a", ".b"), ("a", "&&a"), ("a", "?1:a"), ("a", "[0]"), ("'a'", ".trim()"), ("1", "==1")]
    {
        let source = first.to_owned() + &more.repeat(500);
        assert!(evaluate(&source, &json!({})).is_ok(), "{more}");
    }
}

#[test]
fn hostile_sources_do_not_exhaust_a_small_stack() {
    let worst = "(a*b+c<d==e&&f||g?h:i*".repeat(180);
    let right = "1||1&&1==1<1+1*(".repeat(DEPTH_MAX * 3);
    let fitting = "1||1&&1==1<1+1*(".repeat(10) + "1" + &")".repeat(10);
    let sources = ["(", "[", "{a:", "!", "-", "a?", "a[", "str(", "a.trim(", "a??("]
        .map(|open| open.repeat(SOURCE_BYTES_MAX / open.len()));
    let run = move || {
        sources.iter().chain([&worst, &right]).for_each(|source| assert!(Expression::parse(source).is_err()));
        assert_eq!(evaluate(&fitting, &json!({})), Ok(json!(1)));
    };
    std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(run)
        .expect("a thread starts")
        .join()
        .expect("it ends well");
}

#[test]
fn work_over_data_is_paid_for() {
    let elements = OPERATIONS_MAX as usize * 20;
    let names = json!({ "list": vec![0; elements], "text": "x".repeat(3 * 1024 * 1024), "object": (0..elements).map(|n| (n.to_string(), json!(1))).collect::<Map<_, _>>() });
    for source in [
        "list.includes(1)",
        "max(list)",
        "list == list",
        "text.includes('y') || text.includes('z') || text.includes('u') || text.includes('v')",
        "object == object",
    ] {
        limited(source, &names, Limit::Operations);
    }
    assert_eq!(evaluate("list.length + text.length", &names), Ok(json!(elements + 3 * 1024 * 1024)));
    // Each of these is allowed alone; together they are too much.
    let many = ["text.trim().length"; 5].join("+");
    limited(&many, &names, Limit::Operations);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "measures that the price of operations bounds the time they take")]
fn no_expression_takes_long() {
    let names = json!({ "list": vec!["ab"; 100_000], "text": "ab".repeat(RESULT_BYTES_MAX / 2), "deep": nested(90) });
    let pieces = [
        "list.join(text)",
        "text.split('b').join('')",
        "[list,list,list]",
        "text.replace('a',text)+text",
        "str(list)+str(list)",
        "list.concat(list)",
        "json(str(list))",
        "deep==deep",
    ];
    for piece in pieces {
        let source = vec![piece; (SOURCE_BYTES_MAX - 2) / (piece.len() + 1)].join(",");
        let source = format!("[{}]", &source);
        let Ok(expression) = Expression::parse(&source) else { panic!("{piece}") };
        let Value::Object(names) = &names else { unreachable!("names are an object") };
        let start = Instant::now();
        let _ = expression.evaluate(names, &mut Env::new(NOW, &mut String::new));
        assert!(start.elapsed() < Duration::from_secs(2), "{piece} took {:?}", start.elapsed());
    }
}

#[test]
fn results_and_what_leads_to_them_are_limited_in_size() {
    let names = json!({ "half": "x".repeat(RESULT_BYTES_MAX / 2), "list": [ "x".repeat(RESULT_BYTES_MAX / 2) ], "huge": "x".repeat(RESULT_BYTES_MAX + 1) });
    for source in [
        "huge",
        "(half + half + 'x').length",
        "[half, half].length",
        "{a: half, b: half}",
        "list.concat(list)",
        "[list, list, list][0]",
        "half.replace('x', '$&$`$\\'$\\'$\\'')",
        "json(huge)",
        "huge.toUpperCase()",
        "list.concat(list.concat(list))",
        "values({a: list[0], b: half})",
        "['', '', '', ''].join(half)",
    ] {
        limited(source, &names, Limit::ResultSize);
    }
    assert_eq!(evaluate("half + half", &names).map(|value| value.as_str().map(str::len)), Ok(Some(RESULT_BYTES_MAX)));
    assert_eq!(evaluate("huge.length", &names), Ok(json!(RESULT_BYTES_MAX + 1)), "reading what is larger is allowed");
    assert!(evaluate("huge.slice(0, 5)", &names).is_ok());
}

#[test]
fn results_are_limited_in_depth() {
    let names = json!({ "deep": nested(VALUE_DEPTH_MAX), "deeper": nested(VALUE_DEPTH_MAX + 1) });
    assert_eq!(evaluate("deep", &names), Ok(nested(VALUE_DEPTH_MAX)));
    for source in ["deeper", "[deep]", "{a: deep}", "[1].concat([deep])", "deeper + ''", "deeper == deeper"] {
        limited(source, &names, Limit::ValueDepth);
    }
    let template = JsonTemplate::parse(&json!({ "a": "{{deep}}" })).expect("it is well formed");
    let Value::Object(names) = names else { unreachable!("names are an object") };
    assert_eq!(template.render(&names, &mut Env::new(NOW, &mut String::new)), Err(EvalError::Limit(Limit::ValueDepth)));
    assert!(JsonTemplate::parse(&nested(VALUE_DEPTH_MAX + 2)).is_err());
}

#[test]
fn all_placeholders_together_are_limited() {
    let names: Map<String, Value> = [("text".to_owned(), json!("x".repeat(RESULT_BYTES_MAX)))].into_iter().collect();
    let count = ENV_OPERATIONS_MAX as usize / 1024 + 1;
    let value = json!(vec!["{{text.trim().length}}"; count]);
    let template = JsonTemplate::parse(&value).expect("it is well formed");
    assert_eq!(template.render(&names, &mut Env::new(NOW, &mut String::new)), Err(EvalError::Limit(Limit::Operations)));
    let template = JsonTemplate::parse(&json!(["{{text}}", "{{text}}"])).expect("it is well formed");
    assert_eq!(template.render(&names, &mut Env::new(NOW, &mut String::new)), Err(EvalError::Limit(Limit::ResultSize)));
    let template = Template::parse("{{text}}{{text}}").expect("it is well formed");
    assert_eq!(template.render(&names, &mut Env::new(NOW, &mut String::new)), Err(EvalError::Limit(Limit::ResultSize)));
}

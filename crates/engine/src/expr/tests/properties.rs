//! What holds for any source, any names and any text.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::limits::RESULT_BYTES_MAX;
use super::super::{Env, EvalError, Expression, JsonTemplate, Template};
use super::NOW;

fn any_value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5i64..50).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c0-9 .,é😀$-]{0,6}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    plain.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            hash_map("[a-c]", inner, 0..4).prop_map(|members| members.into_iter().collect())
        ]
    })
}

fn any_names() -> impl Strategy<Value = Map<String, Value>> {
    hash_map("[a-d]", any_value(), 0..5).prop_map(|names| names.into_iter().collect())
}

/// Sources that follow the grammar, though not the limits.
fn any_source() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        "[a-d]",
        "[0-9]{1,3}(\\.[0-9]{1,2})?(e[0-9]{1,2})?",
        "'[a-c0-9 ,$&é😀]{0,5}'",
        prop::sample::select(vec!["true", "false", "null", "undefined", "[]", "{}", "now()", "uuid()"])
            .prop_map(str::to_owned),
    ];
    plain.prop_recursive(6, 64, 4, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "===", "!==", "&&", "||", "??",
        ]);
        let function = prop::sample::select(vec![
            ("str", 1),
            ("num", 1),
            ("bool", 1),
            ("json", 1),
            ("len", 1),
            ("keys", 1),
            ("values", 1),
            ("default", 2),
            ("round", 2),
            ("floor", 1),
            ("ceil", 1),
            ("abs", 1),
            ("min", 2),
            ("max", 2),
            ("dateFormat", 2),
        ]);
        let method = prop::sample::select(vec![
            ("includes", 1),
            ("includes", 2),
            ("startsWith", 2),
            ("endsWith", 2),
            ("indexOf", 2),
            ("slice", 2),
            ("split", 1),
            ("split", 2),
            ("replace", 2),
            ("trim", 0),
            ("toLowerCase", 0),
            ("toUpperCase", 0),
            ("join", 1),
            ("concat", 2),
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (prop::sample::select(vec!["!", "-", "+"]), inner.clone())
                .prop_map(|(operator, operand)| format!("{operator} {operand}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), "[a-c]").prop_map(|(base, member)| format!("({base}).{member}")),
            (inner.clone(), inner.clone()).prop_map(|(base, index)| format!("({base})[{index}]")),
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec(("[a-c]", inner.clone()), 0..4).prop_map(|members| format!(
                "{{{}}}",
                members.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(",")
            )),
            (function, vec(inner.clone(), 2))
                .prop_map(|((name, count), args)| format!("{name}({})", args[..count].join(","))),
            (inner.clone(), method, vec(inner, 2))
                .prop_map(|(base, (name, count), args)| format!("({base}).{name}({})", args[..count].join(","))),
        ]
    })
}

fn evaluate(expression: &Expression, names: &Map<String, Value>) -> Result<Value, EvalError> {
    expression.evaluate(names, &mut Env::new(NOW, &mut || "id".into()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parsers_panic(text in any::<String>(), soup in "[a-c0-9 .,:?!+*/%<>=&|(){}'\"\\[\\]\\\\-]{0,40}") {
        for source in [&text, &soup] {
            let _ = Expression::parse(source);
            let _ = Template::parse(source);
            let _ = Template::parse(&format!("{{{{{source}}}}}"));
        }
    }

    #[test]
    fn an_offset_is_a_place_in_the_source(soup in "[a-cé😀0-9 .,:?+(){}'\"\\[\\]\\\\]{0,30}") {
        if let Err(error) = Expression::parse(&soup) {
            prop_assert!(soup.is_char_boundary(error.offset), "{error}");
        }
        if let Err(error) = Template::parse(&soup) {
            prop_assert!(soup.is_char_boundary(error.offset), "{error}");
        }
    }

    #[test]
    fn evaluation_is_total_repeatable_and_bounded(source in any_source(), names in any_names()) {
        let Ok(expression) = Expression::parse(&source) else { return Ok(()) };
        let first = evaluate(&expression, &names);
        prop_assert_eq!(&first, &evaluate(&expression, &names));
        if let Ok(value) = first {
            let text = serde_json::to_string(&value).expect("a value is JSON");
            // Escapes and the spelling of fractions are not counted, which gives at most six times as much.
            prop_assert!(text.len() <= 6 * RESULT_BYTES_MAX);
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "it can be read back");
        }
    }

    #[test]
    fn truth_agrees_with_the_operator(source in any_source(), names in any_names()) {
        let (Ok(plain), Ok(doubled)) = (Expression::parse(&source), Expression::parse(&format!("!!({source})"))) else { return Ok(()) };
        let truth = plain.is_truthy(&names, &mut Env::new(NOW, &mut || "id".into()));
        if let Ok(doubled) = evaluate(&doubled, &names) {
            prop_assert_eq!(truth, Ok(doubled == Value::Bool(true)));
        }
    }

    #[test]
    fn a_placeholder_alone_is_its_expression(source in any_source(), names in any_names()) {
        let Ok(expression) = Expression::parse(&source) else { return Ok(()) };
        let template = Template::parse(&format!("{{{{{source}}}}}")).expect("the placeholder is well formed");
        prop_assert_eq!(evaluate(&expression, &names), template.render(&names, &mut Env::new(NOW, &mut || "id".into())));
        prop_assert_eq!(expression.roots(), template.roots());
    }

    #[test]
    fn texts_without_placeholders_stay_as_they_are(text in any::<String>()) {
        prop_assume!(!text.contains("{{"));
        let template = Template::parse(&text).expect("there is nothing to parse");
        prop_assert!(template.is_literal());
        prop_assert_eq!(template.render(&Map::new(), &mut Env::new(NOW, &mut String::new)), Ok(Value::String(text)));
    }

    #[test]
    fn values_without_placeholders_stay_as_they_are(value in any_value()) {
        prop_assume!(!value.to_string().contains("{{"));
        let template = JsonTemplate::parse(&value).expect("there is nothing to parse");
        prop_assert_eq!(template.render(&Map::new(), &mut Env::new(NOW, &mut String::new)), Ok(value));
    }

    #[test]
    fn numbers_are_read_back_as_they_were_written(x in any::<f64>()) {
        prop_assume!(x.is_finite());
        let text = super::super::number::to_text(x);
        prop_assert_eq!(super::super::number::parse(&text), x);
    }

    #[test]
    fn slicing_cuts_where_the_characters_are(text in any::<String>(), start in -8i64..8, end in -8i64..8) {
        let names = [("t".to_owned(), Value::from(text.clone()))].into_iter().collect();
        let expression = Expression::parse(&format!("t.slice({start}, {end})")).expect("it is well formed");
        let length = text.chars().count() as i64;
        let at = |x: i64| if x < 0 { (length + x).max(0) } else { x.min(length) } as usize;
        let expected: String = text.chars().take(at(end)).skip(at(start)).collect();
        prop_assert_eq!(evaluate(&expression, &names), Ok(Value::from(expected)));
    }
}

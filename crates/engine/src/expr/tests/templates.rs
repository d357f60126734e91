//! Texts and JSON values with placeholders.

use serde_json::{Value, json};

use super::super::{JsonTemplate, Template};
use super::in_env;

fn check(text: &str, expected: &Value) {
    let template = Template::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(in_env(|names, env| template.render(names, env)).as_ref(), Ok(expected), "{text}");
}

fn check_refused(text: &str, offset: usize, message: &str) {
    let error = Template::parse(text).expect_err(text);
    assert_eq!(error.offset, offset, "{text}: {error}");
    assert!(error.message.contains(message), "{text}: {error}");
}

#[test]
fn one_placeholder_keeps_the_type() {
    for (text, expected) in [
        ("{{n}}", json!(5)),
        ("{{ n }}", json!(5)),
        ("{{list[4]}}", json!([4, 5])),
        ("{{ {a: {b: n}} }}", json!({ "a": { "b": 5 } })),
        ("{{{a:{b:n}}}}", json!({ "a": { "b": 5 } })),
        ("{{yes}}", json!(true)),
        ("{{nothing}}", json!(null)),
        ("{{unknown.x}}", json!(null)),
        ("{{'}}'}}", json!("}}")),
        ("{{\"{{\"}}", json!("{{")),
        ("{{big}}", json!(9_007_199_254_740_993_i64)),
        ("{{0/0}}", json!(null)),
    ] {
        check(text, &expected);
    }
}

#[test]
fn other_texts_join_what_the_placeholders_give() {
    for (text, expected) in [
        ("", ""),
        ("plain }} text { } {", "plain }} text { } {"),
        (" {{n}}", " 5"),
        ("{{n}}{{n}}", "55"),
        ("Hi {{user.name}}, {{user.tags}}!", "Hi Ada, [\"x\",\"y\"]!"),
        ("a{{nothing}}b{{unknown}}c{{0/0}}d", "abcd"),
        ("{{yes}}/{{one_point}}/{{1e21}}/{{neg}}/{{big}}", "true/1/1e+21/-2.5/9007199254740993"),
        ("o={{ {a: 'ü\"', b: [null, 1e-7]} }}", "o={\"a\":\"ü\\\"\",\"b\":[null,1e-7]}"),
        ("{\"a\":{\"b\":{{n}}}}", "{\"a\":{\"b\":5}}"),
        ("line\n{{ n\n + 1 }}\n", "line\n6\n"),
    ] {
        check(text, &json!(expected));
    }
}

#[test]
fn a_backslash_before_the_braces_makes_them_plain() {
    for (text, expected) in [
        (r"\{{n}}", "{{n}}"),
        (r"a \{{ b", "a {{ b"),
        (r"{{n}}\{{n}}{{n}}", "5{{n}}5"),
        (r"\\{{n}}", r"\{{n}}"),
        (r"\{ {{n}}", r"\{ 5"),
        (r"\{{{{n}}", "{{5"),
        (r"\n", r"\n"),
    ] {
        check(text, &json!(expected));
    }
}

#[test]
fn what_is_not_closed_or_not_an_expression_is_refused() {
    for (text, offset, message) in [
        ("{{", 0, "not closed"),
        ("ab {{ n", 3, "not closed"),
        ("ab {{ n }", 8, "unexpected `}`"),
        ("{{ n } }", 5, "unexpected `}`"),
        ("{{}}", 2, "unexpected `}`"),
        ("{{ n m }}", 5, "unexpected `m`"),
        ("é {{ n + }}", 10, "unexpected `}`"),
        ("{{n}} {{ 'x }}", 9, "no closing quote"),
        ("{{ n = 1 }}", 5, "assignment"),
        ("{{ {{n}} }}", 4, "unexpected `{`"),
    ] {
        check_refused(text, offset, message);
    }
}

#[test]
fn a_template_tells_whether_it_is_literal_and_what_it_reads() {
    for (text, literal, roots) in [
        ("", true, vec![]),
        ("a", true, vec![]),
        (r"\{{a}}", true, vec![]),
        ("{{1}}", false, vec![]),
        ("{{a}} {{b.a}}{{a + c}}", false, vec!["a", "b", "c"]),
    ] {
        let template = Template::parse(text).expect("it is well formed");
        assert_eq!((template.is_literal(), template.roots(), template.source()), (literal, roots, text));
    }
}

#[test]
fn json_values_hold_templates_at_any_depth() {
    let value = json!({
        "url": "https://x.test/{{n}}", "typed": "{{user.tags}}", "none": "{{unknown}}", "plain": 1.5, "{{n}}": r"\{{n}}",
        "deep": [{ "a": ["{{text}}", null] }],
    });
    let template = JsonTemplate::parse(&value).expect("it is well formed");
    let expected = json!({
        "url": "https://x.test/5", "typed": ["x", "y"], "none": null, "plain": 1.5, "{{n}}": "{{n}}",
        "deep": [{ "a": ["Hello, World", null] }],
    });
    let rendered = in_env(|names, env| template.render(names, env)).expect("it renders");
    assert_eq!(rendered.to_string(), expected.to_string(), "the order of members stays");
    assert_eq!(template.roots(), ["n", "user", "unknown", "text"]);
    assert!(!template.is_literal());
}

#[test]
fn json_values_without_placeholders_are_literal() {
    let value = json!({ "a": [1, { "b": "c" }], "d": {}, "e": [] });
    let template = JsonTemplate::parse(&value).expect("it is well formed");
    assert!(template.is_literal());
    assert_eq!(in_env(|names, env| template.render(names, env)), Ok(value));
}

#[test]
fn a_wrong_text_in_a_json_value_is_named_by_pointer() {
    for (value, pointer) in [
        (json!("{{"), ""),
        (json!({ "a/b": [1, { "~": "x {{ y" }] }), "/a~1b/1/~0"),
        (json!([["{{1}}"], ["{{)}}"]]), "/1/0"),
    ] {
        let error = JsonTemplate::parse(&value).expect_err(pointer);
        assert_eq!(error.pointer, pointer);
    }
}

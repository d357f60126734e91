//! `transform`.

use serde_json::{Value, json};

use super::{Seen, parse, problems};
use crate::expr::Answered;

fn seen() -> Seen {
    Seen {
        before: vec![("first-1", None, json!([[1], [2, [3]], 4])), ("second-1", Some("second"), json!({ "x": 1 }))],
        ..Seen::names(json!({
            "rows": [{ "n": 2, "s": "b" }, { "n": 10, "s": "a" }, { "s": "c" }, { "n": 1, "s": "a" }],
            "nums": [3, 1, 2], "o": { "a": { "b": [7] }, "c": 1 }, "p": { "c": 2, "d": 3 }, "text": "[1, 2]", "t": "plain", "tax": 2,
        }))
    }
}

fn value(config: Value) -> Value {
    let record = seen().record("transform", config);
    record["value"].clone()
}

#[test]
fn every_operation_gives_its_value() {
    for (config, expected) in [
        (json!({ "operation": "map", "inputData": "{{rows}}", "expression": "item.n" }), json!([2, 10, null, 1])),
        (
            json!({ "operation": "map", "inputData": "rows", "expression": "{{item.s | upper}}" }),
            json!(["B", "A", "C", "A"]),
        ),
        (
            json!({ "operation": "map", "inputData": "${nums}", "expression": "index == 1 ? tax : item" }),
            json!([3, 2, 2]),
        ),
        (json!({ "operation": "map", "inputData": "{{text}}", "expression": "item" }), json!([1, 2])),
        (
            json!({ "operation": "filter", "inputData": "{{rows}}", "expression": "item.n > 1 && item.s != 'x'" }),
            json!([{ "n": 2, "s": "b" }, { "n": 10, "s": "a" }]),
        ),
        (
            json!({ "operation": "reduce", "inputData": "{{nums}}", "expression": "item > acc ? item : acc", "initialValue": 0 }),
            json!(3),
        ),
        (json!({ "operation": "reduce", "inputData": "{{nums}}", "expression": "item < acc ? item : acc" }), json!(1)),
        (json!({ "operation": "reduce", "inputData": [], "expression": "acc" }), json!(null)),
        (json!({ "operation": "sort", "inputData": "{{nums}}" }), json!([1, 2, 3])),
        (
            json!({ "operation": "sort", "inputData": "{{rows}}", "expression": "n" }),
            json!([{ "n": 1, "s": "a" }, { "n": 2, "s": "b" }, { "n": 10, "s": "a" }, { "s": "c" }]),
        ),
        (
            json!({ "operation": "sort", "inputData": "{{rows}}", "expression": "-item.n" }),
            json!([{ "n": 10, "s": "a" }, { "n": 2, "s": "b" }, { "n": 1, "s": "a" }, { "s": "c" }]),
        ),
        (json!({ "operation": "extract", "inputData": "{{o}}", "expression": "a.b[0]" }), json!(7)),
        (
            json!({ "operation": "extract", "inputData": "{{o}}", "expression": ["a.b", "c", "$.a.b"] }),
            json!({ "b": [7], "c": 1, "a.b": [7] }),
        ),
        (
            json!({ "operation": "template", "template": "{\"t\": \"{{t}}\", \"n\": {{nums}}}" }),
            json!({ "t": "plain", "n": [3, 1, 2] }),
        ),
        (json!({ "operation": "template", "template": "Hello {{t}}" }), json!("Hello plain")),
        (json!({ "operation": "template", "template": { "t": "{{nums}}" } }), json!({ "t": [3, 1, 2] })),
        (json!({ "operation": "flatten" }), json!([1, 2, [3], 4])),
        (json!({ "operation": "parseJSON", "inputData": "```json\n{\"a\":1}\n```" }), json!({ "a": 1 })),
        (json!({ "operation": "parseJSON", "inputData": "{{o.a}}" }), json!({ "b": [7] })),
        (json!({ "operation": "passthrough", "inputData": "{{o.c}}" }), json!(1)),
        (json!({ "operation": "passthrough" }), json!([[1], [2, [3]], 4])),
        (json!({ "operation": "passthrough", "inputData": "just words" }), json!("just words")),
        (json!({ "operation": "parseXML", "inputData": "<a/>" }), json!({ "a": "" })),
        (json!({ "operation": "passthrough", "inputData": "no.such.path" }), json!(null)),
    ] {
        assert_eq!(value(config.clone()), expected, "{config}");
    }
}

#[test]
fn values_are_merged_by_what_they_are() {
    for (config, expected) in [
        (
            json!({ "inputData": "{{nums}}", "sources": ["{{text}}", "${nums}"] }),
            json!({ "nums": [3, 1, 2], "text": "[1, 2]" }),
        ),
        (json!({ "inputData": "${nums}, ${nums}" }), json!([3, 1, 2, 3, 1, 2])),
        (json!({ "inputData": "{{o}}", "sources": "p" }), json!({ "a": { "b": [7] }, "c": 2, "d": 3 })),
        (json!({ "sources": ["{{o.a}}", "{{nums}}"] }), json!({ "a": { "b": [7] }, "nums": [3, 1, 2] })),
        (json!({}), json!({ "first-1": [[1], [2, [3]], 4], "second": { "x": 1 } })),
    ] {
        let mut config = config;
        config["operation"] = json!("merge");
        assert_eq!(value(config.clone()), expected, "{config}");
    }
}

#[test]
fn numbers_about_lists() {
    let rows = json!([{ "g": "a", "n": 1 }, { "g": "b", "n": "2" }, { "g": "a", "n": 5 }, { "g": "b" }]);
    for (config, expected) in [
        (
            json!({ "operations": ["count", "sum", "average", "min", "max"], "field": "n" }),
            json!({ "count": 3, "sum": 8, "average": 8.0 / 3.0, "min": 1, "max": 5 }),
        ),
        (json!({ "operations": "sum", "field": "n", "groupBy": "g" }), json!({ "a": { "sum": 6 }, "b": { "sum": 2 } })),
        (
            json!({ "operations": [{ "operation": "sum", "field": "n", "as": "total" }, { "type": "count" }] }),
            json!({ "total": 8, "count": 4 }),
        ),
        (
            json!({ "operations": [{ "type": "count" }, { "type": "groupBy", "groupBy": "g" }] }),
            json!({ "a": { "count": 2 }, "b": { "count": 2 } }),
        ),
        (
            json!({ "operations": ["groupBy"], "field": "g" }),
            json!({ "a": [rows[0], rows[2]], "b": [rows[1], rows[3]] }),
        ),
    ] {
        let mut config = config;
        config["operation"] = json!("aggregate");
        config["inputData"] = rows.clone();
        assert_eq!(value(config.clone()), expected, "{config}");
    }
    assert_eq!(
        value(json!({ "operation": "aggregate", "inputData": [], "operations": ["average", "sum"] })),
        json!({ "average": null, "sum": 0 })
    );
    assert_eq!(
        problems("transform", json!({ "operation": "aggregate", "operations": ["median"] }))[0].0,
        "operations[0]"
    );
}

#[test]
fn xml_becomes_json() {
    let parse = |text: &str| {
        let config = json!({ "operation": "parseXML", "inputData": "{{x}}" });
        Seen::names(json!({ "x": text })).record("transform", config)["value"].clone()
    };
    for (text, expected) in [
        (
            "<?xml version=\"1.0\"?><a x=\"1\"><b>t</b><b/><c><![CDATA[<&>]]></c></a>",
            json!({ "a": { "x": "1", "b": ["t", ""], "c": "<&>" } }),
        ),
        ("<a> x &amp; y &#65;</a>", json!({ "a": "x & y A" })),
        ("<a k='v'>text</a>", json!({ "a": { "k": "v", "_": "text" } })),
        ("<r><i>1</i><i>2</i><i>3</i></r>", json!({ "r": { "i": ["1", "2", "3"] } })),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
    for wrong in ["", "plain", "<a>", "<a></b>", "</a>", "<a>&unknown;</a>", &"<a>".repeat(200)] {
        let config = json!({ "operation": "parseXML", "inputData": "{{x}}" });
        let failure = Seen::names(json!({ "x": wrong })).failure("transform", config);
        assert_eq!(failure, "VALIDATION", "{wrong}");
    }
}

#[test]
fn what_cannot_be_transformed_fails() {
    for operation in ["map", "filter", "reduce", "sort", "flatten", "aggregate"] {
        for data in ["{{t}}", "{{absent}}", "{{o}}", "{{tax}}"] {
            let config =
                json!({ "operation": operation, "inputData": data, "expression": "item", "operations": ["count"] });
            assert_eq!(seen().failure("transform", config.clone()), "VALIDATION", "{config}");
        }
    }
    assert_eq!(seen().failure("transform", json!({ "operation": "parseJSON", "inputData": "{{t}}" })), "VALIDATION");
    for (config, field) in [
        (json!({}), "operation"),
        (json!({ "operation": "explode" }), "operation"),
        (json!({ "operation": "map" }), "expression"),
        (json!({ "operation": "template" }), "template"),
        (json!({ "operation": "extract" }), "expression"),
    ] {
        assert_eq!(problems("transform", config)[0].0, field);
    }
}

#[test]
fn functions_are_one_script_for_the_whole_list() {
    let many: Vec<Value> = (0..5_000).map(|number| json!(number)).collect();
    for (operation, expression, data) in [
        ("map", "x => x.n * tax", json!("{{rows}}")),
        ("map", "item.n * tax", json!("{{rows}}")),
        ("filter", "function (x) { return x.n }", json!("{{rows}}")),
        ("reduce", "(acc, item) => acc + item", json!("{{nums}}")),
        ("sort", "(a, b) => a.n - b.n", json!("{{rows}}")),
        ("sort", "b.n - a.n", json!("{{rows}}")),
        ("custom", "const x = data.length;\nreturn x + tax;", json!("{{rows}}")),
        ("map", "item", json!(many)),
    ] {
        let compute =
            parse("transform", json!({ "operation": operation, "inputData": data, "expression": expression }));
        let (_, asked) = seen().round(&compute, &[]);
        assert_eq!(asked.len(), 1, "{expression}");
        let script = &asked[0];
        assert_eq!(script.names.contains_key("tax"), expression.contains("tax"), "{expression}");
        let list = script.names.get("$list").or_else(|| script.names.get("data"));
        assert!(list.is_some_and(Value::is_array), "{expression}");
        let answered = |result| [Answered { key: script.key.clone(), result }];
        let (result, asked) = seen().round(&compute, &answered(Ok(json!("answer"))));
        assert_eq!((result.expect("a record").record, asked.len()), (json!({ "value": "answer" }), 0));
        let (result, _) = seen().round(&compute, &answered(Err("no".to_owned())));
        assert_eq!(result.expect_err("it failed").code, "EXPRESSION_ERROR");
    }
}

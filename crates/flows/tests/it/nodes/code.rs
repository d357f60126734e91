//! The node type `code`.

use floe_runtime::effect::EffectCall;
use serde_json::{Map, Value, json};

use super::{Nodes, keyed};

fn code(text: &str, config: Value, names: Value, origins: Value) -> EffectCall {
    let fixed = Map::from_iter([("code".to_owned(), json!(text))]);
    let context = json!({ "names": names, "origins": origins, "inputs": {} });
    EffectCall { fixed, context: Some(context), ..keyed(config) }
}

#[tokio::test]
async fn code_sees_the_names_of_the_run_in_three_ways() {
    let nodes = Nodes::new().await;
    let names =
        json!({ "order": { "id": 7, "lines": [1, 2] }, "rate": 0.5, "JSON": "mine", "http-1": { "data": { "a": 1 } } });
    for (text, output) in [
        ("return inputs.order.id + variables.order.lines.length + order.lines[0]", json!(10)),
        ("return inputs['http-1'].data.a * rate", json!(0.5)),
        ("return variables.missing?.text || 'none'", json!("none")),
        ("const result = { n: rate * 4 };", json!({ "n": 2 })),
        ("let result; for (const n of order.lines) result = (result || 0) + n; // ends so", json!(3)),
        ("console.log('only this')", json!(null)),
        (
            "const rows = '[{\"n\":1},{\"n\":2}]'; return rows.map((row) => row.n).concat(rows.slice(0, 2), typeof rows.nothing)",
            json!([1, 2, "[{", "undefined"]),
        ),
        ("return JSON.parse('[1]')[0] + JSON.parse(order.lines).length", json!(3)),
        ("return JSON.stringify(Object.keys(inputs).sort())", json!("[\"JSON\",\"http-1\",\"order\",\"rate\"]")),
        ("return await Promise.resolve(1) + typeof $scope + typeof $open", json!("1undefinedundefined")),
    ] {
        let call = code(text, json!({ "language": "javascript" }), names.clone(), json!({}));
        let record = nodes.call("code", call).await.result.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!((&record["output"], &record["language"]), (&output, &json!("javascript")), "{text}");
    }
    let only = json!({ "inputVariables": ["rate"] });
    let record = nodes.call("code", code("return [typeof order, inputs.order, rate]", only, names, json!({}))).await;
    assert_eq!(record.result.expect("a record")["output"], json!(["undefined", null, 0.5]));
}

#[tokio::test]
async fn members_behind_records_are_found_and_not_listed() {
    let nodes = Nodes::new().await;
    let names = json!({
        "analysis": { "text": "```json\n{\"score\": 3, \"tags\": [\"a\"]}\n```", "model": "m" },
        "page": { "status": 200, "data": { "items": [1, 2] } },
    });
    let origins =
        json!({ "analysis": { "kind": "llm", "output": "analysis" }, "page": { "kind": "http", "output": null } });
    for (text, output) in [
        ("return analysis.score + inputs.analysis.analysis.tags.length", json!(4)),
        ("return analysis.response === analysis.text && analysis.output.model", json!("m")),
        ("return page.items[1] + page.body.items[0]", json!(3)),
        ("return Object.keys({ ...page })", json!(["status", "data"])),
        ("return page", json!({ "status": 200, "data": { "items": [1, 2] } })),
    ] {
        let record = nodes.call("code", code(text, json!({}), names.clone(), origins.clone())).await.result;
        assert_eq!(record.unwrap_or_else(|error| panic!("{text}: {error:?}"))["output"], output, "{text}");
    }
}

#[tokio::test]
async fn what_code_prints_is_kept_and_its_failures_tell_the_line() {
    let nodes = Nodes::new().await;
    let text = "console.log('a', 1);\nconsole.error('bad');\nreturn 1";
    let done = nodes.call("code", code(text, json!({}), json!({}), json!({}))).await;
    let record = done.result.expect("a record");
    assert_eq!((&record["stdout"], &record["stderr"]), (&json!("a 1"), &json!("bad")));
    assert!(record["metadata"]["executionTime"].is_i64());
    assert_eq!(done.logs.len(), 2);
    for (text, config, expected) in [
        ("\nthrow new Error('no stock')", json!({}), "CODE_ERROR"),
        ("return (", json!({}), "CODE_ERROR"),
        ("for (;;) {}", json!({ "timeout": 300 }), "TIMEOUT"),
        ("const all = []; for (;;) all.push(new Array(100000).fill(1))", json!({ "memory": 16 }), "TIMEOUT"),
        ("return await fetch('http://127.0.0.1/')", json!({ "allowNetworkAccess": true }), "CODE_ERROR"),
        ("return 1", json!({ "language": "python" }), "NOT_CONFIGURED"),
        ("return 1", json!({ "language": "shell" }), "NOT_CONFIGURED"),
        ("return 1", json!({ "language": "cobol" }), "VALIDATION"),
        ("return 1", json!({ "timeout": 300_001 }), "VALIDATION"),
        ("return 1", json!({ "memory": 513 }), "VALIDATION"),
        (" ", json!({}), "VALIDATION"),
    ] {
        let error = nodes.call("code", code(text, config, json!({}), json!({}))).await.result.expect_err(text);
        assert_eq!(error.code, expected, "{text} {error:?}");
        if text.starts_with('\n') {
            assert_eq!(error.details.expect("details")["line"], 2);
        }
    }
}

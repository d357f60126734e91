//! Every code of section 20 has a definition that is told it, and the same definition without the mistake is not.

use serde_json::{Map, Value, json};

use super::super::{NODES_MAX, code};
use super::{choice, compile, each, graph, output, plain};
use crate::lang::Severity;

/// Codes with node and field, of one severity.
fn found(file: &Value, severity: Severity) -> Vec<(String, String, String)> {
    let text = |text: Option<String>| text.unwrap_or_default();
    let problems = compile(file).problems.into_iter().filter(|problem| problem.severity == severity);
    problems.map(|problem| (problem.code.to_owned(), text(problem.node_id), text(problem.field))).collect()
}

fn refused(file: &Value, code: &str, node: &str, field: &str) {
    let compiled = compile(file);
    assert!(compiled.plan.is_none(), "{code}: {file}");
    let found = found(file, Severity::Error);
    assert!(found.contains(&(code.to_owned(), node.to_owned(), field.to_owned())), "{code} {node} {field}: {found:?}");
    let again = compile(&compiled.record);
    assert!(again.errors() > 0, "{code}: the stored form keeps what is wrong");
}

fn warned(file: &Value, code: &str, node: &str) {
    let compiled = compile(file);
    assert!(compiled.plan.is_some(), "{code} blocks nothing: {:?}", compiled.problems);
    let found = found(file, Severity::Warning);
    assert!(found.iter().any(|(known, at, _)| known == code && at == node), "{code} {node}: {found:?}");
}

#[test]
fn a_file_that_is_no_graph_is_refused() {
    for file in
        [json!({}), json!({ "nodes": [] }), json!({ "nodes": {} }), json!([]), json!(7), json!({ "definition": {} })]
    {
        refused(&file, code::NO_NODES, "", "nodes");
    }
    refused(&json!({ "nodes": 7 }), code::INVALID_FIELD, "", "nodes");
    refused(&json!({ "nodes": { "a": 7 } }), code::INVALID_FIELD, "a", "nodes");
    refused(&json!({ "nodes": [{ "type": "merge" }] }), code::INVALID_FIELD, "", "id");
    let long = "x".repeat(129);
    refused(&json!({ "nodes": [{ "id": long, "type": "merge" }] }), code::INVALID_FIELD, &long, "id");
    refused(&json!({ "nodes": [{ "id": "a" }] }), code::UNKNOWN_NODE_TYPE, "a", "type");
    refused(&graph(&[("a", "nonsense", json!({}))], &[]), code::UNKNOWN_NODE_TYPE, "a", "type");
    let twice = json!({ "nodes": [{ "id": "a", "type": "merge" }, { "id": "a", "type": "merge" }] });
    refused(&twice, code::DUPLICATE_NODE_ID, "a", "id");
    let node = |at: usize| (format!("n{at}"), json!({ "type": "merge" }));
    let many: Map<String, Value> = (0..=NODES_MAX).map(node).collect();
    refused(&json!({ "nodes": many }), code::TOO_MANY_NODES, "", "nodes");
    let most: Map<String, Value> = (0..NODES_MAX).map(node).collect();
    assert_eq!(compile(&json!({ "nodes": most })).errors(), 0);
}

#[test]
fn edges_lead_from_a_node_to_a_node() {
    let with = |edges: Value| {
        let mut file = graph(&[plain("a"), plain("b"), ("n", "comment", json!({}))], &[]);
        file["edges"] = edges;
        file
    };
    refused(&with(json!(7)), code::INVALID_EDGE, "", "edges");
    refused(&with(json!([{ "source": "a" }])), code::INVALID_EDGE, "", "edges.0.target");
    refused(
        &with(json!([{ "source": "a", "target": "b" }, { "source": "x", "target": "b" }])),
        code::INVALID_EDGE,
        "",
        "edges.1.source",
    );
    refused(&with(json!([null])), code::INVALID_EDGE, "", "edges.0.source");
    let many: Vec<Value> =
        (0..10_001).map(|at| json!({ "source": "a", "target": "b", "sourceHandle": at.to_string() })).collect();
    refused(&with(json!(many)), code::INVALID_EDGE, "", "edges");
    // Notes go with their edges; the same edge twice is one; ids are made up where they are missing or taken.
    let fine = compile(&with(
        json!([{ "source": "n", "target": "b" }, { "source": "a", "target": "b", "id": "e" }, { "source": "a", "target": "b" }, { "id": "e", "source": "a", "target": "b", "sourceHandle": "error" }]),
    ));
    assert_eq!(fine.errors(), 0);
    let ids: Vec<&Value> = fine.record["edges"].as_array().into_iter().flatten().map(|edge| &edge["id"]).collect();
    assert_eq!(ids, [&json!("e"), &json!("a-b")]);
    assert!(fine.record["nodes"].get("n").is_none());
}

#[test]
fn a_run_begins_somewhere_and_a_cycle_can_be_left() {
    refused(&graph(&[choice("a"), plain("b")], &["a true b", "b a"]), code::MISSING_ENTRY_POINT, "", "entryPoint");
    let mut file = graph(&[plain("a")], &[]);
    file["entryPoint"] = json!("b");
    refused(&file, code::MISSING_ENTRY_POINT, "", "entryPoint");
    refused(
        &graph(&[plain("s"), plain("a"), plain("b"), output("o")], &["s a", "a b", "b a", "b o"]),
        code::CYCLE,
        "a",
        "",
    );
    refused(
        &graph(&[plain("s"), choice("a"), plain("b")], &["s a", "a true b", "a false b", "b a"]),
        code::CYCLE,
        "a",
        "",
    );
    refused(&graph(&[plain("s"), plain("a")], &["s a", "a a"]), code::CYCLE, "a", "");
    refused(&graph(&[plain("a"), each("l")], &["a l"]), code::LOOP_NO_BODY, "l", "");
    refused(&graph(&[each("l"), plain("a")], &["l done a"]), code::LOOP_NO_BODY, "l", "");
    let loops = ["a", "b", "c", "d", "e", "f"];
    let mut nodes: Vec<(&str, &str, Value)> = loops.map(each).to_vec();
    nodes.push(plain("z"));
    let edges = ["a body b", "b body c", "c body d", "d body e", "e body f", "f body z"];
    refused(&graph(&nodes, &edges), code::INVALID_FIELD, "f", "");
    assert_eq!(compile(&graph(&nodes[1..], &edges[1..])).errors(), 0, "five levels are fine");
}

#[test]
fn fields_are_there_and_in_their_range() {
    let missing = [
        ("llm", json!({}), "prompt"),
        ("output", json!({ "value": 1 }), "outputName"),
        ("output", json!({ "outputName": "x" }), "value"),
        ("router", json!({}), "routes"),
        ("conditional", json!({}), "expression"),
        ("conditional", json!({ "operator": "==" }), "expression"),
        ("switch", json!({ "cases": ["a"] }), "expression"),
        ("switch", json!({ "expression": "x" }), "cases"),
        ("loop", json!({}), "arrayPath"),
        ("loop", json!({ "loopType": "while" }), "condition"),
        ("loop", json!({ "loopType": "times" }), "count"),
        ("http", json!({}), "url"),
        ("code", json!({ "language": "javascript" }), "code"),
        ("integration", json!({ "operation": "x" }), "provider"),
        ("integration", json!({ "provider": "slack" }), "operation"),
        ("slack", json!({}), "operation"),
        ("shared-memory", json!({ "operation": "get" }), "key"),
        ("shared-memory", json!({ "operation": "search" }), "searchQuery"),
        ("subworkflow", json!({}), "workflowId"),
        ("paymentRun", json!({ "candidates": [] }), "objective"),
        ("agent", json!({}), "agentId"),
        ("transform", json!({}), "operation"),
    ];
    for (kind, config, field) in missing {
        refused(&graph(&[("n", kind, config)], &[]), code::MISSING_FIELD, "n", field);
    }
    let with = |kind: &str, more: Value| {
        let mut config = match kind {
            "llm" | "router" => json!({ "prompt": "?", "routes": ["a", "b"] }),
            "http" => json!({ "url": "https://a.example" }),
            "code" => json!({ "code": "return 1" }),
            "conditional" => json!({ "leftValue": 1, "rightValue": 1 }),
            "loop" => json!({ "arrayPath": "x" }),
            "shared-memory" => json!({ "key": "k" }),
            "output" => json!({ "outputName": "o", "value": 1 }),
            "subworkflow" => json!({ "workflowId": "wf_1" }),
            "paymentRun" => json!({ "objective": "Pay" }),
            _ => json!({}),
        };
        let more = more.as_object().expect("an object").clone();
        config.as_object_mut().expect("an object").extend(more);
        config
    };
    let invalid = [
        ("llm", "temperature", json!(2.5)),
        ("llm", "temperature", json!("hot")),
        ("llm", "thinkingBudget", json!(10)),
        ("llm", "responseFormat", json!("yaml")),
        ("router", "routes", json!(["a"])),
        ("conditional", "operator", json!("~")),
        ("loop", "maxIterations", json!(10_001)),
        ("loop", "loopType", json!("until")),
        ("loop", "onPartialFailure", json!("ignore")),
        ("http", "method", json!("FETCH")),
        ("http", "timeout", json!(301)),
        ("http", "retryCount", json!(6)),
        ("code", "timeout", json!(300_001)),
        ("code", "memory", json!(1_024)),
        ("code", "language", json!("cobol")),
        ("output", "format", json!("xml")),
        ("shared-memory", "operation", json!("drop")),
        ("shared-memory", "topK", json!(51)),
        ("shared-memory", "similarityThreshold", json!(1.5)),
        ("knowledgeBaseQuery", "topK", json!(101)),
        ("webSearch", "maxResults", json!(21)),
        ("url", "timeout", json!(1)),
        ("trigger", "triggerType", json!("sometimes")),
        ("input", "inputType", json!("colour")),
        ("subworkflow", "mode", json!("maybe")),
        ("paymentRun", "riskTolerance", json!(1.5)),
        ("paymentRun", "budgetCap", json!(0)),
        ("transform", "operation", json!("explode")),
    ];
    for (kind, field, value) in invalid {
        let of = |value: Value| {
            graph(
                &[("n", kind, with(kind, Value::Object(Map::from_iter([(field.to_owned(), value)])))), plain("z")],
                &["n z"],
            )
        };
        refused(&of(value), code::INVALID_FIELD, "n", field);
        // What a placeholder gives is only known when the node runs.
        if !["routes", "operation", "format"].contains(&field) {
            assert_eq!(compile(&of(json!("{{x}}"))).errors(), 0, "{kind}.{field}");
        }
    }
}

#[test]
fn what_follows_a_failure_exists_and_stands_behind() {
    let with = |on_error: Value| {
        let mut file = graph(&[plain("a"), plain("b"), output("o")], &["a b", "b o"]);
        file["nodes"]["b"]["onError"] = on_error;
        file
    };
    refused(&with(json!({ "strategy": "pray" })), code::INVALID_FIELD, "b", "onError.strategy");
    refused(&with(json!({ "strategy": "goto" })), code::MISSING_FIELD, "b", "onError.gotoNode");
    refused(&with(json!({ "strategy": "goto", "gotoNode": "x" })), code::INVALID_FIELD, "b", "onError.gotoNode");
    refused(&with(json!({ "strategy": "goto", "gotoNode": "a" })), code::INVALID_FIELD, "b", "onError.gotoNode");
    refused(
        &with(json!({ "strategy": "fallback", "fallbackNodeId": "b" })),
        code::INVALID_FIELD,
        "b",
        "onError.fallbackNodeId",
    );
    for fine in [
        json!({ "strategy": "goto", "gotoNode": "o" }),
        json!({ "strategy": "fallback", "fallbackValue": 1 }),
        json!("continue"),
    ] {
        assert_eq!(compile(&with(fine)).errors(), 0);
    }
    let retries = [
        json!({ "maxAttempts": 11 }),
        json!({ "maxAttempts": 0 }),
        json!({ "initialDelay": -1 }),
        json!({ "strategy": "random" }),
    ];
    for retry in retries {
        let mut file = with(json!({}));
        file["nodes"]["b"]["config"]["retry"] = retry;
        assert_eq!(found(&file, Severity::Error).len(), 1);
        assert_eq!(found(&file, Severity::Error)[0].0, code::INVALID_FIELD);
    }
}

#[test]
fn warnings_block_nothing() {
    let integration = |provider: &str| ("n", "integration", json!({ "provider": provider, "operation": "x" }));
    warned(
        &graph(&[plain("s"), choice("a"), plain("b"), output("o")], &["a true b", "b a", "a false o"]),
        code::UNREACHABLE_NODE,
        "b",
    );
    warned(&graph(&[plain("a"), plain("b"), plain("c")], &["a b"]), code::ORPHAN_NODE, "c");
    warned(&graph(&[choice("a"), plain("b")], &["a true b"]), code::DEAD_END_BRANCH, "a");
    warned(&graph(&[choice("a"), plain("b")], &["a true b", "a false b", "a maybe b"]), code::DEAD_END_BRANCH, "a");
    let writes = |id: &'static str| (id, "transform", json!({ "operation": "passthrough", "outputVariable": "v" }));
    warned(&graph(&[writes("a"), writes("b")], &["a b"]), code::OUTPUT_VARIABLE_CONFLICT, "b");
    warned(
        &graph(&[("i", "input", json!({ "inputName": "y" })), output("o")], &["i o"]),
        code::UNDEFINED_VARIABLE,
        "o",
    );
    warned(&graph(&[("n", "llm", json!({ "prompt": "" }))], &[]), code::EMPTY_PROMPT, "n");
    warned(&graph(&[each("l"), plain("a")], &["l a"]), code::LOOP_BODY_INFERRED, "l");
    warned(&graph(&[integration("nobody")], &[]), code::UNKNOWN_PROVIDER, "n");
    warned(&graph(&[("n", "llm", json!({ "provider": "nobody", "prompt": "?" }))], &[]), code::UNKNOWN_PROVIDER, "n");
    warned(&graph(&[integration("slack")], &[]), code::MISSING_CONNECTION, "n");
    for (kind, config) in [
        ("chartGeneration", json!({})),
        ("webSearch", json!({})),
        ("code", json!({ "code": "1", "language": "python" })),
        ("database", json!({ "provider": "mongodb" })),
    ] {
        warned(&graph(&[("n", kind, config)], &[]), code::CAPABILITY_OFF, "n");
    }
    // Nothing to say about a definition without any of that.
    let fine = graph(
        &[("i", "input", json!({ "inputName": "x" })), choice("c"), output("o")],
        &["i c", "c true o", "c false o"],
    );
    let problems = compile(&fine).problems;
    assert!(problems.is_empty(), "{problems:?}");
}

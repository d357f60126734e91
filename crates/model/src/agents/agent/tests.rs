//! Rules of section 5, field by field.

use serde_json::{Value, json};

use super::*;

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

fn read(value: Value) -> Result<AgentConfig, Vec<FieldProblem>> {
    AgentConfig::read(&map(value))
}

fn plain() -> AgentConfig {
    read(json!({ "name": "Helper", "instructions": "Help." })).expect("an agent")
}

fn with_tools(tools: Value) -> Result<AgentConfig, Vec<FieldProblem>> {
    plain().patched(&map(json!({ "tools": tools })))
}

#[test]
fn what_is_not_given_is_usual() {
    let shown = Value::from(plain().to_json());
    let expected = json!({
        "name": "Helper", "description": "", "instructions": "Help.", "status": "active", "model": null, "fallback_models": [],
        "temperature": 0.7, "max_output_tokens": null, "max_steps": 10, "tools": [],
        "memory": { "window_messages": 50, "summarise": false }, "response_schema": null,
        "guardrails": { "input": [], "output": [] }, "credit_limit": null, "metadata": {},
    });
    assert_eq!(shown.to_string(), expected.to_string());
    assert_eq!(AgentConfig::FIELDS, plain().to_json().keys().collect::<Vec<_>>());
}

#[test]
fn every_rule_is_told_with_its_field() {
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("x".repeat(121))),
        ("name", Value::Null),
        ("description", json!("x".repeat(1_001))),
        ("instructions", json!("x".repeat(50_001))),
        ("status", json!("asleep")),
        ("model", json!(7)),
        ("fallback_models", json!(["a", "b", "c", "d", "e", "f"])),
        ("temperature", json!(2.1)),
        ("temperature", json!("warm")),
        ("max_output_tokens", json!(0)),
        ("max_steps", json!(101)),
        ("max_steps", json!(1.5)),
        ("tools", json!({})),
        ("memory", json!({ "window_messages": 201 })),
        ("memory", json!({ "summarise": "yes" })),
        ("response_schema", json!([])),
        ("guardrails", json!({ "input": [{ "type": "magic" }] })),
        ("credit_limit", json!({ "amount": -1, "period": "day" })),
        ("credit_limit", json!({ "amount": 1, "period": "year" })),
        ("credit_limit", json!({ "amount": 1 })),
        ("metadata", json!({ "a": 1 })),
    ] {
        let problems = plain().patched(&map(json!({ field: value }))).expect_err(field);
        let fits = problems.iter().any(|one| one.path.starts_with(&format!("/{field}")));
        assert!(fits, "{field}: {value} gives {problems:?}");
    }
    let problems = read(json!({ "temperature": 3 })).expect_err("two missing and one wrong");
    let paths: Vec<&str> = problems.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/name", "/instructions", "/temperature"]);
}

#[test]
fn tools_are_read_type_by_type() {
    for (path, tool) in [
        ("/tools/0", json!("http")),
        ("/tools/0/type", json!({ "name": "a" })),
        ("/tools/0/type", json!({ "type": "magic" })),
        ("/tools/0/name", json!({ "type": "http", "url": "https://a.test/" })),
        ("/tools/0/name", json!({ "type": "http", "name": "two words", "url": "https://a.test/" })),
        ("/tools/0/url", json!({ "type": "http", "name": "a" })),
        ("/tools/0/url", json!({ "type": "http", "name": "a", "url": "ftp://a.test/" })),
        ("/tools/0/url", json!({ "type": "http", "name": "a", "url": "https://u:p@a.test/" })),
        ("/tools/0/url", json!({ "type": "http", "name": "a", "url": "https://{host}/" })),
        ("/tools/0/method", json!({ "type": "http", "name": "a", "url": "https://a.test/", "method": "TRACE" })),
        ("/tools/0/timeout_ms", json!({ "type": "http", "name": "a", "url": "https://a.test/", "timeout_ms": 1 })),
        (
            "/tools/0/headers",
            json!({ "type": "http", "name": "a", "url": "https://a.test/", "headers": { "a b": "c" } }),
        ),
        (
            "/tools/0/headers/A",
            json!({ "type": "mcp", "name": "a", "url": "https://a.test/", "headers": { "A": "c\nd" } }),
        ),
        (
            "/tools/0/headers/A",
            json!({ "type": "mcp", "name": "a", "url": "https://a.test/", "headers": { "A": "***" } }),
        ),
        ("/tools/0/flow_id", json!({ "type": "flow" })),
        ("/tools/0/version", json!({ "type": "flow", "flow_id": FLOW, "version": 0 })),
        ("/tools/0/knowledge_base_ids", json!({ "type": "knowledge", "knowledge_base_ids": [] })),
        ("/tools/0/knowledge_base_ids/0", json!({ "type": "knowledge", "knowledge_base_ids": ["x"] })),
        ("/tools/0/top_k", json!({ "type": "knowledge", "knowledge_base_ids": [FLOW], "top_k": 51 })),
        ("/tools/0/agent_id", json!({ "type": "agent", "agent_id": 1 })),
    ] {
        let problems = with_tools(json!([tool])).expect_err(path);
        assert!(problems.iter().any(|one| one.path == path), "{path}: {tool} gives {problems:?}");
    }
    let twice = json!([{ "type": "builtin", "name": "clock" }, { "type": "builtin", "name": "clock" }]);
    assert_eq!(with_tools(twice).expect_err("twice")[0].path, "/tools/1/name");
}

const FLOW: &str = "01900000-0000-7000-8000-000000000001";

#[test]
fn a_configuration_comes_back_as_it_was_stored() {
    let config = with_tools(json!([
        { "type": "function", "name": "orders", "description": "Looks up an order", "url": "https://a.test/{id}", "method": "get",
          "parameters": { "type": "object", "required": ["id"] }, "headers": { "Authorization": "Bearer s3cret" },
          "timeout_ms": 5000, "requires_approval": true },
        { "type": "mcp", "name": "files", "url": "https://b.test/mcp", "allowed_tools": ["read"] },
        { "type": "flow", "flow_id": FLOW, "version": "latest", "name": "refund" },
        { "type": "knowledge_base", "knowledge_base_ids": [FLOW, FLOW], "top_k": 3 },
        { "type": "agent", "agent_id": FLOW, "name": "boss" },
        { "type": "workflow", "workflow_id": "wf-1" },
    ]))
    .expect("tools");
    let (hidden, secrets) = config.apart();
    let text = Value::from(hidden.to_json()).to_string();
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(secrets.iter().collect::<Vec<_>>(), [(&"0/Authorization".to_owned(), &"Bearer s3cret".to_owned())]);
    let again = AgentConfig::stored(&text).expect("what was stored");
    assert_eq!(Value::from(again.to_json()).to_string(), text);
    assert_eq!(again.whole(&secrets).to_json(), config.to_json());
}

#[test]
fn a_secret_that_is_sent_back_hidden_stays_with_its_tool() {
    let tool = |name: &str, value: &str| json!({ "type": "http", "name": name, "url": "https://a.test/", "headers": { "X-Key": value } });
    let config = with_tools(json!([tool("a", "one"), tool("b", "two")])).expect("tools");
    // The other way round, and one of them replaced.
    let patch = map(json!({ "tools": [tool("b", HIDDEN), tool("a", "three")] }));
    let (_, secrets) = config.patched(&patch).expect("kept").apart();
    assert_eq!(secrets.values().collect::<Vec<_>>(), ["two", "three"]);
    let patch = map(json!({ "tools": [tool("c", HIDDEN)] }));
    assert_eq!(config.patched(&patch).expect_err("never stored")[0].path, "/tools/0/headers/X-Key");
}

#[test]
fn null_clears_and_parts_of_memory_stay() {
    let config = plain()
        .patched(&map(json!({ "temperature": 1, "model": "m", "memory": { "window_messages": 5, "summarise": true } })))
        .expect("patched");
    assert_eq!(config.to_json()["temperature"].to_string(), "1");
    let config =
        config.patched(&map(json!({ "temperature": null, "model": null, "memory": { "window_messages": 6 } })));
    let config = config.expect("patched again");
    assert_eq!((config.temperature, config.model), (TEMPERATURE, None));
    assert_eq!(config.memory, Memory { window_messages: 6, summarise: true });
}

#[test]
fn the_words_of_workflows_are_the_same_fields() {
    let config = read(json!({
        "name": "A", "system_prompt": "Help.", "max_tokens": 99, "max_iterations": 3, "memory_config": { "max_messages": 7 },
    }))
    .expect("an agent");
    assert_eq!((config.instructions.as_str(), config.max_output_tokens, config.max_steps), ("Help.", Some(99), 3));
    assert_eq!(config.memory.window_messages, 7);
}

#[test]
fn rules_that_cannot_be_read_any_more_close_the_gate() {
    let text =
        json!({ "name": "A", "instructions": "B", "guardrails": { "input": [{ "type": "gone", "action": "block" }] } });
    let config = AgentConfig::stored(&text.to_string()).expect("stored");
    assert!(config.guardrails.judge_input("hello").blocked.is_some());
}

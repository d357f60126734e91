//! Inputs, triggers, names and aliases.

use serde_json::{Value, json};

use super::super::{NodeTypes, TriggerNode, canvas, catalogue, convert_inputs, types};
use super::{compile, graph, output};

#[test]
fn inputs_are_shown_as_declared() {
    let nodes = [
        ("a", "input", json!({ "inputName": "mail", "label": "Contact email", "description": "Address" })),
        ("b", "input", json!({ "inputVariable": "n", "inputType": "number", "defaultValue": 3 })),
        (
            "c",
            "input",
            json!({ "variableName": "s", "inputType": "select", "options": ["x", { "value": "y" }], "required": false }),
        ),
        ("d", "input", json!({ "inputType": "json" })),
        ("e", "files", json!({ "inputVariable": "docs" })),
        ("f", "input", json!({ "inputName": "mail", "inputType": "number" })),
    ];
    let compiled = compile(&graph(&nodes, &[]));
    let inputs = json!({
        "mail": { "type": "text", "label": "a", "required": true, "description": "Address" },
        "n": { "type": "number", "label": "b", "required": false, "description": null, "default": 3 },
        "s": { "type": "select", "label": "c", "required": false, "description": null, "options": ["x", "y"] },
        "d": { "type": "json", "label": "d", "required": true, "description": null },
        "docs": { "type": "files", "label": "e", "required": true, "description": null },
    });
    assert_eq!(compiled.inputs, Some(inputs));
    let schema = json!({
        "type": "object",
        "properties": {
            "mail": { "type": "string", "description": "Address" },
            "n": { "type": "number", "default": 3 },
            "s": { "type": "string", "enum": ["x", "y"] },
            "d": {},
            "docs": { "type": "array", "items": { "type": "object" } },
        },
        "required": ["mail", "d", "docs"],
    });
    assert_eq!(compiled.input_schema, schema);
    assert_eq!(compile(&graph(&[output("o")], &[])).inputs, None);
    // Without a name of the file the key is the label.
    let unnamed = json!({ "nodes": [{ "id": "x", "type": "input", "data": { "inputName": "k" } }] });
    assert_eq!(compile(&unnamed).inputs.expect("one")["k"]["label"], "k");
}

#[test]
fn given_values_are_converted_or_refused() {
    let input = |kind: &str, more: Value| {
        let mut config = json!({ "inputName": "x", "inputType": kind });
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        compile(&graph(&[("n", "input", config)], &[])).fields
    };
    let options = json!({ "options": ["a", 2] });
    let cases = [
        ("text", json!({}), json!(5), Some(json!(5))),
        ("number", json!({}), json!("12"), Some(json!(12))),
        ("number", json!({}), json!(" 1.5 "), Some(json!(1.5))),
        ("number", json!({}), json!("twelve"), None),
        ("number", json!({}), json!("NaN"), None),
        ("number", json!({}), json!(true), None),
        ("boolean", json!({}), json!("true"), Some(json!(true))),
        ("boolean", json!({}), json!("yes"), None),
        ("boolean", json!({}), json!(1), None),
        ("json", json!({}), json!("{\"a\":1}"), Some(json!({ "a": 1 }))),
        ("json", json!({}), json!("{"), Some(json!("{"))),
        ("select", options.clone(), json!("a"), Some(json!("a"))),
        ("select", options.clone(), json!("2"), Some(json!(2))),
        ("select", options, json!("b"), None),
        ("text", json!({}), json!(null), None),
        ("text", json!({ "required": false }), json!(null), Some(json!(null))),
    ];
    for (kind, more, given, expected) in cases {
        let given = json!({ "x": given, "extra": 1 });
        let converted = convert_inputs(&input(kind, more), given.as_object().expect("an object").clone());
        match (converted, expected) {
            (Ok(converted), Some(expected)) => {
                assert_eq!(converted["x"], expected, "{kind} {given}");
                assert_eq!(converted["extra"], 1, "what nobody declares is kept");
            }
            (Err(problems), None) => assert_eq!(problems[0].0, "x"),
            (found, expected) => panic!("{kind} {given}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn triggers_become_records() {
    let nodes = [
        ("s", "trigger", json!({ "triggerType": "cron", "schedule": "0 * * * *", "timezone": "Europe/Berlin" })),
        ("w", "trigger", json!({ "triggerType": "webhook", "webhookProvider": "slack", "description": "x" })),
        ("e", "trigger", json!({ "triggerType": "event", "provider": "github", "event": "push" })),
        ("m", "trigger", json!({ "triggerType": "manual" })),
    ];
    let mut file = graph(&nodes, &[]);
    file["defaultTrigger"] = json!({ "type": "schedule", "cronExpression": "0 10 * * *" });
    let of = |node: &str, name: &str, kind: &'static str, config: Value| TriggerNode {
        node_id: node.to_owned(),
        name: name.to_owned(),
        kind,
        config: config.as_object().expect("an object").clone(),
    };
    let compiled = compile(&file);
    let expected = [
        of("s", "s", "schedule", json!({ "timezone": "Europe/Berlin", "cronExpression": "0 * * * *" })),
        of("w", "w", "webhook", json!({ "providerId": "slack" })),
        of("e", "e", "event", json!({ "providerId": "github", "eventId": "push" })),
        of("defaultTrigger", "Default trigger", "schedule", json!({ "cronExpression": "0 10 * * *" })),
    ];
    assert_eq!(compiled.triggers, expected);
    assert_eq!(compile(&compiled.record).triggers, expected);
}

#[test]
fn keys_get_their_canonical_names() {
    let cases = [
        (
            "forEach",
            json!({ "collection": "x", "items": "y" }),
            "loop",
            json!({ "loopType": "forEach", "arrayPath": "x" }),
        ),
        ("repeat", json!({ "times": 3 }), "loop", json!({ "loopType": "count", "count": 3 })),
        ("while", json!({ "condition": "x" }), "loop", json!({ "loopType": "while", "condition": "x" })),
        (
            "transform",
            json!({ "transformType": "map", "operation": "sort" }),
            "transform",
            json!({ "operation": "sort" }),
        ),
        (
            "humanReview",
            json!({ "reviewPrompt": "?", "outputVariable": "v" }),
            "humanReview",
            json!({ "outputVariable": "v", "inputType": "json", "prompt": "?", "variableName": "v" }),
        ),
        ("if", json!({ "condition": "x" }), "conditional", json!({ "expression": "x", "conditionType": "expression" })),
        (
            "switch",
            json!({ "switchVariable": "x", "hasDefault": true, "cases": ["a", 1] }),
            "switch",
            json!({ "expression": "x", "cases": [{ "value": "a" }, { "value": "1" }], "defaultCase": "default" }),
        ),
        (
            "delay",
            json!({ "delayType": "fixed", "duration": 5, "unit": "minutes" }),
            "wait",
            json!({ "duration": 5, "durationUnit": "minutes", "waitType": "duration" }),
        ),
        (
            "sleep",
            json!({ "untilDate": "2026-01-01" }),
            "wait",
            json!({ "timestamp": "2026-01-01", "waitType": "until" }),
        ),
        (
            "sharedMemory",
            json!({ "operation": "set", "key": "k" }),
            "shared-memory",
            json!({ "operation": "store", "key": "k" }),
        ),
        (
            "action",
            json!({ "provider": "slack", "action": "send", "channel": "#a", "parameters": { "text": "x" } }),
            "integration",
            json!({ "provider": "slack", "operation": "send", "parameters": { "text": "x", "channel": "#a" } }),
        ),
        (
            "google-sheets",
            json!({ "operation": "append" }),
            "integration",
            json!({ "operation": "append", "provider": "google-sheets" }),
        ),
        (
            "http",
            json!({ "url": "u", "headers": { "a": "b" }, "method": "get" }),
            "http",
            json!({ "url": "u", "headers": [{ "key": "a", "value": "b" }], "method": "GET" }),
        ),
        (
            "kb-query",
            json!({ "queryText": "q", "similarityThreshold": 0.5 }),
            "knowledgeBaseQuery",
            json!({ "query": "q", "threshold": 0.5 }),
        ),
        (
            "files",
            json!({ "inputVariable": "f", "acceptedTypes": ["a"] }),
            "files",
            json!({ "inputName": "f", "allowedFileTypes": ["a"] }),
        ),
        (
            "router",
            json!({ "routes": ["a", { "value": "b" }] }),
            "router",
            json!({ "routes": [{ "value": "a" }, { "value": "b" }] }),
        ),
        ("code", json!({ "code": "1", "memoryLimit": 64 }), "code", json!({ "code": "1", "memory": 64 })),
        ("web_search", json!({}), "webSearch", json!({})),
        ("image_generate", json!({}), "imageGeneration", json!({})),
    ];
    for (kind, config, canonical, expected) in cases {
        let record = compile(&graph(&[("n", kind, config)], &[])).record;
        assert_eq!(record["nodes"]["n"]["type"], canonical, "{kind}");
        assert_eq!(record["nodes"]["n"]["config"], expected, "{kind}");
    }
}

#[test]
fn both_shapes_and_a_wrapper_are_one_definition() {
    let drawn = json!({ "nodes": [
        { "id": "a", "type": "input", "position": { "x": 1, "y": 2 }, "data": { "label": "First", "inputName": "x", "errorStrategy": "continue", "outputOnError": 7 } },
        { "id": "b", "type": "output", "position": { "x": 0, "y": 0 }, "data": { "outputName": "out", "value": "{{x}}" } },
    ], "edges": [{ "source": "a", "target": "b", "sourceHandle": null, "animated": true }], "settings": { "timeout": 1000 }, "viewport": 1 });
    let compiled = compile(&json!({ "name": "Outer", "description": "d", "category": "c", "definition": drawn }));
    let record = json!({
        "name": "Outer", "description": "d", "entryPoint": "a",
        "nodes": {
            "a": { "type": "input", "name": "First", "config": { "inputName": "x" }, "position": { "x": 1, "y": 2 }, "onError": { "strategy": "continue", "fallbackValue": 7 } },
            "b": { "type": "output", "name": "out", "config": { "outputName": "out", "value": "{{x}}" }, "position": { "x": 0, "y": 0 } },
        },
        "edges": [{ "id": "a-b", "source": "a", "target": "b", "animated": true }],
        "settings": { "timeout": 1000 }, "viewport": 1,
    });
    assert_eq!(compiled.record, record);
    assert_eq!((compiled.name.as_deref(), compiled.description.as_deref()), (Some("Outer"), Some("d")));
    let back = compile(&canvas(&record));
    assert_eq!(back.record, record);
}

#[test]
fn every_type_has_words_of_its_own_and_is_in_the_catalogue() {
    let types = NodeTypes::default();
    let mut words: Vec<&str> = NodeTypes::all().flat_map(|one| one.aliases.iter().copied().chain([one.key])).collect();
    words.extend(types::NOTES);
    words.extend(types::LOOP_WORDS.map(|(word, _)| word));
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count, "two types under one word: {words:?}");
    for word in words {
        assert!(!types.knows_provider(word), "{word} is a provider as well");
    }
    let shown = catalogue(&types);
    assert_eq!(shown.len(), NodeTypes::all().count());
    let find = |key: &str| shown.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key} is not shown"));
    assert_eq!(
        find("http")["inputs"][0],
        json!({
            "key": "method", "label": "Method", "type": "select", "required": false, "description": "How it is called.",
            "default": "GET", "options": ["GET", "POST", "PUT", "PATCH", "DELETE"], "min": null, "max": null, "dynamic": false,
        })
    );
    assert_eq!(
        (&find("router")["handles"], &find("humanReview")["waits"]),
        (&json!(["<route>", "default"]), &json!(true))
    );
    assert_eq!(find("webSearch")["available"], false);
    let mut set_up = NodeTypes::default();
    set_up.turn_on("node-webSearch");
    assert!(catalogue(&set_up).iter().any(|one| one["key"] == "webSearch" && one["available"] == true));
}

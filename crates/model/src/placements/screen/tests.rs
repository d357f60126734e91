use std::collections::HashSet;

use serde_json::{Value, json};

use super::*;

/// A pointer, the value that is put there (null takes it away), and what is found.
type Case = (&'static str, Value, Vec<(&'static str, &'static str)>);

/// A flow of two screens, a condition, an assignment and a test, with nothing to say about.
fn flow() -> Value {
    json!({
        "id": "onb", "name": "Welcome", "version": 8, "schemaVersion": "1.0.0", "entryNodeId": "hello",
        "variables": [{ "key": "goal", "label": "Goal", "type": "string", "scope": "global", "lifecycle": "session",
            "source": { "kind": "constant", "value": "" }, "writable": true }],
        "globalStyles": { "colors": { "brand": "#0055ff" }, "fonts": { "heading": "Inter" } },
        "persistentUI": { "footer": { "id": "foot", "visible": true, "layout": { "id": "f", "type": "stack" } } },
        "nodes": [
            { "id": "hello", "kind": "screen", "name": "Hello", "layout": { "id": "r", "type": "screenRoot", "children": [
                { "id": "t", "type": "text", "props": { "text": "Your goal: {{goal}}", "fontFamily": "heading",
                    "fontWeight": { "type": "conditional", "cases": [
                        { "when": { "op": "equals", "left": { "var": "goal" }, "right": "run" }, "value": 700 } ], "else": 400 } } },
                { "id": "b", "type": "button", "interactions": [{ "id": "i", "event": "onPress", "actions": [
                    { "kind": "setVariable", "variableKey": "goal", "operation": "set", "value": "run" }, { "kind": "goNext" }] }] },
            ] } },
            { "id": "is-runner", "kind": "condition", "condition": { "op": "and", "conditions": [
                { "op": "starts_with", "left": { "var": "goal" }, "right": "r" },
                { "op": "not", "condition": { "op": "is_empty", "left": { "var": "goal" } } }] } },
            { "id": "note", "kind": "assign", "assignments": [
                { "variableKey": "goal", "expression": { "operation": "set", "value": "run" } }] },
            { "id": "split", "kind": "abTest", "experimentKey": "ends", "variants": [
                { "id": "a", "weight": 50, "targetNodeId": "bye" }, { "id": "b", "weight": 50, "targetNodeId": "hello" }] },
            { "id": "bye", "kind": "screen", "name": "Bye", "layout": { "id": "r", "type": "screenRoot", "children": [
                { "id": "i", "type": "image", "props": { "src": "run.png" } },
                { "id": "c", "type": "icon", "props": { "iconName": "check" } },
                { "id": "n", "type": "button", "interactions": [{ "id": "i", "event": "onPress", "actions": [
                    { "kind": "navigate", "targetNodeId": "hello" }] }] },
            ] } },
        ],
        "edges": [
            { "id": "e1", "fromNodeId": "hello", "toNodeId": "is-runner" },
            { "id": "e2", "fromNodeId": "is-runner", "toNodeId": "note", "kind": "conditionTrue" },
            { "id": "e3", "fromNodeId": "is-runner", "toNodeId": "split", "kind": "conditionFalse", "priority": 2 },
            { "id": "e4", "fromNodeId": "note", "toNodeId": "split", "kind": "normal",
                "guard": { "op": "greater_than", "left": { "var": "goal" }, "right": 3 } },
        ],
    })
}

fn stored() -> Stored {
    let face = |weight| FontFace { family: "Inter".to_owned(), weight, style: FontStyle::Normal };
    Stored {
        fonts: Some(vec![face(400), face(700)]),
        media: Some(HashSet::from(["run.png".to_owned()])),
        icons: Some(HashSet::from(["check".to_owned()])),
    }
}

fn listed(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|finding| (finding.pointer.as_str(), finding.code)).collect()
}

fn checked(schema: &Value) -> Findings {
    check(schema, schema.to_string().len(), &stored())
}

/// Sets the value at a pointer, or removes it.
fn set(schema: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer below the top");
    match schema.pointer_mut(parent).expect("a parent") {
        Value::Object(members) => match value {
            Some(value) => drop(members.insert(name.to_owned(), value)),
            None => drop(members.remove(name).expect("a member")),
        },
        Value::Array(items) => match (name, value) {
            ("-", Some(value)) => items.push(value),
            (index, Some(value)) => items[index.parse::<usize>().expect("an index")] = value,
            (index, None) => drop(items.remove(index.parse().expect("an index"))),
        },
        other => panic!("{other} has no members"),
    }
}

#[test]
fn a_good_flow_and_the_starter_have_nothing_to_say_about() {
    assert_eq!(checked(&flow()), Findings::default());
    let starter = starter("Paywall {{x}}");
    assert_eq!(check(&starter, starter.to_string().len(), &stored()), Findings::default());
    assert!(checked(&flow()).refusal().is_none());
}

#[test]
fn the_examples_have_nothing_to_say_about() {
    for text in [
        include_str!("../../../../../examples/onboarding/welcome.json"),
        include_str!("../../../../../examples/onboarding/short-welcome.json"),
    ] {
        let schema: Value = serde_json::from_str(text).expect("JSON");
        let nothing = Stored { fonts: Some(Vec::new()), media: Some(HashSet::new()), icons: Some(HashSet::new()) };
        assert_eq!(check(&schema, text.len(), &nothing), Findings::default(), "{}", schema["name"]);
    }
}

/// The pointer that is set, the value (null removes it), and the errors.
#[test]
fn errors_name_what_a_device_would_refuse() {
    let greater = |right: Value| json!({ "op": "greater_than", "left": { "var": "goal" }, "right": right });
    let cases: Vec<Case> = vec![
        (
            "/edges",
            json!("none"),
            vec![("/edges", "type"), ("/nodes/1", "outcome_missing"), ("/nodes/1", "outcome_missing")],
        ),
        ("/variables", json!(1), vec![("/variables", "type")]),
        ("/entryNodeId", json!("start"), vec![("/entryNodeId", "unknown_node")]),
        ("/entryNodeId", json!(1), vec![("/entryNodeId", "type")]),
        ("/schemaVersion", json!("2.0.0"), vec![("/schemaVersion", "schema_version")]),
        ("/schemaVersion", json!(2), vec![("/schemaVersion", "schema_version")]),
        ("/schemaVersion", json!("new"), vec![("/schemaVersion", "schema_version")]),
        ("/nodes/4", json!(5), vec![("/nodes/3/variants/0/targetNodeId", "unknown_node"), ("/nodes/4", "type")]),
        (
            "/nodes/2/id",
            json!("split"),
            vec![
                ("/nodes/3/id", "duplicate_id"),
                ("/edges/1/toNodeId", "unknown_node"),
                ("/edges/3/fromNodeId", "unknown_node"),
            ],
        ),
        ("/edges/1/id", json!("e1"), vec![("/edges/1/id", "duplicate_id")]),
        ("/nodes/0/layout/children/1/id", json!("t"), vec![("/nodes/0/layout/children/1/id", "duplicate_id")]),
        ("/nodes/0/layout/children/1/id", json!("r"), vec![("/nodes/0/layout/children/1/id", "duplicate_id")]),
        ("/nodes/0/layout/children/0", json!("text"), vec![("/nodes/0/layout/children/0", "type")]),
        ("/edges/0/toNodeId", json!("nowhere"), vec![("/edges/0/toNodeId", "unknown_node")]),
        ("/edges/0/toNodeId", Value::Null, vec![("/edges/0/toNodeId", "required")]),
        ("/edges/0/fromNodeId", json!("nowhere"), vec![("/edges/0/fromNodeId", "unknown_node")]),
        ("/edges/0/kind", json!("sideways"), vec![("/edges/0/kind", "unknown_edge_kind")]),
        ("/edges/0/kind", json!(3), vec![("/edges/0/kind", "unknown_edge_kind")]),
        ("/edges/-", json!([]), vec![("/edges/4", "type")]),
        ("/edges/1", Value::Null, vec![("/nodes/1", "outcome_missing")]),
        ("/edges/3/guard/right", json!("3"), vec![("/edges/3/guard/right", "condition_operand")]),
        ("/edges/3/guard", greater(Value::Null), vec![("/edges/3/guard/right", "condition_operand")]),
        ("/edges/3/guard", json!({ "left": { "var": "goal" } }), vec![("/edges/3/guard", "condition_invalid")]),
        ("/edges/3/guard/op", json!("matches"), vec![("/edges/3/guard/op", "unknown_operator")]),
        ("/edges/3/guard/left", json!("goal"), vec![("/edges/3/guard/left", "condition_invalid")]),
        (
            "/nodes/1/condition/conditions/0/right",
            json!(1),
            vec![("/nodes/1/condition/conditions/0/right", "condition_operand")],
        ),
        ("/nodes/1/condition/conditions", json!({}), vec![("/nodes/1/condition", "condition_invalid")]),
        (
            "/nodes/1/condition/conditions/1/condition/op",
            json!("x"),
            vec![("/nodes/1/condition/conditions/1/condition/op", "unknown_operator")],
        ),
        ("/nodes/1/condition", Value::Null, vec![("/nodes/1/condition", "required")]),
        (
            "/nodes/0/layout/children/0/props/fontWeight/cases/0/when/op",
            json!("is"),
            vec![("/nodes/0/layout/children/0/props/fontWeight/cases/0/when/op", "unknown_operator")],
        ),
        (
            "/nodes/0/layout/children/1/interactions/0/event",
            Value::Null,
            vec![("/nodes/0/layout/children/1/interactions/0", "no_event")],
        ),
        (
            "/nodes/4/layout/children/2/interactions/0/actions/0/targetNodeId",
            json!("x"),
            vec![("/nodes/4/layout/children/2/interactions/0/actions/0/targetNodeId", "unknown_node")],
        ),
        ("/nodes/3/variants", json!([]), vec![("/nodes/3/variants", "required")]),
        ("/nodes/3/variants/0/weight", json!(-1), vec![("/nodes/3/variants/0/weight", "weight")]),
        ("/nodes/3/variants/0/weight", json!("50"), vec![("/nodes/3/variants/0/weight", "weight")]),
        ("/nodes/3/variants/0/targetNodeId", json!("x"), vec![("/nodes/3/variants/0/targetNodeId", "unknown_node")]),
        ("/variables/0/key", Value::Null, vec![("/variables/0/key", "required")]),
        ("/variables/0/type", Value::Null, vec![("/variables/0/type", "required")]),
        ("/variables/0/type", json!("text"), vec![("/variables/0/type", "unknown_variable_type")]),
        ("/variables/0/lifecycle", json!("forever"), vec![("/variables/0/lifecycle", "unknown_lifecycle")]),
        ("/variables/0/source/kind", json!("http"), vec![("/variables/0/source/kind", "unknown_source_kind")]),
        ("/persistentUI/footer/id", Value::Null, vec![("/persistentUI/footer/id", "required")]),
        ("/persistentUI/footer/visible", json!("yes"), vec![("/persistentUI/footer/visible", "required")]),
        ("/persistentUI/footer/layout", Value::Null, vec![("/persistentUI/footer/layout", "required")]),
    ];
    for (pointer, value, expected) in cases {
        let mut schema = flow();
        set(&mut schema, pointer, (!value.is_null()).then_some(value.clone()));
        assert_eq!(listed(&checked(&schema).errors), expected, "{pointer} := {value}");
    }
    for (schema, expected) in [
        (json!({}), ("/nodes", "required")),
        (json!({ "nodes": {} }), ("/nodes", "type")),
        (json!({ "nodes": [] }), ("/nodes", "no_screen")),
    ] {
        assert_eq!(listed(&checked(&schema).errors), [expected], "{schema}");
    }
}

#[test]
fn warnings_name_what_looks_like_a_slip() {
    let cases: Vec<Case> = vec![
        (
            "/nodes/-",
            json!({ "id": "lost", "kind": "screen", "layout": { "id": "r", "type": "custom" } }),
            vec![("/nodes/5", "unreachable_screen")],
        ),
        ("/nodes/4/layout/children/2/interactions", Value::Null, vec![("/nodes/4", "no_way_on")]),
        (
            "/nodes/4/layout/children/0/type",
            json!("hologram"),
            vec![("/nodes/4/layout/children/0/type", "unknown_component")],
        ),
        ("/nodes/2/kind", json!("teleport"), vec![("/nodes/2/kind", "unknown_node_kind")]),
        (
            "/nodes/0/layout/children/1/interactions/0/actions/-",
            json!({ "kind": "sing" }),
            vec![("/nodes/0/layout/children/1/interactions/0/actions/2/kind", "unknown_action")],
        ),
        (
            "/nodes/0/layout/children/1/interactions/0/event",
            json!("onShake"),
            vec![("/nodes/0/layout/children/1/interactions/0/event", "unknown_event")],
        ),
        (
            "/nodes/0/layout/children/0/props/text",
            json!("{{ aim }} {{aim}} {{goal.name}} {{"),
            vec![("/nodes/0/layout/children/0/props/text", "undeclared_variable")],
        ),
        (
            "/nodes/2/assignments/0/variableKey",
            json!("aim"),
            vec![("/nodes/2/assignments/0/variableKey", "undeclared_variable")],
        ),
        ("/edges/3/guard/left/var", json!("aim"), vec![("/edges/3/guard", "undeclared_variable")]),
        (
            "/nodes/0/layout/children/0/props/fontFamily",
            json!("Lora"),
            vec![
                ("/nodes/0/layout/children/0/props/fontFamily", "font_missing"),
                ("/nodes/0/layout/children/0/props/fontFamily", "font_missing"),
            ],
        ),
        (
            "/nodes/0/layout/children/0/props/fontWeight",
            json!("semibold"),
            vec![("/nodes/0/layout/children/0/props/fontFamily", "font_missing")],
        ),
        (
            "/nodes/4/layout/children/0/props/src",
            json!("/walk.png"),
            vec![("/nodes/4/layout/children/0/props/src", "media_missing")],
        ),
        ("/nodes/4/layout/children/0/props/src", json!("https://example.org/walk.png"), vec![]),
        ("/nodes/4/layout/children/0/props/src", json!("data:image/png;base64,AA=="), vec![]),
        (
            "/nodes/4/layout/children/1/props/iconName",
            json!("cross"),
            vec![("/nodes/4/layout/children/1/props/iconName", "icon_missing")],
        ),
        (
            "/nodes/3/variants",
            json!([{ "id": "a", "weight": 0, "targetNodeId": "bye" }]),
            vec![("/nodes/3/variants", "weights_zero")],
        ),
        ("/edges/0/id", Value::Null, vec![("/edges/0/id", "no_id")]),
        ("/nodes/0/anything", json!({ "is": ["kept"] }), vec![]),
    ];
    for (pointer, value, expected) in cases {
        let mut schema = flow();
        set(&mut schema, pointer, (!value.is_null()).then_some(value.clone()));
        let findings = checked(&schema);
        assert_eq!(listed(&findings.warnings), expected, "{pointer} := {value}");
        assert_eq!(findings.errors, [], "{pointer} := {value}");
    }
    let unknown = check(&flow(), 1, &Stored::unknown());
    assert_eq!(unknown, Findings::default(), "what is not known to be missing is not warned about");
}

#[test]
fn size_depth_and_the_number_of_findings_are_bounded() {
    assert_eq!(listed(&check(&json!([]), 2, &stored()).errors), [("", "type")]);
    assert_eq!(listed(&check(&flow(), SCHEMA_BYTES_MAX + 1, &stored()).errors), [("", "too_large")]);
    assert!(check(&flow(), SCHEMA_BYTES_MAX, &stored()).is_publishable());

    let nested = |depth: usize| {
        let mut inner = json!([]);
        for _ in 2..depth {
            inner = json!([inner]);
        }
        let mut schema = flow();
        schema["deep"] = inner;
        schema
    };
    assert!(checked(&nested(DEPTH_MAX)).is_publishable());
    let findings = checked(&nested(DEPTH_MAX + 1));
    assert_eq!(listed(&findings.errors), [(format!("/deep{}", "/0".repeat(DEPTH_MAX - 1)).as_str(), "too_deep")]);

    let mut schema = flow();
    schema["edges"] = Value::Array(vec![json!(1); FINDINGS_MAX * 2]);
    let findings = checked(&schema);
    assert_eq!(findings.errors.len(), FINDINGS_MAX);
    let fault = findings.refusal().expect("refused");
    assert_eq!((fault.code(), fault.fields().len()), ("flow_invalid", FINDINGS_MAX));
}

#[test]
fn pointers_are_escaped_and_lead_to_what_they_name() {
    let mut schema = flow();
    schema["nodes"][0]["layout"]["children"][0]["props"]["a/b~c"] = json!("{{nobody}}");
    let findings = checked(&schema);
    let [finding] = findings.warnings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(schema.pointer(&finding.pointer), Some(&json!("{{nobody}}")));
}

#[test]
fn fonts_are_found_wherever_they_are() {
    let used = |schema: Value| -> Vec<(String, u16, &'static str)> {
        fonts_used(&schema).into_iter().map(|font| (font.family, font.weight, font.style.as_str())).collect()
    };
    let of = |props: Value| {
        json!({ "globalStyles": { "fonts": { "body": "Inter" } },
        "nodes": [{ "id": "s", "kind": "screen", "layout": { "type": "text", "props": props } }] })
    };
    let inter = |weight, style| ("Inter".to_owned(), weight, style);
    let lora = |weight, style| ("Lora".to_owned(), weight, style);
    let cases = [
        (json!({}), vec![inter(400, "normal")]),
        (json!({ "fontFamily": "Lora" }), vec![inter(400, "normal"), lora(400, "normal")]),
        (
            json!({ "fontFamily": "Lora", "fontWeight": 612.4, "fontStyle": "italic" }),
            vec![inter(400, "normal"), lora(612, "italic")],
        ),
        (json!({ "fontFamily": "token:body", "fontWeight": "bold" }), vec![inter(400, "normal"), inter(700, "normal")]),
        (json!({ "fontWeight": "950" }), vec![inter(400, "normal"), inter(900, "normal")]),
        (
            json!({ "style": { "fontFamily": { "type": "static", "value": "Lora" } } }),
            vec![inter(400, "normal"), lora(400, "normal")],
        ),
        (
            json!({ "fontFamily": "Lora", "italic": { "type": "conditional", "cases": [{ "when": {}, "value": true }], "else": false } }),
            vec![inter(400, "normal"), lora(400, "italic"), lora(400, "normal")],
        ),
        (json!({ "fontFamily": "{{family}}", "fontWeight": "heaviest" }), vec![inter(400, "normal")]),
    ];
    for (props, expected) in cases {
        assert_eq!(used(of(props.clone())), expected, "{props}");
    }
}

#[test]
fn cases_that_multiply_do_not_grow_without_end() {
    let cases = |value: &dyn Fn(u32) -> Value| {
        let list: Vec<Value> = (0..5_000).map(|number| json!({ "when": {}, "value": value(number) })).collect();
        json!({ "type": "conditional", "cases": list })
    };
    let props = json!({ "fontFamily": cases(&|number| json!(format!("F{number}"))), "fontWeight": cases(&|number| json!(number)) });
    let schema = json!({ "nodes": [{ "id": "s", "kind": "screen", "layout": { "type": "text", "props": props } }] });
    assert_eq!(fonts_used(&schema).len(), 1_000);
}

#[test]
fn the_nearest_uploaded_file_is_served() {
    let face = |family: &str, weight, style| FontFace { family: family.to_owned(), weight, style };
    let (normal, italic) = (FontStyle::Normal, FontStyle::Italic);
    let uploaded = [
        face("Inter", 700, normal),
        face("Inter", 300, normal),
        face("Inter", 500, normal),
        face("Inter", 400, italic),
        face("Lora", 400, italic),
    ];
    let cases = [
        (vec![face("Inter", 400, normal)], vec![1]),
        (vec![face("Inter", 600, normal)], vec![0]),
        (vec![face("Inter", 900, italic)], vec![3]),
        (vec![face("Lora", 400, normal)], vec![4]),
        (vec![face("inter", 400, normal)], vec![]),
        (vec![face("Lora", 100, normal), face("Inter", 500, normal), face("Inter", 510, normal)], vec![2, 4]),
    ];
    for (used, expected) in cases {
        assert_eq!(fonts_served(&used, &uploaded), expected, "{used:?}");
    }
}

#[test]
fn a_diff_names_each_difference_once() {
    let check = |change: &dyn Fn(&mut Value), added: &[&str], removed: &[&str], changed: &[&str]| {
        let (old, mut new) = (flow(), flow());
        change(&mut new);
        let found = diff(&old, &new);
        assert_eq!((found.added, found.removed, found.changed), (owned(added), owned(removed), owned(changed)));
        let back = diff(&new, &old);
        assert_eq!((back.added, back.removed), (owned(removed), owned(added)), "and the other way round");
    };
    fn owned(pointers: &[&str]) -> Vec<String> {
        pointers.iter().map(|pointer| (*pointer).to_owned()).collect()
    }
    check(&|_| {}, &[], &[], &[]);
    check(&|new| new["name"] = json!("Hi"), &[], &[], &["/name"]);
    check(&|new| new["a/b"] = json!(1), &["/a~1b"], &[], &[]);
    check(&|new| set(new, "/globalStyles/fonts", None), &[], &["/globalStyles/fonts"], &[]);
    check(
        &|new| set(new, "/nodes/4/layout/children/0/props/src", Some(json!(1))),
        &[],
        &[],
        &["/nodes/4/layout/children/0/props/src"],
    );
    // By id: what comes after the removed one is not different.
    check(&|new| set(new, "/nodes/0", None), &[], &["/nodes/0"], &[]);
    check(&|new| set(new, "/nodes/0/id", Some(json!("hi"))), &["/nodes/0"], &["/nodes/0"], &[]);
    let swap = |new: &mut Value| new["nodes"].as_array_mut().expect("nodes").swap(0, 4);
    check(&swap, &[], &[], &["/nodes"]);
    // By position, where the items have no ids.
    let actions = "/nodes/0/layout/children/1/interactions/0/actions";
    let change = |new: &mut Value| set(new, &format!("{actions}/0"), None);
    let found = {
        let mut new = flow();
        change(&mut new);
        diff(&flow(), &new)
    };
    assert_eq!(found.changed, [format!("{actions}/0/kind")]);
    assert_eq!(found.removed.last(), Some(&format!("{actions}/1")));
}

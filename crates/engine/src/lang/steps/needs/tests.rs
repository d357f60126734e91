use serde_json::json;

use super::*;

fn definition() -> Value {
    json!({ "steps": [
        { "id": "a", "type": "api" },
        { "id": "b", "type": "ask-to-llm", "data": { "modelId": "large", "fallbackModelIds": ["small", "large"], "prompt": "x" } },
        { "id": "c", "type": "each", "data": { "arrayVariable": "list", "steps": [
            { "id": "d", "type": "call-flow", "data": { "flowId": "f1" } },
            { "id": "e", "type": "call-flow", "data": { "flowId": "{{item.flow}}" } },
        ] } },
        { "id": "p", "type": "parallel", "data": { "branches": [{ "id": "x", "steps": [
            { "id": "h", "type": "http-request", "data": {
                "url": "https://x.example/secrets.KEY", "headers": { "Authorization": "Bearer {{ secrets.KEY }}" },
            } },
        ] }] } },
    ] })
}

#[test]
fn what_is_named_is_found_once_and_nested() {
    use NeedKind as N;
    let expected =
        [(N::Model, "large"), (N::Model, "small"), (N::Flow, "f1"), (N::Secret, "KEY")].map(|(k, n)| (k, n.to_owned()));
    assert_eq!(needs(&definition()), expected);
    assert!(needs(&json!({ "steps": [{ "type": "call-flow" }, 3] })).is_empty());
}

#[test]
fn a_mapping_gives_other_names_everywhere() {
    let mut renamed = definition();
    let names = |old: &str, new: &str| BTreeMap::from([(old.to_owned(), new.to_owned())]);
    let mapping = Mapping::from([
        (NeedKind::Model, names("large", "huge")),
        (NeedKind::Flow, names("f1", "f2")),
        (NeedKind::Secret, names("KEY", "TOKEN")),
    ]);
    rename(&mut renamed, &mapping);
    assert_eq!(renamed["steps"][1]["data"]["fallbackModelIds"], json!(["small", "huge"]));
    assert_eq!(renamed["steps"][2]["data"]["steps"][0]["data"]["flowId"], "f2");
    let request = &renamed["steps"][3]["data"]["branches"][0]["steps"][0]["data"];
    assert_eq!(request["url"], "https://x.example/secrets.KEY", "not a template");
    assert_eq!(request["headers"]["Authorization"], "Bearer {{ secrets.TOKEN }}");
}

#[test]
fn only_whole_secrets_in_templates_are_renamed() {
    let names = BTreeMap::from([("A".to_owned(), "B".to_owned())]);
    for (text, expected) in [
        ("{{secrets.A}}{{secrets.AB}}", "{{secrets.B}}{{secrets.AB}}"),
        ("{{secrets[\"A\"] + secrets['A']}}", "{{secrets[\"B\"] + secrets['B']}}"),
        ("{{my.secrets.A}} {{mysecrets.A}}", "{{my.secrets.A}} {{mysecrets.A}}"),
        ("secrets.A {{1}} secrets.A", "secrets.A {{1}} secrets.A"),
        ("{{secrets}}", "{{secrets}}"),
        ("{{ a }} {{ secrets.A", "{{ a }} {{ secrets.B"),
    ] {
        assert_eq!(rename_secrets(text, &names), expected);
    }
}

//! Names that a definition gives: its steps, and what its context holds.

use floe_engine::builtin::is_trigger;
use floe_engine::lang::steps::outline;
use serde_json::Value;

use super::items::Item;

/// Names that are there without anybody giving them (Flow API contract, section 6.3).
const BUILT_IN: [(&str, &str); 7] = [
    ("_trigger", "What started the run: its type and data"),
    ("currentDate", "The instant at which the run began"),
    ("currentUser", "Who acts: name and email, or null"),
    ("approval", "The last decision"),
    ("flow", "Id, name and version of the flow"),
    ("run", "Id and start of the run"),
    ("step", "Id and name of the step"),
];
/// Names inside of loops.
const IN_LOOPS: [(&str, &str); 4] = [
    ("item", "The item of the round of for-each"),
    ("index", "Its position, from 0"),
    ("iteration", "The round of while, from 0"),
    ("_each", "Item, index, total, isFirst and isLast of the round"),
];

/// Every step, nested ones too.
pub(super) fn steps(definition: &Value) -> Vec<Item> {
    let steps = outline(definition).into_iter().filter(|step| !step.id.is_empty());
    steps
        .map(|step| {
            let name = step.name.unwrap_or(step.id);
            Item::new(name, step.id).about(step.kind).among(if step.is_nested { "nested" } else { "steps" })
        })
        .collect()
}

/// Every name that the context may hold.
pub(super) fn context(definition: &Value) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut add = |item: Item| {
        if !items.iter().any(|known| known.value == item.value) {
            items.push(item);
        }
    };
    let steps = outline(definition);
    for step in steps.iter().filter(|step| is_trigger(step.kind)) {
        let inputs = step.data.and_then(|data| data.get("inputs")).and_then(Value::as_array);
        for input in inputs.into_iter().flatten() {
            let text = |key: &str| input.get(key).and_then(Value::as_str);
            if let Some(key) = text("key") {
                add(Item::new(text("label").unwrap_or(key), key)
                    .about(text("description").unwrap_or(""))
                    .among("inputs"));
            }
        }
    }
    for step in &steps {
        if let Some(output) = step.output {
            add(Item::new(output, output).about(step.name.unwrap_or(step.id)).among("results"));
        }
    }
    let variables = definition.get("variables").and_then(Value::as_array).into_iter().flatten();
    for key in variables.filter_map(|variable| variable.get("key")?.as_str()) {
        add(Item::new(key, key).among("variables"));
    }
    for step in steps.iter().filter(|step| !step.id.is_empty() && !is_trigger(step.kind)) {
        let value = format!("steps[\"{}\"]", step.id);
        add(Item::new(step.name.unwrap_or(step.id), value).about("Result of the step").among("steps"));
    }
    for (name, about) in BUILT_IN {
        add(Item::new(name, name).about(about).among("built in"));
    }
    for (name, about) in IN_LOOPS {
        add(Item::new(name, name).about(about).among("in loops"));
    }
    items
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_come_from_triggers_results_variables_and_steps() {
        let definition = json!({
            "steps": [
                { "id": "start", "type": "api", "data": { "inputs": [{ "key": "topic", "label": "Topic" }] } },
                { "id": "loop", "type": "each", "name": "All", "output": "rounds", "data": { "steps": [
                    { "id": "in", "type": "set-variable", "output": "one" },
                ] } },
            ],
            "variables": [{ "key": "retries", "value": 0 }],
        });
        let steps: Vec<_> = steps(&definition).into_iter().map(|item| (item.label, item.group)).collect();
        let group = |name: &str| Some(name.to_owned());
        let expected = [("start", "steps"), ("All", "steps"), ("in", "nested")];
        assert_eq!(steps, expected.map(|(label, of)| (label.to_owned(), group(of))));
        let values: Vec<_> = context(&definition).into_iter().map(|item| item.value).collect();
        assert_eq!(values[..6], ["topic", "rounds", "one", "retries", "steps[\"loop\"]", "steps[\"in\"]"]);
        assert!(values.contains(&"currentDate".to_owned()) && values.contains(&"item".to_owned()));
    }
}

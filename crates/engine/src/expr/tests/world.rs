//! The names of the expression vectors of workflows. Also used by the tests of the sandbox that runs their scripts.

use serde_json::{Map, Value, json};

use super::expr::{Names, Origin};

/// Names in the order of the Workflow API contract, section 15, over what `vectors-expressions.json` calls its context.
pub(crate) struct World {
    roots: Map<String, Value>,
    variables: Map<String, Value>,
    nodes: Vec<(String, String, String, Value)>,
    models: Vec<String>,
    inputs: Map<String, Value>,
}

impl World {
    pub(crate) fn new(context: &Value) -> Self {
        let object = |name: &str| context[name].as_object().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut roots = Map::new();
        for name in ["shared", "env"] {
            roots.insert(name.to_owned(), context[name].clone());
        }
        // What the machine adds to a loop.
        let mut pass = object("loop");
        let (index, total) = (pass["index"].as_i64().unwrap_or(0), pass["total"].clone());
        pass.insert("iteration".to_owned(), json!(index + 1));
        pass.insert("length".to_owned(), total.clone());
        pass.insert("count".to_owned(), total.clone());
        pass.insert("isFirst".to_owned(), json!(index == 0));
        pass.insert("isLast".to_owned(), json!(Some(index + 1) == total.as_i64()));
        roots.insert("loop".to_owned(), Value::Object(pass));
        let nodes = object("nodes").into_iter();
        let nodes = nodes.map(|(id, node)| (id, text(&node["name"]), text(&node["type"]), node["record"].clone()));
        let models = context["llm_variables"].as_array().into_iter().flatten().map(text).collect();
        Self { roots, variables: object("variables"), nodes: nodes.collect(), models, inputs: object("inputs") }
    }

    fn node(&self, name: &str) -> Option<&(String, String, String, Value)> {
        let by_id = self.nodes.iter().find(|(id, ..)| id == name);
        by_id.or_else(|| self.nodes.iter().find(|(_, shown, ..)| shown == name))
    }
}

impl Names for World {
    fn get(&self, name: &str) -> Option<&Value> {
        let root = self.roots.get(name).or_else(|| self.variables.get(name));
        let node = || self.node(name).map(|(.., record)| record);
        let member = || self.nodes.iter().rev().find_map(|(.., record)| record.get(name));
        let shared = || self.roots.get("shared")?.get(name);
        root.or_else(node).or_else(member).or_else(shared).or_else(|| self.inputs.get(name))
    }

    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        if self.variables.contains_key(name) {
            return self.models.iter().any(|model| model == name).then_some(Origin { kind: "llm", output: None });
        }
        self.node(name).map(|(_, _, kind, _)| Origin { kind, output: None })
    }
}

//! Every step of a definition as it is written, nested ones too, whether or not the definition can be run.

use serde_json::{Map, Value};

/// What an editor shows of a step.
#[derive(Debug, Clone, Copy)]
pub struct Outlined<'d> {
    /// Its id; empty when it has none.
    pub id: &'d str,
    /// Its type; empty when it has none.
    pub kind: &'d str,
    /// Its name, when it has one.
    pub name: Option<&'d str>,
    /// The context name of its result.
    pub output: Option<&'d str>,
    /// Its configuration.
    pub data: Option<&'d Map<String, Value>>,
    /// Whether it stands inside of another step.
    pub is_nested: bool,
}

/// Every step of a definition, nested ones too, in the order in which they are written. Works on drafts of any kind.
#[must_use]
pub fn outline(definition: &Value) -> Vec<Outlined<'_>> {
    fn outlined(placed: Placed<'_>) -> Outlined<'_> {
        let step = placed.step;
        let text = |key: &str| step.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        Outlined {
            id: placed.id,
            kind: placed.kind,
            name: text("name"),
            output: text("output"),
            data: placed.step.get("data").and_then(Value::as_object),
            is_nested: !placed.list.is_empty(),
        }
    }
    all(definition).into_iter().map(outlined).collect()
}

/// A step with its place.
pub(super) struct Placed<'d> {
    /// Its id; empty when it has none.
    pub(super) id: &'d str,
    /// Its type; empty when it has none.
    pub(super) kind: &'d str,
    /// The step as written.
    pub(super) step: &'d Map<String, Value>,
    /// JSON pointer to it.
    pub(super) pointer: String,
    /// The list that it stands in, by names that survive moving: ids of the steps and branches around it.
    pub(super) list: String,
}

/// All steps in the order in which they are written.
pub(super) fn all(definition: &Value) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    if let Some(steps) = definition.get("steps") {
        list(steps, "/steps", "", &mut found);
    }
    found
}

/// The lists of steps inside of a step: each with its pointer below the step, and the name of its branch.
pub(super) fn bodies(step: &Map<String, Value>) -> Vec<(&Value, String, &str)> {
    let mut bodies = Vec::new();
    if let Some(steps) = step.get("steps") {
        bodies.push((steps, "/steps".to_owned(), ""));
    }
    let Some(Value::Object(data)) = step.get("data") else { return bodies };
    if let Some(steps) = data.get("steps") {
        bodies.push((steps, "/data/steps".to_owned(), ""));
    }
    let branches = data.get("branches").and_then(Value::as_array).into_iter().flatten().enumerate();
    bodies.extend(branches.filter_map(|(at, branch)| {
        let id = branch.get("id").and_then(Value::as_str).unwrap_or_default();
        Some((branch.get("steps")?, format!("/data/branches/{at}/steps"), id))
    }));
    bodies
}

fn list<'d>(steps: &'d Value, pointer: &str, name: &str, found: &mut Vec<Placed<'d>>) {
    for (at, step) in steps.as_array().into_iter().flatten().enumerate() {
        let Value::Object(step) = step else { continue };
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        let (id, pointer) = (text("id"), format!("{pointer}/{at}"));
        found.push(Placed { id, kind: text("type"), step, pointer: pointer.clone(), list: name.to_owned() });
        for (steps, below, branch) in bodies(step) {
            list(steps, &format!("{pointer}{below}"), &format!("{name}/{id}:{branch}"), found);
        }
    }
}

//! The checks of a definition (Flow API contract, section 6.6).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::definition::{Body, Definition, StepDef};
use super::needs::named_by;
use super::{Reference, STEPS_MAX, fields, order, secrets};
use crate::builtin::is_trigger;
use crate::catalog::{Catalog, Execution};
use crate::inputs::{is_reserved, parse_fields};
use crate::lang::problem::Problem;
use crate::plan::OnError;

/// Checks a definition; gives the outside records that it names.
pub(super) fn check(definition: &Definition, catalog: &Catalog, problems: &mut Vec<Problem>) -> Vec<Reference> {
    let mut checker =
        Checker { catalog, problems, count: 0, seen: HashSet::new(), outputs: HashMap::new(), references: Vec::new() };
    checker.root(definition);
    checker.references
}

/// Where a list stands.
#[derive(Clone, Copy)]
struct Surroundings {
    nested: bool,
    in_parallel: bool,
}

struct Checker<'a> {
    catalog: &'a Catalog,
    problems: &'a mut Vec<Problem>,
    /// Steps that were looked at, nested ones too.
    count: usize,
    seen: HashSet<String>,
    outputs: HashMap<String, String>,
    references: Vec<Reference>,
}

impl Checker<'_> {
    fn root(&mut self, definition: &Definition) {
        let triggers: Vec<&StepDef> = definition.steps.iter().filter(|step| is_trigger(&step.kind)).collect();
        if triggers.is_empty() {
            self.problems.push(Problem::error("no_trigger", None, "/steps", "The flow has no trigger step"));
        }
        for trigger in &triggers {
            if trigger.next.is_none() {
                let message = format!("The trigger {} leads nowhere", trigger.id);
                self.warn("unused_trigger", trigger, "/nextStepId", message);
            }
        }
        let before = self.problems.len();
        self.list(&definition.steps, Surroundings { nested: false, in_parallel: false });
        if self.count > STEPS_MAX {
            // In front of what each step has to say, which may be more than is listed.
            let message = format!("The flow has {} steps; at most {STEPS_MAX} are allowed", self.count);
            self.problems.insert(before, Problem::error("too_many_steps", None, "/steps", message));
        }
        if !definition.steps.iter().any(|step| step.kind == "final" || step.kind == "end-session") {
            let message = "The flow has no final step, so its output is always empty";
            self.problems.push(Problem::warning("no_final", None, "/steps", message));
        }
        let starts = triggers.iter().flat_map(|trigger| [Some(trigger.id.as_str()), trigger.next.as_deref()]).flatten();
        self.unreachable(&definition.steps, starts.collect());
    }

    fn list(&mut self, steps: &[StepDef], around: Surroundings) {
        let ids: HashMap<&str, &StepDef> = steps.iter().map(|step| (step.id.as_str(), step)).collect();
        for step in steps {
            self.step(step, around);
            for link in order::links(step) {
                let message = match ids.get(link.to.as_str()) {
                    Some(target) if is_trigger(&target.kind) => format!("{} is a trigger", link.to),
                    Some(_) => continue,
                    None => format!("There is no step {} in this list", link.to),
                };
                self.problems.push(Problem::error(
                    "dangling_next",
                    Some(&step.id),
                    format!("{}{}", step.pointer, link.below),
                    message,
                ));
            }
            for body in &step.bodies {
                self.body(step, body, around);
            }
        }
        if let Some(step) = order::cycle(steps) {
            let message = format!("{} leads back to a step before it; repeat with each or while", step.id);
            self.error("cycle", step, "", message);
        }
    }

    fn body(&mut self, step: &StepDef, body: &Body, around: Surroundings) {
        if body.steps.is_empty() {
            // A list that could not be read has been told of already.
            if self.problems.iter().any(|problem| problem.path.starts_with(&body.pointer)) {
                return;
            }
            let message = format!("{} needs at least one step", step.id);
            self.problems.push(Problem::error("missing_field", Some(&step.id), body.pointer.clone(), message));
            return;
        }
        let in_parallel = around.in_parallel || step.kind == "parallel";
        self.list(&body.steps, Surroundings { nested: true, in_parallel });
        self.unreachable(&body.steps, body.steps.first().map(|first| first.id.as_str()).into_iter().collect());
    }

    fn unreachable(&mut self, steps: &[StepDef], starts: Vec<&str>) {
        let found = order::reachable(steps, starts);
        for step in steps.iter().filter(|step| !found.contains(step.id.as_str())) {
            self.warn("unreachable_step", step, "", format!("No way leads to {}", step.id));
        }
    }

    fn step(&mut self, step: &StepDef, around: Surroundings) {
        self.identity(step);
        if is_trigger(&step.kind) {
            if around.nested {
                self.error("bad_value", step, "/type", "A trigger must stand in the top list".to_owned());
            }
            return self.trigger(step);
        }
        let Some(spec) = self.catalog.get(&step.kind) else {
            return self.error("unknown_type", step, "/type", format!("There is no step type {}", step.kind));
        };
        if step.on_error == OnError::Branch && step.error.is_none() {
            let message = "onError branch needs errorNextStepId".to_owned();
            self.error("missing_field", step, "/errorNextStepId", message);
        }
        if let (Execution::Effect(effect), Some(timeout_ms)) = (spec.execution, step.timeout_ms)
            && timeout_ms > effect.timeout_ms_max
        {
            let message = format!("timeoutMs must be at most {}", effect.timeout_ms_max);
            self.error("bad_value", step, "/timeoutMs", message);
        }
        if around.nested && matches!(spec.key, "final" | "end-session") {
            self.error("final_in_nested", step, "", format!("{} is only allowed in the top list", spec.key));
        }
        if around.in_parallel && waits(step, spec.key) {
            self.error("wait_in_parallel", step, "", format!("{} can wait, which a parallel branch can't", step.id));
        }
        if step.disabled {
            return;
        }
        fields::check_fields(step, spec, self.problems);
        secrets::check(step, spec, self.problems);
        self.by_type(step, spec.key);
        self.references.extend(named_by(step, spec.key));
    }

    fn identity(&mut self, step: &StepDef) {
        self.count += 1;
        // That there is one is checked where the step is read.
        if !step.id.is_empty() && !is_id(&step.id) {
            self.error("bad_id", step, "/id", format!("An id has {ID_RULE}"));
        }
        if !self.seen.insert(step.id.clone()) {
            self.error("duplicate_id", step, "/id", format!("The id {} is used twice", step.id));
        }
        let Some(output) = &step.output else { return };
        if !is_name(output) || is_reserved(output) {
            let message = format!("{output} can't be an output name");
            self.error("bad_output_name", step, "/output", message);
        } else if let Some(first) = self.outputs.insert(output.clone(), step.id.clone()) {
            self.warn("duplicate_output", step, "/output", format!("{first} writes to {output} too"));
        }
    }

    /// Rules of single types that a list of fields can't say.
    fn by_type(&mut self, step: &StepDef, kind: &str) {
        match kind {
            "set-variable" => self.variables(step),
            "condition" => self.branches(step, 1, 50),
            "parallel" => self.branches(step, 2, 10),
            "each" => {
                self.list_source(step);
                self.needs_body(step);
            }
            "while" => self.needs_body(step),
            "show-form" => self.form(step),
            "delay" if !step.data.contains_key("seconds") && !step.data.contains_key("until") => {
                self.error("missing_field", step, "/data/seconds", "delay needs seconds or until".to_owned());
            }
            "user-approval" => self.approvers(step),
            "ask-to-llm" => self.one_of(step, "prompt", "messages"),
            "extract-data" => self.one_of(step, "fields", "schema"),
            _ => {}
        }
    }

    /// A step that needs one of two fields.
    fn one_of(&mut self, step: &StepDef, first: &str, second: &str) {
        let is_given = |key: &str| {
            step.data
                .get(key)
                .is_some_and(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()))
        };
        if !is_given(first) && !is_given(second) {
            let message = format!("{} needs {first} or {second}", step.kind);
            self.error("missing_field", step, &format!("/data/{first}"), message);
        }
    }

    fn list_source(&mut self, step: &StepDef) {
        let Some(source) = step.data.get("arrayVariable").and_then(Value::as_str) else { return };
        if source.trim().is_empty() || fields::dot_path(source).is_some() {
            return;
        }
        if let Err(why) = fields::expression(source) {
            self.error("bad_expression", step, "/data/arrayVariable", why);
        }
    }

    /// Fields of a form are checked as far as they are written out; what a template gives is checked when it is asked.
    fn form(&mut self, step: &StepDef) {
        let is_template = |value: &Value| value.as_str().is_some_and(|text| text.contains("{{"));
        let Some(mut list) = step.data.get("fields").filter(|list| !list.is_null() && !is_template(list)).cloned()
        else {
            return;
        };
        for field in list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            field.retain(|key, value| !(matches!(key.as_str(), "default" | "options") && is_template(value)));
        }
        if let Err((below, why)) = parse_fields(&list) {
            self.error("bad_value", step, &format!("/data/fields{below}"), why);
        }
    }

    fn needs_body(&mut self, step: &StepDef) {
        if step.bodies.is_empty() && !self.problems.iter().any(|problem| problem.code == "nesting_limit") {
            self.error("missing_field", step, "/data/steps", format!("{} needs steps", step.kind));
        }
    }

    fn variables(&mut self, step: &StepDef) {
        let Some(Ok(Value::Object(map))) = step.data.get("variables").map(fields::key_values) else { return };
        for name in map.keys().filter(|name| is_reserved(name) || name.is_empty()) {
            self.error("bad_value", step, "/data/variables", format!("{name} is a reserved name"));
        }
    }

    fn branches(&mut self, step: &StepDef, min: usize, max: usize) {
        let Some(branches) = step.data.get("branches") else { return };
        let Some(branches) = branches.as_array().filter(|branches| (min..=max).contains(&branches.len())) else {
            return self.error(
                "bad_value",
                step,
                "/data/branches",
                format!("branches must be a list of {min} to {max}"),
            );
        };
        let mut ids = HashSet::new();
        for (index, branch) in branches.iter().enumerate() {
            let below = format!("/data/branches/{index}");
            match branch.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
                None => self.error("missing_field", step, &format!("{below}/id"), "A branch needs an id".to_owned()),
                Some(id) if !ids.insert(id) => {
                    self.error(
                        "duplicate_id",
                        step,
                        &format!("{below}/id"),
                        format!("The branch id {id} is used twice"),
                    );
                }
                Some(_) => {}
            }
            if step.kind == "condition" {
                self.branch_condition(step, branch, &below);
            } else if branch.get("steps").is_none() {
                let message = "A branch needs steps".to_owned();
                self.error("missing_field", step, &format!("{below}/steps"), message);
            }
        }
    }

    fn branch_condition(&mut self, step: &StepDef, branch: &Value, below: &str) {
        let pointer = format!("{below}/condition");
        match branch.get("condition").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) {
            None => self.error("missing_field", step, &pointer, "A branch needs a condition".to_owned()),
            Some(text) => {
                if let Err(why) = fields::expression(text) {
                    self.error("bad_expression", step, &pointer, why);
                }
            }
        }
        if branch.get("nextStepId").is_some_and(|next| !next.is_null() && !next.is_string()) {
            let message = "nextStepId must be a text or null".to_owned();
            self.error("bad_value", step, &format!("{below}/nextStepId"), message);
        }
    }

    fn trigger(&mut self, step: &StepDef) {
        if let Some(id) = step.kind.strip_prefix("webhook.")
            && !is_id(id)
        {
            self.error("bad_value", step, "/type", format!("What follows webhook. has {ID_RULE}"));
        }
        let mode = step.data.get("mode").filter(|mode| !mode.is_null());
        if mode.is_some_and(|mode| mode != "live" && mode != "test") {
            self.error("bad_value", step, "/data/mode", "mode must be live or test".to_owned());
        }
        self.inputs(step);
    }

    /// What a trigger takes.
    fn inputs(&mut self, step: &StepDef) {
        if step.kind == "schedule" {
            for (pointer, why) in super::times::problems(&step.data) {
                self.error("bad_value", step, pointer, why);
            }
        }
        let Some(list) = step.data.get("inputs").filter(|list| !list.is_null()) else { return };
        // The inputs of a schedule are values, not declarations.
        if step.kind == "schedule" && list.is_object() {
            return;
        }
        match parse_fields(list) {
            Err((below, why)) => self.error("bad_value", step, &format!("/data/inputs{below}"), why),
            Ok(fields) => {
                for (index, field) in fields.iter().enumerate().filter(|(_, field)| is_reserved(&field.key)) {
                    let message = format!("{} is a reserved name", field.key);
                    self.error("bad_value", step, &format!("/data/inputs/{index}/key"), message);
                }
            }
        }
    }

    fn approvers(&mut self, step: &StepDef) {
        let Some(list) = step.data.get("approvers").filter(|list| !list.is_null()) else { return };
        let are_texts = list.as_array().is_some_and(|items| items.iter().all(Value::is_string));
        let is_template = list.as_str().is_some_and(|text| text.contains("{{"));
        if !are_texts && !is_template {
            self.error("bad_value", step, "/data/approvers", "approvers must be a list of texts".to_owned());
        }
    }

    fn error(&mut self, code: &'static str, step: &StepDef, below: &str, message: String) {
        self.problems.push(Problem::error(code, Some(&step.id), format!("{}{below}", step.pointer), message));
    }

    fn warn(&mut self, code: &'static str, step: &StepDef, below: &str, message: String) {
        self.problems.push(Problem::warning(code, Some(&step.id), format!("{}{below}", step.pointer), message));
    }
}

fn waits(step: &StepDef, kind: &str) -> bool {
    match kind {
        "user-approval" | "client-tool" | "show-form" | "delay" => true,
        "call-flow" => step.data.get("waitForCompletion") != Some(&Value::Bool(false)),
        _ => false,
    }
}

/// What an id of a step or a hook consists of.
const ID_RULE: &str = "1 to 64 of A-Z a-z 0-9 _ -";

fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

/// `^[A-Za-z_][A-Za-z0-9_]{0,63}$`
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= 64
        && chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

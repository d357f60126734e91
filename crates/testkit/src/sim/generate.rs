//! Generates flows: every built-in step type, nested, branching and failing, as definitions in the steps language.

use serde_json::{Map, Value, json};

use super::catalogue::{THINK, TOUCH};
use super::chance::Chance;

/// Levels of nesting in generated flows; the top list is one.
const LEVELS_MAX: usize = 3;
/// Context names that generated steps write and read.
const NAMES: [&str; 5] = ["v0", "v1", "v2", "v3", "item"];

/// A definition with about `steps_max` steps at most. It is flow number `flow` of `flows`, and calls later ones.
pub(super) fn definition(chance: &mut Chance, steps_max: usize, flow: usize, flows: usize) -> Value {
    let left = chance.between(1, steps_max.max(1));
    let mut generator = Generator { chance, left, next_id: 0, flow, flows };
    let mut steps = generator.list(Around { level: 1, in_parallel: false });
    if !generator.chance.one_in(10) {
        let last = generator.finish();
        if let Some(step) = steps.last_mut().filter(|step| step.get("nextStepId").is_none()) {
            step["nextStepId"] = last["id"].clone();
        }
        steps.push(last);
    }
    let first = steps[0]["id"].clone();
    let other = generator.chance.pick(&steps)["id"].clone();
    let mut all = vec![json!({ "id": "api", "type": "api", "nextStepId": first })];
    match generator.chance.below(8) {
        0 => all.push(json!({ "id": "form", "type": "form" })),
        1 | 2 => all.push(json!({ "id": "form", "type": "form", "nextStepId": other })),
        _ => {}
    }
    all.append(&mut steps);
    json!({ "steps": all, "variables": [{ "key": "v0", "value": 0 }, { "key": "v1", "value": [1, "two", { "three": 3 }] }] })
}

/// Where a list of steps stands.
#[derive(Clone, Copy)]
struct Around {
    level: usize,
    in_parallel: bool,
}

struct Generator<'c> {
    chance: &'c mut Chance,
    left: usize,
    next_id: usize,
    flow: usize,
    flows: usize,
}

impl Generator<'_> {
    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("s{}", self.next_id)
    }

    /// A list of at least one step, joined forwards only: mostly each to the next, sometimes over some, sometimes to the
    /// end.
    fn list(&mut self, around: Around) -> Vec<Value> {
        let wanted = self.chance.between(1, 5);
        let mut steps = vec![self.step(around)];
        while steps.len() < wanted && self.left > 0 {
            steps.push(self.step(around));
        }
        for at in 0..steps.len() {
            let later: Vec<Value> = steps[at + 1..].iter().map(|step| step["id"].clone()).collect();
            if !later.is_empty() {
                self.join(&mut steps[at], &later);
            }
        }
        steps
    }

    fn join(&mut self, step: &mut Value, later: &[Value]) {
        match self.chance.below(20) {
            0 => {}
            1..4 => step["nextStepId"] = self.chance.pick(later).clone(),
            _ => step["nextStepId"] = later[0].clone(),
        }
        if self.chance.one_in(6) {
            step["onError"] = json!("branch");
            step["errorNextStepId"] = self.chance.pick(later).clone();
        }
        if step["type"] == "user-approval" && self.chance.one_in(2) {
            step["rejectNextStepId"] = self.chance.pick(later).clone();
        }
        if matches!(step["type"].as_str(), Some("user-approval" | "client-tool" | "show-form")) && self.chance.one_in(2)
        {
            step["timeoutNextStepId"] = self.chance.pick(later).clone();
        }
        if step["type"] == "condition" {
            let branches = step["data"]["branches"].as_array().map_or(0, Vec::len);
            for branch in 0..branches {
                if !self.chance.one_in(6) {
                    step["data"]["branches"][branch]["nextStepId"] = self.chance.pick(later).clone();
                }
            }
            if self.chance.one_in(2) {
                step["data"]["elseNextStepId"] = self.chance.pick(later).clone();
            }
        }
    }

    fn step(&mut self, around: Around) -> Value {
        self.left = self.left.saturating_sub(1);
        let nests = usize::from(around.level < LEVELS_MAX && self.left > 0);
        let waits = usize::from(!around.in_parallel);
        let weights = [6, 4, 5, 4, 1, 2 * nests, 2 * nests, 3 * nests, 3 * waits, 2 * waits, 2 * waits, 3 * waits, 4];
        let mut step = match self.chance.weighted(&weights) {
            0 => self.effect(TOUCH),
            1 => self.effect(THINK),
            2 => json!({ "type": "set-variable", "data": { "variables": self.variables() } }),
            3 => self.condition(),
            4 => json!({ "type": "add-widget-to-message", "data": { "widget": "w" } }),
            5 => self.each(around),
            6 => self.again(around),
            7 => self.parallel(around),
            8 => {
                json!({ "type": "user-approval", "data": { "message": "Pay {{ n }}?", "timeoutSeconds": self.timeout() } })
            }
            9 => {
                json!({ "type": "client-tool", "data": { "toolName": "t", "parameters": self.variables(), "timeoutSeconds": self.timeout() } })
            }
            10 => {
                json!({ "type": "show-form", "data": { "fields": [{ "key": "a", "default": self.value() }], "timeoutSeconds": self.timeout() } })
            }
            11 => self.delay(),
            _ => self.call(around),
        };
        step["id"] = json!(self.id());
        if self.chance.one_in(2) {
            step["output"] = json!(self.chance.pick(&NAMES));
        }
        if self.chance.one_in(25) {
            step["disabled"] = json!(true);
        }
        if self.chance.one_in(3) {
            step["onError"] = json!("continue");
        }
        step
    }

    fn effect(&mut self, kind: &str) -> Value {
        let mut step = json!({ "type": kind, "data": { "what": self.value() } });
        if self.chance.one_in(2) {
            let backoff = *self.chance.pick(&["fixed", "exponential"]);
            let interval_ms = *self.chance.pick(&[0, 10, 1_000, 60_000]);
            step["retry"] =
                json!({ "maxAttempts": self.chance.between(1, 4), "intervalMs": interval_ms, "backoff": backoff });
        }
        step
    }

    fn variables(&mut self) -> Value {
        let mut variables = Map::new();
        for _ in 0..self.chance.between(1, 2) {
            let name = *self.chance.pick(&NAMES);
            variables.insert(name.to_owned(), self.value());
        }
        Value::Object(variables)
    }

    fn condition(&mut self) -> Value {
        let branches: Vec<Value> = (0..self.chance.between(1, 3))
            .map(|index| json!({ "id": format!("b{index}"), "condition": self.truth() }))
            .collect();
        json!({ "type": "condition", "data": { "branches": branches } })
    }

    fn each(&mut self, around: Around) -> Value {
        let source = *self.chance.pick(&["list", "list", "list", "v1", "text", "list.concat(v1)", "v2", "empty"]);
        let fails = self.chance.one_in(4);
        let steps = self.list(Around { level: around.level + 1, ..around });
        json!({ "type": "each", "data": { "arrayVariable": source, "maxItems": self.chance.between(1, 4), "failOnError": fails, "steps": steps } })
    }

    fn again(&mut self, around: Around) -> Value {
        let condition = if self.chance.one_in(2) { "true".to_owned() } else { self.truth() };
        let fails = self.chance.one_in(4);
        let steps = self.list(Around { level: around.level + 1, ..around });
        json!({ "type": "while", "data": { "condition": condition, "maxIterations": self.chance.between(1, 3), "failOnError": fails, "steps": steps } })
    }

    fn parallel(&mut self, around: Around) -> Value {
        let inside = Around { level: around.level + 1, in_parallel: true };
        let branches: Vec<Value> = (0..self.chance.between(2, 3))
            .map(|index| json!({ "id": format!("p{index}"), "steps": self.list(inside) }))
            .collect();
        let mode = *self.chance.pick(&["all", "all", "any"]);
        json!({ "type": "parallel", "data": { "branches": branches, "mode": mode, "failFast": self.chance.one_in(2) } })
    }

    fn delay(&mut self) -> Value {
        match self.chance.below(6) {
            0 => json!({ "type": "delay", "data": { "until": "{{ currentDate }}" } }),
            _ => {
                let lengths = [json!(0), json!(2), json!(5), json!(60), json!(100_000), json!("{{ n }}")];
                let seconds = self.chance.pick(&lengths).clone();
                json!({ "type": "delay", "data": { "seconds": seconds } })
            }
        }
    }

    /// Mostly a later flow; now and then itself, until the depth limit, or one that is not there.
    fn call(&mut self, around: Around) -> Value {
        let later = self.flow + 1 < self.flows;
        let flow = match self.chance.below(24) {
            0 => "nobody".to_owned(),
            1 => format!("f{}", self.flow),
            _ if later => format!("f{}", self.chance.between(self.flow + 1, self.flows - 1)),
            _ => return self.effect(TOUCH),
        };
        let waits = !around.in_parallel && !self.chance.one_in(4);
        let mut step = json!({ "type": "call-flow", "data": { "flowId": flow, "inputs": { "n": "{{ n }}", "list": [1, 2] }, "waitForCompletion": waits } });
        if self.chance.one_in(2) {
            step["retry"] = json!({ "maxAttempts": self.chance.between(1, 3), "intervalMs": 1_000 });
        }
        step
    }

    fn finish(&mut self) -> Value {
        let id = self.id();
        if self.chance.one_in(12) {
            return json!({ "id": id, "type": "end-session" });
        }
        json!({ "id": id, "type": "final", "data": { "outputs": { "a": self.value(), "steps": "{{ steps }}" } } })
    }

    fn timeout(&mut self) -> usize {
        *self.chance.pick(&[1, 60, 3_600, 604_800])
    }

    /// A value for a field, mostly computed; a few cannot be.
    fn value(&mut self) -> Value {
        let values = [
            "{{ n + 1 }}",
            "{{ n / 3 }}",
            "{{ v0 }}",
            "{{ v1 }}",
            "{{ v2 }}",
            "{{ text }}-{{ n }}",
            "{{ uuid() }}",
            "{{ now() }}",
            "{{ steps.s1 }}",
            "{{ item }}",
            "{{ index }}",
            "{{ approval.decision }}",
            "{{ list }}",
            "plain",
            "{{ step.id }} {{ run._id }}",
        ];
        if self.chance.one_in(30) { json!("{{ n.includes(1) }}") } else { json!(self.chance.pick(&values)) }
    }

    fn truth(&mut self) -> String {
        let conditions =
            ["n > 2", "n < 3", "v0", "v1.length > 2", "index == 1", "true", "false", "item == 1", "v0 != v3"];
        if self.chance.one_in(25) { "n.includes(1)".to_owned() } else { (*self.chance.pick(&conditions)).to_owned() }
    }
}

//! Trying one step by itself, without an automation: a definition is made around it, of which nothing else runs (console contract,
//! section 5.3).

use std::sync::Arc;

use floe_engine::event::Beginning;
use floe_engine::lang;
use floe_engine::plan::{Plan, Port};
use floe_engine::reuse::{EVERY_PASS, Kept, Reuse, ReusedStep};
use floe_model::flows::Engine;
use floe_model::{Fault, FaultKind, Mode, Scope};
use floe_runtime::Ctx;
use serde_json::{Map, Value, json};

use crate::Flows;
use crate::runs::Trial;

/// Ids of the steps around the one of a flow.
const START: &str = "start-of-test";
const GIVEN: &str = "given-to-test";
/// Id of a step that has none.
const STEP: &str = "step";

/// A step to be tried.
#[derive(Debug, Clone)]
pub struct StepTest {
    /// The language that it is written in.
    pub engine: Engine,
    /// The step of a flow, or the node of a workflow.
    pub step: Map<String, Value>,
    /// What the run would know before it: values by name, and in `steps` results of steps before it.
    pub context: Map<String, Value>,
    /// Inputs of the run.
    pub inputs: Map<String, Value>,
}

impl Flows {
    /// Runs one step in test mode. Nothing is kept of it.
    ///
    /// # Errors
    /// 422 `invalid_definition` for a step that has errors, `not_supported` for one that holds or calls others.
    pub async fn test_step(&self, ctx: &Ctx, test: StepTest) -> Result<Trial, Fault> {
        let StepTest { engine, mut step, mut context, inputs } = test;
        let id = step.get("id").and_then(Value::as_str).unwrap_or(STEP).to_owned();
        step.insert("id".to_owned(), id.clone().into());
        let steps = match context.swap_remove("steps") {
            Some(Value::Object(steps)) => steps,
            _ => Map::new(),
        };
        let definition = match engine {
            Engine::Flow => flow_around(step, &id),
            Engine::Workflow => graph_around(step, &id),
        };
        let plan = self.plan_of_test(&definition)?;
        let run = ctx.ids.next();
        // A graph finds the outputs of nodes by their ids, as it finds values.
        let known = if engine == Engine::Workflow { steps.clone() } else { Map::new() };
        let all: Map<String, Value> = known.into_iter().chain(context.clone()).chain(inputs).collect();
        let laid = Kept::Done { result: Arc::new(Value::Null), port: Port::NEXT, values: context, steps };
        let laid = ReusedStep { step: GIVEN.to_owned(), pass: EVERY_PASS.to_owned(), kept: laid, input: None };
        let member = ctx.caller.member.as_ref();
        let beginning = Beginning {
            run,
            entry: 0,
            trigger_data: Value::Object(all.clone()),
            inputs: all,
            user: member.map_or(Value::Null, |member| json!({ "name": member.name, "email": member.email })),
            flow: json!({ "_id": null, "name": "Test of a step", "version": 0 }),
            depth: 0,
            reuse: Some(Arc::new(Reuse { of: run, steps: vec![laid], lists: Vec::new() })),
            trigger: Value::Null,
        };
        let scope = Scope { workspace: ctx.caller.workspace, mode: Mode::Test };
        self.runs.try_step(scope, plan, &id, beginning).await
    }

    fn plan_of_test(&self, definition: &Value) -> Result<Arc<Plan>, Fault> {
        let refused = |refused: lang::Refused| {
            let message = format!("The step has {} problem(s)", refused.errors);
            let fault = Fault::new(FaultKind::Unprocessable, "invalid_definition", message);
            fault.with_details(json!({ "problems": refused.problems }))
        };
        lang::plan(definition, &self.catalog).map(Arc::new).map_err(refused)
    }
}

/// A flow of a trigger, what the context holds, the step, and an end wherever the step leads.
fn flow_around(step: Map<String, Value>, id: &str) -> Value {
    let mut ends = Vec::new();
    followers(&Value::Object(step.clone()), &mut ends);
    ends.retain(|end| end != id);
    let ends = ends.into_iter().map(|end| json!({ "id": end, "type": "final", "data": { "outputs": {} } }));
    let begin = [
        json!({ "id": START, "type": "api", "nextStepId": GIVEN }),
        json!({ "id": GIVEN, "type": "set-variable", "data": { "variables": { "given": true } }, "nextStepId": id }),
        Value::Object(step),
    ];
    json!({ "steps": begin.into_iter().chain(ends).collect::<Vec<_>>() })
}

/// Ids of the steps that a step leads to, each once.
fn followers(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str().filter(|_| name.ends_with("StepId")) {
                    Some(id) if !found.iter().any(|known| known == id) => found.push(id.to_owned()),
                    Some(_) => {}
                    None => followers(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| followers(item, found)),
        _ => {}
    }
}

/// A graph of the node alone, in the shape of file that it has.
fn graph_around(mut node: Map<String, Value>, id: &str) -> Value {
    if node.get("data").is_some_and(Value::is_object) {
        return json!({ "name": "Test", "nodes": [node], "edges": [] });
    }
    node.swap_remove("id");
    json!({ "name": "Test", "nodes": { id: node }, "edges": [] })
}

//! Lowering: a checked definition becomes a plan.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::definition::{Definition, StepDef};
use super::{fields, order};
use crate::builtin::is_trigger;
use crate::catalog::{Catalog, EffectSpec, Execution, FieldKind, StepSpec};
use crate::expr::JsonTemplate;
use crate::inputs::parse_fields;
use crate::lang::problem::Problem;
use crate::plan::{
    Branch, Callee, Edge, EffectWork, Entry, Gives, Node, NodeIndex, Plan, Port, Primary, Rules, Scope, ScopeIndex,
    Source, Target, WaitKind, WaitWork, Way, Work,
};

/// Seconds until a wait expires unless the step says otherwise: 7 days (Flow API contract, section 4).
const WAIT_TIMEOUT_S: u64 = 604_800;
/// Items of a loop at most unless the step says otherwise: the step limit bounds it anyway.
const ITEMS_MAX: usize = crate::machine::STEPS_MAX as usize;
/// Passes of a loop with a condition unless the step says otherwise (Flow API contract, section 6.5).
const PASSES_MAX: usize = 200;

/// Lowers a definition that was checked without errors. A problem that only shows here is added to the list.
pub(super) fn lower(definition: &Definition, catalog: &Catalog, problems: &mut Vec<Problem>) -> Option<Plan> {
    let mut lowering = Lowering { catalog, scopes: Vec::new(), nodes: Vec::new() };
    let triggers: Vec<&StepDef> = definition.steps.iter().filter(|step| is_trigger(&step.kind)).collect();
    let starts: Vec<Option<&str>> = triggers.iter().map(|trigger| trigger.next.as_deref()).collect();
    match lowering.list(&definition.steps, None, None, &starts) {
        Ok(_) => {
            let entries = triggers.iter().enumerate().map(|(way, trigger)| entry(trigger, way)).collect();
            let nodes = lowering.nodes.into_iter().flatten().collect();
            let variables = definition.variables.clone();
            let scopes = lowering.scopes;
            Some(Plan { scopes, nodes, entries, declared: Vec::new(), variables, rules: Rules::steps() })
        }
        Err(problem) => {
            problems.insert(0, *problem);
            None
        }
    }
}

type Lowered<T> = Result<T, Box<Problem>>;

struct Lowering<'a> {
    catalog: &'a Catalog,
    scopes: Vec<Scope>,
    nodes: Vec<Option<Node>>,
}

impl Lowering<'_> {
    /// Lowers one list to a scope with one way for each start; steps that no start leads to are left out.
    fn list(
        &mut self,
        steps: &[StepDef],
        owner: Option<NodeIndex>,
        branch: Option<String>,
        starts: &[Option<&str>],
    ) -> Lowered<ScopeIndex> {
        let used = order::reachable(steps, starts.iter().copied().flatten());
        let steps: Vec<&StepDef> = steps.iter().filter(|step| used.contains(step.id.as_str())).collect();
        let scope = self.scopes.len() as ScopeIndex;
        let first = self.nodes.len() as NodeIndex;
        let index: HashMap<&str, NodeIndex> =
            steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), first + at as NodeIndex)).collect();
        let edges: Vec<Vec<Edge>> = steps.iter().map(|step| edges_of(step, &index)).collect();
        let way = |start: &Option<&str>| way(start.and_then(|id| index.get(id).copied()), first, &edges);
        self.scopes.push(Scope {
            first,
            len: steps.len() as u32,
            owner,
            isolated: branch.is_some(),
            branch,
            ways: starts.iter().map(way).collect(),
            outs: 0,
        });
        self.nodes.resize_with(self.nodes.len() + steps.len(), || None);
        for (step, edges) in steps.iter().zip(edges) {
            let at = index[step.id.as_str()];
            let node = self.node(step, scope, at, edges)?;
            self.nodes[at as usize] = Some(node);
        }
        Ok(scope)
    }

    fn node(&mut self, step: &StepDef, scope: ScopeIndex, at: NodeIndex, edges: Vec<Edge>) -> Lowered<Node> {
        let work = if step.disabled { Work::Skip { warning: None } } else { self.work(step, at, &edges)? };
        Ok(Node {
            id: step.id.clone(),
            name: step.name.clone(),
            kind: step.kind.clone(),
            scope,
            work,
            output: step.output.clone(),
            primary: Primary::Whole,
            gives: Gives::Nothing,
            handles: Vec::new(),
            order: at,
            edges,
            retry: step.retry.clone(),
            on_error: step.on_error.clone(),
        })
    }

    fn work(&mut self, step: &StepDef, at: NodeIndex, edges: &[Edge]) -> Lowered<Work> {
        let spec =
            self.catalog.get(&step.kind).ok_or_else(|| wrong(step, "unknown_type", "There is no such step type"))?;
        if let Execution::Effect(effect) = spec.execution {
            return Ok(Work::Effect(effect_work(step, spec, effect)?));
        }
        let flag = |key: &str, default: bool| step.data.get(key).and_then(Value::as_bool).unwrap_or(default);
        let count = |key: &str, default: usize, max: usize| {
            step.data.get(key).and_then(Value::as_f64).map_or(default, |number| (number as usize).min(max))
        };
        Ok(match spec.key {
            "set-variable" => Work::Assign { variables: key_values(step, "variables")? },
            "condition" => choose(step, edges)?,
            "final" => Work::Finish { outputs: key_values(step, "outputs")? },
            "end-session" => Work::Finish { outputs: template(step, &json!({}))? },
            "add-widget-to-message" => {
                Work::Skip { warning: Some("Widgets are only shown in chats; this run is not part of one") }
            }
            "each" => Work::Each {
                source: source(step, step.data.get("arrayVariable"))?,
                items_max: count("maxItems", ITEMS_MAX, ITEMS_MAX),
                items_limit: computed(step, "maxItems")?,
                fail_on_error: flag("failOnError", false),
                body: self.body(step, at)?,
            },
            "while" => Work::While {
                condition: expression(step, step.data.get("condition"))?,
                passes_max: count("maxIterations", PASSES_MAX, 2_000),
                fail_on_error: flag("failOnError", false),
                body: self.body(step, at)?,
            },
            "parallel" => {
                let lower = |body| self.branch(body, at);
                let branches = step.bodies.iter().map(lower).collect::<Lowered<Vec<_>>>()?;
                let any = step.data.get("mode").and_then(Value::as_str) == Some("any");
                Work::Parallel { branches, any, fail_fast: flag("failFast", true) }
            }
            "user-approval" => wait(step, WaitKind::UserApproval, &["message", "approvers"])?,
            "client-tool" => wait(step, WaitKind::ClientTool, &["toolName", "parameters"])?,
            "show-form" => wait(step, WaitKind::ShowForm, &["title", "message", "fields", "submitLabel"])?,
            "delay" => Work::Delay { seconds: field(step, "seconds")?, until: field(step, "until")? },
            "call-flow" => {
                Work::Child { callee: Callee::Flow, call: call(step)?, wait: flag("waitForCompletion", true) }
            }
            other => return Err(wrong(step, "unknown_type", &format!("{other} is not built in"))),
        })
    }

    fn body(&mut self, step: &StepDef, at: NodeIndex) -> Lowered<ScopeIndex> {
        let body = step.bodies.first().ok_or_else(|| wrong(step, "missing_field", "There are no steps inside"))?;
        self.list(&body.steps, Some(at), None, &[body.steps.first().map(|first| first.id.as_str())])
    }

    fn branch(&mut self, body: &super::definition::Body, at: NodeIndex) -> Lowered<ScopeIndex> {
        let name = body.branch.clone().unwrap_or_default();
        self.list(&body.steps, Some(at), Some(name), &[body.steps.first().map(|first| first.id.as_str())])
    }
}

fn entry(trigger: &StepDef, way: usize) -> Entry {
    let inputs = trigger.data.get("inputs");
    let declared = inputs.and_then(|list| parse_fields(list).ok()).unwrap_or_default();
    let defaults = inputs.and_then(Value::as_object).cloned().unwrap_or_default();
    Entry { step_id: trigger.id.clone(), kind: trigger.kind.clone(), way, inputs: declared, defaults }
}

fn edges_of(step: &StepDef, index: &HashMap<&str, NodeIndex>) -> Vec<Edge> {
    let links = order::links(step);
    let to = |link: &order::Link| index.get(link.to.as_str()).map(|&node| Target::Node(node));
    links.iter().filter_map(|link| Some(Edge { port: link.port, to: to(link)? })).collect()
}

/// The counts that hold when a scope is started at a node.
fn way(start: Option<NodeIndex>, first: NodeIndex, edges: &[Vec<Edge>]) -> Way {
    let mut incoming = vec![None; edges.len()];
    let mut reached = HashSet::new();
    let mut ahead: Vec<NodeIndex> = start.into_iter().collect();
    for &node in &ahead {
        incoming[(node - first) as usize] = Some(0);
    }
    while let Some(node) = ahead.pop() {
        if !reached.insert(node) {
            continue;
        }
        for to in edges[(node - first) as usize].iter().filter_map(Edge::node) {
            *incoming[(to - first) as usize].get_or_insert(0) += 1;
            ahead.push(to);
        }
    }
    Way { starts: start.into_iter().collect(), incoming, lit: Vec::new() }
}

/// A condition's ports: `elseNextStepId` has its own, without it the ordinary way on is taken.
fn choose(step: &StepDef, edges: &[Edge]) -> Lowered<Work> {
    let written = step.data.get("branches").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut branches = Vec::with_capacity(written.len());
    for (index, branch) in written.iter().enumerate() {
        let id = branch.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let condition = expression(step, branch.get("condition"))?;
        branches.push(Branch { id, condition, port: Port::branch(index as u16) });
    }
    let own = Port::branch(written.len() as u16);
    let otherwise = if edges.iter().any(|edge| edge.port == own) { own } else { Port::NEXT };
    Ok(Work::Choose { branches, otherwise })
}

fn effect_work(step: &StepDef, spec: &'static StepSpec, effect: EffectSpec) -> Lowered<EffectWork> {
    let mut config = Map::new();
    let mut fixed = Map::new();
    let mut key_values = Vec::new();
    for (key, value) in &step.data {
        match spec.field(key).map(|field| (field.key, field.kind)) {
            Some((_, FieldKind::Code)) => {
                fixed.insert(key.clone(), value.clone());
            }
            Some((key, FieldKind::KeyValue)) => {
                key_values.push(key);
                let value = fields::key_values(value).map_err(|(_, why)| wrong(step, "bad_value", &why))?;
                config.insert(key.to_owned(), value);
            }
            Some(_) => {
                config.insert(key.clone(), value.clone());
            }
            // What the type does not know is the editor's, and never reaches the effect.
            None => {}
        }
    }
    let config = template(step, &Value::Object(config))?;
    let secrets = config.secrets().map_err(|(_, why)| wrong(step, "bad_expression", why))?;
    Ok(EffectWork {
        step: spec.key,
        secrets: secrets.into_iter().map(str::to_owned).collect(),
        config,
        fixed,
        key_values,
        touches_world: effect.touches_world,
        timeout_ms: step.timeout_ms.unwrap_or(effect.timeout_ms).min(effect.timeout_ms_max),
        handle: None,
        sees_predecessors: false,
    })
}

fn wait(step: &StepDef, kind: WaitKind, keys: &[&str]) -> Lowered<Work> {
    let mut question = Map::new();
    for key in keys {
        let Some(value) = step.data.get(*key).filter(|value| !value.is_null()) else { continue };
        let value = match *key {
            "parameters" => fields::key_values(value).map_err(|(_, why)| wrong(step, "bad_value", &why))?,
            _ => value.clone(),
        };
        question.insert((*key).to_owned(), value);
    }
    let timeout_s = step.data.get("timeoutSeconds").and_then(Value::as_f64).map_or(WAIT_TIMEOUT_S, |s| s as u64);
    let timeout = computed(step, "timeoutSeconds")?;
    Ok(Work::Wait(WaitWork { kind, question: template(step, &Value::Object(question))?, timeout_s, timeout }))
}

fn call(step: &StepDef) -> Lowered<JsonTemplate> {
    let mut call = Map::new();
    for key in ["flowId", "version"] {
        if let Some(value) = step.data.get(key).filter(|value| !value.is_null()) {
            call.insert(key.to_owned(), value.clone());
        }
    }
    let inputs = step.data.get("inputs").cloned().unwrap_or_default();
    let inputs = fields::key_values(&inputs).map_err(|(_, why)| wrong(step, "bad_value", &why))?;
    call.insert("inputs".to_owned(), inputs);
    template(step, &Value::Object(call))
}

fn key_values(step: &StepDef, key: &str) -> Lowered<JsonTemplate> {
    let value = step.data.get(key).cloned().unwrap_or_default();
    let value = fields::key_values(&value).map_err(|(_, why)| wrong(step, "bad_value", &why))?;
    template(step, &value)
}

fn field(step: &StepDef, key: &str) -> Lowered<Option<JsonTemplate>> {
    step.data.get(key).filter(|value| !value.is_null()).map(|value| template(step, value)).transpose()
}

/// A number that is written as a template.
fn computed(step: &StepDef, key: &str) -> Lowered<Option<JsonTemplate>> {
    if step.data.get(key).is_some_and(Value::is_string) { field(step, key) } else { Ok(None) }
}

/// The list of a loop: a dot path wherever the text is one, since keys and step ids may hold what an expression would
/// read as an operator.
fn source(step: &StepDef, value: Option<&Value>) -> Lowered<Source> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    match fields::dot_path(text) {
        Some(segments) => Ok(Source::Path(segments)),
        None => expression(step, value).map(Source::Expression),
    }
}

fn template(step: &StepDef, value: &Value) -> Lowered<JsonTemplate> {
    JsonTemplate::parse(value).map_err(|error| wrong(step, "bad_expression", &error.to_string()))
}

fn expression(step: &StepDef, value: Option<&Value>) -> Lowered<crate::expr::Expression> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    fields::expression(text).map_err(|why| wrong(step, "bad_expression", &why))
}

fn wrong(step: &StepDef, code: &'static str, message: &str) -> Box<Problem> {
    Box::new(Problem::error(code, Some(&step.id), step.pointer.clone(), message))
}

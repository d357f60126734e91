//! The flows in `examples/`: they have no problems, and they give what `examples/expected/` says.
//!
//! Runs are driven here without a database: the machine says what should happen, and this file does it, with real calls to a
//! scripted server and real code in sandbox children.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use floe_engine::drive::{ACTIVE_MS_MAX, drive};
use floe_engine::event::{Answer, Beginning, Happening, Place, Question, StepError};
use floe_engine::inputs::{check_values, parse_fields};
use floe_engine::interpret::Moment;
use floe_engine::lang::steps::compile;
use floe_engine::machine::{Alarm, Command, Machine, Outcome};
use floe_engine::plan::{Plan, Port, Work};
use floe_flows::steps;
use floe_model::Timestamp;
use floe_model::id::RunId;
use floe_runtime::effect::EffectCall;
use serde_json::{Map, Value, json};

use crate::stub::{Seen, Stub, json as json_response};
use crate::world::{RUN, World, call, effect};

const EXAMPLES: [&str; 6] =
    ["fan-out", "form-intake", "invoice-check", "parent-with-children", "price-one-order", "refund-approval"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn document(path: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn plan(name: &str) -> Arc<Plan> {
    let file = document(&format!("{name}.flow.json"));
    let compiled = compile(&file["definition"], &steps::catalog(&steps::effects(true)));
    assert!(compiled.problems.is_empty(), "{name}: {:#?}", compiled.problems);
    Arc::new(compiled.plan.expect("a definition without problems has a plan"))
}

#[test]
fn every_file_is_a_flow_file_without_problems() {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut flows: Vec<String> = names.filter_map(|name| name.strip_suffix(".flow.json").map(str::to_owned)).collect();
    flows.sort();
    assert_eq!(flows, EXAMPLES);
    for name in EXAMPLES {
        plan(name);
        let file = document(&format!("{name}.flow.json"));
        for key in file.as_object().expect("an object").keys() {
            assert!(["name", "description", "definition", "settings"].contains(&key.as_str()), "{name}: {key}");
        }
        let stem = file["name"].as_str().unwrap().to_lowercase().replace(' ', "-");
        assert_eq!(stem, name, "the file is named as `floe flow pull` would name it");
    }
}

#[tokio::test]
async fn fan_out_gives_what_is_expected() {
    check("fan-out").await;
}

#[tokio::test]
async fn form_intake_gives_what_is_expected() {
    check("form-intake").await;
}

#[tokio::test]
async fn invoice_check_gives_what_is_expected() {
    check("invoice-check").await;
}

#[tokio::test]
async fn parent_with_children_gives_what_is_expected() {
    check("parent-with-children").await;
}

#[tokio::test]
async fn price_one_order_gives_what_is_expected() {
    check("price-one-order").await;
}

#[tokio::test]
async fn refund_approval_gives_what_is_expected() {
    check("refund-approval").await;
}

async fn check(name: &str) {
    let expected = document(&format!("expected/{name}.json"));
    let world = World::new().await;
    let mut flows = HashMap::from([(name.to_owned(), plan(name))]);
    for other in expected["flows"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        flows.insert(other.to_owned(), plan(other));
    }
    for case in expected["cases"].as_array().expect("cases") {
        let title = format!("{name}: {}", case["name"].as_str().expect("a name"));
        let stub = stub(case["server"].as_array().cloned().unwrap_or_default()).await;
        let waits = case["waits"].as_array().cloned().unwrap_or_default().into();
        let mut driver =
            Driver { world: &world, flows: &flows, waits, now: Timestamp(1_760_000_000_000_000), fresh: 0 };
        let outcome = driver.run(name, inputs(&case["inputs"], &stub), 0).await;
        assert!(driver.waits.is_empty(), "{title}: not asked: {:?}", driver.waits);
        let (status, found) = match outcome {
            Outcome::Completed(output) => ("completed", output.as_ref().clone()),
            Outcome::Failed(failure) => {
                let step = failure.node.map(|node| flows[name].node(node).id.clone());
                ("failed", json!({ "code": failure.error.code, "stepId": step }))
            }
            Outcome::Cancelled => ("cancelled", Value::Null),
        };
        assert_eq!(case["status"], status, "{title}: {found}");
        let key = if status == "completed" { "output" } else { "error" };
        assert_eq!(found, case[key], "{title}");
        if let Some(requests) = case["requests"].as_u64() {
            assert_eq!(stub.requests().len() as u64, requests, "{title}");
        }
    }
}

/// Inputs with their files read and the address of the server and the flows put in.
fn inputs(written: &Value, stub: &Stub) -> Map<String, Value> {
    let filled = written.as_object().expect("inputs").iter().map(|(key, value)| {
        let value = match value.as_str() {
            Some("$server") => json!(stub.url("")),
            Some(text) if text.starts_with('@') => json!(std::fs::read_to_string(folder().join(&text[1..])).unwrap()),
            // Here a flow's name is its id.
            Some(text) => json!(text.strip_prefix("$flow:").unwrap_or(text)),
            None => value.clone(),
        };
        (key.clone(), value)
    });
    filled.collect()
}

/// A server that answers each route with its list, the last answer again and again.
async fn stub(routes: Vec<Value>) -> Stub {
    Stub::start(move |seen: &Seen| {
        let route =
            routes.iter().find(|route| route["method"] == seen.method.as_str() && route["path"] == seen.path.as_str());
        let answers = route.and_then(|route| route["answers"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let Some(answer) = answers.get(seen.before).or(answers.last()) else { return json_response(404, "{}") };
        let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        json_response(status, &answer["body"].to_string())
    })
    .await
}

/// Does what the machines of a run and of its children ask for, one thing after another.
struct Driver<'w> {
    world: &'w World,
    flows: &'w HashMap<String, Arc<Plan>>,
    /// What is asked, in order.
    waits: VecDeque<Value>,
    now: Timestamp,
    fresh: u128,
}

impl Driver<'_> {
    async fn run(&mut self, flow: &str, inputs: Map<String, Value>, depth: u32) -> Outcome {
        let plan = Arc::clone(&self.flows[flow]);
        let inputs = check_values(&plan.entries[0].inputs, inputs, "").expect("the inputs are as declared");
        let mut machine = Machine::new(Arc::clone(&plan));
        let beginning = Beginning {
            run: RunId(RUN.0 + self.next_id()),
            entry: 0,
            inputs,
            trigger_data: Value::Null,
            user: Value::Null,
            flow: json!({ "_id": flow, "name": flow, "version": 1 }),
            depth,
            reuse: None,
            trigger: Value::Null,
        };
        let mut ahead = VecDeque::from([Happening::Began(Box::new(beginning))]);
        while machine.outcome().is_none() {
            let what = ahead.pop_front().expect("a run that has not ended has something ahead");
            self.now = self.now.plus_millis(1);
            let mut id = self.fresh;
            let mut fresh = || {
                id += 1;
                id
            };
            let mut moment = Moment { now: self.now, fresh: &mut fresh, active_ms_max: ACTIVE_MS_MAX };
            let drive = drive(&mut machine, Some(what), &mut moment);
            self.fresh = id;
            for command in drive.commands {
                ahead.extend(self.carry_out(&machine, command, depth).await);
            }
        }
        machine.outcome().cloned().expect("it has ended")
    }

    async fn carry_out(&mut self, machine: &Machine, command: Command, depth: u32) -> Vec<Happening> {
        match command {
            Command::Perform { place, attempt, input } => vec![self.perform(machine, place, attempt, input).await],
            Command::Wake { alarm: Alarm::Retry(place), .. } => vec![Happening::Retried { place }],
            Command::Wake { alarm: Alarm::Look(place), .. } => vec![Happening::Looked { place }],
            Command::Wake { alarm: Alarm::Wait(wait), at } => {
                let question = machine.question(wait).expect("an open question");
                assert_eq!(at, question.due);
                vec![self.answer(question)]
            }
            Command::Call { place, input } => {
                let child = RunId(self.next_id());
                let inputs = input["inputs"].as_object().cloned().expect("an object");
                let flow = input["flowId"].as_str().expect("a flow");
                let outcome = match Box::pin(self.run(flow, inputs, depth + 1)).await {
                    Outcome::Completed(output) => Ok(output),
                    Outcome::Failed(failure) => Err(StepError::new("sub_flow_failed", failure.error.message)),
                    Outcome::Cancelled => Err(StepError::new("sub_flow_failed", "cancelled")),
                };
                vec![Happening::ChildStarted { place, child }, Happening::ChildEnded { child, outcome }]
            }
            Command::Equip { .. }
            | Command::Script { .. }
            | Command::Evaluate(_)
            | Command::Abandon(_)
            | Command::CancelChild(_)
            | Command::GiveUpCall { .. } => Vec::new(),
        }
    }

    async fn perform(&self, machine: &Machine, place: Place, attempt: u32, input: Arc<Value>) -> Happening {
        let node = machine.plan().node(place.node);
        let Work::Effect(work) = &node.work else { panic!("{} is no effect", node.id) };
        let effect = effect(work.step);
        let key = format!("{RUN}:{}:{}", node.id, machine.pass_key(place));
        let (step_id, fixed, timeout_ms) = (node.id.clone(), work.fixed.clone(), work.timeout_ms);
        let context = effect.sees_context().then(|| machine.context());
        let call = EffectCall { step_id, key, attempt, input, fixed, context, timeout_ms, ..call(Value::Null) };
        let effected = effect.call(&self.world.platform, call).await;
        let logs = effected.logs;
        match effected.result {
            Ok(result) => {
                Happening::Done { place, attempt, result: Arc::new(result), port: Port::NEXT, logs, changes: None }
            }
            Err(error) => Happening::Failed { place, attempt, error, logs },
        }
    }

    /// The answer of the case; an answer that has to be refused is tried before the next one.
    fn answer(&mut self, question: &Question) -> Happening {
        let expected = self.waits.pop_front().expect("nothing more is asked");
        for key in ["title", "message"].iter().filter(|key| expected.get(**key).is_some()) {
            assert_eq!(expected[*key], question.body[*key]);
        }
        if expected["answer"].is_null() {
            let seconds = expected["expiresInSeconds"].as_i64().expect("an unanswered wait expires");
            assert_eq!(question.due, question.asked_at.plus_seconds(seconds));
            return Happening::Expired { wait: question.wait };
        }
        let answer = match expected["type"].as_str() {
            Some("user-approval") => {
                let comment = expected["answer"]["comment"].as_str().map(str::to_owned);
                Answer::Decision { approve: expected["answer"]["decision"] == "approve", comment }
            }
            Some("show-form") => {
                let fields = parse_fields(&question.body["fields"]).expect("fields of a form");
                let data = expected["answer"]["formData"].as_object().cloned().expect("an object");
                match (check_values(&fields, data, ""), expected.get("refused")) {
                    (Ok(data), None) => Answer::FormData(Value::Object(data)),
                    (Err(problems), Some(refused)) => {
                        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
                        assert_eq!(json!(paths), *refused);
                        return self.answer(question);
                    }
                    (checked, refused) => panic!("{checked:?}, but refused: {refused:?}"),
                }
            }
            other => panic!("{other:?} is no kind of wait"),
        };
        Happening::Answered { wait: question.wait, answer, by: Some("Ada".to_owned()) }
    }

    fn next_id(&mut self) -> u128 {
        self.fresh += 1;
        self.fresh
    }
}

//! A run driven by hand. Everything that is told to it goes through the journal's text form, and after every event a
//! machine recovered from that journal must equal the one that lived.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value, json};

use crate::drive::{ACTIVE_MS_MAX, drive};
use crate::event::{Answer, Beginning, Event, Happening, Place, StepError};
use crate::interpret::Moment;
use crate::lang::graph;
use crate::lang::steps::compile;
use crate::machine::{Alarm, Command, Machine, Outcome};
use crate::plan::Port;
use crate::records::{History, StepRecord};
use crate::reuse::{Foreseen, Past, Wish, foresee};
use crate::sample::catalog;

/// The instant at which every run begins: 2026-01-01T00:00:00Z.
pub(super) const START: Timestamp = Timestamp(1_767_225_600_000_000);

pub(super) struct Run {
    pub(super) machine: Machine,
    pub(super) journal: Vec<Event>,
    pub(super) commands: Vec<Command>,
    pub(super) now: Timestamp,
    next_id: u128,
    proof: Proof,
}

/// Which parts of the journal are recovered from after each event.
#[derive(PartialEq)]
enum Proof {
    EveryPrefix,
    WholeJournal,
    None,
}

impl Run {
    /// Begins a run of the steps, which stand between a trigger and nothing: each leads to the next unless it says
    /// otherwise.
    pub(super) fn of(steps: Value, inputs: Value) -> Self {
        Self::of_definition(chained(steps), inputs)
    }

    pub(super) fn of_definition(definition: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun(&definition);
        run.begin(0, inputs);
        run
    }

    /// Without the proof of recovery, whose cost grows with the square of the journal.
    pub(super) fn long(steps: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun(&chained(steps));
        run.proof = Proof::WholeJournal;
        run.begin(0, inputs);
        run
    }

    /// Without any proof: for journals of many megabytes.
    pub(super) fn heavy(steps: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun(&chained(steps));
        run.proof = Proof::None;
        run.begin(0, inputs);
        run
    }

    pub(super) fn unbegun(definition: &Value) -> Self {
        let compiled = compile(definition, &catalog());
        let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.problems));
        Self {
            machine: Machine::new(Arc::new(plan)),
            journal: Vec::new(),
            commands: Vec::new(),
            now: START,
            next_id: 0,
            proof: Proof::EveryPrefix,
        }
    }

    /// Begins a run of a graph: nodes by id, and edges `[from, to]` or `[from, to, handle]`.
    pub(super) fn of_graph(nodes: Value, edges: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun_graph(&graph_of(nodes, edges));
        run.begin(0, inputs);
        run
    }

    /// With the proof of the whole journal only: for graphs of many passes.
    pub(super) fn long_graph(nodes: Value, edges: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun_graph(&graph_of(nodes, edges));
        run.proof = Proof::WholeJournal;
        run.begin(0, inputs);
        run
    }

    /// Without any proof: for journals of many megabytes.
    pub(super) fn heavy_graph(nodes: Value, edges: Value, inputs: Value) -> Self {
        let mut run = Self::unbegun_graph(&graph_of(nodes, edges));
        run.proof = Proof::None;
        run.begin(0, inputs);
        run
    }

    pub(super) fn unbegun_graph(definition: &Value) -> Self {
        let compiled = graph::compile(definition, catalog().nodes());
        let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.problems));
        Self {
            machine: Machine::new(Arc::new(plan)),
            journal: Vec::new(),
            commands: Vec::new(),
            now: START,
            next_id: 0,
            proof: Proof::EveryPrefix,
        }
    }

    /// The places of all commands for a node, in order.
    pub(super) fn places(&self, id: &str) -> Vec<Place> {
        let of_command = |command: &Command| match command {
            Command::Perform { place, .. } if self.machine.plan().node(place.node).id == id => Some(*place),
            _ => None,
        };
        self.commands.iter().filter_map(of_command).collect()
    }

    /// What the run's memory holds under a node's id.
    pub(super) fn record(&self, id: &str) -> Value {
        self.machine.context()["nodes"][id].clone()
    }

    pub(super) fn variable(&self, name: &str) -> Value {
        self.machine.context()["variables"][name].clone()
    }

    /// Tells the answers to the scripts that were asked for last.
    pub(super) fn script(&mut self, answers: Vec<Result<Value, String>>) -> &mut Self {
        let asked = self.commands.iter().rev().find_map(|command| match command {
            Command::Script { place, .. } => Some(*place),
            _ => None,
        });
        assert!(self.machine.scripted(asked.expect("scripts were asked for"), answers), "the answers are wanted");
        self.go_on();
        self
    }

    /// Lets it go on by itself.
    pub(super) fn go_on(&mut self) {
        let ids = &mut self.next_id;
        let mut fresh = || {
            *ids += 1;
            *ids
        };
        let mut moment = Moment { now: self.now, fresh: &mut fresh, active_ms_max: ACTIVE_MS_MAX };
        let driven = drive(&mut self.machine, None, &mut moment);
        let from = self.journal.len();
        self.journal.extend(driven.events);
        self.commands.extend(driven.commands);
        self.prove_journal(from);
    }

    pub(super) fn begin(&mut self, entry: usize, inputs: Value) {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        self.tell(Happening::Began(Box::new(Beginning {
            run: RunId(7),
            entry,
            inputs,
            trigger_data: json!({ "hook": true }),
            user: json!({ "name": "Ada", "email": "ada@b.example" }),
            flow: json!({ "_id": "flow", "name": "Test", "version": 3 }),
            depth: 0,
            reuse: None,
            trigger: Value::Null,
        })));
    }

    /// Begins a run of the definition that takes over what the wish picks from this one; also tells what was foreseen.
    pub(super) fn repeat(&self, definition: &Value, inputs: Value, wish: &Wish<'_>) -> (Self, Foreseen) {
        let mut run = Self::unbegun(definition);
        run.now = self.now;
        let past = Past::of(Arc::clone(self.machine.plan()), &self.journal);
        let reuse = past.reuse(run.machine.plan(), wish).expect("a run that had begun");
        let before = past.beginning().expect("a run that had begun").clone();
        let inputs = inputs.as_object().cloned().unwrap_or_else(|| before.inputs.clone());
        let beginning = Beginning { run: RunId(8), inputs, reuse: Some(Arc::new(reuse)), ..before };
        let mut moment = Moment { now: self.now, fresh: &mut || 1, active_ms_max: ACTIVE_MS_MAX };
        let foreseen = foresee(run.machine.plan(), &beginning, &past, &mut moment);
        run.tell(Happening::Began(Box::new(beginning)));
        (run, foreseen)
    }

    /// Tells the run something; it must fit.
    pub(super) fn tell(&mut self, what: Happening) -> &mut Self {
        assert!(self.machine.accepts(&what), "does not fit: {what:?}");
        self.try_tell(what);
        self
    }

    /// Tells the run something that may not fit; says whether it did.
    pub(super) fn try_tell(&mut self, what: Happening) -> bool {
        let fits = self.machine.accepts(&what);
        let before = format!("{:?}", self.machine);
        let ids = &mut self.next_id;
        let mut fresh = || {
            *ids += 1;
            *ids
        };
        let driven = drive(
            &mut self.machine,
            Some(what),
            &mut Moment { now: self.now, fresh: &mut fresh, active_ms_max: ACTIVE_MS_MAX },
        );
        if !fits {
            assert!(driven.events.is_empty() && driven.commands.is_empty());
            assert_eq!(before, format!("{:?}", self.machine), "what does not fit changes nothing");
        }
        let from = self.journal.len();
        self.journal.extend(driven.events);
        self.commands.extend(driven.commands);
        self.prove_journal(from);
        fits
    }

    /// The place of the last command for a step.
    pub(super) fn place(&self, id: &str) -> Place {
        let is_it = |place: &Place| self.machine.plan().node(place.node).id == id;
        let of_command = |command: &Command| match command {
            Command::Perform { place, .. } | Command::Call { place, .. } => Some(*place).filter(is_it),
            _ => None,
        };
        self.commands.iter().rev().find_map(of_command).unwrap_or_else(|| panic!("{id} was not commanded"))
    }

    pub(super) fn done(&mut self, id: &str, result: Value) -> &mut Self {
        let what = done_at(self.place(id), self.attempt(id), result);
        self.tell(what)
    }

    pub(super) fn fail(&mut self, id: &str, error: StepError) -> &mut Self {
        let what = failed_at(self.place(id), self.attempt(id), error);
        self.tell(what)
    }

    fn attempt(&self, id: &str) -> u32 {
        let place = self.place(id);
        let of_command = |command: &Command| match command {
            Command::Perform { place: at, attempt, .. } if *at == place => Some(*attempt),
            _ => None,
        };
        self.commands.iter().rev().find_map(of_command).unwrap_or(1)
    }

    /// How many commands `Perform` were given for a step.
    pub(super) fn performed(&self, id: &str) -> usize {
        let is_it = |command: &&Command| matches!(command, Command::Perform { place, .. } if self.machine.plan().node(place.node).id == id);
        self.commands.iter().filter(is_it).count()
    }

    /// The only open wait, short pauses included.
    pub(super) fn wait(&self) -> WaitId {
        let [question] = self.machine.questions.as_slice() else { panic!("{:?}", self.machine.questions) };
        question.wait
    }

    pub(super) fn answer(&mut self, answer: Answer) -> &mut Self {
        let wait = self.wait();
        self.tell(Happening::Answered { wait, answer, by: Some("Ada".to_owned()) })
    }

    pub(super) fn decide(&mut self, approve: bool) -> &mut Self {
        self.answer(Answer::Decision { approve, comment: None })
    }

    pub(super) fn expire(&mut self) -> &mut Self {
        let wait = self.wait();
        self.tell(Happening::Expired { wait })
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, seconds: i64) -> &mut Self {
        self.now = self.now.plus_seconds(seconds);
        self
    }

    /// The last wake-up that was asked for: milliseconds from now, and whether it is for another attempt.
    pub(super) fn last_wake(&self) -> (i64, bool) {
        let of_command = |command: &Command| match command {
            Command::Wake { at, alarm } => Some((at.millis_since(self.now), matches!(alarm, Alarm::Retry(_)))),
            _ => None,
        };
        self.commands.iter().rev().find_map(of_command).expect("a wake-up")
    }

    /// What the context holds under a step's id.
    pub(super) fn result(&self, id: &str) -> Value {
        self.machine.context()["steps"][id].clone()
    }

    pub(super) fn output(&self) -> Value {
        match self.machine.outcome() {
            Some(Outcome::Completed(output)) => output.as_ref().clone(),
            other => panic!("the run is {other:?}"),
        }
    }

    /// Code of the failure and id of the step that it is from.
    pub(super) fn failure(&self) -> (String, Option<&str>) {
        match self.machine.outcome() {
            Some(Outcome::Failed(failure)) => {
                let node = failure.node.map(|node| self.machine.plan().node(node).id.as_str());
                (failure.error.code.clone(), node)
            }
            other => panic!("the run is {other:?}"),
        }
    }

    /// Step records as `id status`, in order of start.
    pub(super) fn told(&self) -> Vec<String> {
        let name = |record: &StepRecord| &self.machine.plan().node(record.node).id;
        self.history().steps.iter().map(|record| format!("{} {}", name(record), record.status.as_str())).collect()
    }

    pub(super) fn history(&self) -> History {
        History::fold(Arc::clone(self.machine.plan()), &self.journal)
    }

    /// Every new event survives being written, and what is recovered from the journal up to it equals what lived.
    fn prove_journal(&self, from: usize) {
        if self.proof == Proof::None {
            return;
        }
        let written: Vec<Event> = self.journal.iter().map(written_and_read).collect();
        for (read, live) in written.iter().zip(&self.journal).skip(from) {
            assert_eq!(format!("{read:?}"), format!("{live:?}"));
        }
        let last = Machine::recover(Arc::clone(self.machine.plan()), &written);
        assert_eq!(form(last), form_of(&self.machine), "the recovered run is another one");
        if self.proof == Proof::WholeJournal {
            return;
        }
        let mut live = Machine::new(Arc::clone(self.machine.plan()));
        for (index, event) in self.journal.iter().enumerate() {
            assert!(live.accepts(&event.what), "the journal holds what does not fit: {event:?}");
            live.apply(event);
            let recovered = Machine::recover(Arc::clone(self.machine.plan()), &written[..=index]);
            let (commands, again) = (format!("{:?}", live.under_way()), format!("{:?}", recovered.outbox));
            assert_eq!(commands, again, "other commands after {index} events");
            live.outbox.clear();
            assert_eq!(form(recovered), format!("{live:?}"), "another state after {index} events");
        }
    }
}

/// The state without the commands that nobody has taken yet.
fn form(mut machine: Machine) -> String {
    machine.outbox.clear();
    format!("{machine:?}")
}

/// The same of a machine that still lives, and whose commands were taken.
fn form_of(machine: &Machine) -> String {
    assert!(machine.outbox.is_empty(), "a drive takes every command");
    format!("{machine:?}")
}

fn written_and_read(event: &Event) -> Event {
    let text = serde_json::to_string(event).expect("an event can be written");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(super) fn done_at(place: Place, attempt: u32, result: Value) -> Happening {
    Happening::Done { place, attempt, result: Arc::new(result), port: Port::NEXT, logs: Vec::new(), changes: None }
}

pub(super) fn failed_at(place: Place, attempt: u32, error: StepError) -> Happening {
    Happening::Failed { place, attempt, error, logs: Vec::new() }
}

/// A graph in record form.
pub(super) fn graph_of(nodes: Value, edges: Value) -> Value {
    let edge = |edge: &Value| json!({ "source": edge[0], "target": edge[1], "sourceHandle": edge[2] });
    let edges: Vec<Value> = edges.as_array().expect("a list").iter().map(edge).collect();
    let mut all = Map::new();
    for (id, node) in nodes.as_object().expect("nodes by id") {
        let mut config = node.clone();
        let (kind, on_error) = (config["type"].take(), config["onError"].take());
        config.as_object_mut().expect("a node").retain(|key, _| key != "type" && key != "onError");
        let mut node = json!({ "type": kind, "name": id, "config": config });
        if !on_error.is_null() {
            node["onError"] = on_error;
        }
        all.insert(id.clone(), node);
    }
    json!({ "name": "Test", "nodes": all, "edges": edges })
}

/// A trigger, then the steps in order: each leads to the next unless it says otherwise.
pub(super) fn chained(steps: Value) -> Value {
    let Value::Array(mut steps) = steps else { panic!("a list of steps") };
    link(&mut steps);
    let first = steps.first().map(|step| step["id"].clone());
    let mut all = vec![json!({ "id": "start", "type": "api", "nextStepId": first })];
    all.append(&mut steps);
    json!({ "steps": all })
}

/// Names steps that have no id after their position, and joins them.
pub(super) fn link(steps: &mut [Value]) {
    for (index, step) in steps.iter_mut().enumerate() {
        if step.get("id").is_none() {
            step["id"] = json!(format!("s{index}"));
        }
    }
    for index in 1..steps.len() {
        let next = steps[index]["id"].clone();
        if steps[index - 1].get("nextStepId").is_none() {
            steps[index - 1]["nextStepId"] = next;
        }
    }
}

/// A body: its steps joined.
pub(super) fn body(steps: Value) -> Value {
    let Value::Array(mut steps) = steps else { panic!("a list of steps") };
    link(&mut steps);
    Value::Array(steps)
}

pub(super) fn set(id: &str, variables: Value) -> Value {
    json!({ "id": id, "type": "set-variable", "data": { "variables": variables } })
}

pub(super) fn call(id: &str) -> Value {
    json!({ "id": id, "type": "call", "data": { "url": "u" }, "output": id })
}

/// The same step with more fields.
pub(super) fn with(mut step: Value, more: Value) -> Value {
    let more: Map<String, Value> = more.as_object().cloned().expect("an object");
    step.as_object_mut().expect("an object").extend(more);
    step
}

//! The names that one place sees.

use std::cell::OnceCell;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::frame::{Active, Frame};
use super::memory::Memory;
use super::{Context, Machine};
use crate::event::Place;
use crate::expr::{self, Origin};
use crate::nodes::Before;
use crate::plan::{NodeIndex, Primary, Work};

/// The names that one place sees. Of steps: loop names first, then what steps wrote, then the built-in names. Of graphs: the order
/// of section 15 of the Workflow API contract.
#[derive(Debug)]
pub struct Names<'m> {
    machine: &'m Machine,
    place: Place,
    now: Timestamp,
    /// Names that only passes around the place see, from the inside out.
    locals: Vec<&'m Map<String, Value>>,
    context: Option<&'m Context>,
    graph: GraphNames<'m>,
    step: OnceCell<Value>,
    instant: OnceCell<Value>,
    elapsed: OnceCell<Value>,
}

/// What only places of graphs see.
#[derive(Debug, Default)]
struct GraphNames<'m> {
    memory: Option<&'m Memory>,
    /// `loop` of the innermost loop.
    around: Option<&'m Value>,
    error: Option<&'m Value>,
}

/// A value with the node whose whole record it is.
type Found<'a> = (&'a Value, Option<NodeIndex>);

impl<'m> Names<'m> {
    pub(super) fn new(machine: &'m Machine, place: Place, now: Timestamp) -> Self {
        let frame = machine.frames.get(&place.frame);
        let context = frame.and_then(|frame| machine.contexts.get(&frame.context));
        let mut names = Self {
            machine,
            place,
            now,
            locals: Vec::new(),
            context,
            graph: GraphNames::default(),
            step: OnceCell::new(),
            instant: OnceCell::new(),
            elapsed: OnceCell::new(),
        };
        if machine.is_graph() {
            names.graph.memory = frame.and_then(|frame| machine.memories.get(&frame.context));
            names.enter_loop(place);
        }
        let (mut at, mut node) = (frame, place.node);
        while let Some(frame) = at {
            names.enter_frame(frame, node);
            at = frame.owner.and_then(|owner| machine.frames.get(&owner.frame));
            node = frame.owner.map_or(node, |owner| owner.node);
        }
        names
    }

    /// The same names at another instant.
    #[must_use]
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    fn enter_frame(&mut self, frame: &'m Frame, node: NodeIndex) {
        if self.graph.error.is_none() {
            self.graph.error = frame.graph.errors.get(&node).map(AsRef::as_ref);
        }
        if !frame.locals.is_empty() {
            self.locals.push(&frame.locals);
            self.graph.around = self.graph.around.or_else(|| frame.locals.get("loop"));
        }
        if let Some(owner) = frame.owner {
            self.enter_loop(owner);
        }
    }

    /// The names of a sequential loop of a graph.
    fn enter_loop(&mut self, place: Place) {
        let Some(Active::Loop(state)) = self.machine.active.get(&place) else { return };
        if state.locals.is_empty() {
            return;
        }
        self.locals.push(&state.locals);
        // A concurrent loop shows each pass its own.
        let is_shown = self.graph.around.is_none();
        if is_shown {
            self.graph.around = Some(&state.view);
        }
    }

    fn in_graph(&self, name: &str) -> Option<Found<'_>> {
        let plain = |value| (value, None);
        if let Some(reserved) = self.reserved(name) {
            return Some(plain(reserved));
        }
        if let Some(local) = self.locals.iter().find_map(|locals| locals.get(name)) {
            return Some(plain(local));
        }
        let memory = self.graph.memory?;
        if let Some(variable) = memory.variable(name) {
            return Some((variable.value.as_ref(), variable.record_of));
        }
        let plan = &self.machine.plan;
        let by_id = memory.latest().find(|(node, _)| plan.node(*node).id == name);
        let by_name = || memory.latest().find(|(node, _)| plan.node(*node).name == name);
        if let Some((node, record)) = by_id.or_else(by_name) {
            return Some((record.as_ref(), Some(node)));
        }
        let by_key = memory.latest().find_map(|(_, record)| record.get(name));
        let shared = || self.machine.shared.get(name);
        let input = || self.machine.beginning()?.inputs.get(name);
        by_key.or_else(shared).or_else(input).map(plain)
    }

    /// The reserved roots of graphs that hold something.
    fn reserved(&self, name: &str) -> Option<&Value> {
        match name {
            "loop" => self.graph.around,
            "parallel" => self.locals.iter().find_map(|locals| locals.get("parallel")),
            "shared" => Some(&self.machine.shared),
            "error" => self.graph.error,
            "$now" => Some(self.instant.get_or_init(|| json!(self.now.micros() / 1_000))),
            "$elapsed" => {
                let elapsed = || json!(self.now.millis_since(self.machine.started_at).max(0));
                Some(self.elapsed.get_or_init(elapsed))
            }
            _ => self.machine.builtin.get(name).filter(|value| !value.is_null()),
        }
    }

    /// The nodes right before the place that have completed, in definition order; for the first nodes of a body the loop around it
    /// with its item.
    #[must_use]
    pub(crate) fn before(&self) -> Vec<Before<'m>> {
        let (machine, plan) = (self.machine, &self.machine.plan);
        let Some(frame) = machine.frames.get(&self.place.frame) else { return Vec::new() };
        let mut nodes = frame.graph.sources.get(&self.place.node).cloned().unwrap_or_default();
        nodes.sort_unstable_by_key(|&node| plan.node(node).order);
        nodes.dedup();
        if nodes.is_empty()
            && let Some(owner) = frame.owner
            && let Some(value) = self.graph.around.and_then(|around| around.get("item"))
            && let Work::Loop(work) = &plan.node(owner.node).work
        {
            let id = plan.node(owner.node).id.as_str();
            return vec![Before { id, output: Some(work.item.as_str()), value, is_record: false }];
        }
        let Some(memory) = self.graph.memory else { return Vec::new() };
        let before = |node: NodeIndex| {
            let (at, record) = (plan.node(node), memory.record(node)?);
            let is_record = at.primary == Primary::Whole;
            Some(Before { id: &at.id, output: at.output.as_deref(), value: at.primary.of(record), is_record })
        };
        nodes.into_iter().filter_map(before).collect()
    }

    /// Everything that a place of a graph sees, copied: `{names, origins, inputs}`.
    pub(super) fn all(&self) -> Value {
        let machine = self.machine;
        let mut names: Map<String, Value> = Map::new();
        let inputs = machine.beginning().map(|beginning| beginning.inputs.clone()).unwrap_or_default();
        names.extend(inputs.clone());
        if let Value::Object(shared) = &machine.shared {
            names.extend(shared.clone());
        }
        for (_, record) in self.graph.memory.into_iter().flat_map(|memory| memory.latest().rev()) {
            if let Value::Object(members) = record.as_ref() {
                names.extend(members.clone());
            }
        }
        for (node, record) in self.graph.memory.into_iter().flat_map(|memory| memory.latest().rev()) {
            let node = machine.plan.node(node);
            names.insert(node.name.clone(), record.as_ref().clone());
            names.insert(node.id.clone(), record.as_ref().clone());
        }
        for (name, variable) in self.graph.memory.into_iter().flat_map(Memory::variables) {
            names.insert(name.to_owned(), variable.value.as_ref().clone());
        }
        for locals in self.locals.iter().rev() {
            names.extend((*locals).clone());
        }
        let roots = ["loop", "parallel", "shared", "error", "$now", "$elapsed"];
        for name in roots.into_iter().chain(machine.builtin.keys().map(String::as_str)) {
            if let Some(value) = self.reserved(name) {
                names.insert(name.to_owned(), value.clone());
            }
        }
        let mut origins = Map::new();
        for name in names.keys() {
            if let Some(Origin { kind, output }) = expr::Names::origin(self, name) {
                origins.insert(name.clone(), json!({ "kind": kind, "output": output }));
            }
        }
        json!({ "names": names, "origins": origins, "inputs": inputs })
    }
}

impl expr::Names for Names<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        if self.machine.is_graph() {
            return self.in_graph(name).map(|(value, _)| value);
        }
        if name == "steps" {
            return self.context.map(|context| &context.steps);
        }
        let local = self.locals.iter().find_map(|locals| locals.get(name));
        let written = || self.context.and_then(|context| context.values.get(name));
        let step = || {
            let node = self.machine.plan.node(self.place.node);
            (name == "step").then(|| self.step.get_or_init(|| json!({ "id": node.id, "name": node.name })))
        };
        local.or_else(written).or_else(|| self.machine.builtin.get(name)).or_else(step)
    }

    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        if !self.machine.is_graph() {
            return None;
        }
        let (_, node) = self.in_graph(name)?;
        let node = self.machine.plan.node(node?);
        Some(Origin { kind: &node.kind, output: node.output.as_deref() })
    }
}

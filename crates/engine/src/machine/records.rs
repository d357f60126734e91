//! Results of a graph's nodes: where they are kept, and what follows a failure (Workflow API contract, sections 14 and 17).

use std::collections::BTreeSet;
use std::sync::Arc;

use floe_model::Timestamp;
use serde_json::{Map, Value, json};

use super::context::weight;
use super::settle::Outs;
use super::{Machine, Outcome, RunError, Settled};
use crate::event::{Changes, Happening, Place, SharedChange, StepError};
use crate::plan::{Gives, Node, OnError, Port, Primary, TRUNCATED};

/// Characters of a record that is too large that stay in its mark.
const PREVIEW_CHARS: usize = 1_000;

impl Machine {
    /// Keys of the shared memory that searches by meaning pass over.
    pub(crate) fn unsearchable(&self) -> &BTreeSet<String> {
        &self.unsearchable
    }

    /// What a computation changes besides its own record.
    pub(super) fn change(&mut self, place: Place, changes: &Changes) {
        for (name, value) in &changes.variables {
            self.write(place, name, value.clone());
        }
        let Value::Object(shared) = &mut self.shared else { return };
        for change in &changes.shared {
            let (key, new) = match change {
                SharedChange::Set { key, value, .. } => (key, Some(value.clone())),
                SharedChange::Delete { key } => (key, None),
            };
            match change {
                SharedChange::Set { unsearchable: true, .. } => _ = self.unsearchable.insert(key.clone()),
                _ => _ = self.unsearchable.remove(key),
            }
            let old = match new {
                Some(value) => {
                    self.shared_bytes += key.len() + weight(&value);
                    shared.insert(key.clone(), value)
                }
                None => shared.shift_remove(key),
            };
            if let Some(old) = old {
                self.shared_bytes = self.shared_bytes.saturating_sub(key.len() + weight(&old));
            }
        }
    }

    /// A node of a graph is done: keeps its record and goes on by the port.
    pub(super) fn complete_record(&mut self, place: Place, record: &Arc<Value>, port: Port, at: Timestamp) {
        if self.is_past_cycle_limit(place, port) {
            let passes = self.frames.get(&place.frame).map_or(0, |frame| frame.pass + 1);
            let message = format!("The cycle reached its limit of {passes} passes");
            return self.fail(place, StepError::new("LOOP_LIMIT", message), 1, at);
        }
        self.settled.push((place, Settled::Completed(Arc::clone(record))));
        let plan = Arc::clone(&self.plan);
        let primary = plan.node(place.node).primary.of(record);
        self.keep_record(place, record, primary, port, &Outs::None, at);
    }

    /// A loop is done.
    pub(super) fn complete_loop(&mut self, place: Place, record: &Arc<Value>, port: Port, outs: &Outs, at: Timestamp) {
        self.settled.push((place, Settled::Completed(Arc::clone(record))));
        let plan = Arc::clone(&self.plan);
        let primary = plan.node(place.node).primary.of(record);
        self.keep_record(place, record, primary, port, outs, at);
    }

    fn keep_record(
        &mut self,
        place: Place,
        record: &Arc<Value>,
        primary: &Value,
        port: Port,
        outs: &Outs,
        at: Timestamp,
    ) {
        let plan = Arc::clone(&self.plan);
        let node = plan.node(place.node);
        self.active.remove(&place);
        self.scripts.forget(place);
        let is_whole = std::ptr::eq(primary, record.as_ref());
        if let Some(memory) = self.memory_of(place) {
            memory.put(place.node, Arc::clone(record));
            match &node.output {
                Some(name) if is_whole => memory.set(name, Arc::clone(record), Some(place.node)),
                Some(name) => memory.set(name, Arc::new(primary.clone()), None),
                None => {}
            }
        }
        if self.is_over_context_limit(place, at) {
            return;
        }
        let leads_on = super::settle::leads_on(node, port);
        if let Some(frame) = self.frames.get_mut(&place.frame).filter(|frame| !leads_on && frame.owner.is_some()) {
            frame.graph.tails.push((place.node, primary.clone()));
        }
        self.settle_by(place, Some(port), outs, at);
    }

    /// A node of a graph has failed for good.
    pub(super) fn fail_record(&mut self, place: Place, failure: RunError, at: Timestamp) {
        let plan = Arc::clone(&self.plan);
        let node = plan.node(place.node);
        self.scripts.forget(place);
        let blamed = plan.node(failure.node.unwrap_or(place.node));
        let error = Arc::new(error_value(blamed, &failure));
        if let Some(frame) = self.frames.get_mut(&place.frame) {
            frame.graph.errors.insert(place.node, Arc::clone(&error));
        }
        let port = match &node.on_error {
            OnError::Value(value) => {
                let record = Arc::new(value_with_error(&node.primary, value, &error));
                let port = if self.is_past_cycle_limit(place, Port::ALL) { Port::NONE } else { Port::ALL };
                return self.keep_record(place, &record, value, port, &Outs::All, at);
            }
            OnError::Goto if node.has_port(Port::GOTO) => Some(Port::GOTO),
            OnError::Fail | OnError::Continue | OnError::Branch | OnError::Settle | OnError::Goto => {
                node.has_port(Port::ERROR).then_some(Port::ERROR)
            }
        };
        if port.is_none()
            && let Some(frame) = self.frames.get_mut(&place.frame)
        {
            frame.graph.failure.get_or_insert(failure);
        }
        self.settle_by(place, port, &Outs::None, at);
    }

    /// Makes room for the memory of a graph; ends the run when there is none to be made.
    pub(super) fn is_over_memory_limit(&mut self, place: Place, at: Timestamp) -> bool {
        let most = self.plan.rules.context_bytes_max;
        if self.memory_bytes() <= most {
            return false;
        }
        let plan = Arc::clone(&self.plan);
        let own = self.frames.get(&place.frame).map_or(0, |frame| frame.context);
        let stays = |node| plan.node(node).gives == Gives::Output;
        for number in [own, 0] {
            while self.memory_bytes() > most
                && self.memories.get_mut(&number).is_some_and(|memory| memory.drop_oldest(stays))
            {}
        }
        if self.memory_bytes() <= most {
            return false;
        }
        let error = StepError::new("context_limit", format!("The run's memory is over {} MiB", most >> 20));
        self.end(Outcome::Failed(RunError { error, node: Some(place.node), attempt: 1, at }));
        true
    }

    fn memory_bytes(&self) -> usize {
        let written: usize = self.memories.values().map(|memory| memory.bytes).sum();
        let gathered: usize = self.active.values().map(super::Active::gathered_bytes).sum();
        written + gathered + self.shared_bytes
    }

    /// An event as it stands in the journal of a graph: records that are too large are replaced by their marks, and errors have the
    /// codes of its contract (section 17).
    pub(crate) fn as_in_graphs(&self, mut what: Happening) -> Happening {
        match &mut what {
            Happening::Done { result, .. } if !self.fits(result) => {
                *result = Arc::new(self.fitted(result.as_ref().clone(), &[]));
            }
            Happening::Failed { error, .. }
            | Happening::Tested { outcome: Err(error), .. }
            | Happening::ChildEnded { outcome: Err(error), .. } => error.name_as_in_graphs(),
            _ => {}
        }
        what
    }

    /// Whether a record is surely small enough. JSON text is at most six times as long as the text that it holds, and its shortest
    /// values weigh more here than there.
    fn fits(&self, record: &Value) -> bool {
        self.plan.rules.record_bytes_max.is_none_or(|most| weight(record) <= most / 8)
    }

    /// A record as it is kept: one that is too large is replaced by a mark. Members of the names given are not counted.
    pub(crate) fn fitted(&self, record: Value, free: &[&str]) -> Value {
        let Some(most) = self.plan.rules.record_bytes_max else { return record };
        if self.fits(&record) {
            return record;
        }
        let length = json_bytes(&record) - free.iter().filter_map(|key| record.get(key)).map(json_bytes).sum::<usize>();
        if length <= most {
            return record;
        }
        let text = record.to_string();
        let preview: String = text.chars().take(PREVIEW_CHARS).collect();
        json!({ TRUNCATED: true, "__originalSize": length, "__preview": preview })
    }
}

/// The error of a node as everything that runs because of it reads it under `error` (Workflow API contract, section 17).
fn error_value(node: &Node, failure: &RunError) -> Value {
    let RunError { error, attempt, at, .. } = failure;
    json!({
        "code": error.code, "message": error.message, "nodeId": node.id, "nodeName": node.name, "timestamp": at,
        "attempt": attempt, "details": error.details,
    })
}

/// The record of a node that failed and goes on with a value: the value with the error beside it.
fn value_with_error(primary: &Primary, value: &Value, error: &Value) -> Value {
    let mut record = match (primary, value) {
        (Primary::Member(name), _) => Map::from_iter([(name.clone(), value.clone())]),
        (Primary::Whole, Value::Object(members)) => members.clone(),
        (Primary::Whole, _) => Map::from_iter([("value".to_owned(), value.clone())]),
    };
    record.insert("error".to_owned(), error.clone());
    Value::Object(record)
}

/// Length of a value as compact JSON.
fn json_bytes(value: &Value) -> usize {
    struct Counted(usize);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // Writing to a counter cannot fail, and keys are texts.
    let _ = serde_json::to_writer(&mut counted, value);
    counted.0
}

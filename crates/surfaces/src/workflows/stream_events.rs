//! What the stream of an execution tells of each event of its journal (workflows contract, section 9.2).
//!
//! The journal is the only source: whoever reads it, on whichever server and however often, tells the same messages in the same order, so
//! that a number among them is a place to go on from.

use std::collections::{BTreeMap, BTreeSet};

use floe_engine::event::{Happening, Question, QuestionKind};
use floe_engine::plan::{Node, Plan};
use floe_engine::records::{StepRecord, StepStatus};
use floe_flows::run_feed::Moment;
use floe_flows::workflows::{Execution, Pause, Status, ids, pause_json};
use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value, json};

use super::stream_base::message;

/// Type of the nodes that a plan adds where a definition goes round in a circle.
const CYCLE: &str = "cycle";

/// Tells of one execution.
pub(super) struct Teller {
    id: String,
    workflow_id: String,
    workflow_name: String,
    /// Number of the last message.
    sequence: u64,
    /// The reader has seen the messages up to this number.
    after: u64,
    /// Whether only the last message is told: the others were kept for long enough.
    last_only: bool,
    /// Records that were told to have begun.
    begun: usize,
    /// Nodes that began at least once.
    seen: BTreeSet<u32>,
    /// Nodes that came to an end at least once.
    ended: BTreeSet<u32>,
    has_started: bool,
    /// Questions that pause the execution, with their nodes.
    open: BTreeMap<WaitId, String>,
    /// Executions below this one that wait for an answer.
    open_children: BTreeMap<RunId, String>,
}

impl Teller {
    /// Of an execution, for a reader who has seen messages up to a number.
    pub(super) fn new(execution: &Execution, after: u64, last_only: bool) -> Self {
        Self {
            id: ids::execution(execution.run),
            workflow_id: execution.workflow_shown_id.clone(),
            workflow_name: execution.workflow_name.clone(),
            sequence: 0,
            after,
            last_only,
            begun: 0,
            seen: BTreeSet::new(),
            ended: BTreeSet::new(),
            has_started: false,
            open: BTreeMap::new(),
            open_children: BTreeMap::new(),
        }
    }

    /// The first message of every stream; it has no number.
    pub(super) fn connected(&self, status: &str, at: Timestamp) -> String {
        message("connected", None, &self.data("connected", at, json!({ "status": status })))
    }

    /// The messages of one event; the last one of an execution is [`Teller::ended`].
    pub(super) fn moment(&mut self, moment: &Moment<'_>) -> Vec<String> {
        let mut told = Vec::new();
        if !self.has_started && matches!(moment.what, Happening::Began(_) | Happening::Admitted) {
            self.started(moment, &mut told);
        }
        self.resumed(moment, &mut told);
        let ended_before = self.ended.len();
        for (number, record) in &moment.steps {
            self.node(moment, *number, record, &mut told);
        }
        for place in moment.machine.passed() {
            self.passed(moment, place.node, &mut told);
        }
        self.paused(moment, &mut told);
        if moment.machine.outcome().is_some() {
            self.never_reached(moment, &mut told);
        }
        if self.ended.len() > ended_before {
            self.progress(moment, &mut told);
        }
        told
    }

    /// The last message: how the execution ended.
    pub(super) fn ended(&mut self, execution: &Execution, at: Timestamp) -> Option<String> {
        let (completed_at, duration_ms) = (execution.completed_at, execution.duration_ms());
        let (kind, data) = match execution.status {
            Status::Completed => {
                let outputs = execution.outputs.clone().unwrap_or_else(|| json!({}));
                let data = json!({ "status": "completed", "outputs": outputs, "completed_at": completed_at, "duration_ms": duration_ms });
                ("execution:completed", data)
            }
            Status::Failed => {
                let error = execution.error.as_ref();
                let data = json!({
                    "status": "failed", "error": error.map(|error| &error.message),
                    "error_details": execution.error_json(),
                    "node_id": error.and_then(|error| error.node_id.as_ref()),
                    "completed_at": completed_at, "duration_ms": duration_ms,
                });
                ("execution:failed", data)
            }
            _ => ("execution:cancelled", json!({ "status": "cancelled", "completed_at": completed_at })),
        };
        self.last_only = false;
        self.tell(kind, at, data)
    }

    fn started(&mut self, moment: &Moment<'_>, told: &mut Vec<String>) {
        if moment.state.status == "queued" {
            return;
        }
        self.has_started = true;
        let data = json!({
            "workflow_id": self.workflow_id, "workflow_name": self.workflow_name, "started_at": moment.machine.started_at(),
            "total_nodes": total(moment.machine.plan()), "status": "running",
        });
        told.extend(self.tell("execution:started", moment.at, data));
    }

    /// What became of one node.
    fn node(&mut self, moment: &Moment<'_>, number: usize, record: &StepRecord, told: &mut Vec<String>) {
        let node = moment.machine.plan().node(record.node);
        if node.kind == CYCLE {
            self.begun = self.begun.max(number + 1);
            return;
        }
        let was_retried = matches!(moment.what, Happening::Retried { place } if place.node == record.node);
        if number >= self.begun || was_retried && record.status == StepStatus::Running {
            self.begun = self.begun.max(number + 1);
            self.seen.insert(record.node);
            let began = record.attempts.last().map_or(record.started_at, |attempt| attempt.started_at);
            let mut data = of_node(node);
            data.insert("started_at".to_owned(), json!(began));
            data.insert("attempt".to_owned(), json!(record.attempt));
            if let Some(pass) = record.iteration.last() {
                data.insert("iteration".to_owned(), json!(pass.index + 1));
            }
            told.extend(self.tell("node:started", moment.at, Value::Object(data)));
        }
        let has_failed = self.failed(moment, node, record, told);
        match record.status {
            StepStatus::Completed => {
                self.ended.insert(record.node);
                if !has_failed {
                    let mut data = of_node(node);
                    data.insert("outputs".to_owned(), outputs(record));
                    data.insert("duration_ms".to_owned(), json!(moment.at.millis_since(record.started_at).max(0)));
                    told.extend(self.tell("node:completed", moment.at, Value::Object(data)));
                }
            }
            StepStatus::Skipped => {
                self.ended.insert(record.node);
                told.extend(self.skipped(node, "The node was passed over", moment.at));
            }
            StepStatus::Failed => {
                self.ended.insert(record.node);
            }
            StepStatus::Running | StepStatus::Waiting | StepStatus::Cancelled => {}
        }
    }

    /// A failed attempt, and whether another one follows.
    fn failed(&mut self, moment: &Moment<'_>, node: &Node, record: &StepRecord, told: &mut Vec<String>) -> bool {
        let of_this = match moment.what {
            Happening::Failed { place, .. } => place.node == record.node,
            // Of what the end of a called run has changed, it is what it ended without ending the step.
            Happening::ChildEnded { outcome: Err(_), .. } => record.is_between_attempts(),
            _ => false,
        };
        let error = match (&record.error, record.attempts.last().and_then(|attempt| attempt.error.as_ref())) {
            _ if !of_this && record.status != StepStatus::Failed => return false,
            (Some(error), _) | (None, Some(error)) => error,
            (None, None) => return false,
        };
        // An older record of the same node, of another pass.
        if record.finished_at.is_some_and(|finished| finished != moment.at) || record.status == StepStatus::Cancelled {
            return false;
        }
        let will_retry = record.status == StepStatus::Running && node.retry.follows(error, record.attempt);
        let mut data = of_node(node);
        data.insert("error".to_owned(), json!(error.message));
        data.insert("error_code".to_owned(), json!(error.code));
        data.insert("attempt".to_owned(), json!(record.attempt));
        data.insert("will_retry".to_owned(), json!(will_retry));
        told.extend(self.tell("node:failed", moment.at, Value::Object(data)));
        if will_retry {
            let data = json!({
                "node_id": node.id, "attempt": record.attempt + 1, "max_attempts": node.retry.attempts_max,
                "delay_ms": node.retry.pause_ms(record.attempt), "error": error.message,
            });
            told.extend(self.tell("node:retry", moment.at, data));
        }
        true
    }

    fn skipped(&mut self, node: &Node, reason: &str, at: Timestamp) -> Option<String> {
        self.tell("node:skipped", at, json!({ "node_id": node.id, "node_type": node.kind, "reason": reason }))
    }

    /// A node to which no live edge led.
    fn passed(&mut self, moment: &Moment<'_>, index: u32, told: &mut Vec<String>) {
        let node = moment.machine.plan().node(index);
        if node.kind != CYCLE {
            self.ended.insert(index);
            told.extend(self.skipped(node, "No edge to the node was live", moment.at));
        }
    }

    /// At the end: nodes that the execution never came to.
    fn never_reached(&mut self, moment: &Moment<'_>, told: &mut Vec<String>) {
        let count = moment.machine.plan().nodes.len();
        for index in (0_u32..).take(count) {
            if !self.ended.contains(&index) && !self.seen.contains(&index) {
                self.passed(moment, index, told);
            }
        }
    }

    fn progress(&mut self, moment: &Moment<'_>, told: &mut Vec<String>) {
        let plan = moment.machine.plan();
        let (done, total) = (self.ended.len(), total(plan).max(1));
        let current = moment.machine.current_node().map(|node| plan.node(node).id.clone());
        let data = json!({
            "progress": (done * 100 / total).min(100), "current_node": current, "completed_nodes": done, "total_nodes": total,
        });
        told.extend(self.tell("execution:progress", moment.at, data));
    }

    /// A question was asked that pauses the execution.
    fn paused(&mut self, moment: &Moment<'_>, told: &mut Vec<String>) {
        let plan = moment.machine.plan();
        let (node, context) = match moment.what {
            Happening::WaitOpened(question) if matches!(question.kind, QuestionKind::Answer(_)) => {
                let node = plan.node(question.place.node).id.clone();
                self.open.insert(question.wait, node.clone());
                (node, pause_context(plan, question))
            }
            Happening::ChildPaused { child, question: Some(_) } => {
                let node = moment.machine.place_of_child(*child).map(|place| plan.node(place.node).id.clone());
                let node = node.unwrap_or_default();
                self.open_children.insert(*child, node.clone());
                (node, None)
            }
            _ => return,
        };
        let data = json!({ "status": "paused", "node_id": node, "pause_context": context });
        told.extend(self.tell("execution:paused", moment.at, data));
    }

    /// The last question that paused it was answered, or its time is over.
    fn resumed(&mut self, moment: &Moment<'_>, told: &mut Vec<String>) {
        let node = match moment.what {
            Happening::Answered { wait, .. } | Happening::Expired { wait } => self.open.remove(wait),
            Happening::ChildPaused { child, question: None } | Happening::ChildEnded { child, .. } => {
                self.open_children.remove(child)
            }
            _ => return,
        };
        if let (Some(node), true) = (node, self.open.is_empty() && self.open_children.is_empty()) {
            told.extend(self.tell("execution:resumed", moment.at, json!({ "status": "running", "node_id": node })));
        }
    }

    /// A message with the next number, unless the reader has seen it.
    fn tell(&mut self, kind: &str, at: Timestamp, data: Value) -> Option<String> {
        self.sequence += 1;
        if self.sequence <= self.after || self.last_only {
            return None;
        }
        Some(message(kind, Some((&self.id, self.sequence)), &self.data(kind, at, data)))
    }

    fn data(&self, kind: &str, at: Timestamp, data: Value) -> Value {
        let mut all = Map::new();
        all.insert("type".to_owned(), json!(kind));
        all.insert("execution_id".to_owned(), json!(self.id));
        if let Value::Object(data) = data {
            all.extend(data);
        }
        all.insert("timestamp".to_owned(), json!(at));
        Value::Object(all)
    }
}

/// What a question asks, as an execution that waits for it shows it.
fn pause_context(plan: &Plan, question: &Question) -> Option<Value> {
    let node = plan.node(question.place.node);
    let QuestionKind::Answer(kind) = question.kind else { return None };
    Some(pause_json(&Pause {
        kind: kind.as_str(),
        node_id: &node.id,
        node_name: &node.name,
        question: &question.body,
        paused_at: question.asked_at,
        expires_at: question.expires_at(),
    }))
}

/// Nodes of the definition.
fn total(plan: &Plan) -> usize {
    plan.nodes.iter().filter(|node| node.kind != CYCLE).count()
}

fn of_node(node: &Node) -> Map<String, Value> {
    let pairs = [("node_id", &node.id), ("node_type", &node.kind), ("node_label", &node.name)];
    pairs.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect()
}

/// The record of a node; always an object.
fn outputs(record: &StepRecord) -> Value {
    match record.output.as_deref() {
        Some(Value::Object(map)) => Value::Object(map.clone()),
        Some(value) => json!({ "output": value }),
        None => json!({}),
    }
}

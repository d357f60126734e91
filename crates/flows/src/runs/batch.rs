//! One write: the transitions of many runs, in one transaction.

use floe_engine::event::{Event, Happening, QuestionKind};
use floe_engine::machine::Machine;
use floe_model::flows::FlowSettings;
use floe_model::id::{EventId, JobId, NodeId, RunId, TriggerId, WaitId, WorkspaceId};
use floe_model::{Fault, Scope, Timestamp};
use floe_runtime::Ids;
use floe_store::flows::executions::{self, RunResult};
use floe_store::flows::files::{self, Claim};
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::run_rows;
use floe_store::flows::runs::RunRow;
use floe_store::flows::waits::{self, WaitEnd, WaitRow};
use floe_store::platform::audit;
use floe_store::platform::events::{self, NewEvent};
use floe_store::platform::jobs::{self, NewJob};
use floe_store::platform::nodes;
use floe_store::{Node, Tx};
use serde_json::{Value, json};

use super::live::Extras;
use super::told::{self, Change, Told};
use super::told_inbox;
use super::{JOB_CANCEL, JOB_CHILD, JOB_ERROR_FLOW, JOB_GIVE_UP, JOB_WAIT_DUE};
use crate::triggers::JOB_FREE;

/// What one run adds to a write.
pub(super) struct RunWrite {
    pub(super) workspace: WorkspaceId,
    pub(super) run: RunId,
    /// The row, when lists must see a change.
    pub(super) row: Option<RunRow>,
    /// Whether the run begins with this write.
    pub(super) is_new: bool,
    /// Whether it began to wait, went on, or ended with this write.
    pub(super) changed: bool,
    /// Number of the first event.
    pub(super) first: u64,
    pub(super) events: Vec<Event>,
    /// Questions that were asked and are still open.
    pub(super) opened: Vec<WaitRow>,
    /// Delays that outlive memory: id and due time.
    pub(super) delays: Vec<(WaitId, Timestamp)>,
    /// Questions that ended without an answer.
    pub(super) ended: Vec<WaitEnd>,
    /// What a workflow that ended was given and came to.
    pub(super) result: Option<RunResult>,
    /// Whether it is of a workflow.
    pub(super) is_workflow: bool,
    /// Whether it begins to move with this write.
    pub(super) begins: bool,
    pub(super) extras: Extras,
}

/// The rows of one run in a write, ready to be written, more than once if the database asks for it.
#[derive(Default)]
pub(super) struct Part {
    /// Rows that are new.
    rows: Vec<RunRow>,
    /// The row, when it was written before.
    changed: Option<RunRow>,
    chunks: Vec<Chunk>,
    opened: Vec<WaitRow>,
    closed: Vec<WaitEnd>,
    jobs: Vec<NewJob>,
    events: Vec<(Scope, NewEvent)>,
    audit: Vec<audit::Entry>,
    claims: Vec<Claim>,
    results: Vec<RunResult>,
    told: Vec<Told>,
}

/// In whose name a write is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum WrittenBy {
    /// The one process that has the database.
    Alone,
    /// A node; with others, they are told which runs changed.
    Node { id: Option<NodeId>, has_others: bool },
}

impl WrittenBy {
    /// In the name of the node as it lives now.
    pub(super) fn of(node: Option<&Node>) -> Self {
        node.map_or(Self::Alone, |node| Self::Node { id: node.id(), has_others: node.has_others() })
    }
}

/// Code of the fault when another writer has moved one of the runs.
pub(super) const GOT_AHEAD: &str = "already_exists";

/// Whether a write was refused because another node moves the run.
pub(super) fn is_overtaken(fault: &Fault) -> bool {
    [GOT_AHEAD, nodes::ENDED_CODE].contains(&fault.code())
}

/// Writes the rows of some runs.
///
/// # Errors
/// Of the database, [`GOT_AHEAD`], [`nodes::ENDED_CODE`].
pub(super) fn write(tx: &mut Tx<'_>, ids: &Ids, written_by: WrittenBy, parts: &[Part]) -> Result<(), Fault> {
    // A run is in one part only, and is either new or known.
    tx.at_once();
    let node = match written_by {
        WrittenBy::Alone => None,
        WrittenBy::Node { id: Some(id), has_others } => {
            nodes::require(tx, id)?;
            // Who waits on another node waits for an end or a question; what lies between is seen there at the next look.
            for row in parts.iter().flat_map(|part| part.rows.iter().chain(&part.changed)).filter(|_| has_others) {
                tx.announce(floe_store::Change::Record { workspace: row.workspace, kind: "run", id: row.id.0 });
            }
            Some(id)
        }
        WrittenBy::Node { id: None, .. } => return Err(nodes::ended_fault()),
    };
    run_rows::add(tx, &parts.iter().flat_map(|part| &part.rows).collect::<Vec<_>>(), node)?;
    run_rows::change(tx, &parts.iter().filter_map(|part| part.changed.as_ref()).collect::<Vec<_>>(), node)?;
    journal::append(tx, &parts.iter().flat_map(|part| &part.chunks).collect::<Vec<_>>())?;
    executions::put(tx, &parts.iter().flat_map(|part| &part.results).collect::<Vec<_>>())?;
    waits::open(tx, &parts.iter().flat_map(|part| &part.opened).collect::<Vec<_>>())?;
    let mut closed = Vec::new();
    for end in parts.iter().flat_map(|part| &part.closed) {
        if let Some(question) = waits::close(tx, end)? {
            closed.extend(told_inbox::ended(end, &question, EventId(ids.next_bits())));
        }
        jobs::cancel(tx, JOB_WAIT_DUE, end.id.0)?;
    }
    for job in parts.iter().flat_map(|part| &part.jobs) {
        jobs::enqueue(tx, job)?;
    }
    let mut by_scope: Vec<(Scope, Vec<NewEvent>)> = Vec::new();
    for (scope, event) in parts.iter().flat_map(|part| &part.events).chain(&closed) {
        match by_scope.iter_mut().find(|(known, _)| known == scope) {
            Some((_, events)) => events.push(event.clone()),
            None => by_scope.push((*scope, vec![event.clone()])),
        }
    }
    for (scope, published) in &by_scope {
        events::publish_all(tx, *scope, published)?;
    }
    told::publish(tx, ids, &parts.iter().flat_map(|part| &part.told).collect::<Vec<_>>())?;
    for entry in parts.iter().flat_map(|part| &part.audit) {
        audit::record(tx, entry)?;
    }
    for claim in parts.iter().flat_map(|part| &part.claims) {
        files::claim(tx, claim)?;
    }
    Ok(())
}

impl Part {
    /// Lays out the rows of one run.
    ///
    /// # Errors
    /// When an event cannot be written as JSON, which does not happen for events that came from JSON.
    pub(super) fn new(write: RunWrite, now: Timestamp, fresh: &mut dyn FnMut() -> u128) -> Result<Self, Fault> {
        let (audit, claims) = (write.extras.audit, write.extras.claims);
        let mut part = Self { opened: write.opened, audit, claims, ..Self::default() };
        if !write.events.is_empty() {
            let events = serde_json::to_string(&write.events).map_err(Fault::internal)?;
            part.chunks.push(Chunk { workspace: write.workspace, run: write.run, seq: write.first, events });
        }
        for child in write.extras.children {
            part.rows.push(child.row);
            part.chunks.push(child.chunk);
        }
        part.closed.extend(write.extras.closed.into_iter().chain(write.ended));
        let run = json!({ "run": write.run });
        let questions: Vec<_> = part.opened.iter().map(|wait| (wait.id, wait.due_at)).chain(write.delays).collect();
        for (wait, due_at) in questions {
            part.jobs.push(new_job(JOB_WAIT_DUE, write.workspace, wait.0, &run, due_at, now, fresh));
        }
        for child in write.extras.called {
            let caller = json!({ "parent": write.run });
            part.jobs.push(new_job(JOB_CHILD, write.workspace, child.0, &caller, now, now, fresh));
        }
        for key in write.extras.given_up {
            let call = json!({ "run": write.run, "call": key });
            let job = new_job(JOB_GIVE_UP, write.workspace, write.run.0, &call, now, now, fresh);
            // A run can give up several calls.
            part.jobs.push(NewJob { subject_id: None, ..job });
        }
        for child in write.extras.cancelled {
            part.jobs.push(new_job(JOB_CANCEL, write.workspace, child.0, &json!({}), now, now, fresh));
        }
        if let Some(row) = write.row {
            part.follow(&row, write.changed, now, fresh);
            if write.is_workflow {
                let change = Change { row: &row, result: write.result.as_ref(), begins: write.begins, at: now };
                part.told = Told::of(&change, fresh);
            } else {
                part.tell(&row, write.is_new, write.changed, now, fresh);
            }
            if write.is_new {
                part.rows.push(row);
            } else {
                part.changed = Some(row);
            }
        }
        part.events.extend(part.opened.iter().filter_map(|wait| told_inbox::asked(wait, EventId(fresh()))));
        part.results.extend(write.result);
        Ok(part)
    }

    /// Jobs that follow from a change of what lists show.
    fn follow(&mut self, row: &RunRow, changed: bool, now: Timestamp, fresh: &mut dyn FnMut() -> u128) {
        if let (Some(parent), true) = (row.parent, changed) {
            let payload = json!({ "parent": parent });
            self.jobs.push(new_job(JOB_CHILD, row.workspace, row.id.0, &payload, now, now, fresh));
        }
        if changed && row.status == "failed" && wants_error_flow(row) {
            self.jobs.push(new_job(JOB_ERROR_FLOW, row.workspace, row.id.0, &json!({}), now, now, fresh));
        }
        if changed
            && row.finished_at.is_some()
            && let Some(trigger) = scheduled_by(row)
        {
            self.jobs.push(new_job(JOB_FREE, row.workspace, trigger.0, &json!({}), now, now, fresh));
        }
    }

    /// Events that follow from a change of what lists show.
    fn tell(&mut self, row: &RunRow, is_new: bool, changed: bool, now: Timestamp, fresh: &mut dyn FnMut() -> u128) {
        if is_new {
            self.publish(row, "flows.run.started", now, fresh);
        }
        let happened = match row.status.as_str() {
            "waiting" => "flows.run.waiting",
            "completed" => "flows.run.completed",
            "failed" => "flows.run.failed",
            "cancelled" => "flows.run.cancelled",
            _ => return,
        };
        if changed {
            self.publish(row, happened, now, fresh);
        }
    }

    fn publish(&mut self, row: &RunRow, kind: &'static str, now: Timestamp, fresh: &mut dyn FnMut() -> u128) {
        let data =
            json!({ "flow_id": row.flow, "run_id": row.id, "version": row.version, "error_code": row.error_code });
        let event = NewEvent {
            id: EventId(fresh()),
            kind,
            subject_id: Some(row.id.0),
            data: data.to_string(),
            created_at: now,
        };
        self.events.push((Scope { workspace: row.workspace, mode: row.mode }, event));
    }
}

fn new_job(
    kind: &'static str,
    workspace: WorkspaceId,
    subject: u128,
    payload: &serde_json::Value,
    due_at: Timestamp,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> u128,
) -> NewJob {
    NewJob {
        id: JobId(fresh()),
        workspace,
        mode: None,
        kind,
        subject_id: Some(subject),
        payload: payload.to_string(),
        due_at,
        created_at: now,
    }
}

/// Questions among the events that are still open after them.
pub(super) fn opened(row: &RunRow, machine: &Machine, events: &[Event]) -> Vec<WaitRow> {
    let open = |event: &Event| match &event.what {
        Happening::WaitOpened(question) => {
            let QuestionKind::Answer(kind) = question.kind else { return None };
            machine.question(question.wait)?;
            let node = machine.plan().node(question.place.node);
            Some(WaitRow {
                workspace: row.workspace,
                id: question.wait,
                mode: row.mode,
                run: row.id,
                flow: row.flow,
                flow_name: row.flow_name.clone(),
                step_id: node.id.clone(),
                step_name: node.name.clone(),
                kind: kind.as_str().to_owned(),
                question: serde_json::to_string(&question.body).unwrap_or_default(),
                started_by: row.started_by.clone(),
                status: "open".to_owned(),
                created_at: event.at,
                due_at: question.due,
                answered_at: None,
                answered_by: None,
                answer: None,
            })
        }
        _ => None,
    };
    events.iter().filter_map(open).collect()
}

/// Long delays among the events that still go on: they need a job to end them.
pub(super) fn delays(machine: &Machine, events: &[Event]) -> Vec<(WaitId, Timestamp)> {
    let delay = |event: &Event| match &event.what {
        Happening::WaitOpened(question) if question.kind == (QuestionKind::Delay { inline: false }) => {
            machine.question(question.wait).map(|question| (question.wait, question.due))
        }
        _ => None,
    };
    events.iter().filter_map(delay).collect()
}

/// The trigger whose tick started a run: it may have another one that waits for the run's end.
fn scheduled_by(row: &RunRow) -> Option<TriggerId> {
    let source: Value =
        if row.source_kind == "schedule" { serde_json::from_str(&row.source).ok()? } else { return None };
    TriggerId::parse(source.get("triggerId")?.as_str()?).ok()
}

/// A failed run starts its error flow, unless it is itself one (Flow API contract, section 6.7).
fn wants_error_flow(row: &RunRow) -> bool {
    row.source_kind != "error-flow" && FlowSettings::stored(&row.settings).error_flow_id.is_some()
}

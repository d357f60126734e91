//! The start of a run: which trigger, which inputs, and its first row.

use std::sync::Arc;

use floe_engine::event::{Beginning, Event, Happening};
use floe_engine::inputs::{check_values, is_reserved};
use floe_engine::machine::Machine;
use floe_engine::plan::{Entry, Plan};
use floe_model::flows::FlowSettings;
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, FieldProblem, Mode, Timestamp};
use floe_store::flows::journal::Chunk;
use floe_store::flows::runs::RunRow;
use serde_json::{Map, Value, json};

use super::admission::Ticket;
use super::origin::Origin;
use crate::definitions::Runnable;

/// A run to be started.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub run: RunId,
    /// Whose run.
    pub workspace: WorkspaceId,
    /// Live or test.
    pub mode: Mode,
    /// The flow.
    pub flow: FlowId,
    /// The flow's id as it is shown.
    pub shown_id: String,
    /// The flow's name.
    pub flow_name: String,
    /// The version that it follows.
    pub version: u32,
    /// Whether that is a draft.
    pub is_draft: bool,
    /// Digest of the definition's text.
    pub document_hash: [u8; 32],
    /// JSON: the flow's settings.
    pub settings: String,
    /// The compiled definition.
    pub plan: Arc<Plan>,
    /// Index of the trigger.
    pub entry: usize,
    /// What started it, as `trigger` of a workflow; null when no trigger did.
    pub trigger: Value,
    /// The checked inputs.
    pub inputs: Map<String, Value>,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a run adds to the version that it follows.
pub(crate) struct Begin {
    pub(crate) run: RunId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) mode: Mode,
    /// Index of the trigger.
    pub(crate) entry: usize,
    /// As [`NewRun::trigger`].
    pub(crate) trigger: Value,
    /// The checked inputs.
    pub(crate) inputs: Map<String, Value>,
    pub(crate) origin: Origin,
}

/// A child run that begins in the same write in which its parent notes it.
pub(super) struct ChildStart {
    pub(super) row: RunRow,
    pub(super) chunk: Chunk,
}

impl ChildStart {
    /// What it asks for a place with.
    pub(super) fn ticket(&self) -> Ticket {
        let row = &self.row;
        Ticket::new(row.workspace, row.flow, row.id, &FlowSettings::stored(&row.settings))
    }
}

impl NewRun {
    /// A run of a version.
    pub(crate) fn of(version: &Runnable, begin: Begin) -> Self {
        let Begin { run, workspace, mode, entry, trigger, inputs, origin } = begin;
        Self {
            run,
            workspace,
            mode,
            flow: version.flow,
            shown_id: version.shown_id.clone(),
            flow_name: version.flow_name.clone(),
            version: version.version,
            is_draft: version.is_draft,
            document_hash: version.document_hash,
            settings: version.settings.clone(),
            plan: Arc::clone(&version.plan),
            entry,
            trigger,
            inputs,
            origin,
        }
    }

    /// The run's first row.
    #[must_use]
    pub(super) fn row(&self, now: Timestamp) -> RunRow {
        let entry = &self.plan.entries[self.entry];
        RunRow {
            workspace: self.workspace,
            id: self.run,
            mode: self.mode,
            flow: self.flow,
            flow_name: self.flow_name.clone(),
            version: self.version,
            is_draft: self.is_draft,
            document_hash: self.document_hash,
            status: "running".to_owned(),
            trigger_type: entry.kind.clone(),
            trigger_step: entry.step_id.clone(),
            source_kind: self.origin.kind.to_owned(),
            source: self.origin.source.to_string(),
            parent: self.origin.parent,
            depth: self.origin.depth,
            started_by: self.origin.started_by.clone(),
            settings: self.settings.clone(),
            queued_at: now,
            started_at: None,
            finished_at: None,
            active_ms: None,
            step_count: 0,
            current_step: None,
            wait_kind: None,
            wait_step: None,
            error_code: None,
            error_message: None,
            error_step: None,
            revision: 0,
        }
    }

    /// The event that it begins with.
    #[must_use]
    pub(super) fn beginning(&self) -> Happening {
        Happening::Began(Box::new(Beginning {
            run: self.run,
            entry: self.entry,
            inputs: self.inputs.clone(),
            trigger_data: match &self.trigger {
                Value::Null => Value::Object(self.inputs.clone()),
                trigger => trigger.clone(),
            },
            user: self.origin.user.clone(),
            flow: json!({ "_id": self.shown_id, "name": self.flow_name, "version": self.version }),
            depth: self.origin.depth,
            reuse: None,
            trigger: self.trigger.clone(),
        }))
    }

    /// The rows with which it begins as a child, queued: it moves when its shard takes it up.
    pub(super) fn as_child(&self, now: Timestamp) -> Result<ChildStart, Fault> {
        let mut machine = Machine::new(Arc::clone(&self.plan));
        let event = Event { at: now, what: self.beginning() };
        machine.apply(&event);
        let events = serde_json::to_string(&[event]).map_err(Fault::internal)?;
        let mut row = self.row(now);
        row.status = "queued".to_owned();
        row.revision = machine.revision();
        let chunk = Chunk { workspace: self.workspace, run: self.run, seq: 0, events };
        Ok(ChildStart { row, chunk })
    }
}

/// The trigger that a way in takes (Flow API contract, section 3.3).
///
/// # Errors
/// `api_trigger_required` for a client call without an `api` trigger; `validation_error` for a named trigger that is
/// not there.
pub fn choose_entry(plan: &Plan, kind: &str, named: Option<&str>) -> Result<usize, Fault> {
    let of_kind = |wanted: &str| plan.entries.iter().position(|entry| entry.kind == wanted);
    if let Some(named) = named {
        let found = plan.entries.iter().position(|entry| entry.step_id == named);
        return found.ok_or_else(|| Fault::field("/trigger", "unknown", format!("There is no trigger step {named}")));
    }
    match kind {
        "client" => of_kind("api").ok_or_else(|| {
            Fault::conflict("api_trigger_required", "The flow has no api trigger, so it can't be called by a client")
        }),
        "share" => of_kind("form").or_else(|| of_kind("api")).ok_or_else(|| {
            let message = "The flow has neither a form nor an api trigger, so it can't be started by a link";
            Fault::conflict("api_trigger_required", message)
        }),
        "peer" => {
            let found = of_kind("peer.action").or_else(|| of_kind("peer.message")).or_else(|| of_kind("api"));
            found.ok_or_else(|| {
                let message = "The flow has neither a peer nor an api trigger, so it can't be started by an agent";
                Fault::conflict("api_trigger_required", message)
            })
        }
        "schedule" => {
            let found = of_kind("schedule").or_else(|| of_kind("api")).or_else(|| of_kind("form"));
            Ok(found.unwrap_or(0))
        }
        "sub-flow" | "error-flow" => {
            let found = of_kind("api").or_else(|| of_kind("form"));
            Ok(found.unwrap_or(0))
        }
        _ => Ok(of_kind("api").or_else(|| of_kind("form")).or_else(|| of_kind("schedule")).unwrap_or(0)),
    }
}

/// Checks inputs against what the trigger declares (Flow API contract, section 3.4).
///
/// # Errors
/// `validation_error` with every wrong field; paths are below `base`.
pub(crate) fn check_inputs(entry: &Entry, inputs: Map<String, Value>, base: &str) -> Result<Map<String, Value>, Fault> {
    let reserved: Vec<FieldProblem> = inputs
        .keys()
        .filter(|key| is_reserved(key))
        .map(|key| FieldProblem::new(format!("{base}/{key}"), "reserved", format!("{key} is a reserved name")))
        .collect();
    if !reserved.is_empty() {
        return Err(Fault::validation(reserved));
    }
    check_values(&entry.inputs, inputs, base).map_err(Fault::validation)
}

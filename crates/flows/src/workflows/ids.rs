//! How workflows and executions are called from outside (workflow API contract, section 1; console contract, section 1.2).
//!
//! An id is the id of the flow or run in spelling B. A text that was given at import and is no such id is an alias: it is shown
//! instead, and taken everywhere.

use floe_model::flows::Engine;
use floe_model::id::{FlowId, RunId, WorkspaceId, to_base32};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::flows::{aliases, flows};
use serde_json::json;

/// Kind of the aliases of workflows.
pub const KIND: &str = "workflow";
/// Characters of a given id at most.
pub const GIVEN_MAX: usize = 64;

/// An id that was given for something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// An id of ours, in either spelling.
    Id(FlowId),
    /// Another text.
    Alias(String),
}

/// A workflow's id in the spelling of the workflow API.
#[must_use]
pub fn workflow(id: FlowId) -> String {
    format!("wf_{}", to_base32(id.0))
}

/// A run's id in the spelling of the workflow API.
#[must_use]
pub fn execution(id: RunId) -> String {
    format!("exec_{}", to_base32(id.0))
}

/// A run's id in the spelling of the API that its automation belongs to (console contract, section 1.2).
#[must_use]
pub fn run(engine: Engine, id: RunId) -> String {
    match engine {
        Engine::Flow => id.to_string(),
        Engine::Workflow => execution(id),
    }
}

/// The id under which an automation is shown: its alias, else its id.
///
/// # Errors
/// Of the database.
pub fn shown_id(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FlowId) -> Result<String, Fault> {
    Ok(aliases::of(tx, workspace, KIND, id.0)?.unwrap_or_else(|| workflow(id)))
}

/// The automation that a text names: by its id in either spelling, or by its alias. Looks at no permission, and not at whether it is
/// there in the first case.
///
/// # Errors
/// 404 with `details.resource` and `details.id` for a text that names nothing.
pub fn find_id(tx: &mut Tx<'_>, workspace: WorkspaceId, text: &str) -> Result<FlowId, Fault> {
    if let Some(id) = known_id(tx, workspace, text)? {
        return Ok(id);
    }
    Err(not_found(text))
}

/// As [`find_id`]; none for a text that names nothing, or what is not there.
///
/// # Errors
/// Of the database.
pub fn known_id(tx: &mut Tx<'_>, workspace: WorkspaceId, text: &str) -> Result<Option<FlowId>, Fault> {
    if let Ok(id) = FlowId::parse(text) {
        // Never an alias (`read_given`).
        return Ok(flows::find(tx, workspace, id)?.map(|flow| flow.id));
    }
    if !is_given_text(text) {
        return Ok(None);
    }
    Ok(aliases::find(tx, workspace, KIND, text)?.map(FlowId))
}

/// Reads an id that was given for something new.
///
/// # Errors
/// 400 for anything but 1 to [`GIVEN_MAX`] of letters, digits, `-` and `_`.
pub fn read_given(text: &str) -> Result<Given, Fault> {
    if let Ok(id) = FlowId::parse(text) {
        return Ok(Given::Id(id));
    }
    if is_given_text(text) {
        return Ok(Given::Alias(text.to_owned()));
    }
    Err(wrong_given())
}

/// The fault of a text that cannot be given as an id.
pub(crate) fn wrong_given() -> Fault {
    Fault::field("/id", "value", format!("id must have 1 to {GIVEN_MAX} letters, digits, - and _"))
}

/// There is no such workflow, as the workflow API words it.
#[must_use]
pub fn not_found(id: &str) -> Fault {
    let shown: String = id.chars().take(GIVEN_MAX).collect();
    Fault::new(FaultKind::NotFound, "not_found", "Workflow not found")
        .with_details(json!({ "resource": "Workflow", "id": shown }))
}

/// The fault of a look-up with the words of [`not_found`] where nothing was found.
pub(super) fn named(fault: Fault, id: &str) -> Fault {
    if fault.kind() == FaultKind::NotFound { not_found(id) } else { fault }
}

/// Whether a text may be an id that was given (workflow API contract, section 1).
pub(crate) fn is_given_text(text: &str) -> bool {
    (1..=GIVEN_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

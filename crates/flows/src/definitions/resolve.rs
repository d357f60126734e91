//! What a run gets: one version of a flow with its definition.

use floe_model::Fault;
use floe_model::flows::{Activity, Engine, FlowAccess, VersionStatus};
use floe_model::id::{FlowId, WorkspaceId};
use floe_store::Tx;
use floe_store::flows::documents::{self, Hash};
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::versions::{self, VersionRow};

use super::access::access_of;
use crate::workflows;

/// Which version is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionChoice {
    /// What clients get.
    Latest,
    /// A published version by its number.
    Number(u32),
    /// What is edited.
    Draft,
    /// What is edited, else what clients get.
    DraftElseLatest,
}

/// A version to be run.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The flow.
    pub flow_id: FlowId,
    /// Its id as it is shown.
    pub shown_id: String,
    /// Its name now.
    pub flow_name: String,
    /// The language of its definition.
    pub engine: Engine,
    /// Whether it may be started now.
    pub activity: Activity,
    /// Number of the version.
    pub version: u32,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Digest of the definition's text.
    pub document_hash: Hash,
    /// The definition as compact JSON text.
    pub definition: String,
    /// Settings that hold for the run, as JSON.
    pub settings: String,
    /// Who may run it: ask [`super::may`] with `Level::Run`. Its owner is in it.
    pub access: FlowAccess,
}

/// Finds the version to be run. Looks at no permission: the caller of this asks [`super::may`].
///
/// # Errors
/// 404 `not_found` for an unknown flow or number; 409 `flow_not_published`, `version_not_published` (the number of a draft),
/// `no_draft` (Flow API contract, section 3.1).
pub fn resolve(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow_id: FlowId,
    choice: VersionChoice,
) -> Result<Resolved, Fault> {
    let flow = flows::find(tx, workspace, flow_id)?.ok_or_else(|| Fault::not_found("Flow"))?;
    let number = number_of(&flow, choice)?;
    let version = versions::find(tx, workspace, flow_id, number)?.ok_or_else(|| Fault::not_found("Version"))?;
    let is_draft = version.status == VersionStatus::Draft;
    if is_draft && matches!(choice, VersionChoice::Number(_)) {
        return Err(Fault::conflict("version_not_published", format!("Version {number} is not published")));
    }
    let definition = text_of(tx, &version)?;
    // The latest version runs with the settings in force; any other one with its own.
    let settings = if flow.pointers.latest == Some(number) { flow.settings.clone() } else { version.settings };
    let access = access_of(&flow)?;
    let shown_id = match flow.engine {
        Engine::Flow => flow_id.to_string(),
        Engine::Workflow => workflows::shown_id(tx, workspace, flow_id)?,
    };
    Ok(Resolved {
        flow_id,
        shown_id,
        flow_name: flow.name,
        engine: flow.engine,
        activity: flow.activity,
        version: number,
        is_draft,
        document_hash: version.document_hash,
        definition,
        settings,
        access,
    })
}

/// The definition of a version.
pub(super) fn text_of(tx: &mut Tx<'_>, version: &VersionRow) -> Result<String, Fault> {
    let text = documents::find(tx, version.workspace, &version.document_hash)?;
    text.ok_or_else(|| Fault::internal(format!("flow {} version {} has no document", version.flow, version.version)))
}

/// The definition of the latest version of a flow, if it has one.
pub(crate) fn latest_text(tx: &mut Tx<'_>, flow: &FlowRow) -> Result<Option<String>, Fault> {
    let Some(number) = flow.pointers.latest else { return Ok(None) };
    let version = versions::find(tx, flow.workspace, flow.id, number)?;
    let version = version.ok_or_else(|| Fault::internal(format!("flow {} lost version {number}", flow.id)))?;
    text_of(tx, &version).map(Some)
}

fn number_of(flow: &FlowRow, choice: VersionChoice) -> Result<u32, Fault> {
    let not_published = || Fault::conflict("flow_not_published", "The flow has no published version");
    let pointers = flow.pointers;
    match choice {
        VersionChoice::Latest => pointers.latest.ok_or_else(not_published),
        VersionChoice::Number(number) => Ok(number),
        VersionChoice::Draft => pointers.draft.ok_or_else(|| Fault::conflict("no_draft", "The flow has no draft")),
        VersionChoice::DraftElseLatest => pointers.draft.or(pointers.latest).ok_or_else(not_published),
    }
}

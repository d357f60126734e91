//! The draft: what is edited.

use floe_engine::catalog::Catalog;
use floe_engine::lang::{Problem, steps};
use floe_model::flows::{Edit, FlowSettings, Level, VersionStatus};
use floe_model::id::FlowId;
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::documents;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::versions::{self, VersionRow};
use serde::Serialize;
use serde_json::json;

use super::access::{access_of, hold, may};
use super::content::{Content, EMPTY};
use super::resolve::text_of;
use super::trail;

/// What an editor saves; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Autosave {
    /// The definition.
    pub content: Option<Content>,
    /// Name of the flow.
    pub name: Option<String>,
    /// Description of the flow.
    pub description: Option<String>,
    /// Settings; they hold when the draft is published.
    pub settings: Option<FlowSettings>,
    /// What the version says of itself.
    pub summary: Option<String>,
    /// The revision that the editor saw.
    pub base_revision: Option<u64>,
}

/// The receipt of an editor.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The flow.
    pub flow: FlowId,
    /// The draft.
    pub version: u32,
    /// Revision of the flow now.
    pub revision: u64,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// What publishing the draft would say; flows that it names are not looked up.
    pub problems: Vec<Problem>,
}

/// Writes the current draft; makes a new one from the latest version when there is none.
///
/// # Errors
/// 404; 403 without `edit`; 409 `conflict` with the present revision when `base_revision` is stale; 400 for an error flow
/// that is not there.
pub fn autosave(tx: &mut Tx<'_>, ctx: &Ctx, catalog: &Catalog, id: FlowId, save: &Autosave) -> Result<Saved, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    check_revision(&flow, save.base_revision)?;
    if let Some(settings) = &save.settings {
        check_error_flow(tx, ctx, settings)?;
    }
    let draft = write(tx, ctx, &mut flow, save)?;
    // Name and description are labels, not behaviour: the record shows them at once.
    flow.name.clone_from(&draft.name);
    flow.description.clone_from(&draft.description);
    trail::write(tx, ctx, &mut flow)?;
    let detail = json!({ "version": draft.version, "revision": flow.revision, "by": "autosave" });
    trail::audit(tx, ctx, &flow, "updated_flow", detail)?;
    let problems = match &save.content {
        Some(content) => content.problems.clone(),
        None => {
            let definition = serde_json::from_str(&text_of(tx, &draft)?).map_err(Fault::internal)?;
            steps::compile(&definition, catalog).problems
        }
    };
    Ok(Saved { flow: id, version: draft.version, revision: flow.revision, saved_at: flow.updated_at, problems })
}

/// Writes a change into the draft of a held flow. The flow's pointers are changed in memory only.
pub(super) fn write(tx: &mut Tx<'_>, ctx: &Ctx, flow: &mut FlowRow, change: &Autosave) -> Result<VersionRow, Fault> {
    let (pointers, edit) = flow.pointers.edit();
    let (mut draft, is_new) = match edit {
        Edit::Existing(number) => (stored(tx, flow, number)?, false),
        Edit::New { version, based_on } => (begin(tx, ctx, flow, version, based_on)?, true),
    };
    if let Some(content) = &change.content {
        draft.document_hash = documents::put(tx, flow.workspace, &content.text)?;
    }
    if let Some(name) = &change.name {
        draft.name.clone_from(name);
    }
    if let Some(description) = &change.description {
        draft.description.clone_from(description);
    }
    if let Some(settings) = &change.settings {
        draft.settings = json_text(settings)?;
    }
    if let Some(summary) = &change.summary {
        draft.summary.clone_from(summary);
    }
    draft.visibility = flow.visibility;
    draft.updated_at = ctx.now();
    if is_new {
        versions::insert(tx, &draft)?;
    } else if !versions::update_draft(tx, &draft)? {
        return Err(Fault::internal(format!("version {} of flow {} is no draft", draft.version, flow.id)));
    }
    flow.pointers = pointers;
    Ok(draft)
}

/// A version of a held flow that its pointers name.
pub(super) fn stored(tx: &mut Tx<'_>, flow: &FlowRow, number: u32) -> Result<VersionRow, Fault> {
    let version = versions::find(tx, flow.workspace, flow.id, number)?;
    version.ok_or_else(|| Fault::internal(format!("flow {} lost version {number}", flow.id)))
}

/// A draft that is not written yet, with the content of another version or none.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &FlowRow,
    number: u32,
    based_on: Option<u32>,
) -> Result<VersionRow, Fault> {
    let now = ctx.now();
    let mut draft = VersionRow {
        workspace: flow.workspace,
        flow: flow.id,
        version: number,
        id: ctx.ids.next(),
        status: VersionStatus::Draft,
        document_hash: [0; 32],
        name: flow.name.clone(),
        description: flow.description.clone(),
        settings: flow.settings.clone(),
        visibility: flow.visibility,
        summary: String::new(),
        based_on,
        created_by: trail::person(&ctx.caller),
        published_by: None,
        created_at: now,
        updated_at: now,
        published_at: None,
    };
    draft.document_hash = match based_on {
        Some(base) => stored(tx, flow, base)?.document_hash,
        None => documents::put(tx, flow.workspace, EMPTY)?,
    };
    Ok(draft)
}

/// Refuses an editor that saw another revision.
pub(super) fn check_revision(flow: &FlowRow, base: Option<u64>) -> Result<(), Fault> {
    match base {
        Some(base) if base != flow.revision => {
            let message = format!("The flow was changed meanwhile; its revision is {}", flow.revision);
            Err(Fault::conflict("conflict", message).with_details(json!({ "revision": flow.revision })))
        }
        _ => Ok(()),
    }
}

/// Refuses settings whose error flow is not there, or may not be run by the caller.
pub(super) fn check_error_flow(tx: &mut Tx<'_>, ctx: &Ctx, settings: &FlowSettings) -> Result<(), Fault> {
    let Some(id) = settings.error_flow_id else { return Ok(()) };
    let known = match flows::find(tx, ctx.caller.workspace, id)? {
        Some(flow) => may(&ctx.caller, &access_of(&flow)?, Level::Run),
        None => false,
    };
    if known {
        return Ok(());
    }
    Err(Fault::field("/settings/errorFlowId", "unknown_reference", "There is no such flow"))
}

/// JSON text of a value that always has one.
pub(super) fn json_text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(Fault::internal)
}

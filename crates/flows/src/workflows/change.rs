//! Changing a workflow: its name and status, its draft, and its versions (console contract, section 5.3).
//!
//! The number of a new version is always one more than that of the one in force: the draft has it already, and every way to a new version
//! goes through the draft.

use floe_engine::catalog::Catalog;
use floe_model::flows::{Activity, DESCRIPTION_MAX, Edit, NAME_MAX, VersionStatus};
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::versions::{self, VersionRow};
use floe_store::flows::{documents, workflow_versions};
use serde_json::{Value, json};

use super::access::hold;
use super::content::Content;
use super::read::{Workflow, read};
use super::trail;
use crate::definitions::person;

/// What a change of a workflow's record says; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// Its name, 1 to [`NAME_MAX`] characters.
    pub name: Option<String>,
    /// What it is for, up to [`DESCRIPTION_MAX`] characters; empty for nothing.
    pub description: Option<String>,
    /// Whether it may be started.
    pub activity: Option<Activity>,
}

/// How a new version comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Out of the draft, which must have no errors.
    Publish,
    /// By another file.
    Replace,
    /// By the content of an older version.
    Restore(u32),
}

/// Changes the record of a workflow.
///
/// # Errors
/// 404; 403 without `build`; 412 for a stale revision; 422 `invalid_definition` when one with errors is to be active.
pub fn patch(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, patch: &Patch, revision: Option<u64>) -> Result<Workflow, Fault> {
    let mut flow = hold(tx, ctx, id)?;
    fresh(&flow, revision)?;
    if let Some(name) = &patch.name {
        flow.name = name.chars().take(NAME_MAX).collect();
    }
    if let Some(description) = &patch.description {
        flow.description = description.chars().take(DESCRIPTION_MAX).collect();
    }
    let before = flow.activity;
    if let Some(activity) = patch.activity {
        if activity == Activity::Active
            && let Some(latest) = flow.pointers.latest
        {
            no_errors(tx, &flow, latest)?;
        }
        flow.activity = activity;
    }
    trail::write(tx, ctx, &mut flow)?;
    let action = match (before, flow.activity) {
        (Activity::Active, Activity::Inactive) => "deactivated_workflow",
        (Activity::Inactive, Activity::Active) => "activated_workflow",
        _ => "updated_workflow",
    };
    trail::audit(tx, ctx, &flow, action, json!({ "revision": flow.revision, "status": flow.activity.as_str() }))?;
    read(tx, flow)
}

/// Writes the draft of a workflow: anything is kept. Name and description are labels and change at once.
///
/// # Errors
/// 404; 403 without `build`; 412 for a stale revision.
pub fn save_draft(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    content: &Content,
    revision: Option<u64>,
) -> Result<Workflow, Fault> {
    let mut flow = hold(tx, ctx, id)?;
    fresh(&flow, revision)?;
    label(&mut flow, content);
    let draft = write_draft(tx, ctx, &mut flow, content, None)?;
    trail::write(tx, ctx, &mut flow)?;
    let detail = json!({ "version": draft.version, "revision": flow.revision, "errors": content.errors });
    trail::audit(tx, ctx, &flow, "updated_workflow", detail)?;
    read(tx, flow)
}

/// Publishes the draft of a workflow.
///
/// # Errors
/// 404; 403 without `build`; 409 `conflict` without a draft; 412; 422 `invalid_definition` with `details.problems`.
pub fn publish(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    catalog: &Catalog,
    id: FlowId,
    note: Option<&str>,
    revision: Option<u64>,
) -> Result<Workflow, Fault> {
    let flow = hold(tx, ctx, id)?;
    fresh(&flow, revision)?;
    let Some(number) = flow.pointers.draft else {
        return Err(Fault::conflict("conflict", "The workflow has no draft to publish"));
    };
    no_errors(tx, &flow, number)?;
    let content = Content::stored(tx, catalog, flow.workspace, flow.id, number)?;
    put_in_force(tx, ctx, flow, &content, Way::Publish, note)
}

/// Replaces a workflow by another file: draft and version in one, also with errors; then it is not active.
///
/// # Errors
/// 404; 403 without `build`; 412 for a stale revision.
pub fn replace(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    content: &Content,
    revision: Option<u64>,
) -> Result<Workflow, Fault> {
    let mut flow = hold(tx, ctx, id)?;
    fresh(&flow, revision)?;
    label(&mut flow, content);
    put_in_force(tx, ctx, flow, content, Way::Replace, None)
}

/// Makes a new version with the content of an older one.
///
/// # Errors
/// 404 for a workflow or version that is not there; 403 without `build`; 412 for a stale revision.
pub fn restore(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    catalog: &Catalog,
    id: FlowId,
    number: u32,
    revision: Option<u64>,
) -> Result<Workflow, Fault> {
    let flow = hold(tx, ctx, id)?;
    fresh(&flow, revision)?;
    if versions::find(tx, flow.workspace, flow.id, number)?.is_none() {
        return Err(Fault::not_found("Version"));
    }
    let content = Content::stored(tx, catalog, flow.workspace, flow.id, number)?;
    put_in_force(tx, ctx, flow, &content, Way::Restore(number), None)
}

/// Makes a version of a file and puts it in force.
fn put_in_force(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    mut flow: FlowRow,
    content: &Content,
    way: Way,
    note: Option<&str>,
) -> Result<Workflow, Fault> {
    let based_on = if let Way::Restore(number) = way { Some(number) } else { None };
    let was_broken = match flow.pointers.latest {
        Some(latest) => errors_of(tx, &flow, latest)? > 0,
        None => true,
    };
    let mut row = write_draft(tx, ctx, &mut flow, content, based_on)?;
    row.status = VersionStatus::Published;
    row.published_by = Some(person(&ctx.caller));
    row.published_at = Some(ctx.now());
    row.updated_at = ctx.now();
    if let Some(note) = note {
        note.clone_into(&mut row.summary);
    }
    versions::set_status(tx, &row)?;
    flow.pointers = flow.pointers.publish_version(row.version, VersionStatus::Draft).pointers;
    flow.triggers = content.trigger_kinds();
    if content.errors > 0 {
        flow.activity = Activity::Inactive;
    } else if was_broken {
        // What kept it from being started is gone.
        flow.activity = Activity::Active;
    }
    trail::write(tx, ctx, &mut flow)?;
    super::follow_triggers(tx, ctx, &flow, &content.triggers)?;
    let detail = json!({
        "version": row.version, "errors": content.errors, "revision": flow.revision, "note": note, "restored": based_on,
    });
    let action = match way {
        Way::Publish => "published_workflow",
        Way::Replace => "replaced_workflow",
        Way::Restore(_) => "restored_workflow",
    };
    trail::audit(tx, ctx, &flow, action, detail)?;
    read(tx, flow)
}

/// Writes a file into the draft of a held workflow. Its pointers are changed in memory only.
fn write_draft(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: &mut FlowRow,
    content: &Content,
    copy_of: Option<u32>,
) -> Result<VersionRow, Fault> {
    let (pointers, edit) = flow.pointers.edit();
    let now = ctx.now();
    let hash = documents::put(tx, flow.workspace, &content.record)?;
    let row = match edit {
        Edit::Existing(number) => {
            let found = versions::find(tx, flow.workspace, flow.id, number)?;
            let mut row =
                found.ok_or_else(|| Fault::internal(format!("workflow {} lost version {number}", flow.id)))?;
            row.document_hash = hash;
            row.name.clone_from(&flow.name);
            row.description.clone_from(&flow.description);
            row.updated_at = now;
            if !versions::update_draft(tx, &row)? {
                return Err(Fault::internal(format!("version {number} of workflow {} is no draft", flow.id)));
            }
            row
        }
        Edit::New { version, based_on } => {
            let row = VersionRow {
                workspace: flow.workspace,
                flow: flow.id,
                version,
                id: ctx.ids.next(),
                status: VersionStatus::Draft,
                document_hash: hash,
                name: flow.name.clone(),
                description: flow.description.clone(),
                settings: flow.settings.clone(),
                visibility: flow.visibility,
                summary: String::new(),
                based_on: copy_of.or(based_on),
                created_by: person(&ctx.caller),
                published_by: None,
                created_at: now,
                updated_at: now,
                published_at: None,
            };
            versions::insert(tx, &row)?;
            row
        }
    };
    content.keep(tx, flow.workspace, flow.id, row.version)?;
    flow.pointers = pointers;
    Ok(row)
}

/// Takes over what a file calls the workflow.
fn label(flow: &mut FlowRow, content: &Content) {
    if let Some(name) = &content.name {
        flow.name.clone_from(name);
    }
    if let Some(description) = &content.description {
        flow.description.clone_from(description);
    }
}

fn errors_of(tx: &mut Tx<'_>, flow: &FlowRow, version: u32) -> Result<u32, Fault> {
    Ok(workflow_versions::find(tx, flow.workspace, flow.id, version)?.map_or(0, |kept| kept.errors))
}

/// Refuses a version with errors.
fn no_errors(tx: &mut Tx<'_>, flow: &FlowRow, version: u32) -> Result<(), Fault> {
    let kept = workflow_versions::find(tx, flow.workspace, flow.id, version)?;
    let Some(kept) = kept.filter(|kept| kept.errors > 0) else { return Ok(()) };
    let problems: Value = serde_json::from_str(&kept.problems).map_err(Fault::internal)?;
    Err(invalid_definition(kept.errors, problems))
}

/// A definition has errors.
pub(super) fn invalid_definition(errors: u32, problems: Value) -> Fault {
    let message = format!("The definition has {errors} error(s)");
    Fault::new(FaultKind::Unprocessable, "invalid_definition", message).with_details(json!({ "problems": problems }))
}

/// Refuses a change by somebody who saw another revision.
pub(super) fn fresh(flow: &FlowRow, revision: Option<u64>) -> Result<(), Fault> {
    match revision {
        Some(revision) if revision != flow.revision => {
            let message = format!("The workflow was changed meanwhile; its revision is {}", flow.revision);
            let fault = Fault::new(FaultKind::Stale, "stale_revision", message);
            Err(fault.with_details(json!({ "revision": flow.revision })))
        }
        _ => Ok(()),
    }
}

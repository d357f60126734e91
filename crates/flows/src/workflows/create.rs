//! Making a workflow from a file (console contract, section 5.3; workflow API contract, section 22).

use floe_model::Fault;
use floe_model::flows::{Activity, Engine, FlowSettings, Pointers, Sharing, VersionStatus, Visibility};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::versions::{self, VersionRow};
use floe_store::flows::{aliases, documents};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::may_build;
use super::content::Content;
use super::ids::{Given, KIND};
use super::read::{Workflow, read};
use super::trail;
use crate::definitions::person;

/// Makes a workflow with version 1; with errors it is not active.
///
/// # Errors
/// 403 for a caller whose role may not build; 409 `conflict` for an id that is taken.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, content: &Content, given: Option<&Given>) -> Result<Workflow, Fault> {
    may_build(ctx)?;
    let id = claim(tx, ctx, given)?;
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let (name, description) = (content.name_or_default(), content.description.clone().unwrap_or_default());
    let settings = text(&FlowSettings::default())?;
    let created_by = person(&ctx.caller);
    let flow = FlowRow {
        workspace,
        id,
        engine: Engine::Workflow,
        activity: if content.errors == 0 { Activity::Active } else { Activity::Inactive },
        name: name.clone(),
        description: description.clone(),
        icon: None,
        tags: Value::from(content.tags.clone()).to_string(),
        visibility: Visibility::Public,
        sharing: text(&Sharing::default())?,
        settings: settings.clone(),
        owner: ctx.caller.member_id(),
        created_by: created_by.clone(),
        pointers: Pointers { latest: Some(1), draft: None, next: 2 },
        revision: 1,
        triggers: content.trigger_kinds(),
        created_at: now,
        updated_at: now,
    };
    let version = VersionRow {
        workspace,
        flow: id,
        version: 1,
        id: ctx.ids.next(),
        status: VersionStatus::Published,
        document_hash: documents::put(tx, workspace, &content.record)?,
        name,
        description,
        settings,
        visibility: Visibility::Public,
        summary: String::new(),
        based_on: None,
        created_by: created_by.clone(),
        published_by: Some(created_by),
        created_at: now,
        updated_at: now,
        published_at: Some(now),
    };
    flows::insert(tx, &flow)?;
    versions::insert(tx, &version)?;
    content.keep(tx, workspace, id, 1)?;
    super::follow_triggers(tx, ctx, &flow, &content.triggers)?;
    trail::announce(tx, &flow);
    trail::audit(tx, ctx, &flow, "created_workflow", json!({ "version": 1, "errors": content.errors }))?;
    read(tx, flow)
}

/// The id of a new workflow: the one that was given, if it is free.
fn claim(tx: &mut Tx<'_>, ctx: &Ctx, given: Option<&Given>) -> Result<FlowId, Fault> {
    let workspace = ctx.caller.workspace;
    let taken = || Fault::conflict("conflict", "There is a workflow of this id");
    match given {
        None => Ok(ctx.ids.next()),
        Some(Given::Id(id)) => match flows::find_any(tx, workspace, *id)? {
            Some(_) => Err(taken()),
            None => Ok(*id),
        },
        Some(Given::Alias(alias)) => {
            let id: FlowId = ctx.ids.next();
            if aliases::put(tx, workspace, KIND, alias, id.0)? { Ok(id) } else { Err(taken()) }
        }
    }
}

fn text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(Fault::internal)
}

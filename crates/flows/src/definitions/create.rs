//! Making a flow.

use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::flows::{Activity, Edit, Engine, FlowSettings, Pointers, Sharing, VersionStatus, Visibility};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::documents;
use floe_store::flows::flows::{self, FlowRow};
use floe_store::flows::versions::{self, VersionRow};
use serde_json::{Value, json};

use super::content::Content;
use super::draft::{check_error_flow, json_text};
use super::read::{Record, written};
use super::trail;
use crate::triggers;

/// A flow to be made.
#[derive(Debug, Clone)]
pub struct NewFlow {
    /// Shown name, 1 to 200 characters.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// A word, an emoji or an address.
    pub icon: Option<String>,
    /// Up to 20.
    pub tags: Vec<String>,
    /// What it does; [`Content::starter`] when nothing is given.
    pub content: Content,
    /// Who else sees it.
    pub visibility: Visibility,
    /// Its settings.
    pub settings: FlowSettings,
}

/// Makes a flow that the caller owns, with version 1 as its draft.
///
/// # Errors
/// 403 for a caller whose role may not build; 400 for an error flow that is not there.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewFlow) -> Result<Record, Fault> {
    may_make(ctx)?;
    check_error_flow(tx, ctx, &new.settings)?;
    make(tx, ctx, new, Value::Null)
}

/// Refuses callers whose role may not make flows.
pub(crate) fn may_make(ctx: &Ctx) -> Result<(), Fault> {
    if ctx.caller.may(Permission::Build) {
        return Ok(());
    }
    Err(Fault::forbidden("Your role may not make flows").with_details(json!({ "required": "build" })))
}

/// Makes a flow without looking at what its settings name; `origin` says in the audit log where it comes from.
pub(crate) fn make(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewFlow, origin: Value) -> Result<Record, Fault> {
    let id: FlowId = ctx.ids.next();
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let (pointers, edit) = Pointers::NEW.edit();
    let (Edit::New { version: number, .. } | Edit::Existing(number)) = edit;
    let (person, settings) = (trail::person(&ctx.caller), json_text(&new.settings)?);
    let flow = FlowRow {
        workspace,
        id,
        engine: Engine::Flow,
        activity: Activity::Active,
        name: new.name.clone(),
        description: new.description.clone(),
        icon: new.icon.clone(),
        tags: Value::from(new.tags.clone()).to_string(),
        visibility: new.visibility,
        sharing: json_text(&Sharing::default())?,
        settings: settings.clone(),
        owner: ctx.caller.member_id(),
        created_by: person.clone(),
        pointers,
        revision: 1,
        triggers: Value::from(new.content.triggers.clone()).to_string(),
        created_at: now,
        updated_at: now,
    };
    let version = VersionRow {
        workspace,
        flow: id,
        version: number,
        id: ctx.ids.next(),
        status: VersionStatus::Draft,
        document_hash: documents::put(tx, workspace, &new.content.text)?,
        name: new.name.clone(),
        description: new.description.clone(),
        settings,
        visibility: new.visibility,
        summary: String::new(),
        based_on: None,
        created_by: person,
        published_by: None,
        created_at: now,
        updated_at: now,
        published_at: None,
    };
    flows::insert(tx, &flow)?;
    versions::insert(tx, &version)?;
    let definition = serde_json::from_str(&new.content.text).map_err(Fault::internal)?;
    triggers::follow_steps(tx, ctx, &flow, &definition)?;
    trail::announce(tx, ctx, id);
    let mut detail = json!({ "visibility": new.visibility.as_str(), "version": number });
    if !origin.is_null() {
        detail["origin"] = origin;
    }
    trail::audit(tx, ctx, &flow, "created_flow", detail)?;
    written(tx, ctx, flow)
}

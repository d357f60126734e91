//! Changing a flow's record.

use floe_model::flows::{FlowSettings, Level, Sharing, Visibility};
use floe_model::id::{FlowId, GroupId};
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::{groups, memberships};
use floe_store::flows::flow_groups;
use floe_store::flows::flows::FlowRow;
use serde_json::{Value, json};

use super::access::hold;
use super::content::Content;
use super::draft::{self, Autosave, check_error_flow, check_revision, json_text};
use super::read::{self, Record};
use super::trail;
use crate::sharing::{self, ShareChange};

/// Scope that a token needs for what takes the level `manage`.
const MANAGE_SCOPE: &str = "flows.manage";

/// Fields to be changed; what is not given stays.
#[derive(Debug, Clone, Default)]
pub struct FlowPatch {
    /// Shown name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A word, an emoji or an address, or none.
    pub icon: Option<Option<String>>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// The definition, which goes to the draft.
    pub content: Option<Content>,
    /// Who else sees it.
    pub visibility: Option<Visibility>,
    /// Whom it is shared with.
    pub sharing: Option<Sharing>,
    /// Its share link.
    pub share: Option<ShareChange>,
    /// Settings; they hold at once.
    pub settings: Option<FlowSettings>,
    /// The revision that the editor saw.
    pub base_revision: Option<u64>,
}

impl FlowPatch {
    /// Whether it changes who may do what, which takes the level `manage`.
    #[must_use]
    pub fn touches_access(&self) -> bool {
        self.visibility.is_some() || self.sharing.is_some() || self.share.is_some()
    }

    /// Names of the fields that are given.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("icon", self.icon.is_some()),
            ("tags", self.tags.is_some()),
            ("definition", self.content.is_some()),
            ("visibility", self.visibility.is_some()),
            ("sharing", self.sharing.is_some()),
            ("share", self.share.is_some()),
            ("settings", self.settings.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}

/// Changes a flow. A patch without fields changes nothing.
///
/// # Errors
/// 404; 403 without `edit`, or without `manage` (and the scope `flows.manage`) for visibility, sharing and share link; 409 `conflict`
/// with the present revision when `base_revision` is stale; 400 for members, groups and flows that are not there.
pub fn patch(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, patch: &FlowPatch) -> Result<Record, Fault> {
    let level = if patch.touches_access() { Level::Manage } else { Level::Edit };
    let mut flow = hold(tx, ctx, id, level)?;
    if patch.touches_access() && !ctx.caller.has_scope(MANAGE_SCOPE) {
        let message = format!("The token lacks the scope {MANAGE_SCOPE}");
        let fault = Fault::new(FaultKind::Forbidden, "insufficient_scope", message);
        return Err(fault.with_details(json!({ "required": MANAGE_SCOPE })));
    }
    check_revision(&flow, patch.base_revision)?;
    let fields = patch.fields();
    if fields.is_empty() {
        return read::written(tx, ctx, flow);
    }
    let before = shown(&flow);
    apply(tx, ctx, &mut flow, patch)?;
    trail::write(tx, ctx, &mut flow)?;
    let after = shown(&flow);
    let detail = json!({ "fields": fields, "revision": flow.revision, "before": changed(&before, &after), "after": changed(&after, &before) });
    trail::audit(tx, ctx, &flow, "updated_flow", detail)?;
    read::written(tx, ctx, flow)
}

fn apply(tx: &mut Tx<'_>, ctx: &Ctx, flow: &mut FlowRow, patch: &FlowPatch) -> Result<(), Fault> {
    if let Some(name) = &patch.name {
        flow.name.clone_from(name);
    }
    if let Some(description) = &patch.description {
        flow.description.clone_from(description);
    }
    if let Some(icon) = &patch.icon {
        flow.icon.clone_from(icon);
    }
    if let Some(tags) = &patch.tags {
        flow.tags = Value::from(tags.clone()).to_string();
    }
    if let Some(visibility) = patch.visibility {
        flow.visibility = visibility;
    }
    if let Some(sharing) = &patch.sharing {
        check_members(tx, ctx, sharing)?;
        flow.sharing = json_text(sharing)?;
        let groups: Vec<u128> = sharing.groups.iter().map(|grant| grant.id.0).collect();
        flow_groups::replace(tx, flow.workspace, flow.id, &groups)?;
    }
    if let Some(change) = patch.share {
        sharing::apply(tx, ctx, flow, change)?;
    }
    if let Some(settings) = &patch.settings {
        check_error_flow(tx, ctx, settings)?;
        flow.settings = json_text(settings)?;
    }
    // The draft carries the same labels and settings, so that publishing it does not bring the old ones back.
    if patch.content.is_some() || flow.pointers.draft.is_some() {
        let change = Autosave {
            content: patch.content.clone(),
            name: patch.name.clone(),
            description: patch.description.clone(),
            settings: patch.settings.clone(),
            ..Autosave::default()
        };
        draft::write(tx, ctx, flow, &change)?;
    }
    Ok(())
}

fn check_members(tx: &mut Tx<'_>, ctx: &Ctx, sharing: &Sharing) -> Result<(), Fault> {
    let mut problems = Vec::new();
    for (at, grant) in sharing.users.iter().enumerate() {
        if memberships::role(tx, ctx.caller.workspace, grant.id)?.is_none() {
            let path = format!("/sharing/users/{at}/_id");
            problems.push(FieldProblem::new(path, "unknown_reference", "There is no such member in this workspace"));
        }
    }
    for (at, grant) in sharing.groups.iter().enumerate() {
        if groups::find(tx, ctx.caller.workspace, GroupId(grant.id.0))?.is_none() {
            let path = format!("/sharing/groups/{at}/_id");
            problems.push(FieldProblem::new(path, "unknown_reference", "There is no such group in this workspace"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// What the audit log shows of a record; the definition is in its version.
fn shown(flow: &FlowRow) -> [(&'static str, Value); 7] {
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    [
        ("name", flow.name.as_str().into()),
        ("description", flow.description.as_str().into()),
        ("icon", flow.icon.as_deref().into()),
        ("tags", json(&flow.tags)),
        ("visibility", flow.visibility.as_str().into()),
        ("sharing", json(&flow.sharing)),
        ("settings", json(&flow.settings)),
    ]
}

fn changed(of: &[(&'static str, Value)], beside: &[(&'static str, Value)]) -> Value {
    let differing = of.iter().zip(beside).filter(|((_, one), (_, other))| one != other);
    Value::Object(differing.map(|((name, value), _)| ((*name).to_owned(), value.clone())).collect())
}

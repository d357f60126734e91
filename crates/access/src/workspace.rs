//! The caller's workspace and its settings (console contract, section 5.1).

use floe_model::access::Caller;
use floe_model::{Fault, FaultKind};
use floe_store::access::workspaces::{self, Workspace};
use floe_store::{Change, Tx};
use serde_json::{Map, Value, json};

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::service::Access;

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct WorkspacePatch {
    /// Shown name.
    pub name: Option<String>,
    /// Name in addresses.
    pub slug: Option<String>,
    /// IANA time zone.
    pub timezone: Option<String>,
    /// Settings to set; others stay.
    pub settings: Map<String, Value>,
}

impl Access {
    /// The caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn workspace(&self, caller: &Caller) -> Result<Workspace, Fault> {
        let id = caller.workspace;
        let found = self.platform.store.read(move |tx| workspaces::find(tx, id)).await?;
        found.ok_or_else(|| Fault::not_found("Workspace"))
    }

    /// Every setting of a workspace, those that were never set as the operator wants them.
    #[must_use]
    pub fn workspace_settings(&self, workspace: &Workspace) -> Map<String, Value> {
        let defaults = json!({
            "offline_models": "test",
            "self_approval": "allow",
            "token_approvals": false,
            "run_retention_days": 30,
            "request_log_bodies": "test",
        });
        let Value::Object(mut all) = defaults else { return Map::new() };
        all.extend(self.settings.of_workspaces.clone());
        all.extend(own_settings(workspace));
        all
    }
}

/// Changes the caller's workspace.
///
/// # Errors
/// `stale_revision`; `conflict` for a slug that is taken.
pub fn patch(tx: &mut Tx<'_>, act: &Act, patch: &WorkspacePatch, if_match: Option<i64>) -> Result<Workspace, Fault> {
    let id = act.ctx.caller.workspace;
    let mut workspace = workspaces::find(tx, id)?.ok_or_else(|| Fault::not_found("Workspace"))?;
    check_revision(workspace.revision, if_match)?;
    if let Some(slug) = &patch.slug {
        if workspaces::find_by_slug(tx, slug)?.is_some_and(|other| other.id != id) {
            return Err(Fault::conflict("conflict", "This name in addresses is taken"));
        }
        workspace.slug.clone_from(slug);
    }
    if let Some(name) = &patch.name {
        workspace.name.clone_from(name);
    }
    if let Some(timezone) = &patch.timezone {
        workspace.timezone.clone_from(timezone);
    }
    let mut stored = own_settings(&workspace);
    stored.extend(patch.settings.clone());
    workspace.settings = Value::Object(stored).to_string();
    if !workspaces::update(tx, &workspace)? {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it"));
    }
    // What tokens may do depends on it, and is remembered with them.
    tx.announce(Change::Access);
    let target = Some(("workspace", id.0, workspace.name.as_str()));
    let detail = json!({ "settings": patch.settings });
    act.note(tx, Note { action: "changed_workspace", mode: None, target, detail })?;
    workspace.revision += 1;
    Ok(workspace)
}

/// What a workspace itself has said; a damaged record says nothing.
#[must_use]
pub fn own_settings(workspace: &Workspace) -> Map<String, Value> {
    serde_json::from_str(&workspace.settings).unwrap_or_default()
}

//! The workspaces of a member: a list, new ones, deletion (console contract, section 5.1).

use floe_model::access::{Caller, Credential, Role};
use floe_model::id::{WorkspaceId, to_base32};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::access::memberships::{self, Belonging};
use floe_store::access::workspaces::{self, Workspace};
use floe_store::access::{groups, invites, keys, notification_reads, sessions, tokens};
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::authenticate::require_member;
use crate::service::Access;
use crate::setup::{free_slug, slug_of};

/// A workspace as asked for. All texts are checked by the caller.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Shown name.
    pub name: String,
    /// Name in addresses; none makes one from the name.
    pub slug: Option<String>,
    /// IANA time zone.
    pub timezone: String,
}

impl Access {
    /// The caller's workspaces, the first one joined first.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn list_workspaces(&self, caller: &Caller) -> Result<Vec<Belonging>, Fault> {
        let member = require_member(caller)?;
        self.platform.store.read(move |tx| memberships::of_member(tx, member)).await
    }
}

/// Makes a workspace with the caller as its owner.
///
/// # Errors
/// `conflict` for a name in addresses that is taken, and for more workspaces than a member may have.
pub fn create(tx: &mut Tx<'_>, act: &Act, new: &NewWorkspace) -> Result<Workspace, Fault> {
    let (member, now) = (require_member(&act.ctx.caller)?, act.now());
    if memberships::of_member(tx, member)?.len() >= memberships::WORKSPACES_MAX {
        let message = format!("A member belongs to at most {} workspaces", memberships::WORKSPACES_MAX);
        return Err(Fault::conflict("conflict", message));
    }
    let slug = match &new.slug {
        Some(slug) if workspaces::find_by_slug(tx, slug)?.is_some() => {
            return Err(Fault::conflict("conflict", "This name in addresses is taken"));
        }
        Some(slug) => slug.clone(),
        None => free_slug(tx, &slug_of(&new.name))?,
    };
    let workspace = Workspace {
        id: act.ctx.ids.next(),
        name: new.name.clone(),
        slug,
        timezone: new.timezone.clone(),
        settings: "{}".to_owned(),
        revision: 1,
        created_at: now,
    };
    workspaces::insert(tx, &workspace)?;
    memberships::insert(tx, workspace.id, member, Role::Owner, now)?;
    let note = Note {
        action: "created_workspace",
        mode: None,
        target: Some(("workspace", workspace.id.0, &workspace.name)),
        detail: json!({ "slug": workspace.slug }),
    };
    act.note_as(tx, workspace.id, Actor::of(&act.ctx.caller), note)?;
    Ok(workspace)
}

/// Deletes a workspace that the caller owns: nobody belongs to it any more, its keys, tokens and invites are dead, and
/// what it kept sealed is gone. Whoever calls this has its flows deleted too. Ledger, payments and audit entries stay.
///
/// # Errors
/// `not_found` unless the caller belongs to it; `forbidden` unless the caller owns it; 400 unless `confirm` is its name in
/// addresses; `conflict` for the caller's only one; `stale_revision`.
pub fn delete(
    tx: &mut Tx<'_>,
    act: &Act,
    id: WorkspaceId,
    confirm: Option<&str>,
    if_match: Option<i64>,
) -> Result<(), Fault> {
    let (member, now) = (require_member(&act.ctx.caller)?, act.now());
    let role = memberships::role(tx, id, member)?.ok_or_else(|| Fault::not_found("Workspace"))?;
    if role != Role::Owner {
        let fault = Fault::forbidden("Only an owner deletes a workspace");
        return Err(fault.with_details(json!({ "required": "own" })));
    }
    let workspace = workspaces::find(tx, id)?.ok_or_else(|| Fault::not_found("Workspace"))?;
    crate::keys::check_revision(workspace.revision, if_match)?;
    if confirm != Some(workspace.slug.as_str()) {
        let message = "Repeat the slug of the workspace as confirm, to say that you mean it";
        return Err(Fault::field("/confirm", "value", message));
    }
    if memberships::of_member(tx, member)?.len() < 2 {
        return Err(Fault::conflict("conflict", "This is your only workspace; make another one first"));
    }
    // No name in addresses has this sign in it.
    workspaces::delete(tx, id, &format!("{}~{}", workspace.slug, to_base32(id.0)), now)?;
    let members = memberships::delete_all(tx, id)?;
    // The caller goes on in another workspace of its own.
    let next = memberships::of_member(tx, member)?.into_iter().next();
    if let (Credential::Session(session), Some(next)) = (act.ctx.caller.credential, next) {
        sessions::switch(tx, member, session, next.workspace)?;
    }
    sessions::delete_in(tx, id, None)?;
    let tokens = tokens::revoke_all(tx, id, None, now)?;
    let keys = keys::revoke_all(tx, id, now)?;
    invites::delete_all(tx, id)?;
    groups::delete_all(tx, id)?;
    notification_reads::delete_all(tx, id)?;
    workspaces::delete_sealed(tx, id)?;
    let note = Note {
        action: "deleted_workspace",
        mode: None::<Mode>,
        target: Some(("workspace", id.0, &workspace.name)),
        detail: json!({ "slug": workspace.slug, "members": members, "tokens": tokens, "keys": keys }),
    };
    act.note_as(tx, id, Actor::of(&act.ctx.caller), note)
}

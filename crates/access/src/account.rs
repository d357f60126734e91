//! A member's own record, and members added without an invitation.

use floe_model::access::{Caller, Role};
use floe_model::id::{MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::access::members::{self, Member};
use floe_store::access::memberships;
use serde_json::{Map, Value};

use crate::authenticate::require_member;
use crate::service::Access;

/// What a member changes of itself; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct MePatch {
    /// Shown name.
    pub name: Option<String>,
    /// Preferences to set; others stay.
    pub preferences: Map<String, Value>,
}

impl Access {
    /// The caller's own record.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn me(&self, caller: &Caller) -> Result<Member, Fault> {
        let id = require_member(caller)?;
        let found = self.platform.store.read(move |tx| members::find(tx, id)).await?;
        found.ok_or_else(|| Fault::not_found("Member"))
    }

    /// Adds a member to a workspace without an invitation and without a password; for the demo.
    ///
    /// # Errors
    /// `already_exists` for an address that a member has.
    pub async fn add_member(
        &self,
        workspace: WorkspaceId,
        name: &str,
        email: &str,
        role: Role,
    ) -> Result<MemberId, Fault> {
        let now = self.platform.clock.now();
        let member = Member {
            id: self.platform.ids.next(),
            name: name.to_owned(),
            email: email.to_lowercase(),
            password_hash: None,
            preferences: "{}".to_owned(),
            revision: 1,
            created_at: now,
        };
        let writing = self.platform.store.write(move |tx| {
            members::insert(tx, &member)?;
            memberships::insert(tx, workspace, member.id, role, now)?;
            Ok(member.id)
        });
        writing.await
    }
}

/// Changes the caller's own record.
///
/// # Errors
/// `forbidden` for keys; `stale_revision`.
pub fn patch_me(tx: &mut Tx<'_>, caller: &Caller, patch: &MePatch, if_match: Option<i64>) -> Result<Member, Fault> {
    let id = require_member(caller)?;
    let mut member = members::find(tx, id)?.ok_or_else(|| Fault::not_found("Member"))?;
    crate::keys::check_revision(member.revision, if_match)?;
    if let Some(name) = &patch.name {
        member.name.clone_from(name);
    }
    let mut preferences = preferences(&member);
    preferences.extend(patch.preferences.clone());
    member.preferences = Value::Object(preferences).to_string();
    if !members::update(tx, &member)? {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it"));
    }
    tx.announce(floe_store::Change::Access);
    member.revision += 1;
    Ok(member)
}

/// The preferences of a member; a damaged record has none.
#[must_use]
pub fn preferences(member: &Member) -> Map<String, Value> {
    serde_json::from_str(&member.preferences).unwrap_or_default()
}

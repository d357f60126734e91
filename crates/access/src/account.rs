//! A member's own record, and members added without an invitation.

use floe_model::access::{Caller, Role, check_password};
use floe_model::id::{MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::Tx;
use floe_store::access::members::{self, Member};
use floe_store::access::{memberships, sessions};
use serde_json::{Map, Value, json};

use crate::act::{Act, Note};
use crate::authenticate::require_member;
use crate::identity::SessionFacts;
use crate::service::Access;
use crate::sessions::{NewSession, Opened, SHORT_SESSION_S, Transport};

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

    /// Changes the caller's password: all its sessions end, and this one goes on under a new secret. Tokens stay.
    ///
    /// # Errors
    /// `invalid_credentials` for a wrong current password; `rate_limited` as for signing in; 400 for a new one that may not be.
    pub async fn change_password(
        &self,
        act: &Act,
        session: &SessionFacts,
        current: &str,
        new: &str,
    ) -> Result<Opened, Fault> {
        check_password(new).map_err(|problem| Fault::field("/new", "value", problem.to_string()))?;
        let (now, member) = (act.now(), self.me(&act.ctx.caller).await?);
        self.prove_password(act, &member, current).await?;
        let hash = self.passwords.hash(new, self.platform.ids.secret()).await?;
        let shape = shape_of(session, now);
        let (prepared, act, old) = (self.prepare_session(&shape, act), act.clone(), session.id);
        let writing = self.platform.store.write(move |tx| {
            members::set_password(tx, member.id, &hash)?;
            sessions::delete(tx, member.id, old)?;
            sessions::delete_others(tx, member.id, old)?;
            let target = Some(("member", member.id.0, member.name.as_str()));
            act.note(tx, Note { action: "changed_password", mode: None, target, detail: json!({}) })?;
            prepared.apply_in(tx, &act, (member.id, act.ctx.caller.workspace), "password_change", &shape)
        });
        let opened = writing.await?;
        self.forget();
        Ok(opened)
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

/// A new session in place of one: carried alike, and staying signed in alike.
#[must_use]
pub fn shape_of(session: &SessionFacts, now: Timestamp) -> NewSession {
    NewSession {
        transport: if session.by_cookie { Transport::Cookie } else { Transport::Token },
        remember: session.expires_at.millis_since(now) > SHORT_SESSION_S * 1_000,
        agent: None,
    }
}

/// Changes the caller's own record.
///
/// # Errors
/// `forbidden` for keys; `stale_revision`.
pub fn patch_me(tx: &mut Tx<'_>, act: &Act, patch: &MePatch, if_match: Option<i64>) -> Result<Member, Fault> {
    let id = require_member(&act.ctx.caller)?;
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
    let target = Some(("member", id.0, member.name.as_str()));
    let detail = json!({ "preferences": patch.preferences });
    act.note(tx, Note { action: "changed_profile", mode: None, target, detail })?;
    member.revision += 1;
    Ok(member)
}

/// The preferences of a member; a damaged record has none.
#[must_use]
pub fn preferences(member: &Member) -> Map<String, Value> {
    serde_json::from_str(&member.preferences).unwrap_or_default()
}

//! Invitations into a workspace (console contract, section 5.1).

use floe_model::access::{Role, TreasuryRole, check_password};
use floe_model::id::InviteId;
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::Tx;
use floe_store::access::invites::{self as rows, Invite, Page};
use floe_store::access::members::{self, Member};
use floe_store::access::memberships;
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::keys::check_revision;
use crate::links::link_over;
use crate::members::require_own;
use crate::secret::opaque_text;
use crate::service::Access;
use crate::sessions::{NewSession, Opened, PreparedSession};
use crate::tell::{self, MemberFacts};

/// Days that an invite works.
const INVITE_DAYS: i64 = 7;

/// An invite as asked for; the address is checked by the caller.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// E-mail address.
    pub email: String,
    /// What the member will be.
    pub role: Role,
    /// What it will be in the treasury; none takes what follows from the role.
    pub treasury_role: Option<TreasuryRole>,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct InvitePatch {
    /// Another role.
    pub role: Option<Role>,
    /// Another role in the treasury.
    pub treasury_role: Option<TreasuryRole>,
}

/// An invite with its text drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedInvite {
    text: String,
    row: Invite,
}

/// An invite that was just made, with the text of its link.
#[derive(Debug, Clone)]
pub struct MadeInvite {
    /// The text; shown once.
    pub text: String,
    /// The record.
    pub invite: Invite,
}

/// An accepted invite whose password is checked or hashed, ready for the transaction.
#[derive(Clone)]
pub struct Acceptance {
    hash: [u8; 32],
    /// The new member; none when the address has one already, which proved itself.
    newcomer: Option<Member>,
    email: String,
    session: PreparedSession,
    shape: NewSession,
}

/// A page of invites.
#[derive(Debug, Clone)]
pub struct InviteList {
    /// The invites.
    pub invites: Vec<Invite>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all.
    pub total: i64,
}

impl Access {
    /// A page of the invites of the caller's workspace.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_invites(&self, act: &Act, page: Page) -> Result<InviteList, Fault> {
        let (workspace, now) = (act.ctx.caller.workspace, act.now());
        let reading = self.platform.store.read(move |tx| {
            let mut invites = rows::list(tx, workspace, Page { limit: page.limit + 1, ..page }, now)?;
            let more = invites.len() > page.limit;
            invites.truncate(page.limit);
            Ok(InviteList { invites, more, total: rows::count(tx, workspace, page.status, now)? })
        });
        reading.await
    }

    /// An invite of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_invite(&self, act: &Act, id: InviteId) -> Result<Invite, Fault> {
        let workspace = act.ctx.caller.workspace;
        let found = self.platform.store.read(move |tx| rows::find(tx, workspace, id)).await?;
        found.ok_or_else(|| Fault::not_found("Invite"))
    }

    /// Draws the text of a new invite into the caller's workspace.
    ///
    /// # Errors
    /// `forbidden` for what only owners may: inviting owners, and giving a role in the treasury.
    pub fn prepare_invite(&self, act: &Act, new: &NewInvite) -> Result<PreparedInvite, Fault> {
        let caller = &act.ctx.caller;
        check_grant(act, Some(new.role), new.treasury_role)?;
        let (text, now) = (opaque_text(self.platform.ids.secret()), act.now());
        let row = Invite {
            workspace: caller.workspace,
            id: self.platform.ids.next(),
            hash: self.hashers.link.hash(&text),
            email: new.email.trim().to_lowercase(),
            role: new.role,
            treasury_role: new.treasury_role.unwrap_or(TreasuryRole::of_role(new.role)),
            revision: 1,
            created_by: caller.member_id(),
            created_at: now,
            expires_at: now.plus_seconds(INVITE_DAYS * 86_400),
            accepted_at: None,
        };
        Ok(PreparedInvite { text, row })
    }

    /// Checks the text of a link, and the password: a new member gets it, a member that is there proves itself with it.
    ///
    /// # Errors
    /// `expired` for a link that is unknown, used or over; 400 for a name or password that may not be;
    /// `invalid_credentials` when the address has a member of another password; `rate_limited`; `overloaded`.
    pub async fn prepare_acceptance(
        &self,
        act: &Act,
        token: &str,
        name: Option<String>,
        password: &str,
        shape: NewSession,
    ) -> Result<Acceptance, Fault> {
        let now = act.now();
        self.admit_address(act, now)?;
        let hash = self.hashers.link.hash(token);
        let reading = self.platform.store.read(move |tx| {
            let Some(invite) = rows::find_open(tx, &hash, now)? else { return Ok(None) };
            let member = members::find_by_email(tx, &invite.email)?;
            Ok(Some((invite, member)))
        });
        let (invite, member) = reading.await?.ok_or_else(link_over)?;
        let newcomer = match member {
            Some(member) => {
                self.prove_password(act, &member, password).await?;
                None
            }
            None => Some(self.newcomer(name, &invite.email, password, now).await?),
        };
        let session = self.prepare_session(&shape, act);
        Ok(Acceptance { hash, newcomer, email: invite.email, session, shape })
    }

    async fn newcomer(
        &self,
        name: Option<String>,
        email: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Member, Fault> {
        let name = name.ok_or_else(|| Fault::field("/name", "required", "name is required"))?;
        check_password(password).map_err(|problem| Fault::field("/password", "value", problem.to_string()))?;
        Ok(Member {
            id: self.platform.ids.next(),
            name,
            email: email.to_owned(),
            password_hash: Some(self.passwords.hash(password, self.platform.ids.secret()).await?),
            preferences: "{}".to_owned(),
            revision: 1,
            created_at: now,
        })
    }
}

impl PreparedInvite {
    /// Adds the invite.
    ///
    /// # Errors
    /// `conflict` for an address that belongs to the workspace or waits for an answer already.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act) -> Result<MadeInvite, Fault> {
        let Invite { workspace, email, .. } = &self.row;
        let member = members::find_by_email(tx, email)?;
        if let Some(member) = member
            && memberships::role(tx, *workspace, member.id)?.is_some()
        {
            return Err(Fault::conflict("conflict", "This address belongs to a member of the workspace already"));
        }
        if rows::find_pending(tx, *workspace, email, act.now())?.is_some() {
            return Err(Fault::conflict("conflict", "There is an invite for this address already; delete it first"));
        }
        rows::insert(tx, &self.row)?;
        note(tx, act, &self.row, "created_invite")?;
        Ok(MadeInvite { text: self.text.clone(), invite: self.row.clone() })
    }
}

impl Acceptance {
    /// Uses the invite: the member belongs to the workspace and is signed in there. Of several at once one succeeds.
    ///
    /// # Errors
    /// `expired` when the link was used meanwhile; `conflict` when the member belongs to the workspace, or the address was
    /// taken meanwhile.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act) -> Result<Opened, Fault> {
        let now = act.now();
        let invite = rows::find_open(tx, &self.hash, now)?.ok_or_else(link_over)?;
        if !rows::accept(tx, &self.hash, now)? {
            return Err(link_over());
        }
        let member = match (members::find_by_email(tx, &self.email)?, &self.newcomer) {
            (Some(member), None) => member,
            (None, Some(newcomer)) => {
                members::insert(tx, newcomer)?;
                newcomer.clone()
            }
            _ => return Err(Fault::conflict("conflict", "Meanwhile something changed for this address; try again")),
        };
        if memberships::role(tx, invite.workspace, member.id)?.is_some() {
            return Err(Fault::conflict("conflict", "You belong to this workspace already"));
        }
        memberships::insert_with(tx, invite.workspace, member.id, (invite.role, invite.treasury_role), now)?;
        let actor = Actor { kind: "member".to_owned(), id: Some(member.id.0), name: member.name.clone() };
        let note = Note {
            action: "accepted_invite",
            mode: None,
            target: Some(("invite", invite.id.0, &invite.email)),
            detail: json!({ "role": invite.role.as_str(), "treasury_role": invite.treasury_role.as_str() }),
        };
        act.note_as(tx, invite.workspace, actor, note)?;
        let facts = MemberFacts {
            id: member.id,
            name: &member.name,
            email: &member.email,
            role: invite.role,
            treasury_role: invite.treasury_role,
        };
        tell::member(tx, act, invite.workspace, "platform.member.added", &facts)?;
        self.session.apply_in(tx, act, (member.id, invite.workspace), "invite", &self.shape)
    }
}

/// Changes the roles that an invite gives.
///
/// # Errors
/// `not_found`; `stale_revision`; `conflict` when it was accepted; `forbidden` for what only owners may.
pub fn patch(
    tx: &mut Tx<'_>,
    act: &Act,
    id: InviteId,
    patch: &InvitePatch,
    if_match: Option<i64>,
) -> Result<Invite, Fault> {
    let mut invite = find(tx, act, id)?;
    check_grant(act, Some(invite.role), None)?;
    check_grant(act, patch.role, patch.treasury_role)?;
    check_revision(invite.revision, if_match)?;
    if invite.accepted_at.is_some() {
        return Err(Fault::conflict("conflict", "This invite was accepted; change the member"));
    }
    if let Some(role) = patch.role {
        // As for members: what follows from the role follows it, what an owner gave stays.
        if invite.treasury_role == TreasuryRole::of_role(invite.role) {
            invite.treasury_role = TreasuryRole::of_role(role);
        }
        invite.role = role;
    }
    invite.treasury_role = patch.treasury_role.unwrap_or(invite.treasury_role);
    if !rows::update(tx, &invite)? {
        return Err(Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it"));
    }
    invite.revision += 1;
    note(tx, act, &invite, "changed_invite")?;
    Ok(invite)
}

/// Removes an invite: its link works no more.
///
/// # Errors
/// `not_found`; `stale_revision`; `forbidden` for an invite of an owner, unless the caller is one.
pub fn delete(tx: &mut Tx<'_>, act: &Act, id: InviteId, if_match: Option<i64>) -> Result<(), Fault> {
    let invite = find(tx, act, id)?;
    check_grant(act, Some(invite.role), None)?;
    check_revision(invite.revision, if_match)?;
    rows::delete(tx, invite.workspace, id)?;
    note(tx, act, &invite, "deleted_invite")
}

/// The state of an invite, as a word.
#[must_use]
pub fn status(invite: &Invite, now: Timestamp) -> &'static str {
    match invite.accepted_at {
        Some(_) => "accepted",
        None if invite.expires_at <= now => "expired",
        None => "pending",
    }
}

fn check_grant(act: &Act, role: Option<Role>, treasury_role: Option<TreasuryRole>) -> Result<(), Fault> {
    if role == Some(Role::Owner) {
        require_own(&act.ctx.caller, "Only an owner invites owners")?;
    }
    if treasury_role.is_some() {
        require_own(&act.ctx.caller, "Only an owner gives a treasury_role")?;
    }
    Ok(())
}

fn find(tx: &mut Tx<'_>, act: &Act, id: InviteId) -> Result<Invite, Fault> {
    rows::find(tx, act.ctx.caller.workspace, id)?.ok_or_else(|| Fault::not_found("Invite"))
}

fn note(tx: &mut Tx<'_>, act: &Act, invite: &Invite, action: &'static str) -> Result<(), Fault> {
    let target = Some(("invite", invite.id.0, invite.email.as_str()));
    let detail = json!({ "role": invite.role.as_str(), "treasury_role": invite.treasury_role.as_str() });
    act.note(tx, Note { action, mode: None, target, detail })
}

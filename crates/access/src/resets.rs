//! Another password without the old one: links that an owner or the operator makes (console contract, section 2.2).

use floe_model::access::{Permission, check_password};
use floe_model::id::MemberId;
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::access::links::{self, LinkKind};
use floe_store::access::members;
use floe_store::access::memberships;
use floe_store::access::sessions;
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::links::{SIGN_IN_MINUTES, link_over, member_of};
use crate::members::require_own;
use crate::secret::opaque_text;
use crate::service::Access;
use crate::sessions::{NewSession, Opened};

/// Hours that a link works.
const RESET_HOURS: i64 = 24;

/// What a link does that the owner of the data folder makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorLink {
    /// Lets the member give itself another password.
    Reset,
    /// Signs the member in once.
    SignIn,
}

/// A link with its text drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedReset {
    text: String,
    hash: [u8; 32],
}

/// A link that was just made.
#[derive(Debug, Clone)]
pub struct MadeReset {
    /// The text; shown once.
    pub text: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Access {
    /// Draws the text of a link.
    #[must_use]
    pub fn prepare_reset(&self) -> PreparedReset {
        let text = opaque_text(self.platform.ids.secret());
        PreparedReset { hash: self.hashers.link.hash(&text), text }
    }

    /// A link for any member, made by the owner of the data folder.
    ///
    /// # Errors
    /// `not_found` for an address that no member has.
    pub async fn issue_link(&self, act: &Act, email: &str, what: OperatorLink) -> Result<MadeReset, Fault> {
        let (prepared, act, email) = (self.prepare_reset(), act.clone(), email.trim().to_lowercase());
        let action = match what {
            OperatorLink::Reset => "made_reset_link",
            OperatorLink::SignIn => "made_login_link",
        };
        let writing = self.platform.store.write(move |tx| {
            let member = members::find_by_email(tx, &email)?.ok_or_else(|| Fault::not_found("Member"))?;
            let made = match what {
                OperatorLink::Reset => prepared.insert(tx, member.id, act.now())?,
                OperatorLink::SignIn => prepared.insert_sign_in(tx, member.id, act.now())?,
            };
            for belonging in memberships::of_member(tx, member.id)? {
                let target = Some(("member", member.id.0, member.name.as_str()));
                let actor = Actor { kind: "system".to_owned(), id: None, name: "operator".to_owned() };
                let note = Note { action, mode: None, target, detail: json!({}) };
                act.note_as(tx, belonging.workspace, actor, note)?;
            }
            Ok(made)
        });
        writing.await
    }

    /// Gives the member of a link another password and signs it in. All its sessions end; its tokens stay.
    ///
    /// # Errors
    /// `expired` for a link that is unknown, used or over; 400 for a password that may not be; `rate_limited`; `overloaded`.
    pub async fn reset_password(&self, act: &Act, token: &str, new: &str, shape: NewSession) -> Result<Opened, Fault> {
        let now = act.now();
        self.admit_address(act, now)?;
        check_password(new).map_err(|problem| Fault::field("/password", "value", problem.to_string()))?;
        let hash = self.hashers.link.hash(token);
        // Before any costly work.
        if !self.platform.store.read(move |tx| links::is_open(tx, &hash, LinkKind::Reset, now)).await? {
            return Err(link_over());
        }
        let password = self.passwords.hash(new, self.platform.ids.secret()).await?;
        let (prepared, act) = (self.prepare_session(&shape, act), act.clone());
        let writing = self.platform.store.write(move |tx| {
            let member = member_of(links::consume(tx, &hash, LinkKind::Reset, now)?)?;
            members::set_password(tx, member, &password)?;
            links::end_unused_for(tx, LinkKind::Reset, member)?;
            links::end_unused_for(tx, LinkKind::SignIn, member)?;
            sessions::delete_all(tx, member)?;
            prepared.apply(tx, &act, member, "reset", &shape)
        });
        let opened = writing.await?;
        self.forget();
        Ok(opened)
    }
}

impl PreparedReset {
    /// Makes the link for a member of the caller's workspace; it ends the older ones.
    ///
    /// # Errors
    /// `forbidden` unless the caller is an owner; `not_found`; `conflict` for a member who belongs to a workspace that the
    /// caller does not own: a link would open that one too.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act, id: MemberId) -> Result<MadeReset, Fault> {
        let caller = &act.ctx.caller;
        require_own(caller, "Only an owner makes a reset link")?;
        let member = memberships::find(tx, caller.workspace, id)?.ok_or_else(|| Fault::not_found("Member"))?;
        for belonging in memberships::of_member(tx, id)? {
            let own = match caller.member_id() {
                Some(owner) => memberships::role(tx, belonging.workspace, owner)?,
                None => None,
            };
            if !own.is_some_and(|role| role.allows(Permission::Own)) {
                let message = "This member belongs to a workspace that you do not own; the operator of the server can make \
                               the link: floe admin reset-link";
                return Err(Fault::conflict("conflict", message));
            }
        }
        let made = self.insert(tx, id, act.now())?;
        let target = Some(("member", id.0, member.name.as_str()));
        act.note(tx, Note { action: "made_reset_link", mode: None, target, detail: json!({}) })?;
        Ok(made)
    }

    fn insert_sign_in(&self, tx: &mut Tx<'_>, member: MemberId, now: Timestamp) -> Result<MadeReset, Fault> {
        let expires_at = now.plus_seconds(SIGN_IN_MINUTES * 60);
        links::insert(tx, &self.hash, LinkKind::SignIn, Some(member), now, expires_at)?;
        Ok(MadeReset { text: self.text.clone(), expires_at })
    }

    fn insert(&self, tx: &mut Tx<'_>, member: MemberId, now: Timestamp) -> Result<MadeReset, Fault> {
        let expires_at = now.plus_seconds(RESET_HOURS * 3_600);
        links::end_unused_for(tx, LinkKind::Reset, member)?;
        links::insert(tx, &self.hash, LinkKind::Reset, Some(member), now, expires_at)?;
        Ok(MadeReset { text: self.text.clone(), expires_at })
    }
}

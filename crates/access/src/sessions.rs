//! Sign-in and sessions (console contract, section 2.2).

use floe_model::id::{MemberId, SessionId, WorkspaceId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::Tx;
use floe_store::access::links::{self, LinkKind};
use floe_store::access::memberships::{self, Belonging};
use floe_store::access::sessions::{self, Session};
use floe_store::access::{members, workspaces};
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::attempts::Attempt;
use crate::authenticate::require_member;
use crate::identity::{Identity, SessionFacts};
use crate::links::member_of;
use crate::rate::{Bucket, Limits};
use crate::secret::{digest_id, opaque_text};
use crate::service::Access;

/// Attempts to sign in a minute from one address, over all accounts.
const ADDRESS_LIMITS: Limits = Limits { per_minute: 30, per_day: 0 };
/// Seconds of a session that does not stay signed in.
pub(crate) const SHORT_SESSION_S: i64 = 12 * 3_600;
/// Seconds that a given password counts for.
const CONFIRMED_S: i64 = 15 * 60;

/// How a session is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a cookie that scripts cannot read.
    Cookie,
    /// As `Authorization: Bearer ses_…`.
    Token,
}

/// How a new session shall be.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// How it is carried.
    pub transport: Transport,
    /// Whether it stays signed in.
    pub remember: bool,
    /// Program that signs in, as it calls itself.
    pub agent: Option<String>,
}

/// A session with its secret drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedSession {
    /// The secret; shown once.
    pub text: String,
    row: Session,
}

/// A session that was just made.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The secret; shown once.
    pub text: String,
    /// What it shows of itself.
    pub view: SessionView,
    /// Seconds until it ends at the latest.
    pub lasts_s: i64,
    /// Whether the browser keeps it when it is closed.
    pub remember: bool,
}

/// What a session shows of itself.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Who is signed in.
    pub member: members::Member,
    /// The current workspace.
    pub workspace: workspaces::Workspace,
    /// What the member is there.
    pub role: floe_model::access::Role,
    /// What the member is in the treasury there.
    pub treasury_role: floe_model::access::TreasuryRole,
    /// Every workspace of the member.
    pub workspaces: Vec<Belonging>,
    /// Until when the password counts as just given.
    pub confirmed_until: Option<Timestamp>,
    /// When it ends at the latest; none for a personal access token.
    pub expires_at: Option<Timestamp>,
}

impl Access {
    /// Signs in with e-mail address and password. An unknown address takes the same time and has the same answer as a wrong password.
    ///
    /// # Errors
    /// `invalid_credentials`; `rate_limited` after five failures for one account from one address, or over 30 attempts
    /// a minute from one address; `overloaded`.
    pub async fn sign_in(&self, act: &Act, email: &str, password: &str, new: NewSession) -> Result<Opened, Fault> {
        let (email, now) = (email.trim().to_lowercase(), act.now());
        let attempt = self.admit_attempt(act, &email, now).await?;
        let wanted = email.clone();
        let member = self.platform.store.read(move |tx| members::find_by_email(tx, &wanted)).await?;
        let phc = member.as_ref().and_then(|member| member.password_hash.as_deref());
        if !self.passwords.verify(password, phc).await? {
            self.note_failure(act, member, attempt).await?;
            return Err(invalid_credentials());
        }
        let member = member.ok_or_else(invalid_credentials)?;
        let act = act.clone();
        let session = self.prepare_session(&new, &act);
        let writing = self.platform.store.write(move |tx| {
            attempt.succeeded(tx)?;
            session.apply(tx, &act, member.id, "password", &new)
        });
        writing.await
    }

    /// Signs in with a one-use link.
    ///
    /// # Errors
    /// `expired` for a link that is unknown, used or over; `rate_limited`.
    pub async fn sign_in_by_link(&self, act: &Act, token: &str, new: NewSession) -> Result<Opened, Fault> {
        self.admit_address(act, act.now())?;
        let hash = self.sign_in_link_hash(token);
        let act = act.clone();
        let session = self.prepare_session(&new, &act);
        let writing = self.platform.store.write(move |tx| {
            let member = member_of(links::consume(tx, &hash, LinkKind::SignIn, act.now())?)?;
            session.apply(tx, &act, member, "link", &new)
        });
        writing.await
    }

    /// Draws the secret of a new session.
    #[must_use]
    pub fn prepare_session(&self, new: &NewSession, act: &Act) -> PreparedSession {
        let random = opaque_text(self.platform.ids.secret());
        let (text, transport) = match new.transport {
            Transport::Cookie => (random, "cookie"),
            Transport::Token => (format!("ses_{random}"), "token"),
        };
        let (idle_s, lasts_s) = if new.remember {
            (self.settings.session_idle_hours * 3_600, self.settings.session_max_days * 86_400)
        } else {
            (SHORT_SESSION_S, SHORT_SESSION_S)
        };
        let now = act.now();
        let row = Session {
            hash: self.hashers.session.hash(&text),
            id: self.platform.ids.next(),
            // Both are known inside the transaction only.
            member: MemberId(0),
            workspace: WorkspaceId(0),
            transport: transport.to_owned(),
            idle_s,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus_seconds(lasts_s),
            confirmed_until: None,
            ip: act.address.map(|address| address.to_string()),
            agent: new.agent.clone(),
        };
        PreparedSession { text, row }
    }

    /// What the caller's session or token shows of itself.
    ///
    /// # Errors
    /// `not_found` when member or workspace are gone.
    pub async fn view_session(&self, identity: &Identity) -> Result<SessionView, Fault> {
        let member = require_member(&identity.caller)?;
        let workspace = identity.caller.workspace;
        let facts = identity.session.clone();
        self.platform.store.read(move |tx| view(tx, member, workspace, facts.as_deref())).await
    }

    /// Gives the password again: certain acts are possible for fifteen minutes.
    ///
    /// # Errors
    /// `invalid_credentials`; `rate_limited` as for signing in.
    pub async fn confirm(&self, act: &Act, session: &SessionFacts, password: &str) -> Result<Timestamp, Fault> {
        let now = act.now();
        let id = require_member(&act.ctx.caller)?;
        let member = self.platform.store.read(move |tx| members::find(tx, id)).await?;
        let member = member.ok_or_else(|| Fault::not_found("Member"))?;
        self.prove_password(act, &member, password).await?;
        let (until, session) = (now.plus_seconds(CONFIRMED_S), session.id);
        let found = self.platform.store.write(move |tx| sessions::confirm(tx, id, session, until)).await?;
        self.forget();
        if found { Ok(until) } else { Err(Fault::not_found("Session")) }
    }

    /// The caller's own sessions, newest first, before one; and whether there are more.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn list_sessions(
        &self,
        act: &Act,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<(Vec<Session>, bool), Fault> {
        let (member, now) = (require_member(&act.ctx.caller)?, act.now());
        let mut page = self.platform.store.read(move |tx| sessions::list(tx, member, now, before, limit + 1)).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        Ok((page, more))
    }

    /// Ends one of the caller's own sessions.
    ///
    /// # Errors
    /// `not_found` for a session that is not the caller's.
    pub async fn end_session(&self, act: &Act, id: SessionId) -> Result<(), Fault> {
        let member = require_member(&act.ctx.caller)?;
        let act = act.clone();
        let writing = self.platform.store.write(move |tx| {
            if !sessions::delete(tx, member, id)? {
                return Err(Fault::not_found("Session"));
            }
            let name = act.ctx.caller.name.clone();
            let target = Some(("session", id.0, name.as_str()));
            act.note(tx, Note { action: "signed_out", mode: None, target, detail: json!({}) })
        });
        writing.await?;
        self.forget();
        Ok(())
    }

    /// Ends all of the caller's sessions but this one; returns how many.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn end_other_sessions(&self, act: &Act, keep: SessionId) -> Result<u64, Fault> {
        let member = require_member(&act.ctx.caller)?;
        let act = act.clone();
        let writing = self.platform.store.write(move |tx| {
            let ended = sessions::delete_others(tx, member, keep)?;
            act.note(
                tx,
                Note { action: "ended_sessions", mode: None, target: None, detail: json!({ "count": ended }) },
            )?;
            Ok(ended)
        });
        let ended = writing.await?;
        self.forget();
        Ok(ended)
    }

    /// Makes another workspace of the member the session's current one.
    ///
    /// # Errors
    /// `not_found` for a workspace that the member does not belong to.
    pub async fn switch_workspace(
        &self,
        act: &Act,
        session: &SessionFacts,
        workspace: WorkspaceId,
    ) -> Result<SessionView, Fault> {
        let member = require_member(&act.ctx.caller)?;
        let facts = session.clone();
        let writing = self.platform.store.write(move |tx| {
            if memberships::role(tx, workspace, member)?.is_none()
                || !sessions::switch(tx, member, facts.id, workspace)?
            {
                return Err(Fault::not_found("Workspace"));
            }
            view(tx, member, workspace, Some(&facts))
        });
        let view = writing.await?;
        self.forget();
        Ok(view)
    }

    pub(crate) fn admit_address(&self, act: &Act, now: Timestamp) -> Result<String, Fault> {
        let address = act.address.map_or_else(String::new, |address| address.to_string());
        let bucket = Bucket { space: "sign-in", id: digest_id(&[&address]) };
        match self.limiter.take(bucket, ADDRESS_LIMITS, now) {
            Some(verdict) if !verdict.allowed => Err(too_many(verdict.reset_in_s)),
            _ => Ok(address),
        }
    }

    /// Counts a failure, also for an address that no member has, and writes into the audit log of the member's workspaces
    /// that somebody tried a wrong password.
    async fn note_failure(&self, act: &Act, member: Option<members::Member>, attempt: Attempt) -> Result<(), Fault> {
        let act = act.clone();
        let writing = self.platform.store.write(move |tx| {
            attempt.failed(tx, act.now())?;
            let Some(member) = &member else { return Ok(()) };
            for belonging in memberships::of_member(tx, member.id)? {
                let actor = Actor { kind: "system".to_owned(), id: None, name: "sign-in".to_owned() };
                let target = Some(("member", member.id.0, member.name.as_str()));
                let note = Note { action: "failed_sign_in", mode: None, target, detail: json!({}) };
                act.note_as(tx, belonging.workspace, actor, note)?;
            }
            Ok(())
        });
        writing.await
    }
}

impl PreparedSession {
    /// Signs a member in, into the workspace that it joined first.
    ///
    /// # Errors
    /// `forbidden` for a member without a workspace.
    pub fn apply(
        &self,
        tx: &mut Tx<'_>,
        act: &Act,
        member: MemberId,
        way: &'static str,
        new: &NewSession,
    ) -> Result<Opened, Fault> {
        let first = memberships::of_member(tx, member)?.into_iter().next();
        let first = first.ok_or_else(|| Fault::forbidden("This member belongs to no workspace"))?;
        self.apply_in(tx, act, (member, first.workspace), way, new)
    }

    /// Signs the caller in again, into the workspace that it acts in, when its sessions were ended by what it does.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub fn renew(&self, tx: &mut Tx<'_>, act: &Act, way: &'static str, new: &NewSession) -> Result<Opened, Fault> {
        let member = require_member(&act.ctx.caller)?;
        self.apply_in(tx, act, (member, act.ctx.caller.workspace), way, new)
    }

    /// Signs a member in, into one of its workspaces.
    pub(crate) fn apply_in(
        &self,
        tx: &mut Tx<'_>,
        act: &Act,
        (member, workspace): (MemberId, WorkspaceId),
        way: &'static str,
        new: &NewSession,
    ) -> Result<Opened, Fault> {
        let row = Session { member, workspace, ..self.row.clone() };
        sessions::insert(tx, &row)?;
        let facts = SessionFacts {
            id: row.id,
            expires_at: row.expires_at,
            confirmed_until: None,
            by_cookie: new.transport == Transport::Cookie,
        };
        let view = view(tx, member, workspace, Some(&facts))?;
        let actor = Actor { kind: "member".to_owned(), id: Some(member.0), name: view.member.name.clone() };
        let target = Some(("session", row.id.0, view.member.name.as_str()));
        let note = Note { action: "signed_in", mode: None, target, detail: json!({ "way": way }) };
        act.note_as(tx, workspace, actor, note)?;
        let lasts_s = row.expires_at.millis_since(row.created_at) / 1_000;
        Ok(Opened { text: self.text.clone(), view, lasts_s, remember: new.remember })
    }
}

/// Refuses sessions whose password was not given in the last fifteen minutes, and everything that is no session.
///
/// # Errors
/// 403 `confirmation_required`.
pub fn require_confirmed(identity: Option<&Identity>, now: Timestamp) -> Result<(), Fault> {
    let until = identity.and_then(|identity| identity.session.as_ref()).and_then(|session| session.confirmed_until);
    if until.is_some_and(|until| now < until) {
        return Ok(());
    }
    let message = "Give your password again to do this";
    Err(Fault::new(FaultKind::Forbidden, "confirmation_required", message))
}

fn view(
    tx: &mut Tx<'_>,
    member: MemberId,
    workspace: WorkspaceId,
    facts: Option<&SessionFacts>,
) -> Result<SessionView, Fault> {
    let gone = || Fault::not_found("Session");
    let member = members::find(tx, member)?.ok_or_else(gone)?;
    let workspaces = memberships::of_member(tx, member.id)?;
    let here = workspaces.iter().find(|belonging| belonging.workspace == workspace).ok_or_else(gone)?;
    let (role, treasury_role) = (here.role, here.treasury_role);
    let workspace = workspaces::find(tx, workspace)?.ok_or_else(gone)?;
    Ok(SessionView {
        member,
        workspace,
        role,
        treasury_role,
        workspaces,
        confirmed_until: facts.and_then(|facts| facts.confirmed_until),
        expires_at: facts.map(|facts| facts.expires_at),
    })
}

pub(crate) fn invalid_credentials() -> Fault {
    Fault::new(FaultKind::Unauthenticated, "invalid_credentials", "E-mail address or password is wrong")
}

pub(crate) fn too_many(seconds: u64) -> Fault {
    Fault::new(FaultKind::RateLimited, "rate_limited", "Too many attempts to sign in; try again later")
        .with_retry_after(seconds)
}

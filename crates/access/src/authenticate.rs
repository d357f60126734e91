//! From a credential to a caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use floe_model::access::{Caller, Credential, KeyKind, Member, PAYMENT_APPROVAL, PLACEMENTS_MANAGEMENT, key_status};
use floe_model::id::{AgentId, GroupId, MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_store::Tx;
use floe_store::access::{groups, keys, memberships, sessions, tokens, workspaces};

use crate::cache::{Known, Remembered};
use crate::identity::{Identity, Presented, Proof, SessionFacts};
use crate::rate::Limits;
use crate::secret::same_hash;
use crate::service::Access;
use crate::workspace::own_settings;

/// Milliseconds between two notes of the last use of one credential.
const NOTE_EVERY_MS: i64 = 60_000;
/// Notes of last use that may be under way; more are left out.
const NOTES_MAX: usize = 256;

impl Access {
    /// Proves a caller: from memory in a few microseconds, else with one read.
    ///
    /// # Errors
    /// `unauthenticated` for an unknown, expired or revoked credential, all alike; `not_found` for a workspace that the
    /// member does not belong to.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Identity, Fault> {
        let now = self.platform.clock.now();
        let hash = match presented.proof {
            Proof::Session(text) => self.hashers.session.hash(text),
            Proof::Token(text) => self.hashers.token.hash(text),
            Proof::Key { text, .. } => self.hashers.key.hash(text),
        };
        let known = match self.memory.get(&hash, now) {
            Remembered::Fresh(known) => known,
            Remembered::LookUp { old, generation } => {
                let known = self.look_up(presented.proof, hash, now).await?;
                if let Some(old) = old {
                    known.used_as(&old);
                }
                self.memory.put(&known, generation);
                known
            }
        };
        if !same_hash(&known.hash, &hash) {
            return Err(unknown());
        }
        if !known.is_alive(now) {
            let of_workflows = matches!(known.caller(Mode::Live).credential, Credential::WorkflowsKey(_));
            return Err(known.expires_at.filter(|_| of_workflows).map_or_else(unknown, expired));
        }
        self.note_use(presented, &known, now);
        let caller = match presented.workspace {
            None => Arc::clone(known.caller(presented.mode)),
            Some(name) => self.in_workspace(&known, name, presented.mode).await?,
        };
        Ok(Identity { caller, limits: known.limits, session: known.session.clone() })
    }

    /// Reads a credential from the store.
    pub(crate) async fn look_up(&self, proof: Proof<'_>, hash: [u8; 32], now: Timestamp) -> Result<Arc<Known>, Fault> {
        let store = &self.platform.store;
        let known = match proof {
            Proof::Session(_) => {
                let find = move |tx: &mut Tx<'_>| {
                    let Some(signed) = sessions::find_signed(tx, &hash)? else { return Ok(None) };
                    let groups = groups_of(tx, signed.session.workspace, signed.session.member)?;
                    Ok(Some((signed, groups)))
                };
                store.read(find).await?.map(|(signed, groups)| of_session(signed, groups, now))
            }
            Proof::Token(_) => {
                let find = move |tx: &mut Tx<'_>| {
                    let held = tokens::find_held(tx, &hash)?.filter(|held| held.token.revoked_at.is_none());
                    let Some(held) = held else { return Ok(None) };
                    let groups = groups_of(tx, held.token.workspace, held.token.member)?;
                    let approves = tokens_approve(tx, held.token.workspace)?;
                    Ok(Some((held, groups, approves)))
                };
                let found = store.read(find).await?;
                found.map(|(held, groups, approves)| of_token(held, groups, approves, now)).transpose()?
            }
            Proof::Key { kind, mode, .. } => {
                let found = store.read(move |tx| keys::find_by_hash(tx, &hash)).await?;
                let is_mode = |key: &keys::Key| key.mode.is_none_or(|own| own == mode);
                let fits = found.filter(|key| key.kind == kind && is_mode(key));
                match fits.map(|key| if key_works(&key, now) { Ok(key) } else { Err(ended(&key, now)) }).transpose()? {
                    Some(key) => Some(of_key(key, now)?),
                    None => None,
                }
            }
        };
        known.map(Arc::new).ok_or_else(unknown)
    }

    /// The caller in another workspace than the session's current one. A token belongs to one workspace.
    async fn in_workspace(&self, known: &Known, name: &str, mode: Mode) -> Result<Arc<Caller>, Fault> {
        let caller = known.caller(mode);
        let id = floe_model::id::parse_bits(name).ok().map(WorkspaceId);
        if id == Some(caller.workspace) {
            return Ok(Arc::clone(caller));
        }
        let slug = name.to_owned();
        let member = caller.member_id();
        let found = self.platform.store.read(move |tx| {
            let workspace = match id {
                Some(id) => Some(id),
                None => workspaces::find_by_slug(tx, &slug)?.map(|workspace| workspace.id),
            };
            let (Some(workspace), Some(member)) = (workspace, member) else { return Ok(None) };
            let Some(found) = memberships::find(tx, workspace, member)? else { return Ok(None) };
            Ok(Some((workspace, found.role, found.treasury_role, groups_of(tx, workspace, member)?)))
        });
        let Some((workspace, role, treasury_role, groups)) = found.await? else {
            return Err(Fault::not_found("Workspace"));
        };
        if workspace == caller.workspace {
            return Ok(Arc::clone(caller));
        }
        if !matches!(caller.credential, Credential::Session(_)) {
            return Err(Fault::not_found("Workspace"));
        }
        let member = caller.member.clone().map(|member| Member { role, treasury_role, groups, ..member });
        Ok(Arc::new(Caller { workspace, member, ..Caller::clone(caller) }))
    }

    /// Notes the last use, at most once a minute for each credential, beside the request.
    pub(crate) fn note_use(&self, presented: Presented<'_>, known: &Arc<Known>, now: Timestamp) {
        known.used_at.fetch_max(now.micros(), Ordering::Relaxed);
        let noted = known.noted_at.load(Ordering::Relaxed);
        if now.millis_since(Timestamp(noted)) < NOTE_EVERY_MS
            || known.noted_at.compare_exchange(noted, now.micros(), Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let under_way = UnderWay(Arc::clone(&self.notes_under_way));
        if self.notes_under_way.fetch_add(1, Ordering::Relaxed) >= NOTES_MAX {
            return;
        }
        let (store, hash, ip) = (self.platform.store.clone(), known.hash, presented.address.to_string());
        let what = match presented.proof {
            Proof::Session(_) => What::Session,
            Proof::Token(_) => What::Token,
            Proof::Key { .. } => What::Key,
        };
        tokio::spawn(async move {
            let _under_way = under_way;
            let noting = store.write(move |tx| match what {
                What::Session => sessions::touch(tx, &hash, now),
                What::Token => tokens::touch(tx, &hash, now, &ip),
                What::Key => keys::touch(tx, &hash, now, &ip),
            });
            if let Err(fault) = noting.await {
                tracing::debug!("the last use of a credential was not noted: {fault}");
            }
        });
    }
}

#[derive(Clone, Copy)]
enum What {
    Session,
    Token,
    Key,
}

struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The groups of a member, which sharing and approvers may name.
fn groups_of(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId) -> Result<Vec<GroupId>, Fault> {
    Ok(groups::of_member(tx, workspace, member)?.into_iter().map(|group| group.id).collect())
}

fn of_session(signed: sessions::Signed, groups: Vec<GroupId>, now: Timestamp) -> Known {
    let sessions::Signed { session, name, email, role, treasury_role } = signed;
    let facts = SessionFacts {
        id: session.id,
        expires_at: session.expires_at,
        confirmed_until: session.confirmed_until,
        by_cookie: session.transport == "cookie",
    };
    let member = Member { id: session.member, name, email, role, treasury_role, groups };
    Known {
        hash: session.hash,
        callers: member_callers(session.workspace, Credential::Session(session.id), member, None),
        expires_at: Some(session.expires_at),
        idle_ms: Some(session.idle_s.saturating_mul(1_000)),
        limits: None,
        session: Some(Arc::new(facts)),
        used_at: AtomicI64::new(session.last_used_at.micros()),
        noted_at: AtomicI64::new(session.last_used_at.micros()),
        read_at: now,
    }
}

/// Whether tokens may approve payments in a workspace (console contract, section 2.6); not unless an owner says so.
fn tokens_approve(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<bool, Fault> {
    let found = workspaces::find(tx, workspace)?;
    Ok(found.is_some_and(|found| own_settings(&found).get("token_approvals") == Some(&true.into())))
}

fn of_token(held: tokens::Held, groups: Vec<GroupId>, approves: bool, now: Timestamp) -> Result<Known, Fault> {
    let tokens::Held { token, name, email, role, treasury_role } = held;
    let mut scopes = read_scopes(&token.scopes)?;
    scopes.retain(|scope| approves || scope != PAYMENT_APPROVAL);
    let member = Member { id: token.member, name, email, role, treasury_role, groups };
    let used_at = token.last_used_at.unwrap_or_default().micros();
    Ok(Known {
        hash: token.hash,
        callers: member_callers(token.workspace, Credential::Token(token.id), member, Some(scopes)),
        expires_at: token.expires_at,
        idle_ms: None,
        limits: None,
        session: None,
        used_at: AtomicI64::new(used_at),
        noted_at: AtomicI64::new(used_at),
        read_at: now,
    })
}

fn of_key(key: keys::Key, now: Timestamp) -> Result<Known, Fault> {
    let credential = match key.kind {
        KeyKind::Flows => Credential::FlowsKey(key.id),
        KeyKind::Treasury => Credential::TreasuryKey(key.id),
        KeyKind::PlacementsSdk | KeyKind::PlacementsManagement => Credential::PlacementsKey(key.id),
        KeyKind::Agents => Credential::AgentsKey(key.id),
        KeyKind::Workflows => Credential::WorkflowsKey(key.id),
    };
    let mut scopes = read_scopes(&key.scopes)?;
    let agents = crate::keys::agents(&key)?.map(|agents| agents.into_iter().map(AgentId).collect());
    // Its kind says what it is for.
    scopes.extend((key.kind == KeyKind::PlacementsManagement).then(|| PLACEMENTS_MANAGEMENT.to_owned()));
    let caller = Arc::new(Caller {
        workspace: key.workspace,
        mode: key.mode.unwrap_or(Mode::Live),
        credential,
        member: None,
        scopes: Some(scopes),
        agents,
        name: key.name,
    });
    let used_at = key.last_used_at.unwrap_or_default().micros();
    Ok(Known {
        hash: key.hash,
        callers: [Arc::clone(&caller), caller],
        expires_at: key.expires_at,
        idle_ms: None,
        limits: Some(Limits { per_minute: key.per_minute, per_day: key.per_day }),
        session: None,
        used_at: AtomicI64::new(used_at),
        noted_at: AtomicI64::new(used_at),
        read_at: now,
    })
}

/// What is known of a key of the SDK; nothing of one that opens nothing.
pub(crate) fn known_sdk_key(key: keys::Key, now: Timestamp) -> Option<Known> {
    let opens = key.kind == KeyKind::PlacementsSdk && key_works(&key, now);
    opens.then(|| of_key(key, now).ok()).flatten()
}

fn member_callers(
    workspace: WorkspaceId,
    credential: Credential,
    member: Member,
    scopes: Option<Vec<String>>,
) -> [Arc<Caller>; 2] {
    let name = member.name.clone();
    let live = Caller { workspace, mode: Mode::Live, credential, member: Some(member), scopes, agents: None, name };
    let test = Caller { mode: Mode::Test, ..live.clone() };
    [Arc::new(live), Arc::new(test)]
}

fn key_works(key: &keys::Key, now: Timestamp) -> bool {
    let rotated = key.rotated_to.is_some();
    key_status(key.is_active, key.revoked_at.is_some(), rotated, key.expires_at, now).works()
}

pub(crate) fn read_scopes(json: &str) -> Result<Vec<String>, Fault> {
    serde_json::from_str(json).map_err(Fault::internal)
}

/// The caller's member, for acts that only a member can do.
///
/// # Errors
/// 403 for keys and the server itself.
pub(crate) fn require_member(caller: &Caller) -> Result<MemberId, Fault> {
    caller.member_id().ok_or_else(|| Fault::forbidden("Only a member can do this"))
}

/// The fault for a key that opened something once; holders of keys of the workflow API are told how it ended (Workflow API contract,
/// section 2).
fn ended(key: &keys::Key, now: Timestamp) -> Fault {
    match key.expires_at.filter(|end| *end <= now) {
        _ if key.kind != KeyKind::Workflows => unknown(),
        _ if key.revoked_at.is_some() => {
            Fault::new(FaultKind::Unauthenticated, "revoked_api_key", "This API key was revoked")
        }
        Some(end) => expired(end),
        None => unknown(),
    }
}

fn expired(end: Timestamp) -> Fault {
    Fault::new(FaultKind::Unauthenticated, "expired_api_key", "This API key has expired")
        .with_details(serde_json::json!({ "expired_at": end }))
}

/// The fault for a credential that opens nothing.
pub(crate) fn unknown() -> Fault {
    Fault::new(FaultKind::Unauthenticated, "unauthenticated", "Unknown, expired or revoked credential")
}

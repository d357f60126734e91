//! API keys (console contract, section 3).

use floe_model::access::{Credential, KeyKind, KeyStatus, key_status, make_key_text};
use floe_model::id::{KeyId, MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Scope, Timestamp};
use floe_store::Tx;
use floe_store::access::keys::{self as rows, Filter, Key, Page};
use floe_store::platform::audit::Actor;
use floe_store::platform::events::{self, NewEvent};
use serde_json::{Value, json};

use crate::act::{Act, Note};
use crate::authenticate::read_scopes;
use crate::members::require_treasury_owner;
use crate::service::Access;

mod rotation;

pub use rotation::Rotation;

/// A key as asked for. All values are checked by [`NewKey::check`].
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it opens.
    pub kind: KeyKind,
    /// Shown name, 1 to 100 characters.
    pub name: String,
    /// Live or test; a kind without modes takes no notice.
    pub mode: Mode,
    /// Scopes; none takes the default of the kind.
    pub scopes: Option<Vec<String>>,
    /// Days until it ends, 1 to 3650.
    pub expires_in_days: Option<i64>,
    /// Requests a minute; none takes the default of the kind.
    pub per_minute: Option<u32>,
    /// Requests a day; none takes the default of the kind.
    pub per_day: Option<u32>,
    /// Agents that a key of kind agents may use; none for all.
    pub agent_ids: Option<Vec<u128>>,
}

/// What shall be changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct KeyPatch {
    /// Shown name.
    pub name: Option<String>,
    /// Scopes.
    pub scopes: Option<Vec<String>>,
    /// Requests a minute.
    pub per_minute: Option<u32>,
    /// Requests a day.
    pub per_day: Option<u32>,
    /// Whether it is switched on.
    pub is_active: Option<bool>,
    /// Agents that it may use; an empty list for all.
    pub agent_ids: Option<Vec<u128>>,
}

/// A set of keys over all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// One of each kind but the management of placements, with its default scopes.
    Starter,
    /// One of each kind that has scopes to read with.
    ReadOnly,
}

impl Bundle {
    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "starter" => Some(Self::Starter),
            "read_only" => Some(Self::ReadOnly),
            _ => None,
        }
    }

    /// The scopes that a key of a kind has in it.
    #[must_use]
    pub fn scopes(self, kind: KeyKind) -> &'static [&'static str] {
        match self {
            Self::Starter => kind.default_scopes(),
            Self::ReadOnly => kind.read_only_scopes(),
        }
    }

    /// The kinds of which it makes a key.
    pub fn kinds(self) -> impl Iterator<Item = KeyKind> {
        KeyKind::ALL.into_iter().filter(move |&kind| match self {
            Self::Starter => kind != KeyKind::PlacementsManagement,
            Self::ReadOnly => !kind.read_only_scopes().is_empty(),
        })
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Starter => "Starter",
            Self::ReadOnly => "Read only",
        }
    }
}

/// A key that was just made, with its text.
#[derive(Debug, Clone)]
pub struct MadeKey {
    /// The text; shown once.
    pub text: String,
    /// The record.
    pub key: Key,
}

/// A key with its text drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedKey {
    text: String,
    row: Key,
}

/// A page of keys.
#[derive(Debug, Clone)]
pub struct KeyList {
    /// The keys.
    pub keys: Vec<Key>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all, when asked for.
    pub total: Option<i64>,
}

impl NewKey {
    /// Scopes that a key of the kind may carry, without repetition, in the order of the kind.
    ///
    /// # Errors
    /// 400 naming the wrong scope.
    pub fn check(kind: KeyKind, scopes: &[String]) -> Result<Vec<String>, Fault> {
        let known = kind.scopes();
        if known.is_empty() {
            let message = format!("Keys of kind {} have no scopes", kind.as_str());
            return if scopes.is_empty() { Ok(Vec::new()) } else { Err(Fault::field("/scopes", "value", message)) };
        }
        let asked: Vec<&str> = scopes.iter().map(|scope| kind.canonical_scope(scope)).collect();
        if let Some(at) = asked.iter().position(|scope| !known.contains(scope)) {
            let message = format!("A key of kind {} has no such scope; it has: {}", kind.as_str(), known.join(", "));
            return Err(Fault::field(format!("/scopes/{at}"), "value", message));
        }
        if asked.is_empty() {
            return Err(Fault::field("/scopes", "required", "A key needs a scope"));
        }
        let held = known.iter().filter(|scope| asked.contains(scope));
        Ok(held.map(|&scope| scope.to_owned()).collect())
    }
}

impl Access {
    /// Draws the text of a new key for the caller's workspace.
    ///
    /// # Errors
    /// 400 for wrong scopes.
    pub fn prepare_key(&self, act: &Act, new: &NewKey) -> Result<PreparedKey, Fault> {
        let scopes = match &new.scopes {
            Some(scopes) => NewKey::check(new.kind, scopes)?,
            None => new.kind.default_scopes().iter().map(|&scope| scope.to_owned()).collect(),
        };
        let caller = &act.ctx.caller;
        Ok(self.draw_key(caller.workspace, caller.member_id(), new, &scopes, act.now()))
    }

    /// Draws the keys of a bundle for the caller's workspace.
    #[must_use]
    pub fn prepare_bundle(&self, act: &Act, bundle: Bundle, mode: Mode) -> Vec<PreparedKey> {
        let caller = &act.ctx.caller;
        self.bundle_keys(caller.workspace, caller.member_id(), bundle, mode, act.now())
    }

    pub(crate) fn bundle_keys(
        &self,
        workspace: WorkspaceId,
        created_by: Option<MemberId>,
        bundle: Bundle,
        mode: Mode,
        now: Timestamp,
    ) -> Vec<PreparedKey> {
        let draw = |kind: KeyKind| {
            let new = NewKey {
                kind,
                name: format!("{} ({})", bundle.word(), kind.as_str()),
                mode,
                scopes: None,
                expires_in_days: None,
                per_minute: None,
                per_day: None,
                agent_ids: None,
            };
            let scopes: Vec<String> = bundle.scopes(kind).iter().map(|&scope| scope.to_owned()).collect();
            self.draw_key(workspace, created_by, &new, &scopes, now)
        };
        bundle.kinds().map(draw).collect()
    }

    fn draw_key(
        &self,
        workspace: WorkspaceId,
        created_by: Option<MemberId>,
        new: &NewKey,
        scopes: &[String],
        now: Timestamp,
    ) -> PreparedKey {
        let text = make_key_text(new.kind, new.mode, &self.platform.ids.secret());
        let (per_minute, per_day) = new.kind.default_limits();
        let row = Key {
            workspace,
            id: self.platform.ids.next(),
            kind: new.kind,
            mode: new.kind.has_mode().then_some(new.mode),
            hash: self.hashers.key.hash(&text),
            name: new.name.clone(),
            prefix: shown(new.kind, &text),
            scopes: json!(scopes).to_string(),
            agent_ids: new.agent_ids.as_deref().and_then(agents_text),
            per_minute: new.per_minute.unwrap_or(per_minute),
            per_day: new.per_day.unwrap_or(per_day),
            is_active: true,
            revision: 1,
            created_by,
            created_at: now,
            expires_at: new.expires_in_days.map(|days| now.plus_seconds(days * 86_400)),
            last_used_at: None,
            last_used_ip: None,
            revoked_at: None,
            rotated_to: None,
        };
        PreparedKey { text, row }
    }

    /// A page of the keys of the caller's workspace.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_keys(&self, act: &Act, filter: Filter, page: Page, total: bool) -> Result<KeyList, Fault> {
        let (workspace, now) = (act.ctx.caller.workspace, act.now());
        let reading = self.platform.store.read(move |tx| {
            let wanted = Page { limit: page.limit + 1, ..page };
            let mut keys = rows::list(tx, workspace, &filter, wanted, now)?;
            let more = keys.len() > page.limit;
            keys.truncate(page.limit);
            let total = if total { Some(rows::count(tx, workspace, &filter, now)?) } else { None };
            Ok(KeyList { keys, more, total })
        });
        reading.await
    }

    /// A key of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_key(&self, act: &Act, id: KeyId) -> Result<Key, Fault> {
        let workspace = act.ctx.caller.workspace;
        self.platform.store.read(move |tx| find(tx, workspace, id)).await
    }
}

impl PreparedKey {
    /// Adds the key.
    ///
    /// # Errors
    /// `forbidden` for a key of the treasury, unless the caller is an owner there.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act) -> Result<MadeKey, Fault> {
        check_kind(tx, act, self.row.kind)?;
        self.apply_as(tx, act, Actor::of(&act.ctx.caller))
    }

    pub(crate) fn apply_as(&self, tx: &mut Tx<'_>, act: &Act, actor: Actor) -> Result<MadeKey, Fault> {
        rows::insert(tx, &self.row)?;
        note(tx, act, actor, &self.row, "created_key", json!({}))?;
        tell(tx, act, &self.row, "platform.key.created")?;
        Ok(MadeKey { text: self.text.clone(), key: self.row.clone() })
    }
}

/// Changes a key.
///
/// # Errors
/// `not_found`; `stale_revision`; `conflict` for a revoked key; 400 for wrong scopes.
pub fn patch(tx: &mut Tx<'_>, act: &Act, id: KeyId, patch: &KeyPatch, if_match: Option<i64>) -> Result<Key, Fault> {
    let mut key = find(tx, act.ctx.caller.workspace, id)?;
    check_kind(tx, act, key.kind)?;
    check_revision(key.revision, if_match)?;
    if key.revoked_at.is_some() {
        return Err(Fault::conflict("conflict", "A revoked key cannot be changed"));
    }
    if let Some(name) = &patch.name {
        key.name.clone_from(name);
    }
    if let Some(scopes) = &patch.scopes {
        key.scopes = json!(NewKey::check(key.kind, scopes)?).to_string();
    }
    key.per_minute = patch.per_minute.unwrap_or(key.per_minute);
    key.per_day = patch.per_day.unwrap_or(key.per_day);
    key.is_active = patch.is_active.unwrap_or(key.is_active);
    if let Some(agents) = &patch.agent_ids {
        if key.kind != KeyKind::Agents {
            return Err(Fault::field("/agent_ids", "value", "agent_ids is for keys of kind agents"));
        }
        key.agent_ids = agents_text(agents);
    }
    if !rows::update(tx, &key)? {
        return Err(stale());
    }
    key.revision += 1;
    let detail = json!({ "name": key.name, "is_active": key.is_active });
    note(tx, act, Actor::of(&act.ctx.caller), &key, "changed_key", detail)?;
    Ok(key)
}

/// Revokes a key; a second time changes nothing.
///
/// # Errors
/// `not_found`; `stale_revision`.
pub fn revoke(tx: &mut Tx<'_>, act: &Act, id: KeyId, if_match: Option<i64>) -> Result<Key, Fault> {
    let workspace = act.ctx.caller.workspace;
    let key = find(tx, workspace, id)?;
    check_kind(tx, act, key.kind)?;
    check_revision(key.revision, if_match)?;
    if rows::revoke(tx, workspace, id, act.now())? {
        note(tx, act, Actor::of(&act.ctx.caller), &key, "revoked_key", json!({}))?;
        tell(tx, act, &key, "platform.key.revoked")?;
    }
    find(tx, workspace, id)
}

/// Whether a key works, and if not, why.
#[must_use]
pub fn status(key: &Key, now: Timestamp) -> KeyStatus {
    key_status(key.is_active, key.revoked_at.is_some(), key.rotated_to.is_some(), key.expires_at, now)
}

/// The scopes of a key.
///
/// # Errors
/// Internal, when the record is damaged.
pub fn scopes(key: &Key) -> Result<Vec<String>, Fault> {
    read_scopes(&key.scopes)
}

/// The agents that a key may use, as bits; none for all.
///
/// # Errors
/// Internal, when the record is damaged.
pub fn agents(key: &Key) -> Result<Option<Vec<u128>>, Fault> {
    let Some(text) = &key.agent_ids else { return Ok(None) };
    let texts: Vec<String> = serde_json::from_str(text).map_err(Fault::internal)?;
    let bits = texts.iter().map(|text| floe_model::id::parse_bits(text).map_err(Fault::internal));
    bits.collect::<Result<_, Fault>>().map(Some)
}

/// The stored form of a list of agents; none for an empty one.
fn agents_text(agents: &[u128]) -> Option<String> {
    let texts: Vec<String> = agents.iter().map(|&bits| floe_model::id::to_base32(bits)).collect();
    (!texts.is_empty()).then(|| json!(texts).to_string())
}

/// The part of a text that is shown later.
fn shown(kind: KeyKind, text: &str) -> String {
    text[..kind.shown_length()].to_owned()
}

/// Keys of the treasury are for its owners (console contract, section 2.4).
fn check_kind(tx: &mut Tx<'_>, act: &Act, kind: KeyKind) -> Result<(), Fault> {
    if kind == KeyKind::Treasury { require_treasury_owner(tx, &act.ctx.caller) } else { Ok(()) }
}

/// Refuses when the caller's copy is of another revision.
///
/// # Errors
/// `stale_revision`.
pub fn check_revision(revision: i64, if_match: Option<i64>) -> Result<(), Fault> {
    if if_match.is_none_or(|expected| expected == revision) { Ok(()) } else { Err(stale()) }
}

fn stale() -> Fault {
    Fault::new(FaultKind::Stale, "stale_revision", "The object was changed after you read it")
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KeyId) -> Result<Key, Fault> {
    rows::find(tx, workspace, id)?.ok_or_else(|| Fault::not_found("Key"))
}

/// The audit entry of an act on a key: id, kind and scopes, never the text.
fn note(tx: &mut Tx<'_>, act: &Act, actor: Actor, key: &Key, action: &'static str, more: Value) -> Result<(), Fault> {
    let mut detail = json!({ "kind": key.kind.as_str(), "scopes": read_scopes(&key.scopes)? });
    if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
        detail.extend(more);
    }
    let target = Some(("key", key.id.0, key.name.as_str()));
    act.note_as(tx, key.workspace, actor, Note { action, mode: key.mode, target, detail })
}

fn tell(tx: &mut Tx<'_>, act: &Act, key: &Key, kind: &'static str) -> Result<(), Fault> {
    let by = match act.ctx.caller.credential {
        Credential::System | Credential::Anonymous => Value::Null,
        _ => act.ctx.caller.name.clone().into(),
    };
    let data = json!({ "id": key.id.prefixed(), "kind": key.kind.as_str(), "name": key.name, "by": by });
    let event = NewEvent {
        id: act.ctx.ids.next(),
        kind,
        subject_id: Some(key.id.0),
        data: data.to_string(),
        created_at: act.now(),
    };
    events::publish(tx, Scope { workspace: key.workspace, mode: key.mode.unwrap_or(Mode::Live) }, &event)
}

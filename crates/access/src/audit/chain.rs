//! What is hashed of an entry, and what must follow what.
//!
//! The hash of an entry is SHA-256 over the hash of the entry before it (32 zero bytes before the first) and the canonical JSON
//! (RFC 8785) of the entry as the API shows it, without its own hash. So an export can be checked by anybody with these two
//! standards at hand. Everything here is part of the chain: how a member is named or an id is spelled must never change for
//! entries that were sealed, or they would no longer verify.

use floe_engine::canonical::canonical_json;
use floe_model::hex;
use floe_model::id::{AuditId, to_base32};
use floe_store::platform::audit::{Actor, Entry};
use floe_store::platform::audit_chain::Sealed;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What stands for the hash before the first entry.
pub const BEGINNING: [u8; 32] = [0; 32];

/// Kinds of things whose ids are written with a prefix; all others are UUIDs. A new line is for kinds that no entry names yet.
const PREFIXES: &[(&str, &str)] = &[
    ("agent", "agent"),
    ("backup", "bak"),
    ("connection", "conn"),
    ("group", "grp"),
    ("import", "imp"),
    ("inbox_item", "inb"),
    ("invite", "inv"),
    ("job", "job"),
    ("key", "key"),
    ("member", "mem"),
    ("model", "mdl"),
    ("model_provider", "prov"),
    ("session", "ses"),
    ("share", "shr"),
    ("token", "tok"),
    ("trigger", "trigger"),
    ("variable", "var"),
    ("webhook", "wh"),
    ("workspace", "ws"),
];

/// An entry as the API shows it; places and hashes are null until it is sealed.
#[must_use]
pub fn entry_object(sealed: &Sealed) -> Value {
    let mut object = unhashed(&sealed.entry, sealed.entry.seq, sealed.prev_hash.as_deref());
    object.insert("hash".to_owned(), sealed.hash.as_deref().map(hex::encode).into());
    Value::Object(object)
}

/// The canonical text of an entry at its place: what its hash is made over, after the hash before it.
#[must_use]
pub fn canonical(entry: &Entry, seq: i64, prev_hash: &[u8]) -> String {
    canonical_json(&Value::Object(unhashed(entry, Some(seq), Some(prev_hash))))
}

/// The hash of a canonical text that follows on a hash.
#[must_use]
pub fn hash(prev_hash: &[u8], canonical: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(prev_hash);
    hasher.update(canonical.as_bytes());
    hasher.finalize().into()
}

/// Reads 64 hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What is wrong at a place of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Another entry should stand here: one was taken out, put in, or two changed places.
    #[error("the entry that belongs at this place is not there")]
    Place,
    /// It does not follow on the entry before it.
    #[error("the entry does not follow on the one before it")]
    Follows,
    /// It is not what was hashed.
    #[error("the entry was changed after it was sealed")]
    Content,
}

/// Goes along a chain and finds the first entry that does not belong.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Number of the last entry that was right.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Walk {
    /// Begins behind an entry that is known.
    #[must_use]
    pub const fn after(seq: i64, hash: [u8; 32]) -> Self {
        Self { seq, hash }
    }

    /// Looks at the next entry. `canonical` is what it is hashed over.
    ///
    /// # Errors
    /// What is wrong with it; the walk stays where it was.
    pub fn step(&mut self, seq: i64, prev_hash: &[u8], canonical: &str, own_hash: &[u8]) -> Result<(), Broken> {
        if seq != self.seq + 1 {
            return Err(Broken::Place);
        }
        if prev_hash != self.hash {
            return Err(Broken::Follows);
        }
        let hash = hash(prev_hash, canonical);
        if own_hash != hash {
            return Err(Broken::Content);
        }
        *self = Self { seq, hash };
        Ok(())
    }
}

fn unhashed(entry: &Entry, seq: Option<i64>, prev_hash: Option<&[u8]>) -> Map<String, Value> {
    let target = entry.target.as_ref().map(|target| {
        let id = target.id.map(|id| spelled(&target.kind, id));
        json!({ "type": target.kind, "id": id, "name": target.name })
    });
    // A text that is not JSON any more was tampered with; it is shown as it is.
    let detail = serde_json::from_str(&entry.detail).unwrap_or_else(|_| Value::from(entry.detail.clone()));
    let Actor { kind, id, name } = &entry.actor;
    let members = [
        ("id", AuditId::prefixed(entry.id).into()),
        ("seq", seq.into()),
        ("at", json!(entry.at)),
        ("mode", entry.mode.map(|mode| mode.as_str()).into()),
        ("product", entry.product.clone().into()),
        ("agent_type", agent_type(kind).into()),
        ("action", entry.action.clone().into()),
        ("actor", json!({ "type": kind, "id": id.map(|id| spelled(kind, id)), "name": name })),
        ("target", target.unwrap_or(Value::Null)),
        ("run_id", entry.run_id.map(|id| id.to_string()).into()),
        ("detail", detail),
        ("request_id", entry.request_id.map(|id| id.prefixed()).into()),
        ("ip", entry.ip.clone().into()),
        ("prev_hash", prev_hash.map(hex::encode).into()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Who acted, in the words of the payments contract (section 7).
fn agent_type(actor_kind: &str) -> &str {
    match actor_kind {
        "member" => "human",
        "key" | "token" => "api",
        other => other,
    }
}

fn spelled(kind: &str, id: u128) -> String {
    match PREFIXES.iter().find(|(known, _)| *known == kind) {
        Some((_, prefix)) => format!("{prefix}_{}", to_base32(id)),
        None => floe_model::id::FlowId(id).to_string(),
    }
}

#[cfg(test)]
mod tests;

//! Keys in the shape of the console API (console contract, section 3).

use floe_access::keys::{MadeKey, scopes, status};
use floe_model::{Fault, Timestamp};
use floe_store::access::keys::Key;
use serde_json::{Value, json};

/// A key without its text.
pub(super) fn key_document(key: &Key, now: Timestamp) -> Result<Value, Fault> {
    Ok(json!({
        "id": key.id.prefixed(),
        "kind": key.kind.as_str(),
        "name": key.name,
        "mode": key.mode.as_str(),
        "prefix": key.prefix,
        "scopes": scopes(key)?,
        "rate_limit_per_minute": key.per_minute,
        "rate_limit_per_day": key.per_day,
        "is_active": key.is_active,
        "status": status(key, now).as_str(),
        "created_by": key.created_by.map(|member| member.prefixed()),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
        "revoked_at": key.revoked_at,
        "rotated_to": key.rotated_to.map(|other| other.prefixed()),
    }))
}

/// A key with its text, this once.
pub(super) fn made_document(made: &MadeKey, now: Timestamp) -> Result<Value, Fault> {
    let mut document = key_document(&made.key, now)?;
    document["key"] = json!(made.text);
    Ok(document)
}

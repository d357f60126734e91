//! Accounts as the console shows them. Absent values are null, never left out.

use floe_access::sessions::SessionView;
use floe_access::{Access, account, keys, tokens};
use floe_model::access::Permission;
use floe_model::id::{AgentId, SessionId};
use floe_model::{Fault, Mode, Timestamp};
use floe_store::access::keys::Key;
use floe_store::access::members::Member;
use floe_store::access::sessions::Session;
use floe_store::access::tokens::Token;
use floe_store::access::workspaces::Workspace;
use serde_json::{Map, Value, json};

use crate::http::permission_word;

const PERMISSIONS: [Permission; 6] =
    [Permission::Read, Permission::Build, Permission::Run, Permission::Answer, Permission::Manage, Permission::Own];

/// The session object; `token` is the text of a session that is carried in a header, when it was just made.
pub(super) fn session_object(view: &SessionView, token: Option<&str>) -> Value {
    let workspaces = view.workspaces.iter().map(|belonging| {
        json!({
            "id": belonging.workspace.prefixed(),
            "name": belonging.name,
            "slug": belonging.slug,
            "role": belonging.role.as_str(),
        })
    });
    let permissions: Vec<&str> =
        PERMISSIONS.into_iter().filter(|&one| view.role.allows(one)).map(permission_word).collect();
    json!({
        "member": { "id": view.member.id.prefixed(), "name": view.member.name, "email": view.member.email },
        "workspace": {
            "id": view.workspace.id.prefixed(),
            "name": view.workspace.name,
            "slug": view.workspace.slug,
            "sample": false,
        },
        "workspaces": workspaces.collect::<Vec<_>>(),
        "role": view.role.as_str(),
        "treasury_role": view.treasury_role.as_str(),
        "permissions": permissions,
        "preferences": preferences(&view.member),
        "confirmed_until": view.confirmed_until,
        "expires_at": view.expires_at,
        "token": token,
    })
}

/// A session in the list of one's own.
pub(super) fn session_entry(session: &Session, current: Option<SessionId>) -> Value {
    json!({
        "id": session.id.prefixed(),
        "current": current == Some(session.id),
        "transport": session.transport,
        "address": session.ip,
        "agent": session.agent,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
    })
}

/// A member's own record, and whether it has a PIN for payments.
pub(super) fn me(member: &Member, has_pin: bool) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), member.id.prefixed().into());
    object.insert("name".to_owned(), member.name.clone().into());
    object.insert("email".to_owned(), member.email.clone().into());
    object.extend(preferences(member));
    object.insert("has_pin".to_owned(), has_pin.into());
    object.insert("created_at".to_owned(), json!(member.created_at));
    object.insert("revision".to_owned(), member.revision.into());
    Value::Object(object)
}

/// Every preference, those that were never set with their default.
fn preferences(member: &Member) -> Map<String, Value> {
    let stored = account::preferences(member);
    let defaults = [
        ("timezone", Value::Null),
        ("theme", "system".into()),
        ("default_mode", "test".into()),
        ("shortcuts", true.into()),
    ];
    let all =
        defaults.into_iter().map(|(name, default)| (name.to_owned(), stored.get(name).cloned().unwrap_or(default)));
    all.collect()
}

/// A workspace with its settings.
pub(super) fn workspace_object(access: &Access, record: &Workspace) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), record.id.prefixed().into());
    object.insert("name".to_owned(), record.name.clone().into());
    object.insert("slug".to_owned(), record.slug.clone().into());
    object.insert("timezone".to_owned(), record.timezone.clone().into());
    object.extend(access.workspace_settings(record));
    object.insert("created_at".to_owned(), json!(record.created_at));
    object.insert("revision".to_owned(), record.revision.into());
    Value::Object(object)
}

/// A key without its text, as every way to manage keys shows it.
///
/// # Errors
/// When its stored scopes cannot be read.
pub fn key_object(key: &Key, now: Timestamp) -> Result<Value, Fault> {
    let agents = keys::agents(key)?.map(|agents| agents.into_iter().map(|bits| AgentId(bits).to_string()));
    Ok(json!({
        "id": key.id.prefixed(),
        "kind": key.kind.as_str(),
        "name": key.name,
        "mode": key.mode.map(Mode::as_str),
        "prefix": key.prefix,
        "scopes": keys::scopes(key)?,
        "agent_ids": agents.map(Iterator::collect::<Vec<String>>),
        "rate_limit_per_minute": key.per_minute,
        "rate_limit_per_day": key.per_day,
        "is_active": key.is_active,
        "status": keys::status(key, now).as_str(),
        "created_by": key.created_by.map(|member| member.prefixed()),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
        "revoked_at": key.revoked_at,
        "rotated_to": key.rotated_to.map(|id| id.prefixed()),
        "revision": key.revision,
    }))
}

/// A personal access token.
pub(super) fn token_object(token: &Token, now: Timestamp) -> Result<Value, Fault> {
    Ok(json!({
        "id": token.id.prefixed(),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": tokens::scopes(token)?,
        "status": tokens::status(token, now).as_str(),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "last_used_ip": token.last_used_ip,
        "revoked_at": token.revoked_at,
        "rotated_to": token.rotated_to.map(|id| id.prefixed()),
        "revision": token.revision,
    }))
}

/// An object with a one-time secret under a name; null for what a repeat is answered.
pub(super) fn with_secret(mut object: Value, name: &str, text: Option<&str>) -> Value {
    if let Value::Object(map) = &mut object {
        map.insert(name.to_owned(), text.map_or(Value::Null, Value::from));
    }
    object
}

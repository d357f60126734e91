//! Credentials as security schemes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::{Auth, Route, cookie_name};

/// One credential that opens a route: the name of its scheme, the scheme, and the scopes that it needs.
struct Credential {
    name: String,
    scheme: Value,
    scopes: Vec<&'static str>,
}

/// The schemes that routes name.
pub(super) fn schemes<'a>(routes: impl Iterator<Item = &'a Route>) -> BTreeMap<String, Value> {
    routes.flat_map(credentials).map(|credential| (credential.name, credential.scheme)).collect()
}

/// The alternatives that open a route; empty for a public one.
pub(super) fn alternatives(route: &Route) -> Vec<Value> {
    let pair = |credential: Credential| (credential.name, json!(credential.scopes));
    credentials(route).into_iter().map(|credential| Value::Object(Map::from_iter([pair(credential)]))).collect()
}

fn credentials(route: &Route) -> Vec<Credential> {
    let Auth { session, token, key, instead, public, .. } = route.auth;
    if public {
        return Vec::new();
    }
    let scopes: Vec<&'static str> = route.scope.into_iter().chain(route.also_scopes.iter().copied()).collect();
    let mut found = Vec::new();
    if session {
        let about = format!("The dashboard's session. Over plain http its name is {}.", cookie_name(false));
        let scheme = json!({ "type": "apiKey", "in": "cookie", "name": cookie_name(true), "description": about });
        found.push(Credential { name: "sessionCookie".to_owned(), scheme, scopes: Vec::new() });
        let scheme = bearer("The text of a session, ses_…".to_owned());
        found.push(Credential { name: "session".to_owned(), scheme, scopes: Vec::new() });
    }
    if token {
        let scheme = bearer("A personal access token, pat_…, with the scopes that an operation names".to_owned());
        found.push(Credential { name: "personalAccessToken".to_owned(), scheme, scopes: scopes.clone() });
    }
    if let Some(kind) = key {
        let kind = kind.as_str();
        let about = format!("An API key of kind {kind} with the scopes that an operation names");
        let scheme = if route.surface.customs.bare_key {
            let about = format!("{about}; also as `Bearer` and the key");
            json!({ "type": "apiKey", "in": "header", "name": "Authorization", "description": about })
        } else {
            bearer(about)
        };
        found.push(Credential { name: format!("{kind}_key"), scheme, scopes: scopes.clone() });
        if let Some((header, _)) = route.surface.customs.key_header {
            let about = format!("An API key of kind {kind} with the scopes that an operation names");
            let scheme = json!({ "type": "apiKey", "in": "header", "name": header, "description": about });
            found.push(Credential { name: format!("{kind}_key_header"), scheme, scopes });
        }
    }
    if let Some(header) = instead {
        let scheme = json!({ "type": "apiKey", "in": "header", "name": header });
        found.push(Credential { name: header.to_owned(), scheme, scopes: Vec::new() });
    }
    found
}

fn bearer(about: String) -> Value {
    json!({ "type": "http", "scheme": "bearer", "description": about })
}

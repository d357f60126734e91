//! Calling a service with the credentials of a connection (console contract, section 5.1), for every slice that calls one: tests of
//! connections, and steps of flows that use them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_model::id::{ConnectionId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_store::Tx;
use floe_store::access::connections::{self as rows, Connection};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::Platform;
use crate::seal::Place;

/// Header of a key unless the connection names one.
const KEY_HEADER: &str = "x-api-key";
/// Providers to whose URL a message can be posted.
pub const MESSAGE_TAKERS: &[&str] = &["slack", "discord", "teams"];
/// Types that speak no HTTP.
const NOT_HTTP: &[&str] = &["database", "smtp"];
/// The type of servers of the Model Context Protocol.
pub const MCP: &str = "mcp";

/// A connection that can be used now. Never logged: it holds the secret.
pub struct Opened {
    /// The record.
    pub row: Connection,
    /// What is no secret.
    pub config: Map<String, Value>,
    secret: Map<String, Value>,
}

/// What can be asked of connections of a provider and type, by name: `send_message`, `request`. Those of MCP servers are the tools that
/// the server names itself.
#[must_use]
pub fn operations(provider: &str, kind: &str) -> Vec<&'static str> {
    let speaks = !NOT_HTTP.contains(&kind);
    let takes = (speaks && MESSAGE_TAKERS.contains(&provider)).then_some("send_message");
    let calls = (speaks && kind != MCP).then_some("request");
    takes.into_iter().chain(calls).collect()
}

/// The active connection that has this id or name, with its secret.
///
/// # Errors
/// Of the database; internal when the record is damaged.
pub fn open(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    id_or_name: &str,
) -> Result<Option<Opened>, Fault> {
    let Some(row) = find(tx, workspace, id_or_name)?.filter(|row| row.status == "active") else { return Ok(None) };
    let config = serde_json::from_str(&row.config).map_err(Fault::internal)?;
    let secret = match &row.secret {
        Some(sealed) => {
            let text = platform.seal.open_text(tx, workspace, Place::connection(row.id), sealed)?;
            serde_json::from_str(&text).map_err(|_| Fault::internal("the secret of a connection cannot be read"))?
        }
        None => Map::new(),
    };
    Ok(Some(Opened { row, config, secret }))
}

/// The connection that has this id or name.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id_or_name: &str) -> Result<Option<Connection>, Fault> {
    if let Ok(id) = ConnectionId::parse(id_or_name)
        && let Some(row) = rows::find(tx, workspace, id)?
    {
        return Ok(Some(row));
    }
    if id_or_name.chars().any(char::is_control) {
        return Ok(None);
    }
    match rows::named(tx, workspace, id_or_name)? {
        Some(id) => rows::find(tx, workspace, id),
        None => Ok(None),
    }
}

impl Opened {
    /// A setting that is a text.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.config.get(key).and_then(Value::as_str)
    }

    /// Adds the credentials; gives the URL, which may carry them.
    ///
    /// # Errors
    /// `not_supported` for a secret that no header can carry.
    pub fn authorize(&self, url: String, headers: &mut HeaderMap) -> Result<String, Fault> {
        authorize(&self.row.kind, &self.config, &self.secret, url, headers)
    }

    /// Every text of the secret, for taking it out of what comes back.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secret.values().filter_map(Value::as_str)
    }
}

/// Adds the credentials of a connection of a type; gives the URL, which may carry them.
///
/// # Errors
/// `not_supported` for a secret that no header can carry; 400 for a header that is none.
pub fn authorize(
    kind: &str,
    config: &Map<String, Value>,
    secret: &Map<String, Value>,
    url: String,
    headers: &mut HeaderMap,
) -> Result<String, Fault> {
    let part = |key: &str| secret.get(key).and_then(Value::as_str).unwrap_or_default();
    let setting = |key: &str| config.get(key).and_then(Value::as_str);
    let mut bearer = |token: &str| insert(headers, AUTHORIZATION, &format!("Bearer {token}"));
    match kind {
        "bearer" => bearer(part("token"))?,
        "oauth2_token" => bearer(part("access_token"))?,
        MCP if !part("token").is_empty() => bearer(part("token"))?,
        "basic" => {
            let pair = STANDARD.encode(format!("{}:{}", part("username"), part("password")));
            insert(headers, AUTHORIZATION, &format!("Basic {pair}"))?;
        }
        "api_key" => match setting("query_parameter") {
            Some(name) => return Ok(with_parameter(&url, name, part("api_key"))),
            None => {
                let name = setting("header").unwrap_or(KEY_HEADER);
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| Fault::field("/config/header", "value", "config.header is no header name"))?;
                insert(headers, name, part("api_key"))?;
            }
        },
        "custom_headers" => {
            for (name, value) in secret {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
                insert(headers, name, value.as_str().unwrap_or_default())?;
            }
        }
        _ => {}
    }
    Ok(url)
}

/// The URL with a parameter behind its query; letters other than the unreserved ones are percent-encoded.
#[must_use]
pub fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let encoded = |text: &str| -> String {
        text.bytes().fold(String::new(), |mut all, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => all.push(char::from(byte)),
                _ => all.push_str(&format!("%{byte:02X}")),
            }
            all
        })
    };
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}={}", encoded(name), encoded(value))
}

/// A path below the base URL of a connection: it cannot lead to another host, nor out of the base.
///
/// # Errors
/// Why not, for a message that names the path.
pub fn below(base: &str, path: &str) -> Result<String, &'static str> {
    let plain = path.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let plain = plain.replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
    if plain.split(['/', '\\']).any(|part| part == "..") {
        return Err("leads out of the base URL of the connection");
    }
    if path.contains("://") && !path.starts_with('/') {
        return Err("is a URL of its own");
    }
    let path = path.trim().trim_start_matches('/');
    Ok(if path.is_empty() { base.to_owned() } else { format!("{}/{path}", base.trim_end_matches('/')) })
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Fault> {
    let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn unsendable() -> Fault {
    Fault::new(FaultKind::Unprocessable, "not_supported", "The secret holds characters that no header can carry")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_base() {
        let base = "https://crm.example/api/";
        for (path, url) in [
            ("/v1/things", "https://crm.example/api/v1/things"),
            ("v1?q=a..b", "https://crm.example/api/v1?q=a..b"),
            ("", "https://crm.example/api/"),
            ("//evil.example/x", "https://crm.example/api/evil.example/x"),
        ] {
            assert_eq!(below(base, path).as_deref(), Ok(url), "{path}");
        }
        for path in ["../admin", "v1/%2e%2E/x", "v1/..%2Fx", "v1%5C%2e.", "https://evil.example", "a\\..\\b"] {
            assert!(below(base, path).is_err(), "{path}");
        }
    }
}

//! Secrets of a definition: headers that are sent, and never come back.

use floe_runtime::tools::ToolFault;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Headers of a definition at most.
const HEADERS_MAX: usize = 50;
/// Bytes of a value from which on it is looked for in answers; shorter ones would be found in every text.
const SECRET_BYTES_MIN: usize = 6;
/// Headers whose values are words that every text may hold.
const PLAIN: [&str; 5] = ["accept", "accept-language", "cache-control", "content-type", "user-agent"];
/// In place of a secret.
const HIDDEN: &str = "***";

/// Headers with secrets in them.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    headers: HeaderMap,
    values: Vec<String>,
}

impl Secrets {
    /// Reads `headers` of a definition: an object of texts.
    ///
    /// # Errors
    /// `invalid_definition`; never with a value.
    pub(super) fn read(definition: &Value) -> Result<Self, ToolFault> {
        let wrong = |what: &str| ToolFault::new("invalid_definition", format!("headers {what}"));
        let map = match definition.get("headers") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(wrong("must be an object")),
        };
        if map.len() > HEADERS_MAX {
            return Err(wrong(&format!("must be at most {HEADERS_MAX}")));
        }
        let mut secrets = Self::default();
        for (name, value) in map {
            let name: HeaderName = name.trim().parse().map_err(|_| wrong("hold a name that is none"))?;
            let text = value.as_str().ok_or_else(|| wrong(&format!("hold a value for {name} that is no text")))?;
            let mut value = HeaderValue::from_str(text.trim())
                .map_err(|_| wrong(&format!("hold a value for {name} that cannot be sent")))?;
            value.set_sensitive(true);
            if !PLAIN.contains(&name.as_str()) {
                secrets.remember(text.trim());
            }
            secrets.headers.insert(name, value);
        }
        Ok(secrets)
    }

    /// The value, and what is left of it after a word such as `Bearer`.
    fn remember(&mut self, value: &str) {
        let last = value.rsplit(' ').next().unwrap_or(value);
        for part in [value, last] {
            if part.len() >= SECRET_BYTES_MIN && !self.values.iter().any(|known| known == part) {
                self.values.push(part.to_owned());
            }
        }
    }

    /// The headers to be sent.
    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A text in which none of the values is left: a server may repeat what it was sent.
    pub(super) fn hide(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, value| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), HIDDEN) } else { text }
        })
    }

    /// [`Secrets::hide`] for every text of a value.
    pub(super) fn hide_in(&self, value: Value) -> Value {
        if self.values.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.hide_in(item)).collect()),
            Value::Object(map) => {
                Value::Object(map.into_iter().map(|(name, value)| (self.hide(&name), self.hide_in(value))).collect())
            }
            other => other,
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.headers.len())
    }
}

//! Types of connections: what each is set up with, and what its secret is made of (console contract, section 5.1).

use floe_model::{Fault, FieldProblem};
use serde_json::{Map, Value, json};

/// Characters of one part of a secret at most.
const SECRET_CHARS_MAX: usize = 16_384;
/// Characters of one setting at most.
const SETTING_CHARS_MAX: usize = 2_000;
/// Headers of a connection with headers of its own.
const HEADERS_MAX: usize = 20;
/// Characters of a secret from which its last ones may be shown.
const TAIL_FROM_CHARS: usize = 12;
/// How many of them.
const TAIL_CHARS: usize = 4;

/// How a service is told who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key in a header of the service's choice, or in the query.
    ApiKey,
    /// A token in `Authorization: Bearer`.
    Bearer,
    /// Name and password in `Authorization: Basic`.
    Basic,
    /// A token of an OAuth provider, sent like a bearer token.
    Oauth2Token,
    /// A database server.
    Database,
    /// A mail server.
    Smtp,
    /// Any headers.
    CustomHeaders,
    /// A server of the Model Context Protocol.
    Mcp,
}

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Url,
    Port,
    Flag,
}

/// One setting or one part of a secret.
struct Part {
    key: &'static str,
    label: &'static str,
    holds: Holds,
    required: bool,
}

const fn text(key: &'static str, label: &'static str) -> Part {
    Part { key, label, holds: Holds::Text, required: false }
}

const fn must(key: &'static str, label: &'static str) -> Part {
    Part { key, label, holds: Holds::Text, required: true }
}

const BASE_URL: Part = Part { key: "base_url", label: "Base URL", holds: Holds::Url, required: false };
const TEST_PATH: Part = text("test_path", "Path that a test calls");
const PORT: Part = Part { key: "port", label: "Port", holds: Holds::Port, required: false };
const TLS: Part = Part { key: "tls", label: "Encrypted", holds: Holds::Flag, required: false };

const HTTP_SETTINGS: &[Part] = &[BASE_URL, TEST_PATH];
const API_KEY_SETTINGS: &[Part] = &[
    BASE_URL,
    TEST_PATH,
    text("header", "Header that carries the key"),
    text("query_parameter", "Parameter of the query that carries the key"),
];
const DATABASE_SETTINGS: &[Part] =
    &[text("host", "Host"), PORT, must("database", "Database"), text("username", "User"), TLS];
const SMTP_SETTINGS: &[Part] = &[must("host", "Host"), PORT, text("username", "User"), text("from", "Sender"), TLS];
const MCP_SETTINGS: &[Part] = &[Part { key: "url", label: "URL", holds: Holds::Url, required: true }];

impl Kind {
    /// Every type.
    pub const ALL: [Self; 8] = [
        Self::ApiKey,
        Self::Bearer,
        Self::Basic,
        Self::Oauth2Token,
        Self::Database,
        Self::Smtp,
        Self::CustomHeaders,
        Self::Mcp,
    ];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Oauth2Token => "oauth2_token",
            Self::Database => "database",
            Self::Smtp => "smtp",
            Self::CustomHeaders => "custom_headers",
            Self::Mcp => "mcp",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it speaks HTTP, so that a test can be made.
    #[must_use]
    pub const fn is_http(self) -> bool {
        !matches!(self, Self::Database | Self::Smtp)
    }

    /// Whether it works without a secret.
    #[must_use]
    pub const fn may_lack_secret(self) -> bool {
        matches!(self, Self::Mcp | Self::Database)
    }

    const fn settings(self) -> &'static [Part] {
        match self {
            Self::ApiKey => API_KEY_SETTINGS,
            Self::Bearer | Self::Basic | Self::Oauth2Token | Self::CustomHeaders => HTTP_SETTINGS,
            Self::Database => DATABASE_SETTINGS,
            Self::Smtp => SMTP_SETTINGS,
            Self::Mcp => MCP_SETTINGS,
        }
    }

    /// Parts of the secret; the last one is the secret itself, and can be given alone as a text where it is the only one.
    const fn secrets(self) -> &'static [Part] {
        const KEY: &[Part] = &[must("api_key", "Key")];
        const TOKEN: &[Part] = &[must("token", "Token")];
        const ACCESS_TOKEN: &[Part] = &[must("access_token", "Access token")];
        const PAIR: &[Part] = &[must("username", "User"), must("password", "Password")];
        const PASSWORD: &[Part] = &[must("password", "Password")];
        match self {
            Self::ApiKey => KEY,
            Self::Bearer | Self::Mcp => TOKEN,
            Self::Oauth2Token => ACCESS_TOKEN,
            Self::Basic => PAIR,
            Self::Database | Self::Smtp => PASSWORD,
            Self::CustomHeaders => &[],
        }
    }

    /// What forms need to know.
    #[must_use]
    pub fn form(self) -> Value {
        let parts = |parts: &[Part]| -> Value {
            let part = |part: &Part| {
                let holds = match part.holds {
                    Holds::Text => "text",
                    Holds::Url => "url",
                    Holds::Port => "number",
                    Holds::Flag => "boolean",
                };
                json!({ "key": part.key, "label": part.label, "type": holds, "required": part.required })
            };
            parts.iter().map(part).collect()
        };
        json!({ "type": self.as_str(), "config": parts(self.settings()), "secret": parts(self.secrets()), "can_be_tested": self.is_http() })
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// 400 naming each wrong one.
    pub fn check_config(self, config: &Map<String, Value>) -> Result<(), Fault> {
        let mut problems = Vec::new();
        for part in self.settings() {
            match config.get(part.key).filter(|value| !value.is_null()) {
                None if part.required => problems.push(problem("config", part.key, "required", "is required")),
                None => {}
                Some(value) => {
                    if let Err(what) = part.holds.check(value) {
                        problems.push(problem("config", part.key, "value", what));
                    }
                }
            }
        }
        for key in config.keys().filter(|key| !self.settings().iter().any(|part| part.key == **key)) {
            let shown: String = key.chars().take(100).collect();
            problems.push(problem("config", &shown, "unknown_field", "is no setting of this type"));
        }
        if let Some(header) = config.get("header").and_then(Value::as_str)
            && http::HeaderName::from_bytes(header.as_bytes()).is_err()
        {
            problems.push(problem("config", "header", "value", "is no header name"));
        }
        if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
    }

    /// The secret as an object of its parts.
    ///
    /// # Errors
    /// 400 naming each wrong part; never its value.
    pub fn read_secret(self, given: &Value) -> Result<Map<String, Value>, Fault> {
        if self == Self::CustomHeaders {
            return read_headers(given);
        }
        let parts = self.secrets();
        let given = match (given, parts) {
            (Value::String(_), [only]) => Map::from_iter([(only.key.to_owned(), given.clone())]),
            (Value::Object(map), _) => map.clone(),
            _ => return Err(Fault::field("/secret", "type", format!("secret must be {}", self.secret_words()))),
        };
        let mut problems = Vec::new();
        for part in parts {
            let is_good = |value: &Value| value.as_str().is_some_and(|text| is_secret_text(text, SECRET_CHARS_MAX));
            if !given.get(part.key).is_some_and(is_good) {
                problems.push(problem("secret", part.key, "value", "must be a text without control characters"));
            }
        }
        for key in given.keys().filter(|key| !parts.iter().any(|part| part.key == **key)) {
            let shown: String = key.chars().take(100).collect();
            problems.push(problem("secret", &shown, "unknown_field", "is no part of this secret"));
        }
        if problems.is_empty() { Ok(given) } else { Err(Fault::validation(problems)) }
    }

    /// The last characters of a secret, when it is long enough that they tell little.
    #[must_use]
    pub fn tail(self, secret: &Map<String, Value>) -> Option<String> {
        let main = self.secrets().last().and_then(|part| secret.get(part.key)).and_then(Value::as_str)?;
        let letters: Vec<char> = main.chars().collect();
        (letters.len() >= TAIL_FROM_CHARS).then(|| letters[letters.len() - TAIL_CHARS..].iter().collect())
    }

    fn secret_words(self) -> String {
        let keys: Vec<&str> = self.secrets().iter().map(|part| part.key).collect();
        match keys[..] {
            [only] => format!("a text, or an object with {only}"),
            _ => format!("an object with {}", keys.join(" and ")),
        }
    }
}

impl Holds {
    fn check(self, value: &Value) -> Result<(), &'static str> {
        let ok = match self {
            Self::Text => value.as_str().is_some_and(|text| is_secret_text(text, SETTING_CHARS_MAX)),
            Self::Url => value.as_str().is_some_and(|text| {
                text.len() <= SETTING_CHARS_MAX && (text.starts_with("https://") || text.starts_with("http://"))
            }),
            Self::Port => value.as_u64().is_some_and(|port| (1..=65_535).contains(&port)),
            Self::Flag => value.is_boolean(),
        };
        let what = match self {
            Self::Text => "must be a text",
            Self::Url => "must be an http or https URL",
            Self::Port => "must be a number from 1 to 65535",
            Self::Flag => "must be true or false",
        };
        if ok { Ok(()) } else { Err(what) }
    }
}

fn read_headers(given: &Value) -> Result<Map<String, Value>, Fault> {
    let wrong = |what: &str| Fault::field("/secret", "value", format!("secret must be {what}"));
    let Value::Object(map) = given else { return Err(wrong("an object of header names and values")) };
    let is_good = |(name, value): (&String, &Value)| {
        http::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && value.as_str().is_some_and(|text| http::HeaderValue::from_str(text).is_ok())
    };
    if map.is_empty() || map.len() > HEADERS_MAX || !map.iter().all(is_good) {
        return Err(wrong(&format!("an object of 1 to {HEADERS_MAX} header names and values")));
    }
    Ok(map.clone())
}

fn is_secret_text(text: &str, most: usize) -> bool {
    let count = text.chars().count();
    (1..=most).contains(&count) && !text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\r')
}

fn problem(group: &str, key: &str, code: &'static str, what: &str) -> FieldProblem {
    FieldProblem::new(format!("/{group}/{key}"), code, format!("{group}.{key} {what}"))
}

//! Whether a call of an address may fire its trigger: method, origin, and what the caller proves himself with (Workflow API contract,
//! section 11).

use floe_model::flows::trigger::{AuthKind, WebhookRules};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::inbound::Inbound;

/// Headers that may hold the signature, the first one that is there counts.
const SIGNATURE_HEADERS: [&str; 3] = ["x-hub-signature-256", "x-signature", "x-webhook-signature"];
/// What may stand before a signature.
const SIGNATURE_PREFIX: &str = "sha256=";
/// Hex digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// Why a call fires nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Another method.
    Method,
    /// The page that it came from may not call.
    Origin,
    /// The caller did not prove himself.
    Caller,
}

impl Refused {
    /// Status of the answer.
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Origin => 403,
            Self::Caller => 401,
        }
    }

    /// Why, for people. It does not tell what would have been right.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Method => "The trigger does not take this method",
            Self::Origin => "The trigger does not take calls from this origin",
            Self::Caller => "Authentication failed",
        }
    }
}

/// Checks a call against the rules of its trigger.
pub(super) fn check(rules: &WebhookRules, secret: Option<&str>, call: &Inbound) -> Result<(), Refused> {
    // Who only looks whether there is something at an address starts nothing.
    if call.method == "HEAD" || rules.method.as_deref().is_some_and(|method| method != call.method) {
        return Err(Refused::Method);
    }
    if !rules.origins.is_empty()
        && let Some(origin) = call.header("origin")
        && !rules
            .origins
            .iter()
            .any(|allowed| allowed == "*" || allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
    {
        return Err(Refused::Origin);
    }
    let proven = match rules.auth {
        AuthKind::None => true,
        AuthKind::ApiKey => same(secret, call.header("x-api-key")),
        AuthKind::Bearer => same(secret, call.header("authorization").and_then(bearer)),
        AuthKind::Hmac => signed(secret, call),
    };
    if proven { Ok(()) } else { Err(Refused::Caller) }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares two secrets in a time that tells nothing about them.
fn same(secret: Option<&str>, given: Option<&str>) -> bool {
    let (Some(secret), Some(given)) = (secret, given) else { return false };
    let digest = mac(secret.as_bytes(), secret.as_bytes()).finalize().into_bytes();
    mac(secret.as_bytes(), given.as_bytes()).verify_slice(&digest).is_ok()
}

fn signed(secret: Option<&str>, call: &Inbound) -> bool {
    let Some(secret) = secret else { return false };
    let Some(given) = SIGNATURE_HEADERS.iter().find_map(|name| call.header(name)) else { return false };
    let digits = given.trim();
    let digits = digits.strip_prefix(SIGNATURE_PREFIX).unwrap_or(digits);
    bytes_of(digits).is_some_and(|given| mac(secret.as_bytes(), &call.body).verify_slice(&given).is_ok())
}

/// The bytes of a signature; none unless it has exactly as many hex digits as one has.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.len() == SIGNATURE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => (byte | 0x20) - b'a' + 10,
    }
}

fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests;

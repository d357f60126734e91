//! Secrets and signatures, as pure functions.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use floe_model::webhooks::Style;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every secret begins with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// The text of a new secret: `whsec_` and 32 random bytes, for style `treasury` as 43 characters of base64url, for style `standard` as
/// base64, for style `workflow` as 64 hex digits (treasury contract, section 10.6; console contract, section 5.4; Workflow API contract,
/// section 8.7).
#[must_use]
pub fn secret_text(style: Style, random: &[u8; SECRET_BYTES]) -> String {
    match style {
        Style::Treasury => format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)),
        Style::Workflow => format!("{PREFIX}{}", hex(random)),
        Style::Standard | Style::Callback => format!("{PREFIX}{}", STANDARD.encode(random)),
    }
}

/// The signature of style `treasury`: `sha256=` and the lower-case hex HMAC-SHA-256 of the exact body; the key is the whole text of the
/// secret (treasury contract, section 8.1).
#[must_use]
pub fn treasury(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex(&hmac(secret.as_bytes(), &[body])))
}

/// The signature of style `workflow`: `v1=` and the lower-case hex HMAC-SHA-256 of the exact body; the key is the whole text of the
/// secret (Workflow API contract, section 10).
#[must_use]
pub fn workflow(secret: &str, body: &[u8]) -> String {
    format!("v1={}", hex(&hmac(secret.as_bytes(), &[body])))
}

/// The signature of Standard Webhooks: `v1,` and the base64 HMAC-SHA-256 of `id.timestamp.body` for each secret; the key is what
/// follows `whsec_`, decoded. A secret that cannot be decoded signs nothing.
#[must_use]
pub fn standard<'a>(secrets: impl IntoIterator<Item = &'a str>, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let timestamp = timestamp_s.to_string();
    let keys =
        secrets.into_iter().filter_map(|secret| STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok());
    let signatures: Vec<String> = keys
        .map(|key| {
            let mac = hmac(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
            format!("v1,{}", STANDARD.encode(mac))
        })
        .collect();
    signatures.join(" ")
}

fn hex(bytes: &[u8]) -> String {
    floe_model::hex::encode(bytes)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;

//! Secrets: the server's own, the keyed hashes made under it, and new texts.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The 32 bytes under which everything secret is hashed. Whoever has them and the database can test guesses; whoever has
/// the database alone cannot.
#[derive(Clone)]
pub struct ServerSecret([u8; 32]);

impl ServerSecret {
    /// Takes the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one purpose; keys of different labels tell nothing about each other.
    #[must_use]
    pub fn derive(&self, label: &str) -> [u8; 32] {
        hmac(&self.0, label.as_bytes())
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret(..)")
    }
}

/// Hashes the texts of one kind of secret. The key is worked in once, which is two fifths of hashing a short text.
#[derive(Clone)]
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// For one kind of secret; the same text has another hash under another label.
    pub(crate) fn new(secret: &ServerSecret, label: &str) -> Self {
        Self(keyed(&secret.derive(label)))
    }

    /// The keyed hash of bytes; a secret itself, as long as nobody is told.
    pub(crate) fn hash_bytes(&self, bytes: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// The keyed hash under which a text is looked up.
    pub(crate) fn hash(&self, text: &str) -> [u8; 32] {
        self.hash_bytes(text.as_bytes())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

/// SHA-256, for digests that are no secret.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Compares two hashes in constant time.
#[must_use]
pub fn same_hash(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}

/// 32 random bytes as 43 base64url characters.
pub(crate) fn opaque_text(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// The first 128 bits of a digest, as the id of a bucket or an attempt.
pub(crate) fn digest_id(parts: &[&str]) -> u128 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(head)
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn hmac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;

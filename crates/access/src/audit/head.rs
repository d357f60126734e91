//! Signed heads: the end of a chain at one moment, under the key of this server.
//!
//! The signature is Ed25519 over the canonical JSON (RFC 8785) of the head without its signature. The key is derived from the server's
//! secret, so it is the same on every node and after every restart; a head names its public half, so that it can be checked
//! without the server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use floe_engine::canonical::canonical_json;
use floe_model::Timestamp;
use floe_model::hex;
use floe_model::id::WorkspaceId;
use floe_store::platform::audit_heads::Head;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Map, Value};

use super::chain::unhex;
use crate::secret::ServerSecret;

/// A signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// Whose chain.
    pub workspace: WorkspaceId,
    /// Number of the last entry; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was signed.
    pub at: Timestamp,
    /// Public key of the server.
    pub public_key: [u8; 32],
    /// Its signature.
    pub signature: [u8; 64],
}

/// Signs heads.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    public_key: [u8; 32],
}

impl Signer {
    /// With the key that belongs to a server's secret.
    pub(crate) fn new(secret: &ServerSecret) -> Self {
        let seed = secret.derive("audit-head");
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed of 32 bytes is an Ed25519 key");
        let mut public_key = [0; 32];
        public_key.copy_from_slice(pair.public_key().as_ref());
        Self { pair, public_key }
    }

    /// The public key.
    pub(crate) const fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// Signs the end of a chain.
    pub(crate) fn sign(&self, workspace: WorkspaceId, seq: i64, hash: [u8; 32], at: Timestamp) -> SignedHead {
        // What is shown has milliseconds, and what is shown is what is signed.
        let at = Timestamp(at.millis().saturating_mul(1_000));
        let mut head = SignedHead { workspace, seq, hash, at, public_key: self.public_key, signature: [0; 64] };
        let signature = self.pair.sign(head.message().as_bytes());
        head.signature.copy_from_slice(signature.as_ref());
        head
    }
}

impl SignedHead {
    /// Whether the signature is that of the key that the head names.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        verify(&self.public_key, self.message().as_bytes(), &self.signature)
    }

    /// As the API shows it.
    #[must_use]
    pub fn object(&self) -> Value {
        let mut object = self.unsigned();
        object.insert("signature".to_owned(), STANDARD.encode(self.signature).into());
        Value::Object(object)
    }

    /// Reads what [`SignedHead::object`] shows; the signature is not checked.
    ///
    /// # Errors
    /// The member that is missing or wrong.
    pub fn read(value: &Value) -> Result<Self, &'static str> {
        let text = |name: &'static str| value.get(name).and_then(Value::as_str).ok_or(name);
        let bytes = |name: &'static str| STANDARD.decode(text(name)?).map_err(|_| name);
        let seq = value.get("seq").and_then(Value::as_i64).filter(|seq| *seq >= 0);
        let at = Timestamp::parse(text("at")?).filter(|at| at.micros() % 1_000 == 0);
        Ok(Self {
            workspace: WorkspaceId::parse(text("workspace_id")?).map_err(|_| "workspace_id")?,
            seq: seq.ok_or("seq")?,
            hash: unhex(text("hash")?).ok_or("hash")?,
            at: at.ok_or("at")?,
            public_key: bytes("public_key")?.try_into().map_err(|_| "public_key")?,
            signature: bytes("signature")?.try_into().map_err(|_| "signature")?,
        })
    }

    /// A head from the database; none when its bytes are none.
    pub(crate) fn of_stored(stored: &Head) -> Option<Self> {
        Some(Self {
            workspace: stored.workspace,
            seq: stored.seq,
            hash: stored.hash.as_slice().try_into().ok()?,
            at: stored.at,
            public_key: stored.public_key.as_slice().try_into().ok()?,
            signature: stored.signature.as_slice().try_into().ok()?,
        })
    }

    /// As it is stored.
    pub(crate) fn to_stored(&self) -> Head {
        Head {
            workspace: self.workspace,
            seq: self.seq,
            hash: self.hash.to_vec(),
            at: self.at,
            public_key: self.public_key.to_vec(),
            signature: self.signature.to_vec(),
        }
    }

    fn message(&self) -> String {
        canonical_json(&Value::Object(self.unsigned()))
    }

    fn unsigned(&self) -> Map<String, Value> {
        let members = [
            ("workspace_id", self.workspace.prefixed().into()),
            ("seq", self.seq.into()),
            ("hash", hex::encode(&self.hash).into()),
            ("at", self.at.to_string().into()),
            ("public_key", STANDARD.encode(self.public_key).into()),
        ];
        members.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect()
    }
}

/// Checks an Ed25519 signature (RFC 8032).
pub(crate) fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests;

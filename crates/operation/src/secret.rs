//! The server's secret, as far as operation needs it: a fingerprint that tells keys apart, and its text for a backup that holds it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_model::hex;
use sha2::{Digest, Sha256};

/// Hex digits of a fingerprint.
const DIGITS: usize = 16;

/// 32 bytes. Never logged, hence no `Debug`.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The secret.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What may be shown of it: 16 hex digits. It tells two keys apart and says nothing about either, since keys are random.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update(b"floe secret key\0").chain_update(self.0).finalize();
        hex::encode(&digest)[..DIGITS].to_owned()
    }

    /// Its text in the key file.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the text of a key file.
    #[must_use]
    pub(crate) fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim().trim_end_matches('=').replace('-', "+").replace('_', "/");
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(trimmed).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

//! Hashing passwords: argon2id with 19 MiB, 2 passes, 1 lane; two at a time (console contract, section 2.2).

use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use floe_model::{Fault, FaultKind};
use tokio::sync::Semaphore;

use crate::secret::same_hash;

const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at a time.
const AT_A_TIME: usize = 2;
/// Seconds that one more waits for its turn.
const WAIT_S: u64 = 5;
/// Seconds after which a caller that was turned away should come again.
const RETRY_S: u64 = 5;

/// Hashes passwords.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// The PHC string of a new password.
    ///
    /// # Errors
    /// `overloaded` when the turn does not come in time.
    pub(crate) async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Fault> {
        let hash = self.compute(password.to_owned(), salt).await?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}"))
    }

    /// Whether a password is the one of a PHC string. Without a string the same work is done, and the answer is no: so an
    /// unknown account takes the same time as a wrong password.
    ///
    /// # Errors
    /// `overloaded` when the turn does not come in time.
    pub(crate) async fn verify(&self, password: &str, phc: Option<&str>) -> Result<bool, Fault> {
        let parts = phc.and_then(parse);
        let (salt, expected) = parts.unwrap_or(([0; 16], [0; 32]));
        let hash = self.compute(password.to_owned(), salt).await?;
        Ok(same_hash(&hash, &expected) && parts.is_some())
    }

    async fn compute(&self, password: String, salt: [u8; 16]) -> Result<[u8; 32], Fault> {
        let turn = tokio::time::timeout(Duration::from_secs(WAIT_S), Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            let fault = Fault::new(FaultKind::Overloaded, "overloaded", "Too many sign-ins at once; try again");
            return Err(fault.with_retry_after(RETRY_S));
        };
        let hashing = tokio::task::spawn_blocking(move || {
            let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|error| error.to_string())?;
            let mut hash = [0; 32];
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(password.as_bytes(), &salt, &mut hash)
                .map_err(|error| error.to_string())?;
            // Held until the work is done, not until somebody stops waiting for it.
            drop(turn);
            Ok::<_, String>(hash)
        });
        hashing.await.map_err(Fault::internal)?.map_err(Fault::internal)
    }
}

/// Salt and hash of a PHC string of ours; `None` for any other.
fn parse(phc: &str) -> Option<([u8; 16], [u8; 32])> {
    let rest = phc.strip_prefix("$argon2id$v=19$")?;
    let mut parts = rest.split('$');
    if parts.next()? != format!("m={MEMORY_KIB},t={PASSES},p={LANES}") {
        return None;
    }
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
    Some((salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new();
        let phc = passwords.hash("wandering otter", [7; 16]).await.expect("a hash");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(passwords.verify("wandering otter", Some(&phc)).await.expect("an answer"));
        assert!(!passwords.verify("wandering Otter", Some(&phc)).await.expect("an answer"));
        assert!(!passwords.verify("wandering otter", None).await.expect("an answer"));
        assert!(!passwords.verify("wandering otter", Some("$argon2id$junk")).await.expect("an answer"));
    }
}

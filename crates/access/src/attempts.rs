//! Failed sign-ins: after five for one account from one address, fifteen minutes of refusal (console contract, section 2.2).
//!
//! They are counted in the store, so that the count holds over all nodes and a restart.

use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::access::failures as rows;
use floe_store::access::members::Member;

use crate::act::Act;
use crate::secret::digest_id;
use crate::service::Access;
use crate::sessions::{invalid_credentials, too_many};

/// Failures that are forgiven.
const FAILURES_MAX: i64 = 5;
/// Seconds that failures are remembered, and that the refusal lasts.
pub(crate) const BLOCK_S: i64 = 15 * 60;

/// An attempt that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Digest of account and address.
    pair: u128,
    /// Whether there are failures to forget.
    failed_before: bool,
}

impl Access {
    /// Lets an attempt in, or says when to come again.
    pub(crate) async fn admit_attempt(&self, act: &Act, email: &str, now: Timestamp) -> Result<Attempt, Fault> {
        let address = self.admit_address(act, now)?;
        let pair = digest_id(&[email, &address]);
        let found = self.platform.store.read(move |tx| rows::find(tx, pair)).await?;
        match found.and_then(|(failures, last)| blocked_for(failures, last, now)) {
            Some(seconds) => Err(too_many(seconds)),
            None => Ok(Attempt { pair, failed_before: found.is_some() }),
        }
    }

    /// Checks a member's password, counted like a sign-in.
    pub(crate) async fn prove_password(&self, act: &Act, member: &Member, password: &str) -> Result<(), Fault> {
        let now = act.now();
        let attempt = self.admit_attempt(act, &member.email, now).await?;
        let store = &self.platform.store;
        if !self.passwords.verify(password, member.password_hash.as_deref()).await? {
            store.write(move |tx| attempt.failed(tx, now)).await?;
            return Err(invalid_credentials());
        }
        if attempt.failed_before {
            store.write(move |tx| attempt.succeeded(tx)).await?;
        }
        Ok(())
    }
}

impl Attempt {
    /// Counts a failure.
    pub(crate) fn failed(self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Fault> {
        rows::add(tx, self.pair, now, now.plus_seconds(-BLOCK_S))
    }

    /// Forgets the failures before it.
    pub(crate) fn succeeded(self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if self.failed_before { rows::clear(tx, self.pair) } else { Ok(()) }
    }
}

/// Seconds until a pair with these failures may try again; `None` when it may now.
pub(crate) fn blocked_for(failures: i64, last: Timestamp, now: Timestamp) -> Option<u64> {
    let left_ms = BLOCK_S * 1_000 - now.millis_since(last);
    (failures >= FAILURES_MAX && left_ms > 0).then(|| u64::try_from(left_ms / 1_000).unwrap_or(0) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_waits_fifteen_minutes() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        for (failures, now, expected) in
            [(4, 4, None), (5, 4, Some(901)), (5, 5, Some(900)), (9, 903, Some(2)), (5, 904, None), (9, 5_000, None)]
        {
            assert_eq!(blocked_for(failures, at(4), at(now)), expected, "{failures} failures, {now} s");
        }
    }
}

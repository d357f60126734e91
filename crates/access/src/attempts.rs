//! Failed sign-ins: after five for one account from one address, fifteen minutes of refusal (console contract, section 2.2).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use floe_model::Timestamp;

/// Failures that are forgiven.
const FAILURES_MAX: u32 = 5;
/// Milliseconds that failures are remembered, and that the refusal lasts.
const BLOCK_MS: i64 = 15 * 60 * 1_000;
/// Pairs of account and address that are remembered; over it the oldest are forgotten.
const PAIRS_MAX: usize = 50_000;

/// Counts failures in memory of this process.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<u128, Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    /// Seconds until the pair may try again; `None` when it may now.
    pub(crate) fn blocked_for(&self, pair: u128, now: Timestamp) -> Option<u64> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = map.get(&pair).filter(|failures| failures.count >= FAILURES_MAX)?;
        let left_ms = BLOCK_MS - now.millis_since(failures.last);
        (left_ms > 0).then(|| u64::try_from(left_ms / 1_000).unwrap_or(0) + 1)
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, pair: u128, now: Timestamp) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= PAIRS_MAX {
            map.retain(|_, failures| now.millis_since(failures.last) < BLOCK_MS);
        }
        if map.len() >= PAIRS_MAX {
            map.clear();
        }
        let failures = map.entry(pair).or_insert(Failures { count: 0, last: now });
        if now.millis_since(failures.last) >= BLOCK_MS {
            failures.count = 0;
        }
        *failures = Failures { count: failures.count.saturating_add(1), last: now };
    }

    /// Forgets the failures of a pair that signed in.
    pub(crate) fn succeeded(&self, pair: u128) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_waits_fifteen_minutes() {
        let attempts = Attempts::default();
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        for second in 0..5 {
            assert_eq!(attempts.blocked_for(1, at(second)), None);
            attempts.failed(1, at(second));
        }
        assert_eq!(attempts.blocked_for(1, at(4)), Some(901));
        assert_eq!(attempts.blocked_for(2, at(4)), None);
        assert_eq!(attempts.blocked_for(1, at(904)), None);
        attempts.failed(1, at(904));
        assert_eq!(attempts.blocked_for(1, at(905)), None);
    }
}

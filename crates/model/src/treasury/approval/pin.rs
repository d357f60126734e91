//! The PIN that may be asked for with an approval, and its lock (treasury contract, section 6).

use crate::Timestamp;

/// Wrong tries in a row that lock a PIN.
pub const PIN_TRIES: u32 = 5;
/// Seconds for which it stays locked.
pub const PIN_LOCK_S: i64 = 15 * 60;

/// Whether a text is a PIN: 4 to 6 ASCII digits.
#[must_use]
pub fn is_pin(text: &str) -> bool {
    (4..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The tries of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PinLock {
    /// Wrong ones in a row.
    pub failures: u32,
    /// Until when no try is looked at.
    pub locked_until: Option<Timestamp>,
}

impl PinLock {
    /// Whether no try is looked at now.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// After a wrong try that was looked at. After a lock the count starts over.
    #[must_use]
    pub fn after_failure(self, now: Timestamp) -> Self {
        let before = if self.locked_until.is_some() { 0 } else { self.failures };
        let failures = before.saturating_add(1);
        let locked_until = (failures >= PIN_TRIES).then(|| now.plus_seconds(PIN_LOCK_S));
        Self { failures, locked_until }
    }

    /// After a right try.
    #[must_use]
    pub fn after_success(self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests;

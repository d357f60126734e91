//! The wall clock: this tool watches a real process, so it waits and measures in real time.
#![expect(clippy::disallowed_methods, reason = "waits for and measures a real process")]

use std::time::{Duration, Instant};

/// Now.
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Waits.
pub(super) fn pause_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Waits until something holds, looking every 2 ms; false when it does not within the limit.
pub(super) fn wait_until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = now();
    loop {
        if holds() {
            return true;
        }
        if began.elapsed() > limit {
            return false;
        }
        pause_ms(2);
    }
}

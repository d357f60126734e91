//! When the plans of a connection's statements are made anew.
//!
//! PostgreSQL plans a prepared statement for the sizes that its tables have by then, and keeps the plan until it learns that they have
//! changed, a minute later or more: what was planned on an empty table may read the whole of it for each row of an update (docs/adr/0053).

use std::time::{Duration, Instant};

/// Age of a connection at which its plans are first thrown away; the pause doubles from then on.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// Longest pause: about that between two looks of the server's own at how tables have grown.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What throws them away; each is made again when its statement is used.
pub(super) const DISCARD: &str = "discard plans";

/// How old the plans of a connection are.
#[derive(Debug)]
pub(super) struct Plans {
    made: Instant,
    pause: Duration,
}

impl Plans {
    /// Those of a connection that was made now.
    pub(super) fn new() -> Self {
        Self { made: now(), pause: PAUSE_FIRST }
    }

    /// Whether it is time to throw them away; true once a pause.
    pub(super) fn are_old(&mut self) -> bool {
        let now = now();
        if now.duration_since(self.made) < self.pause {
            return false;
        }
        self.made = now;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how old plans are; whether they are decides nothing but speed")]
fn now() -> Instant {
    Instant::now()
}

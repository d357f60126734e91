//! What the answers of this API share.

use floe_model::Timestamp;
use serde::Serialize;

/// An instant in whole seconds, rounded down: `2026-06-01T08:00:00Z` (Treasury contract, section 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        // Milliseconds and `Z` are always the last five characters.
        serializer.collect_str(&format_args!("{}Z", text.split('.').next().unwrap_or(&text)))
    }
}

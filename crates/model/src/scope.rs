//! Whose data a statement may touch: the first argument of every store function.

use serde::{Deserialize, Serialize};

use crate::id::WorkspaceId;

/// Live or test: the environment of a call (console contract, section 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Real money, real messages.
    Live,
    /// Nothing leaves: simulators and sandbox answers.
    Test,
}

impl Mode {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "live" => Some(Self::Live),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// The workspace and mode that a query is confined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// Live or test.
    pub mode: Mode,
}

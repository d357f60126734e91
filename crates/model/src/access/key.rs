//! Kinds and states of API keys (console contract, section 3).

use crate::scope::Mode;
use crate::time::Timestamp;

/// What an API key opens. Kinds are added with the surface that takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Client routes of the Flow API: `fl_live_…`, `fl_test_…`.
    Flows,
}

impl KeyKind {
    /// Every kind, in the order in which bundles make them.
    pub const ALL: [Self; 1] = [Self::Flows];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flows => "flows",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// How a key text of this kind and mode begins.
    #[must_use]
    pub const fn text_prefix(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Self::Flows, Mode::Live) => "fl_live_",
            (Self::Flows, Mode::Test) => "fl_test_",
        }
    }

    /// Every scope that a key of this kind may carry; all of them are its default.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Flows => &["flows.run", "flows.read"],
        }
    }

    /// The scopes of the key that the bundle `read_only` makes.
    #[must_use]
    pub const fn read_only_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Flows => &["flows.read"],
        }
    }

    /// Default limits: requests a minute and a day; 0 is no limit.
    #[must_use]
    pub const fn default_limits(self) -> (u32, u32) {
        match self {
            Self::Flows => (100, 5_000),
        }
    }
}

/// Whether a key works, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// Works.
    Active,
    /// Rotated; works until the overlap ends.
    Expiring,
    /// Past its end.
    Expired,
    /// Revoked for good.
    Revoked,
    /// Switched off; can be switched on again.
    Inactive,
}

impl KeyStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Inactive => "inactive",
        }
    }

    /// Whether a request with the key is let in.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

/// The state of a key from its row. Revocation wins over expiry, expiry over being switched off.
#[must_use]
pub fn key_status(
    is_active: bool,
    revoked: bool,
    rotated: bool,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> KeyStatus {
    if revoked {
        KeyStatus::Revoked
    } else if expires_at.is_some_and(|end| end <= now) {
        KeyStatus::Expired
    } else if !is_active {
        KeyStatus::Inactive
    } else if rotated {
        KeyStatus::Expiring
    } else {
        KeyStatus::Active
    }
}

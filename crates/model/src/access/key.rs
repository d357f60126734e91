//! Kinds and states of API keys (console contract, section 3).

use crate::scope::Mode;
use crate::time::Timestamp;

/// What an API key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The public side of the treasury: `fp_live_…`, `fp_test_…`.
    Treasury,
    /// The SDK routes of placements: `fp_live_…`, `fp_test_…`.
    PlacementsSdk,
    /// The management of placements: `fp_admin_…`, without a mode.
    PlacementsManagement,
    /// The agents API: `ak_live_…`, `ak_test_…`.
    Agents,
    /// The workflows API: `fm_live_…`, `fm_test_…`.
    Workflows,
    /// Client routes of the Flow API: `fl_live_…`, `fl_test_…`.
    Flows,
}

/// The scopes of a key of the treasury; `approvals:write` is given by name only.
const TREASURY_SCOPES: &[&str] = &[
    "runs:read",
    "runs:write",
    "recipients:read",
    "recipients:write",
    "wallet:read",
    "transactions:read",
    "audit:read",
    "approvals:write",
];

/// The scopes of a key of the workflows API (workflows contract, section 3).
const WORKFLOWS_SCOPES: &[&str] = &[
    "workflows:read",
    "workflows:execute",
    "executions:read",
    "executions:cancel",
    "agents:read",
    "agents:execute",
    "threads:read",
    "threads:write",
    "triggers:read",
    "triggers:execute",
    "knowledge-bases:read",
    "knowledge-bases:query",
    "webhooks:read",
    "webhooks:write",
];

/// The seven scopes of the workflows API that only read.
const WORKFLOWS_READ: &[&str] = &[
    "workflows:read",
    "executions:read",
    "agents:read",
    "threads:read",
    "triggers:read",
    "knowledge-bases:read",
    "webhooks:read",
];

impl KeyKind {
    /// Every kind, in the order in which bundles make them.
    pub const ALL: [Self; 6] =
        [Self::Treasury, Self::PlacementsSdk, Self::PlacementsManagement, Self::Agents, Self::Workflows, Self::Flows];

    /// Their words, for messages.
    pub const WORDS: &'static str = "treasury, placements_sdk, placements_management, agents, workflows, flows";

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treasury => "treasury",
            Self::PlacementsSdk => "placements_sdk",
            Self::PlacementsManagement => "placements_management",
            Self::Agents => "agents",
            Self::Workflows => "workflows",
            Self::Flows => "flows",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a key of this kind belongs to live or test; one that does not works in both.
    #[must_use]
    pub const fn has_mode(self) -> bool {
        !matches!(self, Self::PlacementsManagement)
    }

    /// How a key text of this kind and mode begins.
    #[must_use]
    pub const fn text_prefix(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Self::Treasury | Self::PlacementsSdk, Mode::Live) => "fp_live_",
            (Self::Treasury | Self::PlacementsSdk, Mode::Test) => "fp_test_",
            (Self::PlacementsManagement, _) => "fp_admin_",
            (Self::Agents, Mode::Live) => "ak_live_",
            (Self::Agents, Mode::Test) => "ak_test_",
            (Self::Workflows, Mode::Live) => "fm_live_",
            (Self::Workflows, Mode::Test) => "fm_test_",
            (Self::Flows, Mode::Live) => "fl_live_",
            (Self::Flows, Mode::Test) => "fl_test_",
        }
    }

    /// Characters of the text that are shown later: twelve, or up to the hexadecimal id of a key of placements.
    #[must_use]
    pub const fn shown_length(self) -> usize {
        match self {
            Self::PlacementsSdk => 16,
            Self::PlacementsManagement => 17,
            _ => 12,
        }
    }

    /// Every scope that a key of this kind may carry; the kinds of placements know none.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Treasury => TREASURY_SCOPES,
            Self::PlacementsSdk | Self::PlacementsManagement => &[],
            Self::Agents => &["chat", "usage", "whatsapp", "manage"],
            Self::Workflows => WORKFLOWS_SCOPES,
            Self::Flows => &["flows.run", "flows.read"],
        }
    }

    /// The scopes of a key that is made without naming any.
    #[must_use]
    pub fn default_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Treasury => TREASURY_SCOPES.split_last().map_or(&[], |(_, others)| others),
            _ => self.scopes(),
        }
    }

    /// The scopes of the key that the bundle `read_only` makes; none when it makes no key of this kind.
    #[must_use]
    pub const fn read_only_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Treasury => &["runs:read", "recipients:read", "wallet:read", "transactions:read", "audit:read"],
            Self::PlacementsSdk | Self::PlacementsManagement => &[],
            Self::Agents => &["usage"],
            Self::Workflows => WORKFLOWS_READ,
            Self::Flows => &["flows.read"],
        }
    }

    /// Sets of scopes that have a name of their own for this kind (workflows contract, section 3).
    #[must_use]
    pub const fn scope_bundles(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Workflows => &[
                (
                    "workflow-executor",
                    &[
                        "workflows:read",
                        "workflows:execute",
                        "executions:read",
                        "executions:cancel",
                        "triggers:read",
                        "triggers:execute",
                    ],
                ),
                ("agent-executor", &["agents:read", "agents:execute", "threads:read", "threads:write"]),
                ("knowledge-base-reader", &["knowledge-bases:read", "knowledge-bases:query"]),
                ("read-only", WORKFLOWS_READ),
                ("full-access", WORKFLOWS_SCOPES),
            ],
            _ => &[],
        }
    }

    /// The scope under which another name of it is stored.
    #[must_use]
    pub fn canonical_scope(self, scope: &str) -> &str {
        if self == Self::Workflows && scope == "executions:write" { "executions:cancel" } else { scope }
    }

    /// Default limits: requests a minute and a day; 0 is no limit. Those of the SDK are by the second and by what is
    /// asked (placements contract, section 1.3), so its keys have none of their own.
    #[must_use]
    pub const fn default_limits(self) -> (u32, u32) {
        match self {
            Self::Treasury => (1_200, 0),
            Self::PlacementsSdk => (0, 0),
            Self::PlacementsManagement => (600, 0),
            Self::Agents => (120, 0),
            Self::Workflows => (60, 10_000),
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

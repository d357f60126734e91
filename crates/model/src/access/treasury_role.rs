//! What a member is in the treasury of a workspace (console contract, section 2.4).

use super::role::Role;

/// What a member is in the treasury, beside its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TreasuryRole {
    /// Everything, its API keys included.
    Owner,
    /// Approves payments.
    Approver,
    /// Prepares payments.
    Analyst,
    /// Reads.
    Reader,
}

impl TreasuryRole {
    /// Every one, highest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Approver, Self::Analyst, Self::Reader];

    /// What follows from a role while no owner said otherwise.
    #[must_use]
    pub const fn of_role(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin | Role::Builder => Self::Analyst,
            Role::Approver => Self::Approver,
            Role::Viewer => Self::Reader,
        }
    }

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Approver => "approver",
            Self::Analyst => "analyst",
            Self::Reader => "reader",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

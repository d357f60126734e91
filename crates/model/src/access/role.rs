//! Roles of a member and the six permissions that everything hangs on (console contract, section 2.4).

use serde::{Deserialize, Serialize};

/// What a member is in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, owners and deletion of the workspace included.
    Owner,
    /// Everything but what only owners may.
    Admin,
    /// Makes and runs.
    Builder,
    /// Reads and answers.
    Approver,
    /// Reads.
    Viewer,
}

/// One of the six permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Everything readable; secrets never.
    Read,
    /// Create, change, delete, publish.
    Build,
    /// Start, test, cancel, run again.
    Run,
    /// Answer inbox items.
    Answer,
    /// Members below owner, keys, settings.
    Manage,
    /// Owners, deletion of the workspace, backups.
    Own,
}

impl Role {
    /// Every role, highest first.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Builder, Self::Approver, Self::Viewer];

    /// Whether the role holds the permission.
    #[must_use]
    pub const fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(permission, P::Own),
            Self::Builder => matches!(permission, P::Read | P::Build | P::Run | P::Answer),
            Self::Approver => matches!(permission, P::Read | P::Answer),
            Self::Viewer => matches!(permission, P::Read),
        }
    }

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Builder => "builder",
            Self::Approver => "approver",
            Self::Viewer => "viewer",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

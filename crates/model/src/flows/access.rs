//! Who may do what with one flow (Flow API contract, section 1.2; console contract, section 2.4).

use serde::{Deserialize, Serialize};

use crate::access::{Caller, Credential, Permission, Role};
use crate::id::{GroupId, MemberId};

/// Who can see a flow beside its owner and the admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Nobody.
    Private,
    /// Those that it is shared with.
    Shared,
    /// Every member of the workspace.
    Public,
}

impl Visibility {
    /// Every visibility.
    pub const ALL: [Self; 3] = [Self::Private, Self::Shared, Self::Public];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Public => "public",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| visibility.as_str() == text)
    }
}

/// What a flow is shared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permitted {
    /// See and run.
    View,
    /// Also change.
    Edit,
    /// Also share and delete.
    Manage,
}

impl Permitted {
    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "view" => Some(Self::View),
            "edit" => Some(Self::Edit),
            "manage" => Some(Self::Manage),
            _ => None,
        }
    }
}

/// One member or group that a flow is shared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who: a member, or in the list of groups a group.
    #[serde(rename = "_id")]
    pub id: MemberId,
    /// What for.
    pub permission: Permitted,
}

/// Whom a flow is shared with. It counts while the visibility is not private.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharing {
    /// Members.
    pub users: Vec<Grant>,
    /// Groups, by their ids.
    pub groups: Vec<Grant>,
}

/// What decides who may do what with a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowAccess {
    /// The owner; none for flows that the server made.
    pub owner: Option<MemberId>,
    /// Who else sees it.
    pub visibility: Visibility,
    /// Whom it is shared with.
    pub sharing: Sharing,
}

/// What somebody may do with a flow; each level holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// See it and its runs.
    View,
    /// Start it.
    Run,
    /// Change it.
    Edit,
    /// Share and delete it.
    Manage,
}

impl FlowAccess {
    /// What a member of a role and of some groups may do; `None` when it may not know of the flow.
    ///
    /// Owners and admins of the workspace manage every flow. Whoever must not run (approvers, viewers) only sees, also the
    /// flows that are his (console contract, section 11, row 11).
    #[must_use]
    pub fn level_of_member(&self, member: MemberId, role: Role, groups: &[GroupId]) -> Option<Level> {
        if role.allows(Permission::Manage) {
            return Some(Level::Manage);
        }
        let owned = (self.owner == Some(member)).then_some(Level::Manage);
        let open = (self.visibility == Visibility::Public).then_some(Level::Run);
        let granted = owned.max(open).max(self.granted(member, groups))?;
        if role.allows(Permission::Run) { Some(granted) } else { Some(Level::View) }
    }

    /// The most that is granted to the member itself or to one of its groups.
    fn granted(&self, member: MemberId, groups: &[GroupId]) -> Option<Level> {
        if self.visibility == Visibility::Private {
            return None;
        }
        let own = self.sharing.users.iter().filter(|grant| grant.id == member);
        let of_groups = self.sharing.groups.iter().filter(|grant| groups.contains(&GroupId(grant.id.0)));
        own.chain(of_groups).map(|grant| grant.permission).max().map(|permission| match permission {
            Permitted::View => Level::Run,
            Permitted::Edit => Level::Edit,
            Permitted::Manage => Level::Manage,
        })
    }
}

/// What a caller may do with a flow of its workspace; `None` when it may not know of the flow.
///
/// A key acts for the workspace: it may see and run every flow, as far as its scopes go.
#[must_use]
pub fn level_of(caller: &Caller, access: &FlowAccess) -> Option<Level> {
    match (caller.credential, &caller.member) {
        (Credential::System, _) => Some(Level::Manage),
        (Credential::Anonymous | Credential::Share(_), _) => None,
        (Credential::TreasuryKey(_) | Credential::PlacementsKey(_) | Credential::AgentsKey(_), _) => None,
        (Credential::FlowsKey(_) | Credential::WorkflowsKey(_), _) => Some(Level::Run),
        (Credential::Session(_) | Credential::Token(_), Some(member)) => {
            access.level_of_member(member.id, member.role, &member.groups)
        }
        (Credential::Session(_) | Credential::Token(_), None) => None,
    }
}

#[cfg(test)]
mod tests;

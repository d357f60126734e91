//! The caller: what every credential becomes before any slice sees the request.

use crate::id::{AgentId, GroupId, KeyId, MemberId, SessionId, ShareId, TokenId, WorkspaceId};
use crate::scope::{Mode, Scope};

use super::role::{Permission, Role};
use super::scopes::same_scope;
use super::treasury_role::TreasuryRole;

/// How the caller proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A signed-in session, by cookie or `ses_` token.
    Session(SessionId),
    /// A personal access token.
    Token(TokenId),
    /// An API key of the Flow API (`fl_…`).
    FlowsKey(KeyId),
    /// An API key of the treasury (`fp_live_…`, `fp_test_…`).
    TreasuryKey(KeyId),
    /// An API key of placements: of the SDK (`fp_live_…`, `fp_test_…`) or of the management (`fp_admin_…`).
    PlacementsKey(KeyId),
    /// An API key of the agent API (`ak_live_…`, `ak_test_…`).
    AgentsKey(KeyId),
    /// An API key of the workflow API (`fm_live_…`, `fm_test_…`).
    WorkflowsKey(KeyId),
    /// The holder of a share link, or of the resume token of a run that it started. Holds no permission and no scope.
    Share(ShareId),
    /// Nobody: routes without sign-in. Holds no permission and no scope.
    Anonymous,
    /// The server itself: jobs, the command line on the data folder.
    System,
}

/// Who acts, as written into audit entries and records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `member`, `key`, `token`, `share`, `system`.
    pub kind: &'static str,
    /// The id in the spelling of the API that made the record; empty for the system.
    pub id: String,
    /// Shown name.
    pub name: String,
}

/// A caller with its rights in one workspace and mode.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant that the credential belongs to.
    pub workspace: WorkspaceId,
    /// Live or test.
    pub mode: Mode,
    /// How it proved itself.
    pub credential: Credential,
    /// The member behind a session or token.
    pub member: Option<Member>,
    /// Scopes of a token or key; `None` for sessions, whose rights are the role's.
    pub scopes: Option<Vec<String>>,
    /// The agents that a key of the agent API is confined to; `None` for all of the workspace.
    pub agents: Option<Vec<AgentId>>,
    /// Shown name: of the member, or of the key.
    pub name: String,
}

/// The member behind a session or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// Shown name.
    pub name: String,
    /// E-mail address, lower case.
    pub email: String,
    /// Role in the caller's workspace.
    pub role: Role,
    /// Role in the treasury of that workspace.
    pub treasury_role: TreasuryRole,
    /// Groups of that workspace in which the member is.
    pub groups: Vec<GroupId>,
}

impl Caller {
    /// The server acting by itself in a workspace.
    #[must_use]
    pub fn system(workspace: WorkspaceId, mode: Mode) -> Self {
        Self {
            workspace,
            mode,
            credential: Credential::System,
            member: None,
            scopes: None,
            agents: None,
            name: "system".to_owned(),
        }
    }

    /// Nobody, for routes that take no credential: the nil workspace, without permissions and scopes.
    #[must_use]
    pub fn anonymous(mode: Mode) -> Self {
        Self {
            workspace: WorkspaceId(0),
            mode,
            credential: Credential::Anonymous,
            member: None,
            scopes: Some(Vec::new()),
            agents: None,
            name: "anonymous".to_owned(),
        }
    }

    /// The holder of a share link: a stranger who may start one flow of the workspace, in the mode of its trigger.
    #[must_use]
    pub fn share(workspace: WorkspaceId, mode: Mode, share: ShareId) -> Self {
        Self {
            workspace,
            mode,
            credential: Credential::Share(share),
            member: None,
            scopes: Some(Vec::new()),
            agents: None,
            name: "share link".to_owned(),
        }
    }

    /// Workspace and mode: the first argument of every store function.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope { workspace: self.workspace, mode: self.mode }
    }

    /// Whether the role behind the caller holds the permission; keys hold none, their scopes decide.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match (&self.member, self.credential) {
            (_, Credential::System) => true,
            (Some(member), _) => member.role.allows(permission),
            (None, _) => false,
        }
    }

    /// Whether the token or key carries the scope; sessions are not limited by scopes.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|held| same_scope(held, scope)))
    }

    /// Whether a key is not kept from an agent of its workspace; only keys of the agent API are confined.
    #[must_use]
    pub fn may_use_agent(&self, agent: AgentId) -> bool {
        self.agents.as_ref().is_none_or(|agents| agents.contains(&agent))
    }

    /// The id of the member behind a session or token.
    #[must_use]
    pub fn member_id(&self) -> Option<MemberId> {
        self.member.as_ref().map(|member| member.id)
    }

    /// Who acts, for records and audit entries.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let (kind, id) = match (self.credential, &self.member) {
            (Credential::System | Credential::Anonymous, _) => ("system", String::new()),
            (Credential::Token(id), _) => ("token", id.prefixed()),
            (Credential::Share(id), _) => ("share", id.prefixed()),
            (
                Credential::FlowsKey(id)
                | Credential::TreasuryKey(id)
                | Credential::PlacementsKey(id)
                | Credential::AgentsKey(id)
                | Credential::WorkflowsKey(id),
                _,
            ) => ("key", id.prefixed()),
            (Credential::Session(_), Some(member)) => ("member", member.id.prefixed()),
            (Credential::Session(id), None) => ("member", id.prefixed()),
        };
        Actor { kind, id, name: self.name.clone() }
    }
}

//! Who may see and answer a question.

use std::collections::HashMap;

use floe_model::access::{Credential, Permission};
use floe_model::id::{FlowId, GroupId, KeyId, MemberId, TokenId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::groups::{self, GroupName};
use floe_store::access::{keys, members, memberships, tokens, workspaces};
use floe_store::flows::waits::WaitRow;
use serde_json::{Value, json};

use crate::definitions;
use crate::execute::started_by;

/// Approvers of one step that are looked up at most.
const APPROVERS_MAX: usize = 100;

/// Why a caller may not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has been answered.
    AlreadyAnswered,
    /// Its time is over.
    Expired,
    /// The run ended or went on without it.
    NotWaiting,
    /// The step names who may answer, and the caller is not among them.
    NotAssignee,
    /// The caller started the run, and the workspace forbids approving one's own requests.
    SelfApproval,
    /// The role does not allow answering, or a key did not start the run.
    Forbidden,
}

impl Refusal {
    /// Stable word; the code of the fault (console contract, section 4).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyAnswered => "already_answered",
            Self::Expired => "expired",
            Self::NotWaiting => "not_waiting",
            Self::NotAssignee => "not_assignee",
            Self::SelfApproval => "self_approval",
            Self::Forbidden => "forbidden",
        }
    }

    /// Sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::AlreadyAnswered => "This question has been answered",
            Self::Expired => "The time to answer this question is over",
            Self::NotWaiting => "The run no longer waits for this answer",
            Self::NotAssignee => "Only those that the step names as approvers may answer",
            Self::SelfApproval => "You started the run, and this workspace forbids approving one's own requests",
            Self::Forbidden => "Your role does not allow answering; it needs the permission answer",
        }
    }

    /// The refusal in the words of the console.
    #[must_use]
    pub fn fault(self) -> Fault {
        let kind = match self {
            Self::AlreadyAnswered | Self::NotWaiting => FaultKind::Conflict,
            Self::Expired => FaultKind::Gone,
            Self::NotAssignee | Self::SelfApproval | Self::Forbidden => FaultKind::Forbidden,
        };
        let fault = Fault::new(kind, self.code(), self.message());
        if self == Self::Forbidden { fault.with_details(json!({ "required": "answer" })) } else { fault }
    }
}

/// What a caller may do with a question, apart from whether it is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    /// Whether it may know of it.
    pub(super) may_see: bool,
    /// Why it may not answer it.
    pub(super) refusal: Option<Refusal>,
}

/// Who started the run that asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Starter {
    /// `member`, `token`, `key` or `system`.
    pub kind: &'static str,
    /// Its id in the spelling of the console.
    pub id: Option<String>,
    /// Its name; of a token that of its member.
    pub name: Option<String>,
    member: Option<MemberId>,
}

impl Starter {
    /// The member itself, or the one whose token it was.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        self.member
    }
}

/// Somebody whom the step names as approver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignee {
    /// The member; none for a group, and for a text that names no member of the workspace.
    pub member: Option<MemberId>,
    /// Its name, that of the group, or the text.
    pub name: String,
}

/// Judges questions for one caller; remembers what it looked up.
pub(super) struct Judge<'c> {
    ctx: &'c Ctx,
    visible: HashMap<FlowId, bool>,
    forbids_self: Option<bool>,
    starters: HashMap<String, Starter>,
    groups: Option<Vec<GroupName>>,
}

impl<'c> Judge<'c> {
    pub(super) fn new(ctx: &'c Ctx) -> Self {
        Self { ctx, visible: HashMap::new(), forbids_self: None, starters: HashMap::new(), groups: None }
    }

    /// What the caller may do with a question (Flow API contract, section 4; console contract, section 5.5).
    pub(super) fn rights(&mut self, tx: &mut Tx<'_>, wait: &WaitRow) -> Result<Rights, Fault> {
        let caller = &self.ctx.caller;
        let is_starter = wait.started_by == started_by(caller);
        let is_own_key = is_starter && matches!(caller.credential, Credential::FlowsKey(_) | Credential::Share(_));
        let sees_flow = caller.member.is_some() && self.sees_flow(tx, wait.flow)?;
        let (is_named, refusal) = match approvers(wait) {
            Some(named) => {
                let is_named = self.names_caller(tx, &named)?;
                (is_named, (!is_named).then_some(Refusal::NotAssignee))
            }
            None => {
                let may = is_own_key || ((sees_flow || is_starter) && self.ctx.caller.may(Permission::Answer));
                (false, (!may).then_some(Refusal::Forbidden))
            }
        };
        let refusal = match refusal {
            None if matches!(wait.kind.as_str(), "user-approval" | "human-review")
                && self.is_own_request(tx, wait)? =>
            {
                Some(Refusal::SelfApproval)
            }
            other => other,
        };
        Ok(Rights { may_see: sees_flow || is_starter || is_named, refusal })
    }

    /// Who started the run that asks.
    pub(super) fn starter(&mut self, tx: &mut Tx<'_>, wait: &WaitRow) -> Result<Starter, Fault> {
        if let Some(known) = self.starters.get(&wait.started_by) {
            return Ok(known.clone());
        }
        let starter = starter_of(tx, wait.workspace, &wait.started_by)?;
        self.starters.insert(wait.started_by.clone(), starter.clone());
        Ok(starter)
    }

    /// Whether the caller started the run and the workspace forbids that it approves it.
    fn is_own_request(&mut self, tx: &mut Tx<'_>, wait: &WaitRow) -> Result<bool, Fault> {
        if !self.forbids_self_approval(tx)? {
            return Ok(false);
        }
        let starter = self.starter(tx, wait)?;
        let same_member = starter.member.is_some() && starter.member == self.ctx.caller.member_id();
        Ok(same_member || wait.started_by == started_by(&self.ctx.caller))
    }

    fn forbids_self_approval(&mut self, tx: &mut Tx<'_>) -> Result<bool, Fault> {
        if let Some(known) = self.forbids_self {
            return Ok(known);
        }
        let workspace = workspaces::find(tx, self.ctx.caller.workspace)?;
        let settings: Value =
            workspace.and_then(|found| serde_json::from_str(&found.settings).ok()).unwrap_or_default();
        let forbids = settings.get("self_approval").and_then(Value::as_str) == Some("forbid");
        self.forbids_self = Some(forbids);
        Ok(forbids)
    }

    fn sees_flow(&mut self, tx: &mut Tx<'_>, flow: FlowId) -> Result<bool, Fault> {
        if let Some(&known) = self.visible.get(&flow) {
            return Ok(known);
        }
        let sees = match definitions::may_see_runs(tx, self.ctx, flow) {
            Ok(()) => true,
            Err(fault) if fault.kind() == FaultKind::NotFound => false,
            Err(fault) => return Err(fault),
        };
        self.visible.insert(flow, sees);
        Ok(sees)
    }

    /// Whether one of the texts of `approvers` names the member who calls, or a group that it is in.
    fn names_caller(&mut self, tx: &mut Tx<'_>, named: &[String]) -> Result<bool, Fault> {
        let Some(member) = &self.ctx.caller.member else { return Ok(false) };
        let is_member = |text: &String| {
            member.email.eq_ignore_ascii_case(text) || MemberId::parse(text).is_ok_and(|id| id == member.id)
        };
        if named.iter().any(is_member) {
            return Ok(true);
        }
        let groups = match &mut self.groups {
            Some(known) => known,
            unknown => unknown.insert(groups::of_member(tx, self.ctx.caller.workspace, member.id)?),
        };
        Ok(named.iter().any(|text| groups.iter().any(|group| names_group(text, group))))
    }
}

/// The members whom the step names, for people to see.
pub(super) fn assignees(tx: &mut Tx<'_>, wait: &WaitRow) -> Result<Vec<Assignee>, Fault> {
    let mut found = Vec::new();
    for text in approvers(wait).unwrap_or_default() {
        let id = floe_model::id::parse_bits(&text).ok();
        let group = match id {
            Some(id) => groups::find(tx, wait.workspace, GroupId(id))?,
            None => groups::find_by_name(tx, wait.workspace, &text)?,
        };
        if let Some(group) = group {
            found.push(Assignee { member: None, name: group.name });
            continue;
        }
        let member = match id {
            Some(id) => members::find(tx, MemberId(id))?,
            None => members::find_by_email(tx, &text.to_lowercase())?,
        };
        let belongs = match &member {
            Some(member) => memberships::role(tx, wait.workspace, member.id)?.is_some(),
            None => false,
        };
        // A person of another workspace is not told by name.
        found.push(match member.filter(|_| belongs) {
            Some(member) => Assignee { member: Some(member.id), name: member.name },
            None => Assignee { member: None, name: text },
        });
    }
    Ok(found)
}

/// Whether a text of `approvers` names a group: by its id, or by its name whatever its case.
fn names_group(text: &str, group: &GroupName) -> bool {
    match floe_model::id::parse_bits(text) {
        Ok(id) => GroupId(id) == group.id,
        Err(_) => text.to_lowercase() == group.folded,
    }
}

/// Whom the step names as approvers; `None` when it names nobody and so leaves it to the roles. A list that cannot be read
/// names nobody who could answer.
fn approvers(wait: &WaitRow) -> Option<Vec<String>> {
    let question: Value = serde_json::from_str(&wait.question).unwrap_or_default();
    let texts: Vec<String> = match question.get("approvers")? {
        Value::Null => return None,
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(|text| text.trim().to_owned()).collect(),
        // A template that was part of a longer text gives one text.
        Value::String(text) => {
            let parts = text.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    Some(texts.into_iter().take(APPROVERS_MAX).collect())
}

/// Who stands behind the credential that started a run, as [`started_by`] writes it.
pub(crate) fn starter_of(tx: &mut Tx<'_>, workspace: WorkspaceId, started_by: &str) -> Result<Starter, Fault> {
    let (kind, id) = started_by.split_once(':').unwrap_or((started_by, ""));
    let Ok(bits) = floe_model::id::parse_bits(id) else { return Ok(Starter { kind: "system", ..Starter::default() }) };
    Ok(match kind {
        "member" => {
            let id = MemberId(bits);
            let name = members::find(tx, id)?.map(|member| member.name);
            Starter { kind: "member", id: Some(id.prefixed()), name, member: Some(id) }
        }
        "token" => {
            let id = TokenId(bits);
            let (member, name) = tokens::owner(tx, workspace, id)?.unzip();
            Starter { kind: "token", id: Some(id.prefixed()), name, member }
        }
        "key" => {
            let id = KeyId(bits);
            let name = keys::find(tx, workspace, id)?.map(|key| key.name);
            Starter { kind: "key", id: Some(id.prefixed()), name, member: None }
        }
        _ => Starter { kind: "system", ..Starter::default() },
    })
}

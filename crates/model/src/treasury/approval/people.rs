//! Whose approval counts, and how many there are (treasury contract, sections 3.7 and 6).

use std::collections::BTreeSet;

use super::rules::Requirement;
use crate::access::TreasuryRole;
use crate::id::{KeyId, MemberId};

/// Who created a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Creator {
    /// The member, or the owner of the key; nothing when the member is gone or the server itself made the run.
    pub member: Option<MemberId>,
    /// The key, when it was made with one.
    pub key: Option<KeyId>,
    /// Who wrote the workflow that made it, beside the member who started that.
    pub author: Option<MemberId>,
}

/// Who approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approver {
    /// A member with a role in the treasury.
    Member(MemberId, TreasuryRole),
    /// A key; it counts as one person, the same one as its owner.
    Key(KeyId, Option<MemberId>),
}

/// What holds for the approvals of a run.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Who created it.
    pub creator: Creator,
    /// Members of the workspace who are able to approve.
    pub able: usize,
    /// Keys may approve.
    pub allows_keys: bool,
    /// What the frozen rules ask for.
    pub requirement: Requirement,
}

/// Why somebody's approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApproverProblem {
    /// The role may not approve, or not a run like this one.
    #[error("Requires role: owner or approver")]
    Role,
    /// The workspace lets no key approve.
    #[error("Approval with API keys is switched off")]
    KeysOff,
    /// The key created the run.
    #[error("The key that created a run may not approve it")]
    OwnKey,
    /// The person created the run, and there are others.
    #[error("The creator of a run may not approve it")]
    OwnRun,
}

/// A person: a member, or a key whose owner is not known.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Person {
    Member(MemberId),
    Key(KeyId),
}

impl Approver {
    const fn person(&self) -> Person {
        match *self {
            Self::Member(member, _) | Self::Key(_, Some(member)) => Person::Member(member),
            Self::Key(key, None) => Person::Key(key),
        }
    }
}

impl Panel {
    /// Whether somebody's approval counts for this run.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, approver: &Approver) -> Result<(), ApproverProblem> {
        match *approver {
            Approver::Member(_, role) if !self.requirement.takes(role) => return Err(ApproverProblem::Role),
            Approver::Key(..) if !self.allows_keys => return Err(ApproverProblem::KeysOff),
            Approver::Key(key, _) if self.creator.key == Some(key) => return Err(ApproverProblem::OwnKey),
            _ => {}
        }
        let is = |member: Option<MemberId>| member.is_some_and(|member| approver.person() == Person::Member(member));
        // There has to be somebody left who can.
        let others = if self.creator.author == self.creator.member { 2 } else { 3 };
        let is_own = is(self.creator.member) && self.able >= 2 || is(self.creator.author) && self.able >= others;
        if is_own { Err(ApproverProblem::OwnRun) } else { Ok(()) }
    }

    /// How many different people of these approvals count.
    #[must_use]
    pub fn given(&self, approvals: &[Approver]) -> u16 {
        let counting = approvals.iter().filter(|approver| self.admit(approver).is_ok());
        counting.map(Approver::person).collect::<BTreeSet<Person>>().len().try_into().unwrap_or(u16::MAX)
    }

    /// Whether these approvals are enough.
    #[must_use]
    pub fn is_complete(&self, approvals: &[Approver]) -> bool {
        self.given(approvals) >= self.requirement.approvers
    }
}

#[cfg(test)]
mod tests;

//! Which candidates an approval releases (treasury contract, sections 3.4 and 10.3).

use std::collections::{HashMap, HashSet};

use super::super::words::{ApprovalStatus, RiskDecision};
use crate::id::CandidateId;

/// A candidate as far as the choice reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selectable {
    /// Which one.
    pub id: CandidateId,
    /// What was decided so far.
    pub approval: ApprovalStatus,
    /// What the risk agent decided.
    pub risk: Option<RiskDecision>,
}

/// What a release does to the candidates of a run, in the order of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Approved and paid.
    pub chosen: Vec<CandidateId>,
    /// Of those the ones that an owner let through although they were blocked.
    pub overridden: Vec<CandidateId>,
    /// Rejected as not selected; they were not rejected before.
    pub left_out: Vec<CandidateId>,
}

/// Why a choice cannot be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelectionProblem {
    /// Nothing to release.
    #[error("the run has no candidate that can be approved")]
    Nothing,
    /// The list is empty.
    #[error("candidate_ids: must not be empty")]
    Empty,
    /// A candidate of another run, or none.
    #[error("candidate_ids: {0} is not a candidate of this run")]
    Foreign(CandidateId),
    /// A candidate twice.
    #[error("candidate_ids: {0} is named twice")]
    Repeated(CandidateId),
    /// A candidate that was rejected.
    #[error("candidate_ids: {0} was rejected")]
    Rejected(CandidateId),
    /// A blocked candidate without an owner's reason.
    #[error("candidate_ids: {0} is blocked; an owner may include it with an override_reason")]
    Blocked(CandidateId),
}

/// Chooses what to release. `named` is what the approver asks for; without it everything that is neither rejected nor blocked.
/// `may_override` is set for an owner who gave a reason.
///
/// # Errors
/// [`SelectionProblem`]; nothing may be released then.
pub fn select(
    candidates: &[Selectable],
    named: Option<&[CandidateId]>,
    may_override: bool,
) -> Result<Selection, SelectionProblem> {
    let chosen: HashSet<CandidateId> = match named {
        Some(named) => named_ones(candidates, named, may_override)?,
        None => candidates.iter().filter(|one| is_open(one) && !is_blocked(one)).map(|one| one.id).collect(),
    };
    if chosen.is_empty() {
        return Err(SelectionProblem::Nothing);
    }
    let ids =
        |keep: &dyn Fn(&Selectable) -> bool| candidates.iter().filter(|one| keep(one)).map(|one| one.id).collect();
    Ok(Selection {
        chosen: ids(&|one| chosen.contains(&one.id)),
        overridden: ids(&|one| chosen.contains(&one.id) && is_blocked(one)),
        left_out: ids(&|one| !chosen.contains(&one.id) && is_open(one)),
    })
}

fn named_ones(
    candidates: &[Selectable],
    named: &[CandidateId],
    may_override: bool,
) -> Result<HashSet<CandidateId>, SelectionProblem> {
    if named.is_empty() {
        return Err(SelectionProblem::Empty);
    }
    let by_id: HashMap<CandidateId, &Selectable> = candidates.iter().map(|one| (one.id, one)).collect();
    let mut chosen = HashSet::with_capacity(named.len());
    for &id in named {
        let one = by_id.get(&id).ok_or(SelectionProblem::Foreign(id))?;
        if !chosen.insert(id) {
            return Err(SelectionProblem::Repeated(id));
        }
        if !is_open(one) {
            return Err(SelectionProblem::Rejected(id));
        }
        if is_blocked(one) && !may_override {
            return Err(SelectionProblem::Blocked(id));
        }
    }
    Ok(chosen)
}

fn is_open(one: &Selectable) -> bool {
    one.approval != ApprovalStatus::Rejected
}

fn is_blocked(one: &Selectable) -> bool {
    one.risk == Some(RiskDecision::Blocked)
}

#[cfg(test)]
mod tests;

//! The rules about how many people approve (treasury contract, section 6).

use super::super::money::Kobo;
use super::super::score::Score;
use super::super::words::words;
use crate::access::TreasuryRole;
use crate::id::ApprovalRuleId;

/// Most people that a rule may ask for.
pub const APPROVERS_MAX: u16 = 100;

words! {
    /// What a rule reads, by its word on the wire.
    ConditionType {
        /// The total of what is chosen.
        AmountAbove = "amount_above",
        /// The highest score of what is chosen.
        RiskScoreAbove = "risk_score_above",
        /// Nothing.
        Always = "always",
    }
}

/// When a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The total of what is chosen is above this.
    AmountAbove(Kobo),
    /// The highest score of what is chosen is above this.
    RiskScoreAbove(Score),
    /// Always.
    Always,
}

/// A rule of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Which one.
    pub id: ApprovalRuleId,
    /// What people call it.
    pub name: String,
    /// When it applies.
    pub condition: Condition,
    /// How many people; from 1.
    pub required_approvers: u16,
    /// Whose approval counts; owners always do. Empty: everybody who may approve.
    pub approver_roles: Vec<TreasuryRole>,
    /// Applies at all.
    pub is_active: bool,
}

/// What the rules ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// How many people; at least 1.
    pub approvers: u16,
    /// Whose approval counts.
    pub roles: Vec<TreasuryRole>,
    /// The rules that say so; none when no rule applies.
    pub rules: Vec<ApprovalRuleId>,
}

impl Condition {
    /// The word on the wire.
    #[must_use]
    pub const fn kind(&self) -> ConditionType {
        match self {
            Self::AmountAbove(_) => ConditionType::AmountAbove,
            Self::RiskScoreAbove(_) => ConditionType::RiskScoreAbove,
            Self::Always => ConditionType::Always,
        }
    }

    fn holds(&self, total: Kobo, highest: Score) -> bool {
        match self {
            Self::AmountAbove(threshold) => total > *threshold,
            Self::RiskScoreAbove(threshold) => highest > *threshold,
            Self::Always => true,
        }
    }
}

impl Requirement {
    /// Whether the approval of this role counts.
    #[must_use]
    pub fn takes(&self, role: TreasuryRole) -> bool {
        self.roles.contains(&role)
    }
}

/// What the rules ask for when `total` is chosen with `highest` as its highest score: of all that apply the one that asks for most
/// people. Of several such rules every one has to be content with a person. Without any, one person; never none.
#[must_use]
pub fn requirement(rules: &[ApprovalRule], total: Kobo, highest: Score) -> Requirement {
    let applying = || rules.iter().filter(|rule| rule.is_active && rule.condition.holds(total, highest));
    let approvers = applying().map(|rule| rule.required_approvers).max().unwrap_or(1).max(1);
    let winning: Vec<&ApprovalRule> = applying().filter(|rule| rule.required_approvers == approvers).collect();
    let allows = |rule: &ApprovalRule, role| rule.approver_roles.is_empty() || rule.approver_roles.contains(&role);
    let may_approve = [TreasuryRole::Owner, TreasuryRole::Approver];
    let roles = may_approve
        .into_iter()
        .filter(|&role| role == TreasuryRole::Owner || winning.iter().all(|rule| allows(rule, role)));
    Requirement { approvers, roles: roles.collect(), rules: winning.iter().map(|rule| rule.id).collect() }
}

#[cfg(test)]
mod tests;

//! The approval rules as they are frozen with a run when it comes to approval (Treasury contract, section 6).

use floe_model::access::TreasuryRole;
use floe_model::id::ApprovalRuleId;
use floe_model::treasury::approval::{ApprovalRule, Condition, ConditionType, Requirement, requirement};
use floe_model::treasury::{Kobo, Score};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::treasury::approval_rules::{self as rows, RuleRow};
use floe_store::treasury::candidates::Candidate;
use floe_store::treasury::payment_runs::PaymentRun;
use serde::{Deserialize, Serialize};

use super::gate::sum;

/// A rule in the row of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frozen {
    id: String,
    name: String,
    condition_type: String,
    threshold: Option<i64>,
    required_approvers: u16,
    approver_roles: Vec<String>,
}

/// The rules that are active now.
///
/// # Errors
/// Of the database.
pub(crate) fn in_force(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Frozen>, Fault> {
    rows::active(tx, scope.workspace)?.into_iter().map(freeze).collect()
}

fn freeze(row: RuleRow) -> Result<Frozen, Fault> {
    Ok(Frozen {
        id: row.id.to_string(),
        name: row.name,
        condition_type: row.condition_type,
        threshold: row.threshold,
        required_approvers: u16::try_from(row.required_approvers).unwrap_or(u16::MAX),
        approver_roles: serde_json::from_str(&row.approver_roles).map_err(Fault::internal)?,
    })
}

/// What these rules ask for when these candidates are chosen.
///
/// # Errors
/// An internal fault for rules that cannot be read.
pub(crate) fn asked_for(rules: &[Frozen], chosen: &[&Candidate]) -> Result<Requirement, Fault> {
    let rules: Vec<ApprovalRule> = rules.iter().map(thaw).collect::<Result<_, _>>()?;
    let highest = chosen.iter().filter_map(|candidate| candidate.risk_score).max().unwrap_or_default();
    Ok(requirement(&rules, sum(chosen.iter().copied())?, highest))
}

/// How many people these rules ask for.
///
/// # Errors
/// As [`asked_for`].
pub(crate) fn required(rules: &[Frozen], chosen: &[&Candidate]) -> Result<i64, Fault> {
    asked_for(rules, chosen).map(|requirement| i64::from(requirement.approvers))
}

/// The rules that are frozen with a run; none before it came to approval.
///
/// # Errors
/// An internal fault for a row that cannot be read.
pub(crate) fn of_run(run: &PaymentRun) -> Result<Vec<Frozen>, Fault> {
    run.rules.as_deref().map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(Fault::internal))
}

fn thaw(frozen: &Frozen) -> Result<ApprovalRule, Fault> {
    let unreadable = || Fault::internal("an approval rule of a run cannot be read");
    let threshold = frozen.threshold.unwrap_or(0);
    let condition = match ConditionType::parse(&frozen.condition_type).ok_or_else(unreadable)? {
        ConditionType::AmountAbove => Condition::AmountAbove(Kobo(threshold)),
        ConditionType::RiskScoreAbove => {
            Condition::RiskScoreAbove(Score::from_ten_thousandths(u16::try_from(threshold).unwrap_or(u16::MAX)))
        }
        ConditionType::Always => Condition::Always,
    };
    let roles = frozen.approver_roles.iter().map(|role| TreasuryRole::parse(role).ok_or_else(unreadable));
    Ok(ApprovalRule {
        id: ApprovalRuleId::parse(&frozen.id).map_err(Fault::internal)?,
        name: frozen.name.clone(),
        condition,
        required_approvers: frozen.required_approvers,
        approver_roles: roles.collect::<Result<_, _>>()?,
        is_active: true,
    })
}

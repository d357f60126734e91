//! Approval rules: how many people a release takes (Treasury contract, section 6).

use floe_model::Fault;
use floe_model::access::TreasuryRole;
use floe_model::id::ApprovalRuleId;
use floe_model::treasury::{Kobo, Score};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::approval_rules::{self as rows, RULES_MAX, RuleRow};
use serde_json::{Value, json};

use crate::trail::{self, Who};

/// When a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The sum of what is chosen is larger.
    AmountAbove(Kobo),
    /// The highest score of what is chosen is higher.
    RiskScoreAbove(Score),
    /// Always.
    Always,
}

/// A rule as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// Shown name.
    pub name: String,
    /// When it holds.
    pub condition: Condition,
    /// Distinct people, at least 1.
    pub required_approvers: i64,
    /// The roles that count; none is all that can approve.
    pub approver_roles: Vec<TreasuryRole>,
    /// Whether it counts.
    pub is_active: bool,
}

/// A stored rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: ApprovalRuleId,
    /// What it says.
    pub rule: NewRule,
    /// Counts changes.
    pub revision: i64,
}

impl Condition {
    /// Words, for messages.
    pub const WORDS: &'static str = "amount_above, risk_score_above, always";

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AmountAbove(_) => "amount_above",
            Self::RiskScoreAbove(_) => "risk_score_above",
            Self::Always => "always",
        }
    }

    /// Whether a rule with it holds for a sum and a highest score.
    #[must_use]
    pub fn holds(self, total: Kobo, highest: Option<Score>) -> bool {
        match self {
            Self::AmountAbove(limit) => total > limit,
            Self::RiskScoreAbove(limit) => highest.is_some_and(|score| score > limit),
            Self::Always => true,
        }
    }

    fn threshold(self) -> Option<i64> {
        match self {
            Self::AmountAbove(amount) => Some(amount.minor()),
            Self::RiskScoreAbove(score) => Some(i64::from(score.ten_thousandths())),
            Self::Always => None,
        }
    }
}

/// The rules that count, the oldest first: what is frozen with a run when it comes to approval.
///
/// # Errors
/// Of the database.
pub fn active(tx: &mut Tx<'_>, workspace: floe_model::id::WorkspaceId) -> Result<Vec<Rule>, Fault> {
    rows::active(tx, workspace)?.into_iter().map(read).collect()
}

/// A page of the rules, the oldest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, ctx: &Ctx, limit: usize, offset: i64) -> Result<(Vec<Rule>, i64), Fault> {
    let (found, total) = rows::list(tx, ctx.caller.workspace, limit, offset)?;
    Ok((found.into_iter().map(read).collect::<Result<_, _>>()?, total))
}

/// One rule.
///
/// # Errors
/// 404.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx, id: ApprovalRuleId) -> Result<Rule, Fault> {
    rows::find(tx, ctx.caller.workspace, id)?.map_or_else(|| Err(missing()), read)
}

/// Adds a rule.
///
/// # Errors
/// 409 when there are as many as there may be.
pub fn create(tx: &mut Tx<'_>, ctx: &Ctx, new: &NewRule) -> Result<Rule, Fault> {
    let workspace = ctx.caller.workspace;
    if usize::try_from(rows::count(tx, workspace)?).unwrap_or(usize::MAX) >= RULES_MAX {
        return Err(Fault::conflict("conflict", format!("There are {RULES_MAX} approval rules already")));
    }
    let rule = Rule { id: ctx.ids.next(), rule: new.clone(), revision: 1 };
    rows::insert(tx, workspace, &row(&rule, ctx))?;
    note(tx, ctx, rule.id, None, Some(new))?;
    Ok(rule)
}

/// Puts another text of a rule in the place of what `old` was.
///
/// # Errors
/// 409 when somebody else changed it meanwhile.
pub fn replace(tx: &mut Tx<'_>, ctx: &Ctx, old: &Rule, new: NewRule) -> Result<Rule, Fault> {
    if new == old.rule {
        return Ok(old.clone());
    }
    let changed = Rule { rule: new, ..old.clone() };
    if !rows::update(tx, ctx.caller.workspace, &row(&changed, ctx), ctx.now())? {
        return Err(Fault::conflict("conflict", "The rule was changed by somebody else at the same time"));
    }
    note(tx, ctx, old.id, Some(&old.rule), Some(&changed.rule))?;
    Ok(Rule { revision: old.revision + 1, ..changed })
}

/// Takes a rule away. Runs that wait for approval keep the rules that they were frozen with.
///
/// # Errors
/// 404.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, id: ApprovalRuleId) -> Result<(), Fault> {
    let old = get(tx, ctx, id)?;
    if !rows::delete(tx, ctx.caller.workspace, id)? {
        return Err(missing());
    }
    note(tx, ctx, id, Some(&old.rule), None)
}

fn missing() -> Fault {
    Fault::not_found("Approval rule")
}

fn row(rule: &Rule, ctx: &Ctx) -> RuleRow {
    let NewRule { name, condition, required_approvers, approver_roles, is_active } = &rule.rule;
    let roles: Vec<&str> = approver_roles.iter().map(|role| role.as_str()).collect();
    RuleRow {
        id: rule.id,
        name: name.clone(),
        condition_type: condition.word().to_owned(),
        threshold: condition.threshold(),
        required_approvers: *required_approvers,
        approver_roles: json!(roles).to_string(),
        is_active: *is_active,
        revision: rule.revision,
        created_at: ctx.now(),
    }
}

fn read(row: RuleRow) -> Result<Rule, Fault> {
    let damaged = || Fault::internal(format!("approval rule {} cannot be read", row.id));
    let condition = match (row.condition_type.as_str(), row.threshold) {
        ("amount_above", Some(kobo)) => Condition::AmountAbove(Kobo(kobo)),
        ("risk_score_above", Some(units)) => {
            Condition::RiskScoreAbove(Score::from_ten_thousandths(u16::try_from(units).map_err(|_| damaged())?))
        }
        ("always", _) => Condition::Always,
        _ => return Err(damaged()),
    };
    let words: Vec<String> = serde_json::from_str(&row.approver_roles).map_err(|_| damaged())?;
    let roles: Option<Vec<TreasuryRole>> = words.iter().map(|word| TreasuryRole::parse(word)).collect();
    let rule = NewRule {
        approver_roles: roles.ok_or_else(damaged)?,
        name: row.name.clone(),
        condition,
        required_approvers: row.required_approvers,
        is_active: row.is_active,
    };
    Ok(Rule { id: row.id, rule, revision: row.revision })
}

fn note(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: ApprovalRuleId,
    before: Option<&NewRule>,
    after: Option<&NewRule>,
) -> Result<(), Fault> {
    let detail = json!({ "rule_id": id, "before": before.map(shown), "after": after.map(shown) });
    let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), "changed_approval_rule", None, &detail);
    audit::record(tx, &trail::on(entry, "approval_rule", id.0, None))
}

fn shown(rule: &NewRule) -> Value {
    let threshold = match rule.condition {
        Condition::AmountAbove(amount) => amount.to_string().into(),
        Condition::RiskScoreAbove(score) => score.to_string().into(),
        Condition::Always => Value::Null,
    };
    let roles: Vec<&str> = rule.approver_roles.iter().map(|role| role.as_str()).collect();
    json!({
        "name": rule.name,
        "condition_type": rule.condition.word(),
        "threshold": threshold,
        "required_approvers": rule.required_approvers,
        "approver_roles": roles,
        "is_active": rule.is_active,
    })
}

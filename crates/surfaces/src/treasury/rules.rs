//! Approval rules (Treasury contract, sections 6 and 10.1).

use floe_model::Fault;
use floe_model::access::TreasuryRole;
use floe_model::id::ApprovalRuleId;
use floe_store::Tx;
use floe_treasury::organisation::rules::{self, Condition, NewRule, Rule};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::input::{Input, path_id};
use super::page::Page;
use super::shapes::{PAGING, rules as shapes};
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// People that a rule can ask for.
const APPROVERS_MAX: i64 = 20;
/// Roles that can approve.
const ROLES: &str = "owner, approver";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/org/approval-rules", DASHBOARD, list)
            .any_reads()
            .doc("List approval rules")
            .queries(PAGING)
            .answers(200, shapes::RULES),
        Route::post(&SURFACE, "/api/v1/org/approval-rules", DASHBOARD, create)
            .written_by(OWNER)
            .doc("Add an approval rule")
            .takes(shapes::NEW_RULE)
            .answers(201, shapes::RULE)
            .refuses(409, &["conflict"]),
        Route::patch(&SURFACE, "/api/v1/org/approval-rules/{id}", DASHBOARD, change)
            .written_by(OWNER)
            .doc("Change an approval rule")
            .about("Runs that wait for approval keep the rules as they were when they came to it.")
            .takes(shapes::RULE_PATCH)
            .answers(200, shapes::RULE)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/v1/org/approval-rules/{id}", DASHBOARD, delete)
            .written_by(OWNER)
            .doc("Delete an approval rule")
            .answers(200, super::shapes::recipients::DELETED),
    ]
}

/// A rule on the wire.
#[derive(Serialize)]
struct RuleOut {
    id: ApprovalRuleId,
    name: String,
    condition_type: &'static str,
    threshold: Option<Box<RawValue>>,
    required_approvers: i64,
    approver_roles: Vec<&'static str>,
    is_active: bool,
}

impl TryFrom<Rule> for RuleOut {
    type Error = Fault;

    fn try_from(Rule { id, rule, .. }: Rule) -> Result<Self, Fault> {
        let number = match rule.condition {
            Condition::AmountAbove(amount) => Some(amount.to_string()),
            Condition::RiskScoreAbove(score) => Some(score.to_string()),
            Condition::Always => None,
        };
        Ok(Self {
            id,
            name: rule.name,
            condition_type: rule.condition.word(),
            threshold: number.map(RawValue::from_string).transpose().map_err(Fault::internal)?,
            required_approvers: rule.required_approvers,
            approver_roles: rule.approver_roles.iter().map(|role| role.as_str()).collect(),
            is_active: rule.is_active,
        })
    }
}

/// What kind of condition, before its threshold is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Amount,
    Score,
    Always,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "amount_above" => Some(Self::Amount),
            "risk_score_above" => Some(Self::Score),
            "always" => Some(Self::Always),
            _ => None,
        }
    }

    const fn of(condition: Condition) -> Self {
        match condition {
            Condition::AmountAbove(_) => Self::Amount,
            Condition::RiskScoreAbove(_) => Self::Score,
            Condition::Always => Self::Always,
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, ctx) = (Page::of(&call.query), call.ctx.clone());
    let (found, total) = call.ctx.store.read(move |tx| rules::list(tx, &ctx, page.limit(), page.offset)).await?;
    let rows = found.into_iter().map(RuleOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let new = read_new(&call)?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| rules::create(tx, &ctx, &new),
        |rule| Reply::json(StatusCode::CREATED, &RuleOut::try_from(rule)?),
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: ApprovalRuleId = path_id(&call, "id")?;
    // What the threshold means may hang on the rule that is changed, so that the body is read once more inside the transaction.
    check_patch(&call)?;
    let (ctx, body) = (call.ctx.clone(), call.body.clone());
    let write = move |tx: &mut Tx<'_>| {
        let old = rules::get(tx, &ctx, id)?;
        let new = read_patch(Input::of_bytes(&body)?, &old.rule)?;
        rules::replace(tx, &ctx, &old, new)
    };
    call.commit(write, |rule| Reply::ok(&RuleOut::try_from(rule)?)).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let id: ApprovalRuleId = path_id(&call, "id")?;
    let ctx = call.ctx.clone();
    call.commit(
        move |tx| rules::delete(tx, &ctx, id),
        move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id }))),
    )
    .await
}

fn read_new(call: &Call) -> Result<NewRule, Fault> {
    let mut body = Input::of(call)?;
    let name = body.required_text("name", 1, 100);
    let kind = if body.require("condition_type") { read_kind(&mut body) } else { None };
    if matches!(kind, Some(Kind::Amount | Kind::Score)) {
        body.require("threshold");
    }
    let condition = kind.and_then(|kind| read_condition(&mut body, kind));
    let required_approvers = body.int("required_approvers", 1, APPROVERS_MAX).unwrap_or(1);
    let approver_roles = read_roles(&mut body).unwrap_or_default();
    let is_active = body.flag("is_active").unwrap_or(true);
    body.finish()?;
    let condition = condition.unwrap_or(Condition::Always);
    Ok(NewRule { name, condition, required_approvers, approver_roles, is_active })
}

/// Finds what is wrong with a change whatever the rule is.
fn check_patch(call: &Call) -> Result<(), Fault> {
    let mut body = Input::of(call)?;
    body.text("name", 1, 100);
    if let Some(kind) = read_kind(&mut body) {
        read_condition(&mut body, kind);
    } else {
        body.money_from_zero("threshold");
    }
    body.int("required_approvers", 1, APPROVERS_MAX);
    read_roles(&mut body);
    body.flag("is_active");
    body.finish()
}

fn read_patch(mut body: Input<'_>, old: &NewRule) -> Result<NewRule, Fault> {
    let name = body.text("name", 1, 100).unwrap_or_else(|| old.name.clone());
    let kind = read_kind(&mut body).unwrap_or(Kind::of(old.condition));
    let is_other = kind != Kind::of(old.condition);
    if is_other && kind != Kind::Always {
        body.require("threshold");
    }
    let condition = read_condition(&mut body, kind).unwrap_or(old.condition);
    let rule = NewRule {
        name,
        condition,
        required_approvers: body.int("required_approvers", 1, APPROVERS_MAX).unwrap_or(old.required_approvers),
        approver_roles: read_roles(&mut body).unwrap_or_else(|| old.approver_roles.clone()),
        is_active: body.flag("is_active").unwrap_or(old.is_active),
    };
    body.finish()?;
    Ok(rule)
}

fn read_kind(body: &mut Input<'_>) -> Option<Kind> {
    body.word("condition_type", Condition::WORDS, Kind::parse)
}

fn read_condition(body: &mut Input<'_>, kind: Kind) -> Option<Condition> {
    match kind {
        Kind::Amount => body.money_from_zero("threshold").map(Condition::AmountAbove),
        Kind::Score => body.score("threshold").map(Condition::RiskScoreAbove),
        Kind::Always => Some(Condition::Always),
    }
}

fn read_roles(body: &mut Input<'_>) -> Option<Vec<TreasuryRole>> {
    let words = body.texts("approver_roles", 0, 2, 20)?;
    let mut roles = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        match TreasuryRole::parse(word) {
            Some(role @ (TreasuryRole::Owner | TreasuryRole::Approver)) if !roles.contains(&role) => roles.push(role),
            Some(TreasuryRole::Owner | TreasuryRole::Approver) => {}
            _ => body.problem(&format!("approver_roles/{at}"), "enum", format!("must be one of: {ROLES}")),
        }
    }
    Some(roles)
}

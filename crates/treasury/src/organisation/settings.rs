//! Limits, tolerance and fees of an organisation (Treasury contract, section 10.1).

use floe_model::Fault;
use floe_model::treasury::{FeeSetting, Kobo, Score};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit;
use floe_store::treasury::settings::{self as rows, OrgSettings};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::trail::{self, Who};

/// What shall be changed; what is none stays, an inner none takes a limit away.
#[derive(Debug, Clone, Default)]
pub struct OrgPatch {
    /// Tolerance of a run that names none.
    pub default_risk_tolerance: Option<Score>,
    /// The largest single payout.
    pub single_payout_cap: Option<Option<Kobo>>,
    /// The most that is released in a day.
    pub daily_payout_limit: Option<Option<Kobo>>,
    /// The most that is released in a month.
    pub monthly_payout_limit: Option<Option<Kobo>>,
    /// Below this the wallet counts as low.
    pub low_balance_alert: Option<Option<Kobo>>,
    /// Whether API keys may approve.
    pub allow_key_approvals: Option<bool>,
    /// Whether a wrong check digit sends a candidate to review.
    pub strict_check_digit: Option<bool>,
    /// What a payout costs.
    pub fee: Option<FeeSetting>,
}

/// What an organisation set.
///
/// # Errors
/// Of the database.
pub fn get(tx: &mut Tx<'_>, ctx: &Ctx) -> Result<OrgSettings, Fault> {
    rows::get(tx, ctx.caller.workspace)
}

/// Changes what an organisation set. `more` are fields outside of the settings that change with them, before and after.
///
/// # Errors
/// 409 when somebody else changed it at the same time.
pub fn patch(tx: &mut Tx<'_>, ctx: &Ctx, patch: &OrgPatch, more: &[(&str, &str, &str)]) -> Result<OrgSettings, Fault> {
    let old = rows::get(tx, ctx.caller.workspace)?;
    let new = OrgSettings {
        default_risk_tolerance: patch.default_risk_tolerance.unwrap_or(old.default_risk_tolerance),
        single_payout_cap: patch.single_payout_cap.unwrap_or(old.single_payout_cap),
        daily_payout_limit: patch.daily_payout_limit.unwrap_or(old.daily_payout_limit),
        monthly_payout_limit: patch.monthly_payout_limit.unwrap_or(old.monthly_payout_limit),
        low_balance_alert: patch.low_balance_alert.unwrap_or(old.low_balance_alert),
        allow_key_approvals: patch.allow_key_approvals.unwrap_or(old.allow_key_approvals),
        strict_check_digit: patch.strict_check_digit.unwrap_or(old.strict_check_digit),
        fee: patch.fee.clone().unwrap_or_else(|| old.fee.clone()),
        revision: old.revision,
    };
    let (mut before, mut after) = (Map::new(), Map::new());
    for (name, old, new) in more.iter().filter(|(_, old, new)| old != new) {
        before.insert((*name).to_owned(), (*old).into());
        after.insert((*name).to_owned(), (*new).into());
    }
    let is_same = new == old;
    let named = facts(&old)?.into_iter().zip(facts(&new)?).filter(|((_, old), (_, new))| old != new);
    for ((name, old), (_, new)) in named {
        before.insert(name.to_owned(), old);
        after.insert(name.to_owned(), new);
    }
    if !is_same && !rows::put(tx, ctx.caller.workspace, &new, ctx.now())? {
        return Err(Fault::conflict("conflict", "The settings were changed by somebody else at the same time"));
    }
    if !after.is_empty() {
        let detail = serde_json::json!({ "before": before, "after": after });
        let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), "changed_settings", None, &detail);
        audit::record(tx, &entry)?;
    }
    Ok(OrgSettings { revision: old.revision + i64::from(!is_same), ..new })
}

/// Every setting as the audit log has it: amounts as texts, which are exact in any reader.
fn facts(of: &OrgSettings) -> Result<[(&'static str, Value); 8], Fault> {
    let money = |amount: Option<Kobo>| amount.map_or(Value::Null, |amount| amount.to_string().into());
    let fee: Box<RawValue> = serde_json::value::to_raw_value(&of.fee).map_err(Fault::internal)?;
    Ok([
        ("default_risk_tolerance", of.default_risk_tolerance.to_string().into()),
        ("single_payout_cap", money(of.single_payout_cap)),
        ("daily_payout_limit", money(of.daily_payout_limit)),
        ("monthly_payout_limit", money(of.monthly_payout_limit)),
        ("low_balance_alert", money(of.low_balance_alert)),
        ("allow_key_approvals", of.allow_key_approvals.into()),
        ("strict_check_digit", of.strict_check_digit.into()),
        ("fee", fee.get().into()),
    ])
}

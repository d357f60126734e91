//! The organisation and what it sets about paying (Treasury contract, section 10.1).

use floe_access::workspace::{self, WorkspacePatch};
use floe_model::Fault;
use floe_model::treasury::{FeeSetting, Kobo, Score};
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::treasury::settings::OrgSettings;
use floe_treasury::organisation::settings::{self, OrgPatch};
use serde::Serialize;

use super::input::Input;
use super::shapes::org as shapes;
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/org", DASHBOARD, show)
            .any_reads()
            .doc("Show the organisation")
            .answers(200, shapes::ORG),
        Route::patch(&SURFACE, "/api/v1/org", DASHBOARD, change)
            .written_by(OWNER)
            .doc("Change the organisation")
            .about("What is not there stays; null takes a limit away. Runs that were released before are untouched.")
            .takes(shapes::ORG_PATCH)
            .answers(200, shapes::ORG)
            .refuses(409, &["conflict"]),
    ]
}

/// The organisation.
#[derive(Serialize)]
struct OrgOut {
    name: String,
    default_risk_tolerance: Score,
    single_payout_cap: Option<Kobo>,
    daily_payout_limit: Option<Kobo>,
    monthly_payout_limit: Option<Kobo>,
    low_balance_alert: Option<Kobo>,
    allow_key_approvals: bool,
    strict_check_digit: bool,
    fee: FeeSetting,
}

impl OrgOut {
    fn new(name: String, of: OrgSettings) -> Self {
        Self {
            name,
            default_risk_tolerance: of.default_risk_tolerance,
            single_payout_cap: of.single_payout_cap,
            daily_payout_limit: of.daily_payout_limit,
            monthly_payout_limit: of.monthly_payout_limit,
            low_balance_alert: of.low_balance_alert,
            allow_key_approvals: of.allow_key_approvals,
            strict_check_digit: of.strict_check_digit,
            fee: of.fee,
        }
    }
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let ctx = call.ctx.clone();
    let reading = move |tx: &mut Tx<'_>| {
        let found = workspaces::find(tx, ctx.caller.workspace)?.ok_or_else(|| Fault::not_found("Workspace"))?;
        Ok((found.name, settings::get(tx, &ctx)?))
    };
    let (name, found) = call.ctx.store.read(reading).await?;
    Reply::ok(&OrgOut::new(name, found))
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let (name, patch) = read_patch(&call)?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        let old = workspaces::find(tx, ctx.caller.workspace)?.ok_or_else(|| Fault::not_found("Workspace"))?;
        let new = name.clone().unwrap_or_else(|| old.name.clone());
        if new != old.name {
            workspace::patch(tx, &act, &WorkspacePatch { name: Some(new.clone()), ..WorkspacePatch::default() }, None)?;
        }
        let changed = settings::patch(tx, &ctx, &patch, &[("name", &old.name, &new)])?;
        Ok((new, changed))
    };
    call.commit(write, |(name, changed)| Reply::ok(&OrgOut::new(name, changed))).await
}

fn read_patch(call: &Call) -> Result<(Option<String>, OrgPatch), Fault> {
    let mut body = Input::of(call)?;
    let name = body.text("name", 1, 100);
    let mut limit = |name: &str| if body.is_null(name) { Some(None) } else { body.money(name).map(Some) };
    let (single, daily, monthly) =
        (limit("single_payout_cap"), limit("daily_payout_limit"), limit("monthly_payout_limit"));
    let low = if body.is_null("low_balance_alert") {
        Some(None)
    } else {
        body.money_from_zero("low_balance_alert").map(Some)
    };
    let patch = OrgPatch {
        default_risk_tolerance: body.score("default_risk_tolerance"),
        single_payout_cap: single,
        daily_payout_limit: daily,
        monthly_payout_limit: monthly,
        low_balance_alert: low,
        allow_key_approvals: body.flag("allow_key_approvals"),
        strict_check_digit: body.flag("strict_check_digit"),
        fee: body.fee("fee"),
    };
    body.finish()?;
    Ok((name, patch))
}

//! Table `treasury_settings`: what an organisation set about paying (Treasury contract, section 10.1).

use floe_model::{
    Fault, Timestamp,
    id::WorkspaceId,
    treasury::{FeeSetting, Kobo, Score},
};

use crate::{Row, Tx, params, statements};

/// Below this the wallet counts as low, unless it is set otherwise: 50,000 naira.
const LOW_BALANCE: Kobo = Kobo(5_000_000);

/// What an organisation set, for live and test alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgSettings {
    /// Tolerance of a run that names none.
    pub default_risk_tolerance: Score,
    /// The largest single payout; none is no limit.
    pub single_payout_cap: Option<Kobo>,
    /// The most that is released in a day (UTC).
    pub daily_payout_limit: Option<Kobo>,
    /// The most that is released in a calendar month (UTC).
    pub monthly_payout_limit: Option<Kobo>,
    /// Below this the wallet counts as low; none tells nobody.
    pub low_balance_alert: Option<Kobo>,
    /// Whether API keys may approve.
    pub allow_key_approvals: bool,
    /// Whether a wrong check digit sends a candidate to review.
    pub strict_check_digit: bool,
    /// What a payout costs.
    pub fee: FeeSetting,
    /// Counts changes; 0 before the first one.
    pub revision: i64,
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            default_risk_tolerance: Score::DEFAULT_TOLERANCE,
            single_payout_cap: None,
            daily_payout_limit: None,
            monthly_payout_limit: None,
            low_balance_alert: Some(LOW_BALANCE),
            allow_key_approvals: false,
            strict_check_digit: false,
            fee: FeeSetting::default(),
            revision: 0,
        }
    }
}

statements! {
    /// What was set.
    FIND = both(
        "select default_risk_tolerance, single_payout_cap, daily_payout_limit, monthly_payout_limit, low_balance_alert,
             allow_key_approvals, strict_check_digit, fee, revision
         from treasury_settings where workspace_id = $1"
    ) -> [int, opt int, opt int, opt int, opt int, bool, bool, json, int];
    /// The first change.
    INSERT = both(
        "insert into treasury_settings (workspace_id, default_risk_tolerance, single_payout_cap, daily_payout_limit,
             monthly_payout_limit, low_balance_alert, allow_key_approvals, strict_check_digit, fee, revision, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10) on conflict do nothing"
    );
    /// Another change.
    UPDATE = both(
        "update treasury_settings set default_risk_tolerance = $2, single_payout_cap = $3, daily_payout_limit = $4,
             monthly_payout_limit = $5, low_balance_alert = $6, allow_key_approvals = $7, strict_check_digit = $8, fee = $9,
             revision = revision + 1, updated_at = $10
         where workspace_id = $1 and revision = $11"
    );
}

/// What an organisation set; the defaults when it set nothing.
///
/// # Errors
/// Of the database.
pub fn get(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<OrgSettings, Fault> {
    Ok(tx.row(&FIND, params![workspace], map)?.unwrap_or_default())
}

/// Writes what was set when the revision is still that of `settings`; false otherwise.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, settings: &OrgSettings, now: Timestamp) -> Result<bool, Fault> {
    let fee = serde_json::to_string(&settings.fee).map_err(Fault::internal)?;
    let amounts = [
        settings.single_payout_cap,
        settings.daily_payout_limit,
        settings.monthly_payout_limit,
        settings.low_balance_alert,
    ];
    let [single, daily, monthly, low] = amounts.map(|amount| amount.map(Kobo::minor));
    let tolerance = i64::from(settings.default_risk_tolerance.ten_thousandths());
    let (key_approvals, strict) = (settings.allow_key_approvals, settings.strict_check_digit);
    let written = if settings.revision == 0 {
        let values = params![workspace, tolerance, single, daily, monthly, low, key_approvals, strict, &fee, now];
        tx.execute(&INSERT, values)?
    } else {
        let revision = settings.revision;
        let values =
            params![workspace, tolerance, single, daily, monthly, low, key_approvals, strict, &fee, now, revision];
        tx.execute(&UPDATE, values)?
    };
    Ok(written == 1)
}

fn map(row: &Row<'_>) -> Result<OrgSettings, Fault> {
    let tolerance = u16::try_from(row.int(0)?).map_err(|_| row.mismatch(0, "a score"))?;
    Ok(OrgSettings {
        default_risk_tolerance: Score::from_ten_thousandths(tolerance),
        single_payout_cap: row.opt_int(1)?.map(Kobo),
        daily_payout_limit: row.opt_int(2)?.map(Kobo),
        monthly_payout_limit: row.opt_int(3)?.map(Kobo),
        low_balance_alert: row.opt_int(4)?.map(Kobo),
        allow_key_approvals: row.bool(5)?,
        strict_check_digit: row.bool(6)?,
        fee: FeeSetting::read(row.text(7)?).map_err(|_| row.mismatch(7, "a tariff"))?,
        revision: row.int(8)?,
    })
}

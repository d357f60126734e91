//! What is left in the ledger (agents contract, section 6).

use floe_model::access::credits::Account;
use floe_model::{Fault, Scope};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::access::credits as store;

/// The state of a ledger, in thousandths of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credits {
    /// What is left.
    pub balance: i64,
    /// Used on this UTC day.
    pub used_today: i64,
    /// Used in this calendar month, UTC.
    pub used_this_month: i64,
    /// Most that may be used in a month.
    pub limit: Option<i64>,
}

/// The state of the ledger of a workspace and mode; one that nobody used yet is as it will be opened.
///
/// # Errors
/// Of the database.
pub fn credits(tx: &mut Tx<'_>, platform: &Platform, scope: Scope) -> Result<Credits, Fault> {
    let account = match store::find(tx, scope)? {
        Some(ledger) => ledger.account,
        None => Account::open(store::opening(tx, scope)?, scope.mode == floe_model::Mode::Live),
    };
    let now = platform.clock.now();
    Ok(Credits {
        balance: account.balance,
        used_today: account.used_today(now),
        used_this_month: account.used_this_month(now),
        limit: account.monthly_limit,
    })
}

//! The wallet: its balances, how money comes in, its lines and statement (Treasury contract, sections 2.4, 10.4 and 12).

mod account;
mod funding;
mod lines;
mod notice;
mod statement;

use floe_model::access::credits::MILLI;
use floe_model::treasury::Kobo;
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::access::credits;
use floe_store::treasury::settings;
use floe_store::treasury::wallets::Wallet;

use crate::ledger;

pub use account::{find_account, open_account};
pub use floe_store::treasury::funding::VirtualAccount;
pub use floe_store::treasury::postings::Line;
pub use funding::{AddCredits, Added, ToppedUp, Topup, add_credits, top_up};
pub use lines::{Filter, lines};
pub use notice::{Notice, Taken, assign_notice, provider, take_notice};
pub use statement::{Statement, statement};

/// How a wallet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The wallet.
    pub wallet: Wallet,
    /// Whole AI credits that can be spent.
    pub credits: i64,
    /// Whether what can be spent is below the alert of the organisation.
    pub is_low: bool,
}

impl Standing {
    /// What can be spent, and what is set aside.
    #[must_use]
    pub fn total(&self) -> Kobo {
        let balances = &self.wallet.balances;
        balances.available.checked_add(balances.reserved).unwrap_or(Kobo(i64::MAX))
    }
}

/// How a wallet stands now, also before its first act.
///
/// # Errors
/// Of the database.
pub fn standing(tx: &mut Tx<'_>, scope: Scope, now: Timestamp) -> Result<Standing, Fault> {
    let wallet = ledger::wallet(tx, scope, now)?;
    let credits = match credits::find(tx, scope)? {
        Some(ledger) => ledger.account.balance - ledger.account.held,
        None => credits::opening(tx, scope)?,
    };
    let alert = settings::get(tx, scope.workspace)?.low_balance_alert;
    let is_low = alert.is_some_and(|alert| wallet.available() < alert);
    Ok(Standing { wallet, credits: credits.div_euclid(MILLI), is_low })
}

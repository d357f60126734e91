//! What was paid before, for the risk agent and the planner: reads of payout orders and transactions by many accounts at once.

use floe_model::{Fault, Scope, Timestamp, treasury::Kobo};

use crate::{Tx, params, statements};

/// Payouts that succeeded to one account under one code and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The account.
    pub account_number: String,
    /// The institution, as it was given then.
    pub institution_code: String,
    /// The name, as it was given then.
    pub name: String,
    /// In the shorter window.
    pub short: u32,
    /// In the longer window.
    pub long: u32,
    /// The first one.
    pub first_at: Timestamp,
    /// The last one.
    pub last_at: Timestamp,
}

/// An amount that was paid or is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// The account.
    pub account_number: String,
    /// The institution, as it was given then.
    pub institution_code: String,
    /// How much.
    pub amount: Kobo,
}

/// Transactions of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// All of them.
    pub transactions: i64,
    /// Those that failed.
    pub failed: i64,
}

statements! {
    /// Payouts that succeeded, by account, code and name.
    PAID = split {
        // Without being told SQLite looks at every payout of the workspace, however few the accounts are.
        sqlite: "select account_number, institution_code, beneficiary_name, count(case when settled_at >= $4 then 1 end),
                 count(case when settled_at >= $5 then 1 end), min(settled_at), max(settled_at)
             from payout_orders indexed by payout_orders_history
             where workspace_id = $1 and mode = $2 and account_number in (select value from json_each($3)) and state = 'success'
             group by account_number, institution_code, beneficiary_name",
        postgres: "select account_number, institution_code, beneficiary_name, count(case when settled_at >= $4 then 1 end),
                 count(case when settled_at >= $5 then 1 end), min(settled_at), max(settled_at)
             from payout_orders
             where workspace_id = $1 and mode = $2
                 and account_number in (select value from json_array_elements_text($3::text::json) as given(value)) and state = 'success'
             group by account_number, institution_code, beneficiary_name",
    } -> [text, text, text, int, int, opt time, opt time];
    /// Amounts since an instant that were paid or are under way.
    RECENT = split {
        sqlite: "select account_number, institution_code, amount from payout_orders indexed by payout_orders_history
             where workspace_id = $1 and mode = $2 and account_number in (select value from json_each($3)) and created_at >= $4
                 and state in ('ready', 'sent', 'followup', 'success')",
        postgres: "select account_number, institution_code, amount from payout_orders
             where workspace_id = $1 and mode = $2
                 and account_number in (select value from json_array_elements_text($3::text::json) as given(value))
                 and created_at >= $4 and state in ('ready', 'sent', 'followup', 'success')",
    } -> [text, text, int];
    /// When a transaction was made.
    MADE_AT = both(
        "select created_at from payout_transactions where workspace_id = $1 and mode = $2 and seq = $3"
    ) -> [time];
    /// Failed transactions of a span.
    FAILED = both(
        "select count(*) from payout_transactions
         where workspace_id = $1 and mode = $2 and status = 'FAILED' and seq >= $3 and seq < $4"
    ) -> [int];
    /// How many transactions there are, and how many of them failed.
    ALL = both("select transactions, failed from wallets where workspace_id = $1 and mode = $2") -> [int, int];
}

/// What was paid to these accounts, with counts since two instants.
///
/// # Errors
/// Of the database.
pub fn paid(
    tx: &mut Tx<'_>,
    scope: Scope,
    accounts: &[&str],
    short: Timestamp,
    long: Timestamp,
) -> Result<Vec<Paid>, Fault> {
    let accounts = serde_json::to_string(accounts).map_err(Fault::internal)?;
    tx.rows(&PAID, params![scope.workspace, scope.mode, &accounts, short, long], |row| {
        let count = |index: usize| row.int(index).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Ok(Paid {
            account_number: row.string(0)?,
            institution_code: row.string(1)?,
            name: row.string(2)?,
            short: count(3)?,
            long: count(4)?,
            first_at: row.time(5)?,
            last_at: row.time(6)?,
        })
    })
}

/// What was paid to these accounts since an instant, or is under way.
///
/// # Errors
/// Of the database.
pub fn recent(tx: &mut Tx<'_>, scope: Scope, accounts: &[&str], since: Timestamp) -> Result<Vec<Recent>, Fault> {
    let accounts = serde_json::to_string(accounts).map_err(Fault::internal)?;
    tx.rows(&RECENT, params![scope.workspace, scope.mode, &accounts, since], |row| {
        Ok(Recent { account_number: row.string(0)?, institution_code: row.string(1)?, amount: Kobo(row.int(2)?) })
    })
}

/// Transactions made at or after `from` and before `to`. They are numbered in the order of their instants, so that the ends of the
/// window are found by halving.
///
/// # Errors
/// Of the database.
pub fn window(tx: &mut Tx<'_>, scope: Scope, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Window, Fault> {
    let all = tx.row(&ALL, params![scope.workspace, scope.mode], |row| {
        Ok(Window { transactions: row.int(0)?, failed: row.int(1)? })
    })?;
    let all = all.unwrap_or_default();
    if from.is_none() && to.is_none() {
        return Ok(all);
    }
    let first = from.map_or(Ok(1), |from| first_at(tx, scope, all.transactions, from))?;
    let end = to.map_or(Ok(all.transactions + 1), |to| first_at(tx, scope, all.transactions, to))?;
    let failed = tx.row(&FAILED, params![scope.workspace, scope.mode, first, end], |row| row.int(0))?;
    Ok(Window { transactions: (end - first).max(0), failed: failed.unwrap_or(0) })
}

/// The number of the first transaction at or after an instant; one past the last when there is none.
fn first_at(tx: &mut Tx<'_>, scope: Scope, count: i64, at: Timestamp) -> Result<i64, Fault> {
    let (mut low, mut high) = (1, count + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let made = tx.row(&MADE_AT, params![scope.workspace, scope.mode, middle], |row| row.time(0))?;
        if made.is_some_and(|made| made < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

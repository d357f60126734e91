//! Tables of the treasury slice.

use floe_model::Fault;

use crate::Statement;

pub mod approval_rules;
pub mod approvals;
pub mod audit_view;
pub mod blocklist;
pub mod candidates;
pub mod funding;
pub mod history;
pub mod payment_asks;
pub mod payment_run_events;
pub mod payment_run_list;
pub mod payment_run_totals;
pub mod payment_runs;
pub mod payout_orders;
pub mod payout_resolutions;
pub mod payout_runs;
pub mod payout_transactions;
mod places;
pub mod postings;
pub mod recipients;
pub mod scheduled_runs;
pub mod settings;
pub mod simulated_payments;
pub mod wallets;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    approval_rules::STATEMENTS,
    approvals::STATEMENTS,
    audit_view::STATEMENTS,
    blocklist::STATEMENTS,
    candidates::STATEMENTS,
    funding::STATEMENTS,
    history::STATEMENTS,
    payment_asks::STATEMENTS,
    payment_run_events::STATEMENTS,
    payment_run_list::STATEMENTS,
    payment_run_totals::STATEMENTS,
    payment_runs::STATEMENTS,
    payout_orders::STATEMENTS,
    payout_resolutions::STATEMENTS,
    payout_runs::STATEMENTS,
    payout_transactions::STATEMENTS,
    postings::STATEMENTS,
    recipients::STATEMENTS,
    scheduled_runs::STATEMENTS,
    settings::STATEMENTS,
    simulated_payments::STATEMENTS,
    wallets::STATEMENTS,
];

/// Numbers as a statement takes a list of them, with the lowest and the highest: these keep a planner that knows nothing of the table
/// to a part of the primary key.
fn list(numbers: &[i64]) -> Result<(String, i64, i64), Fault> {
    let text = serde_json::to_string(numbers).map_err(Fault::internal)?;
    Ok((text, numbers.iter().min().copied().unwrap_or(0), numbers.iter().max().copied().unwrap_or(0)))
}

/// Ids as a statement takes a list of them.
fn id_list<T: serde::Serialize>(ids: &[T]) -> Result<String, Fault> {
    serde_json::to_string(ids).map_err(Fault::internal)
}

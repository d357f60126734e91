//! Transactions as they are read (Treasury contract, sections 2.5 and 10.5).

use floe_model::id::{PaymentRunId, TransactionId};
use floe_model::treasury::TransactionStatus;
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::treasury::payout_orders::{self, Order};
use floe_store::treasury::payout_resolutions::{self, Resolution};
use floe_store::treasury::payout_transactions::{self as store, Transaction};
use floe_store::treasury::wallets;

/// Which transactions a list shows; an empty filter shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of one run.
    pub run: Option<PaymentRunId>,
    /// Of one status.
    pub status: Option<TransactionStatus>,
}

/// A page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// How many there are over all pages, in the same snapshot.
    pub total: i64,
}

/// A page of transactions.
///
/// # Errors
/// Of the database.
pub fn transactions(
    tx: &mut Tx<'_>,
    scope: Scope,
    filter: Filter,
    limit: i64,
    offset: i64,
) -> Result<Page<Transaction>, Fault> {
    if let Some(run) = filter.run {
        let (rows, total) = store::of_run(tx, scope, run, filter.status, limit, offset)?;
        return Ok(Page { rows, total });
    }
    let Some(wallet) = wallets::find(tx, scope)? else { return Ok(Page { rows: Vec::new(), total: 0 }) };
    let Some(status) = filter.status else {
        let total = wallet.transactions;
        return Ok(Page { rows: store::page(tx, scope, limit, offset, total)?, total });
    };
    let total = match status {
        TransactionStatus::Pending => wallet.pending,
        TransactionStatus::Success => wallet.succeeded,
        TransactionStatus::Failed => wallet.failed,
    };
    Ok(Page { rows: store::of_status(tx, scope, status, limit, offset, (total, wallet.transactions))?, total })
}

/// A transaction with what the dashboard shows besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The transaction.
    pub transaction: Transaction,
    /// The order behind it; that of the debit for money that came back.
    pub order: Order,
    /// What people found out about it. Lists leave it out.
    pub resolution: Option<Resolution>,
}

/// The orders behind transactions.
///
/// # Errors
/// Of the database.
pub fn details(tx: &mut Tx<'_>, scope: Scope, transactions: Vec<Transaction>) -> Result<Vec<Detail>, Fault> {
    let seqs: Vec<i64> = transactions.iter().map(|one| one.debit.unwrap_or(one.seq)).collect();
    let orders = payout_orders::some(tx, scope, &seqs)?;
    let with_order = |transaction: Transaction| {
        let seq = transaction.debit.unwrap_or(transaction.seq);
        let found = orders.binary_search_by_key(&seq, |order| order.seq);
        let order = found.map(|at| orders[at].clone());
        let order = order.map_err(|_| Fault::internal("a transaction without its payout order"))?;
        Ok(Detail { transaction, order, resolution: None })
    };
    transactions.into_iter().map(with_order).collect()
}

/// One transaction with everything about it.
///
/// # Errors
/// `not_found`.
pub fn detail(tx: &mut Tx<'_>, scope: Scope, id: TransactionId) -> Result<Detail, Fault> {
    let found = store::find(tx, scope, id)?.ok_or_else(|| Fault::not_found("Transaction"))?;
    let mut details = details(tx, scope, vec![found])?;
    let detail = details.pop().ok_or_else(|| Fault::internal("a transaction went away while it was read"))?;
    let resolution = payout_resolutions::find(tx, scope, detail.order.seq)?;
    Ok(Detail { resolution, ..detail })
}

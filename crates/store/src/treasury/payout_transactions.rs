//! Table `payout_transactions`: payouts as they are shown, and money that came back (Treasury contract, section 2.5).
//!
//! Numbers of a wallet have no gaps, so that pages of the whole list are arithmetic; how many there are of each status is in the
//! wallet's row.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{PaymentRunId, TransactionId},
    treasury::{Direction, Kobo, TransactionStatus},
};

use super::places;
use crate::{Row, Tx, Value, params, statements};

/// Transactions of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its number in the wallet, from 1.
    pub seq: i64,
    /// Its id.
    pub id: TransactionId,
    /// The run that it belongs to.
    pub run: PaymentRunId,
    /// `FP-YYYYMMDD-NNNNN`.
    pub reference: String,
    /// How much; above zero.
    pub amount: Kobo,
    /// Which way.
    pub direction: Direction,
    /// How far.
    pub status: TransactionStatus,
    /// For money that came back: the number of the debit.
    pub debit: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which end of a list is nearer to a page, and how far away it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Rows before the page, counted from that end.
    pub skip: i64,
    /// Rows of the page.
    pub take: i64,
    /// Whether that end is the newest.
    pub from_newest: bool,
}

impl Walk {
    /// To the page of `limit` rows after `offset` in a list of `total` rows, newest first; none when the page is empty.
    #[must_use]
    pub fn to(limit: i64, offset: i64, total: i64) -> Option<Self> {
        let take = limit.min(total.saturating_sub(offset));
        if take <= 0 {
            return None;
        }
        let after = total - offset - take;
        Some(if offset <= after {
            Self { skip: offset, take, from_newest: true }
        } else {
            Self { skip: after, take, from_newest: false }
        })
    }
}

/// A page that is found by walking an index: the numbers first, then the rows. Parameters $1 and $2 are the scope. The words `cross join`
/// keep SQLite from walking all rows and looking each up in the page.
macro_rules! walk {
    ($by:literal, $order:literal, $limit:literal, $offset:literal) => {
        concat!(
            "select t.seq, id, run_id, reference, amount, direction, status, debit_seq, created_at
             from (select seq from payout_transactions where workspace_id = $1 and mode = $2 and ",
            $by,
            " order by seq ",
            $order,
            " limit ",
            $limit,
            " offset ",
            $offset,
            ") page cross join payout_transactions t
             where t.workspace_id = $1 and t.mode = $2 and t.seq = page.seq order by page.seq desc"
        )
    };
}

statements! {
    /// Many transactions.
    ADD = bulk(
        "insert into payout_transactions (workspace_id, mode, seq, id, run_id, reference, amount, direction, status, debit_seq, created_at)",
        [id, text, int, id, id, text, int, text, text, opt int, time]
    );
    /// Final, once.
    SETTLE = split {
        sqlite: "update payout_transactions set status = $3
             where workspace_id = $1 and mode = $2 and status = 'PENDING' and seq >= $5 and seq <= $6
                 and seq in (select value from json_each($4))",
        postgres: "update payout_transactions set status = $3
             where workspace_id = $1 and mode = $2 and status = 'PENDING'
                 and seq >= $5 and seq <= $6
                 and seq = any(translate($4::text, '[]', '{}')::bigint[])",
    };
    /// One by its id.
    FIND = both(
        "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
         where workspace_id = $1 and mode = $2 and id = $3"
    ) -> [int, id, id, text, int, text, text, opt int, time];
    /// A span of numbers, newest first.
    SPAN = both(
        "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
         where workspace_id = $1 and mode = $2 and seq >= $3 and seq <= $4 order by seq desc limit $5"
    ) -> [int, id, id, text, int, text, text, opt int, time];
    /// Some, by their numbers.
    SOME = split {
        sqlite: "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
             where workspace_id = $1 and mode = $2 and seq >= $4 and seq <= $5
                 and seq in (select value from json_each($3)) order by seq",
        postgres: "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
             where workspace_id = $1 and mode = $2 and seq >= $4 and seq <= $5
                 and seq = any(translate($3::text, '[]', '{}')::bigint[]) order by seq",
    } -> [int, id, id, text, int, text, text, opt int, time];
    /// Of a status, from a number down.
    STATUS_FROM = both(
        "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
         where workspace_id = $1 and mode = $2 and status = $3 and seq <= $4 order by seq desc limit $5"
    ) -> [int, id, id, text, int, text, text, opt int, time];
    /// How many of a status a span of numbers has.
    COUNT_STATUS = split {
        sqlite: "select count(*) from payout_transactions indexed by payout_transactions_status
             where workspace_id = $1 and mode = $2 and status = $3 and seq > $4 and seq <= $5",
        postgres: "select count(*) from payout_transactions
             where workspace_id = $1 and mode = $2 and status = $3 and seq > $4 and seq <= $5",
    } -> [int];
    /// Of a status, from the newest.
    STATUS_NEWEST = both(walk!("status = $3", "desc", "$4", "$5"))
        -> [int, id, id, text, int, text, text, opt int, time];
    /// Of a status, from the oldest.
    STATUS_OLDEST = both(walk!("status = $3", "asc", "$4", "$5"))
        -> [int, id, id, text, int, text, text, opt int, time];
    /// Of a run, from the newest.
    RUN_NEWEST = both(walk!("run_id = $3", "desc", "$4", "$5"))
        -> [int, id, id, text, int, text, text, opt int, time];
    /// Of a run, from the oldest.
    RUN_OLDEST = both(walk!("run_id = $3", "asc", "$4", "$5"))
        -> [int, id, id, text, int, text, text, opt int, time];
    /// How many a run has.
    COUNT_RUN = both("select count(*) from payout_transactions where workspace_id = $1 and mode = $2 and run_id = $3") -> [int];
    /// Of a run and a status, newest first.
    RUN_STATUS = both(
        "select seq, id, run_id, reference, amount, direction, status, debit_seq, created_at from payout_transactions
         where workspace_id = $1 and mode = $2 and run_id = $3 and status = $4 order by seq desc limit $5 offset $6"
    ) -> [int, id, id, text, int, text, text, opt int, time];
    /// How many of those there are.
    COUNT_RUN_STATUS = both(
        "select count(*) from payout_transactions where workspace_id = $1 and mode = $2 and run_id = $3 and status = $4"
    ) -> [int];
    /// Sums of a wallet's transactions by direction and status, for checks: it reads all of them.
    SUMS = both(
        "select direction, status, count(*), cast(sum(amount) as bigint) from payout_transactions
         where workspace_id = $1 and mode = $2 group by direction, status order by direction, status"
    ) -> [text, text, int, int];
}

/// Writes transactions whose numbers follow the last one of the wallet, which the caller holds.
///
/// # Errors
/// Of the database.
pub fn add_all(tx: &mut Tx<'_>, scope: Scope, transactions: &[Transaction]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 11]> = transactions
        .iter()
        .map(|one| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                one.seq.into(),
                one.id.0.into(),
                one.run.0.into(),
                (&one.reference).into(),
                one.amount.0.into(),
                one.direction.as_str().into(),
                one.status.as_str().into(),
                one.debit.into(),
                one.created_at.into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// Makes transactions final that are not; returns how many were not.
///
/// # Errors
/// Of the database.
pub fn settle(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64], status: TransactionStatus) -> Result<u64, Fault> {
    let (seqs, first, last) = super::list(seqs)?;
    tx.execute(&SETTLE, params![scope.workspace, scope.mode, status.as_str(), &seqs, first, last])
}

/// One transaction.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: TransactionId) -> Result<Option<Transaction>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id.0], transaction)
}

/// Some transactions by their numbers, oldest first.
///
/// # Errors
/// Of the database.
pub fn some(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64]) -> Result<Vec<Transaction>, Fault> {
    let (seqs, first, last) = super::list(seqs)?;
    tx.rows(&SOME, params![scope.workspace, scope.mode, &seqs, first, last], transaction)
}

/// A page of all transactions, newest first, when the wallet has `total` of them.
///
/// # Errors
/// Of the database.
pub fn page(tx: &mut Tx<'_>, scope: Scope, limit: i64, offset: i64, total: i64) -> Result<Vec<Transaction>, Fault> {
    let Some(walk) = Walk::to(limit, offset, total) else { return Ok(Vec::new()) };
    let last = total - offset;
    let values = params![scope.workspace, scope.mode, last - walk.take + 1, last, walk.take];
    tx.rows(&SPAN, values, transaction)
}

/// A page of the transactions of a status, newest first, when there are `total` of them among `all` of the wallet.
///
/// # Errors
/// Of the database.
pub fn of_status(
    tx: &mut Tx<'_>,
    scope: Scope,
    status: TransactionStatus,
    limit: i64,
    offset: i64,
    (total, all): (i64, i64),
) -> Result<Vec<Transaction>, Fault> {
    let Some(walk) = Walk::to(limit, offset, total) else { return Ok(Vec::new()) };
    if all - total < walk.skip
        && let Some(from) = places::number_at(all, offset, |above, up_to| others(tx, scope, status, above, up_to))?
    {
        return tx.rows(
            &STATUS_FROM,
            params![scope.workspace, scope.mode, status.as_str(), from, walk.take],
            transaction,
        );
    }
    let sql = if walk.from_newest { &STATUS_NEWEST } else { &STATUS_OLDEST };
    tx.rows(sql, params![scope.workspace, scope.mode, status.as_str(), walk.take, walk.skip], transaction)
}

/// How many transactions of a span of numbers have another status.
fn others(tx: &mut Tx<'_>, scope: Scope, status: TransactionStatus, above: i64, up_to: i64) -> Result<i64, Fault> {
    let mut found = 0;
    for other in TransactionStatus::ALL.iter().filter(|&&other| other != status) {
        let span = params![scope.workspace, scope.mode, other.as_str(), above, up_to];
        found += tx.row(&COUNT_STATUS, span, |row| row.int(0))?.unwrap_or(0);
    }
    Ok(found)
}

/// A page of the transactions of a run, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn of_run(
    tx: &mut Tx<'_>,
    scope: Scope,
    run: PaymentRunId,
    status: Option<TransactionStatus>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Transaction>, i64), Fault> {
    let (workspace, mode) = (scope.workspace, scope.mode);
    if let Some(status) = status {
        let count = params![workspace, mode, run.0, status.as_str()];
        let total = tx.row(&COUNT_RUN_STATUS, count, |row| row.int(0))?.unwrap_or(0);
        let values = params![workspace, mode, run.0, status.as_str(), limit, offset];
        return Ok((tx.rows(&RUN_STATUS, values, transaction)?, total));
    }
    let total = tx.row(&COUNT_RUN, params![workspace, mode, run.0], |row| row.int(0))?.unwrap_or(0);
    let Some(walk) = Walk::to(limit, offset, total) else { return Ok((Vec::new(), total)) };
    let sql = if walk.from_newest { &RUN_NEWEST } else { &RUN_OLDEST };
    Ok((tx.rows(sql, params![workspace, mode, run.0, walk.take, walk.skip], transaction)?, total))
}

/// How many transactions of each direction and status there are, and their sum, for checks: it reads all of them.
///
/// # Errors
/// Of the database.
pub fn sums(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<(Direction, TransactionStatus, i64, Kobo)>, Fault> {
    tx.rows(&SUMS, params![scope.workspace, scope.mode], |row| {
        Ok((direction(row, 0)?, status(row, 1)?, row.int(2)?, Kobo(row.int(3)?)))
    })
}

fn direction(row: &Row<'_>, index: usize) -> Result<Direction, Fault> {
    Direction::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "a direction"))
}

fn status(row: &Row<'_>, index: usize) -> Result<TransactionStatus, Fault> {
    TransactionStatus::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "a status of a transaction"))
}

fn transaction(row: &Row<'_>) -> Result<Transaction, Fault> {
    Ok(Transaction {
        seq: row.int(0)?,
        id: TransactionId(row.id(1)?),
        run: PaymentRunId(row.id(2)?),
        reference: row.string(3)?,
        amount: Kobo(row.int(4)?),
        direction: direction(row, 5)?,
        status: status(row, 6)?,
        debit: row.opt_int(7)?,
        created_at: row.time(8)?,
    })
}

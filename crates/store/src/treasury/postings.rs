//! Table `postings`: the lines of the ledger, numbered from 1 in each account and never changed. Amounts are in kobo.
//!
//! Numbers have no gaps, so that counts and deep pages of an account are arithmetic.

use floe_model::{
    Fault, Scope, Timestamp,
    id::PaymentRunId,
    treasury::{Kobo, LedgerAccount},
};

use super::payout_transactions::Walk;
use crate::{Row, Tx, Value, params, statements};

/// Lines of one page at most.
pub const PAGE_MAX: usize = 10_000;

/// One line of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub account: LedgerAccount,
    /// Its number in the account, from 1.
    pub seq: i64,
    /// The transfer that it belongs to.
    pub transfer: i64,
    /// What kind of move it is.
    pub kind: String,
    /// What is added; taken when below zero.
    pub amount: Kobo,
    /// The balance of the account with it.
    pub balance_after: Kobo,
    /// What it stands for, e.g. the reference of a transaction.
    pub reference: Option<String>,
    /// The run that it belongs to.
    pub run: Option<PaymentRunId>,
    /// When.
    pub at: Timestamp,
}

/// A range of numbers, both ends included; empty when `last` is below `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Lowest number.
    pub first: i64,
    /// Highest number.
    pub last: i64,
}

/// A page of the lines of one kind, newest first: their numbers from the end that is nearer, then the lines. The words `cross join` keep
/// SQLite from walking all lines and looking each up in the page.
macro_rules! of_kind {
    ($order:literal) => {
        concat!(
            "select account, p.seq, transfer, kind, amount, balance_after, reference, run_id, at
             from (select seq from postings where workspace_id = $1 and mode = $2 and account = 'available' and kind = $3
                       and seq >= $4 and seq <= $5 order by seq ",
            $order,
            " limit $6 offset $7) page
                 cross join postings p
             where p.workspace_id = $1 and p.mode = $2 and p.account = 'available' and p.seq = page.seq order by page.seq desc"
        )
    };
}

statements! {
    /// Many lines.
    ADD = bulk(
        "insert into postings (workspace_id, mode, account, seq, transfer, kind, amount, balance_after, reference, run_id, at)",
        [id, text, text, int, int, text, int, int, opt text, opt id, time]
    );
    /// Lines of an account, newest first.
    NEWEST = both(
        "select account, seq, transfer, kind, amount, balance_after, reference, run_id, at from postings
         where workspace_id = $1 and mode = $2 and account = $3 and seq >= $4 and seq <= $5 order by seq desc limit $6"
    ) -> [text, int, int, text, int, int, opt text, opt id, time];
    /// Lines of an account, oldest first.
    OLDEST = both(
        "select account, seq, transfer, kind, amount, balance_after, reference, run_id, at from postings
         where workspace_id = $1 and mode = $2 and account = $3 and seq >= $4 and seq <= $5 order by seq limit $6"
    ) -> [text, int, int, text, int, int, opt text, opt id, time];
    /// Lines of what can be spent, of one kind, from the newest.
    KIND_NEWEST = both(of_kind!("desc")) -> [text, int, int, text, int, int, opt text, opt id, time];
    /// Lines of what can be spent, of one kind, from the oldest.
    KIND_OLDEST = both(of_kind!("asc")) -> [text, int, int, text, int, int, opt text, opt id, time];
    /// How many of those there are.
    COUNT_KIND = both(
        "select count(*) from postings where workspace_id = $1 and mode = $2 and account = 'available' and kind = $3
             and seq >= $4 and seq <= $5"
    ) -> [int];
    /// When a line was written.
    AT = both("select at from postings where workspace_id = $1 and mode = $2 and account = $3 and seq = $4") -> [time];
    /// Sums of the lines of every account, and what their last lines say.
    SUMS = both(
        "select account, count(*), cast(sum(amount) as bigint) from postings where workspace_id = $1 and mode = $2
         group by account order by account"
    ) -> [text, int, int];
    /// Transfers whose lines do not sum to zero.
    UNBALANCED = both(
        "select transfer from postings where workspace_id = $1 and mode = $2
         group by transfer having sum(amount) <> 0 order by transfer limit $3"
    ) -> [int];
}

/// Writes lines that follow the last ones of their accounts, which the caller holds. The lines of each transfer stand together.
///
/// # Errors
/// An internal fault when the lines of a transfer do not sum to zero, and then nothing is written.
pub fn add_all(tx: &mut Tx<'_>, scope: Scope, lines: &[Line]) -> Result<(), Fault> {
    for transfer in lines.chunk_by(|a, b| a.transfer == b.transfer) {
        if Kobo::checked_sum(transfer.iter().map(|line| line.amount)) != Some(Kobo::ZERO) {
            return Err(Fault::internal("the lines of a transfer do not sum to zero"));
        }
    }
    let rows: Vec<[Value<'_>; 11]> = lines.iter().map(|line| values(scope, line)).collect();
    tx.bulk(&ADD, &rows).map(drop)
}

fn values(scope: Scope, line: &Line) -> [Value<'_>; 11] {
    [
        scope.workspace.into(),
        scope.mode.into(),
        line.account.as_str().into(),
        line.seq.into(),
        line.transfer.into(),
        (&line.kind).into(),
        line.amount.0.into(),
        line.balance_after.0.into(),
        (&line.reference).into(),
        line.run.map(|run| run.0).into(),
        line.at.into(),
    ]
}

/// Up to `limit` ([`PAGE_MAX`] at most) lines of a span of an account, newest first.
///
/// # Errors
/// Of the database.
pub fn newest(
    tx: &mut Tx<'_>,
    scope: Scope,
    account: LedgerAccount,
    span: Span,
    limit: usize,
) -> Result<Vec<Line>, Fault> {
    let values = params![scope.workspace, scope.mode, account.as_str(), span.first, span.last, limit.min(PAGE_MAX)];
    tx.rows(&NEWEST, values, line)
}

/// Up to `limit` ([`PAGE_MAX`] at most) lines of a span of an account, oldest first.
///
/// # Errors
/// Of the database.
pub fn oldest(
    tx: &mut Tx<'_>,
    scope: Scope,
    account: LedgerAccount,
    span: Span,
    limit: usize,
) -> Result<Vec<Line>, Fault> {
    let values = params![scope.workspace, scope.mode, account.as_str(), span.first, span.last, limit.min(PAGE_MAX)];
    tx.rows(&OLDEST, values, line)
}

/// A page of the lines of one kind in what can be spent, within a span, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn of_kind(
    tx: &mut Tx<'_>,
    scope: Scope,
    kind: &str,
    span: Span,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Line>, i64), Fault> {
    let Span { first, last } = span;
    let (workspace, mode) = (scope.workspace, scope.mode);
    let total = tx.row(&COUNT_KIND, params![workspace, mode, kind, first, last], |row| row.int(0))?.unwrap_or(0);
    let Some(walk) = Walk::to(limit, offset, total) else { return Ok((Vec::new(), total)) };
    let sql = if walk.from_newest { &KIND_NEWEST } else { &KIND_OLDEST };
    let values = params![workspace, mode, kind, first, last, walk.take, walk.skip];
    Ok((tx.rows(sql, values, line)?, total))
}

/// The first line of an account that is not before an instant, when `last` is its last line; `last + 1` when all are before it.
///
/// # Errors
/// Of the database.
pub fn first_from(
    tx: &mut Tx<'_>,
    scope: Scope,
    account: LedgerAccount,
    at: Timestamp,
    last: i64,
) -> Result<i64, Fault> {
    // Lines are in the order of their instants, and their numbers have no gaps: look in the middle of what is left.
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let values = params![scope.workspace, scope.mode, account.as_str(), middle];
        let line_at = tx.row(&AT, values, |row| row.time(0))?;
        let line_at = line_at.ok_or_else(|| Fault::internal("the lines of an account have a gap"))?;
        if line_at < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The sum and the number of the lines of each account, for checks: it reads all of them.
///
/// # Errors
/// Of the database.
pub fn sums(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<(LedgerAccount, i64, Kobo)>, Fault> {
    tx.rows(&SUMS, params![scope.workspace, scope.mode], |row| Ok((account(row, 0)?, row.int(1)?, Kobo(row.int(2)?))))
}

/// Up to `limit` transfers whose lines do not sum to zero, for checks: it reads all lines.
///
/// # Errors
/// Of the database.
pub fn unbalanced(tx: &mut Tx<'_>, scope: Scope, limit: usize) -> Result<Vec<i64>, Fault> {
    tx.rows(&UNBALANCED, params![scope.workspace, scope.mode, limit], |row| row.int(0))
}

fn account(row: &Row<'_>, index: usize) -> Result<LedgerAccount, Fault> {
    LedgerAccount::parse(row.text(index)?).ok_or_else(|| row.mismatch(index, "an account of the ledger"))
}

fn line(row: &Row<'_>) -> Result<Line, Fault> {
    Ok(Line {
        account: account(row, 0)?,
        seq: row.int(1)?,
        transfer: row.int(2)?,
        kind: row.string(3)?,
        amount: Kobo(row.int(4)?),
        balance_after: Kobo(row.int(5)?),
        reference: row.opt_string(6)?,
        run: row.opt_id(7)?.map(PaymentRunId),
        at: row.time(8)?,
    })
}

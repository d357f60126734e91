//! The statement of a wallet: what there was, every line, what there is; to the kobo (Treasury contract, section 12).

use std::fmt::Write as _;

use floe_model::treasury::{CURRENCY, Kobo};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::postings::{self, Line, PAGE_MAX, Span};

use super::lines::{SHOWN, span};
use crate::csv::cell;
use crate::payouts::whole_seconds;

/// Lines of a statement at most.
const LINES_MAX: i64 = 100_000;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What could be spent before its first line.
    pub opening: Kobo,
    /// What could be spent after its last line.
    pub closing: Kobo,
    /// Its lines, oldest first.
    pub lines: Vec<Line>,
}

/// The statement of a time.
///
/// # Errors
/// 422 when it has more than 100,000 lines; an internal fault when it does not add up.
pub fn statement(tx: &mut Tx<'_>, scope: Scope, from: Timestamp, to: Timestamp) -> Result<Statement, Fault> {
    let span = span(tx, scope, Some(from), Some(to))?;
    if span.last - span.first >= LINES_MAX {
        let message = format!("must be later: a statement has at most {LINES_MAX} lines");
        return Err(Fault::field("/query/from", "too_long", message));
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut next = span.first;
    while next <= span.last {
        let page = postings::oldest(tx, scope, SHOWN, Span { first: next, ..span }, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        next = last.seq + 1;
        lines.extend(page);
    }
    let opening = match lines.first() {
        Some(first) => before(first)?,
        None => standing_at(tx, scope, span.first - 1)?,
    };
    let closing = lines.last().map_or(opening, |last| last.balance_after);
    if Kobo::checked_sum(lines.iter().map(|line| line.amount).chain([opening])) != Some(closing) {
        return Err(Fault::internal("a statement does not add up"));
    }
    Ok(Statement { opening, closing, lines })
}

/// The balance before a line.
fn before(line: &Line) -> Result<Kobo, Fault> {
    line.balance_after.checked_sub(line.amount).ok_or_else(|| Fault::internal("a line of the ledger is out of range"))
}

/// The balance after the line with a number; nothing before the first one.
fn standing_at(tx: &mut Tx<'_>, scope: Scope, seq: i64) -> Result<Kobo, Fault> {
    let lines = postings::oldest(tx, scope, SHOWN, Span { first: seq, last: seq }, 1)?;
    Ok(lines.first().map_or(Kobo::ZERO, |line| line.balance_after))
}

impl Statement {
    /// As a table: the opening balance, the lines, the closing balance.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = "date,type,kind,reference,run_id,amount,balance,currency\n".to_owned();
        // Writing to a string cannot fail.
        let _ = writeln!(text, ",,opening,,,,{},{CURRENCY}", self.opening);
        for line in &self.lines {
            let kind = if line.amount < Kobo::ZERO { "debit" } else { "credit" };
            let reference = cell(line.reference.as_deref().unwrap_or_default());
            let run = line.run.map(|run| run.to_string()).unwrap_or_default();
            let (at, what, amount, balance) = (whole_seconds(line.at), &line.kind, line.amount, line.balance_after);
            let _ = writeln!(text, "{at},{kind},{what},{reference},{run},{amount},{balance},{CURRENCY}");
        }
        let _ = writeln!(text, ",,closing,,,,{},{CURRENCY}", self.closing);
        text
    }
}

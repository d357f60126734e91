//! The lines of what can be spent (Treasury contract, section 10.4), newest first.
//!
//! Lines are numbered without gaps in the order of their instants, so that times become numbers, and counts and deep pages arithmetic.

use floe_model::treasury::{LedgerAccount, TransferKind};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::treasury::postings::{self, Line, Span};
use floe_store::treasury::wallets;

use crate::payouts::Page;

/// The account whose lines are shown.
pub(super) const SHOWN: LedgerAccount = LedgerAccount::Available;

/// Which lines a list shows; an empty filter shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of one kind.
    pub kind: Option<TransferKind>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A page of lines.
///
/// # Errors
/// Of the database.
pub fn lines(tx: &mut Tx<'_>, scope: Scope, filter: Filter, limit: i64, offset: i64) -> Result<Page<Line>, Fault> {
    let span = span(tx, scope, filter.from, filter.to)?;
    if let Some(kind) = filter.kind {
        let (rows, total) = postings::of_kind(tx, scope, kind.as_str(), span, limit, offset)?;
        return Ok(Page { rows, total });
    }
    let total = (span.last - span.first + 1).max(0);
    if offset >= total {
        return Ok(Page { rows: Vec::new(), total });
    }
    let page = Span { last: span.last - offset, ..span };
    let limit = usize::try_from(limit).unwrap_or(0);
    Ok(Page { rows: postings::newest(tx, scope, SHOWN, page, limit)?, total })
}

/// The lines of a time: numbers of the first and the last one.
pub(super) fn span(
    tx: &mut Tx<'_>,
    scope: Scope,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Span, Fault> {
    let last = wallets::find(tx, scope)?.map_or(0, |wallet| wallet.last_line(SHOWN));
    let first = match from {
        Some(from) => postings::first_from(tx, scope, SHOWN, from, last)?,
        None => 1,
    };
    let last = match to {
        Some(to) => postings::first_from(tx, scope, SHOWN, to, last)? - 1,
        None => last,
    };
    Ok(Span { first, last })
}

//! Lists: `limit`, `skip` or `page`, and the answer around the rows (Flow API contract, section 1.5).

use floe_model::Fault;
use serde::Serialize;

use crate::http::Query;

/// Rows of a page unless asked otherwise.
pub(super) const LIMIT: usize = 20;
/// Rows of a page at most.
pub(super) const LIMIT_MAX: usize = 100;
/// Rows that can be passed over; nobody pages farther.
pub(super) const SKIP_MAX: i64 = 1_000_000_000;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    /// Rows at most.
    pub(super) limit: usize,
    /// Rows passed over.
    pub(super) skip: usize,
}

/// Part of a list on the wire.
#[derive(Debug, Serialize)]
pub(super) struct PageOut<T> {
    data: Vec<T>,
    total: u64,
    limit: usize,
    skip: usize,
    page: usize,
}

impl Paging {
    /// Reads the query, with the default and the most rows of this list.
    ///
    /// # Errors
    /// 400 for a number out of range, and for `skip` and `page` at once.
    pub(super) fn read(query: &Query, limit: usize, limit_max: usize) -> Result<Self, Fault> {
        let asked = query.number("limit", 1, i64::try_from(limit_max).unwrap_or(i64::MAX))?;
        let limit = asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(limit);
        let skip = query.number("skip", 0, SKIP_MAX)?;
        let page = query.number("page", 1, SKIP_MAX)?;
        let skip = match (skip, page) {
            (Some(_), Some(_)) => return Err(Fault::field("/page", "value", "Give either skip or page")),
            (Some(skip), None) => usize::try_from(skip).unwrap_or(0),
            (None, page) => usize::try_from(page.unwrap_or(1) - 1).unwrap_or(0) * limit,
        };
        Ok(Self { limit, skip })
    }

    /// The answer around the rows; `page` is the one that the first row stands on.
    pub(super) fn around<T>(self, data: Vec<T>, total: u64) -> PageOut<T> {
        PageOut { data, total, limit: self.limit, skip: self.skip, page: self.skip / self.limit + 1 }
    }
}

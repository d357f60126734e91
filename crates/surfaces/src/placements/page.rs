//! Pages of lists (placements contract, section 12).

use serde::Serialize;

use crate::http::Query;

/// Rows of a page unless asked for otherwise.
pub(super) const LIMIT: i64 = 50;
/// Rows of a page at most.
pub(super) const LIMIT_MAX: i64 = 200;
/// Rows that can be passed over at most: beyond any table, and far from the end of the integers.
pub(super) const OFFSET_MAX: i64 = 1_000_000_000_000;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// Rows at most.
    pub(super) limit: i64,
    /// Rows before it.
    pub(super) offset: i64,
}

/// A page of rows as it is answered.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    data: Vec<T>,
    total: i64,
    limit: i64,
    offset: i64,
    has_more: bool,
}

impl Page {
    /// Of a query that the route table has checked.
    pub(super) fn of(query: &Query) -> Self {
        let number = |name: &str, usual: i64| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
        Self { limit: number("limit", LIMIT).clamp(1, LIMIT_MAX), offset: number("offset", 0).clamp(0, OFFSET_MAX) }
    }

    /// Rows at most, for the store.
    pub(super) fn limit(self) -> usize {
        usize::try_from(self.limit).unwrap_or(0)
    }

    /// The answer with these rows of `total`.
    pub(super) fn around<T>(self, data: Vec<T>, total: i64) -> List<T> {
        let Self { limit, offset } = self;
        List { data, total, limit, offset, has_more: offset.saturating_add(limit) < total }
    }
}

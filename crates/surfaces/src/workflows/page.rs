//! Pages of lists (workflows contract, section 6).

use serde_json::{Value, json};

use crate::http::{Call, Query};

/// Entries of a page unless a caller says otherwise.
const PER_PAGE: u64 = 20;
/// Entries of a page at most.
const PER_PAGE_MAX: u64 = 100;
/// The last page that can be asked for; every list is shorter.
const PAGE_MAX: u64 = 1_000_000_000;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    page: u64,
    /// From 1 to [`PER_PAGE_MAX`].
    per_page: u64,
}

impl Page {
    /// What the query asks for; there is nothing that is refused.
    pub(crate) fn of(call: &Call) -> Self {
        Self::read(&call.query)
    }

    fn read(query: &Query) -> Self {
        let number = |name, usual, most| query.get(name).and_then(whole).unwrap_or(usual).clamp(1, most);
        Self { page: number("page", 1, PAGE_MAX), per_page: number("per_page", PER_PAGE, PER_PAGE_MAX) }
    }

    /// Its number, from 1.
    pub(crate) fn number(self) -> u64 {
        self.page
    }

    /// Entries before the first one of the page.
    pub(crate) fn offset(self) -> u64 {
        (self.page - 1) * self.per_page
    }

    /// Entries of the page at most.
    pub(crate) fn limit(self) -> u64 {
        self.per_page
    }

    /// The part of a list that is in memory as a whole.
    pub(crate) fn cut<T>(self, all: impl IntoIterator<Item = T>) -> Vec<T> {
        let to = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        all.into_iter().skip(to(self.offset())).take(to(self.limit())).collect()
    }

    /// What is said of a page of a list of so many entries.
    pub(super) fn told(self, total: u64) -> Value {
        let pages = total.div_ceil(self.per_page);
        let has_next = self.page < pages;
        json!({
            "page": self.page, "per_page": self.per_page, "total_count": total, "total_pages": pages,
            "has_next": has_next, "has_prev": self.page > 1, "has_more": has_next,
        })
    }
}

/// A number that a text begins to be: too large and negative ones are numbers too.
fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(page: u64, per_page: u64) -> Page {
        Page { page, per_page }
    }

    #[test]
    fn numbers_are_taken_as_far_as_they_go() {
        for (text, expected) in [
            ("3", Some(3)),
            ("0", Some(0)),
            ("-5", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("", None),
            ("ten", None),
            ("1.5", None),
            ("-", None),
        ] {
            assert_eq!(whole(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_said_of_a_page() {
        assert_eq!(
            of(1, 20).told(150),
            json!({
                "page": 1, "per_page": 20, "total_count": 150, "total_pages": 8, "has_next": true, "has_prev": false,
                "has_more": true,
            })
        );
        let last = of(8, 20).told(150);
        assert_eq!((&last["has_next"], &last["has_prev"]), (&json!(false), &json!(true)));
        assert_eq!(of(1, 20).told(0)["total_pages"], 0);
        assert_eq!(of(9, 20).told(150)["has_next"], false);
    }

    #[test]
    fn a_page_is_cut_out_of_a_list() {
        assert_eq!(of(2, 3).cut(0..8), [3, 4, 5]);
        assert_eq!(of(3, 3).cut(0..8), [6, 7]);
        assert!(of(4, 3).cut(0..8).is_empty());
        assert!(of(PAGE_MAX, PER_PAGE_MAX).cut(0..8).is_empty());
    }
}

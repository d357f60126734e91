//! Shapes of the bodies of the treasury, a file for each file of handlers. Bodies as input are open: what a client sends in addition is
//! ignored (Treasury contract, section 1.1).

pub(super) mod audit;
pub(super) mod blocklist;
pub(super) mod institutions;
pub(super) mod keys;
pub(super) mod members;
pub(super) mod money;
pub(super) mod org;
pub(super) mod recipients;
pub(super) mod rules;
pub(super) mod runs;
pub(super) mod webhooks;

use super::page::{LIMIT_MAX, OFFSET_MAX};
use crate::http::Param;
use crate::http::shape::{COUNT, FLAG, Field, Shape, int, list, must, pattern, words};

/// Parameters of every list.
pub(super) const PAGING: &[Param] = &[
    Param::new("limit", int(1, LIMIT_MAX), "Rows of a page; 50 unless given"),
    Param::new("offset", int(0, OFFSET_MAX), "Rows to pass over"),
];

/// An instant: UTC, whole seconds.
pub(super) const TIME: Shape = pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
/// The only currency.
pub(super) const CURRENCY: Shape = words(&["NGN"]);
/// Ten digits.
pub(super) const ACCOUNT_NUMBER: Shape = pattern("^[0-9]{10}$");

/// What stands around the rows of a list.
pub(super) const fn page(rows: &'static Shape) -> [Field; 5] {
    [
        must("data", list(rows)),
        must("total", COUNT),
        must("limit", COUNT),
        must("offset", COUNT),
        must("has_more", FLAG),
    ]
}

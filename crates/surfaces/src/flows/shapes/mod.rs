//! Shapes of the bodies of the Flow API, a file for each file of handlers. Bodies as input are open: what a client sends in
//! addition is ignored (Flow API contract, section 1).

pub(super) mod editor;
pub(super) mod files;
pub(super) mod logs;
pub(super) mod outcome;
pub(super) mod records;
pub(super) mod reruns;
pub(super) mod runs;
pub(super) mod schedule;
pub(super) mod transfer;
pub(super) mod versions;

use crate::http::Param;
use crate::http::shape::{COUNT, Field, Shape, int, list, must};

/// Parameters of every list (Flow API contract, section 1.5).
pub(super) const PAGING: &[Param] = &[
    Param::new("limit", int(1, super::paging::LIMIT_MAX as i64), "Rows of a page; 20 unless given"),
    Param::new("skip", int(0, super::paging::SKIP_MAX), "Rows to pass over"),
    Param::new("page", int(1, super::paging::SKIP_MAX), "The page, from 1, in place of skip"),
];

/// What stands around the rows of a list.
pub(super) const fn page(rows: &'static Shape) -> [Field; 5] {
    [must("data", list(rows)), must("total", COUNT), must("limit", COUNT), must("skip", COUNT), must("page", COUNT)]
}

//! Shapes of the bodies of placements, a file for each file of handlers. Bodies as input are open: what a client sends in addition is
//! ignored (placements contract, section 1.1).

use super::page::{LIMIT_MAX, OFFSET_MAX};
use crate::http::Param;
use crate::http::shape::{COUNT, FLAG, Field, Shape, int, list, must};

/// Parameters of every list.
pub(super) const PAGING: &[Param] = &[
    Param::new("limit", int(1, LIMIT_MAX), "Rows of a page; 50 unless given"),
    Param::new("offset", int(0, OFFSET_MAX), "Rows to pass over"),
];

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

//! Shapes of the bodies of placements, a file for each file of handlers. Bodies as input are open: what a client sends in addition is
//! ignored (placements contract, section 1.1).

pub(super) mod transfer;

pub(super) mod analytics;
pub(super) mod apps;
pub(super) mod assets;
pub(super) mod audiences;
pub(super) mod events;
pub(super) mod experiments;
pub(super) mod flows;
pub(super) mod keys;
pub(super) mod places;
pub(super) mod sdk;

use super::page::{LIMIT_MAX, OFFSET_MAX};
use crate::http::Param;
use crate::http::shape::{COUNT, FLAG, Field, Shape, TEXT, int, list, must, words};

/// Parameters of every list.
pub(super) const PAGING: &[Param] = &[
    Param::new("limit", int(1, LIMIT_MAX), "Rows of a page; 50 unless given"),
    Param::new("offset", int(0, OFFSET_MAX), "Rows to pass over"),
];

/// The text of the `ETag` of an object.
pub(super) const ETAG: Shape = TEXT;
/// What an app runs on.
pub(super) const PLATFORM: Shape = words(&["ios", "android", "web"]);

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

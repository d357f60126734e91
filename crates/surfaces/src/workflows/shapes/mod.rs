//! Shapes of bodies and answers, one file a resource.

pub(super) mod agents;
pub(super) mod executions;
pub(super) mod knowledge;
pub(super) mod memory;
pub(super) mod messages;
pub(super) mod threads;
pub(super) mod triggers;
pub(super) mod webhooks;
pub(super) mod workflows;

use crate::http::Param;
use crate::http::shape::{COUNT, FLAG, INSTANT, Shape, TEXT, int, must, object, text};

/// An id: in the spelling of this API, or one that was given when the thing was made.
pub(super) const WIRE_ID: Shape = text(1, 64);

/// What every answer says about itself.
pub(super) const META: Shape = object("WorkflowsMeta", &[must("request_id", TEXT), must("timestamp", INSTANT)]);

/// What is said of a page.
pub(super) const PAGINATION: Shape = object(
    "WorkflowsPagination",
    &[
        must("page", COUNT),
        must("per_page", COUNT),
        must("total_count", COUNT),
        must("total_pages", COUNT),
        must("has_next", FLAG),
        must("has_prev", FLAG),
        must("has_more", FLAG),
    ],
);

/// Parameters of every list. Other values are taken for the nearest that is possible.
pub(super) const PAGING: &[Param] = &[
    Param::new("page", int(1, 1_000_000_000), "From 1; 1 unless given"),
    Param::new("per_page", int(1, 100), "Entries of a page; 20 unless given"),
];

/// The shape of an answer around a shape. Shapes must be constants: what they refer to lives as long only there.
macro_rules! enveloped {
    ($data:expr) => {{
        const SHAPE: $crate::http::shape::Shape = $crate::http::shape::object(
            "",
            &[
                $crate::http::shape::must("data", $data),
                $crate::http::shape::must("meta", $crate::workflows::shapes::META),
            ],
        );
        SHAPE
    }};
}

/// The shape of a page of a list of a shape.
macro_rules! paged {
    ($data:expr) => {{
        const SHAPE: $crate::http::shape::Shape = $crate::http::shape::object(
            "",
            &[
                $crate::http::shape::must("data", $crate::http::shape::list(&$data)),
                $crate::http::shape::must("pagination", $crate::workflows::shapes::PAGINATION),
                $crate::http::shape::must("meta", $crate::workflows::shapes::META),
            ],
        );
        SHAPE
    }};
}

pub(super) use {enveloped, paged};

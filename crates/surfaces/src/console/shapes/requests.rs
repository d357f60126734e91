//! Shapes of the request log.

use super::page;
use crate::http::shape::{ANY, COUNT, FLAG, ID, INSTANT, Shape, TEXT, extend, list, map, must, object, words};

/// A request.
pub(in crate::console) const REQUEST: Shape = object(
    "LoggedRequest",
    &[
        must("id", ID).about("As in X-Request-Id"),
        must("at", INSTANT),
        must("key_id", ID.or_null()).about("The key or personal access token"),
        must("member_id", ID.or_null()),
        must("surface", TEXT),
        must("mode", words(&["live", "test"])),
        must("method", TEXT),
        must("path", TEXT),
        must("status", COUNT),
        must("error_code", TEXT.or_null()),
        must("duration_ms", COUNT),
        must("ip", TEXT),
        must("idempotency_key", TEXT.or_null()),
    ],
);
/// A list of requests.
pub(in crate::console) const REQUESTS: Shape = object("LoggedRequests", &page(&REQUEST));

const BODY: Shape = object(
    "LoggedBody",
    &[
        must("content_type", TEXT),
        must("size", COUNT),
        must("truncated", FLAG),
        must("text", TEXT.or_null()).about("The first 8 KiB, secrets as ***; null when it is no text"),
    ],
);

/// A request with all that is kept of it.
pub(in crate::console) const WHOLE_REQUEST: Shape = extend(
    "WholeLoggedRequest",
    REQUEST,
    &[
        must("headers", map(&TEXT).or_null()),
        must("query", map(&TEXT).or_null()),
        must("request_body", BODY.or_null()).about("As the workspace's request_log_bodies says"),
        must("response_body", BODY.or_null()),
        must("objects", list(&object("", &[must("type", TEXT), must("id", TEXT)]))),
        must("audit", list(&object("", &[must("id", ID), must("action", TEXT), must("at", INSTANT)]))),
        must("events", list(&object("", &[must("id", ID), must("type", TEXT), must("at", INSTANT)]))),
        must("deliveries", list(&ANY)),
    ],
);

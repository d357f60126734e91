//! Shapes of connections.

use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, closed, list, may, must, object, text, words,
};

/// A type of connection.
pub(in crate::console) const KIND: Shape =
    words(&["api_key", "bearer", "basic", "oauth2_token", "database", "smtp", "custom_headers", "mcp"]);
const STATUS: Shape = words(&["active", "inactive"]);

/// A connection without its secret.
pub(in crate::console) const CONNECTION: Shape = object(
    "Connection",
    &[
        must("id", ID),
        must("name", TEXT),
        must("provider", TEXT),
        must("type", KIND),
        must("config", JSON_OBJECT),
        must("has_secret", FLAG),
        must("last4", TEXT.or_null()).about("Of a secret of 12 characters or more"),
        must("status", STATUS),
        must("last_error", TEXT.or_null()).about("Why the last test failed"),
        must("last_tested_at", INSTANT.or_null()),
        must("revision", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// Connections.
pub(in crate::console) const CONNECTIONS: Shape = object("Connections", &page(&CONNECTION));
/// A new connection.
pub(in crate::console) const NEW_CONNECTION: Shape = closed(
    "NewConnection",
    &[
        must("name", text(1, 100)),
        must("provider", text(1, 64)),
        must("type", KIND),
        may("config", JSON_OBJECT).about("Settings of the type; see the catalogue connection-providers"),
        may("secret", ANY).about("A text, or an object with the parts of the type"),
    ],
);
/// What can be changed of a connection.
pub(in crate::console) const CONNECTION_PATCH: Shape =
    closed("ConnectionPatch", &[may("name", text(1, 100)), may("config", JSON_OBJECT), may("status", STATUS)]);
/// Another secret.
pub(in crate::console) const CONNECTION_SECRET: Shape =
    closed("ConnectionSecret", &[must("secret", ANY).about("A text, or an object with the parts of the type")]);
/// What came of a test.
pub(in crate::console) const TESTED: Shape = object(
    "ConnectionTest",
    &[must("ok", FLAG), must("status_code", COUNT.or_null()), must("duration_ms", COUNT), must("message", TEXT)],
);
/// Something that can be asked of a connection.
const OPERATION: Shape = object(
    "Operation",
    &[
        must("name", TEXT),
        must("description", TEXT),
        must("method", TEXT.or_null()),
        must("path", TEXT.or_null()),
        must("parameters", list(&PARAMETER)),
    ],
);
const PARAMETER: Shape =
    object("OperationParameter", &[must("key", TEXT), must("label", TEXT), must("type", TEXT), must("required", FLAG)]);
/// What can be asked of a connection.
pub(in crate::console) const OPERATIONS: Shape = object("Operations", &[must("data", list(&OPERATION))]);

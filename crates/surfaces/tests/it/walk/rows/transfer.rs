//! Rows of whole apps as documents.

use serde_json::{Value, json};

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    vec![
        row("GET", "/v1/apps/{appId}/export", Thing::App),
        row("POST", "/v1/apps/{appId}/import", Thing::App)
            .body(|_| document("Lagos Fit"))
            .other(|_| document("Accra Fit")),
    ]
}

/// A document about an app that is nowhere: what is in it goes into the app of the address.
fn document(name: &str) -> Value {
    json!({ "format": "floe-placements-app", "format_version": 1,
        "app": { "id": "01890000-0000-7000-8000-000000000001", "name": name, "platform": "ios" },
        "audiences": [{ "id": "01890000-0000-7000-8000-000000000002", "name": name, "filter": {} }] })
}

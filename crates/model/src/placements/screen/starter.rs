//! The flow that a new one begins with.

use serde_json::{Value, json};

/// The wire format of every version (section 10.1): `schema_version` of a resolve.
pub const SCHEMA_VERSION: i64 = 1;

/// Content version that editors know (section 10.1).
const CONTENT_VERSION: u32 = 8;

/// One screen with a title, a line of text and a button that ends the flow. It passes every check without a warning.
#[must_use]
pub fn starter(name: &str) -> Value {
    let button = json!({
        "id": "continue", "type": "button", "props": { "label": "Continue" },
        "interactions": [{ "id": "continue-press", "event": "onPress", "actions": [{ "kind": "goNext" }] }],
    });
    json!({
        "name": name,
        "version": CONTENT_VERSION,
        "schemaVersion": "1.0.0",
        "entryNodeId": "screen-1",
        "nodes": [{
            "id": "screen-1", "kind": "screen", "name": "Welcome", "screenType": "standard",
            "props": { "backgroundColor": "#FFFFFF", "safeArea": true },
            "layout": { "id": "root", "type": "screenRoot", "props": {}, "children": [
                { "id": "title", "type": "text", "props": { "text": "Welcome", "fontSize": 28 } },
                { "id": "line", "type": "text", "props": { "text": "Tell people what this is about." } },
                button,
            ] },
        }],
        "edges": [],
        "variables": [],
        "settings": { "saveProgress": false },
    })
}

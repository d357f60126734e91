//! Rows of what devices ask.

use serde_json::{Value, json};

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Placement, ScreenVersion};
    vec![
        row("POST", "/v1/apps/{appId}/placements/{key}/resolve", Placement).body(|_| user()),
        row("POST", "/v1/apps/{appId}/placements/resolve-batch", Placement).body(|thing| {
            let mut body = user();
            body["placement_keys"] = json!([thing["key"], "nobody_knows_it"]);
            body
        }),
        row("POST", "/v1/apps/{appId}/flows/{flowId}/resolve", ScreenVersion).body(|_| user()),
        row("POST", "/v1/placements/{key}/resolve", Placement).body(|thing| {
            let mut body = user();
            body["app_id"] = thing["appId"].clone();
            body
        }),
    ]
}

fn user() -> Value {
    json!({ "user_id": "u1", "session_id": "s1", "device_platform": "ios", "attributes": { "plan": "premium" } })
}

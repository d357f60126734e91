//! Rows of events of apps.

use serde_json::{Value, json};

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{App, Reporter, ScreenVersion};
    const SENT: &str = "holds what devices sent; see placements_events";
    vec![
        row("POST", "/v1/apps/{appId}/events", ScreenVersion)
            .body(|thing| json!([event(thing, 1)]))
            .other(|thing| json!({ "events": [event(thing, 2), event(thing, 3)] })),
        row("POST", "/v1/events", ScreenVersion).body(|thing| event(thing, 4)).other(|thing| event(thing, 5)),
        row("POST", "/v1/apps/{appId}/sdk-errors", App)
            .body(|_| json!({ "platform": "ios", "sdk_version": "1.3.1", "message": "it broke", "level": "warning" }))
            .other(|_| json!({ "platform": "web", "sdk_version": "1.3.1", "error_code": "E1" })),
        row("GET", "/v1/apps/{appId}/events", ScreenVersion).fixed(SENT),
        row("GET", "/v1/apps/{appId}/events/export", ScreenVersion),
        row("GET", "/v1/apps/{appId}/sdk-errors", ScreenVersion).fixed(SENT),
        row("DELETE", "/v1/apps/{appId}/users/{userId}", Reporter),
    ]
}

fn event(thing: &Value, number: u32) -> Value {
    json!({
        "event_id": format!("e0000000-0000-4000-8000-{number:012x}"), "app_id": thing["appId"], "flow_id": thing["flowId"],
        "flow_version_id": thing["versionId"], "user_id": "u1", "session_id": "S-1", "device_platform": "ios", "event_type": "flow_start",
        "timestamp": "2027-01-15T08:00:00Z", "sdk_version": "1.3.1",
    })
}

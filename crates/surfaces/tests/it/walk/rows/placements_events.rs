//! Rows of events of apps.

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Reporter, ScreenVersion};
    const DEVICES: &str = "only for keys of the SDK; see placements_events";
    vec![
        row("POST", "/v1/apps/{appId}/events", ScreenVersion).cannot_succeed(DEVICES),
        row("POST", "/v1/events", Thing::None).cannot_succeed(DEVICES),
        row("POST", "/v1/apps/{appId}/sdk-errors", ScreenVersion).cannot_succeed(DEVICES),
        row("GET", "/v1/apps/{appId}/events", ScreenVersion),
        row("GET", "/v1/apps/{appId}/events/export", ScreenVersion),
        row("GET", "/v1/apps/{appId}/sdk-errors", ScreenVersion),
        row("DELETE", "/v1/apps/{appId}/users/{userId}", Reporter),
    ]
}

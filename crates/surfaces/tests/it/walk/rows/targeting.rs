//! Rows of placements and audiences.

use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{App, Audience, Placement};
    vec![
        row("GET", "/v1/apps/{appId}/placements", Placement),
        row("POST", "/v1/apps/{appId}/placements", App)
            .body(|_| json!({ "key": "onboarding", "platforms": ["ios"], "cache_ttl_seconds": 10 }))
            .other(|_| json!({ "key": "paywall", "platforms": ["ios", "web"] })),
        row("GET", "/v1/apps/{appId}/placements/{key}", Placement),
        row("PATCH", "/v1/apps/{appId}/placements/{key}", Placement)
            .body(|_| json!({ "status": "paused", "rollout_percentage": 12.5 })),
        row("DELETE", "/v1/apps/{appId}/placements/{key}", Placement),
        row("POST", "/v1/apps/{appId}/placements/{key}/attach", Placement)
            .body(|thing| json!({ "flow_version_id": thing["versionId"] }))
            .other(|thing| json!({ "flow_version_id": thing["versionId"], "note": "ignored" })),
        row("GET", "/v1/apps/{appId}/placements/{key}/history", Placement),
        row("POST", "/v1/apps/{appId}/placements/{key}/simulate", Placement)
            .body(|_| json!({ "user_id": "u", "session_id": "s", "device_platform": "ios" }))
            .other(|_| json!({ "user_id": "v", "session_id": "s", "device_platform": "web" })),
        row("GET", "/v1/apps/{appId}/audiences", Audience),
        row("POST", "/v1/apps/{appId}/audiences", App)
            .body(|_| json!({ "name": "Everybody", "filter": {} }))
            .other(|_| json!({ "name": "Nigeria", "filter": nigeria() })),
        row("GET", "/v1/apps/{appId}/audiences/{id}", Audience),
        row("PATCH", "/v1/apps/{appId}/audiences/{id}", Audience)
            .body(|_| json!({ "name": "Lagos", "filter": nigeria() })),
        row("DELETE", "/v1/apps/{appId}/audiences/{id}", Audience),
        row("POST", "/v1/apps/{appId}/audiences/{id}/evaluate", Audience)
            .body(|_| json!({ "attributes": { "country": "NG" } }))
            .other(|_| json!({ "attributes": { "country": "GH" } })),
    ]
}

fn nigeria() -> Value {
    json!({ "conditions": [{ "property": "country", "operator": "equals", "value": "NG" }] })
}

/// A new placement with three entries in its history, or a new audience.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let version = super::placements::make(world, side, Thing::ScreenVersion).await;
    let app = &version["appId"];
    let base = format!("/v1/apps/{}", app.as_str().expect("an id"));
    if thing == Thing::Audience {
        let body = |at| json!({ "name": format!("Audience {at}"), "filter": {} });
        world.posted(side, &format!("{base}/audiences"), body).await;
        let made = world.posted(side, &format!("{base}/audiences"), body).await;
        return json!({ "appId": app, "id": made["id"] });
    }
    let body = |at| json!({ "key": format!("place_{at}"), "platforms": ["ios", "web"], "default_flow_version_id": version["versionId"] });
    world.posted(side, &format!("{base}/placements"), body).await;
    let made = world.posted(side, &format!("{base}/placements"), body).await;
    let place = format!("{base}/placements/{}", made["key"].as_str().expect("a key"));
    for description in ["First", "Second"] {
        let patch = json!({ "description": description });
        let changed = world.app.patch(&place).bearer(&side.session).json(&patch).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    json!({ "appId": app, "key": made["key"], "versionId": version["versionId"] })
}

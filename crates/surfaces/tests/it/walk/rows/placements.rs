//! Rows of apps, screen flows and keys of placements.

use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{App, None, PlacementsKey, ScreenFlow, ScreenVersion};
    const NAMED: &str = "needs a parameter; see placements_records";
    vec![
        row("GET", "/v1/apps", None).lists(App),
        row("POST", "/v1/apps", None)
            .body(|_| json!({ "name": "Lagos Fit", "platform": "ios", "settings": { "cache_ttl_seconds": 10 } }))
            .other(|_| json!({ "name": "Lagos Fit", "platform": "android" })),
        row("GET", "/v1/apps/{appId}", App),
        row("PATCH", "/v1/apps/{appId}", App).body(|_| json!({ "settings": { "custom_events": "accept" } })),
        row("DELETE", "/v1/apps/{appId}", App).cannot_succeed(NAMED),
        row("GET", "/v1/api-keys", None).lists(PlacementsKey),
        row("POST", "/v1/api-keys", None)
            .body(|_| json!({ "name": "Device", "type": "sdk", "environment": "test" }))
            .other(|_| json!({ "name": "Device", "type": "management" })),
        row("DELETE", "/v1/api-keys/{id}", PlacementsKey),
        row("GET", "/v1/apps/{appId}/flows", ScreenFlow),
        row("POST", "/v1/apps/{appId}/flows", App)
            .body(|_| json!({ "name": "Welcome", "type": "onboarding" }))
            .other(|_| json!({ "name": "Welcome", "type": "onboarding", "schema": {} })),
        row("GET", "/v1/apps/{appId}/flows/{flowId}", ScreenFlow),
        row("PATCH", "/v1/apps/{appId}/flows/{flowId}", ScreenFlow)
            .body(|_| json!({ "name": "Short", "type": "paywall" })),
        row("DELETE", "/v1/apps/{appId}/flows/{flowId}", ScreenFlow),
        row("GET", "/v1/apps/{appId}/flows/{flowId}/draft", ScreenFlow),
        row("PUT", "/v1/apps/{appId}/flows/{flowId}/draft", ScreenFlow).body(|_| json!({ "nodes": [], "own": 1.0 })),
        row("POST", "/v1/apps/{appId}/flows/{flowId}/validate", ScreenFlow),
        row("POST", "/v1/apps/{appId}/flows/{flowId}/publish", ScreenFlow)
            .body(|_| json!({ "note": "The first" }))
            .other(|_| json!({})),
        row("GET", "/v1/apps/{appId}/flows/{flowId}/versions", ScreenVersion),
        row("GET", "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}", ScreenVersion),
        row("POST", "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}/restore", ScreenVersion),
        row("GET", "/v1/apps/{appId}/flows/{flowId}/versions/{versionId}/diff", ScreenVersion).cannot_succeed(NAMED),
    ]
}

/// A new thing of placements.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    if thing == Thing::PlacementsKey {
        let body = |at| json!({ "name": format!("Key {at}"), "type": "sdk" });
        return world.posted(side, "/v1/api-keys", body).await;
    }
    let app = |at| json!({ "name": format!("App {at}"), "platform": "ios" });
    let app = world.posted(side, "/v1/apps", app).await["id"].clone();
    if thing == Thing::App {
        return json!({ "appId": app });
    }
    if thing == Thing::Reporter {
        return json!({ "appId": app, "userId": "u1" });
    }
    let flows = format!("/v1/apps/{}/flows", app.as_str().expect("an id"));
    let new = |at| json!({ "name": format!("Flow {at}"), "type": "onboarding" });
    world.posted(side, &flows, new).await;
    let flow = world.posted(side, &flows, new).await["id"].clone();
    if thing == Thing::ScreenFlow {
        return json!({ "appId": app, "flowId": flow });
    }
    let versions = versions(world, side, &format!("{flows}/{}", flow.as_str().expect("an id"))).await;
    json!({ "appId": app, "flowId": flow, "versionId": versions[0], "other": versions[1] })
}

/// Publishes three versions of a screen flow.
async fn versions(world: &World, side: &Side, flow: &str) -> Vec<Value> {
    let mut versions = Vec::new();
    for number in 1..=3 {
        let mut draft = world.get(side, &format!("{flow}/draft")).await;
        draft["name"] = json!(format!("Version {number}"));
        let put = world.app.ask("PUT", &format!("{flow}/draft")).bearer(&side.session).json(&draft).send().await;
        assert_eq!(put.status, 200, "{put:?}");
        versions.push(world.post(side, &format!("{flow}/publish"), json!({})).await.json["id"].clone());
    }
    versions
}

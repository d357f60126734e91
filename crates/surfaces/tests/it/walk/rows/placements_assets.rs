//! Rows of fonts, media and numbers of placements.

use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Font, Media, Placement, ScreenVersion};
    const FILES: &str = "takes or gives a file; see placements_assets.rs";
    const ONE_VERSION: &str = "needs a parameter; see placements_numbers.rs";
    vec![
        row("GET", "/v1/apps/{appId}/fonts", Font),
        row("POST", "/v1/apps/{appId}/fonts", Font).cannot_succeed(FILES),
        row("DELETE", "/v1/apps/{appId}/fonts/{id}", Font),
        row("GET", "/v1/apps/{appId}/media", Media),
        row("POST", "/v1/apps/{appId}/media", Media).cannot_succeed(FILES),
        row("DELETE", "/v1/apps/{appId}/media/{id}", Media),
        row("GET", "/cdn/{workspaceId}/fonts/{file}", Font),
        row("GET", "/cdn/{workspaceId}/media/{file}", Media),
        row("GET", "/cdn/icons/{file}", Font).cannot_succeed(FILES),
        row("GET", "/v1/apps/{appId}/analytics/overview", ScreenVersion),
        row("GET", "/v1/apps/{appId}/analytics/timeseries", ScreenVersion),
        row("GET", "/v1/apps/{appId}/analytics/revenue", ScreenVersion),
        row("GET", "/v1/apps/{appId}/analytics/retention", ScreenVersion),
        row("GET", "/v1/apps/{appId}/analytics/funnel", ScreenVersion).cannot_succeed(ONE_VERSION),
        row("GET", "/v1/apps/{appId}/placements/{key}/analytics", Placement),
    ]
}

/// A font or a media file in an app of two.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let app = |at| json!({ "name": format!("App {at}"), "platform": "ios" });
    let app = world.posted(side, "/v1/apps", app).await["id"].clone();
    let (kind, first, second) = match thing {
        Thing::Font => ("fonts", crate::placements_assets::font(0), crate::placements_assets::font(700)),
        _ => ("media", b"<svg/>".to_vec(), b"<svg><g/></svg>".to_vec()),
    };
    let path = format!("/v1/apps/{}/{kind}", app.as_str().expect("an id"));
    let mut made = Value::Null;
    for (weight, file) in [("400", first), ("700", second)] {
        let texts = [("weight", weight)];
        let answer = crate::placements_assets::upload(&world.app, &side.session, &path, &file, &texts, "").await;
        assert_eq!(answer.status, 201, "{answer:?}");
        made = answer.json;
    }
    let url = made["url"].as_str().expect("an address");
    let parts: Vec<&str> = url.rsplit('/').collect();
    json!({ "appId": app, "id": made["id"], "file": parts[0], "workspaceId": parts[2] })
}

//! What is different between two versions.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::patch;
use crate::flows_runs::{World, echo};

on_both! {
    async fn versions_are_compared_for_those_who_see_the_flow(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let mut steps = echo();
        steps[1]["data"]["value"] = json!("{{ topic }}!");
        steps[0]["nextStepId"] = json!("end");
        patch(&world, &flow, json!({ "definition": { "steps": steps } })).await;
        let diff = |query: &str| {
            let path = format!("/console/v1/flows/{flow}/diff{query}");
            async { world.get(&{ path }).await }
        };
        let expected = json!({ "changes": [
            { "op": "connect", "step_id": "start", "pointer": "/steps/0/nextStepId", "before": "it", "after": "end" },
            { "op": "update", "step_id": "it", "pointer": "/steps/1/data/value", "before": "{{ topic }}", "after": "{{ topic }}!" },
        ] });
        assert_eq!(diff("").await.json, expected);
        assert_eq!(diff("?from=1&to=2").await.json, expected);
        assert_eq!(diff("?from=1&to=latest").await.json, json!({ "changes": [] }));
        let back = diff("?from=draft&to=1").await;
        assert_eq!(back.json["changes"][1]["after"], "{{ topic }}");
        diff("?from=1&to=9").await.is(404, "not_found");
        diff("?from=x").await.is(400, "validation_failed");
        let viewer = world.member("vic@floe.test", floe_model::access::Role::Viewer).await;
        let path = format!("/console/v1/flows/{flow}/diff");
        assert_eq!(world.app.get(&path).bearer(&viewer).send().await.status, 200);
        patch(&world, &flow, json!({ "visibility": "private" })).await;
        world.app.get(&path).bearer(&viewer).send().await.is(404, "not_found");
        let published = world.post(&format!("/v1/flow/{flow}/publish"), json!({})).await;
        assert_eq!(published.json["version"], Value::from(2));
        diff("").await.is(404, "not_found");
    }
}

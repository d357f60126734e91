//! The catalogue, choices of fields, and enhancing without a model.

use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::Answer;
use crate::flows::refused;
use crate::flows_runs::{World, approval, echo};

async fn items(world: &World, body: Value) -> Answer {
    world.post("/v1/flow/step-field-items", body).await
}

fn values(answer: &Answer) -> Vec<&str> {
    answer.json["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["value"].as_str().expect("a value"))
        .collect()
}

on_both! {
    async fn the_catalogue_lists_what_runs(store: TestStore) {
        let world = World::new(store).await;
        let shown = world.get("/v1/flow/preferences").await;
        assert_eq!((shown.status.as_u16(), &shown.json["timezone"], &shown.json["models"]), (200, &json!("Africa/Lagos"), &json!([])));
        let keys = |list: &str| -> Vec<String> {
            let list = shown.json[list].as_array().expect("a list").iter();
            list.map(|one| one["key"].as_str().expect("a key").to_owned()).collect()
        };
        let known: Vec<String> = world.app.app.flows.catalog.steps().map(|spec| spec.key.to_owned()).collect();
        assert_eq!(keys("steps"), known);
        assert!(keys("triggers").contains(&"api".to_owned()) && keys("triggers").contains(&"webhook.<id>".to_owned()));
        let categories = keys("categories");
        for step in shown.json["steps"].as_array().expect("steps") {
            assert!(categories.iter().any(|key| step["category"] == key.as_str()), "{step}");
        }
        assert_eq!(shown.json["functions"].as_array().expect("functions").len(), 17);
        assert_eq!(shown.json["limits"]["steps"], 500);

        // Whatever it names is known at publish, and what it does not name is not.
        for key in keys("steps") {
            let draft = world.draft(&key, json!([{ "id": "a", "type": "api" }, { "id": "b", "type": key }])).await;
            let published = world.post(&format!("/v1/flow/{draft}/publish"), json!({})).await;
            assert!(!published.json.to_string().contains("unknown_type"), "{key}: {published:?}");
        }
        let draft = world.draft("x", json!([{ "id": "a", "type": "api" }, { "id": "b", "type": "ask-to-nobody" }])).await;
        let published = world.post(&format!("/v1/flow/{draft}/publish"), json!({})).await;
        assert_eq!(published.json["error"]["details"]["problems"][0]["code"], "unknown_type");
    }

    async fn choices_come_from_what_the_caller_sees(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let asking = world.draft("Ask", approval()).await;
        let flows = items(&world, json!({ "stepType": "call-flow", "field": "flowId" })).await;
        assert_eq!((flows.json["total"].clone(), values(&flows)), (json!(2), vec![asking.as_str(), flow.as_str()]));
        let found = items(&world, json!({ "stepType": "call-flow", "field": "flowId", "search": "ECH" })).await;
        assert_eq!(values(&found), [flow.as_str()]);
        let versions = items(&world, json!({ "stepType": "call-flow", "field": "version", "data": { "flowId": flow } })).await;
        assert_eq!(values(&versions), ["latest", "1"]);
        let steps = items(&world, json!({ "stepType": "condition", "field": "elseNextStepId", "flowId": asking })).await;
        assert_eq!(values(&steps), ["start", "it", "end"]);
        let links = items(&world, json!({ "stepType": "probe", "field": "nextStepId", "flowId": asking, "limit": 1, "skip": 1 })).await;
        assert_eq!((values(&links), &links.json["total"]), (vec!["it"], &json!(3)));
        let names = items(&world, json!({ "stepType": "each", "field": "arrayVariable", "flowId": asking, "search": "topic" })).await;
        assert_eq!(values(&names), ["topic"]);
        for (body, path) in [
            (json!({ "stepType": "nothing", "field": "x" }), "/stepType"),
            (json!({ "stepType": "call-flow", "field": "x" }), "/field"),
            (json!({ "stepType": "call-flow", "field": "inputs" }), "/field"),
            (json!({ "stepType": "call-flow", "field": "flowId", "limit": 0 }), "/limit"),
            (json!({ "field": "flowId" }), "/stepType"),
        ] {
            let answer = items(&world, body.clone()).await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()), "{body}");
            assert_eq!(answer.json["error"]["details"]["fields"][0]["path"], path, "{body}");
        }
        let viewer = world.member("vic@floe.test", floe_model::access::Role::Viewer).await;
        let private = world.post("/v1/flow", json!({ "name": "Private" })).await.json["_id"].clone();
        let body = json!({ "stepType": "condition", "field": "elseNextStepId", "flowId": private });
        let hidden = world.app.post("/v1/flow/step-field-items").bearer(&viewer).json(&body).send().await;
        assert_eq!(refused(&hidden), (404, "not_found".to_owned()));
    }

    async fn enhancing_checks_first_and_then_lacks_a_model(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.draft("A", echo()).await;
        for path in ["/v1/flow/enhance".to_owned(), format!("/v1/flow/{flow}/enhance")] {
            for body in [
                json!({}), json!({ "prompt": "" }), json!({ "prompt": "x".repeat(8_001) }), json!({ "prompt": "x", "definition": [] }),
            ] {
                assert_eq!(refused(&world.post(&path, body).await), (400, "validation_error".to_owned()));
            }
            let answer = world.post(&path, json!({ "prompt": "Add a step", "definition": { "steps": [] } })).await;
            assert_eq!(refused(&answer), (503, "model_unavailable".to_owned()));
        }
        let viewer = world.member("vic@floe.test", floe_model::access::Role::Viewer).await;
        let asking = world.app.post(&format!("/v1/flow/{flow}/enhance")).bearer(&viewer).json(&json!({ "prompt": "x" }));
        assert_eq!(refused(&asking.send().await), (403, "forbidden".to_owned()));
        let missing = world.post("/v1/flow/018f2d6e-0000-7000-8000-000000000001/enhance", json!({ "prompt": "x" })).await;
        assert_eq!(refused(&missing), (404, "not_found".to_owned()));
    }
}

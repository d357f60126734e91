//! Copies, documents out and documents in.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{link, patch};
use crate::flows::refused;
use crate::flows_runs::{World, echo};
use crate::members::other_workspace;

fn everything() -> Value {
    json!([
        { "id": "start", "type": "api", "data": { "inputs": [] }, "nextStepId": "ask", "position": { "x": 10.5, "y": 2 } },
        { "id": "ask", "type": "probe", "data": { "value": "{{ secrets.CRM_KEY }}" }, "nextStepId": "call", "odd": { "kept": true } },
        { "id": "call", "type": "call-flow", "data": { "flowId": "018f2d6e-0000-7000-8000-000000000001" }, "nextStepId": "llm" },
        { "id": "llm", "type": "ask-to-llm", "data": { "modelId": "large" } },
    ])
}

on_both! {
    async fn out_in_and_out_again_gives_the_same_flow(store: TestStore) {
        let world = World::new(store).await;
        let body = json!({
            "name": "Renewal/1", "description": "Ünïcode", "icon": "tea", "tags": ["a", "b"], "definition": { "steps": everything(), "x": 1 },
            "settings": { "timeoutSeconds": 60, "timezone": "Africa/Lagos" },
        });
        let made = world.post("/v1/flow", body).await;
        let id = made.json["_id"].as_str().expect("an id").to_owned();
        let first = world.get(&format!("/v1/flow/{id}/export")).await;
        assert_eq!(first.header("content-disposition"), "attachment; filename=\"Renewal_1.flow.json\"");
        assert_eq!(first.json["requirements"], json!({
            "models": ["large"], "agents": [], "flows": ["018f2d6e-0000-7000-8000-000000000001"], "tools": [],
            "knowledgeBases": [], "secrets": ["CRM_KEY"],
        }));
        assert_eq!((&first.json["format"], &first.json["formatVersion"]), (&json!("flow-export"), &json!(1)));
        assert_eq!(first.json["source"], json!({ "flowId": id, "version": 1 }));

        let imported = world.post("/v1/flow/import", first.json.clone()).await;
        assert_eq!((imported.status.as_u16(), &imported.json["visibility"]), (201, &json!("private")), "{imported:?}");
        let warnings: Vec<_> = imported.json["warnings"].as_array().expect("warnings").iter().map(|one| one["kind"].clone()).collect();
        assert_eq!(warnings, ["secrets", "flows", "models"].map(Value::from), "{:?}", imported.json["warnings"]);
        let copy = imported.json["_id"].as_str().expect("an id");
        let second = world.get(&format!("/v1/flow/{copy}/export")).await;
        assert_eq!((&second.json["flow"], &second.json["checksum"]), (&first.json["flow"], &first.json["checksum"]));

        // As a file, and into another workspace.
        let mut form = b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n\r\n".to_vec();
        form.extend_from_slice(first.json.to_string().as_bytes());
        form.extend_from_slice(b"\r\n--cut--\r\n");
        other_workspace(&world.app, "eve@floe.test").await;
        let eve = world.app.session_by_link("eve@floe.test").await;
        let asking = world.app.post("/v1/flow/import").bearer(&eve).header("content-type", "multipart/form-data; boundary=cut");
        let there = asking.body(form).send().await;
        assert_eq!(there.status, 201, "{there:?}");
        assert_ne!(there.json["workspaceId"], imported.json["workspaceId"]);
    }

    async fn a_mapping_gives_other_names(store: TestStore) {
        let world = World::new(store).await;
        let target = world.flow("Target", echo()).await;
        let source = world.draft("Source", everything()).await;
        patch(&world, &source, json!({ "settings": { "errorFlowId": target } })).await;
        let document = world.get(&format!("/v1/flow/{source}/export")).await.json;
        let other = world.flow("Other", echo()).await;
        let mapping = json!({
            "flows": { "018f2d6e-0000-7000-8000-000000000001": target, (target.clone()): other },
            "models": { "large": "small" }, "secrets": { "CRM_KEY": "KEY" },
        });
        let body = json!({ "document": document, "name": "Mine", "mapping": mapping });
        let made = world.post("/v1/flow/import", body).await;
        assert_eq!((made.status.as_u16(), &made.json["name"]), (201, &json!("Mine")), "{made:?}");
        let steps = &made.json["definition"]["steps"];
        assert_eq!(steps[1]["data"]["value"], "{{ secrets.KEY }}");
        assert_eq!(steps[2]["data"]["flowId"], json!(target));
        assert_eq!((&steps[3]["data"]["modelId"], &made.json["settings"]["errorFlowId"]), (&json!("small"), &json!(other)));
        let warned: Vec<_> = made.json["warnings"].as_array().expect("warnings").iter().map(|one| one["id"].clone()).collect();
        assert_eq!(warned, ["KEY", "small"].map(Value::from));
    }

    async fn what_is_no_document_is_refused(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.draft("A", echo()).await;
        let good = world.get(&format!("/v1/flow/{flow}/export")).await.json;
        let with = |path: &str, value: Value| {
            let mut changed = good.clone();
            *changed.pointer_mut(path).expect("a place") = value;
            changed
        };
        for document in [
            with("/format", json!("other")), with("/formatVersion", json!(2)), with("/formatVersion", json!("1")),
            with("/checksum", json!("sha256:00")), with("/flow/name", json!("B")), with("/flow", json!([])), json!({}),
            json!({ "document": { "format": "flow-export" } }),
        ] {
            let answer = world.post("/v1/flow/import", document.clone()).await;
            assert_eq!(refused(&answer), (400, "invalid_import".to_owned()), "{document}");
        }
        for body in [json!({ "document": good, "mapping": [] }), json!({ "document": good, "mapping": { "flows": { "a": 1 } } })] {
            assert_eq!(refused(&world.post("/v1/flow/import", body).await), (400, "validation_error".to_owned()));
        }
        let list = world.get("/v1/flow").await;
        assert_eq!(list.json["total"], 1);
        let plain = world.app.post("/v1/flow/import").bearer(&world.session).header("content-type", "text/plain").body(b"{}".to_vec());
        assert_eq!(refused(&plain.send().await), (415, "unsupported_media_type".to_owned()));
        let deep = world.app.post("/v1/flow/import").bearer(&world.session).header("content-type", "application/json");
        let answer = deep.body(format!("{{\"document\":{}}}", "[".repeat(100)).into_bytes()).send().await;
        assert_eq!(refused(&answer), (400, "invalid_json".to_owned()));
    }

    async fn a_clone_is_private_and_bare(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        link(&world, &flow).await;
        patch(&world, &flow, json!({ "tags": ["x"], "definition": { "steps": [] } })).await;
        let path = format!("/v1/flow/{flow}/clone");
        let clone = |body: Value| world.post(&path, body);
        let copy = clone(json!({ "version": "latest" })).await;
        assert_eq!((copy.status.as_u16(), &copy.json["name"], &copy.json["visibility"]), (201, &json!("Echo (copy)"), &json!("private")));
        assert_eq!((&copy.json["share"], &copy.json["schedule"], &copy.json["latestPublishedVersion"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!((&copy.json["currentDraftVersion"], &copy.json["tags"]), (&json!(1), &json!(["x"])));
        assert_eq!(copy.json["definition"]["steps"].as_array().expect("steps").len(), 3);
        assert_eq!(clone(json!({ "name": "N" })).await.json["definition"]["steps"], json!([]));
        assert_eq!(refused(&clone(json!({ "version": 9 })).await), (404, "not_found".to_owned()));
        assert_eq!(refused(&clone(json!({ "version": "x" })).await), (400, "invalid_version".to_owned()));
    }
}

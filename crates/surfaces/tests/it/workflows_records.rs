//! Workflows in the console: how they come in, what is kept of them, and what becomes of their versions (console contract, section 5.3).

use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::Answer;
use crate::workflows::{World, greeter, reviewed, text};

const ALL: &str = "/console/v1/workflows";

/// A file with an error: a node of no type that anybody knows.
fn broken() -> Value {
    let mut file = greeter();
    file["definition"]["nodes"]["say"]["type"] = "teleport".into();
    file
}

fn problem(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default())
}

fn codes(validation: &Value) -> Vec<&str> {
    validation.as_array().into_iter().flatten().filter_map(|one| one["code"].as_str()).collect()
}

async fn made_of(world: &World, file: &Value) -> Value {
    let made = world.console("POST", ALL, Some(file)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json
}

async fn got(world: &World, path: &str) -> Value {
    let found = world.console("GET", path, None).await;
    assert_eq!(found.status, 200, "{path}: {found:?}");
    found.json
}

on_both! {
    async fn comes_in_and_goes_out(store: TestStore) {
        let world = World::new(store).await;
        // The text is kept as it came, whatever its spaces and the order of its members.
        let file = format!("{{ \"tags\": [\"x\"],\n  \"id\": \"greeter-1\", {}", &greeter().to_string()[1..]);
        let asking = world.app.post(ALL).bearer(&world.session).header("content-type", "application/json");
        let made = asking.body(file.clone().into_bytes()).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let workflow = &made.json["workflow"];
        assert_eq!((&workflow["id"], &workflow["version"]), (&json!("greeter-1"), &json!(1)));
        assert_eq!((&workflow["status"], &workflow["errors"]), (&json!("active"), &json!(0)), "{made:?}");
        assert_eq!((&workflow["tags"], &workflow["inputs"]["name"]["type"]), (&json!(["x"]), &json!("text")));
        assert_eq!(made.header("location"), "/console/v1/workflows/greeter-1");

        let original = world.console("GET", &format!("{ALL}/greeter-1/export?form=original"), None).await;
        assert_eq!(original.bytes, file.as_bytes());
        let record = got(&world, &format!("{ALL}/greeter-1/export")).await;
        assert_eq!((&record["name"], &record["nodes"]["say"]["type"]), (&json!("Greeter"), &json!("transform")));
        let canvas = got(&world, &format!("{ALL}/greeter-1/export?form=canvas")).await;
        assert_eq!(canvas["nodes"].as_array().map(Vec::len), Some(3), "{canvas}");
        // What goes out comes in again as the same workflow.
        for form in [record, canvas] {
            let again = made_of(&world, &form).await;
            assert_eq!((&again["workflow"]["status"], &again["workflow"]["name"]), (&json!("active"), &json!("Greeter")));
        }

        let taken = world.console("POST", ALL, Some(&json!({ "id": "greeter-1", "nodes": {} }))).await;
        assert_eq!(problem(&taken), (409, "conflict"));
        for (body, pointer) in [
            (json!({ "id": "no such id!", "nodes": {} }), "/id"),
            (json!({ "id": 7, "nodes": {} }), "/id"),
            (json!({ "steps": [] }), "/nodes"),
            (json!({ "nodes": { "a": { "type": "merge", "name": "\u{0}", "config": {} } } }), ""),
        ] {
            let refused = world.console("POST", ALL, Some(&body)).await;
            assert_eq!(problem(&refused), (400, "validation_failed"), "{body}");
            assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{body}");
        }

        // The workflow API and the console know it by the id that was given; the Flow API does not know it at all.
        let seen = world.get("/v1/workflows/greeter-1").send().await;
        assert_eq!((&seen.json["data"]["id"], &seen.json["data"]["version"]), (&json!("greeter-1"), &json!(1)), "{seen:?}");
        let flows = world.console("GET", "/v1/flow", None).await;
        assert_eq!(flows.json["data"], json!([]));
        let all = got(&world, "/console/v1/automations?engine=workflow&total=true").await;
        assert_eq!(all["total"], 3);
        let gone = world.console("DELETE", &format!("{ALL}/greeter-1"), None).await;
        assert_eq!(gone.status, 204);
        assert_eq!(world.console("GET", &format!("{ALL}/greeter-1"), None).await.status, 404);
        // The given id is free again.
        assert_eq!(made_of(&world, &serde_json::from_str(&file).expect("JSON")).await["workflow"]["id"], "greeter-1");
    }

    async fn versions_follow_each_other(store: TestStore) {
        let world = World::new(store).await;
        let id = text(&made_of(&world, &greeter()).await["workflow"]["id"]);
        let one = format!("{ALL}/{id}");
        let draft = format!("{one}/draft");

        // A draft keeps anything, and what is in force stays.
        let saved = world.console("PUT", &draft, Some(&broken())).await;
        assert_eq!((saved.status.as_u16(), &saved.json["version"], &saved.json["is_draft"]), (200, &json!(2), &json!(true)));
        assert!(codes(&saved.json["validation"]).contains(&"UNKNOWN_NODE_TYPE"), "{saved:?}");
        let shown = got(&world, &one).await;
        assert_eq!((&shown["version"], &shown["status"], &shown["has_draft"]), (&json!(1), &json!("active"), &json!(true)));
        let refused = world.console("POST", &format!("{one}/publish"), Some(&json!({}))).await;
        assert_eq!(problem(&refused), (422, "invalid_definition"));
        assert!(codes(&refused.json["problems"]).contains(&"UNKNOWN_NODE_TYPE"), "{refused:?}");

        let mut better = greeter();
        better["definition"]["nodes"]["say"]["config"]["template"] = "Hi {{name}}".into();
        let checked = world.console("POST", &format!("{one}/validate"), Some(&better)).await;
        assert_eq!(checked.json["valid"], true, "{checked:?}");
        let checked = world.console("POST", &format!("{one}/validate"), None).await;
        assert_eq!(checked.json["valid"], false, "the draft: {checked:?}");
        assert_eq!(world.console("PUT", &draft, Some(&better)).await.status, 200);
        let stale = world.app.ask("POST", &format!("{one}/publish")).bearer(&world.session).header("if-match", "\"1\"");
        assert_eq!(problem(&stale.json(&json!({})).send().await), (412, "stale_revision"));
        let published = world.console("POST", &format!("{one}/publish"), Some(&json!({ "note": "Shorter" }))).await;
        assert_eq!((published.status.as_u16(), &published.json["version"]), (200, &json!(2)), "{published:?}");
        let nothing = world.console("POST", &format!("{one}/publish"), Some(&json!({}))).await;
        assert_eq!(problem(&nothing), (409, "conflict"));

        let changes = got(&world, &format!("{one}/diff?from=1&to=2")).await;
        assert_eq!(changes["changes"].as_array().map(Vec::len), Some(1), "{changes}");
        assert_eq!(changes["changes"][0]["pointer"], "/nodes/say/config/template");
        assert_eq!(changes["changes"][0]["after"], "Hi {{name}}");

        // A replacement is a version at once, also with errors; then nobody starts it until it is mended.
        let replaced = world.console("PUT", &one, Some(&broken())).await;
        let workflow = &replaced.json["workflow"];
        assert_eq!((&workflow["version"], &workflow["status"]), (&json!(3), &json!("inactive")), "{replaced:?}");
        let start = format!("/v1/workflows/{id}/execute");
        let refused = world.post(&start, &json!({ "inputs": { "name": "Ada" } })).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]["code"]), (400, &json!("validation_error")));
        let field = &refused.json["error"]["details"]["errors"][0]["field"];
        assert_eq!(field, "definition.nodes.say.type", "{refused:?}");
        let activated = world.console("PATCH", &one, Some(&json!({ "status": "active" }))).await;
        assert_eq!(problem(&activated), (422, "invalid_definition"));
        let restored = world.console("POST", &format!("{one}/versions/1/restore"), None).await;
        assert_eq!((&restored.json["version"], &restored.json["status"]), (&json!(4), &json!("active")), "{restored:?}");
        let run = world.execute(&id, json!({ "name": "Ada" })).await;
        assert_eq!(world.execution(&run, &["completed", "failed"]).await["outputs"], json!({ "text": "Hello Ada" }));

        let off = world.console("PATCH", &one, Some(&json!({ "status": "inactive", "name": "Quiet" }))).await;
        assert_eq!((&off.json["status"], &off.json["name"]), (&json!("inactive"), &json!("Quiet")));
        assert_eq!(world.post(&start, &json!({ "inputs": { "name": "Ada" } })).await.status, 400);

        let page = got(&world, &format!("{one}/versions?limit=3&total=true")).await;
        let numbers = |page: &Value| -> Vec<u64> {
            page["data"].as_array().into_iter().flatten().filter_map(|one| one["version"].as_u64()).collect()
        };
        assert_eq!((numbers(&page), &page["total"]), (vec![4, 3, 2], &json!(4)));
        assert_eq!((&page["data"][2]["note"], &page["data"][0]["based_on"]), (&json!("Shorter"), &json!(1)));
        let rest = got(&world, &format!("{one}/versions?limit=3&cursor={}", text(&page["next_cursor"]))).await;
        assert_eq!((numbers(&rest), &rest["next_cursor"]), (vec![1], &Value::Null));
        let by = &page["data"][0]["created_by"];
        assert_eq!(by["id"], got(&world, "/console/v1/me").await["id"], "{by}");
        let second = got(&world, &format!("{one}/versions/2")).await;
        assert_eq!(second["definition"]["nodes"]["say"]["config"]["template"], "Hi {{name}}");

        let audit = got(&world, "/console/v1/audit?product=workflows&limit=50").await;
        let actions: Vec<&str> =
            audit["data"].as_array().into_iter().flatten().filter_map(|entry| entry["action"].as_str()).collect();
        let wanted = ["deactivated_workflow", "restored_workflow", "replaced_workflow", "published_workflow", "created_workflow"];
        for action in wanted {
            assert!(actions.contains(&action), "{action} in {actions:?}");
        }
    }

    async fn inputs_are_checked_and_converted(store: TestStore) {
        let world = World::new(store).await;
        let input = |name: &str, kind: &str, more: Value| {
            let mut config = json!({ "inputName": name, "inputType": kind });
            config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            json!({ "type": "input", "name": name, "config": config })
        };
        let file = json!({
            "name": "Inputs",
            "nodes": {
                "n": input("count", "number", json!({})),
                "b": input("sure", "boolean", json!({ "required": false })),
                "j": input("data", "json", json!({ "required": false })),
                "s": input("size", "select", json!({ "options": ["S", "L"], "defaultValue": "S" })),
                "out": { "type": "output", "name": "Out", "config": { "outputName": "all", "value": "{{count}}/{{size}}" } },
            },
            "edges": [
                { "source": "n", "target": "out" }, { "source": "b", "target": "out" },
                { "source": "j", "target": "out" }, { "source": "s", "target": "out" },
            ],
        });
        let id = world.workflow(&file).await;
        let schema = world.get(&format!("/v1/workflows/{id}")).send().await.json["data"]["input_schema"].clone();
        assert_eq!(schema["required"], json!(["count"]), "{schema}");
        assert_eq!(schema["properties"]["size"]["enum"], json!(["S", "L"]), "{schema}");
        let start = format!("/v1/workflows/{id}/execute");
        let body = json!({ "inputs": { "count": "3", "sure": "true", "data": "[1]", "size": "L", "extra": { "kept": 1 } } });
        let started = world.post(&start, &body).await;
        assert_eq!(started.status, 202, "{started:?}");
        let given = &started.json["data"]["inputs"];
        assert_eq!((&given["count"], &given["sure"], &given["data"]), (&json!(3), &json!(true), &json!([1])));
        assert_eq!(given["extra"], json!({ "kept": 1 }));
        let run = text(&started.json["data"]["execution_id"]);
        assert_eq!(world.execution(&run, &["completed", "failed"]).await["outputs"], json!({ "all": "3/L" }));

        let refused = world.post(&start, &json!({ "inputs": { "sure": "perhaps", "size": "M" } })).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        let errors = refused.json["error"]["details"]["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<&str> = errors.iter().filter_map(|one| one["field"].as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["inputs.count", "inputs.size", "inputs.sure"], "{refused:?}");
    }

    async fn reviews_wait_in_the_inbox(store: TestStore) {
        let world = World::new(store).await;
        let id = world.workflow(&reviewed()).await;
        let run = world.execute(&id, json!({})).await;
        let paused = world.execution(&run, &["paused"]).await;
        let context = &paused["pause_context"];
        assert_eq!((&context["node_id"], &context["reason"]), (&json!("ask"), &json!("human_review")), "{paused}");

        let list = got(&world, "/console/v1/inbox?kind=workflow_review&product=workflows").await;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
        let item = &list["data"][0];
        assert_eq!((&item["kind"], &item["product"], &item["can_answer"]), (&json!("workflow_review"), &json!("workflows"), &json!(true)));
        assert_eq!(got(&world, "/console/v1/inbox?product=flows").await["data"], json!([]));
        assert_eq!(got(&world, "/console/v1/inbox/counts").await["by_kind"]["workflow_review"], 1);
        let path = format!("/console/v1/inbox/{}/answer", text(&item["id"]));
        let wrong = json!({ "content_hash": item["content_hash"], "data": "many" });
        let refused = world.console("POST", &path, Some(&wrong)).await;
        assert_eq!(problem(&refused), (422, "invalid_answer"), "{refused:?}");
        assert_eq!(refused.json["errors"][0]["pointer"], "/data");
        let right = json!({ "content_hash": item["content_hash"], "data": 5 });
        let answered = world.console("POST", &path, Some(&right)).await;
        assert_eq!((answered.status.as_u16(), &answered.json["item"]["status"]), (200, &json!("answered")), "{answered:?}");
        world.execution(&run, &["completed"]).await;
        assert_eq!(problem(&world.console("POST", &path, Some(&right)).await), (409, "already_answered"));
        let late = world.post(&format!("/v1/executions/{run}/submit-response"), &json!({ "response": 5 })).await;
        assert_eq!(late.status, 400, "{late:?}");
    }

    async fn flows_are_workflows_too(store: TestStore) {
        let world = World::new(store).await;
        let steps = json!([
            { "id": "start", "type": "api", "name": "Start", "nextStepId": "end",
              "data": { "inputs": [{ "key": "topic", "label": "Topic", "type": "text", "required": true }] } },
            { "id": "end", "type": "final", "name": "End", "data": { "outputs": { "said": "{{topic}}" } } },
        ]);
        let flow = world.console("POST", "/v1/flow", Some(&json!({ "name": "Steps", "definition": { "steps": steps } }))).await;
        let flow = text(&flow.json["_id"]);
        assert_eq!(world.get("/v1/workflows").send().await.json["data"], json!([]), "a draft is not published");
        assert_eq!(world.get(&format!("/v1/workflows/{flow}")).send().await.status, 404);
        assert_eq!(world.console("POST", &format!("/v1/flow/{flow}/publish"), Some(&json!({}))).await.status, 200);
        let shown = world.get("/v1/workflows").send().await;
        let workflow = &shown.json["data"][0];
        assert_eq!((&workflow["name"], &workflow["status"]), (&json!("Steps"), &json!("active")), "{shown:?}");
        assert_eq!(workflow["inputs"]["topic"]["required"], true, "{shown:?}");
        assert_eq!(workflow["input_schema"]["properties"]["topic"]["type"], "string");
        let id = text(&workflow["id"]);
        assert!(id.starts_with("wf_"), "{id}");
        let refused = world.post(&format!("/v1/workflows/{id}/execute"), &json!({ "inputs": {} })).await;
        assert_eq!(refused.json["error"]["details"]["errors"][0]["field"], "inputs.topic", "{refused:?}");
        let run = world.execute(&id, json!({ "topic": "tea" })).await;
        let done = world.execution(&run, &["completed", "failed"]).await;
        assert_eq!((&done["outputs"], &done["inputs"]), (&json!({ "said": "tea" }), &json!({ "topic": "tea" })), "{done}");
        let listed = world.get(&format!("/v1/executions?workflow_id={id}&status=completed")).send().await;
        assert_eq!((&listed.json["data"][0]["id"], &listed.json["pagination"]["total_count"]), (&json!(run), &json!(1)));
    }

    async fn drafts_are_tested_and_workflows_call_each_other(store: TestStore) {
        let world = World::new(store).await;
        let mut callee = greeter();
        callee["id"] = "callee".into();
        world.workflow(&callee).await;
        let caller = json!({
            "name": "Caller",
            "nodes": {
                "call": { "type": "subworkflow", "name": "Call",
                          "config": { "workflowId": "callee", "inputs": { "name": "Eve" }, "outputVariable": "answer" } },
                "out": { "type": "output", "name": "Out", "config": { "outputName": "said", "value": "{{answer.text}}" } },
            },
            "edges": [{ "source": "call", "target": "out" }],
        });
        let id = world.workflow(&caller).await;
        let run = world.execute(&id, json!({})).await;
        let done = world.execution(&run, &["completed", "failed"]).await;
        assert_eq!(done["outputs"], json!({ "said": "Hello Eve" }), "{done}");

        let mut draft = caller.clone();
        draft["nodes"]["out"]["config"]["outputName"] = "drafted".into();
        assert_eq!(world.console("PUT", &format!("{ALL}/{id}/draft"), Some(&draft)).await.status, 200);
        let tested = world.console("POST", &format!("/console/v1/automations/{id}/test"), Some(&json!({}))).await;
        assert_eq!(tested.status, 202, "{tested:?}");
        let run = text(&tested.json["run_id"]);
        for _ in 0..400 {
            let found = world.app.get(&format!("/v1/executions/{run}")).header("x-api-key", &world.test).send().await;
            if found.json["data"]["status"] == "completed" {
                assert_eq!(found.json["data"]["outputs"], json!({ "drafted": "Hello Eve" }), "{found:?}");
                assert_eq!(found.json["data"]["test"], true);
                // A live key does not see what was tried out.
                assert_eq!(world.get(&format!("/v1/executions/{run}")).send().await.status, 404);
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the draft is never done");
    }
}

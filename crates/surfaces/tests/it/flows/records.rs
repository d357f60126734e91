//! `/v1/flow` and `/v1/flow/{id}`.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{NOW, PATH, made, refused, scrubbed};
use crate::app::{OWNER, TestApp};

on_both! {
    async fn a_flow_is_made_read_changed_and_deleted(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({
            "name": "Renewal", "description": "Asks for it", "icon": "bolt", "tags": ["mail"], "unknown": true,
            "settings": { "timezone": "Africa/Lagos", "timeoutSeconds": 60, "other": 1 },
        });
        let path = made(&app, &session, &body).await;
        let starter = json!({ "steps": [
            { "id": "start", "type": "api", "name": "Start", "data": { "inputs": [] }, "nextStepId": "end" },
            { "id": "end", "type": "final", "name": "End", "data": { "outputs": {} } },
        ] });
        let expected = json!({
            "_id": "<1>", "workspaceId": "<2>", "name": "Renewal", "description": "Asks for it", "icon": "bolt",
            "tags": ["mail"], "definition": starter, "latestPublishedVersion": null, "currentDraftVersion": 1,
            "status": "draft", "visibility": "private", "sharing": { "users": [], "groups": [] }, "share": null,
            "settings": { "timeoutSeconds": 60, "timezone": "Africa/Lagos" }, "schedule": null, "revision": 1,
            "createdBy": { "_id": "<3>", "name": "Ada", "email": OWNER }, "createdAt": NOW, "updatedAt": NOW,
        });
        let read = app.get(&path).bearer(&session).send().await;
        assert_eq!((read.status.as_u16(), scrubbed(&read)), (200, expected.clone()));

        let definition = json!({ "steps": [{ "id": "a", "type": "form", "data": {}, "position": { "x": 1.5 } }] });
        let patch = json!({
            "name": "Renewals", "description": null, "icon": null, "tags": null, "settings": null, "visibility": "public",
            "definition": definition, "baseRevision": 1, "unknown": { "enabled": true },
        });
        let changed = app.patch(&path).bearer(&session).json(&patch).send().await;
        let mut after = expected;
        for (key, value) in [
            ("name", json!("Renewals")), ("description", json!("")), ("icon", Value::Null), ("tags", json!([])),
            ("settings", json!({})), ("visibility", json!("public")), ("definition", definition), ("revision", json!(2)),
        ] {
            after[key] = value;
        }
        assert_eq!((changed.status.as_u16(), scrubbed(&changed)), (200, after.clone()));

        let list = app.get(PATH).bearer(&session).send().await;
        after.as_object_mut().expect("an object").shift_remove("definition");
        assert_eq!(scrubbed(&list), json!({ "data": [after], "total": 1, "limit": 20, "skip": 0, "page": 1 }));

        let gone = app.delete(&path).bearer(&session).send().await;
        assert_eq!((gone.status.as_u16(), scrubbed(&gone)), (200, json!({ "success": true, "_id": "<1>" })));
        for answer in [app.get(&path).bearer(&session).send().await, app.delete(&path).bearer(&session).send().await] {
            let body = json!({
                "statusCode": 404, "message": "Flow not found",
                "error": { "code": "not_found", "message": "Flow not found", "status": 404, "details": {} },
            });
            assert_eq!(answer.json, body);
        }
        assert_eq!(app.get(PATH).bearer(&session).send().await.json["total"], 0);
    }

    async fn wrong_bodies_name_every_field(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Renewal" })).await;
        for (body, expected) in [
            (json!({}), vec![("/name", "required")]),
            (json!({ "name": "", "icon": 5, "tags": ["", "x"] }),
                vec![("/name", "length"), ("/icon", "type"), ("/tags/0", "type")]),
            (json!({ "name": "x".repeat(201), "visibility": "open", "settings": { "timezone": "Mars" } }),
                vec![("/name", "length"), ("/visibility", "value"), ("/settings/timezone", "value")]),
            (json!({ "name": "x", "tags": vec!["x"; 21] }), vec![("/tags", "length")]),
            (json!({ "name": "x", "definition": [] }), vec![("/definition", "type")]),
            (json!({ "name": "x", "definition": { "steps": [1] } }), vec![("/definition/steps/0", "type")]),
            (json!({ "name": "x", "settings": { "errorFlowId": "00000000-0000-0000-0000-000000000001" } }),
                vec![("/settings/errorFlowId", "unknown_reference")]),
        ] {
            let answer = app.post(PATH).bearer(&session).json(&body).send().await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()), "{body}");
            assert_eq!(fields(&answer.json), expected, "{body}");
        }
        for (body, expected) in [
            (json!({ "name": null }), vec![("/name", "required")]),
            (json!({ "sharing": { "users": [{ "_id": "x" }], "groups": 5 }, "baseRevision": -1 }),
                vec![("/sharing/users/0/_id", "type"), ("/sharing/groups", "type"), ("/baseRevision", "range")]),
            (json!({ "sharing": { "users": [
                { "_id": "00000000-0000-0000-0000-000000000001", "permission": "all" },
                { "_id": "00000000-0000-0000-0000-000000000002", "permission": "view" },
                { "_id": "00000000-0000-0000-0000-000000000002", "permission": "edit" },
            ] } }), vec![("/sharing/users/0/permission", "value"), ("/sharing/users/2/_id", "duplicate")]),
        ] {
            let answer = app.patch(&path).bearer(&session).json(&body).send().await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()), "{body}");
            assert_eq!(fields(&answer.json), expected, "{body}");
        }
        let stale = app.patch(&path).bearer(&session).json(&json!({ "name": "y", "baseRevision": 7 })).send().await;
        assert_eq!(refused(&stale), (409, "conflict".to_owned()));
        assert_eq!(stale.json["error"]["details"], json!({ "revision": 1 }));
        let large = json!({ "name": "x", "definition": { "notes": "x".repeat(1024 * 1024) } });
        let answer = app.post(PATH).bearer(&session).json(&large).send().await;
        assert_eq!(refused(&answer), (413, "payload_too_large".to_owned()));
        let answer = app.post(PATH).bearer(&session).body(b"{".to_vec()).header("content-type", "application/json");
        assert_eq!(refused(&answer.send().await), (400, "invalid_json".to_owned()));
    }

    async fn lists_are_filtered_ordered_and_paged(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        for (name, tag) in [("Beta", "x"), ("alpha", "y"), ("Gamma", "x")] {
            made(&app, &session, &json!({ "name": name, "tags": [tag] })).await;
        }
        for (query, expected) in [
            ("", "Gamma alpha Beta of 3 page 1"),
            ("sort=name", "alpha Beta Gamma of 3 page 1"),
            ("sort=-name&limit=2", "Gamma Beta of 3 page 1"),
            ("sort=createdAt&limit=2&page=2", "Gamma of 3 page 2"),
            ("sort=createdAt&limit=1&skip=1", "alpha of 3 page 2"),
            ("tag=x&sort=createdAt", "Beta Gamma of 2 page 1"),
            ("filter=ALPH", "alpha of 1 page 1"),
            ("status=published", " of 0 page 1"),
            ("trigger=api&visibility=private&status=draft&sort=-updatedAt", "Gamma alpha Beta of 3 page 1"),
            ("createdBy=00000000-0000-0000-0000-000000000001", " of 0 page 1"),
        ] {
            let list = app.get(&format!("{PATH}?{query}")).bearer(&session).send().await;
            let names: Vec<_> = list.json["data"].as_array().expect("rows").iter().filter_map(|row| row["name"].as_str()).collect();
            let found = format!("{} of {} page {}", names.join(" "), list.json["total"], list.json["page"]);
            assert_eq!(found, expected, "{query}");
        }
        for query in ["limit=0", "limit=101", "skip=-1", "page=0", "skip=1&page=1", "sort=size", "status=x", "createdBy=x", "filter=%00"] {
            let list = app.get(&format!("{PATH}?{query}")).bearer(&session).send().await;
            assert_eq!(refused(&list), (400, "validation_error".to_owned()), "{query}");
        }
    }
}

fn fields(body: &Value) -> Vec<(&str, &str)> {
    let fields = body["error"]["details"]["fields"].as_array().expect("fields");
    fields.iter().map(|field| (field["path"].as_str().unwrap_or(""), field["code"].as_str().unwrap_or(""))).collect()
}

//! Agents, their versions and their secrets.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Office, told};

/// A tool with a secret.
fn orders(value: &str) -> Value {
    json!({ "type": "http", "name": "orders", "description": "Looks an order up", "url": "https://shop.test/orders/{id}", "method": "GET",
        "parameters": { "type": "object", "properties": { "id": { "type": "string" } } }, "headers": { "Authorization": value } })
}

on_both! {
    async fn an_agent_is_made_read_changed_and_listed(store: TestStore) {
        let office = Office::new(store).await;
        let agent = office.get("").await;
        let expected = json!({
            "id": office.agent, "agent_id": office.agent, "name": "Helper", "description": "", "instructions": "Help people with their orders.",
            "status": "active", "model": null, "fallback_models": [], "temperature": 0.7, "max_output_tokens": 2048, "max_steps": 10, "tools": [],
            "memory": { "window_messages": 50, "summarise": false }, "response_schema": null, "guardrails": { "input": [], "output": [] },
            "credit_limit": null, "metadata": {}, "created_at": "2027-01-15T08:00:00Z", "updated_at": "2027-01-15T08:00:00Z", "config_version": 1,
        });
        assert_eq!(agent.to_string(), expected.to_string());
        office.app.pass_seconds(90);
        let changed = office.patch(json!({
            "name": "Orders", "max_steps": 3, "credit_limit": { "amount": 2.5, "period": "day" }, "unknown": 1, "metadata": { "team": "shop" },
        })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let changed = changed.json;
        assert_eq!((&changed["name"], &changed["max_steps"], &changed["config_version"]), (&json!("Orders"), &json!(3), &json!(2)));
        assert_eq!((&changed["credit_limit"], &changed["updated_at"]), (&json!({ "amount": 2.5, "period": "day" }), &json!("2027-01-15T08:01:30Z")));
        // What changes nothing makes no version, and null is the usual value.
        assert_eq!(office.patch(json!({ "name": "Orders" })).await.json["config_version"], 2);
        let cleared = office.patch(json!({ "max_steps": null, "credit_limit": null, "if_config_version": 2 })).await.json;
        assert_eq!((&cleared["max_steps"], &cleared["credit_limit"], &cleared["config_version"]), (&json!(10), &Value::Null, &json!(3)));
        let stale = office.patch(json!({ "name": "X", "if_config_version": 2 })).await;
        let expected = r#"{"error":"Conflict","message":"The agent was changed by someone else"}"#;
        assert_eq!(told(&stale), (409, expected.to_owned()));

        office.app.pass_seconds(1);
        let off = json!({ "name": "Off", "instructions": "x", "status": "inactive", "description": "Asleep" });
        assert_eq!(office.call("POST", "/api/public/agent", Some(&off)).await.status, 201);
        for (query, names, total, more) in [
            ("", vec!["Off", "Orders"], 2, false),
            ("?limit=1", vec!["Off"], 2, true),
            ("?limit=1&offset=1", vec!["Orders"], 2, false),
            ("?status=active", vec!["Orders"], 1, false),
            ("?search=ASLEEP", vec!["Off"], 1, false),
            ("?search=%25", vec![], 0, false),
        ] {
            let list = office.get(&format!("/api/public/agent{query}")).await;
            let found: Vec<&str> = list["data"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
            assert_eq!((found, &list["total"], &list["has_more"]), (names, &json!(total), &json!(more)), "{query}");
        }
        for query in ["limit=0", "limit=201", "offset=-1", "status=asleep"] {
            let refused = office.call("GET", &format!("/api/public/agent?{query}"), None).await;
            assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!("Validation failed")), "{query}");
        }
    }

    async fn every_wrong_field_is_named_and_nothing_is_written(store: TestStore) {
        let office = Office::new(store).await;
        let refused = office.patch(json!({ "name": "Other", "temperature": 3, "memory": { "window_messages": 0 } })).await;
        assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!("Validation failed")));
        let fields: Vec<&Value> = refused.json["fields"].as_array().expect("fields").iter().map(|one| &one["path"]).collect();
        assert_eq!(fields, ["temperature", "memory.window_messages"]);
        assert_eq!((&office.get("").await["name"], &office.get("").await["config_version"]), (&json!("Helper"), &json!(1)));
        let missing = office.call("POST", "/api/public/agent", Some(&json!({}))).await;
        let expected = r#"[{"path":"name","message":"name is required"},{"path":"instructions","message":"instructions is required"}]"#;
        assert_eq!((missing.status.as_u16(), missing.json["fields"].to_string()), (400, expected.to_owned()));
        let elsewhere = "66a72b17-cb03-4397-ab2a-1eef13847737";
        for (path, patch) in [
            ("tools.0.agent_id", json!({ "tools": [{ "type": "agent", "agent_id": elsewhere }] })),
            ("tools.0.agent_id", json!({ "tools": [{ "type": "agent", "agent_id": office.agent }] })),
            ("tools.0.knowledge_base_ids.0", json!({ "tools": [{ "type": "knowledge", "knowledge_base_ids": [elsewhere] }] })),
            ("tools.0.parameters", json!({ "tools": [{ "type": "http", "name": "a", "url": "https://a.test/", "parameters": { "type": 7 } }] })),
            ("response_schema", json!({ "response_schema": { "type": "no such type" } })),
            ("model", json!({ "model": "nobody-has-this" })),
            ("fallback_models.1", json!({ "fallback_models": ["offline", "nobody-has-this"] })),
            ("max_output_tokens", json!({ "model": "offline", "max_output_tokens": 10_000_000 })),
        ] {
            let refused = office.patch(patch).await;
            assert_eq!((refused.status.as_u16(), &refused.json["fields"][0]["path"]), (400, &json!(path)), "{refused:?}");
        }
    }

    async fn secrets_of_tools_are_written_and_never_read(store: TestStore) {
        let office = Office::new(store).await;
        let made = office.patch(json!({ "tools": [orders("Bearer first-secret")] })).await;
        assert_eq!(made.json["tools"][0]["headers"], json!({ "Authorization": "***" }), "{made:?}");
        // Sent back as it was read, it stays; another text takes its place.
        let mut tool = made.json["tools"][0].clone();
        tool["description"] = json!("Finds an order");
        assert_eq!(office.patch(json!({ "tools": [tool] })).await.json["config_version"], 3);
        assert_eq!(office.secret().await, "Bearer first-secret");
        office.patch(json!({ "tools": [orders("Bearer second-secret")] })).await;
        assert_eq!(office.secret().await, "Bearer second-secret");
        // A restored version has the secret of its time, and a copy that of its origin.
        let restored = office.call("POST", "/config-versions/2/restore", None).await;
        assert_eq!((restored.status.as_u16(), &restored.json["config_version"]), (200, &json!(5)), "{restored:?}");
        assert_eq!(office.secret().await, "Bearer first-secret");
        let copy = office.console("POST", &format!("/agents/{}/duplicate", office.agent), None).await;
        assert_eq!((copy.status.as_u16(), &copy.json["name"]), (201, &json!("Helper (copy)")));
        let copied = Office { agent: copy.json["id"].as_str().expect("an id").to_owned(), ..office };
        assert_eq!(copied.secret().await, "Bearer first-secret");
        let office = Office { agent: made.json["id"].as_str().expect("an id").to_owned(), ..copied };
        let mut seen = vec![office.get("/config-versions").await, office.get("/config-versions/2").await, office.get("/activity").await];
        for path in ["/audit", "/events", &format!("/agents/{}/versions/diff?from=1", office.agent), &format!("/agents/{}", office.agent)] {
            seen.push(office.console("GET", path, None).await.json);
        }
        for shown in seen {
            assert!(!shown.to_string().contains("-secret"), "{shown}");
        }
        assert_eq!(told(&office.patch(json!({ "tools": [{ "type": "mcp", "name": "new", "url": "https://a.test/", "headers": { "X": "***" } }] })).await).0, 400);
    }

    async fn versions_are_listed_compared_and_restored(store: TestStore) {
        let office = Office::new(store).await;
        office.patch(json!({ "name": "Second", "memory": { "window_messages": 7 } })).await;
        office.patch(json!({ "name": "Third" })).await;
        let list = office.get("/config-versions?limit=2").await;
        let numbers: Vec<&Value> = list["data"].as_array().expect("a list").iter().map(|one| &one["config_version"]).collect();
        assert_eq!((numbers, &list["has_more"]), (vec![&json!(3), &json!(2)], &json!(true)));
        assert_eq!(list["data"][0]["changed_by"], json!({ "type": "key", "name": "Shop" }));
        let one = office.get("/config-versions/1").await;
        assert_eq!((&one["config"]["name"], &one["action"]), (&json!("Helper"), &json!("created")));
        for wrong in ["0", "4", "x"] {
            assert_eq!(office.call("GET", &format!("/config-versions/{wrong}"), None).await.status, 404);
        }
        let base = format!("/agents/{}/versions", office.agent);
        let diff = office.console("GET", &format!("{base}/diff?from=1&to=latest"), None).await;
        assert_eq!(diff.json["changes"], json!([
            { "op": "update", "pointer": "/name", "before": "Helper", "after": "Third" },
            { "op": "update", "pointer": "/memory/window_messages", "before": 50, "after": 7 },
        ]));
        let before = office.console("GET", &format!("{base}/diff"), None).await;
        assert_eq!(before.json["changes"][0]["before"], "Second");
        office.console("GET", &format!("{base}/diff?from=9"), None).await.is(404, "not_found");
        office.console("GET", &format!("{base}/diff?from=0"), None).await.is(400, "validation_failed");
        let restored = office.console("POST", &format!("{base}/1/restore"), None).await;
        assert_eq!((&restored.json["name"], &restored.json["config_version"]), (&json!("Helper"), &json!(4)));
        assert_eq!(restored.json["memory"]["window_messages"], 50);
    }

    async fn the_console_knows_revisions_and_the_words_of_workflows(store: TestStore) {
        let office = Office::new(store).await;
        let id = "01890000-0000-7000-8000-0000000000aa";
        let body = json!({ "id": id, "name": "Imported", "system_prompt": "Help.", "max_iterations": 40, "memory_config": { "max_messages": 9 } });
        let made = office.console("POST", "/agents", Some(&body)).await;
        assert_eq!((made.status.as_u16(), made.header("etag"), made.header("location")), (201, "\"1\"", &*format!("/console/v1/agents/{id}")));
        let shown = &made.json;
        assert_eq!((&shown["instructions"], &shown["max_steps"], &shown["memory"]["window_messages"]), (&json!("Help."), &json!(40), &json!(9)));
        assert_eq!((&shown["id"], &shown["revision"], &shown["threads_7d"], &shown["credits_7d"]), (&json!(id), &json!(1), &json!(0), &json!(0)));
        assert_eq!(shown["created_at"], "2027-01-15T08:00:00.000Z");
        office.console("POST", "/agents", Some(&body)).await.is(409, "conflict");
        let path = format!("/agents/{id}");
        let stale = office.app.patch(&format!("/console/v1{path}")).bearer(&office.session).header("if-match", "\"7\"");
        stale.json(&json!({ "name": "X" })).send().await.is(412, "stale_revision");
        office.console("PATCH", &path, Some(&json!({ "colour": "red" }))).await.is(400, "unknown_field");
        let both = json!({ "instructions": "a", "system_prompt": "b" });
        office.console("PATCH", &path, Some(&both)).await.is(400, "validation_failed");
        let found = office.console("GET", "/agents?q=import&status=active&total=true", None).await.json;
        assert_eq!((&found["total"], &found["data"][0]["id"]), (&json!(1), &json!(id)));
        assert_eq!(office.console("DELETE", &path, None).await.status, 204);
        office.console("GET", &path, None).await.is(404, "not_found");
        // Every act is in the audit log, under the product.
        let audit = office.console("GET", "/audit?product=agents", None).await.json;
        let acts: Vec<&str> = audit["data"].as_array().expect("entries").iter().filter_map(|one| one["action"].as_str()).collect();
        assert_eq!(acts, ["deleted_agent", "created_agent", "created_agent"]);
    }
}

impl Office {
    /// The secret of the agent's first tool, as the engine gets it.
    async fn secret(&self) -> String {
        let (platform, agent) = (std::sync::Arc::clone(&self.app.app.platform), self.agent.clone());
        let read = self.app.store.read(move |tx| {
            let id = floe_model::id::AgentId::parse(&agent).expect("an id");
            let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")?.expect("the workspace").id;
            Ok(floe_agents::agents::load(tx, &platform, workspace, id)?.expect("the agent").tools())
        });
        let tools = read.await.expect("the tools");
        tools[0]["headers"]["Authorization"].as_str().expect("a text").to_owned()
    }
}

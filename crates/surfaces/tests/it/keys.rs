//! API keys.

use floe_model::access::Role;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const PATH: &str = "/console/v1/keys";

async fn make(app: &TestApp, session: &str, body: Value) -> (String, String, Answer) {
    let made = app.post(PATH).bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let text = made.json["key"].as_str().expect("a text").to_owned();
    let id = made.json["id"].as_str().expect("an id").to_owned();
    (text, id, made)
}

on_both! {
    async fn a_key_works_until_it_is_revoked(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "kind": "flows", "name": "App", "mode": "test", "rate_limit_per_minute": 7 });
        let (text, id, made) = make(&app, &session, body).await;
        assert!(text.starts_with("fl_test_") && text.len() == 44, "{text}");
        assert_eq!(made.json["scopes"], json!(["flows.run", "flows.read"]));
        assert_eq!(made.header("etag"), "\"1\"");

        let seen = app.get("/echo/client").bearer(&text).header("floe-mode", "live").send().await;
        assert_eq!((&seen.json["kind"], &seen.json["mode"]), (&json!("key"), &json!("test")));
        assert_eq!((seen.header("x-ratelimit-limit"), seen.header("x-ratelimit-remaining")), ("7", "6"));
        app.get("/echo/dashboard/1").bearer(&text).send().await.is(418, "forbidden");
        app.get(PATH).bearer(&text).send().await.is(401, "unauthenticated");

        let gone = app.delete(&format!("{PATH}/{id}")).bearer(&session).send().await;
        assert_eq!((gone.status.as_u16(), &gone.json["status"]), (200, &json!("revoked")));
        assert_eq!(gone.json.get("key"), None);
        app.get("/echo/client").bearer(&text).send().await.is(418, "unauthenticated");
        let change = app.patch(&format!("{PATH}/{id}")).bearer(&session).json(&json!({ "name": "y" }));
        change.send().await.is(409, "conflict");
    }

    async fn a_rotated_key_lives_through_its_overlap(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let body = json!({ "kind": "flows", "name": "App", "mode": "live", "scopes": ["flows.read"] });
        let (text, id, _) = make(&app, &session, body).await;
        let rotate = |body: Value| app.post(&format!("{PATH}/{id}/rotate")).bearer(&session).json(&body);
        rotate(json!({ "overlap_minutes": 1_441 })).send().await.is(400, "validation_failed");
        let next = rotate(json!({ "overlap_minutes": 10 })).send().await;
        assert_eq!((next.status.as_u16(), &next.json["scopes"]), (201, &json!(["flows.read"])));
        rotate(json!({})).send().await.is(409, "conflict");
        let new_text = next.json["key"].as_str().expect("a text");
        for key in [text.as_str(), new_text] {
            assert_eq!(app.get("/echo/client").bearer(key).send().await.status, 200);
            app.post("/echo/client").bearer(key).send().await.is(418, "insufficient_scope");
        }
        app.pass_seconds(600);
        app.get("/echo/client").bearer(&text).send().await.is(418, "unauthenticated");
        assert_eq!(app.get("/echo/client").bearer(new_text).send().await.status, 200);
    }

    async fn lists_filter_sort_and_walk(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        for number in 0..5 {
            let mode = if number % 2 == 0 { "live" } else { "test" };
            make(&app, &session, json!({ "kind": "flows", "name": format!("Key 1{number}%"), "mode": mode })).await;
        }
        let names = |answer: &Answer| -> Vec<String> {
            let data = answer.json["data"].as_array().expect("a list");
            data.iter().map(|key| key["name"].as_str().expect("a name").to_owned()).collect()
        };
        let ask = |query: String| app.get(&format!("{PATH}{query}")).bearer(&session).send();
        let first = ask("?limit=2&mode=live&total=true".to_owned()).await;
        assert_eq!((names(&first), &first.json["total"]), (vec!["Key 14%".to_owned(), "Key 12%".to_owned()], &json!(3)));
        let cursor = first.json["next_cursor"].as_str().expect("more");
        let second = ask(format!("?limit=2&mode=live&cursor={cursor}")).await;
        assert_eq!((names(&second), &second.json["next_cursor"]), (vec!["Key 10%".to_owned()], &json!(null)));
        ask(format!("?limit=2&mode=test&cursor={cursor}")).await.is(400, "invalid_cursor");
        ask("?cursor=junk".to_owned()).await.is(400, "invalid_cursor");
        assert_eq!(names(&ask("?q=KEY%201&sort=created_at&limit=1".to_owned()).await), ["Key 10%"]);
        assert_eq!(names(&ask("?q=3%25".to_owned()).await), ["Key 13%"]);
        assert_eq!(names(&ask("?q=_".to_owned()).await), Vec::<String>::new());
        assert_eq!(names(&ask("?status=revoked".to_owned()).await), Vec::<String>::new());
        assert_eq!(names(&ask("?status=active&kind=flows".to_owned()).await).len(), 5);
        for wrong in ["?limit=0", "?limit=201", "?limit=x", "?sort=name", "?kind=odd", "?status=odd", "?mode=both"] {
            ask(wrong.to_owned()).await.is(400, "validation_failed");
        }
    }

    async fn a_stale_change_is_refused(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (text, id, _) = make(&app, &session, json!({ "kind": "flows", "name": "App", "mode": "live" })).await;
        let change = |etag: &str, body: Value| {
            app.patch(&format!("{PATH}/{id}")).bearer(&session).header("if-match", etag).json(&body).send()
        };
        let changed = change("\"1\"", json!({ "is_active": false, "name": "Off" })).await;
        assert_eq!((changed.header("etag"), &changed.json["status"]), ("\"2\"", &json!("inactive")));
        app.get("/echo/client").bearer(&text).send().await.is(418, "unauthenticated");
        change("\"1\"", json!({ "is_active": true })).await.is(412, "stale_revision");
        change("W/\"x\"", json!({ "is_active": true })).await.is(412, "stale_revision");
        assert_eq!(change("*", json!({ "is_active": true })).await.status, 200);
        assert_eq!(app.get("/echo/client").bearer(&text).send().await.status, 200);
    }

    async fn bundles_make_one_key_of_each_kind(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let ask = |body: Value| app.post("/console/v1/key-bundles").bearer(&session).json(&body).send();
        let made = ask(json!({ "bundle": "read_only", "mode": "test" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let keys = made.json["keys"].as_array().expect("keys");
        let kinds: Vec<&Value> = keys.iter().map(|key| &key["kind"]).collect();
        assert_eq!(kinds, ["treasury", "agents", "workflows", "flows"]);
        assert_eq!((&keys[3]["scopes"], &keys[3]["mode"]), (&json!(["flows.read"]), &json!("test")));
        assert_eq!(keys[1]["scopes"], json!(["usage"]));
        let starter = ask(json!({ "bundle": "starter", "mode": "live" })).await;
        let starter = starter.json["keys"].as_array().expect("keys").clone();
        assert_eq!(starter.len(), 5);
        assert_eq!(starter[0]["scopes"].as_array().map(Vec::len), Some(7), "approvals:write is given by name only");
        ask(json!({ "bundle": "everything" })).await.is(400, "validation_failed");
        ask(json!({})).await.is(400, "validation_failed");
    }
}

#[tokio::test]
async fn fields_of_a_key_are_checked() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (body, code) in [
        (json!({ "kind": "odd", "name": "x" }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "agent_ids": [] }), "validation_failed"),
        (json!({ "kind": "agents", "name": "x", "agent_ids": ["junk"] }), "validation_failed"),
        (json!({ "kind": "placements_sdk", "name": "x", "scopes": ["chat"] }), "validation_failed"),
        (json!({ "kind": "placements_sdk", "name": "x", "bundle": "read_only" }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "bundle": "agent-executor" }), "validation_failed"),
        (
            json!({ "kind": "workflows", "name": "x", "bundle": "read-only", "scopes": ["agents:read"] }),
            "validation_failed",
        ),
        (json!({ "name": "x" }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x".repeat(101) }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "scopes": ["flows.write"] }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "expires_in_days": 0 }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "rate_limit_per_day": -1 }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x\u{0}" }), "validation_failed"),
        (json!({ "kind": "flows", "name": "x", "colour": "red" }), "unknown_field"),
        (json!([]), "validation_failed"),
    ] {
        app.post(PATH).bearer(&session).json(&body).send().await.is(400, code);
    }
    let (_, _, made) = make(&app, &session, json!({ "kind": "flows", "name": "x", "environment": "test" })).await;
    assert_eq!(made.json["mode"], "test");
}

#[tokio::test]
async fn other_roles_and_other_workspaces_see_nothing() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let (_, id, _) = make(&app, &session, json!({ "kind": "flows", "name": "App", "mode": "live" })).await;
    let own = app.get("/console/v1/session").bearer(&session).send().await;
    let workspace = floe_model::id::parse_bits(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id");
    let access = &app.app.access;
    access.add_member(workspace.into(), "Bo", "bo@floe.test", Role::Builder).await.expect("a member");
    let other = crate::members::other_workspace(&app, "eve@floe.test").await;

    let builder = app.session_by_link("bo@floe.test").await;
    let refused = app.get(PATH).bearer(&builder).send().await.is(403, "forbidden");
    assert_eq!(refused.json["required"], "manage");

    let foreign = app.session_by_link("eve@floe.test").await;
    assert_eq!(app.get(PATH).bearer(&foreign).send().await.json["data"], json!([]));
    let mut missing = app.get(&format!("{PATH}/{id}")).bearer(&foreign).send().await.is(404, "not_found");
    let never = format!("{PATH}/key_00000000000000000000000001");
    let mut never = app.get(&never).bearer(&foreign).send().await.is(404, "not_found");
    for answer in [&mut missing, &mut never] {
        answer.json["request_id"].take();
        answer.json["instance"].take();
    }
    assert_eq!(missing.json, never.json);
    for path in ["rotate", ""] {
        let path = format!("{PATH}/{id}/{path}").trim_end_matches('/').to_owned();
        let method = if path.ends_with("rotate") { "POST" } else { "DELETE" };
        app.ask(method, &path).bearer(&foreign).send().await.is(404, "not_found");
    }
    app.get(PATH).bearer(&session).header("floe-workspace", &other).send().await.is(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_revokes_is_dead_here_within_a_second() {
    let Some(store) = TestStore::postgres().await else { return };
    let (app, session) = TestApp::with_owner(store).await;
    let (text, _, _) = make(&app, &session, json!({ "kind": "flows", "name": "App", "mode": "live" })).await;
    assert_eq!(app.get("/echo/client").bearer(&text).send().await.status, 200);
    // Another node's change is announced over there, not here.
    let database = app.store.database().expect("PostgreSQL");
    database.run("update keys set revoked_at = 1; delete from sessions").await;
    app.pass_seconds(1);
    app.get("/echo/client").bearer(&text).send().await.is(418, "unauthenticated");
    app.get("/console/v1/me").bearer(&session).send().await.is(401, "unauthenticated");
}

#[tokio::test]
async fn every_kind_has_its_text_and_opens_nothing_of_another() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (body, begins, prefix, scopes, limits) in [
        (json!({ "kind": "treasury" }), "fp_live_", 12, 7, (1_200, 0)),
        (json!({ "kind": "treasury", "scopes": ["approvals:write"] }), "fp_live_", 12, 1, (1_200, 0)),
        (json!({ "kind": "placements_sdk", "mode": "test" }), "fp_test_", 16, 0, (0, 0)),
        (json!({ "kind": "placements_management", "mode": "test" }), "fp_admin_", 17, 0, (600, 0)),
        (json!({ "kind": "agents", "mode": "test" }), "ak_test_", 12, 4, (120, 0)),
        (json!({ "kind": "workflows" }), "fm_live_", 12, 14, (60, 10_000)),
        (json!({ "kind": "workflows", "bundle": "agent-executor" }), "fm_live_", 12, 4, (60, 10_000)),
        (json!({ "kind": "flows" }), "fl_live_", 12, 2, (100, 5_000)),
    ] {
        let mut body = body;
        body["name"] = json!("k");
        let kind = body["kind"].clone();
        let (text, _, made) = make(&app, &session, body).await;
        assert!(text.starts_with(begins), "{text}");
        assert_eq!(made.json["prefix"], json!(text[..prefix]));
        assert_eq!(made.json["scopes"].as_array().map(Vec::len), Some(scopes), "{made:?}");
        let shown = (&made.json["rate_limit_per_minute"], &made.json["rate_limit_per_day"]);
        assert_eq!(shown, (&json!(limits.0), &json!(limits.1)));
        let mode = if kind == "placements_management" {
            json!(null)
        } else {
            json!(if begins.contains("test") { "test" } else { "live" })
        };
        assert_eq!(made.json["mode"], mode);
        let opened = app.get("/echo/client").bearer(&text).send().await.status.as_u16();
        assert_eq!(opened, if kind == "flows" { 200 } else { 418 }, "{kind}");
        assert_eq!(app.get(PATH).bearer(&text).send().await.status, 401);
    }
    let alias = make(&app, &session, json!({ "kind": "workflows", "name": "k", "scopes": ["executions:write"] })).await;
    assert_eq!(alias.2.json["scopes"], json!(["executions:cancel"]));
    let agent = "00000000-0000-0000-0000-000000000007";
    let body = json!({ "kind": "agents", "name": "k", "agent_ids": ["agent_00000000000000000000000007"] });
    let (_, id, made) = make(&app, &session, body).await;
    assert_eq!(made.json["agent_ids"], json!([agent]));
    let free = app.patch(&format!("{PATH}/{id}")).bearer(&session).json(&json!({ "agent_ids": [] })).send().await;
    assert_eq!(free.json["agent_ids"], json!(null));
}

#[tokio::test]
async fn keys_of_the_treasury_are_for_its_owners() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let (_, id, _) = make(&app, &session, json!({ "kind": "treasury", "name": "k" })).await;
    let (_, admin) = crate::accounts::add(&app, &session, "Ann", Role::Admin).await;
    app.post(PATH).bearer(&admin).json(&json!({ "kind": "treasury", "name": "k" })).send().await.is(403, "forbidden");
    app.post(&format!("{PATH}/{id}/rotate")).bearer(&admin).send().await.is(403, "forbidden");
    app.delete(&format!("{PATH}/{id}")).bearer(&admin).send().await.is(403, "forbidden");
    let bundle = app.post("/console/v1/key-bundles").bearer(&admin).json(&json!({ "bundle": "starter" }));
    bundle.send().await.is(403, "forbidden");
    make(&app, &admin, json!({ "kind": "flows", "name": "k" })).await;
    assert_eq!(
        app.get(PATH).bearer(&admin).send().await.json["data"].as_array().map(Vec::len),
        Some(2),
        "nothing half done"
    );
}

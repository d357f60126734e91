//! The request log: what is kept of a request, what is not, and for how long.

use floe_model::access::Role;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use super::{member, workspace};
use crate::app::{Answer, PASSWORD, TestApp};
use crate::flows_runs::World;

async fn flush(app: &TestApp) {
    while app.app.access.flush_requests().await.expect("flushing works") > 0 {}
}

/// What is kept of an answer's request.
async fn kept(app: &TestApp, session: &str, answer: &Answer) -> Value {
    flush(app).await;
    let found =
        app.get(&format!("/console/v1/requests/{}", answer.header("x-request-id"))).bearer(session).send().await;
    assert_eq!(found.status, 200, "{found:?}");
    found.json
}

on_both! {
    async fn a_request_is_found_by_the_id_of_its_answer(store: TestStore) {
        let world = World::new(store).await;
        let (app, session) = (&world.app, world.session.as_str());
        let flow = world.flow("Echo", crate::flows_runs::echo()).await;
        let key = json!({ "kind": "flows", "name": "Test", "mode": "test", "scopes": ["flows.run", "flows.read"] });
        let made = world.post("/console/v1/keys", key).await;
        let text = made.json["key"].as_str().expect("a key").to_owned();
        let asked = app
            .post(&format!("/v1/client/flow/{flow}/execute?async=false&access_token=abc"))
            .bearer(&text)
            .header("idempotency-key", "order 7".replace(' ', "-").as_str())
            .header("x-custom", "plain")
            .json(&json!({ "topic": "seen", "password": "unseen", "nested": { "api_key": "unseen" } }))
            .send()
            .await;
        assert_eq!(asked.status, 200, "{asked:?}");
        let found = kept(app, session, &asked).await;
        let path = format!("/v1/client/flow/{flow}/execute");
        let facts = ["method", "path", "surface", "mode", "idempotency_key", "ip", "key_id"].map(|name| found[name].as_str().unwrap_or("").to_owned());
        let key_id = made.json["id"].as_str().expect("an id");
        assert_eq!(facts, ["POST", &path, "flows", "test", "order-7", "203.0.113.7", key_id]);
        assert_eq!((found["status"].as_i64(), found["error_code"].is_null(), found["member_id"].is_null()), (Some(200), true, true));
        assert_eq!(found["headers"]["authorization"], "***");
        assert_eq!(found["headers"]["x-custom"], "plain");
        assert_eq!(found["query"], json!({ "async": "false", "access_token": "***" }));
        assert_eq!(found["request_body"]["text"], r#"{"topic":"seen","password":"***","nested":{"api_key":"***"}}"#);
        assert_eq!(found["response_body"]["text"], r#"{"text":"seen"}"#);
        assert_eq!(found["objects"], json!([{ "type": "run", "id": asked.header("x-flow-run-id") }]));

        let entry = kept(app, session, &made).await;
        assert_eq!((entry["audit"][0]["action"].as_str(), entry["objects"][0]["id"].as_str()), (Some("created_key"), Some(key_id)));
        assert!(entry["response_body"].is_null() && entry["request_body"].is_null(), "bodies that carry keys are never kept");

        let wrong = app.get("/v1/flow/nothing").bearer(session).send().await;
        let found = kept(app, session, &wrong).await;
        assert_eq!((found["status"].as_i64(), found["error_code"].as_str()), (Some(404), wrong.json["error"]["code"].as_str().or(wrong.json["code"].as_str())));
        assert!(found["member_id"].is_string());
    }

    async fn lists_are_filtered_and_walked(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        for number in 0..30 {
            let path = if number % 3 == 0 { "/console/v1/keys/nothing" } else { "/console/v1/keys" };
            app.get(path).bearer(&session).send().await;
        }
        flush(&app).await;
        for (filter, expected) in [
            ("status=404", 10),
            ("status=4xx", 10),
            ("status=200&path=/console/v1/keys", 20),
            ("surface=flows", 0),
            ("surface=console&method=get&path=/console/v1/keys", 30),
            ("path=/console/v1/ke_s", 0),
            ("mode=test&path=/console/v1/keys", 0),
            ("to=2001-01-01", 0),
        ] {
            let list = app.get(&format!("/console/v1/requests?{filter}")).bearer(&session).send().await;
            assert_eq!(list.json["data"].as_array().map(Vec::len), Some(expected), "{filter}");
        }
        let (mut seen, mut path) = (0, "/console/v1/requests?limit=7&status=200&path=/console/v1/keys".to_owned());
        loop {
            let page = app.get(&path).bearer(&session).send().await;
            seen += page.json["data"].as_array().expect("a list").len();
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("/console/v1/requests?limit=7&status=200&path=/console/v1/keys&cursor={cursor}");
        }
        assert_eq!(seen, 20);
        for wrong in ["status=600", "status=abc", "mode=prod", "from=x", "key_id=x", "limit=0"] {
            app.get(&format!("/console/v1/requests?{wrong}")).bearer(&session).send().await.is(400, "validation_failed");
        }
    }

    async fn the_workspace_decides_about_bodies(store: TestStore) {
        let world = World::new(store).await;
        let (app, session) = (&world.app, world.session.as_str());
        let flow = world.flow("Echo", crate::flows_runs::echo()).await;
        let has_body = async || kept(app, session, &world.execute(&flow, json!({ "topic": "a" })).await).await["request_body"].is_object();
        assert!(!has_body().await, "live, and only test is kept");
        for (rule, expected) in [("all", true), ("off", false)] {
            let changed = app.patch("/console/v1/workspace").bearer(session).json(&json!({ "request_log_bodies": rule })).send().await;
            assert_eq!(changed.status, 200);
            // The first request after the change finds the rule that this process remembers; what is written follows the new one.
            has_body().await;
            assert_eq!(has_body().await, expected, "{rule}");
        }
    }

    async fn old_requests_go_and_nobody_elses_are_seen(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let asked = app.get("/console/v1/keys").bearer(&session).send().await;
        let path = format!("/console/v1/requests/{}", asked.header("x-request-id"));
        flush(&app).await;
        assert_eq!(app.get(&path).bearer(&session).send().await.status, 200);
        let own = workspace(&app, &session).await;
        let builder = member(&app, own, "bo@floe.test", Role::Builder).await;
        app.get(&path).bearer(&builder).send().await.is(403, "forbidden");
        app.pass_seconds(6 * 86_400);
        app.app.access.sweep().await.expect("sweeping works");
        let session = app.session_of(crate::app::OWNER, PASSWORD).await;
        assert_eq!(app.get(&path).bearer(&session).send().await.status, 200);
        app.pass_seconds(86_401);
        app.app.access.sweep().await.expect("sweeping works");
        let session = app.session_of(crate::app::OWNER, PASSWORD).await;
        app.get(&path).bearer(&session).send().await.is(404, "not_found");
    }
}

#[tokio::test]
async fn nothing_secret_is_kept_and_nothing_is_written_without_requests() {
    let (app, session) = TestApp::with_owner(TestStore::sqlite().await).await;
    let changed = json!({ "request_log_bodies": "all" });
    app.patch("/console/v1/workspace").bearer(&session).json(&changed).send().await;
    flush(&app).await;
    let token = app.token_of(&session, &["admin"]).await;
    let wrong = app
        .ask("PUT", "/console/v1/me/password")
        .bearer(&session)
        .json(&json!({ "current": "otter of old", "new": "otter of new" }));
    wrong.send().await;
    app.get(&format!("/console/v1/keys?q={token}")).bearer(&token).send().await;
    flush(&app).await;
    assert_eq!(app.app.access.flush_requests().await.expect("flushing works"), 0);

    let file = app.store.file().expect("a file").to_owned();
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let mut bytes = std::fs::read(&file).expect("the database");
    bytes.extend(std::fs::read(log).unwrap_or_default());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("/console/v1/me/password"), "the search finds what is there");
    for secret in [session.as_str(), &session[4..], &token, &token[14..], PASSWORD, "otter of old", "otter of new"] {
        assert!(!holds(secret), "{secret}");
    }
}

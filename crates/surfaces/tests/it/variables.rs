//! Variables and secrets.

use floe_model::access::Role;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const PATH: &str = "/console/v1/variables";

async fn make(app: &TestApp, session: &str, body: Value) -> (String, Answer) {
    let made = app.post(PATH).bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    (format!("{PATH}/{}", made.json["id"].as_str().expect("an id")), made)
}

/// A flow whose draft names a variable.
async fn draft_use(app: &TestApp, session: &str, template: &str) -> String {
    let definition = json!({ "steps": [
        { "id": "start", "type": "api", "nextStepId": "end" },
        { "id": "end", "type": "final", "notes": template } ] });
    let made = app.post("/v1/flow").bearer(session).json(&json!({ "name": "Uses it", "definition": definition }));
    let made = made.send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["_id"].as_str().expect("an id").to_owned()
}

on_both! {
    async fn values_are_written_read_and_never_told_when_secret(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let plain = json!({ "name": "REGION", "value": "eu-west", "test_value": "eu-test", "description": "where" });
        let (region, made) = make(&app, &session, plain).await;
        assert_eq!((made.header("etag"), made.header("location")), ("\"1\"", region.as_str()));
        assert_eq!((&made.json["value"], &made.json["test_value"], &made.json["secret"]), (&json!("eu-west"), &json!("eu-test"), &json!(false)));
        let secret = json!({ "name": "TOKEN", "secret": true, "value": "s3cr3t-value" });
        let (token, made) = make(&app, &session, secret.clone()).await;
        assert_eq!((&made.json["value"], &made.json["test_value"]), (&json!("***"), &json!(null)));
        app.post(PATH).bearer(&session).json(&secret).send().await.is(409, "conflict");

        let one = app.get(&token).bearer(&session).send().await;
        assert_eq!((&one.json["value"], &one.json["used_by"]), (&json!("***"), &json!([])));
        let list = app.get(&format!("{PATH}?total=true&sort=created_at")).bearer(&session).send().await;
        let names: Vec<&Value> = list.json["data"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
        assert_eq!((names, &list.json["total"]), (vec![&json!("REGION"), &json!("TOKEN")], &json!(2)));
        let only = app.get(&format!("{PATH}?secret=true&total=true")).bearer(&session).send().await;
        assert_eq!((&only.json["data"][0]["name"], &only.json["total"]), (&json!("TOKEN"), &json!(1)));

        let patch = |path: &str, etag: &str, body: Value| app.patch(path).bearer(&session).header("if-match", etag).json(&body).send();
        patch(&token, "\"1\"", json!({ "secret": false })).await.is(400, "validation_failed");
        let changed = patch(&token, "\"1\"", json!({ "secret": false, "value": "open" })).await;
        assert_eq!((&changed.json["value"], changed.header("etag")), (&json!("open"), "\"2\""));
        patch(&token, "\"1\"", json!({ "description": "x" })).await.is(412, "stale_revision");
        patch(&region, "*", json!({ "name": "TOKEN" })).await.is(409, "conflict");
        let hidden = patch(&region, "*", json!({ "secret": true, "test_value": null })).await;
        assert_eq!((&hidden.json["value"], &hidden.json["test_value"]), (&json!("***"), &json!(null)));
        patch(&token, "*", json!({ "value": "abc" })).await;
        patch(&token, "*", json!({ "secret": true })).await.is(400, "validation_failed");

        assert_eq!(app.delete(&region).bearer(&session).send().await.status, 204);
        app.get(&region).bearer(&session).send().await.is(404, "not_found");
        let trail = crate::audit::entries(&app, &session).await;
        let acts: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).filter(|act| act.ends_with("_variable")).collect();
        assert_eq!(acts[..3], ["created_variable", "created_variable", "changed_variable"]);
        assert_eq!(acts.last(), Some(&"deleted_variable"));
        assert!(trail.iter().all(|entry| !entry.detail.contains("s3cr3t") && !entry.detail.contains("eu-")), "{trail:?}");
    }

    async fn what_is_named_by_a_flow_stays(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (token, _) = make(&app, &session, json!({ "name": "TOKEN", "secret": true, "value": "s3cr3t-value" })).await;
        let (other, _) = make(&app, &session, json!({ "name": "TOKE", "value": "x" })).await;
        let flow = draft_use(&app, &session, "{{ 'a ' + secrets.TOKEN }}").await;
        let used_by = app.get(&token).bearer(&session).send().await.json["used_by"].take();
        assert_eq!((used_by[0]["type"].as_str(), used_by[0]["name"].as_str()), (Some("flow"), Some("Uses it")));
        let refused = app.delete(&token).bearer(&session).send().await.is(409, "in_use");
        assert_eq!(refused.json["used_by"], used_by);
        app.patch(&token).bearer(&session).json(&json!({ "name": "NEW" })).send().await.is(409, "in_use");
        assert_eq!(app.delete(&other).bearer(&session).send().await.status, 204, "another name");
        assert_eq!(app.delete(&format!("/v1/flow/{flow}")).bearer(&session).send().await.status, 200);
        assert_eq!(app.delete(&token).bearer(&session).send().await.status, 204);
    }
}

#[tokio::test]
async fn fields_of_a_variable_are_checked() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (body, code) in [
        (json!({ "name": "X" }), "validation_failed"),
        (json!({ "value": "x" }), "validation_failed"),
        (json!({ "name": "lower", "value": "x" }), "validation_failed"),
        (json!({ "name": "A".repeat(65), "value": "x" }), "validation_failed"),
        (json!({ "name": "_A", "value": "x" }), "validation_failed"),
        (json!({ "name": "A", "value": "" }), "validation_failed"),
        (json!({ "name": "A", "value": "x".repeat(16_385) }), "validation_failed"),
        (json!({ "name": "A", "value": "abc", "secret": true }), "validation_failed"),
        (json!({ "name": "A", "value": "abcd", "test_value": "abc", "secret": true }), "validation_failed"),
        (json!({ "name": "A", "value": 1 }), "validation_failed"),
        (json!({ "name": "A", "value": "x", "colour": 1 }), "unknown_field"),
    ] {
        app.post(PATH).bearer(&session).json(&body).send().await.is(400, code);
    }
}

#[tokio::test]
async fn members_read_and_only_admins_write() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let (path, _) = make(&app, &session, json!({ "name": "TOKEN", "secret": true, "value": "s3cr3t-value" })).await;
    let own = app.get("/console/v1/session").bearer(&session).send().await;
    let workspace = floe_model::id::parse_bits(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id");
    app.app.access.add_member(workspace.into(), "Vi", "vi@floe.test", Role::Viewer).await.expect("a member");
    crate::members::other_workspace(&app, "eve@floe.test").await;
    let viewer = app.session_by_link("vi@floe.test").await;
    assert_eq!(app.get(PATH).bearer(&viewer).send().await.json["data"][0]["value"], "***");
    app.delete(&path).bearer(&viewer).send().await.is(403, "forbidden");
    app.post(PATH).bearer(&viewer).json(&json!({ "name": "A", "value": "x" })).send().await.is(403, "forbidden");
    let foreign = app.session_by_link("eve@floe.test").await;
    assert_eq!(app.get(PATH).bearer(&foreign).send().await.json["data"], json!([]));
    for method in ["GET", "PATCH", "DELETE"] {
        app.ask(method, &path).bearer(&foreign).send().await.is(404, "not_found");
    }
}

//! `/v1/flow/{id}/autosave`, `/publish` and `/versions`.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{NOW, made, refused, scrubbed};
use crate::app::{Answer, OWNER, TestApp};

fn definition(word: &str) -> Value {
    json!({ "steps": [
        { "id": "start", "type": "api", "data": {}, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "word": word } } },
    ] })
}

async fn post(app: &TestApp, session: &str, path: &str, body: Value) -> Answer {
    app.post(path).bearer(session).json(&body).send().await
}

on_both! {
    async fn a_draft_is_saved_published_and_rolled_back(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Renewal" })).await;
        let save = json!({ "definition": definition("a"), "name": "Renewals", "summary": "first", "baseRevision": 1 });
        let saved = post(&app, &session, &format!("{path}/autosave"), save).await;
        let receipt = json!({ "_id": "<1>", "version": 1, "status": "draft", "revision": 2, "savedAt": NOW, "problems": [] });
        assert_eq!((saved.status.as_u16(), scrubbed(&saved)), (200, receipt));

        let published = post(&app, &session, &format!("{path}/publish"), json!({})).await;
        let ada = json!({ "_id": "<3>", "name": "Ada", "email": OWNER });
        let first = json!({
            "_id": "<1>", "entityType": "flow", "entityId": "<2>", "version": 1, "status": "published",
            "isLatest": true, "isCurrentDraft": false,
            "data": {
                "name": "Renewals", "description": "", "definition": definition("a"), "settings": {}, "visibility": "private",
            },
            "audit": { "summary": "first", "createdByUser": ada, "publishedByUser": ada, "basedOnVersion": null },
            "createdAt": NOW, "updatedAt": NOW, "publishedAt": NOW,
        });
        assert_eq!((published.status.as_u16(), scrubbed(&published)), (200, first.clone()));
        let again = post(&app, &session, &format!("{path}/publish"), json!({})).await;
        assert_eq!(refused(&again), (409, "no_draft".to_owned()));

        let rolled = post(&app, &session, &format!("{path}/versions/1/rollback"), json!({})).await;
        let mut second = first.clone();
        for (key, value) in [
            ("version", json!(2)), ("status", json!("draft")), ("isLatest", json!(false)), ("isCurrentDraft", json!(true)),
            ("publishedAt", Value::Null),
        ] {
            second[key] = value;
        }
        second["audit"] = json!({
            "summary": "Rollback to version 1", "createdByUser": ada, "publishedByUser": null, "basedOnVersion": 1,
        });
        assert_eq!((rolled.status.as_u16(), scrubbed(&rolled)), (201, second));
        assert_eq!(rolled.header("location"), format!("{path}/versions/2"));

        let list = app.get(&format!("{path}/versions")).bearer(&session).send().await;
        let rows = list.json["data"].as_array().expect("rows");
        assert_eq!(rows.iter().map(|row| row["version"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(1)]);
        assert!(rows.iter().all(|row| row["data"].get("definition").is_none()));
        assert_eq!((&list.json["total"], &list.json["limit"]), (&json!(2), &json!(20)));
        let full = app.get(&format!("{path}/versions?full=true&status=published&limit=1")).bearer(&session).send().await;
        assert_eq!(scrubbed(&full)["data"], json!([first.clone()]));
        for (word, version) in [("latest", 1), ("draft", 2), ("1", 1)] {
            let read = app.get(&format!("{path}/versions/{word}")).bearer(&session).send().await;
            assert_eq!((read.status.as_u16(), &read.json["version"]), (200, &json!(version)), "{word}");
        }

        let latest = post(&app, &session, &format!("{path}/versions/2/publish"), json!({ "summary": "back" })).await;
        assert_eq!((&latest.json["isLatest"], &latest.json["audit"]["summary"]), (&json!(true), &json!("back")));
        let set = post(&app, &session, &format!("{path}/versions/1/set-latest"), Value::Null).await;
        assert_eq!((set.status.as_u16(), &set.json["isLatest"]), (200, &json!(true)));
        let taken = app.post(&format!("{path}/versions/1/unpublish")).bearer(&session).send().await;
        assert_eq!((&taken.json["status"], &taken.json["publishedAt"]), (&json!("draft"), &Value::Null));
        let gone = app.delete(&format!("{path}/versions/1")).bearer(&session).send().await;
        assert_eq!((gone.status.as_u16(), gone.json), (200, json!({ "success": true, "version": 1 })));
        let record = app.get(&path).bearer(&session).send().await;
        assert_eq!((&record.json["latestPublishedVersion"], &record.json["status"]), (&json!(2), &json!("published")));
    }

    async fn refusals_have_their_status_and_code(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Renewal", "definition": definition("a") })).await;
        assert_eq!(post(&app, &session, &format!("{path}/publish"), json!({})).await.status, 200);
        assert_eq!(post(&app, &session, &format!("{path}/autosave"), json!({})).await.json["version"], 2);
        for (method, tail, body, expected) in [
            ("POST", "autosave", json!({ "baseRevision": 1 }), (409, "conflict")),
            ("POST", "autosave", json!({ "definition": 5 }), (400, "validation_error")),
            ("POST", "autosave", json!([]), (400, "validation_error")),
            ("POST", "publish", json!({ "version": 9 }), (404, "not_found")),
            ("POST", "publish", json!({ "version": "x" }), (400, "invalid_version")),
            ("POST", "publish", json!({ "version": 1 }), (409, "version_published")),
            ("POST", "publish", json!({ "setLatest": 1 }), (400, "validation_error")),
            ("GET", "versions/9", Value::Null, (404, "not_found")),
            ("GET", "versions/newest", Value::Null, (400, "invalid_version")),
            ("GET", "versions/+1", Value::Null, (400, "invalid_version")),
            ("GET", "versions?status=x", Value::Null, (400, "validation_error")),
            ("GET", "versions?limit=500", Value::Null, (400, "validation_error")),
            ("POST", "versions/2/set-latest", json!({}), (409, "version_not_published")),
            ("POST", "versions/latest/set-latest", json!({}), (400, "invalid_version")),
            ("POST", "versions/9/rollback", json!({}), (404, "not_found")),
            ("POST", "versions/9/unpublish", json!({}), (404, "not_found")),
            ("DELETE", "versions/1", json!({}), (409, "version_published")),
            ("DELETE", "versions/9", json!({}), (404, "not_found")),
            ("PUT", "versions/1", json!({}), (405, "method_not_allowed")),
        ] {
            let mut asking = app.ask(method, &format!("{path}/{tail}")).bearer(&session);
            if !body.is_null() {
                asking = asking.json(&body);
            }
            let (status, code) = refused(&asking.send().await);
            assert_eq!((status, code.as_str()), expected, "{method} {tail} {body}");
        }
        let broken = json!({ "definition": { "steps": [] } });
        let saved = post(&app, &session, &format!("{path}/autosave"), broken).await;
        assert_eq!(saved.json["problems"][0]["code"], "no_trigger");
        let answer = post(&app, &session, &format!("{path}/publish"), json!({})).await;
        assert_eq!(refused(&answer), (422, "invalid_definition".to_owned()));
        let problem = json!({
            "severity": "error", "code": "no_trigger", "stepId": null, "path": "/steps", "message": "The flow has no trigger step",
        });
        assert_eq!(answer.json["error"]["details"]["problems"][0], problem);
        let latest = app.get(&format!("{path}/versions/latest")).bearer(&session).send().await;
        assert_eq!(latest.json["version"], 1, "what clients get did not change");
    }
}

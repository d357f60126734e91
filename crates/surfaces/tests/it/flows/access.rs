//! Who gets in, and repeats.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::json;

use super::{PATH, made, refused};
use crate::app::TestApp;
use crate::members::other_workspace;

on_both! {
    async fn credentials_and_scopes_decide_first(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Renewal" })).await;
        let nobody = app.get(&path).send().await;
        assert_eq!((refused(&nobody), nobody.header("www-authenticate")), ((401, "unauthorized".to_owned()), "Bearer"));

        let key = json!({ "kind": "flows", "name": "App", "mode": "live" });
        let key = app.post("/console/v1/keys").bearer(&session).json(&key).send().await;
        let key = key.json["key"].as_str().expect("a key").to_owned();
        assert_eq!(refused(&app.get(&path).bearer(&key).send().await), (403, "forbidden".to_owned()));

        let reader = app.token_of(&session, &["flows.read"]).await;
        let writer = app.token_of(&session, &["flows.write"]).await;
        let seen = app.get(&path).bearer(&reader).send().await;
        assert_eq!((seen.status.as_u16(), seen.header("x-ratelimit-limit")), (200, "100"));
        assert_eq!(refused(&app.get(&path).bearer(&writer).send().await), (403, "insufficient_scope".to_owned()));
        for (method, tail, scope) in [
            ("POST", "/autosave", "flows.write"), ("POST", "/publish", "flows.write"), ("PATCH", "", "flows.write"),
            ("DELETE", "/versions/1", "flows.write"), ("POST", "/versions/1/rollback", "flows.write"), ("DELETE", "", "flows.manage"),
        ] {
            let answer = app.ask(method, &format!("{path}{tail}")).bearer(&reader).json(&json!({})).send().await;
            assert_eq!(refused(&answer), (403, "insufficient_scope".to_owned()), "{method} {tail}");
            assert_eq!(answer.json["error"]["details"], json!({ "required": scope }));
        }
        let patch = |body| app.patch(&path).bearer(&writer).json(&body).send();
        assert_eq!(patch(json!({ "name": "Renewals" })).await.status, 200);
        assert_eq!(refused(&patch(json!({ "visibility": "public" })).await), (403, "insufficient_scope".to_owned()));
        assert_eq!(refused(&patch(json!({ "sharing": null })).await), (403, "insufficient_scope".to_owned()));
    }

    async fn roles_see_what_is_theirs(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Renewal" })).await;
        let workspace = app.app.platform.store.read(|tx| {
            let found = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")?;
            Ok(found.expect("the workspace").id)
        });
        let workspace = workspace.await.expect("the workspace");
        let mut sessions = Vec::new();
        for (email, role) in [("bea@floe.test", Role::Builder), ("vic@floe.test", Role::Viewer)] {
            app.app.access.add_member(workspace, "X", email, role).await.expect("a member");
            sessions.push(app.session_by_link(email).await);
        }
        let [builder, viewer] = sessions.try_into().expect("two");
        for other in [&builder, &viewer] {
            assert_eq!(refused(&app.get(&path).bearer(other).send().await), (404, "not_found".to_owned()));
            assert_eq!(refused(&app.delete(&path).bearer(other).send().await), (404, "not_found".to_owned()));
            assert_eq!(app.get(PATH).bearer(other).send().await.json["total"], 0);
        }
        let refusal = app.post(PATH).bearer(&viewer).json(&json!({ "name": "x" })).send().await;
        assert_eq!(refused(&refusal), (403, "forbidden".to_owned()));
        made(&app, &builder, &json!({ "name": "Mine" })).await;

        let public = app.patch(&path).bearer(&session).json(&json!({ "visibility": "public" })).send().await;
        assert_eq!(public.status, 200);
        for other in [&builder, &viewer] {
            assert_eq!(app.get(&path).bearer(other).send().await.status, 200);
            let save = app.post(&format!("{path}/autosave")).bearer(other).json(&json!({})).send().await;
            assert_eq!(refused(&save), (403, "forbidden".to_owned()));
        }

        other_workspace(&app, "eve@floe.test").await;
        let eve = app.session_by_link("eve@floe.test").await;
        assert_eq!(refused(&app.get(&path).bearer(&eve).send().await), (404, "not_found".to_owned()));
    }

    async fn a_repeat_makes_nothing_twice(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let make = |name: &str| {
            let asking = app.post(PATH).bearer(&session).header("idempotency-key", "once");
            asking.json(&json!({ "name": name })).send()
        };
        let (first, second) = (make("Renewal").await, make("Renewal").await);
        assert_eq!((first.status.as_u16(), second.status.as_u16(), &first.json), (201, 201, &second.json));
        assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
        assert_eq!(refused(&make("Other").await), (422, "idempotency_mismatch".to_owned()));
        assert_eq!(app.get(PATH).bearer(&session).send().await.json["total"], 1);

        let path = format!("{PATH}/{}", first.json["_id"].as_str().expect("an id"));
        let publish = || {
            let asking = app.post(&format!("{path}/publish")).bearer(&session).header("idempotency-key", "twice");
            asking.json(&json!({})).send()
        };
        let (first, second) = (publish().await, publish().await);
        assert_eq!((first.status.as_u16(), second.status.as_u16(), &first.json), (200, 200, &second.json));
    }
}

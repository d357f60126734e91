//! Who gets in, and what every answer has in common.

use floe_testkit::on_both;
use serde_json::json;

use super::{World, code, greeter, text};
use crate::app::PAGE_ORIGIN;

on_both! {
    async fn a_key_is_carried_in_four_ways_and_its_end_is_told(store: TestStore) {
        let world = World::new(store).await;
        let ask = |name: &'static str, value: String| world.app.get("/v1/workflows").header(name, &value).send();
        for (name, value, status) in [
            ("x-api-key", world.live.clone(), 200),
            ("authorization", format!("Bearer {}", world.live), 200),
            ("authorization", format!("bEaReR {}", world.live), 200),
            ("authorization", world.live.clone(), 200),
            ("authorization", format!("Basic {}", world.live), 401),
            ("x-api-key", format!("{}x", world.live), 401),
            ("x-api-key", "fm_live_0123456789ABCDEFGHIJKLMNOPQRSTUV".to_owned(), 401),
            ("x-api-key", "sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUV".to_owned(), 401),
            ("x-api-key", String::new(), 401),
            ("x-other", "x".to_owned(), 401),
        ] {
            let answer = ask(name, value.clone()).await;
            assert_eq!(answer.status, status, "{name}: {value}: {answer:?}");
            if status == 401 {
                assert_eq!((code(&answer).1, answer.header("www-authenticate")), ("invalid_api_key", "Bearer"), "{value}");
            }
        }
        // The key in its own header wins, also when it is wrong; the query carries none here.
        let both = world.app.get("/v1/workflows").header("x-api-key", "fm_live_x").bearer(&world.live).send().await;
        assert_eq!(both.status, 401);
        let query = world.app.get(&format!("/v1/workflows?api_key={}", world.live)).send().await;
        assert_eq!(query.status, 401);
        let other = world.app.get("/v1/workflows").bearer(&world.session).send().await;
        assert_eq!(other.status, 401, "a session opens nothing here");
    }

    async fn a_key_that_is_over_says_how_it_ended(store: TestStore) {
        let world = World::new(store).await;
        let [revoked, expired, inactive] =
            [json!({ "mode": "live" }), json!({ "mode": "live", "expires_in_days": 1 }), json!({ "mode": "live" })];
        let (revoked, expired) = (world.new_key(revoked).await, world.new_key(expired).await);
        let inactive = world.new_key(inactive).await;
        let get = async |key: &serde_json::Value| world.app.get("/v1/workflows").header("x-api-key", key["key"].as_str().unwrap()).send().await;
        for key in [&revoked, &expired, &inactive] {
            assert_eq!(get(key).await.status, 200);
        }
        let path = |key: &serde_json::Value| format!("/console/v1/keys/{}", text(&key["id"]));
        assert_eq!(world.console("DELETE", &path(&revoked), None).await.status, 200);
        let patched = world.console("PATCH", &path(&inactive), Some(&json!({ "is_active": false }))).await;
        assert_eq!(patched.status, 200, "{patched:?}");
        world.app.pass_seconds(90_000);
        assert_eq!(code(&get(&revoked).await), (401, "revoked_api_key"));
        let answer = get(&expired).await;
        assert_eq!(code(&answer), (401, "expired_api_key"));
        assert!(answer.json["error"]["details"]["expired_at"].is_string(), "{answer:?}");
        assert_eq!(code(&get(&inactive).await), (401, "invalid_api_key"));
    }

    async fn scopes_are_told_in_full(store: TestStore) {
        let world = World::new(store).await;
        let key = world.new_key(json!({ "mode": "live", "scopes": ["workflows:read", "executions:write"] })).await;
        let key = text(&key["key"]);
        let ask = |method: &'static str, path: &'static str| world.app.ask(method, path).header("x-api-key", &key).send();
        let answer = ask("POST", "/v1/workflows/wf_x/execute").await;
        assert_eq!(code(&answer), (403, "insufficient_scope"));
        assert_eq!(answer.json["error"]["details"], json!({
            "required_scopes": ["workflows:read", "workflows:execute"],
            "missing_scopes": ["workflows:execute"],
            "your_scopes": ["workflows:read", "executions:cancel"],
        }));
        assert_eq!(code(&ask("GET", "/v1/executions").await), (403, "insufficient_scope"));
        assert_eq!(code(&ask("GET", "/v1/workflows").await).0, 200);
    }

    async fn unknown_paths_and_methods_are_told_after_the_key_was_proven(store: TestStore) {
        let world = World::new(store).await;
        for base in ["/v1", "/api/v1"] {
            for path in ["/workflows/a/b/c", "/webhooks/x/y/z", "/knowledge-bases/1/2/3/", "/threads"] {
                let path = format!("{base}{path}");
                assert_eq!(code(&world.app.get(&path).send().await), (401, "invalid_api_key"), "{path}");
                let answer = world.get(&path).send().await;
                assert_eq!(code(&answer), (404, "resource_not_found"), "{path}: {answer:?}");
                assert_eq!(answer.json["error"]["details"]["resource"], "Route", "{path}");
            }
            let path = format!("{base}/workflows");
            assert_eq!(code(&world.app.delete(&path).send().await), (401, "invalid_api_key"));
            let answer = world.app.delete(&path).header("x-api-key", &world.live).send().await;
            assert_eq!((code(&answer), answer.header("allow")), ((405, "validation_error"), "GET, HEAD"));
            // A slash at the end changes nothing.
            for path in [format!("{base}/workflows/"), format!("{base}/workflows/?page=2"), format!("{base}/executions/")] {
                assert_eq!(world.get(&path).send().await.status, 200, "{path}");
            }
        }
        assert_eq!(world.app.get("/v1/workflowsx").send().await.status, 404, "another surface");
        assert_eq!(world.app.get("/api/v1/agentsx").send().await.header("x-ratelimit-limit-day"), "");
    }

    async fn every_answer_has_its_envelope_and_a_request_id(store: TestStore) {
        let world = World::new(store).await;
        let given = "550e8400-e29b-41d4-a716-446655440000";
        for (path, key) in [("/v1/workflows", true), ("/v1/workflows/wf_x", true), ("/api/v1/workflows", false)] {
            for (sent, adopted) in [(Some(given), true), (Some("my-id"), false), (Some("550e8400e29b41d4a716446655440000"), false), (None, false)] {
                let mut asking = world.app.get(path);
                if key {
                    asking = asking.header("x-api-key", &world.live);
                }
                if let Some(sent) = sent {
                    asking = asking.header("x-request-id", sent);
                }
                let answer = asking.send().await;
                let id = answer.header("x-request-id").to_owned();
                assert_eq!(answer.json["meta"]["request_id"], id, "{path}");
                assert_eq!(id.len(), 36, "{id}");
                assert_eq!(id == given, adopted, "{sent:?}");
                assert!(answer.json["meta"]["timestamp"].as_str().is_some_and(|at| at.len() == 24 && at.ends_with('Z')));
                assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
            }
        }
    }

    async fn bodies_are_json_or_nothing(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let path = format!("/v1/workflows/{workflow}/execute");
        let ask = |media: &str, body: &str| {
            let asking = world.app.post(&path).header("x-api-key", &world.live);
            let asking = if media.is_empty() { asking } else { asking.header("content-type", media) };
            asking.body(body.as_bytes().to_vec()).send()
        };
        let good = r#"{"inputs":{"name":"Ada"}}"#;
        for (media, body, status) in [
            ("application/json", good, 202),
            ("", good, 202),
            ("application/json", r#"{"inputs":{"name":"Ada"},"more":1}"#, 202),
            ("text/plain", good, 400),
            ("application/json", "[]", 400),
            ("application/json", "{", 400),
            ("application/json", r#"{"inputs":[]}"#, 400),
            // Nothing, and null, are no inputs; one is required.
            ("application/json", "", 400),
            ("application/json", r#"{"inputs":null}"#, 400),
        ] {
            let answer = ask(media, body).await;
            assert_eq!(answer.status, status, "{media} {body}: {answer:?}");
            if status == 400 {
                assert_eq!(code(&answer).1, "validation_error");
            }
        }
        let missing = ask("application/json", "").await;
        assert_eq!(missing.json["error"]["details"]["errors"][0]["field"], "inputs.name", "{missing:?}");
        let large = " ".repeat(10 * 1024 * 1024 + 1);
        assert_eq!(code(&ask("application/json", &large).await), (413, "validation_error"));
        // The body is looked at before what the path names.
        let nowhere = |body: &'static str| world.app.post("/v1/workflows/wf_nothing/execute").header("x-api-key", &world.live).body(body.as_bytes().to_vec()).send();
        assert_eq!(code(&nowhere("[]").await), (400, "validation_error"));
        let answer = nowhere("").await;
        assert_eq!(code(&answer), (404, "resource_not_found"));
        assert_eq!(answer.json["error"]["details"], json!({ "resource": "Workflow", "id": "wf_nothing" }));
        assert_eq!(answer.json["error"]["message"], "Workflow not found");
    }

    async fn pages_of_named_origins_may_call(store: TestStore) {
        let world = World::new(store).await;
        let ask = |origin: &str| world.app.ask("OPTIONS", "/api/v1/workflows/x/execute").header("origin", origin).header("access-control-request-method", "POST").send();
        let asked = ask(PAGE_ORIGIN).await;
        assert_eq!((asked.status.as_u16(), asked.header("access-control-allow-origin")), (204, PAGE_ORIGIN));
        assert!(asked.header("access-control-allow-headers").contains("X-API-Key"));
        let other = ask("https://evil.test").await;
        assert_eq!((other.status.as_u16(), other.header("access-control-allow-origin")), (401, ""));
        let answer = world.get("/v1/workflows").header("origin", PAGE_ORIGIN).send().await;
        assert_eq!(answer.header("access-control-allow-origin"), PAGE_ORIGIN);
        assert!(answer.header("access-control-expose-headers").contains("X-RateLimit-Remaining-Day"));
        assert_eq!(world.get("/v1/workflows").header("origin", "https://evil.test").send().await.header("access-control-allow-origin"), "");
        let console = world.app.ask("OPTIONS", "/console/v1/keys").header("origin", PAGE_ORIGIN).header("access-control-request-method", "POST").send().await;
        assert_eq!(console.header("access-control-allow-origin"), "", "only here");
    }
}

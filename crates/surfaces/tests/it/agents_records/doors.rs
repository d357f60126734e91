//! Who gets in, and in which order that is looked at (agents contract, section 1.1).

use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use serde_json::json;

use super::{Office, told};
use crate::app::TestApp;
use crate::members::other_workspace;

const NO_KEY: &str =
    r#"{"error":"API key is required","message":"Please provide an API key in the Authorization header"}"#;
const BAD_KEY: &str = r#"{"error":"Invalid API key","message":"The provided API key is not valid"}"#;
const NO_AGENT: &str = r#"{"error":"Access denied","message":"This agent does not belong to your organisation"}"#;
const NO_RIGHT: &str = r#"{"error":"Access denied","message":"This API key is not allowed to do this"}"#;
const NO_ID: &str = r#"{"error":"agent_id is required and must be a non-empty string"}"#;

on_both! {
    async fn a_key_opens_bare_and_as_bearer_and_nothing_else_does(store: TestStore) {
        let office = Office::new(store).await;
        for header in [office.key.clone(), format!("Bearer {}", office.key), format!("bearer  {} ", office.key)] {
            assert_eq!(office.call_as(&header, "GET", "", None).await.status, 200, "{header}");
        }
        let get = |path: &str| office.app.get(path);
        assert_eq!(told(&get("/api/public/agent").send().await), (401, NO_KEY.to_owned()));
        for header in ["", "  ", "Bearer", "Bearer "] {
            let answer = get("/api/public/agent").header("authorization", header).send().await;
            assert_eq!(told(&answer), (401, NO_KEY.to_owned()), "{header:?}");
        }
        let flows = json!({ "kind": "flows", "name": "App", "mode": "live" });
        let flows = office.console("POST", "/keys", Some(&flows)).await.json["key"].as_str().expect("a key").to_owned();
        let cut = office.key[..office.key.len() - 1].to_owned();
        for wrong in ["x", "Basic abc", &flows, &office.session, &cut, &format!("{} x", office.key), "é"] {
            let answer = get("/api/public/agent").header("authorization", wrong).send().await;
            assert_eq!(told(&answer), (401, BAD_KEY.to_owned()), "{wrong:?}");
        }
        // Not in the query.
        let answer = get(&format!("/api/public/agent?api_key={}", office.key)).send().await;
        assert_eq!(told(&answer), (401, NO_KEY.to_owned()));
        assert!(answer.header("x-request-id").starts_with("req_"));
        // Revoked.
        let keys = office.console("GET", "/keys?kind=agents", None).await;
        let id = keys.json["data"][0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(office.console("DELETE", &format!("/keys/{id}"), None).await.status, 200);
        assert_eq!(told(&office.call("GET", "", None).await), (401, BAD_KEY.to_owned()));
    }

    async fn agents_of_others_and_none_are_refused_alike_before_the_body(store: TestStore) {
        let office = Office::new(store).await;
        other_workspace(&office.app, "eve@floe.test").await;
        let eve = office.app.session_by_link("eve@floe.test").await;
        let body = json!({ "name": "Theirs", "instructions": "Spy." });
        let theirs = office.app.post("/console/v1/agents").bearer(&eve).json(&body).send().await;
        let theirs = theirs.json["id"].as_str().expect("an id").to_owned();
        let missing = "66a72b17-cb03-4397-ab2a-1eef13847737";
        let base = |agent: &str| format!("/api/public/agent/{agent}");
        for agent in [theirs.as_str(), missing, "anything", "%F0%9F%90%91", "%00"] {
            for (method, path) in [("GET", ""), ("GET", "/usage?end_date=x"), ("GET", "/activity"), ("PATCH", ""), ("DELETE", "")] {
                let path = format!("{}{path}", base(agent));
                let asking = office.app.ask(method, &path).header("authorization", &office.key);
                // Neither a body that is no JSON nor one that is too large is looked at.
                let answer = asking.header("content-type", "application/json").body(b"{".to_vec()).send().await;
                assert_eq!(told(&answer), (403, NO_AGENT.to_owned()), "{method} {path}");
            }
        }
        for path in ["/api/public/agent//usage", "/api/public/agent/%20/usage", "/api/public/agent/%20%09", "/api/public/agent//config-versions/1/restore"] {
            let method = if path.ends_with("restore") { "POST" } else { "GET" };
            let answer = office.call(method, path, None).await;
            assert_eq!(told(&answer), (400, NO_ID.to_owned()), "{path}");
            // The key comes first.
            assert_eq!(office.call_as("x", method, path, None).await.status, 401, "{path}");
        }
        // One that was deleted is as if it had never been.
        assert_eq!(told(&office.call("DELETE", "", None).await), (200, json!({ "deleted": true, "id": office.agent }).to_string()));
        assert_eq!(told(&office.call("GET", "", None).await), (403, NO_AGENT.to_owned()));
        assert_eq!(told(&office.call("GET", "/usage", None).await), (403, NO_AGENT.to_owned()));
        assert_eq!(office.get("/api/public/agent").await["total"], 0);
    }

    async fn scopes_and_agents_confine_a_key(store: TestStore) {
        let office = Office::new(store).await;
        let usage = office.key_with(json!({ "scopes": ["usage"] })).await;
        for (method, path, expected) in [
            ("GET", "/usage", 200),
            ("GET", "/activity", 200),
            ("GET", "/performance", 200),
            ("GET", "/api/public/credits", 200),
            ("GET", "", 403),
            ("DELETE", "", 403),
            ("GET", "/api/public/agent", 403),
            ("POST", "/api/public/agent", 403),
        ] {
            let answer = office.call_as(&usage, method, path, None).await;
            assert_eq!(answer.status.as_u16(), expected, "{method} {path}");
            if expected == 403 {
                assert_eq!(told(&answer).1, NO_RIGHT, "{method} {path}");
            }
        }
        let second = office.call("POST", "/api/public/agent", Some(&crate::agents_records::helper())).await.json;
        let second = second["id"].as_str().expect("an id");
        let confined = office.key_with(json!({ "agent_ids": [second] })).await;
        assert_eq!(told(&office.call_as(&confined, "GET", "", None).await), (403, NO_AGENT.to_owned()));
        let own = format!("/api/public/agent/{second}");
        assert_eq!(office.call_as(&confined, "GET", &own, None).await.status, 200);
        let list = office.call_as(&confined, "GET", "/api/public/agent", None).await.json;
        assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(second)));
        let made = office.call_as(&confined, "POST", "/api/public/agent", Some(&crate::agents_records::helper())).await;
        assert_eq!(told(&made), (403, NO_RIGHT.to_owned()));
    }

    async fn unknown_paths_methods_and_bodies_have_their_words(store: TestStore) {
        let office = Office::new(store).await;
        assert_eq!(told(&office.call("GET", "/api/public/nothing", None).await), (404, r#"{"error":"Not found"}"#.to_owned()));
        let answer = office.call("PUT", "/api/public/agent", None).await;
        assert_eq!(told(&answer), (405, r#"{"error":"Method not allowed"}"#.to_owned()));
        assert_eq!(answer.header("allow"), "GET, POST, HEAD");
        let large = vec![b' '; 5 * 1024 * 1024 + 1];
        let asking = office.app.post("/api/public/agent").header("authorization", &office.key).body(large);
        let expected = r#"{"error":"Request too large","message":"Request body must not exceed 5 MB"}"#;
        assert_eq!(told(&asking.send().await), (413, expected.to_owned()));
        for (media, body) in [("application/json", &b"{"[..]), ("application/json", b""), ("text/plain", b"{}")] {
            let asking = office.app.post("/api/public/agent").header("authorization", &office.key);
            let answer = asking.header("content-type", media).body(body.to_vec()).send().await;
            let expected = r#"{"error":"Invalid request body","message":"Request body must be valid JSON"}"#;
            assert_eq!(told(&answer), (400, expected.to_owned()), "{media}");
        }
        let repeat = |body: serde_json::Value| {
            let asking = office.app.post("/api/public/agent").header("authorization", &office.key);
            asking.header("idempotency-key", "one").json(&body).send()
        };
        let first = repeat(crate::agents_records::helper()).await;
        let again = repeat(crate::agents_records::helper()).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed"), &again.json), (201, "true", &first.json));
        let other = repeat(json!({ "name": "A", "instructions": "B" })).await;
        let expected = r#"{"error":"Idempotency mismatch","message":"Idempotency-Key was used with a different request"}"#;
        assert_eq!(told(&other), (422, expected.to_owned()));
    }

    async fn a_key_makes_120_requests_a_minute(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::On).await;
        let key = crate::agents_records::key_with(&app, &session, json!({})).await;
        for _ in 0..120 {
            assert_eq!(app.get("/api/public/credits").header("authorization", &key).send().await.status, 200);
        }
        // Before the id of the agent is looked at.
        let refused = app.get("/api/public/agent//usage").header("authorization", &key).send().await;
        let expected = r#"{"error":"Rate limit exceeded","message":"Too many requests. Try again later."}"#;
        assert_eq!(told(&refused), (429, expected.to_owned()));
        assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
    }
}

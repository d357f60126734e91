//! Every body of a refusal, byte by byte, and the order in which a request is checked (Treasury contract, section 1.4).

use floe_testkit::store::TestStore;
use serde_json::json;

use super::{is, key, payee, with_key};
use crate::app::TestApp;

const PATH: &str = "/api/v1/public/recipients";

#[tokio::test]
async fn keys_are_known_here_or_they_are_401() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let good = key(&app, &session, "test", &["recipients:read"]).await;
    let missing = app.get(PATH).send().await;
    is(&missing, 401, r#"{"detail":"Missing API key."}"#);
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    let unknown = r#"{"detail":"Invalid or expired API key."}"#;
    let never = format!("fp_test_{}", "A".repeat(43));
    let placements = json!({ "kind": "placements_sdk", "name": "k", "mode": "test" });
    let placements = app.post("/console/v1/keys").bearer(&session).json(&placements).send().await;
    let placements = placements.json["key"].as_str().expect("a key").to_owned();
    assert!(placements.starts_with("fp_test_"), "{placements}");
    for text in [never.as_str(), "fp_test_x", "fp_", "nonsense", &placements, &session] {
        for asking in [with_key(app.get(PATH), text), app.get(PATH).bearer(text)] {
            let answer = asking.send().await;
            is(&answer, 401, unknown);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    // The header wins when it looks like a key, and else the bearer is tried.
    let both = |header: &str, bearer: &str| app.get(PATH).header("x-api-key", header).bearer(bearer).send();
    assert_eq!(both(&good, "nonsense").await.status, 200);
    assert_eq!(both("other", &good).await.status, 200);
    is(&both(&never, &good).await, 401, unknown);
    assert_eq!(app.get(PATH).header("authorization", &format!("bearer {good}")).send().await.status, 200);
    is(&app.get(PATH).header("authorization", "Basic eA==").send().await, 401, r#"{"detail":"Missing API key."}"#);
    // A key opens nothing of the dashboard side.
    for asking in [app.get("/api/v1/recipients").bearer(&good), with_key(app.get("/api/v1/recipients"), &good)] {
        assert_eq!(asking.send().await.status, 401);
    }
    is(&app.get("/api/v1/org").send().await, 401, r#"{"detail":"Missing session or access token."}"#);
    is(
        &app.get("/api/v1/org").bearer(&good).send().await,
        401,
        r#"{"detail":"Invalid or expired session or access token."}"#,
    );
}

#[tokio::test]
async fn the_field_of_a_webhook_is_named_once() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let long = format!("https://{}.example", "a".repeat(2_048));
    for (url, events, detail) in [
        ("ftp://x.example", json!(["run.failed"]), "url: must be an https URL"),
        ("x", json!(["run.failed"]), "url: cannot be used: this is not an absolute URL with a host"),
        (long.as_str(), json!(["run.failed"]), "url: must have at most 2048 characters"),
        (
            "https://127.0.0.1/",
            json!(["run.failed"]),
            "url: leads where calls may not go: the address is this machine itself",
        ),
        ("https://x.example", json!(["webhook.test"]), "events: must name at least one event"),
    ] {
        let new = json!({ "url": url, "events": events });
        let refused = app.post("/api/v1/developer/webhooks").bearer(&session).json(&new).send().await;
        assert_eq!((refused.status.as_u16(), &refused.json["detail"]), (422, &json!(detail)));
        assert_eq!(
            format!(
                "{}: {}",
                refused.json["errors"][0]["loc"][1].as_str().unwrap_or_default(),
                refused.json["errors"][0]["msg"].as_str().unwrap_or_default()
            ),
            detail
        );
    }
}

#[tokio::test]
async fn an_expired_or_revoked_key_is_401_at_once() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let body = json!({ "name": "Short", "scopes": ["recipients:read"], "expires_in_days": 1 });
    let short = app.post("/api/v1/developer/api-keys").bearer(&session).json(&body).send().await;
    let (text, id) = (short.json["key"].as_str().expect("a key"), short.json["id"].as_str().expect("an id"));
    assert_eq!(with_key(app.get(PATH), text).send().await.status, 200);
    let path = format!("/api/v1/developer/api-keys/{id}");
    let gone = app.delete(&path).bearer(&session).send().await;
    is(&gone, 200, &format!(r#"{{"status":"revoked","id":"{id}"}}"#));
    is(&with_key(app.get(PATH), text).send().await, 401, r#"{"detail":"Invalid or expired API key."}"#);
    let other = app.post("/api/v1/developer/api-keys").bearer(&session).json(&body).send().await;
    let other = other.json["key"].as_str().expect("a key");
    app.pass_seconds(86_401);
    is(&with_key(app.get(PATH), other).send().await, 401, r#"{"detail":"Invalid or expired API key."}"#);
}

#[tokio::test]
async fn refusals_have_the_bodies_of_the_contract() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let reader = key(&app, &session, "live", &["recipients:read"]).await;
    let writer = key(&app, &session, "live", &["recipients:write"]).await;
    let post = |body: &str| {
        with_key(app.post(PATH), &writer)
            .header("content-type", "application/json")
            .body(body.as_bytes().to_vec())
            .send()
    };
    let scope = r#"{"detail":"API key missing required scope(s): recipients:write"}"#;
    is(&with_key(app.post(PATH), &reader).json(&payee()).send().await, 403, scope);
    is(
        &with_key(app.get(PATH), &writer).send().await,
        403,
        r#"{"detail":"API key missing required scope(s): recipients:read"}"#,
    );
    is(&app.get("/api/v1/public/nothing").send().await, 404, r#"{"detail":"Not Found"}"#);
    is(&app.get("/api/v1/nothing").send().await, 404, r#"{"detail":"Not Found"}"#);
    let method = app.ask("PUT", PATH).send().await;
    is(&method, 405, r#"{"detail":"Method Not Allowed"}"#);
    assert_eq!(method.header("allow"), "GET, POST, HEAD");
    let never = format!("{PATH}/00000000-0000-7000-8000-000000000000");
    is(&with_key(app.delete(&never), &writer).send().await, 404, r#"{"detail":"Recipient not found"}"#);
    let id = with_key(app.delete(&format!("{PATH}/x")), &writer).send().await;
    is(
        &id,
        422,
        r#"{"detail":"recipient_id: must be a valid UUID","errors":[{"type":"uuid_parsing","loc":["path","recipient_id"],"msg":"must be a valid UUID"}]}"#,
    );
    let limit = with_key(app.get(&format!("{PATH}?limit=201&offset=x")), &reader).send().await;
    is(
        &limit,
        422,
        r#"{"detail":"limit: must be less than or equal to 200","errors":[{"type":"less_than_equal","loc":["query","limit"],"msg":"must be less than or equal to 200"},{"type":"int_parsing","loc":["query","offset"],"msg":"must be an integer"}]}"#,
    );
    for (query, detail) in [
        ("limit=", "limit: must be an integer"),
        ("limit=0", "limit: must be greater than or equal to 1"),
        ("limit=1.0", "limit: must be an integer"),
        ("limit=99999999999999999999", "limit: must be less than or equal to 200"),
        ("offset=-1", "offset: must be greater than or equal to 0"),
        ("search=%00", "search: must not contain control characters"),
        (&format!("search={}", "x".repeat(257)), "search: must have at most 256 characters"),
    ] {
        let answer = with_key(app.get(&format!("{PATH}?{query}")), &reader).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json["detail"]), (422, &json!(detail)), "{query}");
    }
    assert_eq!(
        with_key(app.get(&format!("{PATH}?limit=0&limit=5")), &reader).send().await.status,
        200,
        "the last counts"
    );
    is(
        &post("{\"name\":").await,
        422,
        r#"{"detail":"body: is not valid JSON: EOF while parsing a value at line 1, column 8","errors":[{"type":"json_invalid","loc":["body"],"msg":"is not valid JSON: EOF while parsing a value at line 1, column 8"}]}"#,
    );
    is(
        &post("[]").await,
        422,
        r#"{"detail":"body: must be a JSON object","errors":[{"type":"json_invalid","loc":["body"],"msg":"must be a JSON object"}]}"#,
    );
    is(
        &post(r#"{"name":"","account_number":"12345","institution_code":"999"}"#).await,
        422,
        r#"{"detail":"name: must have at least 1 character","errors":[{"type":"string_too_short","loc":["body","name"],"msg":"must have at least 1 character"},{"type":"pattern","loc":["body","account_number"],"msg":"must be exactly 10 digits"},{"type":"unknown_institution","loc":["body","institution_code"],"msg":"is not the code of a known institution"}]}"#,
    );
    is(
        &post("").await,
        422,
        r#"{"detail":"name: field required","errors":[{"type":"missing","loc":["body","name"],"msg":"field required"},{"type":"missing","loc":["body","account_number"],"msg":"field required"},{"type":"missing","loc":["body","institution_code"],"msg":"field required"}]}"#,
    );
    for (body, kind) in [
        (r#"{"name":7,"account_number":"0123456789","institution_code":"058"}"#, "string_type"),
        (r#"{"name":null,"account_number":"0123456789","institution_code":"058"}"#, "missing"),
        (r#"{"name":"a\u0000b","account_number":"0123456789","institution_code":"058"}"#, "pattern"),
        (r#"{"name":"a","account_number":1234567890,"institution_code":"058"}"#, "string_type"),
        (r#"{"name":"a","account_number":"０123456789","institution_code":"058"}"#, "pattern"),
        (r#"{"name":"a","account_number":"0123456789","institution_code":"05"}"#, "string_too_short"),
    ] {
        let answer = post(body).await;
        assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["type"]), (422, &json!(kind)), "{body}");
    }
    let media =
        with_key(app.post(PATH), &writer).header("content-type", "text/plain").body(b"{}".to_vec()).send().await;
    assert_eq!((media.status.as_u16(), &media.json["errors"][0]["type"]), (422, &json!("json_invalid")));
    let large = with_key(app.post(PATH), &writer).body(vec![b' '; 8 * 1024 * 1024 + 1]).send().await;
    is(&large, 413, r#"{"detail":"Request body too large."}"#);
    let repeat =
        with_key(app.post(PATH), &writer).header("idempotency-key", &"k".repeat(256)).json(&payee()).send().await;
    is(&repeat, 400, r#"{"detail":"Invalid Idempotency-Key."}"#);
    let mode = app.get("/api/v1/org").bearer(&session).header("x-flowpilot-mode", "both").send().await;
    is(
        &mode,
        422,
        r#"{"detail":"X-FlowPilot-Mode: must be one of: live, test","errors":[{"type":"enum","loc":["header","X-FlowPilot-Mode"],"msg":"must be one of: live, test"}]}"#,
    );
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let reader = key(&app, &session, "live", &["recipients:read"]).await;
    let writer = key(&app, &session, "live", &["recipients:write"]).await;
    let bad_path = format!("{PATH}/x");
    // Method, credential, scope, path and query, body, idempotency key, fields.
    assert_eq!(app.ask("PUT", PATH).send().await.status, 405);
    assert_eq!(app.delete(&bad_path).header("idempotency-key", "é").body(b"{".to_vec()).send().await.status, 401);
    assert_eq!(with_key(app.delete(&bad_path), &reader).body(b"{".to_vec()).send().await.status, 403);
    let large = vec![b' '; 8 * 1024 * 1024 + 1];
    let answer = with_key(app.delete(&bad_path), &writer).body(large).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["loc"][0]), (422, &json!("path")));
    let long = "k".repeat(256);
    let answer = with_key(app.post(PATH), &writer).header("idempotency-key", &long).body(b"{".to_vec()).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["type"]), (422, &json!("json_invalid")));
    let answer = with_key(app.post(PATH), &writer).header("idempotency-key", &long).json(&json!({})).send().await;
    assert_eq!(answer.status, 400);
    let answer = with_key(app.post(PATH), &writer).header("idempotency-key", "k").json(&json!({})).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json["errors"][0]["type"]), (422, &json!("missing")));
    assert_eq!(
        with_key(app.post(PATH), &writer).header("idempotency-key", "k").json(&payee()).send().await.status,
        201
    );
    let answer = with_key(app.post(PATH), &writer).header("idempotency-key", "k").json(&json!({})).send().await;
    is(&answer, 422, r#"{"detail":"Idempotency-Key was used with a different request.","errors":[]}"#);
}

#[tokio::test]
async fn the_old_prefix_answers_like_the_new_one() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let both = key(&app, &session, "live", &["recipients:read", "recipients:write"]).await;
    let made = with_key(app.post("/api/v1/public/v1/recipients"), &both).json(&payee()).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json["id"].as_str().expect("an id");
    let (old, new) = ("/api/v1/public/v1/recipients?limit=5", "/api/v1/public/recipients?limit=5");
    let (old, new) = (with_key(app.get(old), &both).send().await, with_key(app.get(new), &both).send().await);
    assert_eq!((old.status, &old.bytes), (new.status, &new.bytes));
    is(&app.get("/api/v1/public/v1/nothing").send().await, 404, r#"{"detail":"Not Found"}"#);
    is(&app.ask("PUT", "/api/v1/public/v1/recipients").send().await, 405, r#"{"detail":"Method Not Allowed"}"#);
    let gone = with_key(app.delete(&format!("/api/v1/public/v1/recipients/{id}")), &both).send().await;
    is(&gone, 200, &format!(r#"{{"status":"deleted","id":"{id}"}}"#));
}

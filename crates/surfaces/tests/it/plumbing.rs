//! What is true of every route.

use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;
use serde_json::json;

use crate::app::{OWNER, PASSWORD, TestApp};

#[tokio::test]
async fn the_owner_of_a_path_words_its_refusals() {
    let app = TestApp::new(TestStore::quick().await).await;
    for (method, path, status, code) in [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/console/v1/nothing", 404, "not_found"),
        ("GET", "/consolex", 404, "not_found"),
        ("GET", "/echo", 418, "not_found"),
        ("GET", "/echo/nothing", 418, "not_found"),
        ("GET", "/echox", 404, "not_found"),
        ("PUT", "/echo/json", 418, "method_not_allowed"),
        ("OPTIONS", "/console/v1/keys", 405, "method_not_allowed"),
        ("POST", "/console/v1/keys", 401, "unauthenticated"),
        ("GET", "/echo/client", 418, "unauthenticated"),
        ("GET", "/echo/dashboard/%ff", 418, "not_found"),
        ("POST", "/echo/panic", 418, "internal_error"),
    ] {
        let answer = app.ask(method, path).send().await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
        answer.is(status, code);
    }
    let answer = app.ask("PUT", "/console/v1/keys").send().await;
    assert_eq!(answer.header("allow"), "GET, POST, HEAD");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let unauthorized = app.get("/console/v1/keys").send().await;
    assert_eq!(unauthorized.header("www-authenticate"), "Bearer");
    assert_eq!(unauthorized.json["instance"], "/console/v1/keys");
    assert_eq!(unauthorized.json["request_id"], unauthorized.header("x-request-id"));
}

#[tokio::test]
async fn health_answers_without_credentials() {
    let app = TestApp::new(TestStore::quick().await).await;
    assert_eq!(app.get("/health/live").send().await.json, json!({ "status": "ok" }));
    let ready = app.get("/health/ready").send().await;
    assert_eq!((ready.status.as_u16(), &ready.json["checks"]["store"]), (200, &json!("ok")));
    assert_eq!(app.ask("HEAD", "/health/live").send().await.status, 200);
}

#[tokio::test]
async fn credentials_and_rights_come_before_the_body() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let weak = app.token_of(&session, &["console.read"]).await;
    let broken = || app.post("/console/v1/keys").body(b"{".to_vec());
    broken().send().await.is(401, "unauthenticated");
    broken().bearer(&weak).send().await.is(403, "insufficient_scope");
    broken().bearer(&session).send().await.is(400, "invalid_json");
    app.get("/console/v1/me").bearer(&session).header("floe-mode", "both").send().await.is(400, "invalid_mode");
}

#[tokio::test]
async fn a_header_stands_in_for_a_credential_only_where_there_is_none() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let resume = || app.post("/echo/resume").header("x-resume-token", "anything");
    assert_eq!(resume().send().await.json["proven"], false);
    assert_eq!(resume().bearer(&session).send().await.json["proven"], true);
    resume().bearer("pat_wrong").send().await.is(418, "unauthenticated");
    app.post("/echo/resume").send().await.is(418, "unauthenticated");
    let token = app.token_of(&session, &["flows.read"]).await;
    let seen = app.get("/echo/dashboard/word").bearer(&token).header("floe-mode", "test").send().await;
    assert_eq!(seen.json, "word");
    let seen = app.get("/echo/dashboard/a%2Fb").bearer(&token).header("floe-mode", "test").send().await;
    assert_eq!(
        (&seen.json["id"], &seen.json["mode"], &seen.json["kind"]),
        (&json!("a/b"), &json!("test"), &json!("token"))
    );
    assert_eq!(seen.json["peer"], "203.0.113.7");
}

#[tokio::test]
async fn limits_are_told_and_held_in_the_words_of_the_surface() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let token = app.token_of(&session, &["apps.run", "flows.read", "console.read"]).await;
    let console = app.get("/console/v1/me").bearer(&token).send().await;
    assert_eq!((console.header("ratelimit-limit"), console.header("ratelimit-remaining")), ("600", "599"));
    let reset: i64 = console.header("ratelimit-reset").parse().expect("seconds");
    assert!((1..=60).contains(&reset));

    let ask = || app.get("/echo/client").bearer(&token).send();
    for left in ["2", "1", "0"] {
        let answer = ask().await;
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")), ("3", left));
    }
    let refused = ask().await.is(418, "rate_limited");
    assert_eq!(
        refused.header("retry-after"),
        refused
            .header("x-ratelimit-reset")
            .parse::<i64>()
            .map(|at| (at - app.app.platform.clock.now().seconds()).to_string())
            .expect("an instant")
    );
    // A token of the same member has a window of its own; so has the same token elsewhere.
    assert_eq!(app.get("/console/v1/me").bearer(&token).send().await.status, 200);
    app.pass_seconds(60);
    // `apps.run` is another name of `flows.run`.
    assert_eq!(app.post("/echo/client").bearer(&token).send().await.status, 200);
    let over_the_day = ask().await.is(418, "rate_limited");
    assert!(over_the_day.header("retry-after").parse::<i64>().expect("seconds") > 60);
}

#[tokio::test]
async fn limits_can_be_switched_off_and_changed() {
    for (limits, expected) in [
        (RateLimits::Off, ""),
        (RateLimits::PerMinute(vec![("member".to_owned(), 5)]), "5"),
        (RateLimits::PerMinute(vec![("member".to_owned(), 0)]), ""),
    ] {
        let app = TestApp::with_limits(TestStore::quick().await, limits).await;
        app.app.access.create_admin(owner()).await.expect("an owner");
        let session = app.session_of(OWNER, PASSWORD).await;
        assert_eq!(app.get("/console/v1/me").bearer(&session).send().await.header("ratelimit-limit"), expected);
    }
}

#[test]
fn every_route_that_takes_tokens_or_keys_names_a_scope() {
    for route in floe_surfaces::routes() {
        // Keys of placements know no scopes: their kind says what they open.
        let of_keys = route.auth.key.is_some_and(|kind| !kind.scopes().is_empty());
        if route.auth.token || of_keys {
            assert!(route.scope.is_some(), "{route:?}");
        }
        assert!(route.auth.public || route.auth.session || route.auth.token || route.auth.key.is_some(), "{route:?}");
    }
}

fn owner() -> floe_access::setup::NewOwner {
    floe_access::setup::NewOwner {
        name: "Ada".to_owned(),
        email: OWNER.to_owned(),
        password: Some(PASSWORD.to_owned()),
        workspace_name: "Lagos Fit".to_owned(),
        timezone: "UTC".to_owned(),
        starter_keys: None,
    }
}

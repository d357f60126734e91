//! Signing in and out.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{OWNER, PASSWORD, TestApp};

const PATH: &str = "/console/v1/session";

on_both! {
    async fn a_session_lives_until_it_is_ended(store: TestStore) {
        let (app, first) = TestApp::with_owner(store).await;
        let second = app.session_of(OWNER, PASSWORD).await;
        let third = app.session_of(OWNER, PASSWORD).await;
        let list = app.get("/console/v1/sessions").bearer(&first).send().await;
        assert_eq!(list.json["data"].as_array().expect("a list").len(), 3);
        assert_eq!(list.json["data"][0]["address"], "203.0.113.7");

        let id = list.json["data"][1]["id"].as_str().expect("an id").to_owned();
        assert_eq!(app.get(PATH).bearer(&second).send().await.status, 200);
        assert_eq!(app.delete(&format!("/console/v1/sessions/{id}")).bearer(&first).send().await.status, 204);
        app.get(PATH).bearer(&second).send().await.is(401, "unauthenticated");
        assert_eq!(app.delete("/console/v1/sessions").bearer(&first).send().await.status, 204);
        app.get(PATH).bearer(&third).send().await.is(401, "unauthenticated");
        assert_eq!(app.delete(PATH).bearer(&first).send().await.status, 204);
        app.get(PATH).bearer(&first).send().await.is(401, "unauthenticated");
    }

    async fn a_short_session_ends_after_twelve_hours_and_a_long_one_by_lying_idle(store: TestStore) {
        let (app, short) = TestApp::with_owner(store).await;
        let body = json!({ "email": OWNER, "password": PASSWORD, "transport": "token", "remember": true });
        let long = app.post(PATH).json(&body).send().await.json["token"].as_str().expect("a token").to_owned();
        app.pass_seconds(12 * 3_600 - 1);
        assert_eq!(app.get(PATH).bearer(&short).send().await.status, 200);
        app.pass_seconds(1);
        app.get(PATH).bearer(&short).send().await.is(401, "unauthenticated");
        for hours in [13, 1, 1, 1] {
            app.pass_seconds(7 * 86_400 - hours * 3_600);
            assert_eq!(app.get(PATH).bearer(&long).send().await.status, 200);
        }
        app.pass_seconds(2 * 86_400 + 4 * 3_600);
        app.get(PATH).bearer(&long).send().await.is(401, "unauthenticated");
        let idle = app.post(PATH).json(&body).send().await.json["token"].as_str().expect("a token").to_owned();
        app.pass_seconds(7 * 86_400);
        app.get(PATH).bearer(&idle).send().await.is(401, "unauthenticated");
        app.app.access.sweep().await.expect("a sweep");
    }

    async fn a_new_password_ends_every_session_but_gives_a_new_one(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let other = app.session_of(OWNER, PASSWORD).await;
        let token = app.token_of(&session, &["console.read"]).await;
        let change = |body: Value| app.ask("PUT", "/console/v1/me/password").bearer(&session).json(&body).send();
        change(json!({ "current": "wrong one", "new": "another long one" })).await.is(403, "invalid_credentials");
        change(json!({ "current": PASSWORD, "new": "1234567890" })).await.is(400, "validation_failed");
        let changed = change(json!({ "current": PASSWORD, "new": "another long one" })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let new = changed.json["token"].as_str().expect("a token");
        for (text, status) in [(session.as_str(), 401), (&other, 401), (new, 200), (&token, 200)] {
            assert_eq!(app.get("/console/v1/me").bearer(text).send().await.status, status);
        }
        app.session_of(OWNER, "another long one").await;
    }

    async fn a_link_signs_in_once(store: TestStore) {
        let (app, _) = TestApp::with_owner(store).await;
        let token = app.app.access.issue_sign_in_link(OWNER, 15).await.expect("a link");
        let body = json!({ "token": token });
        let answer = app.post("/console/v1/session/link").json(&body).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json["token"]), (200, &json!(null)));
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("floe_session=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
        app.post("/console/v1/session/link").json(&body).send().await.is(410, "expired");
        let late = app.app.access.issue_sign_in_link(OWNER, 15).await.expect("a link");
        app.pass_seconds(15 * 60);
        app.post("/console/v1/session/link").json(&json!({ "token": late })).send().await.is(410, "expired");
    }
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_have_one_answer_and_a_limit() {
    let (app, _) = TestApp::with_owner(TestStore::quick().await).await;
    let wrong = json!({ "email": OWNER, "password": "something else" });
    let unknown = json!({ "email": "eve@floe.test", "password": "something else" });
    let mut first = app.post(PATH).json(&wrong).send().await.is(401, "invalid_credentials");
    let mut other = app.post(PATH).json(&unknown).send().await.is(401, "invalid_credentials");
    first.json["request_id"].take();
    other.json["request_id"].take();
    assert_eq!(first.json, other.json);
    for _ in 0..4 {
        app.post(PATH).json(&wrong).send().await.is(401, "invalid_credentials");
    }
    let right = json!({ "email": "  ADA@floe.test", "password": PASSWORD });
    let blocked = app.post(PATH).json(&right).send().await.is(429, "rate_limited");
    assert!(blocked.header("retry-after").parse::<u64>().expect("seconds") > 800);
    app.pass_seconds(15 * 60);
    assert_eq!(app.post(PATH).json(&right).send().await.status, 200);
}

#[tokio::test]
async fn one_address_tries_thirty_times_a_minute() {
    let (app, _) = TestApp::with_owner(TestStore::quick().await).await;
    // Links cost no hashing; they share the count with passwords. One sign-in came before.
    let body = json!({ "token": "nothing" });
    for _ in 0..29 {
        app.post("/console/v1/session/link").json(&body).send().await.is(410, "expired");
    }
    app.post("/console/v1/session/link").json(&body).send().await.is(429, "rate_limited");
    app.pass_seconds(60);
    app.post("/console/v1/session/link").json(&body).send().await.is(410, "expired");
}

#[tokio::test]
async fn secrets_of_one_way_do_not_work_in_the_other() {
    let (app, token) = TestApp::with_owner(TestStore::quick().await).await;
    app.get(PATH).header("cookie", &format!("floe_session={token}")).send().await.is(401, "unauthenticated");
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let answer = app.post(PATH).json(&body).send().await;
    let cookie = answer.header("set-cookie").split(';').next().expect("a pair").to_owned();
    assert_eq!(app.get(PATH).header("cookie", &cookie).send().await.status, 200);
    let text = cookie.split('=').nth(1).expect("a text");
    for wrong in [text.to_owned(), format!("ses_{text}"), "ses_".to_owned(), "x".repeat(5_000)] {
        app.get(PATH).bearer(&wrong).send().await.is(401, "unauthenticated");
    }
    app.get(PATH)
        .header("authorization", "Basic YTpi")
        .header("cookie", &cookie)
        .send()
        .await
        .is(401, "unauthenticated");
}

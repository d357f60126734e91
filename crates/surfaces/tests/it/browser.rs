//! Requests that pages of other sites make a browser send.

use floe_testkit::store::TestStore;
use serde_json::json;

use crate::app::{Asking, ORIGIN, OWNER, PASSWORD, TestApp};

async fn signed_in() -> (TestApp, String) {
    let (app, _) = TestApp::with_owner(TestStore::quick().await).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let answer = app.post("/console/v1/session").header("origin", ORIGIN).json(&body).send().await;
    let cookie = answer.header("set-cookie").split(';').next().expect("a pair").to_owned();
    (app, cookie)
}

#[tokio::test]
async fn unsafe_methods_need_our_origin_and_a_type_no_form_sends() {
    let (app, cookie) = signed_in().await;
    let change = || app.patch("/console/v1/me").header("cookie", &cookie);
    let json_body = json!({ "name": "Ada" });
    change().json(&json_body).send().await.is(403, "bad_origin");
    for origin in
        ["http://evil.test", "null", "http://floe.test:8700", "https://floe.test", "http://floe.test.evil.test"]
    {
        change().header("origin", origin).json(&json_body).send().await.is(403, "bad_origin");
    }
    assert_eq!(change().header("origin", ORIGIN).json(&json_body).send().await.status, 200);
    assert_eq!(change().header("sec-fetch-site", "same-origin").json(&json_body).send().await.status, 200);
    change().header("sec-fetch-site", "same-site").json(&json_body).send().await.is(403, "bad_origin");
    for media in ["text/plain", "application/x-www-form-urlencoded"] {
        let asking = change().header("origin", ORIGIN).header("content-type", media).body(b"{}".to_vec());
        asking.send().await.is(403, "bad_origin");
    }
    let untyped: Asking<'_> = change().header("origin", ORIGIN).body(b"{}".to_vec());
    untyped.send().await.is(403, "bad_origin");
    // Reading needs no origin, and a bearer token neither.
    assert_eq!(app.get("/console/v1/me").header("cookie", &cookie).send().await.status, 200);
}

#[tokio::test]
async fn cookie_requests_go_to_our_host_only() {
    let (app, cookie) = signed_in().await;
    let at = |host: &str| {
        let request = http::Request::builder().method("GET").uri("/console/v1/me").header("host", host);
        app.raw(request.header("cookie", &cookie))
    };
    for (host, status) in [("floe.test", 200), ("FLOE.test:80", 200), ("127.0.0.1:8700", 200), ("evil.test", 421)] {
        assert_eq!(at(host).await.as_u16(), status, "{host}");
    }
}

#[tokio::test]
async fn signing_in_from_another_site_is_refused() {
    let (app, _) = TestApp::with_owner(TestStore::quick().await).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let asking = app.post("/console/v1/session").header("origin", "http://evil.test").json(&body);
    asking.send().await.is(403, "bad_origin");
    for path in ["session", "session/link", "session/reset", "invites/accept", "setup"] {
        for (name, value) in [("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
            let asking = app.post(&format!("/console/v1/{path}")).header(name, value).json(&json!({}));
            asking.send().await.is(403, "bad_origin");
        }
    }
}

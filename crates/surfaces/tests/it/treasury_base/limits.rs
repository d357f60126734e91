//! Rate limits (Treasury contract, section 1.6).

use floe_surfaces::http::RateLimits;
use floe_testkit::store::TestStore;

use super::{is, key, with_key};
use crate::app::TestApp;

const PATH: &str = "/api/v1/public/recipients";

#[tokio::test]
async fn a_key_has_its_burst_and_then_its_rate() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let text = key(&app, &session, "live", &["recipients:read"]).await;
    let ask = || with_key(app.get(PATH), &text).send();
    let first = ask().await;
    let told = |name: &str| first.header(name).to_owned();
    assert_eq!(
        [told("x-ratelimit-limit"), told("x-ratelimit-remaining"), told("x-ratelimit-reset")],
        ["1200", "199", "1"]
    );
    for _ in 0..199 {
        assert_eq!(ask().await.status, 200);
    }
    let over = ask().await;
    is(&over, 429, r#"{"detail":"Too many requests."}"#);
    assert_eq!((over.header("retry-after"), over.header("x-ratelimit-remaining")), ("1", "0"));
    // Another key of the same organisation is not held up.
    let other = key(&app, &session, "live", &["recipients:read"]).await;
    assert_eq!(with_key(app.get(PATH), &other).send().await.status, 200);
    app.pass_seconds(1);
    for _ in 0..20 {
        assert_eq!(ask().await.status, 200);
    }
    assert_eq!(ask().await.status, 429);
}

#[tokio::test]
async fn wrong_keys_of_an_address_are_429_and_good_ones_are_not() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let good = key(&app, &session, "live", &["recipients:read"]).await;
    let wrong = format!("fp_live_{}", "B".repeat(43));
    for at in 0..30 {
        let answer = with_key(app.get(PATH), &wrong).send().await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (401, "30"), "{at}");
    }
    let over = with_key(app.get(PATH), &wrong).send().await;
    is(&over, 429, r#"{"detail":"Too many requests."}"#);
    assert_eq!(over.header("retry-after"), "2");
    assert_eq!(with_key(app.get(PATH), &good).send().await.status, 200, "a good key is never refused for its address");
    assert_eq!(app.get(PATH).send().await.status, 401, "nobody guesses without a key");
    assert_eq!(app.get_from("198.51.100.9:1", PATH).header("x-api-key", &wrong).send().await.status, 401);
    let unknown = app.get("/api/v1/public/nothing").send().await;
    assert_eq!((unknown.header("x-ratelimit-limit"), unknown.header("x-ratelimit-remaining")), ("30", "0"));
}

#[tokio::test]
async fn an_operator_sets_limits_and_switches_them_off() {
    let set = RateLimits::PerMinute(vec![("treasury".to_owned(), 2), ("treasury-wrong-keys".to_owned(), 0)]);
    let (app, session) = TestApp::owned(TestStore::quick().await, set).await;
    let text = key(&app, &session, "live", &["recipients:read"]).await;
    assert_eq!(with_key(app.get(PATH), &text).send().await.header("x-ratelimit-limit"), "2");
    assert_eq!(with_key(app.get(PATH), &text).send().await.status, 200);
    let over = with_key(app.get(PATH), &text).send().await;
    assert_eq!((over.status.as_u16(), over.header("retry-after")), (429, "30"));
    for _ in 0..40 {
        assert_eq!(with_key(app.get(PATH), "fp_live_x").send().await.status, 401);
    }
    let (app, session) = TestApp::owned(TestStore::quick().await, RateLimits::Off).await;
    let text = key(&app, &session, "live", &["recipients:read"]).await;
    for _ in 0..250 {
        assert_eq!(with_key(app.get(PATH), &text).send().await.status, 200);
    }
    assert_eq!(with_key(app.get(PATH), &text).send().await.header("x-ratelimit-limit"), "");
}

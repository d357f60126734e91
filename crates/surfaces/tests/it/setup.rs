//! The first start.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::TestApp;

fn body(token: &str, email: &str) -> Value {
    json!({
        "token": token, "name": "Ada", "email": email, "password": "wandering otter",
        "workspace_name": "Lagos Fit", "timezone": "Africa/Lagos", "transport": "token",
    })
}

on_both! {
    async fn the_link_makes_one_owner_and_signs_in(store: TestStore) {
        let app = TestApp::new(store).await;
        assert_eq!(app.get("/console/v1/setup").send().await.json, json!({ "needed": true }));
        app.get("/console/v1/keys").send().await.is(401, "unauthenticated");
        let old = app.app.access.issue_setup_link().await.expect("a link").expect("no owner yet");
        let new = app.app.access.issue_setup_link().await.expect("a link").expect("no owner yet");
        assert_eq!(new.len(), 43);
        app.post("/console/v1/setup").json(&body(&old, "ada@floe.test")).send().await.is(410, "expired");

        let answer = app.post("/console/v1/setup").json(&body(&new, "Ada@Floe.test")).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json["role"], "owner");
        assert_eq!(answer.json["member"]["email"], "ada@floe.test");
        assert_eq!(answer.json["workspace"]["slug"], "lagos-fit");
        let session = answer.json["token"].as_str().expect("a token");
        assert_eq!(app.get("/console/v1/session").bearer(session).send().await.json["role"], "owner");

        assert_eq!(app.get("/console/v1/setup").send().await.json, json!({ "needed": false }));
        app.post("/console/v1/setup").json(&body(&new, "eve@floe.test")).send().await.is(409, "setup_done");
        assert_eq!(app.app.access.issue_setup_link().await.expect("an answer"), None);
    }

    async fn of_many_at_once_one_wins(store: TestStore) {
        let app = TestApp::new(store).await;
        let token = app.app.access.issue_setup_link().await.expect("a link").expect("no owner yet");
        let mut tries = Vec::new();
        for number in 0..6 {
            let body = body(&token, &format!("owner{number}@floe.test"));
            let asking = app.post("/console/v1/setup").json(&body);
            tries.push(asking.send());
        }
        let answers = join_all(tries).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| matches!(answer.status.as_u16(), 409 | 410)).count();
        assert_eq!((made, refused), (1, 5), "{answers:?}");
    }
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_fields_are_checked() {
    let app = TestApp::new(TestStore::quick().await).await;
    let token = app.app.access.issue_setup_link().await.expect("a link").expect("no owner yet");
    let wrong = json!({ "token": token, "email": "nobody", "password": "1234567890", "timezone": "Mars/Base" });
    let answer = app.post("/console/v1/setup").json(&wrong).send().await.is(400, "validation_failed");
    let pointers: Vec<&str> = answer.json["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    assert_eq!(pointers, ["/name", "/email", "/password", "/workspace_name", "/timezone"]);
    let mut unknown = body(&token, "ada@floe.test");
    unknown["role"] = "owner".into();
    app.post("/console/v1/setup").json(&unknown).send().await.is(400, "unknown_field");
    app.pass_seconds(24 * 3_600);
    app.post("/console/v1/setup").json(&body(&token, "ada@floe.test")).send().await.is(410, "expired");
}

/// Polls futures together, in order.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in &mut waiting {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if waiting.iter().any(|(_, output)| output.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(waiting.iter_mut().filter_map(|(_, output)| output.take()).collect())
    })
    .await
}

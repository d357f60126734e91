//! Webhooks through both surfaces (Treasury contract, section 10.6; console contract, section 5.4). What the engine does is tested in
//! its crate.

use std::sync::Arc;

use floe_model::Mode;
use floe_model::access::Role;
use floe_model::id::{WorkspaceId, parse_bits};
use floe_store::webhooks::{NewMessage, enqueue};
use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use floe_webhooks::Engine;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::hooks;

const TREASURY: &str = "/api/v1/developer/webhooks";
const CONSOLE: &str = "/console/v1/webhooks";

async fn created(app: &TestApp, session: &str, status: u16) -> Answer {
    let body = json!({ "url": hooks::url(status), "events": ["payout.succeeded", "webhook.test"] });
    app.post(TREASURY).bearer(session).json(&body).send().await
}

/// The workspace of a session.
async fn workspace(app: &TestApp, session: &str) -> WorkspaceId {
    let answer = app.get("/console/v1/session").bearer(session).send().await;
    WorkspaceId(parse_bits(answer.json["workspace"]["id"].as_str().expect("an id")).expect("an id"))
}

/// A payout has succeeded.
async fn happen(app: &TestApp, workspace: WorkspaceId) {
    let platform = Arc::clone(&app.app.platform);
    let scope = floe_model::Scope { workspace, mode: Mode::Live };
    let write = app.store.write(move |tx| {
        let message = NewMessage {
            kind: "treasury.payout.succeeded",
            subject_id: None,
            data: r#"{"amount":350000.00}"#,
            at: platform.clock.now(),
        };
        enqueue(tx, scope, &message, &mut || platform.ids.next_bits())
    });
    write.await.expect("an event");
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

on_both! {
    async fn a_webhook_is_registered_tested_changed_and_deleted(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        let received = hooks::receive().await;
        let made = created(&app, &session, 200).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(
            names(&made.json),
            [
                "id", "url", "events", "is_active", "failure_count", "last_triggered_at", "created_at", "disabled_reason",
                "secret", "verified", "verification_message",
            ]
        );
        let secret = made.json["secret"].as_str().expect("a secret");
        assert!(secret.starts_with("whsec_") && secret.len() == 49);
        assert_eq!((&made.json["verified"], &made.json["events"]), (&json!(true), &json!(["payout.succeeded"])));
        assert_eq!(received.lock().expect("a list")[0].0["x-flowpilot-event"], "webhook.test");

        let one = format!("{TREASURY}/{}", made.json["id"].as_str().expect("an id"));
        let shown = app.get(&one).bearer(&session).send().await;
        assert_eq!(names(&shown.json).len(), 8);
        assert!(!String::from_utf8_lossy(&shown.bytes).contains("whsec_"), "never the secret");
        let list = app.get(TREASURY).bearer(&session).send().await;
        assert_eq!((&list.json["total"], &list.json["has_more"]), (&json!(1), &json!(false)));

        let other_mode = app.get(&one).bearer(&session).header("x-flowpilot-mode", "test").send().await;
        assert_eq!(other_mode.status, 404, "a webhook is of one mode");

        let off = app.patch(&one).bearer(&session).json(&json!({ "is_active": false })).send().await;
        assert_eq!((off.status.as_u16(), &off.json["is_active"]), (200, &json!(false)));
        assert!(off.json["disabled_reason"].is_string());
        let tested = app.post(&format!("{one}/test")).bearer(&session).json(&json!({})).send().await;
        assert_eq!((&tested.json["success"], &tested.json["status_code"]), (&json!(true), &json!(200)));

        let rotated = app.post(&format!("{one}/rotate-secret")).bearer(&session).json(&json!({})).send().await;
        assert_ne!(rotated.json["secret"], made.json["secret"]);

        let log = app.get(&format!("{one}/deliveries")).bearer(&session).send().await;
        assert_eq!(log.json["total"], 2);
        let entry = &log.json["data"][0];
        assert_eq!((&entry["event_name"], &entry["attempt"], &entry["success"]), (&json!("webhook.test"), &json!(1), &json!(true)));
        let path = format!("{one}/deliveries/{}/redeliver", entry["id"].as_str().expect("an id"));
        let again = app.post(&path).bearer(&session).json(&json!({})).send().await;
        assert_eq!((again.status.as_u16(), &again.json["attempt"], &again.json["event_id"]), (200, &json!(2), &entry["event_id"]));
        assert_ne!(again.json["delivery_id"], entry["delivery_id"]);

        let gone = app.delete(&one).bearer(&session).send().await;
        assert_eq!(gone.json, json!({ "status": "deleted", "id": made.json["id"] }));
        assert_eq!(app.delete(&one).bearer(&session).send().await.status, 404);
        let audit = app.get("/console/v1/audit?product=treasury&limit=200").bearer(&session).send().await;
        let mut actions: Vec<&str> =
            audit.json["data"].as_array().expect("a list").iter().filter_map(|entry| entry["action"].as_str()).collect();
        actions.reverse();
        assert_eq!(actions, ["registered_webhook", "disabled_webhook", "rotated_webhook_secret", "deleted_webhook"]);
    }

    async fn wrong_webhooks_are_refused_in_the_words_of_the_contract(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        for (body, kind, loc) in [
            (json!({ "events": ["run.failed"] }), "missing", json!(["body", "url"])),
            (json!({ "url": "https://example.com/" }), "missing", json!(["body", "events"])),
            (json!({ "url": "https://example.com/", "events": [] }), "too_short", json!(["body", "events"])),
            (json!({ "url": "https://example.com/", "events": ["run.lost"] }), "enum", json!(["body", "events", 0])),
            (json!({ "url": "http://example.com/", "events": ["run.failed"] }), "pattern", json!(["body", "url"])),
            (json!({ "url": "https://127.0.0.1/", "events": ["run.failed"] }), "pattern", json!(["body", "url"])),
            (json!({ "url": 7, "events": ["run.failed"] }), "string_type", json!(["body", "url"])),
        ] {
            let answer = app.post(TREASURY).bearer(&session).json(&body).send().await;
            let first = &answer.json["errors"][0];
            assert_eq!((answer.status.as_u16(), &first["type"], &first["loc"]), (422, &json!(kind), &loc), "{body}: {answer:?}");
        }
        assert_eq!(app.get(TREASURY).bearer(&session).send().await.json["total"], 0);
    }

    async fn a_repeat_makes_one_webhook_and_shows_the_secret_once(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        let received = hooks::receive().await;
        let body = json!({ "url": hooks::url(401), "events": ["run.failed"] });
        let ask = || app.post(TREASURY).bearer(&session).header("idempotency-key", "k1").json(&body).send();
        let (first, again) = (ask().await, ask().await);
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
        assert_eq!((&first.json["is_active"], &first.json["verified"]), (&json!(true), &json!(false)), "401 counts as reached");
        assert_eq!((again.header("idempotent-replayed"), &again.json["secret"]), ("true", &Value::Null));
        assert_eq!(again.json["id"], first.json["id"]);
        assert_eq!(received.lock().expect("a list").len(), 1, "nothing was sent again");
    }

    async fn only_owners_of_the_treasury_see_its_webhooks(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        let _received = hooks::receive().await;
        let made = created(&app, &session, 200).await;
        let id = made.json["id"].as_str().expect("an id");
        app.app.access.add_member(workspace(&app, &session).await, "Amy", "amy@floe.test", Role::Admin).await.expect("a member");
        let admin = app.session_by_link("amy@floe.test").await;
        assert_eq!(app.get(TREASURY).bearer(&admin).send().await.status, 403);
        assert_eq!(created(&app, &admin, 200).await.status, 403);
        let list = app.get(CONSOLE).bearer(&admin).send().await;
        assert_eq!((list.status.as_u16(), &list.json["data"]), (200, &json!([])));
        assert_eq!(app.get(&format!("{CONSOLE}/{id}")).bearer(&admin).send().await.status, 404);
        let deliveries = app.get("/console/v1/deliveries").bearer(&admin).send().await;
        assert_eq!(deliveries.json["data"], json!([]));
        let body = json!({ "name": "T", "url": hooks::url(200), "style": "treasury", "mode": "live", "events": ["run.failed"] });
        app.post(CONSOLE).bearer(&admin).json(&body).send().await.is(403, "forbidden");
        let owners = app.get(CONSOLE).bearer(&session).send().await;
        assert_eq!(owners.json["data"][0]["style"], "treasury");
        let log = app.get("/console/v1/deliveries?total=true").bearer(&session).send().await;
        assert_eq!((&log.json["total"], &log.json["data"][0]["event_type"]), (&json!(1), &json!("treasury.webhook.test")));
    }

    async fn the_console_follows_deliveries_with_their_bytes(store: TestStore) {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        let received = hooks::receive().await;
        let body = json!({
            "name": "All", "url": hooks::url(200), "style": "standard", "mode": "any", "events": ["treasury.*"],
            "headers": { "X-Mine": "very secret" },
        });
        let made = app.post(CONSOLE).bearer(&session).json(&body).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!((&made.json["headers"], &made.json["status"]), (&json!(["X-Mine"]), &json!("active")));
        let engine = Engine::start(app.app.webhooks.as_ref().clone());
        happen(&app, workspace(&app, &session).await).await;
        let id = made.json["id"].as_str().expect("an id");
        let list = async || app.get(&format!("/console/v1/deliveries?endpoint_id={id}&status=success")).bearer(&session).send().await;
        let mut answer = list().await;
        for _ in 0..2_000 {
            if answer.json["data"][0].is_object() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            answer = list().await;
        }
        let delivery = answer.json["data"][0]["id"].as_str().expect("a delivery");
        let full = app.get(&format!("/console/v1/deliveries/{delivery}")).bearer(&session).send().await;
        let attempt = &full.json["attempts"][0];
        let (headers, sent) = received.lock().expect("a list")[0].clone();
        assert_eq!(attempt["request"]["body"], sent, "byte for byte");
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "user-agent", "content-type"] {
            assert_eq!(attempt["request"]["headers"][name], headers[name].to_str().expect("text"), "{name}");
        }
        assert_eq!((headers["x-mine"].to_str().expect("text"), &attempt["response"]["status"]), ("very secret", &json!(200)));
        assert!(!String::from_utf8_lossy(&full.bytes).contains("very secret"));
        let again = app.post(&format!("/console/v1/deliveries/{delivery}/replay")).bearer(&session).json(&json!({})).send().await;
        assert_eq!((again.status.as_u16(), &again.json["attempts"][1]["n"]), (200, &json!(2)));
        assert_eq!(received.lock().expect("a list")[1].0["webhook-id"], headers["webhook-id"], "the same event");
        let shown = app.get(&format!("{CONSOLE}/{id}")).bearer(&session).send().await;
        assert_eq!(shown.json["success_rate_24h"], 1.0);
        engine.stop().await;
    }
}

//! Backups, the doctor, settings, metrics and health over HTTP.

use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};

const BACKUPS: &str = "/console/v1/backups";
const SCHEDULE: &str = "/console/v1/backup-schedule";

async fn confirm(app: &TestApp, session: &str) {
    let body = json!({ "password": PASSWORD });
    let answer = app.post("/console/v1/session/confirm").bearer(session).json(&body).send().await;
    assert_eq!(answer.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_asked_for_once_and_shown_while_it_is_taken() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let begun = app.post(BACKUPS).bearer(&session).header("idempotency-key", "one").json(&json!({})).send().await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(begun.header("location"), format!("{BACKUPS}/{}", begun.json["id"].as_str().unwrap_or_default()));
    let again = app.post(BACKUPS).bearer(&session).header("idempotency-key", "one").json(&json!({})).send().await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (202, "true"));
    let path = format!("{BACKUPS}/{}", begun.json["id"].as_str().unwrap_or_default());
    let shown = app.get(&path).bearer(&session).send().await;
    assert_eq!((shown.json["status"].as_str(), shown.json["kind"].as_str()), (Some("running"), Some("manual")));
    let list = app.get(&format!("{BACKUPS}?total=true")).bearer(&session).send().await;
    assert_eq!((list.json["data"].as_array().map(Vec::len), list.json["total"].as_i64()), (Some(1), Some(1)));
    // What is not done cannot be had, and not be deleted.
    app.delete(&path).bearer(&session).send().await.is(409, "not_done");
    app.post(&format!("{path}/verify")).bearer(&session).send().await.is(409, "not_done");
    app.get(&format!("{path}/download")).bearer(&session).send().await.is(403, "confirmation_required");
    confirm(&app, &session).await;
    app.get(&format!("{path}/download")).bearer(&session).send().await.is(409, "not_done");
    app.post(BACKUPS).bearer(&session).json(&json!({ "with": 1 })).send().await.is(400, "unknown_field");
    app.get(&format!("{BACKUPS}/bak_00000000000000000000000000")).bearer(&session).send().await.is(404, "not_found");
    // No token carries the right to hold everything.
    let token = app.token_of(&session, &["admin", "console.read", "console.write"]).await;
    app.get(BACKUPS).bearer(&token).send().await.is(403, "insufficient_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_backup_is_downloaded_verified_and_deleted() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let taken = app.app.operation.take_now("manual", false, None, None).await.expect("a backup");
    let path = format!("{BACKUPS}/{}", taken.backup.id.prefixed());
    let verified = app.post(&format!("{path}/verify")).bearer(&session).send().await;
    assert_eq!((verified.status.as_u16(), verified.json["sha256"].as_str()), (200, taken.backup.sha256.as_deref()));
    confirm(&app, &session).await;
    let file = app.get(&format!("{path}/download")).bearer(&session).send().await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "application/octet-stream"));
    assert_eq!(file.header("content-length"), taken.backup.bytes.unwrap_or(0).to_string());
    assert_eq!(app.delete(&path).bearer(&session).send().await.status, 204);
    assert!(!taken.path.exists());
    app.get(&path).bearer(&session).send().await.is(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_is_read_and_changed() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let first = app.get(SCHEDULE).bearer(&session).send().await;
    assert_eq!((first.json["cron"].as_str(), first.header("etag")), (Some("15 3 * * *"), "\"0\""));
    let wanted = json!({ "cron": "0 4 * * *", "timezone": "Africa/Lagos", "keep": 3 });
    let put = || app.ask("PUT", SCHEDULE).bearer(&session);
    let changed = put().header("if-match", "\"0\"").json(&wanted).send().await;
    assert_eq!((changed.status.as_u16(), changed.json["keep"].as_i64()), (200, Some(3)), "{changed:?}");
    put().header("if-match", "\"0\"").json(&wanted).send().await.is(412, "stale_revision");
    for (body, pointer) in [
        (json!({ "cron": "0 0 30 2 *" }), "/cron"),
        (json!({ "cron": "0 0 * * *", "timezone": "Mars" }), "/timezone"),
        (json!({ "cron": "0 0 * * *", "keep": 0 }), "/keep"),
    ] {
        let refused = put().json(&body).send().await.is(400, "validation_failed");
        assert_eq!(refused.json["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_this_machine_alone() {
    let (app, _) = TestApp::with_owner(TestStore::quick().await).await;
    for path in ["/metrics", "/api/v1/metrics"] {
        app.get(path).send().await.is(403, "forbidden");
        let here = app.get_from("127.0.0.1:4711", path).send().await;
        assert_eq!((here.status.as_u16(), here.header("content-type")), (200, "text/plain; version=0.0.4"));
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
            app.get_from("127.0.0.1:4711", path).header(header, "203.0.113.9").send().await.is(403, "forbidden");
        }
    }
}

on_both! {
    async fn health_doctor_and_settings_answer(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        for path in ["/health/ready", "/api/v1/health/ready"] {
            let ready = app.get(path).send().await;
            let all = json!({ "store": "ok", "migrations": "ok", "worker": "ok", "disk": "ok" });
            assert_eq!((ready.status.as_u16(), &ready.json["checks"]), (200, &all), "{ready:?}");
        }
        assert_eq!(app.get("/api/v1/health/live").send().await.status, 200);
        let run = app.post("/console/v1/doctor/run").bearer(&session).send().await;
        let checks = run.json.as_array().expect("a list").len();
        assert!(run.status == 200 && checks >= 10, "{run:?}");
        let shown = app.get("/console/v1/doctor").bearer(&session).send().await;
        assert_eq!(shown.json.as_array().map(Vec::len), Some(checks));
        // What the workspace says holds in place of what the server was started with.
        let facts = async || {
            let setting = app.get("/console/v1/settings").bearer(&session).send().await.json[0].clone();
            ["key", "value", "origin", "restart_required"].map(|name| setting[name].clone())
        };
        assert_eq!(facts().await, [json!("request_log_bodies"), json!("test"), json!("default"), json!(true)]);
        let body = json!({ "request_log_bodies": "off" });
        let patched = app.patch("/console/v1/workspace").bearer(&session).json(&body).send().await;
        assert_eq!((patched.status.as_u16(), &patched.json["request_log_bodies"]), (200, &json!("off")), "{patched:?}");
        assert_eq!(facts().await, [json!("request_log_bodies"), json!("off"), json!("workspace"), json!(false)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_there_are_no_backups_here() {
    let Some(store) = TestStore::postgres().await else { return };
    let (app, session) = TestApp::with_owner(store).await;
    app.post(BACKUPS).bearer(&session).json(&json!({})).send().await.is(422, "not_supported");
    app.get(BACKUPS).bearer(&session).send().await.is(422, "not_supported");
    app.get(SCHEDULE).bearer(&session).send().await.is(422, "not_supported");
}

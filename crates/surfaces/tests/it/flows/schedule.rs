//! `/v1/flow/{id}/schedule`, `/schedule-cancel` and `/logs`.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{NOW, made, refused, scrubbed};
use crate::app::{Answer, TestApp};

async fn set(app: &TestApp, session: &str, path: &str, body: Value) -> Answer {
    app.post(&format!("{path}/schedule")).bearer(session).json(&body).send().await
}

async fn published(app: &TestApp, session: &str, name: &str) -> String {
    let path = made(app, session, &json!({ "name": name })).await;
    let answer = app.post(&format!("{path}/publish")).bearer(session).json(&json!({})).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    path
}

on_both! {
    async fn a_schedule_is_set_replaced_shown_and_cancelled(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = made(&app, &session, &json!({ "name": "Report" })).await;
        let get = |path: String| app.get(&path).bearer(&session).send();
        let none = get(format!("{path}/schedule")).await;
        assert_eq!(scrubbed(&none), json!({ "flowId": "<1>", "active": false }));
        let early = set(&app, &session, &path, json!({ "cron": "@daily" })).await;
        assert_eq!(refused(&early), (409, "flow_not_published".to_owned()));

        let path = published(&app, &session, "Weekly").await;
        let body = json!({ "cron": "0 9 * * mon-fri", "timezone": "Europe/Paris", "overlap": "allow", "data": { "inputs": { "n": 1 } }, "else": 1 });
        let answer = set(&app, &session, &path, body).await;
        let schedule = json!({
            "flowId": "<1>", "active": true, "cron": "0 9 * * mon-fri", "timezone": "Europe/Paris", "data": { "inputs": { "n": 1 } },
            "overlap": "allow", "source": "api", "nextRunAt": "2027-01-18T08:00:00.000Z", "lastRunAt": null, "lastRunId": null,
            "lastStatus": null, "pausedReason": null, "createdAt": NOW, "updatedAt": NOW,
        });
        assert_eq!((answer.status.as_u16(), scrubbed(&answer)), (200, schedule.clone()), "8:00 UTC is 9:00 in Paris, and now");
        let record = get(path.clone()).await;
        assert_eq!(record.json["schedule"]["nextRunAt"], "2027-01-18T08:00:00.000Z");
        let rows = get("/v1/flow".to_owned()).await;
        let with: Vec<bool> = rows.json["data"].as_array().expect("rows").iter().map(|row| row["schedule"].is_object()).collect();
        assert_eq!(with, [true, false]);

        let replaced = set(&app, &session, &path, json!({ "cron": "@hourly" })).await;
        assert_eq!((&replaced.json["timezone"], &replaced.json["overlap"], &replaced.json["data"]), (&json!("Africa/Lagos"), &json!("skip"), &json!({})), "the zone of the workspace");
        for _ in 0..2 {
            let cancelled = app.post(&format!("{path}/schedule-cancel")).bearer(&session).send().await;
            assert_eq!((cancelled.status.as_u16(), &cancelled.json["active"], &cancelled.json["nextRunAt"]), (200, &json!(false), &Value::Null));
            assert_eq!(cancelled.json["cron"], "@hourly");
        }
    }

    async fn what_is_no_schedule_is_refused_by_its_field(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = published(&app, &session, "Report").await;
        for cron in ["", "* * * *", "0 0 30 2 *", "60 * * * *", "@reboot", "* * * * * *", "٣ * * * *", "5-1 * * * *"] {
            let answer = set(&app, &session, &path, json!({ "cron": cron })).await;
            assert_eq!(refused(&answer), (400, "invalid_cron".to_owned()), "{cron}");
        }
        for (body, field) in [
            (json!({}), "/cron"),
            (json!({ "cron": 5 }), "/cron"),
            (json!({ "cron": "@daily", "timezone": "Mars/Olympus" }), "/timezone"),
            (json!({ "cron": "@daily", "timezone": 1 }), "/timezone"),
            (json!({ "cron": "@daily", "overlap": "queue" }), "/overlap"),
            (json!({ "cron": "@daily", "data": [] }), "/data"),
            (json!({ "cron": "@daily", "data": { "inputs": "x" } }), "/data/inputs"),
        ] {
            let answer = set(&app, &session, &path, body).await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()));
            assert_eq!(answer.json["error"]["details"]["fields"][0]["path"], field);
        }
        let shown = app.get(&format!("{path}/schedule")).bearer(&session).send().await;
        assert_eq!(shown.json["active"], false, "nothing was set");
        for foreign in ["/v1/flow/01890000-0000-7000-8000-000000000001/schedule", "/v1/flow/01890000-0000-7000-8000-000000000001/logs"] {
            assert_eq!(refused(&app.get(foreign).bearer(&session).send().await), (404, "not_found".to_owned()));
        }
    }

    async fn the_log_shows_what_happened_to_the_flow_and_its_schedule(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let path = published(&app, &session, "Report").await;
        set(&app, &session, &path, json!({ "cron": "@daily" })).await;
        let logs = |query: &str| app.get(&format!("{path}/logs{query}")).bearer(&session).send();
        let all = logs("").await;
        let events: Vec<&str> = all.json["data"].as_array().expect("rows").iter().filter_map(|row| row["event"].as_str()).collect();
        assert_eq!((events, &all.json["total"], &all.json["page"]), (vec!["schedule.set", "flow.published"], &json!(2), &json!(1)));
        let first = logs("?sort=timestamp&limit=1").await;
        let entry = json!({
            "_id": "<1>", "timestamp": NOW, "level": "info", "event": "flow.published", "message": "Version 1 was published",
            "appRunId": null, "stepId": null, "version": 1, "actor": { "type": "member", "id": "<2>", "name": "Ada" },
            "data": { "version": 1, "latest": 1, "revision": 2 },
        });
        assert_eq!(scrubbed(&first)["data"][0], entry);
        for (query, total) in [
            ("?event=schedule.set", 1), ("?event=schedule.set,flow.published", 2), ("?level=error,warn", 0), ("?level=info", 2),
            ("?from=2027-01-15T08:00:00.001Z", 0), ("?to=2027-01-15T08:00:00.000Z", 0),
            ("?appRunId=01890000-0000-7000-8000-000000000001", 0),
        ] {
            assert_eq!(logs(query).await.json["total"], total, "{query}");
        }
        for (query, field) in [
            ("?event=run.exploded", "/event"), ("?level=fatal", "/level"), ("?appRunId=x", "/appRunId"), ("?from=monday", "/from"),
            ("?sort=level", "/sort"), ("?limit=0", "/limit"), ("?from=2027-01-16T00:00:00Z&to=2027-01-15T00:00:00Z", "/from"),
        ] {
            let answer = logs(query).await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()), "{query}");
            assert_eq!(answer.json["error"]["details"]["fields"][0]["path"], field);
        }
    }
}

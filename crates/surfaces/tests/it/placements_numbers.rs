//! Numbers about what users did, over events that are known (placements contract, section 13).

use std::borrow::Cow;

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use floe_model::placements::Platform;
use floe_model::placements::event::{Entry, Event};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::placements::{event_days, events};
use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const DAY: i64 = 86_400_000_000;
/// The day before the one of the clock.
const YESTERDAY: &str = "2027-01-14";
const TODAY: &str = "2027-01-15";

/// What happened, and what it is of.
struct Traffic {
    scope: Scope,
    app: AppId,
    flow: ScreenFlowId,
    version: ScreenVersionId,
    now: Timestamp,
    entries: Vec<Entry<'static>>,
}

impl Traffic {
    /// An event `days` before now.
    fn add(
        &mut self,
        kind: &'static str,
        user: &'static str,
        session: &'static str,
        days: i64,
        change: impl FnOnce(&mut Event<'static>),
    ) {
        let id = 1 + self.entries.len() as u128;
        let is_served = kind != "resolve_no_flow";
        let mut event = Event {
            id,
            app: self.app,
            kind: kind.into(),
            at: Timestamp(self.now.micros() - days * DAY + i64::try_from(id).expect("few")),
            user_id: user.into(),
            session_id: session.into(),
            platform: Platform::Ios,
            placement: Some("onboarding".into()),
            flow: is_served.then_some(self.flow),
            version: is_served.then_some(self.version),
            experiment: None,
            variant: None,
            screen_id: None,
            screen_name: None,
            screen_index: None,
            time_on_screen_ms: None,
            revenue: None,
            currency: None,
            app_version: Some("2.1.0".into()),
            country: Some("US".into()),
            is_debug: false,
            reason: None,
            ab_assignments: None,
            more: Cow::Borrowed("{}"),
        };
        change(&mut event);
        self.entries.push(Entry { scope: self.scope, received_at: self.now, event });
    }

    fn plain(&mut self, kind: &'static str, user: &'static str, session: &'static str, days: i64) {
        self.add(kind, user, session, days, |_| {});
    }

    fn view(&mut self, user: &'static str, session: &'static str, days: i64, screen: &'static str, index: i64) {
        self.add("screen_view", user, session, days, |event| {
            (event.screen_id, event.screen_index) = (Some(screen.into()), Some(index));
            event.screen_name = Some("Hello".into());
        });
    }

    fn exit(&mut self, user: &'static str, session: &'static str, days: i64, ms: i64) {
        self.add("screen_exit", user, session, days, |event| {
            (event.screen_id, event.time_on_screen_ms) = (Some("a".into()), Some(ms));
        });
    }
}

/// Two users with the same id of a session yesterday, one of them and a third today, one long before, and what does not count.
fn fill(traffic: &mut Traffic) {
    traffic.add("flow_start", "u1", "s1", 1, |event| event.ab_assignments = Some(r#"{"n1":"A"}"#.into()));
    traffic.view("u1", "s1", 1, "a", 0);
    traffic.exit("u1", "s1", 1, 1_000);
    traffic.view("u1", "s1", 1, "b", 1);
    traffic.plain("flow_complete", "u1", "s1", 1);
    traffic.add("conversion", "u1", "s1", 1, |event| {
        (event.revenue, event.currency) = (Some(9.99), Some("USD".into()));
    });
    traffic.add("flow_start", "u2", "s1", 1, |event| event.ab_assignments = Some(r#"{"n1":"B","n2":"x"}"#.into()));
    traffic.view("u2", "s1", 1, "a", 0);
    traffic.exit("u2", "s1", 1, 3_000);
    traffic.add("flow_exit", "u2", "s1", 1, |event| event.screen_id = Some("a".into()));
    for reason in ["audience_mismatch", "audience_mismatch", "placement_paused"] {
        traffic.add("resolve_no_flow", "u5", "s", 1, |event| event.reason = Some(reason.into()));
    }
    traffic.plain("flow_start", "u2", "s2", 0);
    traffic.view("u2", "s2", 0, "a", 2);
    traffic.view("u2", "s2", 0, "a", 2);
    traffic.view("u2", "s2", 0, "b", 1);
    traffic.exit("u2", "s2", 0, 2_000);
    traffic.plain("element_interaction", "u1", "s3", 0);
    traffic.add("flow_start", "u3", "s", 0, |event| {
        (event.platform, event.country) = (Platform::Android, Some("NG".into()));
        (event.experiment, event.variant) = (Some("e".into()), Some("v".into()));
    });
    traffic.exit("u3", "s", 0, 10_000);
    traffic.add("conversion", "u3", "s", 0, |event| event.revenue = Some(1.5));
    traffic.add("conversion", "u3", "s", 0, |event| {
        (event.revenue, event.currency) = (Some(-0.99), Some("USD".into()));
    });
    traffic.add("flow_start", "u9", "s", 0, |event| event.is_debug = true);
    traffic.plain("flow_start", "u7", "s", 40);
    traffic.scope.mode = Mode::Test;
    traffic.plain("flow_start", "u8", "s", 0);
}

/// An app with a published version and the traffic in it; answers the path of the app and the version.
async fn with_traffic(app: &TestApp, who: &str) -> (String, String) {
    let made = app.post("/v1/apps").bearer(who).json(&json!({ "name": "Lagos Fit", "platform": "ios" })).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json["id"].as_str().expect("an id").to_owned();
    let base = format!("/v1/apps/{id}");
    let flow = json!({ "name": "Welcome", "type": "onboarding" });
    let flow = app.post(&format!("{base}/flows")).bearer(who).json(&flow).send().await;
    let flow = flow.json["id"].as_str().expect("an id").to_owned();
    let version = app.post(&format!("{base}/flows/{flow}/publish")).bearer(who).json(&json!({})).send().await;
    assert_eq!(version.status, 201, "{version:?}");
    let version = version.json["id"].as_str().expect("an id").to_owned();
    let placement = json!({ "key": "onboarding", "platforms": ["ios"] });
    let placement = app.post(&format!("{base}/placements")).bearer(who).json(&placement).send().await;
    assert_eq!(placement.status, 201, "{placement:?}");

    let app_id = AppId::parse(&id).expect("an id");
    let workspace = app.store.read(floe_store::placements::apps::everywhere).await.expect("apps");
    let workspace: WorkspaceId = workspace.into_iter().find(|(app, _)| *app == app_id).expect("the app").1;
    let mut traffic = Traffic {
        scope: Scope { workspace, mode: Mode::Live },
        app: app_id,
        flow: ScreenFlowId::parse(&flow).expect("an id"),
        version: ScreenVersionId::parse(&version).expect("an id"),
        now: floe_runtime::Clock::now(&*app.clock),
        entries: Vec::new(),
    };
    fill(&mut traffic);
    let entries = traffic.entries;
    let write = move |tx: &mut floe_store::Tx<'_>| {
        events::add(tx, &entries)?;
        event_days::count(tx, entries.iter())
    };
    app.store.write(write).await.expect("events");
    (base, version)
}

async fn ask(app: &TestApp, who: &str, path: &str) -> Value {
    let answer: Answer = app.get(path).bearer(who).send().await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json
}

on_both! {
    async fn an_overview_counts_what_happened(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let (base, version) = with_traffic(&app, &who).await;
        let overview = ask(&app, &who, &format!("{base}/analytics/overview")).await;
        assert_eq!((&overview["from"], &overview["to"], &overview["environment"]), (&json!("2026-12-17"), &json!(TODAY), &json!("live")));
        assert_eq!(overview["impressions"], json!({ "value": 4, "previous": 1, "change": 3.0 }));
        assert_eq!(overview["completions"], json!({ "value": 1, "previous": 0, "change": null }));
        assert_eq!(overview["completion_rate"], json!({ "value": 0.25, "previous": 0.0, "change": null }));
        assert_eq!(overview["unique_users"], json!({ "value": 3, "previous": 1, "change": 2.0 }));
        assert_eq!((&overview["no_flow"]["value"], &overview["no_flow_share"]["value"]), (&json!(3), &json!(3.0 / 7.0)));
        assert_eq!(overview["no_flow_reasons"][0], json!({ "reason": "audience_mismatch", "count": 2, "share": 2.0 / 3.0 }));
        assert_eq!(overview["placements"], json!([{ "placement_id": "onboarding", "impressions": 4, "completions": 1,
            "completion_rate": 0.25, "no_flow": 3, "no_flow_share": 3.0 / 7.0 }]));
        assert_eq!((&overview["flow_versions"][0]["flow_version_id"], &overview["flow_versions"][0]["impressions"]), (&json!(version), &json!(4)));

        for (query, impressions, users) in [
            ("platform=android", 1, 1),
            ("country=ng", 1, 1),
            ("country=NG&platform=ios", 0, 0),
            ("include_debug=true", 5, 4),
            ("environment=test", 1, 1),
            ("placement_id=other", 0, 0),
            ("app_version=2.1.0", 4, 3),
            ("experiment_id=e&variant_id=v", 1, 1),
            (&format!("from={TODAY}"), 2, 2),
            (&format!("from={YESTERDAY}&to={YESTERDAY}"), 2, 2),
            (&format!("flow_version_id={version}"), 4, 3),
            ("flow_id=00000000-0000-7000-8000-000000000000", 0, 0),
        ] {
            let narrowed = ask(&app, &who, &format!("{base}/analytics/overview?{query}")).await;
            assert_eq!((&narrowed["impressions"]["value"], &narrowed["unique_users"]["value"]), (&json!(impressions), &json!(users)), "{query}");
        }
        let of_placement = ask(&app, &who, &format!("{base}/placements/onboarding/analytics")).await;
        assert_eq!(of_placement["overview"]["impressions"]["value"], json!(4));
        assert_eq!(of_placement["points"].as_array().map(Vec::len), Some(30));
    }

    async fn days_revenue_and_retention_add_up(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let (base, _) = with_traffic(&app, &who).await;
        let series = ask(&app, &who, &format!("{base}/analytics/timeseries?from={YESTERDAY}")).await;
        assert_eq!(series["points"], json!([
            { "date": YESTERDAY, "impressions": 2, "completions": 1, "completion_rate": 0.5, "unique_users": 2, "exits": 1, "no_flow": 3, "conversions": 1 },
            { "date": TODAY, "impressions": 2, "completions": 0, "completion_rate": 0.0, "unique_users": 2, "exits": 0, "no_flow": 0, "conversions": 2 },
        ]));
        let revenue = ask(&app, &who, &format!("{base}/analytics/revenue")).await;
        assert_eq!((&revenue["conversions"]["value"], &revenue["impressions"], &revenue["unique_users"]), (&json!(3), &json!(4), &json!(3)));
        assert_eq!(revenue["currencies"], json!([
            { "currency": null, "conversions": 1, "revenue": { "value": 1.5, "previous": 0.0, "change": null }, "per_impression": 0.375, "per_user": 0.5 },
            { "currency": "USD", "conversions": 2, "revenue": { "value": 9.0, "previous": 0.0, "change": null }, "per_impression": 2.25, "per_user": 3.0 },
        ]));
        assert_eq!(revenue["series"][0], json!({ "date": YESTERDAY, "currency": "USD", "conversions": 1, "revenue": 9.99 }));

        let retention = ask(&app, &who, &format!("{base}/analytics/retention")).await;
        assert_eq!(retention["total"]["users"], json!(3));
        // Both who began yesterday came back today, one of them without seeing the flow again.
        assert_eq!(retention["total"]["retained"][0], json!({ "day": 1, "of": 2, "users": 2, "rate": 1.0 }));
        assert_eq!(retention["total"]["retained"][1], json!({ "day": 3, "of": null, "users": null, "rate": null }));
        let cohorts: Vec<(&Value, &Value)> = retention["cohorts"].as_array().expect("a list").iter().map(|one| (&one["date"], &one["users"])).collect();
        assert_eq!(cohorts, [(&json!(YESTERDAY), &json!(2)), (&json!(TODAY), &json!(1))]);
        // Who began before the period is no new user of it.
        let later = ask(&app, &who, &format!("{base}/analytics/retention?from={TODAY}")).await;
        assert_eq!((&later["total"]["users"], &later["cohorts"][0]["users"]), (&json!(1), &json!(1)));
    }

    async fn a_funnel_is_of_sessions_of_one_version(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let (base, version) = with_traffic(&app, &who).await;
        let funnel = ask(&app, &who, &format!("{base}/analytics/funnel?flow_version_id={version}")).await;
        assert_eq!((&funnel["sessions"], &funnel["completed"], &funnel["completion_rate"]), (&json!(4), &json!(1), &json!(0.25)));
        assert_eq!(funnel["screens"], json!([
            { "screen_id": "a", "screen_name": "Hello", "screen_index": 0, "sessions": 3, "reach": 0.75, "exits": 1, "drop_off": 1.0 / 3.0,
              "time_on_screen_ms": { "count": 4, "mean": 4000.0, "median": 2500.0 } },
            { "screen_id": "b", "screen_name": "Hello", "screen_index": 1, "sessions": 2, "reach": 0.5, "exits": 0, "drop_off": 0.0, "time_on_screen_ms": null },
        ]));
        assert_eq!(funnel["in_flow_tests"], json!([
            { "node_id": "n1", "variants": [
                { "variant_id": "A", "sessions": 1, "completions": 1, "completion_rate": 1.0, "conversions": 1 },
                { "variant_id": "B", "sessions": 1, "completions": 0, "completion_rate": 0.0, "conversions": 0 } ] },
            { "node_id": "n2", "variants": [{ "variant_id": "x", "sessions": 1, "completions": 0, "completion_rate": 0.0, "conversions": 0 }] },
        ]));
    }

    async fn questions_that_make_no_sense_are_refused(store: TestStore) {
        let (app, who) = TestApp::with_owner(store).await;
        let (base, _) = with_traffic(&app, &who).await;
        for (path, field) in [
            ("overview?from=2027-02-30", "from"),
            ("overview?from=2027-01-15&to=2027-01-14", "to"),
            ("overview?from=2025-01-01&to=2027-01-01", "from"),
            ("overview?platform=windows", "platform"),
            ("overview?environment=both", "environment"),
            ("overview?country=Nigeria", "country"),
            ("overview?flow_id=onboarding", "flow_id"),
            ("overview?include_debug=maybe", "include_debug"),
            ("funnel", "flow_version_id"),
        ] {
            let refused = app.get(&format!("{base}/analytics/{path}")).bearer(&who).send().await.is(400, "validation_failed");
            assert_eq!(refused.json["details"][0]["field"], json!(field), "{path}");
        }
        let unknown = "00000000-0000-7000-8000-000000000000";
        for path in [
            format!("{base}/analytics/funnel?flow_version_id={unknown}"),
            format!("{base}/placements/nowhere/analytics"),
            format!("/v1/apps/{unknown}/analytics/overview"),
            // Without its version, too: the app is looked for first.
            format!("/v1/apps/{unknown}/analytics/funnel"),
        ] {
            app.get(&path).bearer(&who).send().await.is(404, "not_found");
        }
        app.get("/v1/apps/none/analytics/overview").bearer(&who).send().await.is(400, "invalid_app_id");
    }
}

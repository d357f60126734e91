//! Credits: the ledger under load, and over HTTP.

use floe_model::access::Role;
use floe_model::access::credits::MILLI;
use floe_model::id::RunId;
use floe_model::{Mode, Scope};
use floe_runtime::credits::{self, Spent};
use floe_store::access::credit_entries::{self as entries, Filter, Origin};
use floe_store::access::credits as store;
use floe_store::operation::figures;
use floe_store::platform::events;
use floe_testkit::on_both;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{member, workspace};
use crate::app::TestApp;

/// Tasks that use one ledger at once.
const TASKS: u64 = 16;
/// Calls of each.
const CALLS: u64 = 12;

fn spent(credits: i64) -> Spent {
    let origin = Origin { product: Some("agents".to_owned()), model: Some("offline".to_owned()), ..Origin::default() };
    Spent { credits, calls: 1, input_tokens: 10, output_tokens: 3, origin, flow: None }
}

/// A test ledger without refill that holds so many credits.
async fn budget(app: &TestApp, session: &str, credits: i64) -> Scope {
    let scope = Scope { workspace: workspace(app, session).await, mode: Mode::Test };
    app.app.access.set_credit_openings(MILLI, credits * MILLI).await.expect("openings");
    assert_eq!(app.get("/console/v1/credits").bearer(session).send().await.json["test"]["balance"], credits);
    scope
}

/// What one call does, made up from its number.
#[derive(Clone, Copy)]
struct Turn {
    hold: i64,
    used: i64,
    ending: u64,
}

impl Turn {
    fn of(seed: u64) -> Self {
        let mix = |salt: u64| (seed ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (hold, used) = (mix(1) % 5_000, mix(2) % 7_000);
        Self { hold: i64::try_from(hold).unwrap_or(0), used: i64::try_from(used).unwrap_or(0), ending: mix(3) % 4 }
    }
}

on_both! {
    // Whatever calls do at once: the balance is the sum of the entries at every one of them, and never below zero.
    async fn the_ledger_adds_up_under_parallel_calls(store_under_test: TestStore) {
        let (app, session) = TestApp::with_owner(store_under_test).await;
        let scope = budget(&app, &session, 200).await;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let platform = app.app.platform.clone();
            tasks.spawn(async move {
                let mut refused = 0_u64;
                for call in 0..CALLS {
                    let (turn, reference) = (Turn::of(task * 1_000 + call), format!("run:{task}:{call}"));
                    let (own, name) = (platform.clone(), reference.clone());
                    let held = platform.store.write(move |tx| credits::hold(tx, &own, scope, &name, turn.hold)).await.expect("holding");
                    if held.is_err() {
                        refused += 1;
                        continue;
                    }
                    // Twice: a call that is settled again after a crash counts once.
                    for _ in 0..2 {
                        let (own, name) = (platform.clone(), reference.clone());
                        platform.store.write(move |tx| match turn.ending {
                            0 => credits::release(tx, &own, scope, &name),
                            1 => {
                                credits::settle(tx, &own, scope, &name, &spent(turn.used))?;
                                credits::give_back(tx, &own, scope, &name).map(drop)
                            }
                            _ => credits::settle(tx, &own, scope, &name, &spent(turn.used)).map(drop),
                        }).await.expect("ending");
                    }
                }
                refused
            });
        }
        let refused: u64 = tasks.join_all().await.into_iter().sum();
        assert!(refused > 0 && refused < TASKS * CALLS, "the budget is small, and not too small: {refused}");

        let reading = app.app.platform.store.read(move |tx| {
            let ledger = store::find(tx, scope)?.expect("a ledger");
            let mut list = entries::list(tx, scope, &Filter::default(), None, 1_000)?;
            list.reverse();
            Ok((ledger, list, figures::wrong_ledgers(tx)?))
        });
        let (ledger, list, wrong) = reading.await.expect("reading works");
        let mut balance = 0;
        for (entry, seq) in list.iter().zip(1..) {
            balance += entry.amount;
            assert_eq!((entry.seq, entry.balance_after), (seq, balance));
            assert!(balance >= 0);
        }
        assert_eq!((ledger.account.balance, ledger.account.held, ledger.seq), (balance, 0, list.len() as i64));
        assert_eq!(wrong, 0);

        // Usage adds up to what was charged.
        let moved = list.iter().filter(|entry| matches!(entry.reason.as_str(), "usage" | "given_back"));
        let charged: i64 = moved.map(|entry| -entry.amount).sum();
        let usage = app.get("/console/v1/usage?mode=test&group_by=product,model").bearer(&session).send().await;
        let group = usage.json["data"].as_array().expect("groups").iter().find(|group| group["product"] == "agents").expect("agents").clone();
        assert_eq!((group["credits"].clone(), group["model"].as_str()), (floe_model::access::credits::number(charged), Some("offline")));
    }

    async fn holds_are_nobody_elses_and_end_by_themselves(store_under_test: TestStore) {
        let (app, session) = TestApp::with_owner(store_under_test).await;
        let scope = budget(&app, &session, 3).await;
        let hold = |reference: &'static str, credits: i64| {
            let platform = app.app.platform.clone();
            async move {
                let own = platform.clone();
                platform.store.write(move |tx| credits::hold(tx, &own, scope, reference, credits * MILLI)).await.expect("holding").is_ok()
            }
        };
        assert!(hold("a", 2).await && hold("a", 2).await, "a repeat holds nothing more");
        assert!(!hold("b", 2).await);
        let shown = app.get("/console/v1/credits").bearer(&session).send().await.json["test"].clone();
        assert_eq!((shown["balance"].as_i64(), shown["held"].as_i64()), (Some(3), Some(2)));
        app.pass_seconds(credits::HOLD_S + 1);
        app.app.access.sweep().await.expect("sweeping works");
        assert!(hold("b", 2).await, "whoever held did not come back");
        let platform = app.app.platform.clone();
        let late = app.app.platform.store.write(move |tx| credits::settle(tx, &platform, scope, "a", &spent(2 * MILLI)));
        assert_eq!(late.await.expect("settling"), MILLI, "a late one takes what nobody holds");
    }

    async fn a_ledger_that_runs_low_tells_once(store_under_test: TestStore) {
        let (app, session) = TestApp::with_owner(store_under_test).await;
        let scope = budget(&app, &session, 101).await;
        for reference in ["a", "b"] {
            let platform = app.app.platform.clone();
            let charging = app.app.platform.store.write(move |tx| credits::charge(tx, &platform, scope, reference, &spent(2 * MILLI)));
            assert!(charging.await.expect("charging").is_ok());
        }
        let told = app.app.platform.store.read(move |tx| events::latest(tx, scope, None, 10)).await.expect("reading works");
        let low: Vec<&str> = told.iter().filter(|event| event.kind == "platform.credits.low").map(|event| event.data.as_str()).collect();
        assert_eq!(low, [r#"{"mode":"test","balance":99,"low_at":100}"#]);
    }

    async fn rules_and_grants_over_http(store_under_test: TestStore) {
        let (app, session) = TestApp::with_owner(store_under_test).await;
        let first = app.get("/console/v1/credits").bearer(&session).send().await;
        let live = json!({ "balance": 1_000, "held": 0, "used_today": 0, "used_this_month": 0,
            "auto_refill": { "below": 100, "to": 1_000 }, "low_at": 100, "monthly_limit": null });
        assert_eq!(first.json["live"], live);
        assert_eq!((first.json["test"]["balance"].as_i64(), first.json["test"]["auto_refill"].is_null()), (Some(100_000), true));

        let body = json!({ "live": { "auto_refill": { "below": 2_000, "to": 2_500.5 }, "low_at": null }, "test": { "monthly_limit": 7 } });
        let stale = app.patch("/console/v1/credits").bearer(&session).header("if-match", "\"99\"").json(&body).send().await;
        stale.is(412, "stale_revision");
        let changed = app.patch("/console/v1/credits").bearer(&session).header("if-match", first.header("etag")).json(&body).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!((changed.json["live"]["balance"].as_f64(), changed.json["live"]["low_at"].is_null()), (Some(2_500.5), true), "filled up at once");
        assert_eq!(changed.json["test"]["monthly_limit"], 7);

        let grant = json!({ "mode": "test", "credits": 1.25, "reference": "invoice 7" });
        let made = app.post("/console/v1/credits/grants").bearer(&session).json(&grant).send().await;
        assert_eq!((made.status.as_u16(), made.json["balance_after"].as_f64(), made.json["reason"].as_str()), (201, Some(100_001.25), Some("grant")));
        let again = app.post("/console/v1/credits/grants").bearer(&session).json(&grant).send().await;
        assert_eq!((again.status.as_u16(), &again.json), (200, &made.json), "once per reference");
        let other = json!({ "mode": "test", "credits": 2, "reference": "invoice 7" });
        app.post("/console/v1/credits/grants").bearer(&session).json(&other).send().await.is(409, "conflict");

        let list = app.get("/console/v1/credits/entries?mode=test&total=true").bearer(&session).send().await;
        let reasons: Vec<&str> = list.json["data"].as_array().expect("a list").iter().filter_map(|entry| entry["reason"].as_str()).collect();
        assert_eq!((reasons, list.json["total"].as_i64()), (vec!["grant", "opening"], Some(2)));
        let live = app.get("/console/v1/credits/entries?mode=live&reason=refill").bearer(&session).send().await;
        assert_eq!(live.json["data"][0]["amount"], 1_500.5);
        let acts = app.get("/console/v1/audit?q=credits").bearer(&session).send().await;
        let acts: Vec<&str> = acts.json["data"].as_array().expect("a list").iter().filter_map(|entry| entry["action"].as_str()).collect();
        assert_eq!(acts, ["granted_credits", "changed_credits", "changed_credits"]);
    }

    async fn wrong_wishes_are_refused_whole(store_under_test: TestStore) {
        let (app, session) = TestApp::with_owner(store_under_test).await;
        let before = app.get("/console/v1/credits").bearer(&session).send().await.json;
        for (body, pointer) in [
            (json!({ "live": 1 }), "/live"),
            (json!({ "live": { "auto_refill": { "below": 5, "to": 4 } } }), "/live/auto_refill"),
            (json!({ "live": { "auto_refill": { "below": 5 } } }), "/live/auto_refill"),
            (json!({ "test": { "low_at": -1 }, "live": { "monthly_limit": 5 } }), "/test/low_at"),
            (json!({ "test": { "monthly_limit": 0.0001 } }), "/test/monthly_limit"),
        ] {
            let answer = app.patch("/console/v1/credits").bearer(&session).json(&body).send().await;
            assert_eq!((answer.status.as_u16(), answer.json["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{body}");
        }
        for body in [json!({ "test": { "balance": 5 } }), json!({ "credits": 5 })] {
            app.patch("/console/v1/credits").bearer(&session).json(&body).send().await.is(400, "unknown_field");
        }
        for (body, pointer) in [
            (json!({ "mode": "test", "credits": 0, "reference": "r" }), "/credits"),
            (json!({ "mode": "test", "credits": -5, "reference": "r" }), "/credits"),
            (json!({ "mode": "test", "credits": "5", "reference": "r" }), "/credits"),
            (json!({ "mode": "test", "credits": 1_000_000_000, "reference": "r" }), "/credits"),
            (json!({ "mode": "prod", "credits": 5, "reference": "r" }), "/mode"),
            (json!({ "mode": "test", "credits": 5 }), "/reference"),
        ] {
            let answer = app.post("/console/v1/credits/grants").bearer(&session).json(&body).send().await;
            assert_eq!((answer.status.as_u16(), answer.json["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{body}");
        }
        assert_eq!(app.get("/console/v1/credits").bearer(&session).send().await.json, before);

        let own = workspace(&app, &session).await;
        let viewer = member(&app, own, "vi@floe.test", Role::Viewer).await;
        assert_eq!(app.get("/console/v1/credits").bearer(&viewer).send().await.status, 200);
        app.get("/console/v1/credits/entries").bearer(&viewer).send().await.is(403, "forbidden");
        app.patch("/console/v1/credits").bearer(&viewer).json(&json!({})).send().await.is(403, "forbidden");
        app.post("/console/v1/credits/grants").bearer(&viewer).json(&json!({})).send().await.is(403, "forbidden");
    }

    async fn a_run_shows_what_it_was_charged(store_under_test: TestStore) {
        let world = crate::flows_runs::World::new(store_under_test).await;
        let flow = world.flow("Echo", crate::flows_runs::echo()).await;
        let ran = world.execute(&flow, json!({ "topic": "a" })).await;
        let run = RunId::parse(ran.header("x-flow-run-id")).expect("a run");
        let path = format!("/v1/flowrun/credit-details/{run}");
        assert_eq!(world.get(&path).await.json, json!({ "appRunId": run, "totalCredits": 0, "items": [] }));
        let scope = Scope { workspace: workspace(&world.app, &world.session).await, mode: Mode::Live };
        let platform = world.app.app.platform.clone();
        let charging = world.app.app.platform.store.write(move |tx| {
            let mut spent = spent(1_500);
            spent.origin.run_id = Some(run);
            spent.origin.step_id = Some("it".to_owned());
            credits::charge(tx, &platform, scope, "a", &spent)
        });
        assert!(charging.await.expect("charging").is_ok());
        let details = world.get(&path).await.json;
        let item = &details["items"][0];
        assert_eq!((details["totalCredits"].as_f64(), item["credits"].as_f64()), (Some(1.5), Some(1.5)));
        let named = [&item["stepId"], &item["stepType"], &item["modelId"], &item["inputTokens"], &item["calls"]];
        assert_eq!(named.map(Value::clone), [json!("it"), json!("probe"), json!("offline"), json!(10), json!(1)]);
    }
}

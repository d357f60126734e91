//! Results, from assignments and outcomes to the numbers of the contract (placements contract, section 9.4).

use floe_model::id::VariantId;
use floe_model::{Mode, Timestamp};
use floe_store::placements::assignments::{self, Assignment};
use floe_store::placements::outcomes::{self, Outcome, OutcomeKind};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, variant_id};

const DAY_S: i64 = 86_400;

/// What happens in the test: users of a variant, in order.
struct Group<'a> {
    prefix: &'a str,
    variant: VariantId,
    users: usize,
    /// The first ones see their variant, complete, convert.
    exposed: usize,
    completed: usize,
    converted: usize,
}

impl House {
    /// Assigns the users of a group at an instant, and lets them act a day later.
    async fn group(&self, path: &str, mode: Mode, group: &Group<'_>, at: Timestamp) {
        let (app, experiment) = self.ids(path);
        let scope = self.scope(mode);
        let user = |number: usize| format!("{}-{number}", group.prefix);
        let given: Vec<Assignment> = (0..group.users)
            .map(|number| Assignment {
                experiment,
                user_id: user(number),
                variant: group.variant,
                forced: false,
                assigned_at: at,
            })
            .collect();
        let outcome = |number: usize, kind: OutcomeKind, revenue| Outcome {
            experiment,
            variant: group.variant,
            user_id: user(number),
            kind,
            at: at.plus_seconds(DAY_S),
            revenue,
        };
        let exposed = (0..group.exposed).map(|number| outcome(number, OutcomeKind::Exposed, None));
        let completed = (0..group.completed).map(|number| outcome(number, OutcomeKind::Completed, None));
        let earned = Some((12.5, Some("USD".to_owned())));
        let converted = (0..group.converted).map(|number| outcome(number, OutcomeKind::Converted, earned.clone()));
        let all: Vec<Outcome> = exposed.chain(completed).chain(converted).collect();
        let writing = self.app.store.write(move |tx| {
            // In either order: outcomes can be written before the assignments that they belong to.
            outcomes::note(tx, scope, app, &all)?;
            assignments::insert_many(tx, scope, &given)
        });
        writing.await.expect("the store");
    }

    async fn single(&self, path: &str, outcome: Outcome) {
        let ((app, _), scope) = (self.ids(path), self.scope(Mode::Live));
        let writing = self.app.store.write(move |tx| outcomes::note(tx, scope, app, std::slice::from_ref(&outcome)));
        writing.await.expect("the store");
    }

    fn now(&self) -> Timestamp {
        self.app.app.platform.clock.now()
    }
}

#[track_caller]
fn near(found: &Value, expected: f64, tolerance: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

on_both! {
    async fn the_numbers_of_the_contract_come_back(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let at = house.now();
        let control = Group { prefix: "a", variant: variant_id(&ids[0]), users: 1_000, exposed: 930, completed: 200, converted: 40 };
        let short = Group { prefix: "b", variant: variant_id(&ids[1]), users: 1_000, exposed: 941, completed: 240, converted: 80 };
        house.group(&path, Mode::Live, &control, at).await;
        house.group(&path, Mode::Live, &short, at).await;
        let results = house.get(&format!("{path}/results")).await;
        assert_eq!((&results["data_state"], &results["significant"]), (&json!("sufficient"), &json!(true)));
        assert_eq!(results["srm"], json!({ "chi2": 0.0, "df": 1, "p_value": 1.0, "mismatch": false }));
        let [control, short] = [&results["variants"][0], &results["variants"][1]];
        assert_eq!((&control["users_enrolled"], &control["users_exposed"], &control["completions"]), (&json!(1_000), &json!(930), &json!(200)));
        assert_eq!((&control["completion_rate"], &control["is_control"], control.get("lift")), (&json!(0.2), &json!(true), None));
        assert_eq!((&short["users_exposed"], &short["completions"]), (&json!(941), &json!(240)));
        near(&short["lift"], 0.2, 1e-9);
        near(&short["z"], 2.159_168, 1e-6);
        near(&short["p_value"], 0.030_837, 1e-6);
        near(&short["confidence"], 0.969_163, 1e-6);
        near(&short["probability_to_beat_control"], 0.984_537, 1e-4);
        near(&short["difference_interval"][0], 0.003_732_721, 1e-8);
        near(&short["conversion_rate"], 0.08, 1e-12);
        assert_eq!(short["revenue"], json!([{ "currency": "USD", "amount": 1_000.0, "per_user": 1.0 }]));
        // Cumulative by day: all are enrolled on the first, completions come on the second.
        let series = results["series"].as_array().expect("a series");
        assert_eq!(series.len(), 4, "two days of two variants");
        assert_eq!((&series[1]["users_enrolled"], &series[1]["completions"]), (&json!(1_000), &json!(0)));
        assert_eq!((&series[3]["completions"], &series[3]["completion_rate"]), (&json!(240), &json!(0.24)));

        let exposed = house.get(&format!("{path}/results?denominator=exposed")).await;
        near(&exposed["variants"][1]["completion_rate"], 240.0 / 941.0, 1e-12);
        let sequential = house.get(&format!("{path}/results?sequential=true")).await;
        assert_eq!(sequential["significant"], false);
        near(&sequential["variants"][1]["sequential_interval"][0], -0.017_802_576, 1e-8);
        house.call("GET", &format!("{path}/results?denominator=all"), None).await.is(400, "validation_failed");
    }

    async fn only_what_happened_between_assignment_and_end_counts(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let (at, variant) = (house.now(), variant_id(&ids[1]));
        let group = Group { prefix: "u", variant, users: 5, exposed: 0, completed: 0, converted: 0 };
        house.group(&path, Mode::Live, &group, Timestamp(at.micros() + 400_000)).await;
        let experiment = house.ids(&path).1;
        let done = |user: &str, variant, at| Outcome { experiment, variant, user_id: user.to_owned(), kind: OutcomeKind::Completed, at, revenue: None };
        let completions = async || house.get(&format!("{path}/results")).await["variants"][1]["completions"].clone();
        house.single(&path, done("u-0", variant, at.plus_seconds(-1))).await;
        assert_eq!(completions().await, 0, "before the assignment");
        house.single(&path, done("u-0", variant, at.plus_seconds(9))).await;
        assert_eq!(completions().await, 1, "a second time, after it");
        house.single(&path, done("u-0", variant, at.plus_seconds(10))).await;
        house.single(&path, done("u-1", variant, at)).await;
        assert_eq!(completions().await, 2, "in the second of the assignment: devices send whole seconds");
        house.single(&path, done("u-2", variant_id(&ids[0]), at.plus_seconds(9))).await;
        house.single(&path, done("stranger", variant, at.plus_seconds(9))).await;
        assert_eq!(completions().await, 2, "another variant than the user's, and somebody who is not enrolled");

        house.app.pass_seconds(100);
        house.done("POST", &format!("{path}/stop"), None).await;
        house.single(&path, done("u-3", variant, at.plus_seconds(200))).await;
        assert_eq!(completions().await, 2, "after the end");
        house.single(&path, done("u-4", variant, at.plus_seconds(50))).await;
        assert_eq!(completions().await, 3, "before the end, and told later");
    }

    async fn a_user_who_is_erased_is_not_counted(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let group = Group { prefix: "u", variant: variant_id(&ids[0]), users: 3, exposed: 3, completed: 2, converted: 1 };
        house.group(&path, Mode::Live, &group, house.now()).await;
        house.group(&path, Mode::Test, &group, house.now()).await;
        let (app, workspace) = (house.ids(&path).0, house.workspace);
        let erasing = house.app.store.write(move |tx| outcomes::erase_user(tx, workspace, app, "u-0"));
        erasing.await.expect("the store");
        for environment in ["live", "test"] {
            let results = house.get(&format!("{path}/results?environment={environment}")).await;
            let control = &results["variants"][0];
            assert_eq!((&control["users_enrolled"], &control["completions"], &control["revenue"]), (&json!(2), &json!(1), &json!([])), "{environment}");
        }
    }

    async fn revenue_decides_where_it_is_asked_to(store: TestStore) {
        let house = House::new(store).await;
        let mut body = house.halves();
        body["primary_metric"] = json!("revenue_per_user");
        let (path, ids) = house.running(body).await;
        let control = Group { prefix: "a", variant: variant_id(&ids[0]), users: 400, exposed: 0, completed: 100, converted: 40 };
        let short = Group { prefix: "b", variant: variant_id(&ids[1]), users: 400, exposed: 0, completed: 100, converted: 80 };
        house.group(&path, Mode::Live, &control, house.now()).await;
        house.group(&path, Mode::Live, &short, house.now()).await;
        let results = house.get(&format!("{path}/results")).await;
        assert_eq!((&results["currency"], &results["significant"]), (&json!("USD"), &json!(true)));
        near(&results["variants"][1]["lift"], 1.0, 1e-9);
    }

    async fn what_devices_report_is_what_the_results_say(store: TestStore) {
        let house = House::new(store).await;
        let (path, ids) = house.running(house.halves()).await;
        let (mut enrolled, mut completed) = ([0, 0], [0, 0]);
        for number in 0..20 {
            let user = format!("device-{number}");
            let shown = house.resolve("onboarding", &user).await;
            let index = usize::from(shown["variant_id"] == json!(ids[1]));
            enrolled[index] += 1;
            completed[index] += i64::from(number % 2 == 0);
            let kinds: &[&str] = if number % 2 == 0 { &["flow_start", "flow_complete"] } else { &["flow_start"] };
            let event = |(at, kind): (usize, &&str)| json!({
                "event_id": format!("00000000-0000-4000-8000-{:012}", number * 10 + at), "app_id": house.app_id,
                "flow_id": shown["flow_id"], "flow_version_id": shown["flow_version_id"], "user_id": user, "session_id": "s",
                "device_platform": "ios", "event_type": kind, "timestamp": house.now(), "sdk_version": "1.3.1",
                "placement_id": "onboarding", "experiment_id": shown["experiment_id"], "variant_id": shown["variant_id"],
            });
            let events: Vec<Value> = kinds.iter().enumerate().map(event).collect();
            // The device sends them twice: nothing is doubled.
            for _ in 0..2 {
                let asking = house.app.post(&format!("{}/events", house.base)).bearer(&house.sdk_key).json(&json!(events));
                let answer = asking.send().await;
                assert_eq!((answer.status.as_u16(), &answer.json["rejected"]), (202, &json!(0)), "{answer:?}");
            }
        }
        house.app.app.placements.events.roll_all().await.expect("the journal is entered");
        let results = house.get(&format!("{path}/results")).await;
        for index in [0, 1] {
            let found = &results["variants"][index];
            let numbers = ["users_enrolled", "users_exposed", "completions"].map(|name| found[name].as_i64());
            assert_eq!(numbers, [enrolled[index], enrolled[index], completed[index]].map(Some), "{found}");
        }
    }
}

//! Usage: the same sums before and after runs were counted.

use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::flows_runs::{World, approval, echo, failing};

async fn sums(world: &World, query: &str) -> Value {
    let answer = world.get(&format!("/console/v1/usage?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// Runs and errors by flow.
async fn runs(world: &World, flows: [&str; 3]) -> [(i64, i64); 3] {
    let usage = sums(world, "group_by=product,flow").await;
    let groups = usage["data"].as_array().expect("groups");
    flows.map(|flow| {
        let own = groups
            .iter()
            .find(|group| group["flow"] == flow)
            .map(|group| (group["runs"].as_i64(), group["errors"].as_i64()));
        own.map_or((0, 0), |(runs, errors)| (runs.expect("a count"), errors.expect("a count")))
    })
}

on_both! {
    async fn runs_count_once_however_often_they_are_counted(store: TestStore) {
        let world = World::new(store).await;
        let flows = [world.flow("Echo", echo()).await, world.flow("Fails", failing()).await, world.flow("Asks", approval()).await];
        let [echo, fails, asks] = [&flows[0], &flows[1], &flows[2]].map(String::as_str);
        for _ in 0..3 {
            world.execute(echo, json!({ "topic": "a" })).await;
        }
        world.execute(fails, json!({})).await;
        let waiting = world.waiting_run(asks, json!({ "topic": "a" })).await;
        let expected = [(3, 0), (1, 1), (1, 0)];
        assert_eq!(runs(&world, [echo, fails, asks]).await, expected, "before they are counted");

        let access = &world.app.app.access;
        access.roll_usage().await.expect("counting works");
        assert_eq!(runs(&world, [echo, fails, asks]).await, expected, "they are too young to be counted");
        world.app.pass_seconds(60);
        for _ in 0..2 {
            access.roll_usage().await.expect("counting works");
            assert_eq!(runs(&world, [echo, fails, asks]).await, expected);
        }
        let ended = world.app.post(&format!("/v1/flowrun/cancel/{waiting}")).bearer(&world.session).json(&json!({})).send().await;
        assert_eq!(ended.status, 200, "{ended:?}");
        world.execute(echo, json!({ "topic": "a" })).await;
        access.roll_usage().await.expect("counting works");
        assert_eq!(runs(&world, [echo, fails, asks]).await, [(4, 0), (1, 1), (1, 0)]);
    }

    async fn a_run_that_fails_after_it_was_counted_is_an_error(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Asks", approval()).await;
        world.waiting_run(&flow, json!({ "topic": "a" })).await;
        world.app.pass_seconds(60);
        world.app.app.access.roll_usage().await.expect("counting works");
        assert_eq!(runs(&world, [&flow, "", ""]).await[0], (1, 0));
        crate::records::run(&world.app, "/fail_waiting_runs").await;
        assert_eq!(runs(&world, [&flow, "", ""]).await[0], (1, 1), "before it is looked at again");
        for _ in 0..2 {
            world.app.app.access.roll_usage().await.expect("counting works");
            assert_eq!(runs(&world, [&flow, "", ""]).await[0], (1, 1));
        }
    }

    async fn requests_are_summed_by_key_and_product(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        for _ in 0..2 {
            world.execute(&flow, json!({ "topic": "a" })).await;
        }
        world.execute("nothing", json!({})).await;
        while world.app.app.access.flush_requests().await.expect("flushing works") > 0 {}
        let usage = sums(&world, "group_by=day,product,key").await;
        let keyed = usage["data"].as_array().expect("groups").iter().find(|group| group["key"].as_str().is_some_and(|key| key.starts_with("key_"))).expect("the key").clone();
        let facts = (keyed["product"].as_str(), keyed["day"].as_str(), keyed["requests"].as_i64(), keyed["errors"].as_i64());
        assert_eq!(facts, (Some("flows"), Some("2027-01-15"), Some(3), Some(1)));
        let all = sums(&world, "").await;
        assert_eq!((all["total"]["runs"].as_i64(), all["group_by"].clone()), (Some(2), json!(["day"])));
        let day: i64 = all["data"].as_array().expect("groups").iter().filter_map(|group| group["requests"].as_i64()).sum();
        assert_eq!(all["total"]["requests"].as_i64(), Some(day));
        assert_eq!(sums(&world, "from=2020-01-01&to=2020-02-01").await["data"], json!([]));
        for wrong in ["group_by=week", "group_by=day,day", "from=2020-01-01&to=2027-01-01", "from=2027-02-01&to=2027-01-01", "from=x", "mode=x"] {
            world.get(&format!("/console/v1/usage?{wrong}")).await.is(400, "validation_failed");
        }
    }
}

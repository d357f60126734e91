//! The stream of domain events with their deliveries (console contract, section 5.4).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::house::{House, candidate, run_of};

impl House {
    async fn events(&self, query: &str) -> Value {
        let answer = self.app.get(&format!("/console/v1/events{query}")).bearer(&self.owner).send().await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json
    }
}

fn types(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().expect("a list");
    data.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
}

fn one() -> Value {
    run_of(&[candidate("Adaeze Okonkwo", "0108024071", 400.0)])
}

on_both! {
    async fn the_stream_is_listed_filtered_and_followed(store: TestStore) {
        let house = House::new(store).await;
        house.fund(1_000_000).await;
        let run = house.run_at_approval(&one()).await;
        let asked = house.events("?type=treasury.approval.requested").await["data"][0].clone();
        assert_eq!(
            json!([asked["product"], asked["mode"], asked["object_id"], asked["data"]["run_id"], asked["deliveries"]]),
            json!(["treasury", "test", run, run, []])
        );
        let id = asked["id"].as_str().expect("an id").to_owned();
        assert_eq!(house.events(&format!("/{id}")).await, asked);
        let approved = house.post(&house.owner, &format!("/runs/{run}/approve"), json!({})).await;
        assert_eq!(approved.status, 200, "{approved:?}");
        house.until(&run, "completed").await;

        // What came after an event, oldest first; a reader who goes on from the last one misses nothing.
        let after = house.events(&format!("?after={id}&product=treasury&wait=5")).await;
        let told = ["treasury.approval.completed", "treasury.payout.succeeded", "treasury.run.completed"];
        let (mut seen, mut last) = (types(&after), after);
        while seen.len() < told.len() {
            let newest = last["data"].as_array().expect("a list").last().expect("an event")["id"].as_str().expect("an id").to_owned();
            last = house.events(&format!("?after={newest}&product=treasury&wait=5")).await;
            seen.extend(types(&last));
        }
        assert_eq!(seen, told);
        let mut newest_first: Vec<&str> = told.to_vec();
        newest_first.reverse();
        newest_first.push("treasury.approval.requested");
        assert_eq!(types(&house.events("?product=treasury&total=true").await), newest_first);
        assert_eq!(types(&house.events("?type=treasury.payout.*").await), ["treasury.payout.succeeded"]);
        let inbox = house.events("?type=platform.inbox.*").await;
        assert_eq!(types(&inbox), ["platform.inbox.answered", "platform.inbox.created"]);
        assert_eq!((&inbox["data"][0]["data"]["kind"], &inbox["data"][0]["data"]["run_id"]), (&json!("payment_approval"), &json!(run)));
        assert_eq!(types(&house.events(&format!("?object_id={run}&product=treasury")).await).len(), 3);
        assert!(types(&house.events("?mode=live&product=treasury").await).is_empty());
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = house.events(&format!("?limit=1&product=treasury{cursor}")).await;
            walked.extend(types(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, newest_first);

        for wrong in ["wait=26", "product=red", "mode=red", "object_id=x", "after=x", "sort=created_at", "after=00000000-0000-7000-8000-000000000001"] {
            let answer = house.app.get(&format!("/console/v1/events?{wrong}")).bearer(&house.owner).send().await;
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        }
        crate::members::other_workspace(&house.app, "eve@floe.test").await;
        let eve = house.app.session_by_link("eve@floe.test").await;
        house.app.get(&format!("/console/v1/events/{id}")).bearer(&eve).send().await.is(404, "not_found");
        assert_eq!(house.app.get(&format!("/console/v1/events?after={id}")).bearer(&eve).send().await.status, 400);
    }

    async fn an_answer_is_held_until_there_is_an_event(store: TestStore) {
        let house = House::new(store).await;
        let run = house.run_at_approval(&one()).await;
        let last = house.events("").await["data"][0]["id"].as_str().expect("an id").to_owned();
        let path = format!("?after={last}&type=treasury.run.failed&wait=25");
        let cancel = async {
            // Any time will do: whether it comes before the question or while that is held, the answer is the same.
            tokio::task::yield_now().await;
            house.post(&house.owner, &format!("/runs/{run}/cancel"), json!({})).await
        };
        let (held, cancelled) = tokio::join!(house.events(&path), cancel);
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        assert_eq!(types(&held), ["treasury.run.failed"]);
        assert!(types(&house.events(&format!("?after={last}&type=flows.run.failed")).await).is_empty());
    }
}

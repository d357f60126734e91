//! What happens as it happens, and what a member is told.

use std::collections::BTreeSet;
use std::time::Duration;

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing};
use crate::app::{OWNER, PASSWORD};

/// One message: event, id, data.
type Message = (String, String, Value);

fn messages(text: &str) -> Vec<Message> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let blocks = text.split("\n\n").filter(|block| block.contains("event:"));
    let message = |block: &str| {
        let data = serde_json::from_str(&field(block, "data:")).expect("JSON");
        (field(block, "event:"), field(block, "id:"), data)
    };
    blocks.map(message).collect()
}

impl World {
    /// What a stream of a session of its own tells while something is done; it ends with the session.
    async fn told_while(&self, topics: &str, after: Option<&str>, act: impl Future<Output = ()>) -> Vec<Message> {
        let session = self.app.session_of(OWNER, PASSWORD).await;
        let path = format!("/console/v1/stream?topics={topics}");
        let mut asking = self.app.get(&path).bearer(&session);
        if let Some(after) = after {
            asking = asking.header("last-event-id", after);
        }
        let acting = async {
            pause().await;
            act.await;
            pause().await;
            self.app.delete("/console/v1/session").bearer(&session).send().await
        };
        let both = async { tokio::join!(asking.send(), acting) };
        let (answer, _) = tokio::time::timeout(Duration::from_secs(30), both).await.expect("it ends with the session");
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"), "{answer:?}");
        messages(&String::from_utf8_lossy(&answer.bytes))
    }

    async fn told(&self, session: &str) -> Vec<Value> {
        let answer = self.app.get("/console/v1/notifications").bearer(session).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"].as_array().expect("a list").clone()
    }
}

/// Longer than the time between two looks.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// Names and statuses of messages.
fn brief(messages: &[Message]) -> Vec<(&str, &str)> {
    messages.iter().map(|(name, _, data)| (name.as_str(), data["status"].as_str().unwrap_or("-"))).collect()
}

/// The kinds of messages: what is told twice counts once, and how a run passes by depends on when one looks.
fn kinds_of(messages: &[Message]) -> BTreeSet<(&str, &str)> {
    brief(messages).into_iter().filter(|(_, status)| *status != "running").collect()
}

on_both! {
    async fn a_stream_tells_what_changes_and_goes_on_where_it_was_cut(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Quotes", approval()).await;
        let act = async {
            let run = world.waiting_run(&flow, json!({ "topic": "it" })).await;
            pause().await;
            let answered = world.resume(&run, json!({ "decision": "approve" })).await;
            assert_eq!(answered.status, 200, "{answered:?}");
        };
        let told = world.told_while("runs,inbox,notifications", None, act).await;
        let all = [
            ("server", "-"), ("run.changed", "waiting"), ("inbox.changed", "open"), ("notification", "-"),
            ("run.changed", "completed"), ("inbox.changed", "answered"),
        ];
        assert_eq!(kinds_of(&told), BTreeSet::from(all), "{told:?}");
        let opened = told.iter().find(|(name, ..)| name == "inbox.changed").expect("the item");
        let facts = ["type", "kind", "mode", "revision", "at"].map(|name| opened.2[name].clone());
        assert_eq!(json!(facts), json!(["inbox.changed", "flow_approval", "live", 1, "2027-01-15T08:00:00.000Z"]));

        // The last message before the answer is where a reader was cut.
        let answered = told.iter().position(|message| brief(std::slice::from_ref(message))[0].1 == "completed");
        let cut = &told[..answered.expect("the end of the run")].last().expect("a message").1;
        let rest = world.told_while("runs,inbox", Some(cut), async {}).await;
        let expected = [("server", "-"), ("run.changed", "completed"), ("inbox.changed", "answered")];
        assert_eq!(kinds_of(&rest), BTreeSet::from(expected), "{rest:?}");
        let nothing = world.told_while("runs,inbox", Some(&rest.last().expect("a message").1), async {}).await;
        assert_eq!(brief(&nothing), [("server", "-")]);
        let unknown = world.told_while("runs", Some("4711"), async {}).await;
        assert_eq!(brief(&unknown), [("server", "-"), ("reset", "-")]);
    }

    async fn a_single_run_is_told_with_its_steps(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let run = world.execute(&flow, json!({ "topic": "t" })).await.header("x-flow-run-id").to_owned();
        let told = world.told_while(&format!("run:{run}"), None, async {}).await;
        assert_eq!(brief(&told).last(), Some(&("run.changed", "completed")), "{told:?}");
        let spans = world.get(&format!("/console/v1/runs/{run}/timeline")).await.json["spans"].clone();
        let whole: Vec<&Value> = told.iter().filter(|(name, ..)| name == "run.span").map(|(.., data)| &data["span"]).collect();
        assert_eq!(json!(whole), spans);
    }

    async fn a_stream_is_for_members_and_known_topics(store: TestStore) {
        let world = World::new(store).await;
        for (topics, status) in [("", 400), ("?topics=flows", 400), ("?topics=run:x", 400), ("?topics=run:00000000-0000-7000-8000-000000000001", 404)] {
            let answer = world.get(&format!("/console/v1/stream{topics}")).await;
            assert_eq!(answer.status.as_u16(), status, "{topics}: {answer:?}");
        }
        assert_eq!(world.app.get("/console/v1/stream?topics=runs").bearer(&world.key).send().await.status, 401);
    }

    async fn members_are_told_what_concerns_them_until_they_have_read_it(store: TestStore) {
        let world = World::new(store).await;
        let (asks, fails) = (world.flow("Quotes", approval()).await, world.flow("Broken", failing()).await);
        let viewer = world.member("viewer@floe.test", Role::Viewer).await;
        let admin = world.member("admin@floe.test", Role::Admin).await;
        world.waiting_run(&asks, json!({ "topic": "it" })).await;
        // Started by the owner itself.
        let started = world.post(&format!("/v1/flow/execute/{fails}"), json!({})).await;
        assert_eq!(started.header("x-flow-run-status"), "failed", "{started:?}");
        let told = world.told(&world.session).await;
        let kinds: Vec<&str> = told.iter().filter_map(|one| one["event"].as_str()).collect();
        assert_eq!(kinds, ["flows.run.failed", "platform.inbox.created"], "{told:?}");
        assert_eq!((&told[1]["title"], &told[1]["read"]), (&json!("Waits for an answer: Quotes: Confirm"), &json!(false)));
        assert_eq!(world.told(&viewer).await, Vec::<Value>::new());
        let of_admin: Vec<Value> = world.told(&admin).await.iter().map(|one| one["event"].clone()).collect();
        assert_eq!(of_admin, ["platform.inbox.created"], "an admin can answer, and did not start the run that failed");

        let wrong = world.post("/console/v1/notifications/read", json!({ "until": told[0]["object_id"] })).await;
        assert_eq!((wrong.status.as_u16(), &wrong.json["errors"][0]["pointer"]), (400, &json!("/until")));
        world.app.pass_seconds(5);
        world.waiting_run(&asks, json!({ "topic": "more" })).await;
        let read = world.post("/console/v1/notifications/read", json!({ "until": told[0]["id"] })).await;
        assert_eq!((read.status.as_u16(), &read.json["read_until"]), (200, &told[0]["at"]));
        let flags = |told: Vec<Value>| told.iter().map(|one| one["read"].clone()).collect::<Vec<Value>>();
        assert_eq!(flags(world.told(&world.session).await), [false, true, true]);
        assert_eq!(flags(world.told(&admin).await), [false, false], "each member reads for itself");
        world.post("/console/v1/notifications/read", json!({})).await;
        assert_eq!(flags(world.told(&world.session).await), [true, true, true]);
        // Page by page the same.
        let first = world.get("/console/v1/notifications?limit=2").await.json;
        let rest = world.get(&format!("/console/v1/notifications?limit=2&cursor={}", first["next_cursor"].as_str().expect("more"))).await;
        assert_eq!((first["data"].as_array().map(Vec::len), rest.json["data"].as_array().map(Vec::len)), (Some(2), Some(1)));
        // Rules decide.
        let rules = world.app.ask("PUT", "/console/v1/me/notification-rules").bearer(&world.session);
        let rules = rules.json(&json!({ "rules": [{ "event": "flows.run.failed", "channels": ["mail"] }] })).send().await;
        assert_eq!(rules.status, 200);
        assert_eq!(world.told(&world.session).await, Vec::<Value>::new());
    }
}

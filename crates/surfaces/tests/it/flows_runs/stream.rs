//! Runs as streams of server-sent events.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo};

/// One message: event, id, data.
type Message = (String, u64, Value);

fn messages(text: &str) -> Vec<Message> {
    let blocks = text.split("\n\n").filter(|block| block.contains("event:"));
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    let message = |block: &str| {
        let data = serde_json::from_str(&field(block, "data:")).expect("JSON");
        (field(block, "event:"), field(block, "id:").parse().expect("a number"), data)
    };
    blocks.map(message).collect()
}

impl World {
    /// Everything until the stream ends.
    async fn stream(&self, run: &str, after: Option<u64>) -> Vec<Message> {
        let mut asking = self.app.get(&format!("/v1/flowrun/stream/{run}")).bearer(&self.key);
        if let Some(after) = after {
            asking = asking.header("last-event-id", &after.to_string());
        }
        let answer = asking.send().await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"), "{answer:?}");
        messages(&String::from_utf8_lossy(&answer.bytes))
    }
}

on_both! {
    async fn a_stream_goes_on_after_any_event_without_gap_or_repeat(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let run = world.execute(&flow, json!({ "topic": "t" })).await.header("x-flow-run-id").to_owned();
        let whole = world.stream(&run, None).await;
        let kinds: Vec<&str> = whole.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, ["run", "step", "step", "done"]);
        assert_eq!(whole.iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let (_, _, last) = whole.last().expect("a message");
        assert_eq!((&last["status"], &last["output"]), (&json!("completed"), &json!({ "text": "t" })));
        assert_eq!(whole[1].2["steps"][0]["stepId"], "it");
        for cut in 0..=whole.len() {
            let rest = world.stream(&run, Some(cut as u64)).await;
            assert_eq!(rest, whole[cut..], "after {cut}");
        }
    }

    async fn a_stream_is_live_until_the_run_is_over(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({ "topic": "t" })).await;
        let follow = world.stream(&run, None);
        let answer = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            world.resume(&run, json!({ "decision": "approve" })).await
        };
        let (told, answered) = tokio::join!(follow, answer);
        assert_eq!(answered.status, 200);
        let kinds: Vec<&str> = told.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, ["run", "wait", "step", "done"]);
        assert_eq!(told[1].2["waitState"]["type"], "user-approval");
    }

    async fn only_who_may_see_a_run_may_follow_it(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let path = format!("/v1/flowrun/stream/{run}");
        let other = world.new_key(&["flows.run", "flows.read"]).await;
        assert_eq!(world.app.get(&path).bearer(&other).send().await.status, 404, "a key sees its own runs only");
        assert_eq!(world.app.get(&path).send().await.status, 401);
        let wrong = world.app.get(&path).bearer(&world.key).header("last-event-id", "x").send().await;
        assert_eq!(wrong.status, 400);
        // A key that is revoked ends the streams that it opened.
        let keys = world.get("/console/v1/keys").await.json;
        let key = keys["data"].as_array().expect("keys").iter().find(|key| key["name"] == "App").expect("the key");
        let mine = keys["data"].as_array().expect("keys").last().unwrap_or(key)["id"].as_str().expect("an id").to_owned();
        let follow = world.app.get(&path).bearer(&world.key).send();
        let revoke = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            world.app.delete(&format!("/console/v1/keys/{mine}")).bearer(&world.session).send().await
        };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), async { tokio::join!(follow, revoke) }).await;
        let (answer, revoked) = ended.expect("the stream ends with the key");
        assert_eq!(revoked.status, 200);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("event: done"));
    }
}

//! Exchanges of one thread come one after the other, in the order in which they arrived.

use std::time::Duration;

use floe_agents::exchanges::Keeper;
use floe_model::agents::envelope::Finish;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use floe_testkit::wait::until;
use serde_json::json;
use tokio::sync::mpsc;

use super::{Stage, say, says};

on_both! {
    async fn one_after_the_other_in_order_of_arrival(store: TestStore) {
        let stage = Stage::open(store).await;
        let keeper = Keeper::start(&stage.world.agents, true);
        let agent = stage.agent(json!({})).await;
        stage.server.script([Turn::After(300, Box::new(say("one"))), say("two"), say("three")]);
        let first = stage.ask(says(agent, "t", "1"));
        let rest = async {
            until("the first call", || async { !stage.server.seen().is_empty() }).await;
            // One in the background, one that waits behind it.
            let second = stage.accept(says(agent, "t", "2")).await;
            let third = stage.ask(says(agent, "t", "3")).await.unwrap();
            (second, third)
        };
        let (first, (second, third)) = tokio::join!(first, rest);
        let second = stage.world.agents.outcome(crate::world::TEST, second).await.unwrap().unwrap();
        assert_eq!([first.unwrap().text, second.text, third.text.clone()], ["one", "two", "three"]);
        assert_eq!(stage.told(), [
            "system: \"Be brief.\"", "user: \"1\"", "assistant: \"one\"", "user: \"2\"", "assistant: \"two\"", "user: \"3\"",
        ]);
        assert_eq!(stage.server.most_at_once(), 1);
        assert_eq!(third.envelope["body"]["conversation_history"].as_array().unwrap().len(), 6);
        keeper.stop().await;
    }

    async fn who_waits_too_long_is_told_so_and_leaves_nothing(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        stage.server.script([Turn::After(1_500, Box::new(say("slow")))]);
        let first = stage.ask(says(agent, "t", "1"));
        let second = async {
            until("the first call", || async { !stage.server.seen().is_empty() }).await;
            let waiting = stage.ask(says(agent, "t", "2"));
            let passing = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                stage.world.pass_seconds(31);
            };
            tokio::join!(waiting, passing).0
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(second.unwrap_err().code(), "thread_busy");
        assert_eq!(first.unwrap().text, "slow");
        assert_eq!(stage.said(agent, "t").await, ["user: \"1\"", "assistant: \"slow\""]);
        assert_eq!(stage.balance().await.1, 0);
    }

    async fn a_reader_who_goes_away_stops_the_model(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        stage.server.script([Turn::Slowly(50, "one two three four five six seven eight nine ten ".repeat(10))]);
        let (sink, mut heard) = mpsc::channel(1);
        let asking = stage.ask_on(&stage.world.agents, says(agent, "t", "Count"), Some(sink));
        let reading = async {
            for _ in 0..3 {
                heard.recv().await;
            }
            drop(heard);
        };
        let (outcome, ()) = tokio::join!(asking, reading);
        let outcome = outcome.unwrap();
        assert_eq!((outcome.finish, outcome.used_credits), (Some(Finish::Cancelled), 1_000));
        assert!(outcome.text.starts_with("one") && !outcome.text.contains("ten one"), "{}", outcome.text);
        assert_eq!(stage.said(agent, "t").await.len(), 2);
        until("the server sees it", || async { stage.server.left() == 1 }).await;
    }

    async fn an_exchange_is_stopped_from_outside(store: TestStore) {
        let stage = Stage::open(store).await;
        let keeper = Keeper::start(&stage.world.agents, true);
        let agent = stage.agent(json!({})).await;
        stage.server.script([Turn::Hang]);
        let id = stage.accept(says(agent, "t", "Wait")).await;
        until("the call", || async { !stage.server.seen().is_empty() }).await;
        assert!(stage.world.agents.cancel_exchange(crate::world::TEST, id).await.unwrap());
        let outcome = stage.world.agents.await_outcome(crate::world::TEST, id).await.unwrap();
        // Nothing was said, so nothing is taken.
        assert_eq!((outcome.code, outcome.finish, outcome.used_credits), (200, Some(Finish::Cancelled), 0));
        assert!(!stage.world.agents.cancel_exchange(crate::world::TEST, id).await.unwrap());
        keeper.stop().await;
    }
}

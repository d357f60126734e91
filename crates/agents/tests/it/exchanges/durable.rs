//! What a process leaves is taken up by another one, from where it stood.

use std::sync::Arc;

use floe_agents::agents::Expected;
use floe_agents::exchanges::{Keeper, NewExchange};
use floe_agents::{Agents, Settings};
use floe_model::agents::exchange::ExchangeState;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use floe_testkit::wait::until;
use serde_json::json;

use super::tools::orders;
use super::{Stage, say, says};
use crate::stub::{Stub, json as json_response};
use crate::world::TEST;

on_both! {
    async fn another_process_goes_on_where_one_was_killed(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, r#"{"state":"sent"}"#)).await;
        let agent = stage.agent(json!({ "tools": orders(&stub, json!({})) })).await;
        stage.server.script([Turn::tool("find_order", json!({ "id": "7" })), Turn::Hang, say("It was sent.")]);
        let new = NewExchange { key: Some("k".to_owned()), ..says(agent, "t", "Where is 7?") };
        let (agents, ctx, asked) = (Arc::clone(&stage.world.agents), stage.world.ctx(TEST.mode), new.clone());
        let first = tokio::spawn(async move { agents.exchange(&ctx, asked, None).await });
        until("the second round", || async { stage.server.seen().len() == 2 }).await;
        // As after a kill: another process with the same database, and the first one never writes again in its name.
        let other = Arc::new(Agents::new(Arc::clone(&stage.world.platform), Settings::default()));
        let keeper = Keeper::start(&other, true);
        let outcome = stage.ask_on(&other, new, None).await.unwrap();
        assert_eq!((outcome.code, outcome.text.as_str(), outcome.used_credits), (200, "It was sent.", 1_100));
        assert_eq!(stub.requests().len(), 1, "a finished call is not made again");
        assert_eq!(stage.server.seen().len(), 3, "an answer on disk is not asked for again");
        let row = stage.row(outcome.exchange).await;
        assert_eq!((row.state, row.epoch), (ExchangeState::Finished, 2));
        assert_eq!(stage.said(agent, "t").await.len(), 4);
        // The one that was left behind finds that somebody else has ended it, and says the same.
        stage.world.agents.cancel_exchange(TEST, outcome.exchange).await.unwrap();
        assert_eq!(first.await.unwrap().unwrap(), outcome);
        assert_eq!(stage.taken_for(outcome.exchange).await, Some(1_100));
        assert_eq!(stage.balance().await.1, 0);
        let completed = stage.activity(agent).await.iter().filter(|one| one.starts_with("chat.")).count();
        assert_eq!(completed, 1);
        keeper.stop().await;
    }

    async fn an_accepted_exchange_keeps_the_configuration_it_was_accepted_with(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let id = stage.accept(says(agent, "t", "Hello")).await;
        let ctx = stage.world.ctx(TEST.mode);
        let body = json!({ "instructions": "Be long.", "max_steps": 1 });
        let change = move |tx: &mut floe_store::Tx<'_>| {
            let body = body.as_object().cloned().unwrap_or_default();
            floe_agents::agents::patch(tx, &ctx, agent, &body, Expected::default())
        };
        assert_eq!(stage.world.platform.store.write(change).await.unwrap().config_version, 2);
        stage.server.script([say("Hi"), say("Hi there")]);
        let keeper = Keeper::start(&stage.world.agents, true);
        assert_eq!(stage.world.agents.await_outcome(TEST, id).await.unwrap().code, 200);
        assert_eq!(stage.ask(says(agent, "t", "Hello again")).await.unwrap().code, 200);
        let told: Vec<String> = stage.server.seen().iter().map(|body| format!("{body:?}")).collect();
        assert!(told[0].contains("Be brief.") && !told[0].contains("Be long."), "{}", told[0]);
        assert!(told[1].contains("Be long."), "{}", told[1]);
        keeper.stop().await;
    }

    async fn an_exchange_that_ends_its_process_each_time_is_given_up(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let id = stage.accept(says(agent, "t", "Boom")).await;
        let take = |owner: u128| {
            let now = stage.world.ctx(TEST.mode).now();
            stage.world.platform.store.write(move |tx| {
                floe_store::agents::exchanges::claim(tx, owner, false, 10, now).map(|taken| taken.len())
            })
        };
        for owner in 1..=25 {
            assert_eq!(take(owner).await.unwrap(), 1);
        }
        let keeper = Keeper::start(&stage.world.agents, true);
        let outcome = stage.world.agents.await_outcome(TEST, id).await.unwrap();
        assert_eq!((outcome.code, outcome.error.as_deref()), (500, Some("given_up")));
        assert_eq!((stage.server.seen().len(), stage.balance().await.1), (0, 0));
        keeper.stop().await;
    }

    async fn a_background_exchange_ends_with_one_callback(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let keeper = Keeper::start(&stage.world.agents, true);
        stage.server.script([say("Done")]);
        let new = NewExchange { callback_url: Some("http://127.0.0.1:9/cb".to_owned()), ..says(agent, "t", "Do") };
        let id = stage.accept(new).await;
        let outcome = stage.world.agents.await_outcome(TEST, id).await.unwrap();
        assert_eq!((outcome.code, outcome.text.as_str()), (200, "Done"));
        let read = move |tx: &mut floe_store::Tx<'_>| {
            floe_store::webhooks::callbacks::of_exchange(tx, TEST.workspace, id)
        };
        let callback = stage.world.platform.store.read(read).await.unwrap().unwrap();
        assert_eq!((callback.url.as_str(), callback.thread.as_deref()), ("http://127.0.0.1:9/cb", Some("t")));
        keeper.stop().await;
    }
}

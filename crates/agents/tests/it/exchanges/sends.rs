//! Messages of the workflow API: taken at once, answered in their turn, followed piece by piece.

use std::sync::Arc;

use floe_agents::exchanges::follow::{self, Current, End, Event, Look};
use floe_agents::exchanges::{Keeper, NewExchange, Sent};
use floe_agents::{Agents, Settings, threads};
use floe_model::agents::exchange::Channel;
use floe_model::agents::message::Message;
use floe_model::id::{AgentId, ExchangeId, ThreadId};
use floe_store::Tx;
use floe_store::platform::events;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use floe_testkit::wait::until;
use serde_json::{Map, Value, json};

use super::tools::orders;
use super::{Stage, say};
use crate::stub::{Stub, json as json_response};
use crate::world::TEST;

async fn begin(stage: &Stage, agent: AgentId) -> ThreadId {
    let ctx = stage.world.ctx(TEST.mode);
    let begin = move |tx: &mut Tx<'_>| threads::begin(tx, &ctx, agent, None, &Map::new());
    stage.world.platform.store.write(begin).await.unwrap().id
}

fn message(agent: AgentId, thread: ThreadId, text: &str) -> NewExchange {
    NewExchange {
        thread: Some(thread.prefixed()),
        channel: Channel::Workflow,
        streamed: true,
        ..NewExchange::new(agent, vec![Message::user(text)])
    }
}

async fn send(stage: &Stage, agent: AgentId, thread: ThreadId, text: &str) -> Sent {
    stage.world.agents.send(&stage.world.ctx(TEST.mode), message(agent, thread, text)).await.unwrap()
}

async fn look(stage: &Stage, exchange: ExchangeId, after: i64) -> Look {
    let look = move |tx: &mut Tx<'_>| follow::look(tx, TEST, exchange, after);
    stage.world.platform.store.read(look).await.unwrap().unwrap()
}

async fn in_flight(stage: &Stage, thread: ThreadId) -> Option<Current> {
    let now = stage.world.ctx(TEST.mode).now();
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, TEST, thread)?;
        follow::in_flight(tx, TEST, &thread, now)
    };
    stage.world.platform.store.read(read).await.unwrap()
}

/// The messages of a thread as the workflow API lists them, as `role: text`.
async fn listed(stage: &Stage, thread: ThreadId, limit: usize, offset: u64) -> (Vec<String>, u64) {
    let read = move |tx: &mut Tx<'_>| {
        let thread = threads::find(tx, TEST, thread)?;
        threads::listed(tx, TEST, &thread, limit, offset)
    };
    let (list, total) = stage.world.platform.store.read(read).await.unwrap();
    (list.iter().map(|one| format!("{}: {}", one.role.as_str(), one.text)).collect(), total)
}

/// The names of the events of the workflow API so far, in order.
async fn told(stage: &Stage) -> Vec<(String, Value)> {
    let read = |tx: &mut Tx<'_>| events::latest(tx, TEST, None, 1_000);
    let mut found = stage.world.platform.store.read(read).await.unwrap();
    found.reverse();
    let name = |kind: &str| kind.strip_prefix("workflows.").map(str::to_owned);
    found.iter().filter_map(|one| Some((name(&one.kind)?, serde_json::from_str(&one.data).unwrap()))).collect()
}

fn text_of(events: &[(i64, Event)]) -> String {
    let texts = events.iter().filter_map(|(_, event)| match event {
        Event::Token(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

on_both! {
    async fn messages_are_answered_in_their_turn_and_followed(store: TestStore) {
        let stage = Stage::open(store).await;
        let keeper = Keeper::start(&stage.world.agents, true);
        let agent = stage.agent(json!({})).await;
        let thread = begin(&stage, agent).await;
        assert_eq!(in_flight(&stage, thread).await, None);
        stage.server.script([Turn::Slowly(60, "one two three four".to_owned()), say("second")]);
        let first = send(&stage, agent, thread, "1").await;
        let second = send(&stage, agent, thread, "2").await;
        assert_eq!(in_flight(&stage, thread).await.unwrap().answer, first.answer);
        assert_eq!(listed(&stage, thread, 10, 0).await, (vec!["user: 1".to_owned(), "user: 2".to_owned()], 2));
        until("some of the text", || async { !look(&stage, first.exchange, 0).await.events.is_empty() }).await;
        let early = look(&stage, first.exchange, 0).await;
        assert_eq!(early.end, None, "it is told while it is made");
        stage.world.agents.await_outcome(TEST, first.exchange).await.unwrap();
        let whole = look(&stage, first.exchange, 0).await;
        let numbers: Vec<i64> = whole.events.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
        assert_eq!(text_of(&whole.events), "one two three four");
        let Some(End::Completed(shown, usage)) = whole.end else { panic!("{whole:?}") };
        assert_eq!((shown.id, shown.text.as_str(), shown.rounds), (first.answer, "one two three four", 1));
        assert!(usage.output_tokens > 0);
        let outcome = stage.world.agents.await_outcome(TEST, second.exchange).await.unwrap();
        assert_eq!((outcome.text.as_str(), outcome.answer), ("second", Some(second.answer)));
        let all = ["user: 1", "assistant: one two three four", "user: 2", "assistant: second"].map(str::to_owned);
        assert_eq!(listed(&stage, thread, 10, 0).await, (all.to_vec(), 4));
        assert_eq!(listed(&stage, thread, 2, 1).await, (all[1..3].to_vec(), 4));
        assert_eq!(listed(&stage, thread, 2, 9).await, (Vec::new(), 4));
        let names: Vec<String> = told(&stage).await.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [
            "thread.message.created", "agent.execution.started", "thread.message.created", "thread.message.completed",
            "agent.execution.completed", "agent.execution.started", "thread.message.completed", "agent.execution.completed",
        ]);
        keeper.stop().await;
    }

    async fn an_end_that_nobody_saw_is_told_for_a_minute(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let thread = begin(&stage, agent).await;
        stage.server.script([say("Hello"), say("Again")]);
        let sent = send(&stage, agent, thread, "1").await;
        stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
        assert_eq!(in_flight(&stage, thread).await.map(|current| current.exchange), Some(sent.exchange));
        let (exchange, now) = (sent.exchange, stage.world.ctx(TEST.mode).now());
        stage.world.platform.store.write(move |tx| follow::seen(tx, TEST, exchange, now)).await.unwrap();
        assert_eq!(in_flight(&stage, thread).await, None, "it was seen");
        let sent = send(&stage, agent, thread, "2").await;
        stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
        assert_eq!(look(&stage, exchange, 0).await.events, [], "what is over is forgotten with the next message");
        stage.world.pass_seconds(61);
        assert_eq!(in_flight(&stage, thread).await, None, "it is too late");
    }

    async fn the_same_message_after_a_failure_is_stored_once(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let thread = begin(&stage, agent).await;
        stage.server.script([Turn::status(400), Turn::status(400), say("At last"), say("Again")]);
        for text in ["Hello", "Hello", "Other", "Hello"] {
            let sent = send(&stage, agent, thread, text).await;
            stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
        }
        let (all, total) = listed(&stage, thread, 10, 0).await;
        assert_eq!(all, ["user: Hello", "user: Other", "assistant: At last", "user: Hello", "assistant: Again"]);
        assert_eq!(total, 5);
        assert_eq!(stage.told().len(), 4, "a model sees no question that was not answered: {:?}", stage.told());
        let told = told(&stage).await;
        let count = |name: &str| told.iter().filter(|(one, _)| one == name).count();
        assert_eq!((count("thread.message.created"), count("thread.message.failed")), (3, 2));
        let failed = told.iter().find(|(name, _)| name == "agent.execution.failed").unwrap();
        assert!(failed.1["error"].is_string() && failed.1["agent_name"] == "Helper", "{failed:?}");
    }

    async fn tools_are_folded_into_the_reply_and_too_many_rounds_fail(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, r#"{"state":"sent"}"#)).await;
        let agent = stage.agent(json!({ "tools": orders(&stub, json!({})), "max_steps": 2 })).await;
        let thread = begin(&stage, agent).await;
        let call = |id: &str| Turn::Tools("Let me look.".to_owned(), vec![("find_order".to_owned(), json!({ "id": id }))]);
        stage.server.script([call("7"), say("It was sent."), call("8"), call("9")]);
        let sent = send(&stage, agent, thread, "Where is 7?").await;
        let outcome = stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
        assert_eq!(outcome.code, 200);
        let Look { events, end, .. } = look(&stage, sent.exchange, 0).await;
        let Some(End::Completed(shown, _)) = end else { panic!("{end:?}") };
        assert_eq!((shown.text.as_str(), shown.rounds, shown.calls.len()), ("Let me look.\n\nIt was sent.", 2, 1));
        assert_eq!(text_of(&events), shown.text);
        let kinds: Vec<&str> = events.iter().filter_map(|(_, event)| match event {
            Event::ToolStarted { .. } => Some("started"),
            Event::ToolCompleted { .. } => Some("completed"),
            _ => None,
        }).collect();
        assert_eq!(kinds, ["started", "completed"]);
        assert_eq!(listed(&stage, thread, 10, 0).await.1, 2);
        let sent = send(&stage, agent, thread, "And 8?").await;
        let outcome = stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
        assert_eq!((outcome.code, outcome.error.as_deref()), (500, Some("max_iterations")));
        assert!(matches!(look(&stage, sent.exchange, 0).await.end, Some(End::Failed(_))));
        assert_eq!(listed(&stage, thread, 10, 0).await.1, 3, "the question stays");
    }

    async fn what_was_told_is_not_told_again_after_a_kill(store: TestStore) {
        let stage = Stage::open(store).await;
        let stub = Stub::answering(json_response(200, r#"{"state":"sent"}"#)).await;
        let agent = stage.agent(json!({ "tools": orders(&stub, json!({})) })).await;
        let thread = begin(&stage, agent).await;
        let call = Turn::Tools("I look.".to_owned(), vec![("find_order".to_owned(), json!({ "id": "7" }))]);
        stage.server.script([call, Turn::Slowly(150, "a b c d e f g h i j k l".to_owned()), say("a b c else")]);
        let sent = send(&stage, agent, thread, "Where is 7?").await;
        until("some of the second round", || async {
            text_of(&look(&stage, sent.exchange, 0).await.events).contains("\n\na ")
        }).await;
        // As after a kill: another process with the same database, and the first one never writes again in its name.
        let other = Arc::new(Agents::new(Arc::clone(&stage.world.platform), Settings::default()));
        let keeper = Keeper::start(&other, true);
        let outcome = other.await_outcome(TEST, sent.exchange).await.unwrap();
        assert_eq!((outcome.text.as_str(), stub.requests().len()), ("a b c else", 1));
        let events = look(&stage, sent.exchange, 0).await.events;
        let calls = events.iter().filter(|(_, event)| matches!(event, Event::ToolStarted { .. })).count();
        assert_eq!(calls, 1, "{events:?}");
        // The other answer began as the first one did, or it begins anew and says so.
        let from = events.iter().rposition(|(_, event)| *event == Event::Restart).map_or(0, |at| at + 1);
        assert_eq!(text_of(&events[from..]), "I look.\n\na b c else");
        let numbers: Vec<i64> = events.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
        keeper.stop().await;
    }

    async fn what_is_remembered_of_a_person_is_told_in_his_threads(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let ctx = stage.world.ctx(TEST.mode);
        let begin = move |tx: &mut Tx<'_>| {
            floe_agents::memory::put(tx, &ctx, agent, "ada", "Likes tea.", &Map::new())?;
            let metadata = json!({ "user_id": "ada" }).as_object().unwrap().clone();
            Ok((threads::begin(tx, &ctx, agent, None, &metadata)?.id, threads::begin(tx, &ctx, agent, None, &Map::new())?.id))
        };
        let (hers, other) = stage.world.platform.store.write(begin).await.unwrap();
        for (thread, knows) in [(hers, true), (other, false), (hers, true)] {
            let sent = send(&stage, agent, thread, "Hello").await;
            stage.world.agents.await_outcome(TEST, sent.exchange).await.unwrap();
            assert_eq!(stage.told()[0].contains("Likes tea."), knows, "{:?}", stage.told());
        }
    }

    async fn a_person_gives_the_reply_that_was_promised(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let thread = begin(&stage, agent).await;
        let ctx = stage.world.ctx(TEST.mode);
        let hand_over = move |tx: &mut Tx<'_>| {
            threads::hand_over(tx, &ctx, &threads::Turn::of(&ctx), thread, None)
        };
        stage.world.platform.store.write(hand_over).await.unwrap();
        let sent = send(&stage, agent, thread, "Is anybody there?").await;
        assert!(sent.outcome.is_some() && look(&stage, sent.exchange, 0).await.end.is_none());
        assert_eq!(in_flight(&stage, thread).await.map(|current| current.answer), Some(sent.answer));
        let ctx = stage.world.ctx(TEST.mode);
        let say = move |tx: &mut Tx<'_>| threads::say(tx, &ctx, &threads::Turn::of(&ctx), thread, "I am.");
        assert_eq!(stage.world.platform.store.write(say).await.unwrap().id, sent.answer);
        let Some(End::Completed(shown, _)) = look(&stage, sent.exchange, 0).await.end else { panic!("no end") };
        assert_eq!((shown.id, shown.text.as_str()), (sent.answer, "I am."));
        assert!(told(&stage).await.iter().any(|(name, data)| name == "thread.message.completed" && data["content"] == "I am."));
        let ctx = stage.world.ctx(TEST.mode);
        let more = move |tx: &mut Tx<'_>| threads::say(tx, &ctx, &threads::Turn::of(&ctx), thread, "More?");
        assert_ne!(stage.world.platform.store.write(more).await.unwrap().id, sent.answer);
    }
}

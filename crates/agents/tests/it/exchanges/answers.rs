//! Answers, and what there is instead of one: stored, charged and told as the contract says.

use floe_agents::exchanges::{Delta, NewExchange};
use floe_model::agents::envelope::Finish;
use floe_model::agents::exchange::ThreadState;
use floe_model::agents::message::Message;
use floe_store::agents::threads;
use floe_testkit::models::Turn;
use floe_testkit::on_both;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Stage, say, says};
use crate::world::TEST;

on_both! {
    async fn an_answer_is_stored_charged_and_told_once(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        stage.server.script([say("Hi, how can I help?")]);
        let new = NewExchange {
            key: Some("k1".to_owned()),
            metadata: json!({ "order": "77" }).as_object().unwrap().clone(),
            ..NewExchange::new(agent, vec![Message::user("Hello")])
        };
        let before = 100_000_000;
        let outcome = stage.ask(new.clone()).await.unwrap();
        assert_eq!((outcome.code, outcome.used_credits, outcome.text.as_str()), (200, 1_000, "Hi, how can I help?"));
        let body = &outcome.envelope["body"];
        assert_eq!(body["agent_id"], json!(agent));
        assert_eq!(body["conversation_history"], json!([
            { "role": "user", "content": "Hello" }, { "role": "assistant", "content": "Hi, how can I help?" },
        ]));
        assert_eq!(body["metadata"]["used_credits"], json!(1));
        assert_eq!(body["metadata"]["model"], "m");
        assert_eq!(body["metadata"]["custom"], json!({ "order": "77" }));
        assert_eq!(body["metadata"].get("finish_reason"), None);
        assert!(outcome.thread.starts_with("thread_") && outcome.thread.len() == 33, "{}", outcome.thread);
        assert_eq!(stage.balance().await, (before - 1_000, 0));
        assert_eq!(stage.activity(agent).await, ["agent.created success", "chat.completed success"]);
        assert_eq!(stage.trace(outcome.exchange).await, ["1 model m done"]);
        // The same again is the same exchange: nothing is asked, nothing taken, and the same is said.
        let again = stage.ask(new).await.unwrap();
        assert_eq!(again, outcome);
        assert_eq!((stage.server.seen().len(), stage.balance().await.0), (1, before - 1_000));
    }

    async fn what_fails_is_not_charged_and_leaves_no_message(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let cases: [(Turn, u16, &str); 3] = [
            (Turn::status(400), 500, "refused"),
            (Turn::status(401), 500, "no_credentials"),
            (Turn::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_vec()), 500, "malformed"),
        ];
        for (turn, code, error) in cases {
            stage.server.script([turn]);
            let outcome = stage.ask(says(agent, "t", "Anybody?")).await.unwrap();
            assert_eq!((outcome.code, outcome.error.as_deref()), (code, Some(error)));
            let words = "An unexpected error occurred while processing your request";
            assert_eq!(outcome.envelope, json!({ "statusCode": code, "body": { "error": words } }));
            assert_eq!((stage.taken_for(outcome.exchange).await, stage.balance().await.1), (None, 0));
        }
        assert_eq!(stage.said(agent, "t").await, Vec::<String>::new());
        stage.server.script([say("Yes")]);
        let outcome = stage.ask(says(agent, "t", "Hello?")).await.unwrap();
        assert_eq!(stage.said(agent, "t").await, ["user: \"Hello?\"", "assistant: \"Yes\""]);
        assert_eq!(outcome.envelope["body"]["conversation_history"].as_array().unwrap().len(), 2);
        assert_eq!(stage.told(), ["system: \"Be brief.\"", "user: \"Hello?\""]);
        let failed = stage.activity(agent).await;
        assert_eq!(failed.iter().filter(|one| *one == "chat.failed error").count(), 3);
    }

    async fn without_credits_no_model_is_asked(store: TestStore) {
        let stage = Stage::open(store).await;
        stage.set_balance(1_500).await;
        let agent = stage.agent(json!({})).await;
        assert_eq!(stage.ask(says(agent, "t", "One")).await.unwrap().code, 200);
        let outcome = stage.ask(says(agent, "new", "Two")).await.unwrap();
        assert_eq!(outcome.envelope, json!({ "statusCode": 402, "body": {
            "agent_id": agent, "message": "No credits available", "error": "No credits available",
        } }));
        assert_eq!((stage.server.seen().len(), stage.balance().await), (1, (500, 0)));
        // Nothing of it is in a thread, and no thread was begun for it.
        let found = stage.world.platform.store.read(move |tx| threads::by_name(tx, TEST, agent, "new")).await.unwrap();
        assert_eq!((found, stage.said(agent, "t").await.len()), (None, 2));
        assert_eq!(stage.row(outcome.exchange).await.ended.unwrap().error.as_deref(), Some("no_credits"));
    }

    async fn the_limit_of_an_agent_holds_for_calls_at_once(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({ "credit_limit": { "amount": 2, "period": "day" } })).await;
        let other = stage.agent(json!({})).await;
        let asks = (0..6).map(|at| stage.ask(says(agent, &format!("t{at}"), "Now"))).collect::<Vec<_>>();
        let mut codes = Vec::new();
        for outcome in join(asks).await {
            codes.push(outcome.unwrap().code);
        }
        codes.sort_unstable();
        assert_eq!(codes, [200, 200, 402, 402, 402, 402]);
        assert_eq!(stage.ask(says(other, "t", "Now")).await.unwrap().code, 200);
        assert_eq!(stage.balance().await.1, 0);
        // Tomorrow is another day.
        stage.world.pass_seconds(86_400);
        assert_eq!(stage.ask(says(agent, "t", "Now")).await.unwrap().code, 200);
    }

    async fn a_person_in_the_thread_takes_the_place_of_the_model(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({})).await;
        let first = stage.ask(says(agent, "t", "Hello")).await.unwrap();
        let thread = stage.row(first.exchange).await.thread;
        for state in [ThreadState::Human, ThreadState::Closed] {
            let now = stage.world.ctx(TEST.mode).now();
            let set = move |tx: &mut floe_store::Tx<'_>| threads::set_state(tx, TEST, thread, state, &None, now);
            stage.world.platform.store.write(set).await.unwrap();
            let outcome = stage.ask(says(agent, "t", "Is anybody there?")).await;
            if state == ThreadState::Closed {
                assert_eq!(outcome.unwrap_err().code(), "thread_closed");
                continue;
            }
            let outcome = outcome.unwrap();
            assert_eq!((outcome.code, outcome.finish, outcome.used_credits), (200, Some(Finish::Handoff), 0));
            let metadata = &outcome.envelope["body"]["metadata"];
            assert_eq!((&metadata["finish_reason"], &metadata["model"]), (&json!("handoff"), &Value::Null));
            assert_eq!(outcome.envelope["body"]["conversation_history"][2]["content"], "Is anybody there?");
        }
        assert_eq!((stage.server.seen().len(), stage.said(agent, "t").await.len()), (1, 3));
    }

    async fn rules_block_redact_and_flag(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({ "guardrails": {
            "input": [
                { "type": "topic", "topics": ["poison"], "action": "block", "message": "Not here." },
                { "type": "regex", "pattern": "[0-9]{6}", "action": "redact" },
            ],
            "output": [{ "type": "topic", "topics": ["secret"], "action": "redact" }],
        } })).await;
        let outcome = stage.ask(says(agent, "t", "Sell me poison")).await.unwrap();
        assert_eq!((outcome.finish, outcome.text.as_str(), outcome.used_credits), (Some(Finish::Blocked), "Not here.", 0));
        assert_eq!(outcome.envelope["body"]["metadata"]["guardrail"]["input"], json!([{ "type": "topic", "action": "block" }]));
        stage.server.script([say("The secret of 123456")]);
        let (sink, mut heard) = mpsc::channel(64);
        let outcome = stage.ask_on(&stage.world.agents, says(agent, "t", "I am 123456"), Some(sink)).await.unwrap();
        assert_eq!(outcome.text, "The [redacted] of 123456");
        // Neither what was blocked nor what was redacted reaches the model.
        assert_eq!(stage.told(), ["system: \"Be brief.\"", "user: \"I am [redacted]\""]);
        let mut streamed = String::new();
        while let Some(delta) = heard.recv().await {
            if let Delta::Text(text) = delta {
                streamed.push_str(&text);
            }
        }
        assert_eq!(streamed, outcome.text, "what a rule may take back is not streamed before");
        let activity = stage.activity(agent).await;
        assert_eq!(activity[1..], ["chat.blocked success", "chat.completed success"]);
    }

    async fn an_answer_by_a_schema_is_asked_for_again_once(store: TestStore) {
        let stage = Stage::open(store).await;
        let schema = json!({ "type": "object", "required": ["total"], "properties": { "total": { "type": "number" } } });
        let agent = stage.agent(json!({ "response_schema": schema })).await;
        stage.server.script([say("It is five"), say("```json\n{\"total\":5}\n```")]);
        let outcome = stage.ask(says(agent, "t", "Sum?")).await.unwrap();
        assert_eq!(outcome.envelope["body"]["output"], json!({ "total": 5 }));
        assert!(stage.told().last().unwrap().contains("not JSON"), "{:?}", stage.told());
        // What was refused is no message of the thread.
        assert_eq!(stage.said(agent, "t").await.len(), 2);
        assert_eq!(stage.taken_for(outcome.exchange).await, Some(1_000));
    }

    async fn a_summary_takes_the_place_of_what_the_window_cannot_hold(store: TestStore) {
        let stage = Stage::open(store).await;
        let agent = stage.agent(json!({ "memory": { "window_messages": 4, "summarise": true } })).await;
        stage.server.script([say("a0"), say("a1"), say("They counted."), say("a2"), say("a3")]);
        for at in 0..4 {
            stage.ask(says(agent, "t", &format!("q{at}"))).await.unwrap();
            let told = stage.told();
            assert!(told.len() <= 5, "instructions and a window of four: {told:?}");
            assert_eq!(told[0].contains("They counted."), at >= 2, "{told:?}");
            assert_eq!(told.iter().any(|line| line.contains("q0")), at < 2, "{told:?}");
            assert_eq!(told.last().unwrap(), &format!("user: \"q{at}\""));
        }
        assert_eq!(stage.server.seen().len(), 5, "not every exchange asks for a summary");
    }
}

/// Runs futures at the same time.
async fn join<F: Future>(list: Vec<F>) -> Vec<F::Output> {
    let mut list: Vec<_> = list.into_iter().map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in &mut list {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *done = Some(value);
            }
        }
        if list.iter().all(|(_, done)| done.is_some()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    list.into_iter().filter_map(|(_, done)| done).collect()
}

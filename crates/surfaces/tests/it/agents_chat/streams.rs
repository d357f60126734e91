//! Answers as they are made (agents contract, section 2.6).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, events, text};

async fn stream(desk: &Desk, body: Value, headers: &[(&str, &str)]) -> Vec<(String, Value)> {
    let answer = desk.chat_with(body, headers).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    events(&text(&answer))
}

on_both! {
    async fn a_stream_tells_the_deltas_and_ends_with_the_stored_envelope(store: TestStore) {
        let desk = Desk::on(store).await;
        for (body, headers) in [
            (json!({ "messages": "Hello to you", "thread_id": "s", "stream": true }), &[][..]),
            (json!({ "messages": "Hello to you", "thread_id": "a" }), &[("accept", "text/event-stream")][..]),
        ] {
            let told = stream(&desk, body.clone(), headers).await;
            let (last, envelope) = told.last().expect("an event");
            assert_eq!((last.as_str(), &envelope["statusCode"]), ("message.completed", &json!(200)));
            let deltas: String = told
                .iter()
                .filter(|(name, _)| name == "message.delta")
                .map(|(_, data)| data["text"].as_str().expect("a text"))
                .collect();
            assert_eq!(deltas, "[mock:mock] Hello to you");
            assert_eq!(envelope["body"]["conversation_history"][1]["content"], json!(deltas));
            assert!(told.iter().all(|(name, _)| name != "trace"), "what is inside is not for the agent API");
            let thread = body["thread_id"].as_str().expect("a thread");
            let stored = desk.get(&format!("/threads/{thread}")).await;
            assert_eq!(stored.json["messages"][1]["content"], json!(deltas));
        }
        let plain =
            desk.chat_with(json!({ "messages": "Hello", "stream": false }), &[("accept", "text/event-stream")]).await;
        assert_eq!(plain.header("content-type"), "application/json", "the body has the last word");
    }

    async fn a_repeat_of_a_stream_is_its_last_event(store: TestStore) {
        let desk = Desk::on(store).await;
        let before = desk.balance().await;
        let (body, key) = (json!({ "messages": "Hello", "stream": true }), [("idempotency-key", "k")]);
        let first = stream(&desk, body.clone(), &key).await;
        let again = stream(&desk, body, &key).await;
        assert_eq!(again, vec![first.last().expect("an event").clone()]);
        assert_eq!(desk.balance().await, before - 1.0);
    }

    async fn an_exchange_without_an_answer_is_an_error_in_the_stream(store: TestStore) {
        let desk = Desk::on(store).await;
        let poor = desk.new_agent(json!({ "credit_limit": { "amount": 1, "period": "month" } })).await;
        let path = format!("/api/public/agent/{poor}/chat");
        let ask = || {
            let body = json!({ "messages": "Hello", "stream": true });
            desk.app.post(&path).header("authorization", &desk.key).json(&body).send()
        };
        ask().await;
        let refused = ask().await;
        let told = events(&text(&refused));
        assert_eq!((told.len(), told[0].0.as_str(), &told[0].1["statusCode"]), (1, "error", &json!(402)), "{refused:?}");
    }
}

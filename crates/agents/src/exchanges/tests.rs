//! What is decided without a database: how a conversation is told to a model, and that a journal says again what it was told.

use floe_model::Timestamp;
use floe_model::agents::agent::{CreditLimit, Period};
use floe_model::agents::message::{Content, Message, Part, Role};
use floe_runtime::models::{ChatMessage, Price, Usage};
use serde_json::{Value, json};

use super::conversation::for_model;
use super::journal::{Call, CallState, KeptReply, Reply, Round};

fn call(id: &str) -> Message {
    let part = Part::ToolCall { id: id.to_owned(), name: "find".to_owned(), args: json!({ "n": 1 }) };
    Message { role: Role::Assistant, content: Content::Parts(vec![part]) }
}

fn result(id: &str, result: Value) -> Message {
    let part = Part::ToolResult { id: id.to_owned(), name: "find".to_owned(), result };
    Message { role: Role::Tool, content: Content::Parts(vec![part]) }
}

fn told(messages: &[Message]) -> Vec<String> {
    let one = |message: &ChatMessage| match message {
        ChatMessage::System { text } => format!("system {text}"),
        ChatMessage::User { parts } => format!("user {}", parts.len()),
        ChatMessage::Assistant { text, tool_calls } => format!("assistant {text} {}", tool_calls.len()),
        ChatMessage::Tool { call_id, content, .. } => format!("tool {call_id} {content}"),
    };
    for_model(messages).iter().map(one).collect()
}

#[test]
fn every_call_is_followed_by_its_own_result_wherever_that_stands() {
    let messages = [
        result("gone", json!(0)),
        Message::user("a"),
        call("c1"),
        result("c1", json!({ "first": true })),
        Message::assistant("b"),
        // The same id once more: models repeat themselves.
        call("c1"),
        Message::user("meanwhile"),
        Message::assistant("still waiting"),
        result("c1", json!("late")),
        call("c2"),
    ];
    assert_eq!(
        told(&messages),
        [
            "user 1",
            "assistant  1",
            "tool c1 {\"first\":true}",
            "assistant b 0",
            "assistant  1",
            "tool c1 late",
            "user 1",
            "assistant still waiting 0",
            "assistant  1",
            "tool c2 {\"status\":\"waiting_for_approval\"}",
        ]
    );
}

fn round() -> Round {
    let at = Timestamp(1_000_000);
    let call = |ordinal: i64, state: CallState| Call {
        ordinal,
        id: format!("c{ordinal}"),
        name: "find".to_owned(),
        args: json!({ "n": ordinal }),
        key: format!("x:3:{ordinal}"),
        started: at,
        ended: (!matches!(state, CallState::Open | CallState::Waits)).then_some(Timestamp(3_000_000)),
        state,
    };
    let kept = KeptReply {
        text: "I look".to_owned(),
        finish: "tool_calls".to_owned(),
        provider: "p".to_owned(),
        fallback_used: true,
        tries: Vec::new(),
        price: Price { per_tool_call: 7, ..Price::default() },
        refused: None,
    };
    let usage = Usage { input_tokens: 5, output_tokens: 6 };
    Round {
        number: 3,
        reply: Some(Reply { kept, model: "m".to_owned(), usage, started: at, ended: at }),
        calls: vec![
            call(1, CallState::Done(Ok(json!([1, 2])))),
            call(2, CallState::Done(Err(("timeout".to_owned(), "too slow".to_owned())))),
            call(3, CallState::Open),
            call(4, CallState::Waits),
        ],
        refused: Some("not JSON".to_owned()),
    }
}

#[test]
fn a_journal_says_again_what_it_was_told() {
    let round = round();
    let again = Round::read(&round.spans()).expect("a journal that was just written");
    assert_eq!(again.len(), 1);
    assert_eq!(format!("{:?}", again[0]), format!("{round:?}"));
    assert_eq!(again[0].messages(None), round.messages(None));
    let parts = |at: usize| match &round.messages(Some("words"))[at].content {
        Content::Parts(parts) => parts.len(),
        Content::Text(_) => 0,
    };
    // The words and four calls; results of the two that are over.
    assert_eq!((parts(0), parts(1)), (5, 2));
}

#[test]
fn a_limit_counts_from_the_beginning_of_its_day_or_month() {
    // 2026-11-22T10:00:00Z, the 20,779th day.
    let now = Timestamp((20_779 * 86_400 + 36_000) * 1_000_000);
    for (period, since) in [(Period::Day, 20_779), (Period::Month, 20_779 - 21)] {
        let limit = CreditLimit { amount: 1, period };
        assert_eq!(super::config::since(&limit, now), since, "{period:?}");
    }
}

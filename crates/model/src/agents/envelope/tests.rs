use serde_json::{Map, Value, json};

use super::*;
use crate::agents::message::{Content, Part};

fn plain() -> Answer {
    let told = |message| Told { id: None, message };
    Answer {
        agent: AgentId(1),
        history: vec![told(Message::user("Hello")), told(Message::assistant("Hi, how can I help?"))],
        exchange: ExchangeId(7),
        model: Some("gpt-4".to_owned()),
        at: Timestamp::parse("2024-03-21T14:30:00.999Z").expect("an instant"),
        tool_calls: Vec::new(),
        execution_ms: 2_500,
        used_credits: 1_000,
        thread: "thread_123456".to_owned(),
        finish: Finish::Stop,
        usage: None,
        fallback_used: false,
        guardrail: None,
        custom: Map::new(),
        output: None,
    }
}

#[test]
fn a_plain_answer_is_that_of_the_contract() {
    let expected = concat!(
        r#"{"statusCode":200,"body":{"agent_id":"00000000-0000-0000-0000-000000000001","conversation_history":["#,
        r#"{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi, how can I help?"}],"#,
        r#""metadata":{"id":"meta_00000000000000000000000007","model":"gpt-4","timestamp":"2024-03-21T14:30:00Z","#,
        r#""tool_calls":{},"execution_time":2500,"used_credits":1,"thread_id":"thread_123456"}}}"#
    );
    assert_eq!(plain().to_json().to_string(), expected);
}

#[test]
fn what_there_is_more_to_say_comes_after_it() {
    let call = Part::ToolCall { id: "call_1".to_owned(), name: "find".to_owned(), args: json!({ "q": 1 }) };
    let used = |id: &str, outcome| ToolUse {
        id: id.to_owned(),
        name: "find".to_owned(),
        arguments: json!({ "q": 1 }),
        outcome,
        duration_ms: 12,
    };
    let answer = Answer {
        history: vec![Told {
            id: Some(message_name(MessageId(3))),
            message: Message { role: Role::Assistant, content: Content::Parts(vec![call]) },
        }],
        tool_calls: vec![used("call_1", Ok(json!(["a"]))), used("call_2", Err("timed out".to_owned()))],
        finish: Finish::MaxSteps,
        usage: Some((10, 5)),
        fallback_used: true,
        custom: Map::from_iter([("order".to_owned(), json!("77"))]),
        output: Some(json!({ "total": 5 })),
        used_credits: 1_500,
        ..plain()
    };
    let told = answer.to_json();
    assert_eq!(
        told["body"]["conversation_history"].to_string(),
        concat!(
            r#"[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"call_1","toolName":"find","args":{"q":1}}],"#,
            r#""id":"msg-00000000000000000000000003"}]"#
        )
    );
    let metadata = &told["body"]["metadata"];
    assert_eq!(
        metadata["tool_calls"]["call_1"].to_string(),
        r#"{"name":"find","arguments":{"q":1},"result":["a"],"status":"success","error":null,"duration_ms":12}"#
    );
    assert_eq!(metadata["tool_calls"]["call_2"]["status"], "error");
    assert_eq!(metadata["used_credits"], json!(1.5));
    assert_eq!(metadata["finish_reason"], "max_steps");
    assert_eq!(metadata["usage"], json!({ "input_tokens": 10, "output_tokens": 5 }));
    assert_eq!((&metadata["fallback_used"], &metadata["custom"]["order"]), (&json!(true), &json!("77")));
    assert_eq!(told["body"]["output"], json!({ "total": 5 }));
}

#[test]
fn the_history_is_the_last_two_hundred() {
    let history = (0..250).map(|n| Told { id: None, message: Message::user(n.to_string()) }).collect();
    let told = Answer { history, ..plain() }.to_json();
    let shown = told["body"]["conversation_history"].as_array().expect("a list");
    assert_eq!((shown.len(), &shown[0]["content"], &shown[199]["content"]), (200, &json!("50"), &json!("249")));
}

#[test]
fn failures_are_word_for_word() {
    let id = "00000000-0000-0000-0000-000000000001";
    let cases: [(Value, String); 3] = [
        (
            no_credits(AgentId(1)),
            format!(
                r#"{{"statusCode":402,"body":{{"agent_id":"{id}","message":"No credits available","error":"No credits available"}}}}"#
            ),
        ),
        (
            busy(AgentId(1)),
            format!(
                r#"{{"statusCode":503,"body":{{"agent_id":"{id}","message":"Service temporarily unavailable","error":"AI provider is currently experiencing high traffic"}}}}"#
            ),
        ),
        (
            failed(),
            r#"{"statusCode":500,"body":{"error":"An unexpected error occurred while processing your request"}}"#
                .to_owned(),
        ),
    ];
    for (envelope, text) in cases {
        assert_eq!(envelope.to_string(), text);
    }
    assert_eq!((status_code(&no_credits(AgentId(1))), status_code(&json!({}))), (402, 500));
}

#[test]
fn messages_have_names_that_can_be_read_back() {
    for text in [
        message_name(MessageId(99)),
        format!("msg_{}", crate::id::to_base32(99)),
        "00000000-0000-0000-0000-000000000063".to_owned(),
    ] {
        assert_eq!(parse_message_name(&text), Some(MessageId(99)), "{text}");
    }
    assert_eq!(parse_message_name("msg-5"), None);
}

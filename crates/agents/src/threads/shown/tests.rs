use serde_json::json;

use super::*;

fn row(seq: i64, role: Role, content: Value) -> Message {
    Message {
        seq,
        id: MessageId(seq.unsigned_abs().into()),
        exchange: Some(ExchangeId(7)),
        role,
        content: Content::parse(role, &content).expect("a content"),
        author: None,
        is_hidden: false,
        rating: None,
        rating_comment: None,
        created_at: Timestamp(seq),
    }
}

#[test]
fn a_reply_with_tools_is_one_message() {
    let rows = [
        row(
            2,
            Role::Assistant,
            json!([
                { "type": "text", "text": "Let me look." },
                { "type": "tool-call", "toolCallId": "c1", "toolName": "find", "args": { "q": 1 } },
                { "type": "tool-call", "toolCallId": "c2", "toolName": "pay", "args": {} },
            ]),
        ),
        row(3, Role::Tool, json!([{ "type": "tool-result", "toolCallId": "c1", "toolName": "find", "result": [7] }])),
        row(4, Role::Assistant, json!("It is 7.")),
    ];
    let shown = Shown::of(&rows.iter().collect::<Vec<_>>());
    assert_eq!((shown.id, shown.role, shown.rounds), (MessageId(4), Role::Assistant, 2));
    assert_eq!(shown.text, "Let me look.\n\nIt is 7.");
    let results: Vec<(&str, &Value)> = shown.calls.iter().map(|call| (call.id.as_str(), &call.result)).collect();
    assert_eq!(results, [("c1", &json!([7])), ("c2", &Value::Null)]);
    assert_eq!(shown.calls[0].arguments, json!({ "q": 1 }));
}

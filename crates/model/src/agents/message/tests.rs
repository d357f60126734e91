use serde_json::{Value, json};

use super::{BadMessage, Content, Message, Part, Role};

#[test]
fn messages_are_read_as_they_are_written() {
    let history = [
        json!({ "role": "user", "content": "Hello" }),
        json!({ "role": "user", "content": [{ "type": "text", "text": "this?" }, { "type": "image", "image": "https://x.test/a.png" }] }),
        json!({ "role": "assistant", "content": [{ "type": "text", "text": "" },
            { "type": "tool-call", "toolCallId": "call_1", "toolName": "find", "args": { "q": 1 } }] }),
        json!({ "role": "tool", "content": [{ "type": "tool-result", "toolCallId": "call_1", "toolName": "find", "result": [1] }] }),
        json!({ "role": "assistant", "content": "" }),
        json!({ "role": "system", "content": "Be brief" }),
    ];
    for one in history {
        let read = Message::parse(&one).expect("a message");
        assert_eq!(read.to_json().to_string(), one.to_string());
    }
    let with_more = json!({ "id": "msg-1", "role": "user", "content": "Hello", "createdAt": 5 });
    assert_eq!(Message::parse(&with_more), Ok(Message::user("Hello")), "members that are not ours are ignored");
}

#[test]
fn what_is_wrong_is_told_apart() {
    let content = |role: &str, content: Value| json!({ "role": role, "content": content });
    let cases = [
        (json!("Hello"), BadMessage::Role),
        (json!({ "content": "Hello" }), BadMessage::Role),
        (content("robot", json!("Hello")), BadMessage::Role),
        (content("User", json!("Hello")), BadMessage::Role),
        (json!({ "role": "user" }), BadMessage::Content),
        (content("user", json!("")), BadMessage::Content),
        (content("user", json!(null)), BadMessage::Content),
        (content("user", json!(5)), BadMessage::Content),
        (content("user", json!([])), BadMessage::Content),
        (content("user", json!({ "type": "text", "text": "x" })), BadMessage::Content),
        (content("user", json!([{ "type": "text" }])), BadMessage::Content),
        (content("user", json!([{ "type": "video", "video": "x" }])), BadMessage::Content),
        (content("user", json!([{ "type": "image", "image": "file:///etc/passwd" }])), BadMessage::Content),
        (content("user", json!([{ "type": "tool-result", "toolCallId": "a", "toolName": "b" }])), BadMessage::Content),
        (content("assistant", json!([{ "type": "tool-call", "toolName": "b" }])), BadMessage::Content),
    ];
    for (value, expected) in cases {
        assert_eq!(Message::parse(&value), Err(expected), "{value}");
    }
}

#[test]
fn texts_are_taken_out_of_parts() {
    let parts = vec![
        Part::Text { text: "One".to_owned() },
        Part::ToolCall { id: "a".to_owned(), name: "b".to_owned(), args: json!({}) },
        Part::Text { text: "Two".to_owned() },
    ];
    let content = Content::Parts(parts);
    assert_eq!(content.plain_text(), "One\nTwo");
    assert!(content.has_tools() && !Content::Text("x".to_owned()).has_tools());
    assert_eq!(Role::parse("tool"), Some(Role::Tool));
}

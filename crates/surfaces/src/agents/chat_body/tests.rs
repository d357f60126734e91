use floe_model::agents::message::Message;
use serde_json::json;

use super::ChatIn;

#[test]
fn the_three_forms_of_messages_are_one() {
    let expected = vec![Message::user("Hello")];
    for messages in
        [json!("Hello"), json!({ "role": "user", "content": "Hello" }), json!([{ "role": "user", "content": "Hello" }])]
    {
        let read = ChatIn::read(json!({ "messages": messages, "unknown": 1 })).expect("a chat");
        assert_eq!(read.messages, expected);
    }
    let read = ChatIn::read(
        json!({ "messages": "Hello", "thread_id": "", "callback_url": "", "stream": null, "metadata": null }),
    );
    let read = read.expect("a chat");
    assert!(read.thread.is_none() && read.callback_url.is_none() && read.stream.is_none() && read.metadata.is_empty());
}

#[test]
fn problems_are_told_in_the_words_of_the_contract() {
    let none = "messages is required and must be a string, a message object or an array of message objects";
    let role = "messages[1].role must be one of user, assistant, system, tool";
    let content = "messages[0].content must be a non-empty string or an array of parts";
    let last = "The last message must have the role user";
    let thread = "thread_id must be 1 to 128 letters, digits or _-.:";
    let url = "callback_url must be a reachable absolute http or https URL";
    let both = "stream and callback_url cannot be used together";
    let user = json!({ "role": "user", "content": "x" });
    let many: serde_json::Map<_, _> = (0..17).map(|n| (n.to_string(), json!("x"))).collect();
    let cases = [
        (json!([]), "invalid_messages", none),
        (json!({}), "invalid_messages", none),
        (json!({ "messages": null }), "invalid_messages", none),
        (json!({ "messages": "" }), "invalid_messages", none),
        (json!({ "messages": [] }), "invalid_messages", none),
        (json!({ "messages": 5 }), "invalid_messages", none),
        (json!({ "messages": ["Hello"] }), "invalid_messages", none),
        (json!({ "messages": [user, { "role": "robot", "content": "x" }] }), "invalid_messages", role),
        (json!({ "messages": { "role": "user" } }), "invalid_messages", content),
        (json!({ "messages": [{ "role": "assistant", "content": "x" }] }), "invalid_messages", last),
        (json!({ "messages": "x", "thread_id": "a b" }), "invalid_thread_id", thread),
        (json!({ "messages": "x", "thread_id": "a".repeat(129) }), "invalid_thread_id", thread),
        (json!({ "messages": "x", "thread_id": 5 }), "invalid_thread_id", thread),
        (json!({ "messages": "x", "callback_url": 5 }), "invalid_callback_url", url),
        (json!({ "messages": "x", "callback_url": "https://x.test", "stream": true }), "invalid_request", both),
        (json!({ "messages": "x", "stream": "yes" }), "invalid_request", "stream must be true or false"),
        (
            json!({ "messages": "x", "metadata": [] }),
            "invalid_metadata",
            "metadata must be an object of at most 16 texts",
        ),
        (
            json!({ "messages": "x", "metadata": { "a": 1 } }),
            "invalid_metadata",
            "metadata must be an object of at most 16 texts",
        ),
        (
            json!({ "messages": "x", "metadata": many }),
            "invalid_metadata",
            "metadata must be an object of at most 16 texts",
        ),
        // Of several problems the first is told.
        (json!({ "messages": "", "thread_id": "a b" }), "invalid_messages", none),
    ];
    for (body, code, message) in cases {
        let fault = ChatIn::read(body.clone()).expect_err("a refusal");
        assert_eq!((fault.code(), fault.message()), (code, message), "{body}");
    }
}

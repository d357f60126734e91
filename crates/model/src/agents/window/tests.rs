use serde_json::json;

use super::*;

fn said(role: Role, text: &str) -> Message {
    Message { role, content: Content::Text(text.to_owned()) }
}

fn conversation() -> Vec<Message> {
    let call = Part::ToolCall { id: "c1".to_owned(), name: "find".to_owned(), args: json!({}) };
    let result = Part::ToolResult { id: "c1".to_owned(), name: "find".to_owned(), result: json!("x") };
    vec![
        said(Role::User, "one"),
        Message { role: Role::Assistant, content: Content::Parts(vec![call]) },
        Message { role: Role::Tool, content: Content::Parts(vec![result]) },
        said(Role::Assistant, "two"),
        said(Role::User, "three"),
    ]
}

#[test]
fn sees_as_many_as_memory_allows_and_no_result_without_its_call() {
    let messages = conversation();
    for (max, first) in [(10, 0), (5, 0), (4, 1), (3, 3), (2, 3), (1, 4), (0, 4)] {
        assert_eq!(first_seen(&messages, 4, max, 10_000), first, "at most {max}");
    }
}

#[test]
fn drops_the_oldest_when_they_do_not_fit_but_never_what_was_just_said() {
    let mut messages = conversation();
    messages[3] = said(Role::Assistant, &"x".repeat(4_000));
    assert_eq!(first_seen(&messages, 4, 10, 500), 4);
    assert_eq!(first_seen(&messages, 4, 10, 2_000), 0);
    messages[4] = said(Role::User, &"x".repeat(40_000));
    assert_eq!(first_seen(&messages, 4, 10, 500), 4);
}

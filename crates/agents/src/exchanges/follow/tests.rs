use super::*;

#[test]
fn what_is_kept_of_an_event_is_read_again() {
    let (id, name) = ("c1".to_owned(), "find".to_owned());
    for event in [
        Event::Token("Hello ".to_owned()),
        Event::Restart,
        Event::ToolStarted { id: id.clone(), name: name.clone(), arguments: json!({ "q": null }) },
        Event::ToolStarted { id: id.clone(), name: name.clone(), arguments: Value::Null },
        Event::ToolCompleted { id: id.clone(), name: name.clone(), result: Value::Null },
        Event::ToolFailed { id, name, error: "timeout: no".to_owned() },
    ] {
        assert_eq!(Event::read(event.to_json()), event);
    }
}

#[test]
fn each_failure_has_a_sentence_of_its_own() {
    let told: Vec<String> = [
        (200, Some(Finish::Cancelled), None),
        (402, None, Some("no_credits")),
        (503, None, Some("rate_limited")),
        (503, None, Some("model_unavailable")),
        (503, None, Some("timed_out")),
        (500, None, Some("max_iterations")),
        (500, None, Some("given_up")),
    ]
    .into_iter()
    .map(|(code, finish, error)| why(code, finish, error))
    .collect();
    let mut different = told.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), told.len(), "{told:?}");
}

//! Step records: what a journal tells about each step.

use serde_json::json;

use super::harness::{Run, START, call, set, with};
use crate::event::{Happening, LogLine, StepError};
use crate::plan::Port;

#[test]
fn a_record_tells_the_whole_story_of_a_step() {
    let mut run =
        Run::of(json!([with(call("a"), json!({ "retry": { "maxAttempts": 2, "intervalMs": 2_000 } }))]), json!({}));
    let place = run.place("a");
    let line = |text: &str| LogLine { level: "info".to_owned(), message: text.to_owned() };
    run.pass(1).tell(Happening::Failed {
        place,
        attempt: 1,
        error: StepError::retryable("busy", "m"),
        logs: vec![line("one")],
    });
    let record = &run.history().steps[0];
    assert_eq!(
        (record.status.as_str(), record.attempt, record.error.as_ref().map(|error| error.code.as_str())),
        ("running", 1, Some("busy"))
    );
    run.pass(2).tell(Happening::Retried { place });
    run.pass(1).tell(Happening::Done {
        place,
        attempt: 2,
        result: json!(5).into(),
        port: Port::NEXT,
        logs: vec![line("two")],
        changes: None,
    });
    let history = run.history();
    let record = &history.steps[0];
    assert_eq!((record.status.as_str(), record.attempt), ("completed", 2));
    assert_eq!((record.started_at, record.finished_at), (START, Some(START.plus_seconds(4))));
    assert_eq!((record.input.as_deref(), record.output.as_deref()), (Some(&json!({ "url": "u" })), Some(&json!(5))));
    assert!(record.error.is_none());
    assert_eq!(record.logs.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn records_of_a_failure_keep_its_facts() {
    let mut run = Run::of(json!([with(call("a"), json!({ "onError": "continue" }))]), json!({}));
    run.fail("a", StepError::new("broken", "No").with_details(json!({ "status": 500 })));
    let record = &run.history().steps[0];
    assert_eq!(record.error.as_ref().and_then(|error| error.details.clone()), Some(json!({ "status": 500 })));
    assert_eq!(record.output, None);
}

#[test]
fn a_history_ends_where_the_machine_does() {
    let mut run = Run::of(
        json!([call("a"), set("b", json!({})), { "id": "c", "type": "delay", "data": { "seconds": 9 } }]),
        json!({}),
    );
    run.done("a", json!(1));
    let history = run.history();
    assert_eq!(format!("{:?}", history.machine.context()), format!("{:?}", run.machine.context()));
    assert_eq!(history.machine.revision(), run.machine.revision());
    assert_eq!(history.machine.revision() as usize, run.journal.len());
    assert_eq!(run.told(), ["a completed", "b completed", "c waiting"]);
    assert_eq!(history.machine.current_node(), run.machine.current_node());
    // Events that do not fit are no part of the story.
    let mut doubled = run.journal.clone();
    doubled.extend(run.journal.iter().cloned());
    let history = crate::records::History::fold(run.machine.plan().clone(), &doubled);
    assert_eq!(history.steps.len(), 3);
}

//! The written form of events: it is what old journals hold, so it may grow and never change.

use std::sync::Arc;

use floe_model::Timestamp;
use floe_model::id::{RunId, WaitId};
use serde_json::{Map, Value, json};

use crate::event::{Answer, Beginning, Event, Happening, LogLine, Place, Question, QuestionKind, StepError};
use crate::plan::{Port, WaitKind};

/// Writes an event, compares the text, reads it back and compares everything.
fn check(what: Happening, expected: Value) {
    let event = Event { at: Timestamp(5), what };
    let text = serde_json::to_string(&event).expect("an event can be written");
    let mut whole = json!({ "at": 5 });
    whole.as_object_mut().expect("an object").extend(expected.as_object().cloned().expect("an object"));
    assert_eq!(text, whole.to_string());
    let read: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(format!("{read:?}"), format!("{event:?}"));
}

const PLACE: Place = Place { frame: 1, node: 2 };

#[test]
fn every_event_is_written_and_read() {
    let p = json!({ "f": 1, "n": 2 });
    let id = "00000000-0000-0000-0000-000000000009";
    check(
        Happening::Began(Box::new(Beginning {
            run: RunId(9),
            entry: 1,
            inputs: Map::from_iter([("a".to_owned(), json!(0.1))]),
            trigger_data: Value::Null,
            user: json!({ "name": "A" }),
            flow: json!({ "version": 1 }),
            depth: 2,
            reuse: None,
            trigger: Value::Null,
        })),
        json!({ "e": "began", "run": id, "entry": 1, "inputs": { "a": 0.1 }, "trigger_data": null, "user": { "name": "A" }, "flow": { "version": 1 }, "depth": 2 }),
    );
    check(Happening::Admitted, json!({ "e": "admitted" }));
    check(
        Happening::Intended { place: PLACE, input: Arc::new(json!({ "u": 1 })) },
        json!({ "e": "intended", "place": p, "input": { "u": 1 } }),
    );
    let done = |attempt, port, logs| Happening::Done {
        place: PLACE,
        attempt,
        result: Arc::new(json!(null)),
        port,
        logs,
        changes: None,
    };
    check(done(1, Port::NEXT, vec![]), json!({ "e": "done", "place": p, "result": null }));
    let line = LogLine { level: "warn".to_owned(), message: "m".to_owned() };
    check(
        done(2, Port::ERROR, vec![line.clone()]),
        json!({ "e": "done", "place": p, "attempt": 2, "result": null, "port": 1, "logs": [{ "level": "warn", "message": "m" }] }),
    );
    check(Happening::Skipped { place: PLACE }, json!({ "e": "skipped", "place": p }));
    check(
        Happening::Failed { place: PLACE, attempt: 1, error: StepError::new("c", "m"), logs: vec![] },
        json!({ "e": "failed", "place": p, "error": { "code": "c", "message": "m" } }),
    );
    check(
        Happening::Failed {
            place: PLACE,
            attempt: 3,
            error: StepError::retryable("c", "m").with_details(json!([1])),
            logs: vec![line],
        },
        json!({ "e": "failed", "place": p, "attempt": 3, "error": { "code": "c", "message": "m", "retryable": true, "details": [1] }, "logs": [{ "level": "warn", "message": "m" }] }),
    );
    check(Happening::Retried { place: PLACE }, json!({ "e": "retried", "place": p }));
    check(
        Happening::Looped { place: PLACE, items: Arc::new(vec![json!(1)]), total: 3, start: 0, variables: Map::new() },
        json!({ "e": "looped", "place": p, "items": [1], "total": 3 }),
    );
    check(
        Happening::Tested { place: PLACE, outcome: Ok(true) },
        json!({ "e": "tested", "place": p, "outcome": { "Ok": true } }),
    );
    check(
        Happening::Tested { place: PLACE, outcome: Err(StepError::new("c", "m")) },
        json!({ "e": "tested", "place": p, "outcome": { "Err": { "code": "c", "message": "m" } } }),
    );
    check(Happening::Split { place: PLACE }, json!({ "e": "split", "place": p }));
    for (kind, written) in [
        (QuestionKind::Answer(WaitKind::UserApproval), json!({ "answer": "user-approval" })),
        (QuestionKind::Answer(WaitKind::ClientTool), json!({ "answer": "client-tool" })),
        (QuestionKind::Answer(WaitKind::ShowForm), json!({ "answer": "show-form" })),
        (QuestionKind::Delay { inline: true }, json!({ "delay": { "inline": true } })),
    ] {
        let body = Map::from_iter([("message".to_owned(), json!("m"))]);
        check(
            Happening::WaitOpened(Box::new(Question {
                wait: WaitId(9),
                place: PLACE,
                kind,
                body,
                due: Timestamp(-7),
                asked_at: Timestamp(3),
            })),
            json!({ "e": "wait_opened", "wait": id, "place": p, "kind": written, "body": { "message": "m" }, "asked_at": 3, "due": -7 }),
        );
    }
    for (answer, written) in [
        (
            Answer::Decision { approve: true, comment: None },
            json!({ "decision": { "approve": true, "comment": null } }),
        ),
        (Answer::ToolResult { outcome: Ok(Value::Null) }, json!({ "tool_result": { "outcome": { "Ok": null } } })),
        (
            Answer::ToolResult { outcome: Err("no".to_owned()) },
            json!({ "tool_result": { "outcome": { "Err": "no" } } }),
        ),
        (Answer::FormData(json!({ "a": 1 })), json!({ "form_data": { "a": 1 } })),
    ] {
        check(
            Happening::Answered { wait: WaitId(9), answer, by: Some("A".to_owned()) },
            json!({ "e": "answered", "wait": id, "answer": written, "by": "A" }),
        );
    }
    check(Happening::Expired { wait: WaitId(9) }, json!({ "e": "expired", "wait": id }));
    check(
        Happening::ChildCalled { place: PLACE, input: Arc::new(json!({})) },
        json!({ "e": "child_called", "place": p, "input": {} }),
    );
    check(
        Happening::ChildStarted { place: PLACE, child: RunId(9) },
        json!({ "e": "child_started", "place": p, "child": id }),
    );
    check(
        Happening::ChildPaused { child: RunId(9), question: None },
        json!({ "e": "child_paused", "child": id, "question": null }),
    );
    check(
        Happening::ChildPaused { child: RunId(9), question: Some(Box::new(json!({}))) },
        json!({ "e": "child_paused", "child": id, "question": {} }),
    );
    check(
        Happening::ChildEnded { child: RunId(9), outcome: Ok(Arc::new(json!(null))) },
        json!({ "e": "child_ended", "child": id, "outcome": { "Ok": null } }),
    );
    check(
        Happening::ChildEnded { child: RunId(9), outcome: Err(StepError::new("c", "m")) },
        json!({ "e": "child_ended", "child": id, "outcome": { "Err": { "code": "c", "message": "m" } } }),
    );
    check(Happening::Cancelled { by: None }, json!({ "e": "cancelled", "by": null }));
    check(
        Happening::Stopped { error: StepError::new("c", "m") },
        json!({ "e": "stopped", "error": { "code": "c", "message": "m" } }),
    );
}

#[test]
fn numbers_keep_every_digit() {
    let numbers = [
        0.1 + 0.2,
        1.0 / 3.0,
        1e-7,
        123_456_789.123_456_78,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        2.225_073_858_507_201e-308,
        9.007_199_254_740_993e15,
    ];
    for number in numbers {
        let text = serde_json::to_string(&json!(number)).expect("a number");
        let read: Value = serde_json::from_str(&text).expect("a number");
        assert_eq!(read.as_f64(), Some(number), "{text}: a journal must give back what was written");
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(state);
        if number.is_finite() {
            let text = serde_json::to_string(&json!(number)).expect("a number");
            let read: Value = serde_json::from_str(&text).expect("a number");
            assert_eq!(read.as_f64(), Some(number), "{text}");
        }
    }
    for text in ["18446744073709551615", "-9223372036854775808"] {
        let read: Value = serde_json::from_str(text).expect("a number");
        assert_eq!(read.to_string(), text);
    }
}

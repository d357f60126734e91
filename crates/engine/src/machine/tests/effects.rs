//! Effects: results, failures, attempts, and what a failure leads to.

use serde_json::json;

use super::harness::{Run, call, done_at, failed_at, set, with};
use crate::event::{Happening, StepError};
use crate::machine::Command;

fn busy() -> StepError {
    StepError::retryable("busy", "Try again")
}

fn broken() -> StepError {
    StepError::new("broken", "Never again")
}

#[test]
fn a_result_goes_under_its_names() {
    let mut run = Run::of(
        json!([call("a"), { "id": "b", "type": "final", "data": { "outputs": { "x": "{{ a.v }}", "y": "{{ steps[\"a\"].v }}" } } }]),
        json!({}),
    );
    run.done("a", json!({ "v": 5 }));
    assert_eq!(run.output(), json!({ "x": 5, "y": 5 }));
    assert_eq!(run.told(), ["a completed", "b completed"]);
}

#[test]
fn the_configuration_is_rendered_once_and_repeated_as_it_was() {
    let step = json!({ "id": "a", "type": "call", "retry": { "maxAttempts": 2 },
        "data": { "url": "{{ uuid() }}", "headers": "{{ h }}", "body": ["{{ n + 1 }}"] } });
    let mut run = Run::of(json!([step]), json!({ "h": "{\"A\":1}", "n": 1 }));
    run.fail("a", busy());
    let place = run.place("a");
    run.tell(Happening::Retried { place });
    let inputs: Vec<_> = run
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Perform { attempt, input, .. } => Some((*attempt, input.as_ref().clone())),
            _ => None,
        })
        .collect();
    let input = json!({ "url": "00000000-0000-0000-0000-000000000001", "headers": { "A": 1 }, "body": [2] });
    assert_eq!(inputs, [(1, input.clone()), (2, input)]);
}

#[test]
fn attempts_are_bounded_and_spaced() {
    let cases = [
        (json!({ "maxAttempts": 3, "intervalMs": 500 }), vec![500, 500]),
        (json!({ "maxAttempts": 4, "intervalMs": 500, "backoff": "exponential" }), vec![500, 1_000, 2_000]),
        (json!({ "maxAttempts": 2, "intervalMs": 0 }), vec![0]),
        (json!({ "maxAttempts": 2 }), vec![1_000]),
        (json!({}), vec![]),
    ];
    for (retry, pauses) in cases {
        let mut run = Run::of(json!([with(call("a"), json!({ "retry": retry }))]), json!({}));
        for pause in &pauses {
            run.fail("a", busy());
            assert_eq!(run.last_wake(), (*pause, true));
            assert!(!run.machine.is_waiting(), "a pause between attempts is not a wait");
            let place = run.place("a");
            run.tell(Happening::Retried { place });
        }
        run.fail("a", busy());
        assert_eq!(run.failure(), ("busy".to_owned(), Some("a")));
        assert_eq!(run.performed("a"), pauses.len() + 1);
        assert_eq!(run.history().steps[0].attempt as usize, pauses.len() + 1);
        assert_eq!(run.told(), ["a failed"]);
    }
}

#[test]
fn what_another_attempt_would_meet_again_is_not_repeated() {
    let mut run = Run::of(json!([with(call("a"), json!({ "retry": { "maxAttempts": 3 } }))]), json!({}));
    run.fail("a", broken());
    assert_eq!(run.failure(), ("broken".to_owned(), Some("a")));
}

#[test]
fn a_failure_does_what_on_error_says() {
    let steps = |on_error: &str| {
        json!([
            with(call("a"), json!({ "onError": on_error, "errorNextStepId": "saved" })),
            { "id": "went", "type": "final", "data": { "outputs": { "went": "{{ a }}" } } },
            { "id": "saved", "type": "final", "data": { "outputs": { "saved": "{{ a.error.code }}" } } },
        ])
    };
    let fail = |on_error: &str| {
        let mut run = Run::of(steps(on_error), json!({}));
        run.fail("a", broken());
        run
    };
    assert_eq!(fail("fail").failure(), ("broken".to_owned(), Some("a")));
    assert_eq!(
        fail("continue").output(),
        json!({ "went": { "error": { "code": "broken", "message": "Never again" } } })
    );
    assert_eq!(fail("branch").output(), json!({ "saved": "broken" }));
    assert_eq!(fail("branch").told(), ["a failed", "saved completed"]);
    assert_eq!(fail("continue").told(), ["a failed", "went completed"]);
    let mut fine = Run::of(steps("branch"), json!({}));
    fine.done("a", json!(1));
    assert_eq!(fine.output(), json!({ "went": 1 }));
}

#[test]
fn only_the_attempt_under_way_is_heard() {
    let mut run = Run::of(json!([with(call("a"), json!({ "retry": { "maxAttempts": 3 } })), call("b")]), json!({}));
    let place = run.place("a");
    assert!(!run.try_tell(done_at(place, 2, json!("future"))));
    run.fail("a", busy());
    assert!(!run.try_tell(done_at(place, 1, json!("late"))), "an attempt that was given up");
    assert!(!run.try_tell(failed_at(place, 1, busy())), "a failure counts once");
    run.tell(Happening::Retried { place });
    assert!(!run.try_tell(Happening::Retried { place }));
    assert!(!run.try_tell(done_at(place, 1, json!("late"))));
    run.done("a", json!("good"));
    assert!(!run.try_tell(done_at(place, 2, json!("again"))), "a result counts once");
    assert!(!run.try_tell(failed_at(place, 2, busy())));
    assert!(!run.try_tell(Happening::Intended { place, input: json!({}).into() }));
    assert_eq!(run.result("a"), json!("good"));
    run.done("b", json!(null));
    assert_eq!(run.output(), json!({}));
    assert!(!run.try_tell(Happening::Cancelled { by: None }), "a final state never changes");
}

#[test]
fn what_cannot_be_rendered_fails_the_step() {
    let cases = [
        (json!({ "url": "u", "body": "{{ n.includes(1) }}" }), "expression_error"),
        (json!({ "url": "{{ [long, long].join(long) }}" }), "expression_limit"),
        (json!({ "url": "u", "headers": "{{ n }}" }), "bad_value"),
        (json!({ "url": "u", "headers": "{{ t }}" }), "bad_value"),
    ];
    for (data, code) in cases {
        let steps = json!([{ "id": "a", "type": "call", "data": data, "retry": { "maxAttempts": 3 } }]);
        let run = Run::of(steps, json!({ "n": 5, "t": "[1]", "long": "x".repeat(600_000) }));
        assert_eq!(run.failure(), (code.to_owned(), Some("a")));
        assert_eq!(run.performed("a"), 0);
    }
}

#[test]
fn a_cancelled_run_gives_up_its_effects() {
    let mut run = Run::of(json!([call("a")]), json!({}));
    let place = run.place("a");
    run.tell(Happening::Cancelled { by: Some("Ada".to_owned()) });
    assert!(matches!(run.commands.last(), Some(Command::Abandon(at)) if *at == place));
    assert!(!run.try_tell(done_at(place, 1, json!(1))));
    assert_eq!(run.told(), ["a cancelled"]);
}

#[test]
fn a_step_that_is_switched_off_is_passed_over() {
    let run = Run::of(
        json!([
            with(call("a"), json!({ "disabled": true })),
            { "id": "w", "type": "add-widget-to-message", "data": { "widget": "w" }, "output": "w" },
            set("b", json!({ "x": "{{ a }}" })),
        ]),
        json!({}),
    );
    assert_eq!(run.told(), ["a skipped", "w skipped", "b completed"]);
    assert_eq!(run.machine.context()["steps"], json!({ "b": { "x": null } }));
    assert_eq!(run.history().steps[1].logs[0].level, "warn");
    assert_eq!(run.output(), json!({}));
}

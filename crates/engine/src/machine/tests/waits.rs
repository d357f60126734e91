//! Questions, delays and child runs.

use floe_model::id::RunId;
use serde_json::{Value, json};
use std::sync::Arc;

use super::harness::{Run, START, call, set, with};
use crate::event::{Answer, Happening, QuestionKind, StepError};
use crate::machine::{Alarm, Command, Machine};
use crate::plan::WaitKind;

const WEEK_S: i64 = 604_800;

fn approval(more: Value) -> Value {
    with(json!({ "id": "ask", "type": "user-approval", "data": { "message": "Pay {{ n }}?" }, "output": "said" }), more)
}

fn ended(run: &Run) -> Vec<String> {
    run.told()[1..].to_vec()
}

#[test]
fn an_approval_goes_three_ways() {
    let steps = json!([
        approval(json!({ "rejectNextStepId": "no", "timeoutNextStepId": "late", "nextStepId": "yes" })),
        with(set("yes", json!({})), json!({ "nextStepId": null })),
        with(set("no", json!({})), json!({ "nextStepId": null })),
        with(set("late", json!({ "code": "{{ said.error.code }}" })), json!({ "nextStepId": null })),
    ]);
    let ask = || Run::of(steps.clone(), json!({ "n": 5 }));
    let mut run = ask();
    let question = run.machine.questions().next().expect("a question").clone();
    assert_eq!(Value::Object(question.body), json!({ "message": "Pay 5?", "options": ["approve", "reject"] }));
    assert_eq!(
        (question.kind, question.due),
        (QuestionKind::Answer(WaitKind::UserApproval), START.plus_seconds(WEEK_S))
    );
    assert!(run.machine.is_waiting());
    assert_eq!(run.told(), ["ask waiting"]);
    run.pass(60).decide(true);
    let said = json!({ "decision": "approve", "decidedAt": "2026-01-01T00:01:00.000Z", "decidedBy": "Ada" });
    assert_eq!(run.result("ask"), said);
    assert_eq!(run.machine.context()["approval"], with(said, json!({ "message": "Pay 5?" })));
    assert_eq!(ended(&run), ["yes completed"]);
    assert_eq!(run.machine.active_ms(run.now), 0, "waiting is not active time");
    let mut run = ask();
    run.answer(Answer::Decision { approve: false, comment: Some("too much".to_owned()) });
    assert_eq!(ended(&run), ["no completed"]);
    assert_eq!(run.machine.context()["approval"]["comment"], json!("too much"));
    let mut run = ask();
    run.pass(WEEK_S).expire();
    assert_eq!(ended(&run), ["late completed"]);
    assert_eq!(run.machine.context()["code"], json!("wait_timeout"));
}

#[test]
fn without_ways_of_its_own_a_rejection_goes_on_and_an_expiry_fails() {
    let steps = json!([approval(json!({})), set("next", json!({}))]);
    let mut run = Run::of(steps.clone(), json!({}));
    run.decide(false);
    assert_eq!(
        (ended(&run), run.result("ask")["decision"].clone()),
        (vec!["next completed".to_owned()], json!("reject"))
    );
    let mut run = Run::of(steps, json!({}));
    run.expire();
    assert_eq!(run.failure(), ("wait_timeout".to_owned(), Some("ask")));
    let mut run = Run::of(json!([approval(json!({ "onError": "continue" })), set("next", json!({}))]), json!({}));
    run.expire();
    assert_eq!(run.told(), ["ask failed", "next completed"]);
}

#[test]
fn of_several_answers_the_first_counts() {
    let mut run = Run::of(json!([approval(json!({})), approval(json!({ "id": "two" }))]), json!({}));
    let wait = run.wait();
    let answer = |approve| Happening::Answered { wait, answer: Answer::Decision { approve, comment: None }, by: None };
    assert!(run.try_tell(answer(true)));
    assert!(!run.try_tell(answer(false)));
    assert!(!run.try_tell(Happening::Expired { wait }));
    assert_ne!(run.wait(), wait);
    // And an answer of another kind is none.
    let wait = run.wait();
    assert!(!run.try_tell(Happening::Answered { wait, answer: Answer::FormData(json!({})), by: None }));
    run.expire();
    let answer = Happening::Answered { wait, answer: Answer::Decision { approve: true, comment: None }, by: None };
    assert!(!run.try_tell(answer), "expiry came first");
}

#[test]
fn time_to_answer_is_written_or_computed() {
    for (timeout, seconds) in [(json!(90), 90), (json!("{{ t }}"), 30)] {
        let run = Run::of(
            json!([approval(json!({ "data": { "message": "m", "timeoutSeconds": timeout } }))]),
            json!({ "t": 30 }),
        );
        assert_eq!(run.last_wake(), (seconds * 1_000, false));
    }
    let run = Run::of(
        json!([approval(json!({ "data": { "message": "m", "timeoutSeconds": "{{ t }}" } }))]),
        json!({ "t": 0 }),
    );
    assert_eq!(run.failure(), ("bad_value".to_owned(), Some("ask")));
}

#[test]
fn a_client_tool_gives_its_output_or_fails() {
    let steps = json!([{ "id": "tool", "type": "client-tool", "data": { "toolName": "open", "parameters": [{ "key": "u", "value": "{{ u }}" }] }, "output": "x" }, set("next", json!({}))]);
    let ask = || Run::of(steps.clone(), json!({ "u": { "a": 1 } }));
    let mut run = ask();
    let wait = run.wait();
    let body = Value::Object(run.machine.questions().next().expect("a question").body.clone());
    assert_eq!(body, json!({ "toolName": "open", "executionId": wait, "args": { "u": { "a": 1 } } }));
    run.answer(Answer::ToolResult { outcome: Ok(json!([1])) });
    assert_eq!(run.machine.context()["x"], json!([1]));
    let mut run = ask();
    run.answer(Answer::ToolResult { outcome: Err("blocked".to_owned()) });
    assert_eq!(run.failure(), ("client_tool_failed".to_owned(), Some("tool")));
}

#[test]
fn a_form_gives_its_values() {
    let steps =
        |fields: Value| json!([{ "id": "form", "type": "show-form", "data": { "title": "T", "fields": fields } }]);
    let mut run = Run::of(steps(json!([{ "key": "a", "type": "number", "default": "{{ n }}" }])), json!({ "n": 3 }));
    assert_eq!(run.machine.questions().next().expect("a question").body["fields"][0]["default"], json!(3));
    run.answer(Answer::FormData(json!({ "a": 4 })));
    assert_eq!(run.result("form"), json!({ "a": 4 }));
    let run = Run::of(steps(json!("{{ n }}")), json!({ "n": 3 }));
    assert_eq!(run.failure(), ("bad_value".to_owned(), Some("form")));
}

#[test]
fn short_delays_are_spent_inline() {
    let steps = |data: Value| json!([{ "id": "d", "type": "delay", "data": data }]);
    for (data, due_ms, inline) in [
        (json!({ "seconds": 5 }), 5_000, true),
        (json!({ "seconds": 0 }), 0, true),
        (json!({ "seconds": "{{ t }}" }), 1_500, true),
        (json!({ "seconds": 5.1 }), 5_100, false),
        (json!({ "seconds": 2_592_000 }), 2_592_000_000, false),
        (json!({ "until": "2026-01-01T00:01:00Z" }), 60_000, false),
        (json!({ "until": "2020-01-01T00:00:00Z" }), 0, true),
    ] {
        let mut run = Run::of(steps(data.clone()), json!({ "t": "1.5" }));
        assert_eq!(run.last_wake(), (due_ms, false), "{data}");
        assert_eq!(
            (run.machine.is_waiting(), run.machine.questions().count()),
            (!inline, usize::from(!inline)),
            "{data}"
        );
        let wait = run.wait();
        let answer = Happening::Answered { wait, answer: Answer::FormData(json!({})), by: None };
        assert!(!run.try_tell(answer), "only time ends a delay");
        run.pass(due_ms / 1_000).expire();
        let at = run.now.to_string();
        assert_eq!(run.result("d"), json!({ "resumedAt": at }));
        let active = if inline { due_ms / 1_000 * 1_000 } else { 0 };
        assert_eq!(run.machine.active_ms(run.now), active, "{data}");
    }
    for data in
        [json!({ "seconds": "{{ t }}" }), json!({ "until": "{{ t }}" }), json!({ "until": "2026-03-01T00:00:00Z" })]
    {
        assert_eq!(Run::of(steps(data), json!({ "t": "soon" })).failure(), ("bad_value".to_owned(), Some("d")));
    }
}

fn calling(wait: bool) -> Value {
    json!([{ "id": "sub", "type": "call-flow", "output": "sub", "data": { "flowId": "{{ f }}", "version": "latest", "inputs": "{\"a\":\"{{ n }}\"}", "waitForCompletion": wait } },
        { "id": "end", "type": "final", "data": { "outputs": { "sub": "{{ sub }}" } } }])
}

#[test]
fn a_child_run_is_started_awaited_and_heard_once() {
    let mut run = Run::of(calling(true), json!({ "f": "flow1", "n": 3 }));
    let Some(Command::Call { place, input }) = run.commands.last().cloned() else { panic!("{:?}", run.commands) };
    assert_eq!(*input, json!({ "flowId": "flow1", "version": "latest", "inputs": { "a": 3 } }));
    let child = RunId(99);
    run.tell(Happening::ChildStarted { place, child });
    assert!(!run.try_tell(Happening::ChildStarted { place, child: RunId(98) }), "one call starts one run");
    assert!(!run.machine.is_waiting(), "the child is on its way");
    let question = Some(Box::new(json!({ "type": "user-approval" })));
    run.tell(Happening::ChildPaused { child, question: question.clone() });
    assert!(run.machine.is_waiting());
    assert_eq!(run.machine.paused_child().map(|(_, child, _)| child), Some(child));
    assert_eq!(run.told(), ["sub waiting"]);
    assert!(!run.try_tell(Happening::ChildPaused { child, question }), "nothing new");
    run.pass(100).tell(Happening::ChildPaused { child, question: None });
    assert!(!run.machine.is_waiting());
    assert_eq!(run.told(), ["sub running"]);
    run.tell(Happening::ChildEnded { child, outcome: Ok(Arc::new(json!({ "b": 1 }))) });
    assert!(!run.try_tell(Happening::ChildEnded { child, outcome: Ok(Arc::new(json!(2))) }));
    assert_eq!(run.output(), json!({ "sub": { "b": 1 } }));
    assert_eq!(run.machine.active_ms(run.now), 0);
}

#[test]
fn a_child_run_fails_its_step() {
    let mut run = Run::of(calling(true), json!({ "f": "f", "n": 3 }));
    let (place, child) = (run.place("sub"), RunId(99));
    run.tell(Happening::ChildStarted { place, child });
    run.tell(Happening::ChildEnded {
        child,
        outcome: Err(StepError::new("sub_flow_failed", "No").with_details(json!({ "code": "x" }))),
    });
    assert_eq!(run.failure(), ("sub_flow_failed".to_owned(), Some("sub")));
    let mut run = Run::of(calling(true), json!({ "f": "f", "n": 3 }));
    run.fail("sub", StepError::new("depth_limit", "Too deep"));
    assert_eq!(run.failure(), ("depth_limit".to_owned(), Some("sub")));
}

#[test]
fn a_call_is_made_again_as_its_retry_says() {
    let mut steps = calling(true);
    steps[0]["retry"] = json!({ "maxAttempts": 3, "intervalMs": 2_000 });
    let mut run = Run::of(steps, json!({ "f": "f", "n": 3 }));
    let place = run.place("sub");
    let failed = || Err(StepError::retryable("sub_flow_failed", "Not yet"));
    run.tell(Happening::ChildStarted { place, child: RunId(97) });
    run.tell(Happening::ChildEnded { child: RunId(97), outcome: failed() });
    assert!(matches!(run.commands.last(), Some(Command::Wake { .. })), "{:?}", run.commands);
    run.pass(2).tell(Happening::Retried { place });
    let Some(Command::Call { input, .. }) = run.commands.last() else { panic!("{:?}", run.commands) };
    assert_eq!(input["inputs"], json!({ "a": 3 }), "with what it was made with before");
    assert!(!run.try_tell(Happening::ChildEnded { child: RunId(97), outcome: failed() }), "the first one is over");
    // A call that could not be begun counts as well.
    let again = StepError::retryable("sub_flow_failed", "Nor now");
    run.tell(Happening::Failed { place, attempt: 1, error: again, logs: Vec::new() });
    run.pass(2).tell(Happening::Retried { place });
    run.tell(Happening::ChildStarted { place, child: RunId(98) });
    run.tell(Happening::ChildEnded { child: RunId(98), outcome: Ok(Arc::new(json!({ "b": 1 }))) });
    assert_eq!(run.output(), json!({ "sub": { "b": 1 } }));
}

#[test]
fn a_child_run_that_is_not_awaited_gives_its_id() {
    let mut run = Run::of(calling(false), json!({ "f": "f", "n": 3 }));
    let (place, child) = (run.place("sub"), RunId(99));
    run.tell(Happening::ChildStarted { place, child });
    assert_eq!(run.output(), json!({ "sub": { "appRunId": child } }));
    assert!(!run.try_tell(Happening::ChildEnded { child, outcome: Ok(Arc::new(json!(2))) }));
}

#[test]
fn a_cancelled_run_takes_its_child_and_its_question_with_it() {
    let mut run = Run::of(calling(true), json!({ "f": "f", "n": 3 }));
    let (place, child) = (run.place("sub"), RunId(99));
    run.tell(Happening::ChildStarted { place, child }).tell(Happening::Cancelled { by: None });
    assert!(matches!(run.commands.last(), Some(Command::CancelChild(cancelled)) if *cancelled == child));
    assert_eq!(run.told(), ["sub cancelled"]);
    let mut run = Run::of(json!([approval(json!({})), call("next")]), json!({}));
    let wait = run.wait();
    run.tell(Happening::Cancelled { by: None });
    assert_eq!((run.machine.questions().count(), run.machine.is_waiting()), (0, false));
    let answer = Happening::Answered { wait, answer: Answer::Decision { approve: true, comment: None }, by: None };
    assert!(!run.try_tell(answer));
}

#[test]
fn what_is_under_way_is_commanded_again_after_a_restart() {
    let again = |run: &Run| {
        let mut machine = Machine::recover(Arc::clone(run.machine.plan()), &run.journal);
        let commands: Vec<String> = std::iter::from_fn(|| machine.next()).map(|command| brief(&command)).collect();
        commands
    };
    let mut run =
        Run::of(json!([with(call("a"), json!({ "retry": { "maxAttempts": 2 } })), approval(json!({}))]), json!({}));
    assert_eq!(again(&run), ["perform 1"]);
    run.fail("a", StepError::retryable("busy", "m"));
    assert_eq!(again(&run), ["wake for an attempt"]);
    let place = run.place("a");
    run.tell(Happening::Retried { place });
    assert_eq!(again(&run), ["perform 2"]);
    assert!(run.machine.wants(place, 2) && !run.machine.wants(place, 1));
    run.done("a", json!(1));
    assert_eq!(again(&run), ["wake for a wait"]);
    assert!(!run.machine.wants(place, 2));
    run.decide(true);
    assert_eq!(again(&run), [""; 0]);
    let mut run = Run::of(calling(true), json!({ "f": "f", "n": 3 }));
    assert_eq!(again(&run), ["call"]);
    let (place, child) = (run.place("sub"), RunId(99));
    run.tell(Happening::ChildStarted { place, child });
    assert_eq!(again(&run), [""; 0], "the child tells when it ends");
}

fn brief(command: &Command) -> String {
    match command {
        Command::Perform { attempt, .. } => format!("perform {attempt}"),
        Command::Wake { alarm: Alarm::Retry(_), .. } => "wake for an attempt".to_owned(),
        Command::Wake { alarm: Alarm::Wait(_), .. } => "wake for a wait".to_owned(),
        Command::Call { .. } => "call".to_owned(),
        other => format!("{other:?}"),
    }
}

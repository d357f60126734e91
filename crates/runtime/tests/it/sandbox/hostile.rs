//! Programs that try to get out, to stay, or to take everything.

use std::time::Duration;

use floe_runtime::sandbox::{FailureCode, Job, JobLimits, Outcome};
use serde_json::{Map, json};
use tokio::time::Instant;

use super::{failure_code, job, sandbox, value};

/// Runs the code with 500 ms and the usual memory: it must end with this code, soon, and the next job must run.
async fn check(code: &str, expected: FailureCode) {
    let sandbox = sandbox();
    let begin = Instant::now();
    assert_eq!(failure_code(&sandbox, code, 500).await, expected, "{code}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{code}: {:?}", begin.elapsed());
    assert_eq!(value(&sandbox, "return inputs.a + 1").await, json!(21), "{code}");
}

#[tokio::test]
async fn endless_code_ends_in_time() {
    check("while (true) {}", FailureCode::Timeout).await;
    check("for (;;) await null", FailureCode::Timeout).await;
    check("const f = () => { queueMicrotask(f) }; f(); await new Promise(() => {})", FailureCode::Timeout).await;
    check("await new Promise(() => {})", FailureCode::Timeout).await;
    check("return /^(a+)+$/.test('a'.repeat(50) + '!')", FailureCode::Timeout).await;
    check("for (;;) console.log('x'.repeat(1e5))", FailureCode::Timeout).await;
}

#[tokio::test]
async fn a_long_native_loop_is_killed() {
    let sandbox = sandbox();
    let begin = Instant::now();
    let code = "return (new Array(1e8) + '').length";
    assert_eq!(failure_code(&sandbox, code, 200).await, FailureCode::Timeout);
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert_eq!(sandbox.stats().broken, 1);
    assert_eq!(value(&sandbox, "return 1").await, json!(1));
    assert_eq!(sandbox.stats().started, 2);
}

#[tokio::test]
async fn memory_bombs_end_inside_their_memory() {
    for code in [
        "const a = []; for (;;) a.push(new Array(1e4).fill(1))",
        "const a = []; for (;;) a.push('x'.repeat(1e6) + 1)",
        "const f = () => Promise.resolve().then(f); await f()",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, {i})",
        "return new Uint8Array(1e9).length",
        "let f = () => 1; for (;;) { const g = f; f = () => g }",
    ] {
        let sandbox = sandbox();
        assert_eq!(failure_code(&sandbox, code, 20_000).await, FailureCode::Memory, "{code}");
        assert_eq!(sandbox.stats().broken, 0, "{code}");
        assert_eq!(value(&sandbox, "return 1").await, json!(1), "{code}");
    }
}

#[tokio::test]
async fn deep_recursion_is_an_error() {
    check("function f() { return f() + 1 } return f()", FailureCode::Error).await;
    check("const f = (x) => [x].map(f); return f(1)", FailureCode::Error).await;
    check("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a", FailureCode::Error).await;
    check("return eval('['.repeat(1e5))", FailureCode::Error).await;
    check("return new RegExp('('.repeat(1e5))", FailureCode::Error).await;
    check("return JSON.parse('['.repeat(1e6))", FailureCode::Error).await;
    // Parses for the engine, but no JSON reader of ours takes it.
    check("let a = 1; for (let i = 0; i < 300; i++) a = [a]; return a", FailureCode::Error).await;
    check("return {'\\ud800': 1}", FailureCode::Error).await;
}

#[tokio::test]
async fn results_and_logs_are_bounded() {
    for code in ["return 'x'.repeat(2e6)", "return new Array(1e6).fill({})", "return {a: ['\\u0001'.repeat(3e5)]}"] {
        assert_eq!(failure_code(&sandbox(), code, 20_000).await, FailureCode::ResultTooLarge, "{code}");
    }
    let outcome =
        sandbox().run(job("for (let i = 0; i < 1e5; i++) console.log('\\u0001'.repeat(100)); return 1", 5_000)).await;
    let Outcome::Ok { value, logs } = outcome else { panic!("{outcome:?}") };
    assert_eq!(value, json!(1));
    let bytes: usize = logs.iter().map(|line| line.text.len()).sum();
    assert!((60 << 10..66 << 10).contains(&bytes), "{bytes}");
    assert_eq!(logs.last().map(|line| line.text.as_str()), Some("… log cut"));
}

#[tokio::test]
async fn errors_come_with_the_users_line() {
    let failure = async |code: &str| match sandbox().run(job(code, 5_000)).await {
        Outcome::Err(failure) => (failure.code.as_str(), failure.line, failure.logs.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(failure("console.log(1)\nthrow new Error('x')").await, ("code_error", Some(2), 1));
    assert_eq!(failure("let a = 1\n\nlet b = ]").await, ("code_error", Some(3), 0));
    assert_eq!(failure("const a = [1]\na.b.c").await, ("code_error", Some(2), 0));
}

#[tokio::test]
async fn nothing_of_the_host_can_be_reached() {
    let sandbox = sandbox();
    for code in [
        "return typeof require",
        "return typeof process",
        "return typeof fetch",
        "return typeof setTimeout",
        "return ({}).constructor.constructor('return typeof process')()",
        "return (async () => {}).constructor('return typeof require')()",
        "return console.log.constructor.constructor('return typeof os')()",
        "return (0, eval)('typeof std')",
    ] {
        assert_eq!(value(&sandbox, code).await, json!("undefined"), "{code}");
    }
    for code in ["await import('std')", "await import('/etc/passwd')", "await import('file:///proc/self/environ')"] {
        assert_eq!(failure_code(&sandbox, code, 5_000).await, FailureCode::Error, "{code}");
    }
    // Leaving the function is leaving nowhere.
    assert_eq!(value(&sandbox, "}); (async function () { return typeof process").await, json!("undefined"));
}

#[tokio::test]
async fn data_reaches_the_code_unchanged() {
    let data = json!({"__proto__": {"x": 1}, "z": [1.5, -0.0, 1e300, 9_007_199_254_740_991_i64], "a": "\u{0}\"\\ü😀\u{2028}", "": null});
    let globals = Map::from_iter([("inputs".to_owned(), data.clone())]);
    let outcome = sandbox().run(Job::new("return [inputs, ({}).x === undefined]", globals)).await;
    let Outcome::Ok { value, .. } = outcome else { panic!("{outcome:?}") };
    let mut expected = data;
    expected["z"][1] = json!(0);
    assert_eq!(value, json!([expected, true]));
    assert_eq!(value[0].to_string(), expected.to_string(), "the order of keys is kept");
}

#[tokio::test]
async fn a_prelude_runs_first_and_odd_limits_are_moved_into_range() {
    let limits = JobLimits { time_ms: 1_000, memory_bytes: 1, result_bytes: 10, log_bytes: u64::MAX };
    let run = async |code: &str| {
        let prelude = "globalThis.double = (x) => 2 * x".to_owned();
        sandbox().run(Job { prelude, limits, ..Job::new(code, Map::new()) }).await
    };
    assert_eq!(run("return double(4)").await, Outcome::Ok { value: json!(8), logs: Vec::new() });
    let Outcome::Err(failure) = run("return 'more than ten'").await else { panic!("too large") };
    assert_eq!(failure.code, FailureCode::ResultTooLarge);
}

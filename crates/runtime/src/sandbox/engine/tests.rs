use serde_json::{Value, json};

use super::*;
use crate::sandbox::job::{LogLevel, LogLine};

fn run_with(code: &str, globals: &Value, limits: JobLimits) -> Reply<Value> {
    let job = json!({"code": code, "prelude": "", "globals": globals, "limits": limits});
    let job: JobIn = serde_json::from_str(&job.to_string()).expect("a job");
    let engine = Engine::try_new(limits, Watch::start(limits.time_ms, rustix::process::getppid())).expect("an engine");
    let bytes = serde_json::to_vec(&engine.run(&job)).expect("a reply is JSON");
    serde_json::from_slice(&bytes).expect("a reply is JSON")
}

fn run(code: &str) -> Reply<Value> {
    run_with(code, &json!({"inputs": {"a": 2, "list": [1, 2]}, "context": {"n": null}}), JobLimits::default())
}

fn check(code: &str, expected: Value) {
    match run(code) {
        Reply::Done { value, .. } => assert_eq!(value, expected, "{code}"),
        other => panic!("{code}: {other:?}"),
    }
}

fn check_error(code: &str, message: &str, line: Option<u32>) {
    match run(code) {
        Reply::Failed(failure) => {
            assert_eq!(failure.code, FailureCode::Error, "{code}: {failure:?}");
            assert!(failure.message.contains(message), "{code}: {failure:?}");
            assert_eq!(failure.line, line, "{code}: {failure:?}");
        }
        other => panic!("{code}: {other:?}"),
    }
}

#[test]
fn code_returns_json() {
    check("return 1 + 2", json!(3));
    check("", Value::Null);
    check("return undefined", Value::Null);
    check("return null // a comment at the end", Value::Null);
    check("return {b: 1, a: [undefined, NaN, true], c: undefined}", json!({"b": 1, "a": [null, null, true]}));
    check("return inputs.list.map(x => x * inputs.a)", json!([2, 4]));
    check("inputs.list.push(3); return [inputs.list.length, context.n]", json!([3, null]));
    check("const inputs = 5; return inputs", json!(5));
    check("return new Date(0)", json!("1970-01-01T00:00:00.000Z"));
    check("return 'ü\\u0000\\u{1F600}'", json!("ü\0😀"));
    check("return 'a\\ud800b'", json!("a\u{fffd}b"));
    check("return Number.MAX_SAFE_INTEGER", json!(9_007_199_254_740_991_i64));
}

#[test]
fn promises_are_awaited() {
    check("return await Promise.resolve(4)", json!(4));
    check("return Promise.all([1, Promise.resolve(2)])", json!([1, 2]));
    check("let n = 0; for (let i = 0; i < 1000; i++) n += await i; return n", json!(499_500));
    check("for await (const x of (async function* () { yield 7 })()) return x", json!(7));
    check("try { await Promise.reject(new Error('no')) } catch (e) { return e.message }", json!("no"));
    check("Promise.reject(1); return 2", json!(2));
}

#[test]
fn errors_name_the_users_line() {
    check_error("throw new Error('boom')", "Error: boom", Some(1));
    check_error("const a = 1;\nconst b = 2;\nnull.x;", "TypeError", Some(3));
    check_error("function f() {\n  throw new RangeError('deep')\n}\n\nf()", "RangeError: deep", Some(2));
    check_error("await 1;\nawait (async () => {\n  await 2;\n  throw new Error('later')\n})()", "later", Some(4));
    check_error("let x = 1;\nlet y = ;\n", "SyntaxError", Some(2));
    check_error("if (true) {\n return 1\n", "SyntaxError", Some(2));
    check_error("\n\nJSON.parse('{')", "SyntaxError", Some(3));
    check_error("throw 'plain'", "plain", None);
    check_error("throw {a: 1}", "{\"a\":1}", None);
    check_error("throw undefined", "undefined", None);
    check_error("throw null", "null", None);
    check_error(
        "let e = new Error('x'); Object.defineProperty(e, 'message', {get() { throw 1 }}); throw e",
        "",
        Some(1),
    );
    check_error("Error.prepareStackTrace = () => { throw 1 }; throw new Error('own')", "", None);
    check_error("a\0b", "NUL", None);
}

#[test]
fn values_that_json_cannot_carry_are_errors() {
    check_error("return () => 1", "function", None);
    check_error("return {a: [Symbol('s')]}", "symbol in \"0\"", None);
    check_error("return 10n", "bigint", None);
    check_error("const a = []; a.push(a); return a", "circular", None);
    check_error("return {toJSON() {\n throw new Error('mine') }}", "mine", Some(2));
}

#[test]
fn there_are_no_host_objects() {
    let names = [
        "require",
        "process",
        "fetch",
        "setTimeout",
        "Deno",
        "std",
        "os",
        "XMLHttpRequest",
        "WebAssembly",
        "print",
        "scriptArgs",
    ];
    let code = format!("return {}.map(name => typeof globalThis[name])", json!(names));
    check(&code, json!(names.map(|_| "undefined")));
    check(
        "return ({}).constructor.constructor('return typeof process + typeof require')()",
        json!("undefinedundefined"),
    );
    check("return console.log.constructor('return typeof this.process')()", json!("undefined"));
    check("return eval('1 + 1')", json!(2));
    check_error("return await import('fs')", "", None);
    check_error("return await import('/etc/passwd')", "", None);
    check_error("import fs from 'fs'", "SyntaxError", Some(1));
    check_error("require('child_process').execSync('id')", "require", Some(1));
    check_error("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", "", Some(1));
}

#[test]
fn jobs_leave_nothing_behind() {
    check("globalThis.left = 1; Array.prototype.map = null; return 1", json!(1));
    check("return [typeof left, [1].map(x => x)]", json!(["undefined", [1]]));
}

#[test]
fn replaced_builtins_do_not_break_the_answer() {
    check("JSON.stringify = null; Object.prototype.toJSON = undefined; return {a: 1}", json!({"a": 1}));
    check("Promise.prototype.then = null; String.prototype.slice = null; console.log('x'); return 1", json!(1));
    check("globalThis.console = null; globalThis.String = null; return [1]", json!([1]));
}

fn logs(code: &str, limits: JobLimits) -> Vec<LogLine> {
    match run_with(code, &json!({}), limits) {
        Reply::Done { logs, .. } | Reply::Failed(CodeFailure { logs, .. }) => logs,
        Reply::Ready => panic!("not an answer"),
    }
}

#[test]
fn the_console_is_collected_with_levels() {
    let code = "console.log('a', 1, {b: [2]}, null, undefined, 3n); console.info(); console.warn(new Error('e'));\
                console.debug(() => 1); console.error(Symbol('s')); const c = {}; c.c = c; console.log(c); throw 1";
    let line = |level, text: &str| LogLine { level, text: text.to_owned() };
    let expected = vec![
        line(LogLevel::Log, "a 1 {\"b\":[2]} null undefined 3n"),
        line(LogLevel::Info, ""),
        line(LogLevel::Warn, "Error: e"),
        line(LogLevel::Debug, "[function]"),
        line(LogLevel::Error, "Symbol(s)"),
        line(LogLevel::Log, "[object Object]"),
    ];
    assert_eq!(logs(code, JobLimits::default()), expected);
}

#[test]
fn a_long_log_is_cut_with_a_mark() {
    let limits = JobLimits { log_bytes: 10, ..JobLimits::default() };
    let texts = |code: &str| logs(code, limits).into_iter().map(|line| line.text).collect::<Vec<_>>();
    assert_eq!(texts("console.log('1234'); console.log('5678'); "), ["1234", "5678"]);
    assert_eq!(texts("console.log('1234'); console.log('üüü'); console.log(1)"), ["1234", "üü", "… log cut"]);
    assert_eq!(texts("console.log('x'.repeat(1e6))"), ["xxxxxxxxxx", "… log cut"]);
    assert_eq!(logs("for (let i = 0; i < 1e4; i++) console.log()", JobLimits::default()).len(), 2_001);
}

fn check_limit(code: &str, expected: FailureCode) {
    let limits = JobLimits { time_ms: 300, memory_bytes: 8 << 20, ..JobLimits::default() };
    match run_with(code, &json!({}), limits) {
        Reply::Failed(failure) => assert_eq!(failure.code, expected, "{code}: {failure:?}"),
        other => panic!("{code}: {other:?}"),
    }
}

#[test]
fn limits_hold_inside_the_engine() {
    check_limit("while (true) {}", FailureCode::Timeout);
    check_limit("try { while (true) {} } finally { return 1 }", FailureCode::Timeout);
    check_limit("for (;;) await null", FailureCode::Timeout);
    check_limit("const f = () => { queueMicrotask(f) }; f(); await new Promise(() => {})", FailureCode::Timeout);
    check_limit("await new Promise(() => {})", FailureCode::Timeout);
    check_limit("return /(a+)+$/.test('a'.repeat(40) + 'b')", FailureCode::Timeout);
    check_limit("return {toJSON() { while (true) {} }}", FailureCode::Timeout);
    check_limit("throw {toJSON() { while (true) {} }}", FailureCode::Timeout);
    check_limit(
        "const e = new Error(); Object.defineProperty(e, 'name', {get() { while (1) {} }}); throw e",
        FailureCode::Timeout,
    );
    check_limit("const a = []; while (true) a.push(new Array(1000).fill(1))", FailureCode::Memory);
    check_limit("const a = []; while (true) a.push('x'.repeat(1e5))", FailureCode::Memory);
    check_limit("return new ArrayBuffer(1e9)", FailureCode::Memory);
    check_limit("return new SharedArrayBuffer(1e9)", FailureCode::Memory);
    check_limit("function f() { return f() + 1 } return f()", FailureCode::Error);
    check_limit("return 'x'.repeat(2 ** 31)", FailureCode::Error);
    check_limit("return 'x'.repeat(2e6)", FailureCode::ResultTooLarge);
    check_limit("return new Array(3e5).fill(null)", FailureCode::ResultTooLarge);
    check_limit("return ['\\u0001'.repeat(3e5)]", FailureCode::ResultTooLarge);
}

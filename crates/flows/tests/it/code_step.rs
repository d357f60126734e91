//! The step type `nodejs` with real sandbox children.

use floe_engine::event::LogLine;
use floe_flows::steps;
use floe_runtime::effect::EffectCall;
use floe_runtime::sandbox::SandboxConfig;
use serde_json::{Map, Value, json};

use crate::world::{World, code, sandbox_config};

const CODE: &str = "nodejs";

#[tokio::test]
async fn code_sees_its_inputs_and_a_copy_of_the_context() {
    let world = World::new().await;
    for (text, inputs, expected) in [
        ("return inputs.a + 1", json!({ "a": 2 }), json!(3)),
        ("return [typeof inputs, Object.keys(inputs).length]", Value::Null, json!(["object", 0])),
        (
            "return { name: context.customer.name, step: context.steps.first }",
            json!({}),
            json!({ "name": "Ada", "step": 1 }),
        ),
        ("context.customer.name = 'x'; return 1", json!({}), json!(1)),
        ("return await Promise.resolve('{{inputs.a}}')", json!({ "a": 1 }), json!("{{inputs.a}}")),
        ("inputs.a", json!({ "a": 1 }), Value::Null),
        ("return typeof fetch + typeof require + typeof process", json!({}), json!("undefinedundefinedundefined")),
    ] {
        let context = Some(json!({ "customer": { "name": "Ada" }, "steps": { "first": 1 } }));
        let result = world.call_with(CODE, EffectCall { context, ..code(text, inputs) }).await.result;
        assert_eq!(result.as_ref().ok(), Some(&expected), "{text}: {result:?}");
    }
    let result = world.call_with(CODE, code("return context", json!({}))).await.result;
    assert_eq!(result, Ok(json!({})), "without a context there is an empty one");
}

#[tokio::test]
async fn what_code_writes_goes_to_the_log_also_when_it_fails() {
    let world = World::new().await;
    let text = "console.log('a', { b: 1 });\nconsole.warn('w');\nconsole.debug('d');\nthrow new Error('no luck')";
    let effected = world.call_with(CODE, code(text, json!({}))).await;
    let line = |level: &str, message: &str| LogLine { level: level.to_owned(), message: message.to_owned() };
    assert_eq!(effected.logs, [line("info", r#"a {"b":1}"#), line("warn", "w"), line("debug", "d")]);
    let error = effected.result.expect_err("it throws");
    assert_eq!((error.code.as_str(), error.retryable), ("code_error", false));
    assert_eq!(error.message, "Error: no luck (line 4)");
    assert_eq!(error.details, Some(json!({ "line": 4 })));
    let effected = world.call_with(CODE, code("console.error('e'); return 1", json!({}))).await;
    assert_eq!((effected.logs, effected.result), (vec![line("error", "e")], Ok(json!(1))));
}

#[tokio::test]
async fn each_limit_has_its_code_and_none_is_worth_repeating() {
    let world = World::new().await;
    for (text, expected) in [
        ("return (", "code_error"),
        ("throw null", "code_error"),
        ("return () => 1", "code_error"),
        ("for (;;) {}", "code_timeout"),
        ("await new Promise(() => {})", "code_timeout"),
        ("const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)", "code_memory"),
        ("return 'x'.repeat(2e6)", "result_too_large"),
    ] {
        let call = EffectCall { timeout_ms: 1_500, ..code(text, json!({})) };
        let error = world.call_with(CODE, call).await.result.expect_err(text);
        assert_eq!((error.code.as_str(), error.retryable), (expected, false), "{text}: {}", error.message);
    }
}

#[tokio::test]
async fn a_call_without_code_is_a_bad_value() {
    let world = World::new().await;
    for fixed in [Map::new(), Map::from_iter([("code".to_owned(), json!(5))])] {
        let error =
            world.call_with(CODE, EffectCall { fixed, ..code("", json!({})) }).await.result.expect_err("no code");
        assert_eq!(error.code, "bad_value");
    }
}

#[tokio::test]
async fn too_many_waiting_calls_are_worth_repeating() {
    let config = SandboxConfig { children_max: 1, queue_max: 0, ..sandbox_config() };
    let world = World::with("", config).await;
    let long = world.call_with(CODE, EffectCall { timeout_ms: 1_000, ..code("for (;;) {}", json!({})) });
    let other = async {
        // The first call is polled before this one, and holds the only child.
        world.call_with(CODE, code("return 1", json!({}))).await
    };
    let (_, refused) = tokio::join!(biased; long, other);
    let error = refused.result.expect_err("the queue is full");
    assert_eq!((error.code.as_str(), error.retryable), ("overloaded", true));
}

#[tokio::test]
async fn a_child_that_cannot_start_tells_nothing_of_the_machine() {
    let config = SandboxConfig { program: "/nowhere/js-worker".into(), ..sandbox_config() };
    let world = World::with("", config).await;
    let error = world.call_with(CODE, code("return 1", json!({}))).await.result.expect_err("no child");
    assert_eq!((error.code.as_str(), error.retryable), ("overloaded", true));
    assert!(!error.message.contains("nowhere"), "{}", error.message);
}

#[test]
fn the_operator_can_leave_code_steps_out() {
    let with = steps::effects(true);
    assert!(["nodejs", "code", "http-request", "final"].iter().all(|key| steps::catalog(&with).get(key).is_some()));
    let without = steps::effects(false);
    assert!(steps::catalog(&without).get("nodejs").is_none() && steps::catalog(&without).get("code").is_none());
    assert!(steps::catalog(&without).get("http-request").is_some());
}

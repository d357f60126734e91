//! Expressions of workflows that the sandbox evaluates, with real children.

use floe_engine::expr;
use floe_engine::expr::{Answered, Env, EvalError, Expression, Names, Profile, Script, ScriptKind, Template};
use floe_engine::nodes::{Compute, NodeInfo};
use floe_flows::scripts::perform;
use floe_model::Timestamp;
use floe_runtime::sandbox::SandboxConfig;
use serde_json::{Map, Value, json};

use crate::world::{World, sandbox_config};

#[path = "../../../engine/src/expr/tests/world.rs"]
mod vectors;

const EXPRESSIONS: &str = include_str!("../../../engine/tests/data/workflows/vectors-expressions.json");
const CONDITIONS: &str = include_str!("../../../engine/tests/data/workflows/vectors-conditions.json");

/// Evaluates in rounds, as a run does.
async fn evaluated<T>(world: &World, mut evaluate: impl FnMut(&mut Env<'_>) -> T) -> T {
    let mut answers: Vec<Answered> = Vec::new();
    for _ in 0..expr::limits::SCRIPT_ROUNDS_MAX {
        let (value, asked) = {
            let mut uuid = String::new;
            let mut env = Env::new(Timestamp(0), &mut uuid).with_answers(&answers);
            (evaluate(&mut env), env.asked())
        };
        if asked.is_empty() {
            return value;
        }
        let keys: Vec<String> = asked.iter().map(|script| script.key.clone()).collect();
        let results = perform(&world.platform, asked).await.expect("the sandbox takes it");
        answers.extend(keys.into_iter().zip(results).map(|(key, result)| Answered { key, result }));
    }
    panic!("it asks without end")
}

async fn rendered(world: &World, text: &str, names: &dyn Names) -> Value {
    let template = Template::parse_in(Profile::Graph, text).expect("a template");
    evaluated(world, |env| template.render(names, env)).await.expect("a value")
}

async fn truth(world: &World, condition: &str, names: &dyn Names) -> Result<bool, EvalError> {
    let condition = Expression::parse_in(Profile::Graph, condition).expect("a condition");
    evaluated(world, |env| condition.is_truthy(names, env)).await
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn script(code: &str, kind: ScriptKind, names: Value) -> Script {
    Script {
        key: code.to_owned(),
        code: code.to_owned(),
        kind,
        names: object(names),
        absent: Vec::new(),
        records: Vec::new(),
    }
}

#[tokio::test]
async fn the_published_vectors_hold() {
    let world = World::new().await;
    let all: Value = serde_json::from_str(EXPRESSIONS).expect("JSON");
    let names = vectors::World::new(&all["context"]);
    for case in all["wide"].as_array().expect("a list") {
        let text = case["template"].as_str().expect("a text");
        assert_eq!(rendered(&world, text, &names).await, case["expected"], "{text}");
    }
    let all: Value = serde_json::from_str(CONDITIONS).expect("JSON");
    let (mut wide, mut count) = (0, 0);
    for case in all["expression"].as_array().expect("a list") {
        let (text, names) = (case["expression"].as_str().expect("a text"), object(case["variables"].clone()));
        assert_eq!(truth(&world, text, &names).await.map(Value::Bool).as_ref(), Ok(&case["expected"]), "{text}");
        wide += usize::from(Expression::parse_in(Profile::Graph, text).expect("a condition").is_script());
        count += 1;
    }
    assert!(wide > 1 && count > 10);
}

#[tokio::test]
async fn scripts_see_names_and_what_is_behind_records() {
    let world = World::new().await;
    let all: Value = serde_json::from_str(EXPRESSIONS).expect("JSON");
    let names = vectors::World::new(&all["context"]);
    for (text, expected) in [
        ("{{analysis.score + 1}}", json!(9)),
        ("{{analysis.issues.map(i => i + analysis.response.length)}}", json!(["a41"])),
        ("{{Object.keys(analysis).join()}}", json!("text,model,provider,usage")),
        ("{{JSON.stringify({...analysis}) === JSON.stringify(analysis)}}", json!(true)),
        ("{{http-1.total * http-1.body.total + Fetch.output.status}}", json!(209)),
        ("{{node_a.sum - 1}}", json!(6)),
        ("{{cfg.max / 2}} and {{cfg.tags.length + cfg.length}}", json!("30 and 32")),
        ("{{`${cfg.nothing}${email.nothing}${email.constructor === String}`}}", json!("undefinedundefinedtrue")),
        ("{{loop.item.id + shared.key1 + env.REGION}}", json!("i2v1eu")),
        ("{{items.map(i => `${i.title}: ${i.price}`).join('; ')}} / {{n + zero}}", json!("First: 10; Second: 20 / 5")),
        ("{{absent === undefined && typeof alsoAbsent}}", json!("undefined")),
        ("{{({ a: undefined, b: NaN, d: new Date(0) })}}", json!({ "b": null, "d": "1970-01-01T00:00:00.000Z" })),
        ("{{n + // five\n 1}}", json!(6)),
        ("{{undefined}}{{(() => {})()}}", json!("nullnull")),
    ] {
        assert_eq!(rendered(&world, text, &names).await, expected, "{text}");
    }
}

#[tokio::test]
async fn conditions_with_scripts_take_values_and_fail_with_them() {
    let world = World::new().await;
    let names = object(json!({ "n": 5, "t": "a 'quoted' text", "list": [1, 2] }));
    for (condition, expected) in [
        ("{{n}} + 1 == 6", Ok(true)),
        ("'{{t}}'.length === t.length", Ok(true)),
        ("{{list}}.includes({{list.length}}) && {{n | round}} % 2 == 1", Ok(true)),
        ("{{list.map(x => x * 2)}}[1] === 4", Ok(true)),
        ("list.some(x => x > {{n}})", Ok(false)),
        ("n.nothing()", Err(())),
        ("n +", Err(())),
    ] {
        let found = truth(&world, condition, &names).await;
        if let Err(error) = &found {
            assert_eq!(error.code_in(Profile::Graph), "EXPRESSION_ERROR");
        }
        assert_eq!(found.map_err(|_| ()), expected, "{condition}");
    }
}

#[tokio::test]
async fn transformations_run_functions() {
    let world = World::new().await;
    let names = object(
        json!({ "rows": [{ "n": 2, "s": "b" }, { "n": 10 }, { "n": 1, "s": "a" }], "tax": 3, "record": { "text": "x" } }),
    );
    for (operation, expression, expected) in [
        ("map", "x => x.n * tax", json!([6, 30, 3])),
        ("map", "(x, i) => x.s.length + i", json!([1, null, 3])),
        ("map", "item.n + index", json!([2, 11, 3])),
        ("map", "{{item.n}} * {{tax}}", json!([6, 30, 3])),
        ("filter", "function (x) { return x.s }", json!([{ "n": 2, "s": "b" }, { "n": 1, "s": "a" }])),
        ("reduce", "(acc, item) => acc + item.n", json!(14)),
        ("sort", "(a, b) => a.n - b.n", json!([{ "n": 1, "s": "a" }, { "n": 2, "s": "b" }, { "n": 10 }])),
        ("sort", "b.n - a.n", json!([{ "n": 10 }, { "n": 2, "s": "b" }, { "n": 1, "s": "a" }])),
        ("sort", "a.n > b.n", json!([{ "n": 1, "s": "a" }, { "n": 2, "s": "b" }, { "n": 10 }])),
        ("custom", "data.length + tax", json!(6)),
        (
            "custom",
            "const result = input.map(x => x.n);\nreturn { result, tax };",
            json!({ "result": [2, 10, 1], "tax": 3 }),
        ),
        ("custom", "return await Promise.resolve(data[0].n)", json!(2)),
    ] {
        let config =
            json!({ "operation": operation, "inputData": "{{rows}}", "expression": expression, "initialValue": 1 });
        let compute = Compute::parse("transform", &object(config)).expect("a transformation");
        let none = Map::new();
        let info = || NodeInfo {
            id: "t",
            name: "T",
            output: None,
            inputs: &none,
            trigger: &Value::Null,
            shared: &none,
            unsearchable: None,
            before: Vec::new(),
        };
        let computed = evaluated(&world, |env| compute.run(&info(), &names, env)).await.expect("a record");
        assert_eq!(computed.record["value"], expected, "{operation} {expression}");
    }
}

#[tokio::test]
async fn one_bad_script_harms_no_other() {
    let world = World::new().await;
    let expression = |code: &str| script(code, ScriptKind::Expression, json!({ "n": 1 }));
    let scripts = vec![
        expression("n + 1"),
        expression("(() => { while (true) {} })()"),
        expression("'x'.repeat(1 << 30)"),
        expression("n +"),
        expression("(() => { globalThis.JSON = null; Array.prototype.push = null; return n })()"),
        expression("'y'.repeat(2000000)"),
        expression("(() => { throw { a: 1 } })()"),
        expression("typeof $scripts + typeof fetch + typeof require"),
        script("n + 1; return n + 2", ScriptKind::Body, json!({ "n": 1 })),
        expression("n + 3"),
    ];
    let answers = perform(&world.platform, scripts).await.expect("the sandbox takes them");
    let told: Vec<_> = answers.iter().map(|answer| answer.as_ref().ok().cloned()).collect();
    let undefined = json!("undefinedundefinedundefined");
    let expected =
        [Some(json!(2)), None, None, None, Some(json!(1)), None, None, Some(undefined), Some(json!(3)), Some(json!(4))];
    assert_eq!(told, expected, "{answers:?}");
    assert!(answers[1].as_ref().expect_err("it runs on").contains("50 ms"), "{:?}", answers[1]);
}

#[tokio::test]
async fn without_a_sandbox_nothing_becomes_null() {
    let config = SandboxConfig { program: "/nowhere/js-worker".into(), ..sandbox_config() };
    let world = World::with("", config).await;
    let scripts = vec![script("1 + 1", ScriptKind::Expression, json!({}))];
    let error = perform(&world.platform, scripts).await.expect_err("there is none");
    assert_eq!((error.code.as_str(), error.retryable), ("TRANSIENT", true));
}

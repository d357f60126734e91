//! Expressions of graphs (Workflow API contract, section 15).

use serde_json::{Map, Value, json};

use super::world::World;
use super::{NOW, context};
use crate::expr::limits::{DEPTH_MAX, GRAPH_RESULT_BYTES_MAX, SCRIPT_SOURCE_BYTES_MAX};
use crate::expr::{Answered, Env, Expression, JsonTemplate, Names, Overlay, Profile, Script, Template};

const VECTORS: &str = include_str!("../../../tests/data/workflows/vectors-expressions.json");

/// What a text gives, and what it asks for.
fn rendered(text: &str, names: &dyn Names) -> (Value, Vec<Script>) {
    let mut uuid = String::new;
    let mut env = Env::new(NOW, &mut uuid);
    let template = Template::parse_in(Profile::Graph, text).expect("a text is a template");
    let value = template.render(names, &mut env).expect("a value");
    (value, env.asked())
}

fn value(text: &str, names: &dyn Names) -> Value {
    let (value, asked) = rendered(text, names);
    assert_eq!(asked, [], "{text}");
    value
}

fn truth(condition: &str, names: &dyn Names) -> Option<bool> {
    let mut uuid = String::new;
    let mut env = Env::new(NOW, &mut uuid);
    let holds = Expression::parse_in(Profile::Graph, condition).expect("it is short").is_truthy(names, &mut env);
    if env.is_asking() { None } else { holds.ok() }
}

#[test]
fn the_published_vectors_hold() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let world = World::new(&vectors["context"]);
    let (native, wide) = (vectors["native"].as_array().expect("a list"), vectors["wide"].as_array().expect("a list"));
    assert!(native.len() > 80 && wide.len() > 10);
    for case in native {
        let text = case["template"].as_str().expect("a text");
        assert_eq!(value(text, &world), case["expected"], "{text}");
    }
    for case in wide {
        let text = case["template"].as_str().expect("a text");
        let (value, asked) = rendered(text, &world);
        // Optional chaining over plain names is JavaScript too, and its answer here is null anyway.
        assert_eq!((value, asked.len()), (Value::Null, 1), "{text}");
    }
}

#[test]
fn what_the_native_grammar_takes_and_gives() {
    let names = context();
    for (text, expected) in [
        ("{{-2 < n}}", json!(true)),
        ("{{n >= 5 && n <= 5.0}}", json!(true)),
        ("{{ list[n] }}", json!(null)),
        ("{{list.1}}", json!("two")),
        ("{{list[4][1]}}", json!(5)),
        ("{{list[zero]}}", json!(1)),
        ("{{user['a-b']}}", json!(1)),
        ("{{user.a-b}}", json!(1)),
        ("{{steps.fetch-1.rows[1].id}}", json!(2)),
        ("{{(absent || user).name}}", json!("Ada")),
        ("{{!!user}}", json!(true)),
        ("{{!!!user}}", json!(false)),
        ("{{'it\\'s' | upper}}", json!("IT'S")),
        ("{{\"a}}b\"}}", json!("a}}b")),
        ("{{yes == 1}}", json!(true)),
        ("{{yes == \"TRUE\"}}", json!(true)),
        ("{{empty == 0}}", json!(false)),
        ("{{empty == absent}}", json!(false)),
        ("{{\"9\" < \"10\"}}", json!(true)),
        ("{{\"b\" > \"a\"}}", json!(true)),
        ("{{text > 3}}", json!(false)),
        ("{{absent === null}}", json!(true)),
        ("{{absent < 1}}", json!(true)),
        ("{{list | first}}", json!(1)),
        ("{{list | last | join}}", json!("4, 5")),
        ("{{user.tags | join: '-' | upper}}", json!("X-Y")),
        ("{{neg | round}}", json!(-2)),
        ("{{2.345 | round: 2}}", json!(2.35)),
        ("{{text | round}}", json!(null)),
        ("{{absent | upper}}", json!(null)),
        ("{{absent | length}}", json!(0)),
        ("{{user.tags | json}}", json!("[\"x\",\"y\"]")),
        ("{{1700000000123 | date}}", json!("2023-11-14")),
        ("{{1700000000123 | date: YYYY-MM-DD}}", json!("2023-11-14")),
        ("{{1700000000123 | date: 'dd.MM.yyyy HH:mm'}}", json!("14.11.2023 22:13")),
        ("{{text | shout}}", json!(null)),
        ("a {{text | shout}} b", json!("a null b")),
        ("{{n ? 'a' : 'b' | upper}}", json!("A")),
        ("{{big}}", json!(9_007_199_254_740_993_i64)),
        ("{{big == big}}", json!(true)),
        ("{{}}", json!(null)),
        ("a {{}} b", json!("a {{}} b")),
        ("a {{ absent.x }} b", json!("a {{ absent.x }} b")),
        ("a {{absent == 1}} b", json!("a false b")),
        ("{{#if list}}{{this}}{{else}}{{/if}}", json!("{{#if list}}{{this}}{{else}}{{/if}}")),
        ("no end {{n", json!("no end {{n")),
        ("}} {{n}} {{n}}", json!("}} 5 5")),
        ("it's {{n}} o'clock", json!("it's 5 o'clock")),
    ] {
        assert_eq!(value(text, &names), expected, "{text}");
    }
}

#[test]
fn names_of_nodes_may_hold_spaces() {
    let names = Map::from_iter([("Fetch all orders".to_owned(), json!({ "rows": [1, 2] }))]);
    assert_eq!(value("{{Fetch all orders.rows[1]}}", &names), json!(2));
    assert_eq!(value("{{Other step.rows}}", &names), json!(null));
    assert_eq!(rendered("{{typeof rows}}", &names).1.len(), 1);
}

#[test]
fn placeholders_in_json_texts_are_written_as_json() {
    let names = context();
    let render = |text: &str| {
        let template = JsonTemplate::parse_json_text(&json!(text)).expect("a template");
        let mut uuid = String::new;
        template.render(&names, &mut Env::new(NOW, &mut uuid)).expect("a value")
    };
    for (text, expected) in [
        (
            r#"{"a": "{{text}}", "b": {{list}}, "c": {{absent}}}"#,
            r#"{"a": "Hello, World", "b": [1,"two",3,null,[4,5]], "c": null}"#,
        ),
        (r#"["say \"{{quote}}\" {{n}}"]"#, r#"["say \"{{quote}}\" 5"]"#),
        (r#"{"a":"{{user.tags}}"}"#, r#"{"a":"[\"x\",\"y\"]"}"#),
        (r#"{"a":{{n}}}"#, r#"{"a":5}"#),
        // Not the text of a JSON document.
        ("{{n}} is {{text}}", "5 is Hello, World"),
    ] {
        assert_eq!(render(text), json!(expected), "{text}");
    }
    assert_eq!(render("{{n}}"), json!(5));
    let config = json!({ "body": "[\"{{line}}\"]", "raw": "[\"{{line}}\"]" });
    let template = JsonTemplate::parse_fields(config.as_object().expect("an object"), &["body"]).expect("a template");
    let names = Map::from_iter([("line".to_owned(), json!("a \"b\"\n"))]);
    let mut uuid = String::new;
    let rendered = template.render(&names, &mut Env::new(NOW, &mut uuid)).expect("a value");
    assert_eq!(rendered, json!({ "body": "[\"a \\\"b\\\"\\n\"]", "raw": "[\"a \"b\"\n\"]" }));
}

#[test]
fn conditions_mix_bare_names_and_placeholders() {
    let names = context();
    for (condition, expected) in [
        ("n > 3", Some(true)),
        ("{{n}} > 3 && '{{user.name}}' == 'Ada'", Some(true)),
        ("\"{{user.name}}!\" === 'Ada!'", Some(true)),
        // No text is pasted: an operand holds the value, whatever is in it.
        ("{{text}} == 'Hello, World'", Some(true)),
        ("{{absent}} == null", Some(true)),
        ("({{n}} > 9) || {{yes}}", Some(true)),
        ("{{n > 9 || yes}}", Some(false)),
        ("no || zero || n > 3 && yes", Some(true)),
        ("(no ?? yes) || (absent ?? no)", Some(false)),
        ("{{n > 9}}", Some(false)),
        ("{{text | length}} == 12", Some(true)),
        ("{{text | shout}} == 12", None),
        ("true", Some(true)),
        ("", Some(false)),
        ("text.includes('World')", None),
        ("{{n}} + 1 == 6", None),
    ] {
        assert_eq!(truth(condition, &names), expected, "{condition}");
    }
}

#[test]
fn a_script_carries_what_it_mentions_and_its_answer_is_taken() {
    let names =
        json!({ "http-1": { "rows": [1] }, "n": 2, "other": "not mentioned", "i": 9, "JSON": "not this one", "m": 1 });
    let names = names.as_object().expect("an object");
    let text = "{{http-1.rows.map(i => i - n).concat(k, JSON.stringify(n), m-l)}}";
    let (_, asked) = rendered(text, names);
    let [script] = &asked[..] else { panic!("one script") };
    assert_eq!(script.code.trim(), "$node_http_1.rows.map(i => i - n).concat(k, JSON.stringify(n), m-l)");
    assert_eq!(Value::Object(script.names.clone()), json!({ "$node_http_1": { "rows": [1] }, "i": 9, "n": 2, "m": 1 }));
    assert_eq!(script.absent, ["k", "l"]);

    let template = Template::parse_in(Profile::Graph, &format!("a{text} {text}")).expect("a template");
    let mut uuid = String::new;
    let mut render = |answers: &[Answered]| {
        let mut env = Env::new(NOW, &mut uuid).with_answers(answers);
        let value = template.render(names, &mut env).expect("a value");
        (value, env.asked())
    };
    let (_, asked) = render(&[]);
    assert_eq!(asked.len(), 1, "equal scripts are asked once");
    let key = asked[0].key.clone();
    let answered = |result| [Answered { key: key.clone(), result }];
    assert_eq!(render(&answered(Ok(json!([1])))), (json!("a[1] [1]"), Vec::new()));
    assert_eq!(render(&answered(Err("TypeError".into()))), (json!("anull null"), Vec::new()));
}

#[test]
fn a_failed_script_fails_a_condition() {
    let names = context();
    let condition = Expression::parse_in(Profile::Graph, "text.nothing()").expect("an expression");
    let mut uuid = String::new;
    let mut env = Env::new(NOW, &mut uuid);
    condition.is_truthy(&names, &mut env).expect("null so far");
    let answers = [Answered { key: env.asked().remove(0).key, result: Err("TypeError: not a function".into()) }];
    let mut env = Env::new(NOW, &mut uuid).with_answers(&answers);
    let error = condition.is_truthy(&names, &mut env).expect_err("it failed");
    assert_eq!(
        (error.code_in(Profile::Graph), error.to_string()),
        ("EXPRESSION_ERROR", "TypeError: not a function".into())
    );
    assert_eq!(condition.evaluate(&names, &mut env), Ok(Value::Null));
}

#[test]
fn scripts_over_different_locals_are_different_scripts() {
    let names = context();
    let expression = Expression::parse_in(Profile::Graph, "item * 2").expect("an expression");
    let mut uuid = String::new;
    let mut env = Env::new(NOW, &mut uuid);
    for item in [1, 2, 1] {
        let locals = Map::from_iter([("item".to_owned(), json!(item))]);
        let _ = expression.evaluate(&Overlay { names: &names, locals: &locals }, &mut env);
    }
    assert_eq!(env.asked().len(), 2);
}

#[test]
fn what_a_text_reads_is_known() {
    for (text, roots, env) in [
        ("{{a.b}} {{env.KEY}} {{c || d[e]}}", vec!["a", "env", "c", "d", "e"], vec!["KEY"]),
        ("{{items.map(i => i.price + tax).join(env.SEP)}}", vec!["items", "tax", "env"], vec!["SEP"]),
        ("{{(function (x) { const y = x; return y + z; })(1)}}", vec!["z"], vec![]),
        (
            "{{items.filter((a, b) => a > limit).length + `${env['A']} ${name}`}}",
            vec!["items", "limit", "env", "name"],
            vec!["A"],
        ),
    ] {
        let template = Template::parse_in(Profile::Graph, text).expect("a template");
        assert_eq!((template.roots(), template.members("env")), (roots, env), "{text}");
    }
    let condition = Expression::parse_in(Profile::Graph, "'{{env.A}}' == {{b}} && c.includes({{env.D}})").expect("one");
    assert_eq!(condition.roots(), ["env", "b", "c"]);
    assert_eq!(condition.members("env"), ["A", "D"]);
}

#[test]
fn placeholders_end_where_javascript_ends() {
    let names = context();
    for (text, code, rest) in [
        ("{{list.map(i => ({a: {b: i}}))}}!", "list.map(i => ({a: {b: i}}))", "!"),
        ("{{`}} ${list.map(x => `{{${x}}}`)}`}}", "`}} ${list.map(x => `{{${x}}}`)}`", ""),
        ("{{text.replace(/[}]}/g, '}}')}} {{n}}", "text.replace(/[}]}/g, '}}')", " 5"),
        ("{{user's name}} and {{n}}'s", "user's name", " and 5's"),
    ] {
        let (value, asked) = rendered(text, &names);
        assert_eq!(asked.iter().map(|script| script.code.as_str()).collect::<Vec<_>>(), [code], "{text}");
        let expected = if rest.is_empty() { Value::Null } else { json!(format!("null{rest}")) };
        assert_eq!(value, expected, "{text}");
    }
}

#[test]
fn limits_hold() {
    let names = context();
    let deep = format!("{{{{{}n{}}}}}", "(".repeat(DEPTH_MAX + 2), ")".repeat(DEPTH_MAX + 2));
    assert_eq!(rendered(&deep, &names).1.len(), 1, "what is nested too deep is left to the sandbox");
    let long = format!("{{{{n + {}}}}}", "1".repeat(SCRIPT_SOURCE_BYTES_MAX));
    assert!(Template::parse_in(Profile::Graph, &long).is_err());
    assert!(Expression::parse_in(Profile::Graph, &long).is_err());
    let many: String = (0..300).map(|number| format!("{{{{n + {number}}}}}")).collect();
    let template = Template::parse_in(Profile::Graph, &many).expect("a template");
    let mut uuid = String::new;
    let mut env = Env::new(NOW, &mut uuid);
    assert!(template.render(&names, &mut env).is_err());
}

#[test]
fn results_may_be_as_large_as_inputs() {
    let value = |bytes: usize| Map::from_iter([("x".to_owned(), json!("y".repeat(bytes)))]);
    let (fits, larger) = (value(GRAPH_RESULT_BYTES_MAX / 4), value(GRAPH_RESULT_BYTES_MAX + 1));
    for text in ["{{x}}", "a {{x}} b", "{{x | upper}}", "{\"a\": \"{{x}}\"}"] {
        let template = JsonTemplate::parse_json_text(&json!(text)).expect("a template");
        let mut uuid = String::new;
        let mut env = Env::new(NOW, &mut uuid);
        assert!(template.render(&fits, &mut env).is_ok(), "{text}");
        assert!(template.render(&larger, &mut env).is_err(), "{text}");
    }
}

#[test]
fn members_fall_through_records_in_their_order() {
    struct One(Value, &'static str);
    impl Names for One {
        fn get(&self, name: &str) -> Option<&Value> {
            (name == "it").then_some(&self.0)
        }
        fn origin(&self, _: &str) -> Option<crate::expr::Origin<'_>> {
            Some(crate::expr::Origin { kind: self.1, output: Some("mine") })
        }
    }
    let model = json!({ "text": "Sure:\n```json\n{\"a\": 1, \"text\": \"inner\"}\n```", "model": "m" });
    let fenced =
        json!({ "text": "```json\n{\"a\": {\"b\": [7]}, \"text\": \"inner\"}\n```", "model": "m", "provider": "p" });
    let http = json!({ "status": 200, "data": "{\"id\": 7, \"status\": \"inner\"}" });
    let code = json!({ "output": { "output": { "x": 1 }, "stdout": "inner", "sum": 7 }, "stdout": "outer" });
    let files = json!({ "files": [], "combinedText": "all" });
    for (record, kind, path, expected) in [
        (&model, "llm", "it.a", json!(null)),
        (&fenced, "llm", "it.a.b[0]", json!(7)),
        (&fenced, "llm", "it.mine.output.a.b.length", json!(1)),
        (&fenced, "llm", "it.response", fenced["text"].clone()),
        (&fenced, "http", "it.a", json!(null)),
        (&http, "http", "it.id", json!(7)),
        (&http, "http", "it.body.id", json!(7)),
        (&http, "http", "it.status", json!(200)),
        (&http, "code", "it.id", json!(null)),
        (&code, "code", "it.sum", json!(7)),
        (&code, "code", "it.output.sum", json!(7)),
        (&code, "code", "it.output.output.x", json!(1)),
        (&code, "code", "it.stdout", json!("outer")),
        (&code, "code", "it.mine.sum", json!(7)),
        (&files, "files", "it.content | length", json!(3)),
        (&files, "files", "it.__proto__", json!(null)),
    ] {
        let text = format!("{{{{{path}}}}}");
        assert_eq!(value(&text, &One(record.clone(), kind)), expected, "{kind} {path}");
    }
    // Inside other values a record is known by its shape.
    let results = Map::from_iter([("results".to_owned(), json!([fenced]))]);
    assert_eq!(value("{{results[0].a.b[0]}}", &results), json!(7));
}

mod totality {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_a_template_that_renders(text in "[\\PC\n]{0,60}") {
            every_way(&text);
        }

        #[test]
        fn what_looks_like_an_expression_is_evaluated(
            parts in prop::collection::vec(prop::sample::select(vec![
                "{{", "}}", "n", "list", "user.name", "text", "absent", "'a'", "\"{{n}}\"", "`${n}`", "0", "1.5", "-1", "(", ")", "[0]",
                "[", "]", ".x", "?.y", "?", ":", "||", "&&", "??", "==", "!==", "<", "|", "| upper", "| join: ','", "!", " ", "=>",
                "/", "//", "{", "}", "#each ", "@index", "http-1", "new ", "\\", "\n", "ß",
            ]), 0..24),
        ) {
            every_way(&parts.concat());
        }
    }

    /// Parses and evaluates a text in every way there is. None may panic, or differ when it is repeated.
    fn every_way(text: &str) {
        let names = context();
        let mut uuid = String::new;
        let mut env = Env::new(NOW, &mut uuid);
        let template = Template::parse_in(Profile::Graph, text).expect("it is short");
        let first = template.render(&names, &mut env);
        assert_eq!(first, template.render(&names, &mut env));
        if !text.contains("{{") {
            assert_eq!(first, Ok(json!(text)));
        }
        let expression = Expression::parse_in(Profile::Graph, text).expect("it is short");
        let _ = expression.evaluate(&names, &mut env);
        let _ = expression.is_truthy(&names, &mut env);
        let json = JsonTemplate::parse_json_text(&json!(text)).expect("it is short");
        let _ = json.render(&names, &mut env);
        let _ = (template.roots(), expression.roots(), json.members("env"), env.asked());
    }
}

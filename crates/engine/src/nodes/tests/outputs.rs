//! `output` and `templateOutput`.

use serde_json::{Value, json};

use super::{Seen, problems};

fn seen() -> Seen {
    Seen::names(json!({
        "n": 5, "t": "text", "o": { "a": [1, true] }, "j": "{\"b\":2}", "yes": true,
        "rows": [{ "name": "Ann", "tags": ["x", "y"] }, { "name": "Bo", "tags": [] }], "none": [], "quote": "say \"hi\"",
    }))
}

#[test]
fn outputs_have_the_format_that_is_asked_for() {
    for (value, format, expected) in [
        (json!("{{o}}"), Value::Null, json!({ "a": [1, true] })),
        (json!({ "x": ["{{n}}", "n={{n}}"] }), Value::Null, json!({ "x": [5, "n=5"] })),
        (json!("{{j}}"), Value::Null, json!("{\"b\":2}")),
        (json!("{{j}}"), json!("json"), json!({ "b": 2 })),
        (json!("{{t}}"), json!("json"), json!("text")),
        (
            json!("{\"q\": \"{{quote}}\", \"o\": {{o}}}"),
            json!("json"),
            json!({ "q": "say \"hi\"", "o": { "a": [1, true] } }),
        ),
        (json!("{{o}}"), json!("string"), json!("{\"a\":[1,true]}")),
        (json!("{{absent}}"), json!("string"), json!("null")),
        (json!("12.50"), json!("number"), json!(12.5)),
        (json!("{{t}}"), json!("number"), json!(null)),
        (json!("{{yes}}"), json!("number"), json!(1)),
        (json!("false"), json!("boolean"), json!(false)),
        (json!("0"), json!("boolean"), json!(true)),
        (json!(0), json!("boolean"), json!(false)),
        (json!("{{absent}}"), json!("boolean"), json!(false)),
        (json!("{{none}}"), json!("boolean"), json!(true)),
    ] {
        let config = json!({ "outputName": "r", "value": value, "format": format });
        assert_eq!(seen().record("output", config.clone()), json!({ "r": expected }), "{config}");
    }
    assert_eq!(problems("output", json!({ "outputName": "r", "format": "yaml" }))[0].0, "format");
}

#[test]
fn templates_have_blocks() {
    for (template, expected) in [
        ("{{t}} {{absent}} {{n}}", "text {{absent}} 5"),
        ("{{#each rows}}{{@index}}:{{this.name}}={{name}} {{/each}}", "0:Ann=Ann 1:Bo=Bo "),
        ("{{#each rows}}{{#each tags}}{{this}}{{#if @last}}.{{else}},{{/if}}{{/each}}|{{/each}}", "x,y.||"),
        ("{{#each o}}{{@key}}{{this}}{{/each}}", "a[1,true]"),
        ("{{#each j}}{{@key}}{{this}}{{/each}}", "b2"),
        ("{{#each none}}x{{/each}}{{#each absent}}y{{/each}}", ""),
        ("{{#if n > 3}}big{{else}}small{{/if}}", "big"),
        ("{{#if none}}some{{else}}no{{/if}} {{#unless absent}}u{{/unless}}", "no u"),
        ("{{#if yes}}never closed {{n}}", "never closed 5"),
        ("{{/if}}{{else}}x", "x"),
        ("{{#each rows}}{{name | upper}}{{/each}}", "ANNBO"),
    ] {
        let record = seen().record("templateOutput", json!({ "outputName": "r", "template": template }));
        assert_eq!(record, json!({ "r": expected }), "{template}");
    }
    let config = json!({ "outputVariable": "r", "template": "{{who}}{{n}}", "variables": { "who": "{{t}}!", "n": 6 } });
    assert_eq!(seen().record("templateOutput", config), json!({ "r": "text!6" }));
    assert_eq!(problems("templateOutput", json!({}))[0].0, "template");
    let deep = "{{#if n}}".repeat(17);
    assert_eq!(problems("templateOutput", json!({ "template": deep }))[0].0, "template");
}

#[test]
fn html_is_rendered_from_markdown_unless_it_is_html() {
    for (template, expected) in [
        ("# {{t}}\n\n- *a*\n- b", "<h1>text</h1>\n<ul>\n<li><em>a</em></li>\n<li>b</li>\n</ul>"),
        ("<p>{{t}}</p>\n\n# x", "<p>text</p>\n\n# x"),
    ] {
        let record =
            seen().record("templateOutput", json!({ "outputName": "r", "template": template, "outputFormat": "html" }));
        assert_eq!(record, json!({ "r": expected }), "{template}");
    }
}

#[test]
fn a_template_cannot_grow_without_bound() {
    let rows: Vec<Value> = (0..400).map(|number| json!(number)).collect();
    let seen = Seen::names(json!({ "rows": rows }));
    let template = "{{#each rows}}{{#each rows}}xxxxxxxxxxxxxxxx{{/each}}{{/each}}";
    assert_eq!(seen.failure("templateOutput", json!({ "outputName": "r", "template": template })), "VALIDATION");
}

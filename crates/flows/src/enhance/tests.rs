use serde_json::json;

use super::*;

#[test]
fn a_definition_is_found_in_what_models_write() {
    let definition = json!({ "steps": [{ "id": "a", "type": "api" }] });
    let whole = json!({ "name": " Ask\u{7} ", "summary": "One step", "definition": definition });
    for text in
        [whole.to_string(), format!("Here you are:\n```json\n{whole}\n```\nAnything else?"), definition.to_string()]
    {
        assert_eq!(answer::read(&text).expect(&text).definition["steps"], definition["steps"], "{text}");
    }
    let read = answer::read(&whole.to_string()).expect("an answer");
    assert_eq!((read.name.as_str(), read.summary.as_str(), read.description.as_str()), ("Ask", "One step", ""));
    for (text, complaint) in [
        ("I can't do that.", "holds no JSON object"),
        ("{ \"definition\": ", "holds no JSON object"),
        ("{ \"definition\": } ", "not valid JSON"),
        ("{}", "has no definition"),
        ("{\"definition\": []}", "must be an object"),
        ("{\"definition\": {}}", "must be a list"),
        ("{\"definition\": {\"steps\": {}}}", "must be a list"),
    ] {
        let found = answer::read(text).expect_err(text);
        assert!(found.contains(complaint), "{text}: {found}");
    }
}

#[test]
fn a_model_is_told_every_word_that_runs_here() {
    let catalog = floe_engine::catalog::Catalog::builtin();
    let told = prompt::instructions(&catalog);
    for spec in catalog.steps() {
        assert!(told.contains(&format!("- {}:", spec.key)), "{}", spec.key);
    }
    let wish = Wish {
        prompt: "Do it".to_owned(),
        definition: json!({ "steps": [] }),
        steps: vec!["s1".to_owned()],
        ..Wish::default()
    };
    let question = prompt::question(&wish);
    assert!(
        question.contains(r#"{"steps":[]}"#) && question.contains("only these steps") && question.ends_with("Do it")
    );
}

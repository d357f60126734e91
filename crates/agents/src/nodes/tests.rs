use serde_json::{Value, json};

use super::config::Config;
use super::router::{by_answer, by_words, fallback, routes};
use super::vision::image;

fn ways() -> Value {
    json!({
        "routes": [
            { "value": "technical", "label": "Technical help", "description": "Something does not work" },
            { "value": "billing" },
            "general",
        ],
        "defaultRoute": "General",
    })
}

#[test]
fn the_mock_takes_the_way_that_the_text_names() {
    let (given, first) = (ways(), json!({ "routes": ["a1", "b1"] }));
    let (mut list, mut other) = (routes(Config(&given)).expect("routes"), routes(Config(&first)).expect("routes"));
    let (default, none) = (fallback(Config(&given), &mut list), fallback(Config(&first), &mut other));
    for (text, value) in [
        ("A BILLING matter, then technical", "technical"),
        ("about Billing", "billing"),
        ("I want Technical Help now", "technical"),
        ("hello", "general"),
    ] {
        assert_eq!(list[by_words(&list, default, text).at].value, value, "{text}");
    }
    assert_eq!(other[by_words(&other, none, "hello").at].value, "a1", "without a default the first");
    let apart = json!({ "routes": ["a1", "b1"], "defaultRoute": "default" });
    let default = fallback(Config(&apart), &mut other);
    assert_eq!(other[by_words(&other, default, "hello").at].value, "default", "a default that is none of the routes");
}

#[test]
fn an_answer_that_names_no_way_leads_to_the_default_one() {
    let given = ways();
    let mut list = routes(Config(&given)).expect("routes");
    let default = fallback(Config(&given), &mut list);
    for (text, value, confidence) in [
        (r#"{"selectedRoute":"billing","confidence":0.9,"reasoning":"money"}"#, "billing", 0.9),
        ("Sure:\n```json\n{\"selectedRoute\": \"technical help\", \"confidence\": \"0.75\"}\n```", "technical", 0.75),
        (r#"{"selectedRoute":"BILLING","confidence":7}"#, "billing", 1.0),
        (r#"{"selectedRoute":"else","confidence":0.9}"#, "general", 0.5),
        ("billing", "general", 0.5),
        ("", "general", 0.5),
    ] {
        let choice = by_answer(&list, default, text);
        assert_eq!((list[choice.at].value.as_str(), choice.confidence), (value, confidence), "{text}");
    }
}

#[test]
fn a_node_needs_two_ways_with_values() {
    for wrong in [
        json!({}),
        json!({ "routes": ["one"] }),
        json!({ "routes": "one" }),
        json!({ "routes": [{ "description": "x" }, "b"] }),
        json!({ "routes": [null, "b"] }),
    ] {
        assert_eq!(routes(Config(&wrong)).expect_err("refused").code, "VALIDATION", "{wrong}");
    }
    assert!(routes(Config(&json!({ "routes": "[\"a\", {\"label\": \"b\"}]" }))).is_ok(), "a list as a text");
}

#[test]
fn images_are_urls_data_or_files() {
    let base64 = "aGVsbG8gaGVsbG8gaGVsbG8=";
    for (given, expected) in [
        (json!("https://x.example/a.png"), Some("https://x.example/a.png".to_owned())),
        (json!("data:image/gif;base64,AAAA"), Some("data:image/gif;base64,AAAA".to_owned())),
        (json!(base64), Some(format!("data:image/png;base64,{base64}"))),
        (
            json!({ "content_base64": base64, "fileType": "image/jpeg" }),
            Some(format!("data:image/jpeg;base64,{base64}")),
        ),
        (json!({ "fileName": "a", "url": "http://x.example/b" }), Some("http://x.example/b".to_owned())),
        (json!([{ "url": "http://x.example/b" }, 1]), Some("http://x.example/b".to_owned())),
        (json!("a photo of my cat"), None),
        (json!({ "text": "x" }), None),
        (json!(7), None),
        (json!([]), None),
    ] {
        assert_eq!(image(&given), expected, "{given}");
    }
}

#[test]
fn values_of_expressions_are_read_in_the_forms_that_they_have() {
    let input =
        json!({ "n": "2.5", "far": 9, "blank": " ", "null": null, "list": "[1,\"b\"]", "one": "a", "map": { "a": 1 } });
    let config = Config(&input);
    assert_eq!(config.number("n", 0.0, 3.0).expect("a number"), Some(2.5));
    assert_eq!(config.number("far", 0.0, 3.0).expect_err("refused").code, "VALIDATION");
    assert_eq!(config.whole("n", 10).expect("a number"), Some(2));
    assert_eq!(config.number("blank", 0.0, 3.0).expect("none"), None);
    assert_eq!(config.written(&["blank", "null", "map"]).as_deref(), Some("{\"a\":1}"));
    assert_eq!(config.list("list"), [json!(1), json!("b")]);
    assert_eq!((config.list("one"), config.list("blank").len()), (vec![json!("a")], 0));
}

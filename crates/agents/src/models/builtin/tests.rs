use floe_runtime::tools::ToolSpec;
use serde_json::{Value, json};

use super::*;

fn tool(name: &str, parameters: Value) -> ToolSpec {
    ToolSpec { name: name.to_owned(), description: String::new(), parameters }
}

fn tools() -> Vec<ToolSpec> {
    let refund = json!({ "type": "object", "required": ["customer", "amount"], "properties": {
        "customer": { "type": "string" }, "amount": { "type": "number" }, "reason": { "type": "string" }, "count": { "type": "integer" } } });
    vec![
        tool("search_knowledge", json!({ "type": "object", "properties": { "query": { "type": "string" } } })),
        tool("refund", json!({ "type": "object" })),
        tool("refundRequest", refund),
    ]
}

fn call(messages: Vec<ChatMessage>, tools: Vec<ToolSpec>) -> ModelCall {
    ModelCall { messages, tools, ..ModelCall::default() }
}

fn ask(text: &str, tools: Vec<ToolSpec>) -> Said {
    offline::answer(&call(vec![ChatMessage::user(text)], tools), || "c".to_owned())
}

#[test]
fn the_tool_whose_name_is_said_is_called_and_else_the_knowledge_is_searched() {
    for (text, name, arguments) in [
        (
            "Please send a refund request for \"Ada Eze\" over 1,250.50 naira",
            "refundRequest",
            json!({ "customer": "Ada Eze", "amount": 1250.5, "reason": "Please send a refund request for \"Ada Eze\" over 1,250.50 naira" }),
        ),
        ("I want a REFUND!", "refund", json!({})),
        ("When are you open?", "search_knowledge", json!({ "query": "When are you open?" })),
        ("refunding", "refund", json!({})),
    ] {
        let said = ask(text, tools());
        let [asked] = &said.tool_calls[..] else { panic!("{text}: {said:?}") };
        assert_eq!(
            (asked.name.as_str(), &asked.arguments, said.finish),
            (name, &arguments, Finish::ToolCalls),
            "{text}"
        );
    }
    let said = ask("Hello", Vec::new());
    assert!(said.tool_calls.is_empty() && said.text.contains("no passages"), "{said:?}");
}

#[test]
fn what_the_tools_said_is_the_answer_with_its_sources() {
    let told = |results: &[(&str, Value)]| {
        let mut messages = vec![ChatMessage::user("When are you open, and my refund?")];
        messages.extend(results.iter().map(|(name, result)| ChatMessage::Tool {
            call_id: "c".to_owned(),
            name: (*name).to_owned(),
            content: result.to_string(),
        }));
        offline::answer(&call(messages, tools()), || "c".to_owned()).text
    };
    let passages = json!({ "results": [
        { "text": " On Sunday from 10 to 4. ", "source": "hours.md", "score": 0.8 },
        { "text": "Closed on holidays.", "document": { "name": "holidays.md" } },
    ] });
    let nothing = "no passages";
    for (results, expected) in [
        (
            vec![("search_knowledge", passages.clone())],
            "On Sunday from 10 to 4.\n(Source: hours.md)\n\nClosed on holidays.\n(Source: holidays.md)",
        ),
        (vec![("search_knowledge", json!([]))], nothing),
        (
            vec![("refund", json!({ "error": "rejected", "message": "A person rejected this call: no" }))],
            "refund did not work: A person rejected this call: no",
        ),
        (vec![("refund", json!({ "status": "waiting_for_approval" }))], "refund waits for a person's approval."),
        (vec![("refund", json!("done")), ("search_knowledge", json!([]))], "done"),
        (vec![("refund", json!({ "id": 7 }))], "refund: {\"id\":7}"),
    ] {
        let text = told(&results);
        let is_right = if expected == nothing { text.contains(nothing) } else { text == expected };
        assert!(is_right, "{results:?}: {text}");
    }
    // Results of an earlier question are none of this one.
    let earlier = vec![
        ChatMessage::user("When?"),
        ChatMessage::Tool { call_id: "c".to_owned(), name: "refund".to_owned(), content: "\"old\"".to_owned() },
        ChatMessage::assistant("old"),
        ChatMessage::user("refund"),
    ];
    assert_eq!(offline::answer(&call(earlier, tools()), || "c".to_owned()).tool_calls.len(), 1);
}

#[test]
fn a_schema_is_filled_from_the_words_and_numbers_of_a_text() {
    let text = "Order -3 of «Blue Mug» for ada@shop.example, express please, total 1_200.";
    for (schema, expected) in [
        (json!({ "type": "integer" }), json!(-3)),
        (json!({ "type": "number", "minimum": 0 }), json!(0)),
        (json!({ "type": ["string", "null"] }), json!("Blue Mug")),
        (json!({ "type": "string", "format": "email" }), json!("ada@shop.example")),
        (json!({ "type": "string", "maxLength": 4 }), json!("Blue")),
        (json!({ "enum": ["standard", "Express"] }), json!("Express")),
        (json!({ "const": 7 }), json!(7)),
        (json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2 }), json!([-3, 1200])),
        (json!({ "type": "boolean" }), json!(true)),
        (
            json!({ "properties": { "a": { "type": "integer" }, "b": { "type": "integer" }, "c": { "type": "integer" } }, "required": ["a", "b", "c"] }),
            json!({ "a": -3, "b": 1200, "c": 0 }),
        ),
        (json!({ "properties": { "kind": { "enum": ["x", "y"] }, "also": { "type": "boolean" } } }), json!({})),
        (json!(true), json!("Blue Mug")),
    ] {
        assert_eq!(fill::value(&schema, text), expected, "{schema}");
    }
    // A schema without an end is left at some depth.
    let mut deep = json!({ "type": "string" });
    for _ in 0..100 {
        deep = json!({ "type": "object", "properties": { "in": deep }, "required": ["in"] });
    }
    assert!(fill::value(&deep, text).to_string().len() < 200);
}

#[test]
fn the_mock_repeats_what_it_was_asked() {
    let plain = call(
        vec![
            ChatMessage::user("one"),
            ChatMessage::assistant("two"),
            ChatMessage::user(format!("ü{}", "x".repeat(300))),
        ],
        tools(),
    );
    assert_eq!(mock::answer("gpt", &plain).text, format!("[mock:gpt] ü{}", "x".repeat(199)));
    let system = ModelCall { system: Some("Be kind".to_owned()), ..ModelCall::default() };
    assert_eq!(mock::answer("mock", &system).text, "[mock:mock] Be kind");
    let schema = ModelCall {
        response_schema: Some(json!({ "type": "integer" })),
        ..call(vec![ChatMessage::user("I am 41")], Vec::new())
    };
    assert_eq!(mock::answer("mock", &schema).text, "41");
    assert_eq!(pieces("a  b\nc").collect::<Vec<_>>(), ["a ", " ", "b\n", "c"]);
}

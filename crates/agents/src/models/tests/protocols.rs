//! Both protocols, whole and as streams: whatever the provider speaks, the same comes out.

use floe_runtime::models::{ChatMessage, Finish, Part, ToolRequest};
use floe_runtime::tools::ToolSpec;
use floe_testkit::models::Turn;
use serde_json::{Value, json};

use super::*;

const BOTH: [ProviderKind; 2] = [ProviderKind::OpenaiCompatible, ProviderKind::Anthropic];

fn weather() -> ToolSpec {
    ToolSpec {
        name: "weather".to_owned(),
        description: "Tells the weather.".to_owned(),
        parameters: json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] }),
    }
}

#[tokio::test]
async fn the_same_comes_out_of_both_protocols_whole_or_in_pieces() {
    let world = World::open().await;
    for kind in BOTH {
        world.ready(kind.as_str(), kind).await;
        for streams in [false, true] {
            let hint = format!("{} streams: {streams}", kind.as_str());
            let city = json!({ "city": "Łódź \"x\"" });
            world.server.script([
                Turn::say("Zażółć gęślą jaźń, said the model."),
                Turn::Tools(
                    "I look. ".to_owned(),
                    vec![("weather".to_owned(), city.clone()), ("weather".to_owned(), json!({}))],
                ),
                Turn::Full("and so on and".to_owned()),
            ]);
            let call = ModelCall { tools: vec![weather()], ..ask(kind.as_str(), "Hello there") };
            let mut replies = Vec::new();
            for _ in 0..3 {
                let heard = Heard::default();
                let deltas = streams.then_some(&heard as &dyn Deltas);
                let reply = world.models.call(TEST, &call, deltas).await.expect(&hint);
                if streams {
                    assert_eq!(heard.text(), reply.text, "{hint}");
                }
                assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0, "{hint}: {reply:?}");
                assert_eq!(
                    (reply.model.as_str(), reply.fallback_used, reply.tries.len()),
                    (kind.as_str(), false, 0),
                    "{hint}"
                );
                replies.push(reply);
            }
            assert_eq!(
                (replies[0].text.as_str(), replies[0].finish),
                ("Zażółć gęślą jaźń, said the model.", Finish::Stop),
                "{hint}"
            );
            assert_eq!((replies[1].text.as_str(), replies[1].finish), ("I look. ", Finish::ToolCalls), "{hint}");
            let [first, second] = &replies[1].tool_calls[..] else { panic!("{hint}: {:?}", replies[1]) };
            assert_eq!((first.name.as_str(), &first.arguments), ("weather", &city), "{hint}");
            assert_eq!((&second.arguments, first.id == second.id), (&json!({}), false), "{hint}");
            assert_eq!((replies[2].text.as_str(), replies[2].finish), ("and so on and", Finish::Length), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_conversation_is_told_in_the_words_of_each_protocol() {
    let world = World::open().await;
    let request =
        ToolRequest { id: "c1".to_owned(), name: "weather".to_owned(), arguments: json!({ "city": "Lagos" }) };
    let call = |model: &str| ModelCall {
        model: Some(model.to_owned()),
        system: Some("Be brief.".to_owned()),
        messages: vec![
            ChatMessage::User {
                parts: vec![
                    Part::Text("See:".to_owned()),
                    Part::Image("data:image/png;base64,AAAA".to_owned()),
                    Part::Image("https://x.test/i.png".to_owned()),
                ],
            },
            ChatMessage::Assistant { text: String::new(), tool_calls: vec![request.clone()] },
            ChatMessage::Tool {
                call_id: "c1".to_owned(),
                name: "weather".to_owned(),
                content: "{\"sun\":true}".to_owned(),
            },
            ChatMessage::System { text: "Now in French.".to_owned() },
            ChatMessage::user("And?"),
        ],
        tools: vec![weather()],
        temperature: Some(1.5),
        max_output_tokens: Some(10_000_000),
        ..ModelCall::default()
    };
    for kind in BOTH {
        let provider = world
            .provider(kind.as_str(), kind, |new| drop(new.headers.insert("X-Org".to_owned(), json!("org 7"))))
            .await;
        let mut set = ModelPatch { max_output_tokens: Some(77), ..ModelPatch::default() };
        set.supports.vision = Some(true);
        world.model(&provider, &format!("m {}", kind.as_str()), set).await;
        world.call(&call(&format!("m {}", kind.as_str()))).await.expect("an answer");
    }
    let [openai, anthropic] = &world.server.seen()[..] else { panic!("two calls") };
    assert_eq!(
        (openai.line.as_str(), openai.header("authorization")),
        ("POST /v1/chat/completions", Some(format!("Bearer {KEY}").as_str()))
    );
    assert_eq!(openai.header("x-org"), Some("org 7"));
    assert_eq!(
        openai.body,
        json!({
            "model": "up-m openai_compatible",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [
                    { "type": "text", "text": "See:" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                    { "type": "image_url", "image_url": { "url": "https://x.test/i.png" } },
                ] },
                { "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function",
                    "function": { "name": "weather", "arguments": "{\"city\":\"Lagos\"}" } }] },
                { "role": "tool", "tool_call_id": "c1", "content": "{\"sun\":true}" },
                { "role": "system", "content": "Now in French." },
                { "role": "user", "content": "And?" },
            ],
            "max_tokens": 77, "temperature": 1.5,
            "tools": [{ "type": "function", "function": { "name": "weather", "description": "Tells the weather.", "parameters": weather().parameters } }],
        })
    );
    assert_eq!((anthropic.line.as_str(), anthropic.header("x-api-key")), ("POST /v1/messages", Some(KEY)));
    assert_eq!((anthropic.header("anthropic-version"), anthropic.header("authorization")), (Some("2023-06-01"), None));
    assert_eq!(
        anthropic.body,
        json!({
            "model": "up-m anthropic", "max_tokens": 77, "system": "Be brief.\n\nNow in French.",
            "messages": [
                { "role": "user", "content": [
                    { "type": "text", "text": "See:" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } },
                    { "type": "image", "source": { "type": "url", "url": "https://x.test/i.png" } },
                ] },
                { "role": "assistant", "content": [{ "type": "tool_use", "id": "c1", "name": "weather", "input": { "city": "Lagos" } }] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "c1", "content": "{\"sun\":true}" },
                    { "type": "text", "text": "And?" },
                ] },
            ],
            "temperature": 1.0,
            "tools": [{ "name": "weather", "description": "Tells the weather.", "input_schema": weather().parameters }],
        })
    );
}

#[tokio::test]
async fn a_schema_holds_the_model_where_its_provider_can_and_is_told_to_it_where_not() {
    let world = World::open().await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"], "additionalProperties": false });
    let told = |able: bool| {
        let mut set = ModelPatch::default();
        set.supports.json_schema = Some(able);
        set
    };
    for kind in BOTH {
        let provider = world.provider(kind.as_str(), kind, |_| {}).await;
        for able in [true, false] {
            world.model(&provider, &format!("{} {able}", kind.as_str()), told(able)).await;
        }
    }
    let call = |model: &str| ModelCall { response_schema: Some(schema.clone()), ..ask(model, "One?") };
    world.server.script([
        Turn::say("{\"n\":1}"),
        Turn::say("{\"n\":1}"),
        Turn::tool("answer", json!({ "n": 1 })),
        Turn::tool("answer", json!({ "n": 1 })),
        Turn::say("{\"n\":1}"),
    ]);
    let heard = Heard::default();
    for (model, deltas) in [
        ("openai_compatible true", None),
        ("openai_compatible false", None),
        ("anthropic true", None),
        ("anthropic true", Some(&heard as &dyn Deltas)),
        ("anthropic false", None),
    ] {
        let reply = world.models.call(TEST, &call(model), deltas).await.expect(model);
        assert_eq!(
            (reply.text.as_str(), reply.tool_calls.len(), reply.finish),
            ("{\"n\":1}", 0, Finish::Stop),
            "{model}"
        );
    }
    assert_eq!(heard.text(), "{\"n\":1}");
    let bodies: Vec<Value> = world.server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(
        bodies[0]["response_format"]["json_schema"],
        json!({ "name": "answer", "schema": schema, "strict": true })
    );
    assert!(
        bodies[1].get("response_format").is_none()
            && bodies[1]["messages"][0]["content"].to_string().contains("additionalProperties")
    );
    assert_eq!(
        (&bodies[2]["tool_choice"], &bodies[2]["tools"][0]["input_schema"]),
        (&json!({ "type": "tool", "name": "answer" }), &schema)
    );
    assert!(bodies[4].get("tools").is_none() && bodies[4]["system"].to_string().contains("additionalProperties"));
}

#[tokio::test]
async fn what_a_model_cannot_is_not_asked_of_it() {
    let world = World::open().await;
    let provider = world.provider("plain", ProviderKind::OpenaiCompatible, |_| {}).await;
    let supports = super::super::records::SupportsPatch {
        tools: Some(false),
        vision: Some(false),
        json_schema: None,
        stream: Some(false),
    };
    let set = ModelPatch { supports, ..ModelPatch::default() };
    world.model(&provider, "plain", set).await;
    let image = ChatMessage::User { parts: vec![Part::Image("data:image/png;base64,AAAA".to_owned())] };
    let call = ModelCall { tools: vec![weather()], messages: vec![image], ..ask("plain", "") };
    let heard = Heard::default();
    world.server.script([Turn::say("all at once")]);
    let reply = world.models.call(TEST, &call, Some(&heard)).await.expect("an answer");
    assert_eq!((heard.text(), heard.pieces()), (reply.text, 1));
    let body = &world.server.seen()[0].body;
    assert!(body.get("tools").is_none() && body.get("stream").is_none(), "{body}");
    assert!(body["messages"][0]["content"].as_str().is_some_and(|text| text.contains("cannot see")), "{body}");
}

#[tokio::test]
async fn arguments_that_are_no_json_arrive_as_what_was_written() {
    let world = World::open().await;
    world.ready("m", ProviderKind::OpenaiCompatible).await;
    world.server.script([Turn::Written("weather".to_owned(), "{\"city\": ".to_owned())]);
    let call = ModelCall { tools: vec![weather()], ..ask("m", "?") };
    let reply = world.call(&call).await.expect("an answer");
    assert_eq!(reply.tool_calls[0].arguments, json!("{\"city\": "));
    // It is shown to the model again as it was.
    let call = ModelCall {
        messages: vec![ChatMessage::Assistant { text: String::new(), tool_calls: reply.tool_calls }],
        ..call
    };
    world.call(&call).await.expect("an answer");
    assert_eq!(world.server.seen()[1].body["messages"][0]["tool_calls"][0]["function"]["arguments"], "{\"city\": ");
}

#[tokio::test]
async fn a_field_that_a_server_does_not_know_is_left_out_once() {
    let world = World::open().await;
    world.ready("m", ProviderKind::OpenaiCompatible).await;
    let refusal = |field: &str| {
        let body =
            json!({ "error": { "message": format!("Unsupported parameter {field}"), "param": field } }).to_string();
        Turn::Raw(
            format!(
                "HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    };
    world.server.script([refusal("max_tokens"), refusal("temperature"), Turn::say("yes"), refusal("messages")]);
    let call = ModelCall { temperature: Some(0.1), ..ask("m", "?") };
    assert_eq!(world.call(&call).await.expect("an answer").text, "yes");
    let last = &world.server.seen()[2].body;
    assert!(
        last.get("max_tokens").is_none() && last.get("temperature").is_none() && last["max_completion_tokens"].is_u64(),
        "{last}"
    );
    let fault = world.call(&call).await.expect_err("a refusal").fault;
    assert_eq!(fault, ModelFault::Refused("Unsupported parameter messages".to_owned()));
}

#[tokio::test]
async fn vectors_come_in_the_order_of_the_texts_and_of_unit_length() {
    let world = World::open().await;
    let provider = world.provider("p", ProviderKind::OpenaiCompatible, |_| {}).await;
    world.model_of(&provider, "vectors", ModelKind::Embedding, ModelPatch::default()).await;
    let texts: Vec<String> = (0..200).map(|at| "ab".repeat(at + 1) + "c").collect();
    let call = EmbedCall { model: Some("vectors".to_owned()), texts: texts.clone(), deadline_ms: 0 };
    let made = world.models.embed(LIVE, &call).await.expect("vectors");
    assert_eq!(
        (made.vectors.len(), made.vectors[0].len(), made.model.as_str(), made.usage.input_tokens),
        (200, 8, "vectors", 200)
    );
    for vector in &made.vectors {
        assert!((vector.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // The longer the text, the less its last letter counts: "c" is byte 99, in place 3.
    assert!(made.vectors.windows(2).all(|pair| pair[0][3] > pair[1][3]));
    assert_eq!(world.server.seen().len(), 3);

    let built_in = world.models.embed(LIVE, &EmbedCall { model: None, ..call }).await.expect("vectors");
    assert_eq!((built_in.vectors[0].len(), built_in.model.as_str(), built_in.price.per_call), (256, "hash-256", 0));
    let chat = EmbedCall { model: Some("mock".to_owned()), texts, deadline_ms: 0 };
    assert_eq!(
        world.models.embed(TEST, &chat).await.expect_err("no vectors").fault,
        ModelFault::UnknownModel("mock".to_owned())
    );
}

#[tokio::test]
async fn a_model_is_told_how_long_it_may_think_and_tells_what_it_thought() {
    let world = World::open().await;
    for kind in BOTH {
        world.ready(kind.as_str(), kind).await;
    }
    let call = |model: &str, tokens: u32| ModelCall {
        thinking_tokens: Some(tokens),
        max_output_tokens: Some(500),
        temperature: Some(0.7),
        top_p: Some(0.5),
        ..ask(model, "Why?")
    };
    let refusal = json!({ "error": { "message": "Unknown parameter", "param": "reasoning_effort" } }).to_string();
    let refused = format!(
        "HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{refusal}",
        refusal.len()
    );
    world.server.script([Turn::say("yes"), Turn::Raw(refused.into_bytes()), Turn::say("no")]);
    world.call(&call("openai_compatible", 1_024)).await.expect("an answer");
    assert_eq!(world.call(&call("openai_compatible", 1_500)).await.expect("without it").text, "no");
    let seen = world.server.seen();
    let efforts: Vec<&Value> = seen.iter().map(|seen| &seen.body["reasoning_effort"]).collect();
    assert_eq!(efforts, [&json!("low"), &json!("low"), &Value::Null]);

    let answer = json!({
        "type": "message", "stop_reason": "end_turn", "usage": { "input_tokens": 3, "output_tokens": 4 },
        "content": [{ "type": "thinking", "thinking": "Hm.", "signature": "s" }, { "type": "text", "text": "Because." }],
    })
    .to_string();
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
    let events = [
        json!({ "type": "message_start", "message": { "usage": { "input_tokens": 3 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "thinking", "thinking": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "Hm." } }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "text_delta", "text": "Because." } }),
        json!({ "type": "message_stop" }),
    ];
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let stream = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}");
    let whole = || Turn::Raw(whole.clone().into_bytes());
    world.server.script([whole(), Turn::Raw(stream.into_bytes()), whole()]);
    let heard = Heard::default();
    for deltas in [None, Some(&heard as &dyn Deltas)] {
        let reply = world.models.call(TEST, &call("anthropic", 1_500), deltas).await.expect("an answer");
        assert_eq!((reply.thinking.as_str(), reply.text.as_str()), ("Hm.", "Because."));
    }
    assert_eq!(heard.text(), "Because.", "what it thought is no part of the answer");
    let seen = world.server.seen();
    let body = &seen.last().expect("a call").body;
    assert_eq!(
        (&body["thinking"], &body["max_tokens"]),
        (&json!({ "type": "enabled", "budget_tokens": 1_500 }), &json!(2_000))
    );
    assert!(body.get("temperature").is_none() && body.get("top_p").is_none(), "{body}");

    // Of all that the model may say, the answer keeps what it was promised.
    let most = 4_096;
    world.call(&call("anthropic", most)).await.expect("an answer");
    let seen = world.server.seen();
    let body = &seen.last().expect("a call").body;
    assert_eq!((&body["thinking"]["budget_tokens"], &body["max_tokens"]), (&json!(most - 500), &json!(most)));

    // One that cannot think is asked again, as if nobody had wanted that.
    let cannot = json!({ "type": "error", "error": {
        "type": "invalid_request_error", "message": "This model does not support extended thinking.",
    } })
    .to_string();
    let cannot = format!(
        "HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{cannot}",
        cannot.len()
    );
    world.server.script([Turn::Raw(cannot.into_bytes()), whole()]);
    world.call(&call("anthropic", 1_500)).await.expect("without it");
    let seen = world.server.seen();
    let body = &seen.last().expect("a call").body;
    assert_eq!((&body["thinking"], &body["max_tokens"], &body["top_p"]), (&Value::Null, &json!(500), &json!(0.5)));
}

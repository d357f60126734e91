//! The bodies that the reference prints, letter by letter: the values that differ from call to call are put in their places.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, key, text};

/// The answer with what differs from call to call replaced by the values of the reference.
fn as_printed(desk: &Desk, body: &str, envelope: &Value) -> String {
    let metadata = &envelope["body"]["metadata"];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut printed = body.replace(&desk.agent, "agent_123abc");
    for (found, shown) in [
        (text(&metadata["id"]), "meta_xyz789"),
        (text(&metadata["timestamp"]), "2024-03-21T14:30:00Z"),
        (text(&metadata["thread_id"]), "thread_123456"),
        (format!("\"execution_time\":{}", metadata["execution_time"]), "\"execution_time\":2500"),
        (format!("\"model\":{}", metadata["model"]), "\"model\":\"gpt-4\""),
    ] {
        printed = printed.replace(&found, shown);
    }
    // What the reference has no place for comes after what it prints.
    let usage = format!(",\"usage\":{}", metadata["usage"]);
    printed.replace(&usage, "")
}

const HELLO: &str = "Hello, I have a question about my order";

/// A server that answers everything with 503, where the name of the hooks leads.
async fn busy_provider() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    crate::hooks::lead_to(listener.local_addr().expect("an address").port());
    let router = axum::Router::new().fallback(|| async { http::StatusCode::SERVICE_UNAVAILABLE });
    tokio::spawn(async move { axum::serve(listener, router).await });
}

on_both! {
    async fn the_three_forms_of_a_message_get_the_printed_answer(store: TestStore) {
        let desk = Desk::on(store).await;
        let expected = format!(
            concat!(
                r#"{{"statusCode":200,"body":{{"agent_id":"agent_123abc","conversation_history":["#,
                r#"{{"role":"user","content":"{}"}},{{"role":"assistant","content":"[mock:mock] {}"}}],"#,
                r#""metadata":{{"id":"meta_xyz789","model":"gpt-4","timestamp":"2024-03-21T14:30:00Z","tool_calls":{{}},"#,
                r#""execution_time":2500,"used_credits":1,"thread_id":"thread_123456"}}}}}}"#
            ),
            HELLO, HELLO
        );
        for messages in
            [json!(HELLO), json!({ "role": "user", "content": HELLO }), json!([{ "role": "user", "content": HELLO }])]
        {
            let answer = desk.chat(json!({ "messages": messages })).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(!answer.header("x-request-id").is_empty());
            assert_eq!(as_printed(&desk, &text(&answer), &answer.json), expected);
            let thread = answer.json["body"]["metadata"]["thread_id"].as_str().expect("a thread").to_owned();
            assert!(thread.starts_with("thread_") && thread.len() == 33, "{thread}");
        }
    }

    async fn credentials_are_asked_for_in_the_printed_words(store: TestStore) {
        let desk = Desk::on(store).await;
        let path = desk.path("/chat");
        let none = r#"{"error":"API key is required","message":"Please provide an API key in the Authorization header"}"#;
        let wrong = r#"{"error":"Invalid API key","message":"The provided API key is not valid"}"#;
        let denied = r#"{"error":"Access denied","message":"This agent does not belong to your organisation"}"#;
        let empty = r#"{"error":"agent_id is required and must be a non-empty string"}"#;
        let hello = json!({ "messages": "Hello" });
        let usage_only = key(
            &desk.app,
            &desk.session,
            json!({ "kind": "agents", "name": "reader", "mode": "test", "scopes": ["usage"] }),
        )
        .await;
        let missing = "/api/public/agent/66a72b17-cb03-4397-ab2a-1eef13847737/chat".to_owned();
        let bearer = format!("Bearer {}", desk.key);
        for (path, credential, status, body) in [
            (&path, None, 401, none),
            (&path, Some(""), 401, none),
            (&path, Some("YOUR_API_KEY"), 401, wrong),
            (&path, Some("Bearer YOUR_API_KEY"), 401, wrong),
            (
                &path,
                Some(usage_only.as_str()),
                403,
                r#"{"error":"Access denied","message":"This API key is not allowed to do this"}"#,
            ),
            (&missing, Some(desk.key.as_str()), 403, denied),
            (&missing, Some(bearer.as_str()), 403, denied),
            (&"/api/public/agent/%20/chat".to_owned(), Some(desk.key.as_str()), 400, empty),
        ] {
            let mut asking = desk.app.post(path).json(&hello);
            if let Some(credential) = credential {
                asking = asking.header("authorization", credential);
            }
            let answer = asking.send().await;
            assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (status, body), "{path} {credential:?}");
        }
        let taken = desk.app.post(&path).header("authorization", &bearer).json(&hello).send().await;
        assert_eq!(taken.status, 200, "the key after Bearer is taken as well");
    }

    async fn no_credits_and_a_busy_provider_are_printed_envelopes(store: TestStore) {
        let desk = Desk::on(store).await;
        let before = desk.balance().await;
        let poor = desk.new_agent(json!({ "credit_limit": { "amount": 1, "period": "day" } })).await;
        let asked = |agent: String, strict: bool| {
            let path = format!("/api/public/agent/{agent}/chat");
            let asking = desk.app.post(&path).header("authorization", &desk.key);
            let asking = if strict { asking.header("x-strict-status", "true") } else { asking };
            asking.json(&json!({ "messages": "Hello", "thread_id": "t" })).send()
        };
        assert_eq!(asked(poor.clone(), false).await.json["statusCode"], 200, "the limit allows one");
        let expected = format!(
            r#"{{"statusCode":402,"body":{{"agent_id":"{poor}","message":"No credits available","error":"No credits available"}}}}"#
        );
        let answer = asked(poor.clone(), false).await;
        assert_eq!((answer.status.as_u16(), text(&answer)), (200, expected.clone()));
        let strict = asked(poor.clone(), true).await;
        assert_eq!((strict.status.as_u16(), text(&strict)), (402, expected.clone()));
        // A background call is refused in the same words, at once.
        let background = json!({ "messages": "Hello", "callback_url": crate::hooks::url(200) });
        let path = format!("/api/public/agent/{poor}/chat");
        let refused = desk.app.post(&path).header("authorization", &desk.key).json(&background).send().await;
        assert_eq!((refused.status.as_u16(), text(&refused)), (200, expected));
        // A provider that only ever answers 503.
        busy_provider().await;
        let provider = json!({
            "name": "busy", "kind": "openai_compatible", "base_url": crate::hooks::base_url(), "api_key": "sk-test",
        });
        let provider = desk.console("POST", "/console/v1/model-providers", Some(provider)).await;
        assert_eq!(provider.status, 201, "{provider:?}");
        let model = json!({
            "name": "busy-model", "provider_id": provider.json["id"], "upstream_model": "x", "kind": "chat",
        });
        let model = desk.console("POST", "/console/v1/models", Some(model)).await;
        assert_eq!(model.status, 201, "{model:?}");
        let busy = desk.new_agent(json!({ "model": "busy-model" })).await;
        let answer = asked(busy.clone(), false).await;
        let expected = format!(
            r#"{{"statusCode":503,"body":{{"agent_id":"{busy}","message":"Service temporarily unavailable","error":"AI provider is currently experiencing high traffic"}}}}"#
        );
        assert_eq!((answer.status.as_u16(), text(&answer)), (200, expected.clone()));
        assert_eq!(
            (asked(busy, true).await.status.as_u16(), desk.balance().await),
            (503, before - 1.0),
            "nothing is charged"
        );
    }
}

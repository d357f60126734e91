//! What a request may say, in every row of the contract's tables (agents contract, sections 1.1, 2.1, 2.2, 2.4).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, text};

on_both! {
    async fn bad_requests_are_refused_in_the_words_of_the_contract(store: TestStore) {
        let desk = Desk::on(store).await;
        let before = desk.balance().await;
        let invalid = |error: &str, message: &str| json!({ "error": error, "message": message }).to_string();
        let none = invalid(
            "Invalid messages",
            "messages is required and must be a string, a message object or an array of message objects",
        );
        let role = invalid("Invalid messages", "messages[0].role must be one of user, assistant, system, tool");
        let content = invalid("Invalid messages", "messages[1].content must be a non-empty string or an array of parts");
        let last = invalid("Invalid messages", "The last message must have the role user");
        let thread = invalid("Invalid thread_id", "thread_id must be 1 to 128 letters, digits or _-.:");
        let url = invalid("Invalid callback_url", "callback_url must be a reachable absolute http or https URL");
        let both = invalid("Invalid request", "stream and callback_url cannot be used together");
        let user = json!({ "role": "user", "content": "x" });
        for (body, expected) in [
            (json!({}), &none),
            (json!([]), &none),
            (json!({ "messages": "" }), &none),
            (json!({ "messages": [] }), &none),
            (json!({ "messages": true }), &none),
            (json!({ "messages": [{ "role": "robot", "content": "x" }] }), &role),
            (json!({ "messages": [user, { "role": "user", "content": "" }] }), &content),
            (json!({ "messages": [user, { "role": "assistant", "content": "x" }] }), &last),
            (json!({ "messages": "x", "thread_id": "has space" }), &thread),
            (json!({ "messages": "x", "thread_id": "x".repeat(129) }), &thread),
            (json!({ "messages": "x", "callback_url": "not a url" }), &url),
            (json!({ "messages": "x", "callback_url": "/relative" }), &url),
            (json!({ "messages": "x", "callback_url": "ftp://hooks.floe.test/x" }), &url),
            (json!({ "messages": "x", "callback_url": "http://127.0.0.1:8700/x" }), &url),
            (json!({ "messages": "x", "callback_url": "http://169.254.169.254/latest/meta-data" }), &url),
            (json!({ "messages": "x", "callback_url": "http://10.0.0.8/x" }), &url),
            (json!({ "messages": "x", "callback_url": crate::hooks::url(200), "stream": true }), &both),
        ] {
            let answer = desk.chat(body.clone()).await;
            assert_eq!((answer.status.as_u16(), &text(&answer)), (400, expected), "{body}");
        }
        assert_eq!(desk.balance().await, before, "a refusal costs nothing");
        let threads = desk.get("/threads").await;
        assert_eq!(threads.json["data"], json!([]), "and leaves nothing behind");
    }

    async fn bodies_that_are_no_json_or_too_large_have_their_words(store: TestStore) {
        let desk = Desk::on(store).await;
        let send = |body: Vec<u8>| {
            let asking = desk.app.post(&desk.path("/chat")).header("authorization", &desk.key);
            asking.header("content-type", "application/json").body(body).send()
        };
        let broken = r#"{"error":"Invalid request body","message":"Request body must be valid JSON"}"#;
        for body in [&b"{"[..], b"", b"messages=x", b"{\"messages\":\"\xff\"}"] {
            let answer = send(body.to_vec()).await;
            assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (400, broken));
        }
        let large = format!(r#"{{"messages":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
        let answer = send(large.into_bytes()).await;
        let expected = r#"{"error":"Request too large","message":"Request body must not exceed 5 MB"}"#;
        assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (413, expected));
        let wrong = desk.app.get(&desk.path("/chat")).header("authorization", &desk.key).send().await;
        assert_eq!((wrong.status.as_u16(), text(&wrong).as_str()), (405, r#"{"error":"Method not allowed"}"#));
        assert_eq!(wrong.header("allow"), "POST");
        let nowhere = desk.get("/nothing").await;
        assert_eq!((nowhere.status.as_u16(), text(&nowhere).as_str()), (404, r#"{"error":"Not found"}"#));
    }

    async fn nulls_empty_texts_and_unknown_fields_count_as_absent(store: TestStore) {
        let desk = Desk::on(store).await;
        let body = json!({
            "messages": { "role": "user", "content": "Hello", "id": "mine", "createdAt": 1 },
            "thread_id": "", "callback_url": "", "stream": null, "metadata": null, "temperature": 5,
        });
        let answer = desk.chat(body).await;
        assert_eq!(answer.json["statusCode"], 200, "{answer:?}");
        let metadata = &answer.json["body"]["metadata"];
        assert!(metadata.get("custom").is_none() && metadata.get("finish_reason").is_none());
        let body = json!({ "messages": "Hello", "metadata": { "order": "77" } });
        assert_eq!(desk.chat(body).await.json["body"]["metadata"]["custom"], json!({ "order": "77" }));
    }

    async fn an_inactive_agent_answers_nobody(store: TestStore) {
        let desk = Desk::on(store).await;
        let path = format!("/api/public/agent/{}", desk.agent);
        let change = desk.app.patch(&path).header("authorization", &desk.key).json(&json!({ "status": "inactive" }));
        assert_eq!(change.send().await.status, 200);
        let expected = r#"{"error":"Agent inactive","message":"This agent is not active"}"#;
        for body in [
            json!({ "messages": "Hello" }),
            json!({ "messages": "Hello", "stream": true }),
            json!({ "messages": "Hello", "callback_url": crate::hooks::url(200) }),
        ] {
            let answer = desk.chat(body).await;
            assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (409, expected));
        }
    }

    async fn a_repeat_is_the_same_exchange(store: TestStore) {
        let desk = Desk::on(store).await;
        let before = desk.balance().await;
        let (body, other) = (json!({ "messages": "Hello" }), json!({ "messages": "Hello you" }));
        let key = [("idempotency-key", "k-1")];
        let first = desk.chat_with(body.clone(), &key).await;
        let again = desk.chat_with(body.clone(), &key).await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (again.status, ""));
        assert_eq!((text(&first), again.header("idempotent-replayed")), (text(&again), "true"));
        let mismatch = desk.chat_with(other, &key).await;
        let expected = r#"{"error":"Idempotency mismatch","message":"Idempotency-Key was used with a different request"}"#;
        assert_eq!((mismatch.status.as_u16(), text(&mismatch).as_str()), (422, expected));
        assert_eq!(desk.balance().await, before - 1.0);
        // The same in the background: one exchange, one acknowledgement.
        crate::hooks::receive().await;
        let body = json!({ "messages": "Hello", "callback_url": crate::hooks::url(200) });
        let key = [("idempotency-key", "k-2")];
        let (first, again) = (desk.chat_with(body.clone(), &key).await, desk.chat_with(body, &key).await);
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(desk.get("/threads").await.json["data"].as_array().map(Vec::len), Some(2));
    }

    async fn a_thread_goes_on_and_its_history_can_be_sent_back(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("order:77", "One").await;
        let body = desk.say("order:77", "Two").await;
        let texts: Vec<&Value> =
            body["conversation_history"].as_array().expect("a list").iter().map(|message| &message["content"]).collect();
        assert_eq!(texts, ["One", "[mock:mock] One", "Two", "[mock:mock] Two"]);
        assert_eq!(body["metadata"]["thread_id"], "order:77");
        let mut history = body["conversation_history"].as_array().expect("a list").clone();
        history.push(json!({ "role": "user", "content": "Three" }));
        let answer = desk.chat(json!({ "messages": history })).await;
        let body = &answer.json["body"];
        assert_eq!(
            body["conversation_history"].as_array().map(Vec::len),
            Some(6),
            "without a thread the list is the history"
        );
        assert_ne!(body["metadata"]["thread_id"], "order:77");
        // Live and test know nothing of each other.
        let live = super::super::key(&desk.app, &desk.session, json!({ "kind": "agents", "name": "live", "mode": "live" })).await;
        let seen = desk.app.get(&desk.path("/threads")).header("authorization", &live).send().await;
        assert_eq!(seen.json["data"], json!([]));
    }
}

//! Threads: lists, people in the agent's place, feedback, deletion (agents contract, sections 2.4 and 6; console contract, section 5.2).

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{Desk, text};

fn contents(answer: &Value) -> Vec<String> {
    let messages = answer["messages"].as_array().expect("a list");
    messages.iter().map(|message| message["content"].as_str().expect("a text").to_owned()).collect()
}

on_both! {
    async fn threads_are_listed_busiest_first_and_shown_from_their_end(store: TestStore) {
        let desk = Desk::on(store).await;
        for thread in ["a", "b", "c"] {
            desk.say(thread, &format!("Hello {thread}")).await;
            desk.app.pass_seconds(1);
        }
        desk.say("a", "Again").await;
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = desk.get(&format!("/threads?limit=2{cursor}")).await;
            assert_eq!(page.status, 200, "{page:?}");
            seen.extend(page.json["data"].as_array().expect("a list").iter().map(|thread| thread["id"].clone()));
            match page.json["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ["a", "c", "b"]);
        let shown = desk.get("/threads/a?limit=3").await;
        assert_eq!(contents(&shown.json), ["[mock:mock] Hello a", "Again", "[mock:mock] Again"]);
        assert_eq!((&shown.json["has_more"], &shown.json["message_count"]), (&json!(true), &json!(4)));
        let first = shown.json["messages"][0]["id"].as_str().expect("an id").to_owned();
        assert!(first.starts_with("msg-"), "{first}");
        let earlier = desk.get(&format!("/threads/a?before={first}")).await;
        assert_eq!((contents(&earlier.json), &earlier.json["has_more"]), (vec!["Hello a".to_owned()], &json!(false)));
        for wrong in
            ["/threads?limit=0", "/threads?limit=201", "/threads?cursor=x", "/threads?cursor=5.x", "/threads?state=open"]
        {
            assert_eq!(desk.get(wrong).await.status, 400, "{wrong}");
        }
        for missing in ["/threads/zzz", "/threads/a%00b", "/threads/a?before=msg-5"] {
            assert_eq!(desk.get(missing).await.status, 404, "{missing}");
        }
    }

    async fn a_person_takes_over_and_gives_back(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("t", "Hello").await;
        let before = desk.balance().await;
        let early = desk.post("/threads/t/messages", json!({ "content": "Hi" })).await;
        assert_eq!((early.status.as_u16(), &early.json["error"]), (409, &json!("Conflict")));
        let taken = desk.post("/threads/t/handoff", json!({ "note": "angry" })).await;
        assert_eq!((&taken.json["state"], &taken.json["note"]), (&json!("human"), &json!("angry")), "{taken:?}");
        // Nothing runs and nothing is charged while a person has it.
        let body = desk.say("t", "Anybody?").await;
        assert_eq!(body["metadata"]["finish_reason"], "handoff");
        assert_eq!((&body["metadata"]["used_credits"], desk.balance().await), (&json!(0), before));
        let history = body["conversation_history"].as_array().expect("a list");
        assert_eq!(history.last().expect("a message")["content"], "Anybody?");
        let said = desk.post("/threads/t/messages", json!({ "content": "I am here" })).await;
        assert_eq!(
            (said.status.as_u16(), &said.json["role"], &said.json["author"]),
            (201, &json!("assistant"), &json!("human"))
        );
        let inbox = desk.console("GET", "/console/v1/inbox?mode=test", None).await;
        assert_eq!(inbox.json["data"][0]["kind"], "agent_handoff", "{inbox:?}");
        let back = desk.post("/threads/t/release", json!({})).await;
        assert_eq!(back.json["state"], "bot");
        let inbox = desk.console("GET", "/console/v1/inbox?mode=test&status=open", None).await;
        assert_eq!(inbox.json["data"], json!([]));
        let body = desk.say("t", "Thanks").await;
        let texts: Vec<&Value> =
            body["conversation_history"].as_array().expect("a list").iter().map(|message| &message["content"]).collect();
        assert_eq!(texts, ["Hello", "[mock:mock] Hello", "Anybody?", "I am here", "Thanks", "[mock:mock] Thanks"]);
        let activity = desk.get("/activity").await;
        let kinds: Vec<&str> =
            activity.json["data"].as_array().expect("a list").iter().filter_map(|one| one["type"].as_str()).collect();
        assert!(kinds.contains(&"handoff.started") && kinds.contains(&"handoff.ended"), "{kinds:?}");
    }

    async fn a_closed_thread_takes_nothing(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("t", "Hello").await;
        let id = desk.console("GET", "/console/v1/threads", None).await.json["data"][0]["id"].clone();
        let path = format!("/console/v1/threads/{}", id.as_str().expect("an id"));
        let closed = desk.console("POST", &format!("{path}/archive"), Some(json!({}))).await;
        assert_eq!(closed.json["state"], "closed", "{closed:?}");
        let answer = desk.chat(json!({ "messages": "Hello?", "thread_id": "t" })).await;
        let expected = r#"{"error":"Thread closed","message":"This thread is closed"}"#;
        assert_eq!((answer.status.as_u16(), text(&answer).as_str()), (409, expected));
        assert_eq!(desk.post("/threads/t/handoff", json!({})).await.status, 409);
        let open = desk.console("POST", &format!("{path}/unarchive"), Some(json!({}))).await;
        assert_eq!(open.json["state"], "bot");
        desk.say("t", "Hello again").await;
    }

    async fn messages_are_rated_and_threads_removed_for_good(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("t", "My secret is swordfish").await;
        let shown = desk.get("/threads/t").await;
        let (question, answer) = (&shown.json["messages"][0]["id"], &shown.json["messages"][1]["id"]);
        let rate = |message: &Value, rating: &str| json!({ "message_id": message, "rating": rating, "comment": "so" });
        let rated = desk.post("/threads/t/feedback", rate(answer, "down")).await;
        assert_eq!(
            (rated.status.as_u16(), &rated.json["rating"], &rated.json["comment"]),
            (200, &json!("down"), &json!("so"))
        );
        assert_eq!(desk.post("/threads/t/feedback", rate(question, "up")).await.status, 400);
        assert_eq!(desk.post("/threads/t/feedback", rate(answer, "great")).await.status, 400);
        assert_eq!(desk.post("/threads/t/feedback", rate(&json!("msg-1"), "up")).await.status, 404);
        let removed = desk.delete("/threads/t").await;
        assert_eq!((removed.status.as_u16(), text(&removed).as_str()), (200, r#"{"deleted":true,"id":"t"}"#));
        assert_eq!(desk.get("/threads/t").await.status, 404);
        assert_eq!(desk.delete("/threads/t").await.status, 404);
        // What it cost stays, what was said is nowhere.
        let runs = desk.console("GET", "/console/v1/runs?kind=agent", None).await;
        assert_eq!((&runs.json["data"][0]["status"], &runs.json["data"][0]["credits"]), (&json!("completed"), &json!(1)));
        let run = runs.json["data"][0]["id"].as_str().expect("an id").to_owned();
        let timeline = desk.console("GET", &format!("/console/v1/runs/{run}/timeline"), None).await;
        assert!(!timeline.json.to_string().contains("swordfish") && timeline.status == 200);
        // The alias is free for another conversation.
        let body = desk.say("t", "New").await;
        assert_eq!(body["conversation_history"].as_array().map(Vec::len), Some(2));
    }

    async fn exchanges_are_among_the_runs(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("t", "Hello").await;
        let list = desk.console("GET", "/console/v1/runs?total=true", None).await;
        let run = &list.json["data"][0];
        assert_eq!(
            (&run["kind"], &run["status"], &run["product_status"]),
            (&json!("agent"), &json!("completed"), &json!("200"))
        );
        assert_eq!(
            (&run["definition_id"], &run["name"], &run["mode"]),
            (&json!(desk.agent), &json!("Desk"), &json!("test"))
        );
        assert_eq!((&run["trigger"], &run["source"], &list.json["total"]), (&json!("api"), &json!("client"), &json!(1)));
        let id = run["id"].as_str().expect("an id").to_owned();
        let one = desk.console("GET", &format!("/console/v1/runs/{id}"), None).await;
        assert_eq!(&one.json, run);
        let timeline = desk.console("GET", &format!("/console/v1/runs/{id}/timeline"), None).await;
        assert_eq!(timeline.json["spans"][0]["type"], "model", "{timeline:?}");
        let span = desk.console("GET", &format!("/console/v1/runs/{id}/spans/1"), None).await;
        assert_eq!(span.status, 200, "{span:?}");
        for (filter, count) in [
            ("kind=agent&status=completed", 1),
            ("kind=flow", 0),
            ("status=failed", 0),
            ("mode=live", 0),
            ("q=desk", 1),
            ("q=nobody", 0),
            ("source=dashboard", 0),
        ] {
            let list = desk.console("GET", &format!("/console/v1/runs?{filter}"), None).await;
            assert_eq!(list.json["data"].as_array().map(Vec::len), Some(count), "{filter}");
        }
        assert_eq!(desk.console("POST", &format!("/console/v1/runs/{id}/cancel"), Some(json!({}))).await.status, 409);
        assert_eq!(desk.console("POST", &format!("/console/v1/runs/{id}/rerun"), Some(json!({}))).await.status, 422);
    }

    async fn threads_go_when_nothing_happened_in_them_for_long(store: TestStore) {
        let desk = Desk::on(store).await;
        let before = desk.balance().await;
        desk.say("old", "Hello").await;
        desk.say("waits", "Hello").await;
        desk.post("/threads/waits/handoff", json!({})).await;
        desk.app.pass_seconds(20 * 86_400);
        desk.say("young", "Hello").await;
        desk.app.pass_seconds(11 * 86_400);
        let removed = desk.app.app.operation.sweep().await.expect("a sweep");
        assert_eq!(removed.threads, 1);
        for (thread, status) in [("old", 404), ("waits", 200), ("young", 200)] {
            assert_eq!(desk.get(&format!("/threads/{thread}")).await.status.as_u16(), status, "{thread}");
        }
        let session = desk.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        let desk = Desk { session, ..desk };
        let runs = desk.console("GET", "/console/v1/runs?kind=agent&total=true", None).await;
        assert_eq!((&runs.json["total"], desk.balance().await), (&json!(2), before - 3.0));
    }
}

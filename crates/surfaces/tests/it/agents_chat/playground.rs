//! The playground of the console (console contract, sections 5.2 and 6.5).

use floe_testkit::on_both;
use serde_json::json;

use super::{Desk, events, text};

on_both! {
    async fn an_unsaved_configuration_is_tried_with_its_trace(store: TestStore) {
        let desk = Desk::on(store).await;
        let path = format!("/console/v1/agents/{}/chat", desk.agent);
        let body = json!({ "messages": "When?", "config": { "model": "offline", "instructions": "Be brief." } });
        let answer = desk.console("POST", &path, Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = events(&text(&answer));
        assert!(told.iter().any(|(name, _)| name == "trace"), "{told:?}");
        let (last, envelope) = told.last().expect("an event");
        assert_eq!((last.as_str(), &envelope["body"]["metadata"]["model"]), ("message.completed", &json!("offline")));
        let runs = desk.console("GET", "/console/v1/runs?kind=agent&source=dashboard", None).await;
        assert_eq!(runs.json["data"].as_array().map(Vec::len), Some(1));
        // Nothing of it was saved.
        assert_eq!(desk.get("").await.json["model"], "mock");
    }

    async fn bad_input_names_its_member(store: TestStore) {
        let desk = Desk::on(store).await;
        let path = format!("/console/v1/agents/{}/chat", desk.agent);
        for (body, code) in [
            (json!({ "messages": "" }), "validation_failed"),
            (json!({ "messages": "x", "callback_url": "https://x.test" }), "unknown_field"),
            (json!({ "messages": "x", "config": 5 }), "validation_failed"),
            (json!({ "messages": "x", "config": { "temperature": 9 } }), "validation_failed"),
        ] {
            desk.console("POST", &path, Some(body)).await.is(400, code);
        }
        let missing = "/console/v1/agents/00000000-0000-7000-8000-000000000000/chat";
        desk.console("POST", missing, Some(json!({ "messages": "x" }))).await.is(404, "not_found");
    }
}

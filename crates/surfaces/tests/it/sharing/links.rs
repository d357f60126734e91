//! Share links over HTTP.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{confirm, link, patch};
use crate::app::{Answer, TestApp};
use crate::flows::refused;
use crate::flows_runs::{World, approval, echo};

/// As somebody who holds nothing but the link.
async fn execute(app: &TestApp, token: &str, inputs: Value) -> Answer {
    app.post(&format!("/v1/flow/share/execute/{token}")).json(&inputs).send().await
}

fn form_and_api() -> Value {
    let input = json!({
        "key": "topic", "label": "Topic", "type": "text", "required": true, "secretNote": "for the editor",
    });
    let data = json!({ "inputs": [input], "title": "Order", "submitLabel": "Send", "description": "not shown" });
    json!([
        { "id": "api", "type": "api", "nextStepId": "end" },
        { "id": "form", "type": "form", "data": data, "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "by": "{{_trigger.type}}", "topic": "{{topic}}" } } },
    ])
}

on_both! {
    async fn a_link_tells_and_starts_what_is_published(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Order", form_and_api()).await;
        let token = link(&world, &flow).await;
        assert_eq!(token.len(), 43);
        let shown = world.app.get(&format!("/v1/flow/share/{token}")).send().await;
        assert_eq!(shown.json, json!({
            "name": "Order", "description": "", "icon": null, "title": "Order", "submitLabel": "Send", "requiresFiles": false,
            "inputs": [{ "key": "topic", "label": "Topic", "type": "text", "required": true }],
        }));
        let done = execute(&world.app, &token, json!({ "topic": "tea" })).await;
        assert_eq!((done.status.as_u16(), &done.json), (200, &json!({ "by": "form", "topic": "tea" })));
        assert_eq!(done.header("x-ratelimit-limit"), "30");
        assert_eq!(refused(&execute(&world.app, &token, json!({})).await), (400, "validation_error".to_owned()));

        let run = done.header("x-flow-run-id").to_owned();
        let record = world.get(&format!("/v1/flowrun/details/{run}")).await;
        assert_eq!(record.json["source"]["kind"], "share");
        assert_eq!((&record.json["source"]["userId"], &record.json["trigger"]["type"]), (&Value::Null, &json!("form")));
        let entries = world.get(&format!("/v1/flow/{flow}/logs")).await;
        let events: Vec<_> = entries.json["data"].as_array().expect("entries").iter().map(|one| one["event"].clone()).collect();
        assert!(events.contains(&json!("share.enabled")) && events.contains(&json!("share.executed")), "{events:?}");
    }

    async fn unknown_ended_and_unpublished_links_answer_alike(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let draft = world.draft("Draft", echo()).await;
        let (token, of_draft) = (link(&world, &flow).await, link(&world, &draft).await);
        let unknown = execute(&world.app, &"A".repeat(43), json!({})).await;
        assert_eq!(refused(&unknown), (404, "not_found".to_owned()));
        let same = |answer: Answer| assert_eq!(answer.json, unknown.json);
        same(execute(&world.app, &of_draft, json!({})).await);
        same(execute(&world.app, "x", json!({})).await);
        assert_eq!(execute(&world.app, &token, json!({ "topic": "x" })).await.status, 200);

        let rotated = patch(&world, &flow, json!({ "share": { "rotate": true } })).await;
        let second = rotated.json["share"]["token"].as_str().expect("a token").to_owned();
        assert_ne!(token, second);
        same(execute(&world.app, &token, json!({ "topic": "x" })).await);
        let unpublished = world.post(&format!("/v1/flow/{flow}/versions/1/unpublish"), json!({})).await;
        assert_eq!(unpublished.status, 200);
        same(execute(&world.app, &second, json!({ "topic": "x" })).await);
        same(world.app.get(&format!("/v1/flow/share/{second}")).send().await);
        assert_eq!(world.post(&format!("/v1/flow/{flow}/versions/1/publish"), json!({})).await.status, 200);
        assert_eq!(execute(&world.app, &second, json!({ "topic": "x" })).await.status, 200);
        let ended = patch(&world, &flow, json!({ "share": { "enabled": false } })).await;
        assert_eq!(ended.json["share"], Value::Null);
        same(execute(&world.app, &second, json!({ "topic": "x" })).await);

        let third = link(&world, &flow).await;
        assert_eq!(world.app.delete(&format!("/v1/flow/{flow}")).bearer(&world.session).send().await.status, 200);
        same(execute(&world.app, &third, json!({ "topic": "x" })).await);
    }

    async fn the_text_is_shown_when_made_and_after_the_password(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let made = app.post("/v1/flow").bearer(&session).json(&json!({ "name": "Mine" })).send().await;
        let path = format!("/v1/flow/{}", made.json["_id"].as_str().expect("an id"));
        let share = |body: Value| app.patch(&path).bearer(&session).json(&json!({ "share": body })).send();
        let first = share(json!({ "enabled": true })).await;
        let token = first.json["share"]["token"].as_str().expect("a token").to_owned();
        assert!(first.json["share"]["url"].as_str().expect("a url").ends_with(&token));
        let shown = || async { app.get(&path).bearer(&session).send().await.json["share"]["token"].clone() };
        assert_eq!(shown().await, Value::Null);
        let again = share(json!({ "enabled": true })).await;
        assert_eq!((&again.json["share"]["enabled"], &again.json["share"]["token"]), (&json!(true), &Value::Null));
        confirm(&app, &session).await;
        assert_eq!(shown().await, json!(token));
        for body in [json!({}), json!({ "enabled": false, "rotate": true }), json!({ "enabled": "yes" }), json!(true)] {
            let answer = share(body.clone()).await;
            assert_eq!(refused(&answer), (400, "validation_error".to_owned()), "{body}");
        }
        let found = app.app.platform.store.read(move |tx| floe_store::flows::shares::find_by_hash(tx, &[0; 32])).await;
        assert_eq!(found.expect("a read"), None);
    }

    async fn a_run_goes_on_with_its_resume_token_only(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let token = link(&world, &flow).await;
        let start = || {
            let asking = world.app.post(&format!("/v1/flow/share/execute/{token}")).header("idempotency-key", "one");
            asking.json(&json!({ "topic": "tea" })).send()
        };
        let waiting = start().await;
        assert_eq!((&waiting.json["status"], waiting.status.as_u16()), (&json!("waiting"), 200));
        let resume_token = waiting.json["resumeToken"].as_str().expect("a token").to_owned();
        let repeated = start().await;
        assert_eq!((repeated.header("idempotent-replayed"), &repeated.json), ("true", &waiting.json));

        let run = waiting.json["appRunId"].as_str().expect("an id").to_owned();
        let other = execute(&world.app, &token, json!({ "topic": "x" })).await;
        let others = other.json["resumeToken"].as_str().expect("a token").to_owned();
        let poll = |text: &str| world.app.get(&format!("/v1/flowrun/poll/{run}")).header("x-resume-token", text).send();
        for wrong in [others.as_str(), "x", "", &resume_token[1..]] {
            let answer = poll(wrong).await;
            assert_eq!(refused(&answer), (401, "unauthorized".to_owned()), "{wrong:?}");
        }
        assert_eq!(poll(&resume_token).await.json["status"], "waiting");
        for read in ["details", "inputs", "context"] {
            let path = format!("/v1/flowrun/{read}/{run}");
            let answer = world.app.get(&path).header("x-resume-token", &resume_token).send().await;
            assert_eq!(answer.status, 401, "{read}");
        }
        let cancel = world.app.post(&format!("/v1/flowrun/cancel/{run}")).header("x-resume-token", &resume_token);
        assert_eq!(cancel.send().await.status, 401);

        let resume = || {
            let asking = world.app.post(&format!("/v1/flowrun/resume/{run}")).header("x-resume-token", &resume_token);
            asking.json(&json!({ "decision": "approve" })).send()
        };
        let done = resume().await;
        assert_eq!((&done.json["status"], &done.json["output"]["said"]), (&json!("completed"), &json!("approve")));
        assert_eq!(refused(&resume().await), (409, "run_not_waiting".to_owned()));
        assert_eq!(poll(&resume_token).await.json["done"], true);
    }

    async fn named_approvers_are_not_the_holder_of_a_link(store: TestStore) {
        let world = World::new(store).await;
        let mut steps = approval();
        steps[1]["data"]["approvers"] = json!([crate::app::OWNER]);
        let flow = world.flow("Ask", steps).await;
        let token = link(&world, &flow).await;
        let waiting = execute(&world.app, &token, json!({ "topic": "tea" })).await;
        let (run, resume) = (waiting.header("x-flow-run-id"), waiting.json["resumeToken"].as_str().expect("a token"));
        let asking = world.app.post(&format!("/v1/flowrun/resume/{run}")).header("x-resume-token", resume);
        let answer = asking.json(&json!({ "decision": "approve" })).send().await;
        assert_eq!(refused(&answer), (403, "forbidden".to_owned()));
    }

    async fn executions_of_a_link_are_counted_by_address(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let token = link(&world, &flow).await;
        for _ in 0..30 {
            assert_eq!(execute(&world.app, &token, json!({ "topic": "x" })).await.status, 200);
        }
        let late = execute(&world.app, &token, json!({ "topic": "x" })).await;
        assert_eq!(refused(&late), (429, "rate_limited".to_owned()));
        assert_eq!((late.header("x-ratelimit-remaining"), late.header("retry-after")), ("0", "60"));
        let other = patch(&world, &flow, json!({ "share": { "rotate": true } })).await;
        let other = other.json["share"]["token"].as_str().expect("a token").to_owned();
        assert_eq!(execute(&world.app, &other, json!({ "topic": "x" })).await.status, 200);
        world.app.pass_seconds(60);
        assert_eq!(refused(&execute(&world.app, &token, json!({})).await).0, 404);
    }
}

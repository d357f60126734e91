//! The inbox: what flows ask people.

use floe_engine::canonical::canonical_json;
use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, form, steps, tool};
use crate::app::Answer;

impl World {
    async fn inbox(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/console/v1/inbox{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"].as_array().expect("a list").clone()
    }

    async fn answer(&self, item: &Value, body: Value) -> Answer {
        self.answer_as(&self.session, item, body).await
    }

    async fn answer_as(&self, session: &str, item: &Value, mut body: Value) -> Answer {
        if body.get("content_hash").is_none() {
            body["content_hash"] = item["content_hash"].clone();
        }
        let path = format!("/console/v1/inbox/{}/answer", item["id"].as_str().expect("an id"));
        self.app.post(&path).bearer(session).json(&body).send().await
    }
}

fn sha256(text: &str) -> String {
    floe_access::secret::sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

on_both! {
    async fn an_item_says_everything_about_its_question(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Quotes", approval()).await;
        let started = world.execute(&flow, json!({ "topic": "it" })).await;
        let run = started.header("x-flow-run-id");
        let wait = &started.json["waitState"]["waitId"];
        let items = world.inbox("").await;
        let item = &items[0];
        let key = world.get("/console/v1/keys").await.json["data"][0]["id"].clone();
        let id = item["id"].as_str().expect("an id");
        assert!(id.starts_with("inb_"));
        let content = json!({
            "wait_id": wait, "run_id": run, "step_id": "it", "version": 1, "message": "Send it?", "options": ["approve", "reject"],
        });
        assert_eq!(items, [json!({
            "id": id, "kind": "flow_approval", "product": "flows", "mode": "live", "title": "Quotes: Confirm",
            "summary": "Send it?", "status": "open", "requested_by": { "type": "key", "id": key, "name": "App" },
            "assignees": [], "can_answer": true, "why_not": null, "options": ["approve", "reject"],
            "answer_schema": {
                "type": "object", "required": ["decision"],
                "properties": {
                    "decision": { "enum": ["approve", "reject"] }, "comment": { "type": "string", "maxLength": 2_000 },
                },
            },
            "content": content, "content_hash": sha256(&canonical_json(&content)), "revision": 1,
            "amount": null, "currency": null, "risk": null, "required_answers": 1, "answers": [],
            "created_at": "2027-01-15T08:00:00.000Z", "due_at": "2027-01-22T08:00:00.000Z",
            "links": { "object": format!("/ui/automations/{flow}"), "run": format!("/ui/runs/{run}"),
                       "api": format!("/console/v1/inbox/{id}") },
        })]);
        let one = world.get(&format!("/console/v1/inbox/{id}")).await;
        assert_eq!((&one.json, one.header("etag")), (item, "\"1\""));
        // The wait's own spelling finds it too.
        let same = world.get(&format!("/console/v1/inbox/{}", wait.as_str().expect("an id"))).await;
        assert_eq!(&same.json, item);

        let answered = world.answer(item, json!({ "decision": "reject", "comment": "No" })).await;
        assert_eq!((answered.status.as_u16(), &answered.json["outcome"]), (200, &json!({ "status": "completed", "run_id": run })));
        let after = &answered.json["item"];
        assert_eq!((&after["status"], &after["can_answer"], &after["why_not"]), (&json!("answered"), &json!(false), &json!("already_answered")));
        let me = world.get("/console/v1/session").await.json["member"]["id"].clone();
        assert_eq!(after["answers"], json!([{
            "by": { "type": "member", "id": me, "name": "Ada" }, "decision": "reject", "comment": "No",
            "at": "2027-01-15T08:00:00.000Z", "via": "dashboard",
        }]));
        assert_eq!((&after["revision"], answered.header("etag")), (&json!(2), "\"2\""));
        assert!(world.inbox("").await.is_empty());
        assert_eq!(world.inbox("?status=answered").await, vec![after.clone()]);
        let output = world.get(&format!("/v1/flowrun/outputs/{run}")).await;
        assert_eq!(output.json["output"], json!({ "said": "reject", "comment": "No", "by": "Ada" }));
    }

    async fn an_answer_through_the_flow_api_closes_its_item(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let item = world.inbox("").await.remove(0);
        world.resume(&run, json!({ "decision": "approve" })).await;
        let path = format!("/console/v1/inbox/{}", item["id"].as_str().expect("an id"));
        let closed = world.get(&path).await.json;
        assert_eq!((&closed["status"], &closed["answers"][0]["via"]), (&json!("answered"), &json!("api")));
        world.answer(&item, json!({ "decision": "approve" })).await.is(409, "already_answered");
        let entries = world.app.app.platform.store.read(move |tx| {
            let owner = floe_store::access::members::find_by_email(tx, crate::app::OWNER)?.expect("the owner").id;
            let workspace = floe_store::access::memberships::of_member(tx, owner)?[0].workspace;
            let filter = floe_store::platform::audit::Filter { action: Some("answered_item".to_owned()), ..Default::default() };
            floe_store::platform::audit::list(tx, workspace, &filter, None, 10)
        });
        let entries = entries.await.expect("entries");
        assert_eq!((entries.len(), entries[0].actor.kind.as_str()), (1, "key"));
        let detail: Value = serde_json::from_str(&entries[0].detail).expect("JSON");
        assert_eq!((&detail["content_hash"], &detail["decision"]), (&item["content_hash"], &json!("approve")));

        let run = world.waiting_run(&flow, json!({})).await;
        let item = world.inbox("").await.remove(0);
        world.post(&format!("/v1/flowrun/cancel/{run}"), json!({})).await;
        world.answer(&item, json!({ "decision": "approve" })).await.is(409, "not_waiting");
        assert_eq!(world.inbox("?status=cancelled").await.len(), 1);
    }

    async fn an_answer_names_what_it_saw_and_fits_the_question(store: TestStore) {
        let world = World::new(store).await;
        let (ask, fill) = (world.flow("Ask", approval()).await, world.flow("Form", form()).await);
        world.waiting_run(&ask, json!({})).await;
        world.waiting_run(&fill, json!({})).await;
        let items = world.inbox("?sort=created_at").await;
        let (ask, fill) = (&items[0], &items[1]);
        let changed = world.answer(ask, json!({ "decision": "approve", "content_hash": "0".repeat(64) })).await;
        let expected = ask["content_hash"].as_str().expect("a text");
        assert_eq!(changed.json["content_hash"], expected);
        assert_eq!(changed.json["errors"], json!([{ "pointer": "/content_hash", "code": "stale", "message": format!("expected {expected}") }]));
        changed.is(409, "content_changed");
        let path = format!("/console/v1/inbox/{}/answer", ask["id"].as_str().expect("an id"));
        world.post(&path, json!({ "decision": "approve" })).await.is(400, "validation_failed");
        for (item, body, status, code) in [
            (ask, json!({ "decision": "approve", "unknown": 1 }), 400, "unknown_field"),
            (ask, json!({ "decision": "maybe" }), 422, "invalid_answer"),
            (ask, json!({}), 422, "invalid_answer"),
            (ask, json!({ "data": {} }), 422, "invalid_answer"),
            (ask, json!({ "decision": "approve", "comment": "c".repeat(2_001) }), 400, "validation_failed"),
            (fill, json!({ "decision": "approve" }), 422, "invalid_answer"),
            (fill, json!({ "data": { "size": "big" } }), 422, "invalid_answer"),
        ] {
            let answer = world.answer(item, body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json["code"]), (status, &json!(code)), "{body} {answer:?}");
        }
        let wrong = world.answer(fill, json!({ "data": { "size": "big" } })).await;
        assert_eq!(wrong.json["errors"][0]["pointer"], "/data/size");
        assert_eq!(fill["answer_schema"]["properties"]["data"], json!({
            "type": "object", "required": ["size"],
            "properties": { "size": { "type": "number" }, "note": { "type": "string" } },
        }));
        assert_eq!(world.answer(fill, json!({ "data": { "size": 3 } })).await.json["outcome"]["status"], "completed");
        world.get("/console/v1/inbox/inb_00000000000000000000000001").await.is(404, "not_found");
        // After its time nobody can answer it.
        world.app.pass_seconds(8 * 86_400);
        let session = world.app.session_of(crate::app::OWNER, crate::app::PASSWORD).await;
        let late = world.answer_as(&session, ask, json!({ "decision": "approve" })).await;
        late.is(410, "expired");
    }

    async fn lists_show_what_is_asked_for(store: TestStore) {
        let world = World::new(store).await;
        let mut slow = approval();
        slow[1]["data"]["timeoutSeconds"] = json!(60);
        let (ask, fill, pick) = (world.flow("Ask", approval()).await, world.flow("Form", form()).await, world.flow("Tool", tool()).await);
        let soon = world.flow("Soon", slow).await;
        for flow in [&ask, &fill, &pick, &soon] {
            world.waiting_run(flow, json!({ "topic": "Kiwis" })).await;
        }
        let test = world.app.post(&format!("/v1/flow/execute/{ask}")).bearer(&world.session).header("floe-mode", "test");
        assert_eq!(test.json(&json!({})).send().await.header("x-flow-run-status"), "waiting");
        for (query, expected) in [
            ("?mode=live", vec!["Soon: Confirm", "Form: Form", "Ask: Confirm"]),
            ("?mode=test", vec!["Ask: Confirm"]),
            ("?mode=live&sort=created_at", vec!["Ask: Confirm", "Form: Form", "Soon: Confirm"]),
            ("?mode=live&sort=due_at", vec!["Soon: Confirm", "Ask: Confirm", "Form: Form"]),
            ("?mode=live&sort=-due_at", vec!["Form: Form", "Ask: Confirm", "Soon: Confirm"]),
            ("?kind=flow_client_tool", vec!["Tool: Pick"]),
            ("?kind=flow_form,flow_client_tool", vec!["Tool: Pick", "Form: Form"]),
            ("?kind=payment_approval", vec![]),
            ("?product=treasury", vec![]),
            ("?q=kiwi&mode=live", vec!["Soon: Confirm", "Ask: Confirm"]),
            ("?status=answered", vec![]),
            ("?status=all&mode=test", vec!["Ask: Confirm"]),
        ] {
            let titles: Vec<Value> = world.inbox(query).await.iter().map(|item| item["title"].clone()).collect();
            assert_eq!(titles, expected, "{query}");
        }
        // Walking shows each once, in every order.
        for sort in ["created_at", "-created_at", "due_at", "-due_at"] {
            let all = world.inbox(&format!("?sort={sort}")).await;
            let (mut walked, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = world.get(&format!("/console/v1/inbox?limit=1&total=true&sort={sort}{cursor}")).await.json;
                assert_eq!(page["total"], 4);
                walked.extend(page["data"].as_array().expect("a list").clone());
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(walked, all, "{sort}");
        }
        for wrong in ["?status=done", "?kind=flow", "?product=x", "?mode=both", "?sort=title", "?limit=201", "?mine=x"] {
            world.get(&format!("/console/v1/inbox{wrong}")).await.is(400, "validation_failed");
        }
        let counts = world.get("/console/v1/inbox/counts").await.json;
        assert_eq!(counts, json!({ "open": 4, "mine": 4, "by_kind": {
            "flow_approval": 3, "flow_form": 1, "flow_client_tool": 1, "workflow_review": 0, "workflow_wait": 0,
            "payment_approval": 0, "payment_confirmation": 0, "agent_tool": 0, "agent_handoff": 0 } }));
    }

    async fn items_are_shown_to_those_whom_they_concern(store: TestStore) {
        let world = World::new(store).await;
        let viewer = world.member("viewer@floe.test", Role::Viewer).await;
        let named = json!({ "type": "user-approval", "data": { "message": "m", "approvers": ["viewer@floe.test"] } });
        let (open, named) = (world.flow("Open", approval()).await, world.flow("Named", steps(named, json!({}))).await);
        let private = world.flow("Private", approval()).await;
        let hide = json!({ "visibility": "private" });
        for flow in [&named, &private] {
            world.app.patch(&format!("/v1/flow/{flow}")).bearer(&world.session).json(&hide).send().await;
        }
        for flow in [&open, &named, &private] {
            world.post(&format!("/v1/flow/execute/{flow}"), json!({})).await;
        }
        world.app.patch("/console/v1/workspace").bearer(&world.session).json(&json!({ "self_approval": "forbid" })).send().await;
        let told = |items: &[Value]| -> Vec<Value> {
            items.iter().map(|item| json!([item["title"], item["can_answer"], item["why_not"]])).collect()
        };
        let seen = world.inbox("?sort=created_at").await;
        assert_eq!(told(&seen), [
            json!(["Open: Confirm", false, "self_approval"]), json!(["Named: it", false, "not_assignee"]),
            json!(["Private: Confirm", false, "self_approval"]),
        ]);
        let member = seen[1]["assignees"][0].clone();
        assert_eq!((&member["type"], &member["name"]), (&json!("member"), &json!("Mel")));
        assert!(world.inbox("?mine=true").await.is_empty());
        world.answer(&seen[0], json!({ "decision": "approve" })).await.is(403, "self_approval");
        world.answer(&seen[1], json!({ "decision": "approve" })).await.is(403, "not_assignee");

        let list = |query: &'static str| world.app.get(query).bearer(&viewer).send();
        let theirs = list("/console/v1/inbox?sort=created_at").await.json["data"].as_array().expect("a list").clone();
        assert_eq!(told(&theirs), [json!(["Open: Confirm", false, "forbidden"]), json!(["Named: it", true, null])]);
        let mine = list("/console/v1/inbox?mine=true").await.json;
        assert_eq!(mine["data"][0]["title"], "Named: it");
        assert_eq!(list("/console/v1/inbox/counts").await.json["mine"], 1);
        world.answer_as(&viewer, &seen[2], json!({ "decision": "approve" })).await.is(404, "not_found");
        world.answer_as(&viewer, &seen[0], json!({ "decision": "approve" })).await.is(403, "forbidden");
        let done = world.answer_as(&viewer, &seen[1], json!({ "decision": "approve" })).await;
        assert_eq!((done.status.as_u16(), &done.json["outcome"]["status"]), (200, &json!("completed")), "{done:?}");

        let token = world.app.token_of(&world.session, &["console.read"]).await;
        world.answer_as(&token, &seen[0], json!({ "decision": "approve" })).await.is(403, "insufficient_scope");
        let cli = world.app.get("/console/v1/inbox").bearer(&world.key).send().await;
        assert_eq!(cli.status, 401);
    }

    async fn many_answers_count_each_on_its_own(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        for _ in 0..3 {
            world.waiting_run(&flow, json!({})).await;
        }
        let items = world.inbox("?sort=created_at").await;
        let one = |item: &Value, more: Value| {
            let mut answer = json!({ "id": item["id"], "content_hash": item["content_hash"] });
            answer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            answer
        };
        let yes = json!({ "decision": "approve" });
        let answers = json!([
            one(&items[0], yes.clone()),
            one(&items[1], json!({ "decision": "approve", "content_hash": "old" })),
            one(&items[2], json!({ "decision": "perhaps" })),
            { "id": "inb_00000000000000000000000001", "content_hash": "x", "decision": "approve" },
            7,
        ]);
        let asking = || world.app.post("/console/v1/inbox/answers").bearer(&world.session).header("idempotency-key", "one");
        let done = asking().json(&answers).send().await;
        let expected = json!([
            { "id": items[0]["id"], "status": 200, "code": null },
            { "id": items[1]["id"], "status": 409, "code": "content_changed" },
            { "id": items[2]["id"], "status": 422, "code": "invalid_answer" },
            { "id": "inb_00000000000000000000000001", "status": 404, "code": "not_found" },
            { "id": null, "status": 400, "code": "validation_failed" },
        ]);
        assert_eq!((done.status.as_u16(), &done.json), (200, &expected));
        let again = asking().json(&answers).send().await;
        assert_eq!((&again.json, again.header("idempotent-replayed")), (&expected, "true"));
        assert_eq!(world.inbox("").await.len(), 2);
        for wrong in [json!([]), json!({}), json!({ "answers": 1 }), json!(vec![0; 101])] {
            world.post("/console/v1/inbox/answers", wrong).await.is(400, "validation_failed");
        }
        let path = format!("/console/v1/inbox/{}/answer", items[1]["id"].as_str().expect("an id"));
        let asking = || world.app.post(&path).bearer(&world.session).header("idempotency-key", "two").json(&json!({
            "content_hash": items[1]["content_hash"], "decision": "approve",
        }));
        let (first, second) = (asking().send().await, asking().send().await);
        assert_eq!((first.status.as_u16(), &first.json), (200, &second.json));
        assert_eq!(second.header("idempotent-replayed"), "true");
    }
}

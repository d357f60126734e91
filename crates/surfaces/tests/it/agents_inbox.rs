//! What agents ask of people, in the inbox (console contract, sections 5.2 and 5.5).

use floe_model::id::{ExchangeId, WorkspaceId};
use floe_model::{Mode, Scope};
use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::agents_chat::Desk;
use crate::app::Answer;
use crate::hooks;

/// An agent that answers offline and may refund orders when somebody approves it.
async fn refunds(desk: &mut Desk) {
    let tool = json!({
        "type": "http", "name": "refund_order", "description": "Refunds an order", "url": hooks::url(200), "requires_approval": true,
        "parameters": { "type": "object", "required": ["number"], "properties": { "number": { "type": "integer" } } },
    });
    desk.agent = desk.new_agent(json!({ "name": "Shop helper", "model": "offline", "tools": [tool] })).await;
}

async fn items(desk: &Desk, query: &str) -> Vec<Value> {
    let answer = desk.console("GET", &format!("/console/v1/inbox?{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["data"].as_array().expect("a list").clone()
}

async fn answer(desk: &Desk, item: &Value, body: Value) -> Answer {
    let path = format!("/console/v1/inbox/{}/answer", item["id"].as_str().expect("an id"));
    desk.console("POST", &path, Some(body)).await
}

fn with_hash(item: &Value, mut body: Value) -> Value {
    body["content_hash"] = item["content_hash"].clone();
    body
}

/// What comes of the exchange that goes on.
async fn outcome(desk: &Desk, receipt: &Answer) -> Value {
    let exchange = receipt.json["outcome"]["run_id"].as_str().and_then(|id| ExchangeId::parse(id).ok()).expect("an id");
    let workspace = desk.app.get("/console/v1/session").bearer(&desk.session).send().await.json;
    let workspace = workspace["workspace"]["id"].as_str().and_then(|id| WorkspaceId::parse(id).ok()).expect("an id");
    let scope = Scope { workspace, mode: Mode::Test };
    let outcome = desk.app.app.agents.await_outcome(scope, exchange).await.expect("an outcome");
    outcome.envelope["body"].clone()
}

/// The first call of the first round of an exchange, as it is named everywhere.
fn key_of(exchange: &str) -> String {
    format!("{}:1:1", ExchangeId::parse(exchange).expect("an id"))
}

on_both! {
    async fn an_approved_call_is_made_once_and_the_conversation_goes_on(store: TestStore) {
        let received = hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        let body = desk.say("t", "Please refund order 12").await;
        assert_eq!(body["metadata"]["finish_reason"], "approval", "{body}");
        let stopped = body["metadata"]["id"].as_str().expect("an id").to_owned();

        let open = items(&desk, "kind=agent_tool").await;
        assert_eq!(open.len(), 1, "{open:?}");
        let item = &open[0];
        let facts =
            ["kind", "product", "mode", "title", "status", "can_answer", "content", "due_at"].map(|name| &item[name]);
        let content = json!({ "tool": "refund_order", "arguments": { "number": 12 } });
        assert_eq!(
            json!(facts),
            json!(["agent_tool", "agents", "test", "Shop helper: refund_order", "open", true, content, null])
        );
        assert_eq!(item["requested_by"]["type"], "key");
        let hash = floe_access::secret::sha256(br#"{"arguments":{"number":12},"tool":"refund_order"}"#);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(item["content_hash"], hash.as_str());
        let counts = desk.console("GET", "/console/v1/inbox/counts", None).await.json;
        assert_eq!((&counts["by_kind"]["agent_tool"], &counts["mine"], &counts["open"]), (&json!(1), &json!(1), &json!(1)));

        for (body, status, code) in [
            (json!({ "content_hash": "0", "decision": "approve" }), 409, "content_changed"),
            (with_hash(item, json!({ "decision": "maybe" })), 422, "invalid_answer"),
            (with_hash(item, json!({ "decision": "approve", "data": {} })), 422, "invalid_answer"),
            (json!({ "decision": "approve" }), 400, "validation_failed"),
        ] {
            let refused = answer(&desk, item, body.clone()).await;
            assert_eq!((refused.status.as_u16(), &refused.json["code"]), (status, &json!(code)), "{body}: {refused:?}");
        }
        assert!(received.lock().expect("a list").is_empty());

        // Of many answers at once one counts.
        let body = with_hash(item, json!({ "decision": "approve", "comment": "fine" }));
        let answers = [0; 6].map(|_| answer(&desk, item, body.clone()));
        let [a, b, c, d, e, f] = answers;
        let all = tokio::join!(a, b, c, d, e, f);
        let all = [all.0, all.1, all.2, all.3, all.4, all.5];
        let (counted, late): (Vec<&Answer>, Vec<&Answer>) = all.iter().partition(|one| one.status == 200);
        assert_eq!((counted.len(), late.len()), (1, 5), "{all:?}");
        assert!(late.iter().all(|one| one.status == 409 && one.json["code"] == "already_answered"), "{late:?}");
        assert_eq!(counted[0].json["outcome"]["status"], "running");

        let went_on = outcome(&desk, counted[0]).await;
        assert_eq!(went_on["metadata"]["finish_reason"], Value::Null, "{went_on}");
        let history = went_on["conversation_history"].as_array().expect("a list");
        assert!(went_on["conversation_history"].to_string().contains("refund_order"), "{went_on}");
        let roles: Vec<&str> = history.iter().filter_map(|message| message["role"].as_str()).collect();
        assert_eq!(roles, ["user", "assistant", "tool", "assistant"], "{went_on}");
        let calls = received.lock().expect("a list").clone();
        assert_eq!(calls.len(), 1);
        assert_eq!(
            (calls[0].0["idempotency-key"].to_str().ok(), calls[0].1.as_str()),
            (Some(key_of(&stopped).as_str()), r#"{"number":12}"#)
        );

        let shown =
            desk.console("GET", &format!("/console/v1/inbox/{}", item["id"].as_str().expect("an id")), None).await.json;
        assert_eq!(
            (&shown["status"], &shown["answers"][0]["decision"], &shown["answers"][0]["comment"]),
            (&json!("answered"), &json!("approve"), &json!("fine"))
        );
        assert_eq!((&shown["can_answer"], &shown["why_not"]), (&json!(false), &json!("already_answered")));
        assert!(items(&desk, "kind=agent_tool").await.is_empty());
        assert_eq!(items(&desk, "kind=agent_tool&status=answered").await.len(), 1);
        let audit = desk.console("GET", "/console/v1/audit?action=answered_item", None).await.json;
        assert_eq!(
            (&audit["data"][0]["product"], &audit["data"][0]["detail"]["decision"]),
            (&json!("agents"), &json!("approve")),
            "{audit}"
        );
    }

    async fn a_rejected_call_is_never_made_and_the_model_is_told(store: TestStore) {
        let received = hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        desk.say("t", "Please refund order 12").await;
        let item = items(&desk, "mine=true").await.remove(0);
        let many = json!([
            with_hash(&item, json!({ "id": item["id"], "decision": "reject", "comment": "too late" })),
            { "id": "inb_00000000000000000000000000", "content_hash": "0" },
        ]);
        let receipts = desk.console("POST", "/console/v1/inbox/answers", Some(many)).await.json;
        assert_eq!((&receipts[0]["status"], &receipts[1]["status"]), (&json!(200), &json!(404)), "{receipts}");
        let body = desk.say("t", "Hello again").await;
        let history = body["conversation_history"].to_string();
        assert!(history.contains("A person rejected this call: too late"), "{history}");
        assert!(received.lock().expect("a list").is_empty());
    }

    async fn a_person_can_say_something_in_a_conversation_and_give_it_back(store: TestStore) {
        let desk = Desk::on(store).await;
        desk.say("t", "I want a person").await;
        let handed = desk.post("/threads/t/handoff", json!({ "note": "angry" })).await;
        assert_eq!(handed.status, 200, "{handed:?}");
        let open = items(&desk, "kind=agent_handoff&product=agents").await;
        let item = &open[0];
        assert_eq!(
            (&item["summary"], &item["options"], &item["content"]["note"]),
            (&json!("angry"), &json!(["release"]), &json!("angry"))
        );
        for body in [
            json!({ "decision": "approve" }),
            json!({}),
            json!({ "data": { "text": " " } }),
            json!({ "data": {}, "decision": "release" }),
        ] {
            let refused = answer(&desk, item, with_hash(item, body.clone())).await;
            assert_eq!((refused.status.as_u16(), &refused.json["code"]), (422, &json!("invalid_answer")), "{body}");
        }
        let said = answer(&desk, item, with_hash(item, json!({ "data": { "text": "I am Ada." } }))).await;
        assert_eq!(
            (said.status.as_u16(), &said.json["outcome"]["status"], &said.json["item"]["status"]),
            (200, &json!("human"), &json!("open"))
        );
        let released = answer(&desk, item, with_hash(item, json!({ "decision": "release" }))).await;
        assert_eq!(
            (released.status.as_u16(), &released.json["outcome"]["status"], &released.json["item"]["status"]),
            (200, &json!("bot"), &json!("answered"))
        );
        let thread = desk.get("/threads/t").await.json;
        assert_eq!(thread["state"], "bot", "{thread}");
        assert!(thread.to_string().contains("I am Ada."), "{thread}");
        assert!(items(&desk, "kind=agent_handoff").await.is_empty());
        // Giving it back by the agent API closes the item as well.
        desk.post("/threads/t/handoff", json!({})).await;
        assert_eq!(items(&desk, "kind=agent_handoff").await.len(), 1);
        desk.post("/threads/t/release", json!({})).await;
        assert!(items(&desk, "kind=agent_handoff").await.is_empty());
    }

    async fn a_workspace_may_forbid_to_approve_what_one_asked_for(store: TestStore) {
        hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        let forbid = desk.console("PATCH", "/console/v1/workspace", Some(json!({ "self_approval": "forbid" }))).await;
        assert_eq!(forbid.status, 200, "{forbid:?}");
        let path = format!("/console/v1/agents/{}/chat", desk.agent);
        let streamed = desk.app.post(&path).bearer(&desk.session).header("floe-mode", "test");
        streamed.json(&json!({ "messages": "refund order 7" })).text().await;
        desk.say("t", "refund order 8").await;
        let open = items(&desk, "kind=agent_tool&sort=created_at").await;
        let facts: Vec<Value> =
            open.iter().map(|item| json!([item["requested_by"]["type"], item["can_answer"], item["why_not"]])).collect();
        assert_eq!(json!(facts), json!([["member", false, "self_approval"], ["key", true, null]]));
        let refused = answer(&desk, &open[0], with_hash(&open[0], json!({ "decision": "approve" }))).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (403, &json!("self_approval")));
        assert_eq!(items(&desk, "mine=true").await.len(), 1);
    }

    async fn pages_of_the_inbox_show_each_item_once(store: TestStore) {
        hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        for number in 1..=5 {
            desk.say(&format!("t{number}"), &format!("refund order {number}")).await;
            desk.post(&format!("/threads/t{number}/handoff"), json!({})).await;
        }
        for sort in ["created_at", "-created_at", "due_at", "-due_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = desk
                    .console("GET", &format!("/console/v1/inbox?limit=3&total=true&sort={sort}{cursor}"), None)
                    .await
                    .json;
                assert_eq!(page["total"], 10, "{sort}: {page}");
                seen.extend(
                    page["data"]
                        .as_array()
                        .expect("a list")
                        .iter()
                        .map(|item| item["id"].as_str().expect("an id").to_owned()),
                );
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            let mut ordered = seen.clone();
            ordered.sort();
            if sort.starts_with('-') {
                ordered.reverse();
            }
            assert_eq!((seen.len(), &seen), (10, &ordered), "{sort}");
        }
    }

    async fn a_tool_can_be_tried_before_it_is_saved(store: TestStore) {
        let received = hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        let path = format!("/console/v1/agents/{}/tools/test", desk.agent);
        let test = async |body: Value| desk.console("POST", &path, Some(body)).await;
        let tried = test(json!({ "tool": "refund_order", "arguments": { "number": 5 } })).await;
        assert_eq!((tried.status.as_u16(), &tried.json["ok"]), (200, &json!(true)), "{tried:?}");
        assert_eq!(received.lock().expect("a list")[0].0["floe-mode"], "test");
        let wrong = test(json!({ "tool": "refund_order", "arguments": { "number": "x" } })).await.json;
        assert_eq!((&wrong["ok"], &wrong["error"]["code"]), (&json!(false), &json!("invalid_arguments")), "{wrong}");
        let sum = json!({ "type": "builtin", "name": "calculator" });
        let sum = test(json!({ "tool": sum, "arguments": { "expression": "(1+2)*3" } })).await.json;
        assert_eq!(sum["result"], json!({ "result": 9 }));
        let private = json!({ "type": "http", "name": "x", "url": "http://169.254.169.254/latest", "method": "GET" });
        let blocked = test(json!({ "tool": private })).await.json;
        assert_eq!(blocked["error"]["code"], "blocked", "{blocked}");
        for (body, pointer) in [
            (json!({ "tool": "unknown" }), "/tool"),
            (json!({}), "/tool"),
            (json!({ "tool": 5 }), "/tool"),
            (json!({ "tool": { "type": "http", "name": "x" } }), "/tool/url"),
            (json!({ "tool": "refund_order", "arguments": [] }), "/arguments"),
        ] {
            let refused = test(body.clone()).await;
            assert_eq!(
                (refused.status.as_u16(), &refused.json["errors"][0]["pointer"]),
                (400, &json!(pointer)),
                "{body}: {refused:?}"
            );
        }
    }

    async fn nothing_is_called_where_nobody_goes_on(store: TestStore) {
        let received = hooks::receive().await;
        let mut desk = Desk::on(store).await;
        refunds(&mut desk).await;
        desk.say("t", "refund order 1").await;
        let item = items(&desk, "kind=agent_tool").await.remove(0);
        let approve = with_hash(&item, json!({ "decision": "approve" }));
        // While a person answers, the agent makes no calls.
        desk.post("/threads/t/handoff", json!({})).await;
        let refused = answer(&desk, &item, approve.clone()).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (409, &json!("conflict")), "{refused:?}");
        desk.post("/threads/t/release", json!({})).await;
        assert_eq!(items(&desk, "kind=agent_tool").await.len(), 1, "nothing of the refused answer was kept");
        desk.delete("/threads/t").await;
        let refused = answer(&desk, &item, approve).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (409, &json!("not_waiting")), "{refused:?}");
        // Without its agent a call can only be rejected.
        desk.say("u", "refund order 2").await;
        let item = items(&desk, "kind=agent_tool").await.remove(0);
        desk.delete("").await;
        let refused = answer(&desk, &item, with_hash(&item, json!({ "decision": "approve" }))).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (409, &json!("not_waiting")), "{refused:?}");
        let rejected = answer(&desk, &item, with_hash(&item, json!({ "decision": "reject" }))).await;
        assert_eq!(
            (rejected.status.as_u16(), &rejected.json["outcome"]["status"]),
            (200, &json!("cancelled")),
            "{rejected:?}"
        );
        assert!(received.lock().expect("a list").is_empty());
    }

    async fn a_published_flow_is_a_tool(store: TestStore) {
        let mut desk = Desk::on(store).await;
        let inputs = json!([
            { "key": "customer", "label": "Name of the customer", "type": "text", "required": true },
            { "key": "amount", "type": "number", "required": true },
        ]);
        let steps = json!([
            { "id": "start", "type": "peer.action", "nextStepId": "end",
              "data": { "name": "refund_request", "description": "Asks for a refund", "inputs": inputs } },
            { "id": "end", "type": "final", "data": { "outputs": { "refunded": "{{amount}}", "to": "{{customer}}" } } },
        ]);
        let new = json!({ "name": "Refund", "visibility": "public", "definition": { "steps": steps } });
        let made = desk.app.post("/v1/flow").bearer(&desk.session).json(&new).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let flow = made.json["_id"].as_str().expect("an id").to_owned();
        let tools = json!([{ "type": "flow", "flow_id": flow }]);
        desk.agent = desk.new_agent(json!({ "model": "offline", "tools": tools })).await;
        // A flow that is not published is no tool, and the agent answers without it.
        let body = desk.say("t", "A refund request of 12.5 for \"Ada\"").await;
        assert_eq!(body["metadata"]["tool_calls"], json!({}), "{body}");
        let published =
            desk.app.post(&format!("/v1/flow/{flow}/publish")).bearer(&desk.session).json(&json!({})).send().await;
        assert_eq!(published.status, 200, "{published:?}");
        let body = desk.say("t", "A refund request of 12.5 for \"Ada\"").await;
        let calls = body["metadata"]["tool_calls"].as_object().expect("an object");
        let call = calls.values().next().expect("a call");
        assert_eq!(
            (&call["name"], &call["arguments"], &call["result"], &call["status"]),
            (
                &json!("refund_request"),
                &json!({ "customer": "Ada", "amount": 12.5 }),
                &json!({ "refunded": 12.5, "to": "Ada" }),
                &json!("success")
            ),
            "{body}"
        );
        let runs = desk.console("GET", "/console/v1/runs?kind=flow&mode=test", None).await.json;
        assert_eq!(
            (runs["data"].as_array().map(Vec::len), &runs["data"][0]["status"]),
            (Some(1), &json!("completed")),
            "{runs}"
        );
    }
}

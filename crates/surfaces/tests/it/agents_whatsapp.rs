//! WhatsApp templates over HTTP, with a server that speaks the network's side of the protocol (agents contract, section 4).

use floe_testkit::graph::FakeGraph;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::hooks;

const NUMBER: &str = "106540352242922";
const TOKEN: &str = "EAAJB-a-token-of-the-network";

/// An app with an agent, a key for each mode, and the network.
struct Relay {
    app: TestApp,
    session: String,
    agent: String,
    live: String,
    test: String,
    graph: FakeGraph,
}

impl Relay {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let graph = FakeGraph::start(NUMBER, TOKEN).await;
        hooks::lead_to(graph.address.port());
        let (live, test) = (key(&app, &session, "live").await, key(&app, &session, "test").await);
        let made = app.post("/api/public/agent").header("authorization", &live);
        let made = made.json(&json!({ "name": "Shop", "instructions": "Be kind." })).send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let agent = made.json["id"].as_str().expect("an id").to_owned();
        Self { app, session, agent, live, test, graph }
    }

    /// With a connection.
    async fn connected(store: TestStore) -> Self {
        let relay = Self::new(store).await;
        let put = relay.put(json!({ "phone_number_id": NUMBER, "access_token": TOKEN })).await;
        assert_eq!(put.status, 200, "{put:?}");
        relay
    }

    async fn put(&self, body: Value) -> Answer {
        self.manage("PUT").json(&body).send().await
    }

    fn manage(&self, method: &str) -> crate::app::Asking<'_> {
        let path = format!("/api/public/agent/{}/whatsapp", self.agent);
        self.app.ask(method, &path).header("authorization", &self.live)
    }

    fn sending(&self, key: &str, body: &Value) -> crate::app::Asking<'_> {
        let path = format!("/api/public/agent/{}/waba", self.agent);
        self.app.post(&path).header("authorization", key).json(body)
    }

    async fn send(&self, body: &Value) -> Answer {
        self.sending(&self.live, body).send().await
    }

    /// The newest entry of the activity of a mode.
    async fn told(&self, key: &str) -> Value {
        let path = format!("/api/public/agent/{}/activity?limit=1", self.agent);
        let answer = self.app.get(&path).header("authorization", key).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["data"][0].clone()
    }
}

async fn key(app: &TestApp, session: &str, mode: &str) -> String {
    let body = json!({ "kind": "agents", "name": "App", "mode": mode });
    let made = app.post("/console/v1/keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}

fn message(template: &str) -> Value {
    json!({ "recipient_phone_number": "+31 6 1234-5678", "template_name": template, "language": "en_US" })
}

on_both! {
    async fn a_template_is_sent_on_and_kept(store: TestStore) {
        let relay = Relay::connected(store).await;
        let mut body = message("order_update");
        body["customer_name"] = json!("Jan");
        body["parameters"] = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "ABC123" }] }]);
        let sent = relay.send(&body).await;
        assert_eq!(
            (sent.status.as_u16(), sent.json.to_string().as_str()),
            (200, r#"{"messaging_product":"whatsapp","contacts":[{"input":"31612345678","wa_id":"31612345678"}],"messages":[{"id":"wamid.HBg31612345678order_update"}]}"#)
        );
        let received = relay.graph.received();
        assert_eq!((received.len(), received[0].line.as_str()), (1, "POST /v23.0/106540352242922/messages"));
        assert_eq!(
            received[0].body.to_string(),
            r#"{"messaging_product":"whatsapp","recipient_type":"individual","to":"31612345678","type":"template","template":{"name":"order_update","language":{"code":"en_US"},"components":[{"type":"body","parameters":[{"type":"text","text":"ABC123"}]}]}}"#
        );
        let told = relay.told(&relay.live).await;
        assert_eq!(
            (&told["type"], &told["status"], &told["thread_id"], &told["used_credits"]),
            (&json!("whatsapp.sent"), &json!("success"), &json!("wa:31612345678"), &json!(0))
        );
        let path = format!("/api/public/agent/{}/threads/wa:31612345678", relay.agent);
        let thread = relay.app.get(&path).header("authorization", &relay.live).send().await;
        assert_eq!(thread.status, 200, "{thread:?}");
        assert!(thread.json.to_string().contains("WhatsApp template order_update (en_US): ABC123"), "{thread:?}");
        // A second message goes into the same thread, and a name stays.
        body["customer_name"] = json!("Piet");
        assert_eq!(relay.send(&body).await.status, 200);
        let scope = floe_model::Scope { workspace: workspace(&relay).await, mode: floe_model::Mode::Live };
        let reading = relay.app.store.read(move |tx| floe_store::agents::contacts::find(tx, scope, "31612345678"));
        assert_eq!(reading.await.expect("a read").expect("a contact").name.as_deref(), Some("Jan"));
        let held = relay.send(&message("held")).await;
        assert_eq!(held.json["messages"][0]["message_status"], "held_for_quality_assessment");
    }

    async fn a_repeat_of_a_request_is_not_sent_again(store: TestStore) {
        let relay = Relay::connected(store).await;
        let again = |body: Value| relay.sending(&relay.live, &body).header("idempotency-key", "k1").send();
        let (first, second) = (again(message("hello")).await, again(message("hello")).await);
        assert_eq!((first.status.as_u16(), &first.json), (second.status.as_u16(), &second.json));
        assert_eq!((second.header("idempotent-replayed"), relay.graph.received().len()), ("true", 1));
        let other = again(message("other")).await;
        assert_eq!((other.status.as_u16(), &other.json["error"]), (422, &json!("Idempotency mismatch")));
        // What may have gone out is not sent again either; what was held back by a limit may be.
        for (name, key, count) in [("gone", "k2", 2), ("code_130429_400", "k3", 4)] {
            for _ in 0..2 {
                relay.sending(&relay.live, &message(name)).header("idempotency-key", key).send().await;
            }
            assert_eq!(relay.graph.received().len(), count, "{name}");
        }
    }
}

async fn workspace(relay: &Relay) -> floe_model::id::WorkspaceId {
    let own = relay.app.get("/console/v1/session").bearer(&relay.session).send().await;
    floe_model::id::WorkspaceId::parse(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id")
}

#[tokio::test]
async fn bodies_are_refused_in_the_words_of_the_contract() {
    let relay = Relay::connected(TestStore::quick().await).await;
    let both =
        r#"{"error":"Missing required fields","message":"recipient_phone_number and template_name are required"}"#;
    for (body, expected) in [
        (json!({}), both),
        (json!([]), both),
        (json!({ "template_name": "a", "language": "en" }), both),
        (json!({ "recipient_phone_number": "", "template_name": "a", "language": "en" }), both),
        (
            json!({ "recipient_phone_number": "31612345678", "template_name": "a", "language": null }),
            r#"{"error":"Missing required fields","message":"language is required"}"#,
        ),
    ] {
        let answer = relay.send(&body).await;
        assert_eq!((answer.status.as_u16(), answer.json.to_string().as_str()), (400, expected), "{body}");
    }
    for (key, value, error) in [
        ("recipient_phone_number", json!("0612345678"), "Invalid phone number"),
        ("template_name", json!("Order Update"), "Invalid template name"),
        ("language", json!("en-US"), "Invalid language"),
        ("parameters", json!([{}]), "Invalid parameters"),
        ("customer_name", json!(1), "Invalid customer name"),
    ] {
        let mut body = message("hello");
        body[key] = value;
        let answer = relay.send(&body).await;
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (400, &json!(error)));
        assert!(answer.json["message"].as_str().is_some_and(|message| message.starts_with(key)), "{answer:?}");
    }
    let broken = relay.app.post(&format!("/api/public/agent/{}/waba", relay.agent));
    let broken = broken.header("authorization", &relay.live).header("content-type", "application/json");
    let broken = broken.body(b"{".to_vec()).send().await;
    assert_eq!((broken.status.as_u16(), &broken.json["error"]), (400, &json!("Invalid request body")));
    assert_eq!(relay.graph.received(), []);
}

#[tokio::test]
async fn answers_of_the_network_are_judged() {
    let relay = Relay::connected(TestStore::quick().await).await;
    for (name, status, told) in [
        ("code_100_400", 400, "error"),
        ("code_132001_404", 400, "error"),
        ("code_131026_400", 400, "error"),
        ("code_999999_418", 400, "error"),
        ("code_4_400", 429, "error"),
        ("code_131056_400", 429, "error"),
        ("code_999999_429", 429, "error"),
        ("code_131000_500", 502, "unknown"),
        ("code_999999_500", 502, "unknown"),
        ("text_500", 502, "unknown"),
        ("text_200", 502, "unknown"),
        ("cut", 502, "unknown"),
        ("gone", 502, "unknown"),
        ("silent", 504, "unknown"),
    ] {
        let answer = relay.send(&message(name)).await;
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (status, &json!("WhatsApp API error")), "{name}");
        assert_eq!(answer.header("retry-after"), if status == 429 { "60" } else { "" }, "{name}");
        let activity = relay.told(&relay.live).await;
        assert_eq!((&activity["type"], &activity["status"]), (&json!("whatsapp.failed"), &json!(told)), "{name}");
    }
    let refused = relay.send(&message("code_132001_404")).await;
    assert_eq!(
        refused.json.to_string(),
        r#"{"error":"WhatsApp API error","message":"(#132001) Scripted","details":{"code":132001,"type":"OAuthException","details":"details of 132001","fbtrace_id":"AbCdEf"}}"#
    );
    assert_eq!(relay.manage("GET").send().await.json["status"], "connected");
    let path = format!("/api/public/agent/{}/threads/wa:31612345678", relay.agent);
    let thread = relay.app.get(&path).header("authorization", &relay.live).send().await;
    assert_eq!(thread.status, 404, "nothing was sent, so nothing is kept: {thread:?}");
}

#[tokio::test]
async fn a_refused_token_asks_for_attention() {
    let relay = Relay::new(TestStore::quick().await).await;
    relay.put(json!({ "phone_number_id": NUMBER, "access_token": "EAAJB-an-expired-token" })).await;
    let refused = relay.send(&message("hello")).await;
    assert_eq!((refused.status.as_u16(), &refused.json["details"]["code"]), (502, &json!(190)));
    assert!(!refused.json.to_string().contains("expired-token"), "{refused:?}");
    let shown = relay.manage("GET").send().await;
    assert_eq!((&shown.json["status"], &shown.json["access_token_last4"]), (&json!("needs_attention"), &json!("oken")));
    relay.put(json!({ "phone_number_id": NUMBER, "access_token": TOKEN })).await;
    assert_eq!(relay.manage("GET").send().await.json["status"], "connected");
    assert_eq!(relay.send(&message("hello")).await.status, 200);
}

#[tokio::test]
async fn what_cannot_leave_is_our_fault_and_may_be_tried_again() {
    let relay = Relay::connected(TestStore::quick().await).await;
    // Nobody listens there.
    hooks::lead_to(1);
    let send = || relay.sending(&relay.live, &message("hello")).header("idempotency-key", "k").send();
    let answer = send().await;
    assert_eq!(
        (answer.status.as_u16(), answer.json.to_string().as_str()),
        (500, r#"{"error":"Internal server error"}"#)
    );
    assert_eq!((&relay.told(&relay.live).await["status"], relay.graph.received().len()), (&json!("error"), 0));
    hooks::lead_to(relay.graph.address.port());
    assert_eq!(send().await.status, 200);
}

#[tokio::test]
async fn a_test_key_sends_nothing() {
    let relay = Relay::connected(TestStore::quick().await).await;
    let sent = relay.sending(&relay.test, &message("hello")).send().await;
    assert_eq!((sent.status.as_u16(), &sent.json["contacts"][0]["wa_id"]), (200, &json!("31612345678")));
    assert!(sent.json["messages"][0]["id"].as_str().is_some_and(|id| id.starts_with("wamid.test")), "{sent:?}");
    assert_eq!(relay.graph.received(), []);
    assert_eq!(relay.told(&relay.test).await["type"], "whatsapp.sent");
    assert_eq!(relay.told(&relay.live).await["type"], "agent.created", "the other mode knows nothing of it");
}

#[tokio::test]
async fn a_connection_is_set_shown_and_removed_without_its_token() {
    let relay = Relay::new(TestStore::quick().await).await;
    let missing =
        r#"{"error":"WhatsApp connection not found","message":"No WhatsApp connection found for this agent"}"#;
    for answer in
        [relay.send(&message("hello")).await, relay.manage("GET").send().await, relay.manage("DELETE").send().await]
    {
        assert_eq!((answer.status.as_u16(), answer.json.to_string().as_str()), (404, missing));
    }
    let refused = relay.put(json!({ "phone_number_id": "x" })).await;
    assert_eq!((refused.status.as_u16(), &refused.json["error"]), (400, &json!("Validation failed")));
    let refused = relay.put(json!({ "phone_number_id": NUMBER })).await;
    assert_eq!(refused.json["fields"][0]["path"], "access_token");
    let body = json!({ "phone_number_id": NUMBER, "access_token": TOKEN, "business_account_id": "77", "display_phone_number": "+31 6" });
    let put = relay.put(body).await;
    assert_eq!(
        (put.status.as_u16(), &put.json["access_token_last4"], &put.json["status"]),
        (200, &json!("work"), &json!("connected"))
    );
    // Another number keeps the token.
    let put = relay.put(json!({ "phone_number_id": NUMBER, "access_token": "***" })).await;
    assert_eq!(
        (&put.json["business_account_id"], relay.send(&message("hello")).await.status.as_u16()),
        (&json!(null), 200)
    );

    let console = format!("/console/v1/agents/{}/whatsapp", relay.agent);
    let shown = relay.app.get(&console).bearer(&relay.session).send().await;
    assert_eq!((shown.header("etag"), &shown.json["last4"]), ("\"2\"", &json!("work")));
    let stale = relay.app.ask("PUT", &console).bearer(&relay.session).header("if-match", "\"1\"");
    stale.json(&json!({ "phone_number_id": NUMBER })).send().await.is(412, "stale_revision");
    let unknown = relay.app.ask("PUT", &console).bearer(&relay.session);
    unknown.json(&json!({ "phone_number_id": NUMBER, "token": "x" })).send().await.is(400, "unknown_field");
    let tested = relay.app.post(&format!("{console}/test")).bearer(&relay.session).json(&json!({})).send().await;
    assert_eq!((&tested.json["ok"], &tested.json["verified_name"]), (&json!(true), &json!("Shop")), "{tested:?}");
    let shown = relay.app.get(&console).bearer(&relay.session).send().await;
    assert_eq!(shown.json["display_phone_number"], "+31 6 12345678");
    let gone = relay.manage("DELETE").send().await;
    assert_eq!(gone.json, json!({ "deleted": true, "agent_id": relay.agent }));
    relay.app.get(&console).bearer(&relay.session).send().await.is(404, "not_found");

    let trail = crate::audit::entries(&relay.app, &relay.session).await;
    let acts: Vec<&str> =
        trail.iter().map(|entry| entry.action.as_str()).filter(|act| act.ends_with("_whatsapp")).collect();
    assert_eq!(acts, ["connected_whatsapp", "connected_whatsapp", "disconnected_whatsapp"]);
    assert!(trail.iter().all(|entry| !entry.detail.contains(TOKEN)), "{trail:?}");
}

#[tokio::test]
async fn keys_need_the_scope_and_the_agent() {
    let relay = Relay::connected(TestStore::quick().await).await;
    let body = json!({ "kind": "agents", "name": "Chat", "mode": "live", "scopes": ["chat"] });
    let made = relay.app.post("/console/v1/keys").bearer(&relay.session).json(&body).send().await;
    let chat = made.json["key"].as_str().expect("a key").to_owned();
    let refused = relay.sending(&chat, &message("hello")).send().await;
    assert_eq!(
        (refused.status.as_u16(), refused.json.to_string().as_str()),
        (403, r#"{"error":"Access denied","message":"This API key is not allowed to do this"}"#)
    );
    let path = "/api/public/agent/66a72b17-cb03-4397-ab2a-1eef13847737/waba";
    let foreign = relay.app.post(path).header("authorization", &relay.live).json(&message("hello")).send().await;
    assert_eq!(
        (foreign.status.as_u16(), foreign.json.to_string().as_str()),
        (403, r#"{"error":"Access denied","message":"This agent does not belong to your organisation"}"#)
    );
    assert_eq!(relay.graph.received(), []);
}

/// A server that is killed between the call and its outcome: the job that was written before the call tells of it.
#[tokio::test]
async fn a_send_that_nobody_finished_is_told_as_unknown_once() {
    let relay = Relay::connected(TestStore::quick().await).await;
    let caller = floe_model::access::Caller::system(workspace(&relay).await, floe_model::Mode::Live);
    let app = &relay.app.app;
    let ctx = floe_runtime::Ctx::new(app.platform.clone(), caller.into(), app.platform.ids.next());
    let agent = floe_model::id::AgentId::parse(&relay.agent).expect("an id");
    let body = message("hello");
    let message =
        floe_model::agents::whatsapp::TemplateMessage::read(body.as_object().expect("an object")).expect("a message");
    let (own, asked) = (ctx.clone(), message.clone());
    let began = app.platform.store.write(move |tx| floe_agents::whatsapp::begin(tx, &own, agent, &asked)).await;
    let ready = began.expect("a send that is written down");
    relay.app.pass_seconds(301);
    let handlers = floe_agents::handlers(&app.agents);
    let jobs = floe_runtime::jobs::JobLoop::start(app.platform.clone(), handlers);
    let mut told = relay.told(&relay.live).await;
    for _ in 0..500 {
        if told["type"] == "whatsapp.failed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        told = relay.told(&relay.live).await;
    }
    assert_eq!(
        (&told["type"], &told["status"], &told["thread_id"]),
        (&json!("whatsapp.failed"), &json!("unknown"), &json!("wa:31612345678"))
    );
    jobs.stop().await;
    // Should the call come back after all, it is not told a second time.
    let sent = floe_agents::whatsapp::Sent::NotSent { reason: "late".to_owned() };
    let finishing =
        app.platform.store.write(move |tx| floe_agents::whatsapp::finish(tx, &ctx, &ready, &message, &sent));
    finishing.await.expect("nothing to do");
    assert_eq!(relay.told(&relay.live).await["id"], told["id"]);
}

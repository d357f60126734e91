//! What happened to an agent, and its numbers (agents contract, section 6).

use floe_model::agents::activity::Kind;
use floe_model::id::{AgentId, RequestId};
use floe_model::{Mode, Scope};
use floe_store::agents::activity::{self, Activity};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::Office;

impl Office {
    /// Writes that something happened, now.
    async fn happened(&self, kind: Kind, change: impl Fn(Activity) -> Activity + Send + 'static) {
        let platform = std::sync::Arc::clone(&self.app.app.platform);
        let agent = AgentId::parse(&self.agent).expect("an id");
        self.write(move |tx| {
            let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")
                .expect("a read")
                .expect("the workspace")
                .id;
            let entry = change(Activity::new(platform.ids.next(), agent, kind, platform.clock.now()));
            activity::add(tx, Scope { workspace, mode: Mode::Live }, &entry).expect("written");
        })
        .await;
    }

    async fn chat(&self, kind: Kind, thread: &'static str, ms: i64, error: Option<&'static str>) {
        self.happened(kind, move |entry| Activity {
            thread: Some(thread.to_owned()),
            request: Some(RequestId(7)),
            channel: Some("api".to_owned()),
            model: error.is_none().then(|| "mock".to_owned()),
            status: if error.is_none() { "success" } else { "error" }.to_owned(),
            error: error.map(str::to_owned),
            execution_ms: Some(ms),
            used_credits: if error.is_none() { 1_000 } else { 0 },
            input_tokens: 10,
            output_tokens: 5,
            ..entry
        })
        .await;
    }
}

fn types(list: &Value) -> Vec<&str> {
    list["data"].as_array().expect("a list").iter().filter_map(|one| one["type"].as_str()).collect()
}

on_both! {
    async fn what_happened_is_listed_newest_first_with_filters(store: TestStore) {
        let office = Office::new(store).await;
        office.app.pass_seconds(60);
        office.chat(Kind::ChatCompleted, "t1", 40, None).await;
        office.happened(Kind::ToolCalled, |entry| Activity { tool: Some("orders".to_owned()), thread: Some("t1".to_owned()), ..entry }).await;
        office.app.pass_seconds(60);
        office.chat(Kind::ChatFailed, "t2", 90, Some("upstream_error")).await;
        let list = office.get("/activity").await;
        assert_eq!(types(&list), ["chat.failed", "tool.called", "chat.completed", "agent.created"]);
        assert_eq!(list["next_cursor"], Value::Null);
        let mut first = list["data"][2].clone();
        first["id"] = json!("-");
        let expected = json!({
            "id": "-", "type": "chat.completed", "status": "success", "thread_id": "t1", "request_id": RequestId(7).prefixed(), "channel": "api",
            "model": "mock", "execution_time": 40, "used_credits": 1, "tool": null, "error": null, "created_at": "2027-01-15T08:01:00Z",
        });
        assert_eq!(first.to_string(), expected.to_string());
        for (query, expected) in [
            ("type=chat.failed", vec!["chat.failed"]),
            ("status=error", vec!["chat.failed"]),
            ("thread_id=t1", vec!["tool.called", "chat.completed"]),
            ("from=2027-01-15T08:02:00Z", vec!["chat.failed"]),
            ("to=2027-01-15T08:01:00Z", vec!["agent.created"]),
            ("thread_id=t1&type=chat.completed", vec!["chat.completed"]),
        ] {
            assert_eq!(types(&office.get(&format!("/activity?{query}")).await), expected, "{query}");
        }
        let page = office.get("/activity?limit=3").await;
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        assert_eq!(types(&office.get(&format!("/activity?limit=3&cursor={cursor}")).await), ["agent.created"]);
        for query in ["type=nothing", "from=yesterday", "cursor=x", "limit=0", &format!("cursor={cursor}&type=chat.failed")] {
            assert_eq!(office.call("GET", &format!("/activity?{query}"), None).await.status, 400, "{query}");
        }
        let id = list["data"][0]["id"].as_str().expect("an id");
        let one = office.get(&format!("/activity/{id}")).await;
        assert_eq!((&one["error"], &one["exchange"], &one["detail"]), (&json!("upstream_error"), &Value::Null, &Value::Null));
        assert_eq!(office.call("GET", "/activity/act_00000000000000000000000007", None).await.status, 404);
        // Test mode has its own.
        let test = office.key_with(json!({ "mode": "test" })).await;
        assert_eq!(types(&office.call_as(&test, "GET", "/activity", None).await.json), Vec::<&str>::new());
        assert_eq!(office.call_as(&test, "GET", &format!("/activity/{id}"), None).await.status, 404);
        // Each is a domain event, too.
        let events = office.console("GET", "/events?product=agents", None).await.json;
        let mut kinds = types(&events);
        kinds.sort_unstable();
        assert_eq!(kinds, ["agents.agent.created", "agents.chat.completed", "agents.chat.failed", "agents.tool.called"]);
        let console = office.console("GET", &format!("/agents/{}/activity?thread_id=t1&total=true", office.agent), None).await.json;
        assert_eq!((types(&console), &console["total"]), (vec!["tool.called", "chat.completed"], &json!(2)));
    }

    async fn numbers_are_those_of_what_happened(store: TestStore) {
        let office = Office::new(store).await;
        let empty = office.get("/performance").await;
        assert_eq!((&empty["success_rate"], &empty["latency_ms"]["p50"], &empty["totals"]["exchanges"]), (&Value::Null, &Value::Null, &json!(0)));
        assert_eq!(empty["by_day"].as_array().map(Vec::len), Some(7));
        // 1 to 100 ms, a failure that took long, a tool that failed once, a person who took over.
        for ms in 1..=100 {
            office.chat(Kind::ChatCompleted, if ms % 2 == 0 { "even" } else { "odd" }, ms, None).await;
        }
        office.chat(Kind::ChatFailed, "odd", 9_000, Some("busy")).await;
        for status in ["success", "error"] {
            office.happened(Kind::ToolCalled, move |entry| Activity {
                tool: Some("orders".to_owned()), status: status.to_owned(), execution_ms: Some(30), ..entry
            }).await;
        }
        office.happened(Kind::HandoffStarted, |entry| entry).await;
        let numbers = office.get("/performance?start_date=2027-01-15&end_date=2027-01-15").await;
        assert_eq!(numbers["totals"], json!({
            "exchanges": 101, "threads": 2, "errors": 1, "tool_calls": 2, "handoffs": 1, "credits_used": 0, "input_tokens": 1_010, "output_tokens": 505,
        }));
        assert_eq!(numbers["latency_ms"], json!({ "avg": 50, "p50": 50, "p95": 95, "p99": 99 }));
        assert_eq!(numbers["success_rate"], 0.9901);
        assert_eq!(numbers["by_tool"], json!([{ "tool": "orders", "calls": 2, "errors": 1, "avg_ms": 30 }]));
        assert_eq!(numbers["errors"], json!([{ "code": "busy", "count": 1 }]));
        let model = &numbers["by_model"][0];
        assert_eq!((&model["model"], &model["exchanges"], &model["credits_used"]), (&json!("mock"), &json!(100), &json!(100)));
        assert_eq!((&numbers["by_day"][0]["date"], &numbers["by_day"][0]["exchanges"]), (&json!("2027-01-15"), &json!(101)));
        let shown = office.console("GET", "/agents", None).await.json;
        let agent = &shown["data"][0];
        assert_eq!((&agent["threads_7d"], &agent["errors_7d"], &agent["credits_7d"]), (&json!(2), &json!(1), &json!(100)));
    }
}

//! Deleting a flow that has runs.

use std::sync::Arc;

use floe_flows::definitions::VersionChoice;
use floe_flows::{Execute, WayIn};
use floe_model::Mode;
use floe_model::access::Caller;
use floe_model::id::{FlowId, RequestId, RunId, WorkspaceId};
use floe_runtime::Ctx;
use floe_store::flows::runs;
use floe_testkit::on_both;
use serde_json::{Map, json};

use super::made;
use crate::app::TestApp;

on_both! {
    async fn its_open_runs_are_cancelled_and_stay_readable(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let definition = json!({ "steps": [
            { "id": "start", "type": "api", "data": {}, "nextStepId": "ask" },
            { "id": "ask", "type": "user-approval", "data": { "message": "Go on?" }, "nextStepId": "end" },
            { "id": "end", "type": "final", "data": {} },
        ] });
        let path = made(&app, &session, &json!({ "name": "Renewal", "definition": definition })).await;
        let published = app.post(&format!("{path}/publish")).bearer(&session).json(&json!({})).send().await;
        assert_eq!(published.status, 200, "{published:?}");
        let record = app.get(&path).bearer(&session).send().await.json;
        let workspace = WorkspaceId::parse(record["workspaceId"].as_str().expect("an id")).expect("an id");
        let flow = FlowId::parse(record["_id"].as_str().expect("an id")).expect("an id");

        let platform = &app.app.platform;
        let ctx = Ctx::new(Arc::clone(platform), Arc::new(Caller::system(workspace, Mode::Live)), RequestId(1));
        let mut started = Vec::new();
        for _ in 0..3 {
            let run: RunId = platform.ids.next();
            let call = Execute {
                flow,
                version: VersionChoice::Latest,
                way: WayIn::Client,
                inputs: Map::new(),
                hook_id: None,
                ip: None,
                run,
                wait_ms: 10_000,
            };
            let state = app.app.flows.execute(&ctx, call).await.expect("a run").expect("it waits at once");
            assert_eq!(state.status, "waiting");
            started.push(run);
        }
        assert_eq!(app.delete(&path).bearer(&session).send().await.status, 200);
        for run in started {
            let row = platform.store.read(move |tx| runs::find(tx, workspace, run)).await.expect("readable").expect("the run");
            assert_eq!((row.status.as_str(), row.flow), ("cancelled", flow));
        }
        assert_eq!(app.get(&path).bearer(&session).send().await.status, 404);
    }
}

//! Who may start, read, resume and cancel runs.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, form, steps};
use crate::flows::refused;
use crate::members::other_workspace;

/// Every read of one run.
const READS: [&str; 11] = [
    "poll",
    "minimal-details",
    "summary",
    "details",
    "detailed",
    "inputs",
    "outputs",
    "errorDetails",
    "steps",
    "context",
    "credit-details",
];

on_both! {
    async fn a_key_sees_and_moves_only_its_own_runs(store: TestStore) {
        let world = World::new(store).await;
        let other = world.new_key(&["flows.run", "flows.read"]).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        for read in READS {
            let status = if read == "poll" { 200 } else { 403 };
            let path = format!("/v1/flowrun/{read}/{run}");
            assert_eq!(world.app.get(&path).bearer(&world.key).send().await.status, status, "{read}");
        }
        for list in ["", "light/", "overview/"] {
            let answer = world.app.get(&format!("/v1/flowrun/{list}{flow}")).bearer(&world.key).send().await;
            assert_eq!(refused(&answer), (403, "forbidden".to_owned()));
        }
        let dashboard = world.app.post(&format!("/v1/flow/execute/{flow}")).bearer(&world.key).json(&json!({}));
        assert_eq!(refused(&dashboard.send().await), (403, "forbidden".to_owned()));
        let poll = format!("/v1/flowrun/poll/{run}");
        assert_eq!(refused(&world.app.get(&poll).bearer(&other).send().await), (404, "not_found".to_owned()));
        for (path, body) in [("resume", json!({ "decision": "approve" })), ("cancel", json!({}))] {
            let asking = world.app.post(&format!("/v1/flowrun/{path}/{run}")).bearer(&other).json(&body);
            assert_eq!(refused(&asking.send().await), (404, "not_found".to_owned()), "{path}");
        }
        let own = world.app.post(&format!("/v1/flowrun/cancel/{run}")).bearer(&world.key).send().await;
        assert_eq!(own.json["status"], "cancelled");
        let late = world.resume(&run, json!({ "decision": "approve" })).await;
        assert_eq!(refused(&late), (409, "run_not_waiting".to_owned()));
    }

    async fn credentials_scopes_and_workspaces_are_told_apart(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let execute = format!("/v1/client/flow/{flow}/execute");
        let resume = format!("/v1/flowrun/resume/{run}");
        let anonymous = world.app.post(&execute).send().await;
        assert_eq!(refused(&anonymous), (401, "unauthorized".to_owned()));
        assert_eq!(anonymous.header("www-authenticate"), "Bearer");
        assert_eq!(world.app.post(&execute).bearer(&world.session).send().await.status, 401);
        assert_eq!(world.app.post(&resume).header("x-resume-token", "x").send().await.status, 401);

        let reader = world.app.token_of(&world.session, &["flows.read"]).await;
        for path in [&execute, &resume, &format!("/v1/flow/execute/{flow}"), &format!("/v1/flowrun/cancel/{run}")] {
            let answer = world.app.post(path).bearer(&reader).json(&json!({})).send().await;
            assert_eq!(refused(&answer), (403, "insufficient_scope".to_owned()), "{path}");
        }
        let runner = world.app.token_of(&world.session, &["apps.run"]).await;
        let answer = world.app.get(&format!("/v1/flowrun/details/{run}")).bearer(&runner).send().await;
        assert_eq!(refused(&answer), (403, "insufficient_scope".to_owned()));
        let started = world.app.post(&execute).bearer(&runner).json(&json!({})).send().await;
        assert_eq!(started.status, 200, "{started:?}");

        other_workspace(&world.app, "eve@floe.test").await;
        let eve = world.app.session_by_link("eve@floe.test").await;
        for read in READS {
            let answer = world.app.get(&format!("/v1/flowrun/{read}/{run}")).bearer(&eve).send().await;
            assert_eq!(refused(&answer), (404, "not_found".to_owned()), "{read}");
        }
        for list in ["", "light/", "overview/"] {
            assert_eq!(world.app.get(&format!("/v1/flowrun/{list}{flow}")).bearer(&eve).send().await.status, 404);
        }
        for path in [&resume, &format!("/v1/flow/execute/{flow}"), &format!("/v1/flowrun/cancel/{run}")] {
            let answer = world.app.post(path).bearer(&eve).json(&json!({ "decision": "approve" })).send().await;
            assert_eq!(refused(&answer), (404, "not_found".to_owned()), "{path}");
        }
        assert_eq!(world.resume(&run, json!({ "decision": "approve" })).await.status, 200);
    }

    async fn roles_decide_who_runs_cancels_and_answers(store: TestStore) {
        let world = World::new(store).await;
        let viewer = world.member("viewer@floe.test", Role::Viewer).await;
        let approver = world.member("approver@floe.test", Role::Approver).await;
        let flow = world.flow("Ask", approval()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let ask = |session: &str, path: String, body: Value| {
            world.app.post(&path).bearer(session).json(&body).send()
        };
        for session in [&viewer, &approver] {
            let run_it = ask(session, format!("/v1/flow/execute/{flow}"), json!({})).await;
            assert_eq!(refused(&run_it), (403, "forbidden".to_owned()));
            let cancel = ask(session, format!("/v1/flowrun/cancel/{run}"), json!({})).await;
            assert_eq!(refused(&cancel), (403, "forbidden".to_owned()));
            assert_eq!(world.app.get(&format!("/v1/flowrun/details/{run}")).bearer(session).send().await.status, 200);
        }
        let resume = format!("/v1/flowrun/resume/{run}");
        let yes = json!({ "decision": "approve" });
        assert_eq!(refused(&ask(&viewer, resume.clone(), yes.clone()).await), (403, "forbidden".to_owned()));
        let done = ask(&approver, resume.clone(), yes.clone()).await;
        assert_eq!((done.status.as_u16(), &done.json["output"]["by"]), (200, &json!("Mel")));
        assert_eq!(refused(&ask(&viewer, resume, yes).await), (403, "forbidden".to_owned()));

        // A private flow of the owner is not there for others, nor are its runs.
        let private = world.flow("Mine", approval()).await;
        world.app.patch(&format!("/v1/flow/{private}")).bearer(&world.session).json(&json!({ "visibility": "private" })).send().await;
        let run = world.waiting_run(&private, json!({})).await;
        for path in [format!("/v1/flow/execute/{private}"), format!("/v1/flowrun/resume/{run}")] {
            let answer = ask(&approver, path, json!({ "decision": "approve" })).await;
            assert_eq!(refused(&answer), (404, "not_found".to_owned()));
        }
    }

    async fn named_approvers_alone_may_answer(store: TestStore) {
        let world = World::new(store).await;
        let named = world.member("named@floe.test", Role::Viewer).await;
        let asking = json!({ "type": "user-approval", "data": { "message": "m", "approvers": ["{{ who }}"] } });
        let flow = world.flow("Ask", steps(asking, json!({ "by": "{{ approval.decidedBy }}" }))).await;
        world.app.patch(&format!("/v1/flow/{flow}")).bearer(&world.session).json(&json!({ "visibility": "private" })).send().await;
        let started = world.execute(&flow, json!({ "who": "Named@Floe.test" })).await;
        assert!(started.json["waitState"].get("approvers").is_none(), "{started:?}");
        let run = started.header("x-flow-run-id");
        let yes = json!({ "decision": "approve" });
        let path = format!("/v1/flowrun/resume/{run}");
        assert_eq!(refused(&world.resume(run, yes.clone()).await), (403, "forbidden".to_owned()));
        assert_eq!(refused(&world.post(&path, yes.clone()).await), (403, "forbidden".to_owned()));
        let done = world.app.post(&path).bearer(&named).json(&yes).send().await;
        assert_eq!((done.status.as_u16(), &done.json["output"]), (200, &json!({ "by": "Mel" })), "{done:?}");
    }

    async fn approvers_can_be_named_by_their_group(store: TestStore) {
        let world = World::new(store).await;
        let named = world.member("named@floe.test", Role::Viewer).await;
        let me = world.app.get("/console/v1/me").bearer(&named).send().await.json["id"].clone();
        let group = json!({ "name": "Night Crew", "member_ids": [me] });
        let group = world.app.post("/console/v1/groups").bearer(&world.session).json(&group).send().await.json["id"].clone();
        let asking = json!({ "type": "user-approval", "data": { "message": "m", "approvers": ["{{ who }}"] } });
        let flow = world.flow("Ask", steps(asking, json!({ "by": "{{ approval.decidedBy }}" }))).await;
        let yes = json!({ "decision": "approve" });
        for who in [json!("night crew"), group] {
            let started = world.execute(&flow, json!({ "who": who })).await;
            let run = started.header("x-flow-run-id");
            let path = format!("/v1/flowrun/resume/{run}");
            assert_eq!(refused(&world.post(&path, yes.clone()).await), (403, "forbidden".to_owned()), "{who}");
            let shown = world.app.get("/console/v1/inbox?mine=true").bearer(&named).send().await;
            assert_eq!(shown.json["data"][0]["assignees"][0]["name"], "Night Crew", "{shown:?}");
            let done = world.app.post(&path).bearer(&named).json(&yes).send().await;
            assert_eq!((done.status.as_u16(), &done.json["output"]), (200, &json!({ "by": "Mel" })), "{done:?}");
        }
        let started = world.execute(&flow, json!({ "who": "day crew" })).await;
        let path = format!("/v1/flowrun/resume/{}", started.header("x-flow-run-id"));
        let answer = world.app.post(&path).bearer(&named).json(&yes).send().await;
        assert_eq!(refused(&answer), (403, "forbidden".to_owned()));
    }

    async fn a_workspace_can_forbid_approving_ones_own_requests(store: TestStore) {
        let world = World::new(store).await;
        let (ask, fill) = (world.flow("Ask", approval()).await, world.flow("Form", form()).await);
        let forbid = json!({ "self_approval": "forbid" });
        let set = world.app.patch("/console/v1/workspace").bearer(&world.session).json(&forbid).send().await;
        assert_eq!(set.status, 200, "{set:?}");
        let yes = json!({ "decision": "approve" });
        // Neither the key, nor the member, nor the member behind the token that started the run.
        let run = world.waiting_run(&ask, json!({})).await;
        assert_eq!(refused(&world.resume(&run, yes.clone()).await), (403, "forbidden".to_owned()));
        assert_eq!(world.post(&format!("/v1/flowrun/resume/{run}"), yes.clone()).await.status, 200);
        let by_member = world.post(&format!("/v1/flow/execute/{ask}"), json!({})).await;
        let by_token = world.app.post(&format!("/v1/client/flow/{ask}/execute")).bearer(&world.token).send().await;
        for started in [by_member, by_token] {
            let path = format!("/v1/flowrun/resume/{}", started.header("x-flow-run-id"));
            for credential in [&world.session, &world.token] {
                let answer = world.app.post(&path).bearer(credential).json(&yes).send().await;
                assert_eq!(refused(&answer), (403, "forbidden".to_owned()));
            }
        }
        // A form is not an approval.
        let run = world.waiting_run(&fill, json!({})).await;
        assert_eq!(world.resume(&run, json!({ "formData": { "size": 1 } })).await.status, 200);
    }
}

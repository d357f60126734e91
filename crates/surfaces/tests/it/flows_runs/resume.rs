//! Answers to what runs ask.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, form, steps, tool};
use crate::flows::{refused, scrubbed};

on_both! {
    async fn an_approval_takes_a_decision(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        for (body, said, comment) in [
            (json!({ "decision": "approve" }), "approve", json!(null)),
            (json!({ "decision": "reject", "comment": "Too late", "unknown": 1 }), "reject", json!("Too late")),
        ] {
            let run = world.waiting_run(&flow, json!({ "topic": "it" })).await;
            let answer = world.resume(&run, body).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json),
                (200, &json!({
                    "status": "completed", "appRunId": run, "output": { "said": said, "comment": comment, "by": "App" },
                }))
            );
            assert_eq!((answer.header("x-flow-run-id"), answer.header("x-flow-run-status")), (run.as_str(), "completed"));
        }
    }

    async fn a_form_takes_its_values(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Form", form()).await;
        let run = world.waiting_run(&flow, json!({})).await;
        let wrong = world.resume(&run, json!({ "formData": { "size": "big" } })).await;
        assert_eq!(refused(&wrong), (400, "validation_error".to_owned()));
        assert_eq!(wrong.json["error"]["details"]["fields"][0]["path"], "/formData/size");
        assert_eq!(refused(&world.resume(&run, json!({ "formData": {} })).await).0, 400);
        let answer = world.resume(&run, json!({ "formData": { "size": 4 } })).await;
        assert_eq!((answer.status.as_u16(), &answer.json["output"]), (200, &json!({ "size": 4 })));
    }

    async fn a_client_tool_takes_its_result_once(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Tool", tool()).await;
        let started = world.execute(&flow, json!({ "topic": "basket" })).await;
        let wait = &started.json["waitState"];
        assert_eq!(
            scrubbed(&started)["pendingAction"],
            json!({ "type": "client-tool", "toolName": "pick", "executionId": "<2>", "args": { "from": "basket" },
                    "timestamp": "2027-01-15T08:00:00.000Z" })
        );
        assert_eq!(wait["executionId"], wait["waitId"]);
        let run = started.header("x-flow-run-id");
        let result = |id: &Value| json!({ "toolResult": { "executionId": id, "success": true, "output": [1, null] } });
        let other = world.resume(run, result(&json!("exec-7"))).await;
        assert_eq!(refused(&other), (409, "execution_id_mismatch".to_owned()));
        let first = world.resume(run, result(&wait["executionId"])).await;
        assert_eq!((first.status.as_u16(), &first.json["output"]), (200, &json!({ "got": [1, null] })));
        // The accepted result again: the present state, and nothing runs twice.
        let again = world.resume(run, result(&wait["executionId"])).await;
        assert_eq!((again.status.as_u16(), &again.json), (200, &first.json));
        assert_eq!(again.header("x-flow-run-status"), "completed");

        let run = world.execute(&flow, json!({})).await;
        let failed = json!({ "toolResult": {
            "executionId": run.json["waitState"]["executionId"], "success": false, "error": "No basket",
        } });
        let failed = world.resume(run.header("x-flow-run-id"), failed).await;
        assert_eq!(
            (failed.status.as_u16(), &failed.json["error"]),
            (200, &json!({ "code": "client_tool_failed", "message": "No basket", "stepId": "it", "stepName": "Pick",
                           "stepType": "client-tool" }))
        );
    }

    async fn what_does_not_answer_the_question_is_refused(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let started = world.execute(&flow, json!({})).await;
        let run = started.header("x-flow-run-id");
        let wait = &started.json["waitState"]["waitId"];
        let done = world.execute(&world.flow("Echo", echo()).await, json!({})).await;
        let nowhere = "0190b2f0-0000-7000-8000-000000000000";
        let yes = json!({ "decision": "approve" });
        for (run, body, status, code) in [
            (nowhere, yes.clone(), 404, "not_found"),
            ("no-id", yes.clone(), 404, "not_found"),
            (run, json!({}), 400, "resume_mismatch"),
            (run, json!({ "comment": "hm" }), 400, "resume_mismatch"),
            (run, json!({ "decision": "approve", "formData": {} }), 400, "resume_mismatch"),
            (run, json!({ "formData": {} }), 400, "resume_mismatch"),
            (run, json!({ "toolResult": { "executionId": wait, "success": true } }), 400, "resume_mismatch"),
            (run, json!({ "toolResult": { "executionId": wait } }), 400, "validation_error"),
            (run, json!({ "toolResult": 1 }), 400, "validation_error"),
            (run, json!({ "formData": [] }), 400, "validation_error"),
            (run, json!({ "decision": "maybe" }), 400, "validation_error"),
            (run, json!({ "decision": true }), 400, "validation_error"),
            (run, json!({ "decision": "approve", "waitId": 7 }), 400, "validation_error"),
            (run, json!({ "decision": "approve", "comment": "c".repeat(2_001) }), 400, "validation_error"),
            (run, json!({ "decision": "approve", "waitId": nowhere }), 409, "already_resumed"),
            (run, json!({ "decision": "approve", "waitId": "w-1" }), 409, "already_resumed"),
            (done.header("x-flow-run-id"), yes.clone(), 409, "run_not_waiting"),
        ] {
            assert_eq!(refused(&world.resume(run, body.clone()).await), (status, code.to_owned()), "{body}");
        }
        let late = world.resume(done.header("x-flow-run-id"), yes).await;
        assert_eq!(late.json["error"]["details"], json!({ "status": "completed", "appRunId": done.header("x-flow-run-id") }));
        let named = json!({ "decision": "approve", "waitId": wait, "comment": "c".repeat(2_000) });
        assert_eq!(world.resume(run, named.clone()).await.json["status"], "completed");
        assert_eq!(refused(&world.resume(run, named).await), (409, "already_resumed".to_owned()));

        let delay = world.flow("Wait", steps(json!({ "type": "delay", "data": { "seconds": 900 } }), json!({}))).await;
        let waiting = world.waiting_run(&delay, json!({})).await;
        let refusal = world.resume(&waiting, json!({ "decision": "approve" })).await;
        assert_eq!(refused(&refusal), (409, "run_not_waiting".to_owned()));
    }

    async fn of_many_equal_resumes_one_moves_the_run(store: TestStore) {
        let world = World::new(store).await;
        for (flow, steps) in [("Ask", approval()), ("Tool", tool())] {
            let flow = world.flow(flow, steps).await;
            let path = format!("/v1/flow/execute/{flow}");
            let started = world.post(&path, json!({})).await;
            let run = started.header("x-flow-run-id").to_owned();
            let wait = &started.json["waitState"]["waitId"];
            let is_tool = started.json["waitState"]["type"] == "client-tool";
            let body = match is_tool {
                true => json!({ "toolResult": { "executionId": wait, "success": true, "output": 1 } }),
                false => json!({ "decision": "approve" }),
            };
            let path = format!("/v1/flowrun/resume/{run}");
            let all = (0..100).map(|_| world.post(&path, body.clone()));
            let answers = join_all(all.collect()).await;
            let mut won = 0;
            for answer in answers {
                if answer.status == 200 {
                    assert_eq!(answer.json["status"], "completed", "{answer:?}");
                    won += 1;
                } else {
                    let (status, code) = refused(&answer);
                    assert!(status == 409 && ["already_resumed", "run_not_waiting"].contains(&code.as_str()), "{answer:?}");
                }
            }
            assert_eq!(won, if is_tool { 100 } else { 1 });
            let steps = world.get(&format!("/v1/flowrun/steps/{run}?stepId=end")).await;
            assert_eq!(steps.json["total"], 1);
        }
    }

    async fn a_question_of_a_child_run_is_answered_through_either_run(store: TestStore) {
        let world = World::new(store).await;
        let child = world.flow("Child", approval()).await;
        let call = json!({ "type": "call-flow", "data": { "flowId": child, "inputs": { "topic": "{{ topic }}" } }, "output": "got" });
        let parent = world.flow("Parent", steps(call, json!({ "said": "{{ got.said }}" }))).await;
        for through_child in [false, true] {
            let run = world.waiting_run(&parent, json!({ "topic": "it" })).await;
            let state = world.get(&format!("/v1/flowrun/poll/{run}")).await;
            let wait = &state.json["waitState"];
            assert_eq!((&wait["type"], &wait["waitState"]["message"]), (&json!("sub-flow"), &json!("Send it?")), "{state:?}");
            let child_run = wait["childRunId"].as_str().expect("an id");
            let yes = json!({ "decision": "approve" });
            if through_child {
                let answer = world.resume(child_run, yes).await;
                assert_eq!((answer.status.as_u16(), &answer.json["output"]["said"]), (200, &json!("approve")));
                let path = format!("/v1/flowrun/poll/{run}?timeout=30&revision={}", state.json["revision"]);
                world.get(&path).await;
            } else {
                let answer = world.resume(&run, yes).await;
                assert_eq!((answer.status.as_u16(), &answer.json["output"]), (200, &json!({ "said": "approve" })), "{answer:?}");
                assert_eq!(answer.json["appRunId"], run);
            }
        }
    }
}

/// Waits for all of them at once.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.into_iter().map(|(_, output)| output.expect("it is done")).collect()
}

//! Repeats of calls whose answer comes late.

use floe_access::secret::sha256;
use floe_model::id::{KeyId, RunId, WorkspaceId};
use floe_store::platform::replies::{self, NewReply, ReplyKey};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{World, approval, echo, failing, hanging};
use crate::app::Answer;
use crate::flows::refused;

impl World {
    async fn execute_as(&self, flow: &str, key: &str, inputs: &Value) -> Answer {
        let asking = self.app.post(&format!("/v1/client/flow/{flow}/execute")).bearer(&self.key);
        asking.header("idempotency-key", key).json(inputs).send().await
    }

    async fn resume_as(&self, run: &str, key: &str, body: &Value) -> Answer {
        let asking = self.app.post(&format!("/v1/flowrun/resume/{run}")).bearer(&self.key);
        asking.header("idempotency-key", key).json(body).send().await
    }

    /// What a server that ended in the middle of a call leaves behind.
    async fn leave_behind(&self, path: String, key: &str, body: &Value, subject: u128) {
        let session = self.get("/console/v1/session").await;
        let keys = self.get("/console/v1/keys").await;
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let workspace = WorkspaceId::parse(&text(&session.json["workspace"]["id"])).expect("an id");
        let caller = KeyId::parse(&text(&keys.json["data"][0]["id"])).expect("an id");
        let mut content = vec![0];
        content.extend(body.to_string().into_bytes());
        let now = self.app.app.platform.clock.now();
        let new = NewReply {
            key: ReplyKey {
                workspace,
                caller: format!("key:{caller}"),
                route: format!("POST {path} live"),
                idempotency_key: key.to_owned(),
            },
            body_hash: sha256(&content).to_vec(),
            subject_id: Some(subject),
            node: None,
            created_at: now,
            expires_at: now.plus_seconds(1_000),
        };
        let begun = self.app.app.platform.store.write(move |tx| replies::begin(tx, &new)).await;
        assert_eq!(begun.expect("a row"), replies::Begin::New);
    }
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

on_both! {
    async fn a_repeated_execution_starts_no_second_run(store: TestStore) {
        let world = World::new(store).await;
        for (name, steps, status) in [("Echo", echo(), 200), ("Break", failing(), 422), ("Ask", approval(), 200)] {
            let flow = world.flow(name, steps).await;
            let inputs = json!({ "topic": "x" });
            let first = world.execute_as(&flow, "one", &inputs).await;
            assert_eq!((first.status.as_u16(), replayed(&first)), (status, false), "{first:?}");
            let again = world.execute_as(&flow, "one", &inputs).await;
            assert_eq!((again.status.as_u16(), replayed(&again)), (status, true));
            assert_eq!((&again.json, again.header("x-flow-run-id")), (&first.json, first.header("x-flow-run-id")));
            assert_eq!(again.header("x-flow-run-status"), first.header("x-flow-run-status"));
            let other = world.execute_as(&flow, "one", &json!({ "topic": "y" })).await;
            assert_eq!(refused(&other), (422, "idempotency_mismatch".to_owned()));
            assert_eq!(world.get(&format!("/v1/flowrun/{flow}")).await.json["total"], 1);
            // A refusal frees the key.
            assert_eq!(refused(&world.execute_as(&flow, "two", &json!({ "topic": 1 })).await).0, 400);
            assert_eq!(world.execute_as(&flow, "two", &inputs).await.status, status);
        }
    }

    async fn a_repeat_comes_again_while_the_first_call_is_served(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Hang", hanging()).await;
        let nothing = json!({});
        let first = world.execute_as(&flow, "one", &nothing);
        let others = async {
            let run = loop {
                let list = world.get(&format!("/v1/flowrun/{flow}?status=running")).await;
                if let Some(id) = list.json["data"][0]["_id"].as_str() {
                    break id.to_owned();
                }
            };
            let again = world.execute_as(&flow, "one", &json!({})).await;
            assert_eq!(refused(&again), (409, "idempotency_in_progress".to_owned()));
            assert_eq!(again.json["error"]["details"]["runId"], run);
            world.post(&format!("/v1/flowrun/cancel/{run}"), json!({})).await;
        };
        let (first, ()) = tokio::join!(first, others);
        assert_eq!(refused(&first), (409, "run_cancelled".to_owned()));
        let again = world.execute_as(&flow, "one", &json!({})).await;
        assert_eq!((refused(&again), replayed(&again)), ((409, "run_cancelled".to_owned()), true));
        assert_eq!(world.get(&format!("/v1/flowrun/{flow}")).await.json["total"], 1);
    }

    async fn a_call_that_a_server_left_behind_is_finished_by_its_repeat(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Echo", echo()).await;
        let inputs = json!({ "topic": "x" });
        let path = format!("/v1/client/flow/{flow}/execute");
        // Noted, and the run never began: it begins under the noted id.
        let run: RunId = world.app.app.platform.ids.next();
        world.leave_behind(path.clone(), "lost", &inputs, run.0).await;
        let answer = world.execute_as(&flow, "lost", &inputs).await;
        assert_eq!((answer.status.as_u16(), replayed(&answer)), (200, true), "{answer:?}");
        assert_eq!((answer.header("x-flow-run-id"), &answer.json), (run.to_string().as_str(), &json!({ "text": "x" })));
        // Now it is saved as any other.
        let again = world.execute_as(&flow, "lost", &inputs).await;
        assert_eq!((&again.json, again.header("x-flow-run-id")), (&answer.json, run.to_string().as_str()));

        // Noted, and the run has ended: its end is the answer.
        let ended = world.execute(&flow, inputs.clone()).await;
        let id = RunId::parse(ended.header("x-flow-run-id")).expect("an id");
        world.leave_behind(path.clone(), "ended", &inputs, id.0).await;
        let answer = world.execute_as(&flow, "ended", &inputs).await;
        assert_eq!((answer.header("x-flow-run-id"), replayed(&answer)), (ended.header("x-flow-run-id"), true));
        assert_eq!(world.get(&format!("/v1/flowrun/{flow}")).await.json["total"], 2);

        // Noted, and the run still goes on.
        let hang = world.flow("Hang", hanging()).await;
        let running = world.app.post(&format!("/v1/client/flow/{hang}/execute?async=true")).bearer(&world.key).send().await;
        let id = RunId::parse(running.header("x-flow-run-id")).expect("an id");
        world.leave_behind(format!("/v1/client/flow/{hang}/execute"), "going", &json!({}), id.0).await;
        for _ in 0..2 {
            let answer = world.execute_as(&hang, "going", &json!({})).await;
            assert_eq!(refused(&answer), (409, "idempotency_in_progress".to_owned()));
        }
    }

    async fn a_repeated_resume_answers_once(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Ask", approval()).await;
        let yes = json!({ "decision": "approve" });
        let run = world.waiting_run(&flow, json!({})).await;
        let first = world.resume_as(&run, "one", &yes).await;
        assert_eq!((first.status.as_u16(), &first.json["status"]), (200, &json!("completed")), "{first:?}");
        let again = world.resume_as(&run, "one", &yes).await;
        assert_eq!((again.status.as_u16(), &again.json, replayed(&again)), (200, &first.json, true));
        assert_eq!(refused(&world.resume_as(&run, "two", &yes).await), (409, "run_not_waiting".to_owned()));

        // Left behind before the answer, and after it.
        for answered in [false, true] {
            let started = world.execute(&flow, json!({})).await;
            let run = started.header("x-flow-run-id").to_owned();
            let wait = floe_model::id::parse_bits(started.json["waitState"]["waitId"].as_str().expect("an id"));
            world.leave_behind(format!("/v1/flowrun/resume/{run}"), "lost", &yes, wait.expect("an id")).await;
            if answered {
                assert_eq!(world.resume(&run, yes.clone()).await.status, 200);
            }
            let answer = world.resume_as(&run, "lost", &yes).await;
            assert_eq!((answer.status.as_u16(), &answer.json["status"]), (200, &json!("completed")), "{answer:?}");
            assert!(replayed(&answer));
        }
    }
}

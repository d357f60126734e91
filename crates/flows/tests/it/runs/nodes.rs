//! Several nodes on one PostgreSQL database.

use std::sync::Arc;
use std::time::Duration;

use floe_engine::event::{Event, Happening};
use floe_engine::plan::Port;
use floe_model::flows::FlowSettings;
use floe_model::id::{NodeId, RunId};
use floe_store::flows::journal::{self, Chunk};
use floe_store::platform::nodes;
use floe_store::{Node, Role, Store};
use floe_testkit::store::TestStore;
use floe_testkit::wait::until;
use serde_json::json;

use super::stage::{Stage, WORKSPACE, decision, done, record};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);

async fn join(store: &Store, role: Role) -> Node {
    let node = store.join(role).expect("PostgreSQL has nodes");
    let mut life = node.watch();
    tokio::time::timeout(PATIENCE, life.wait_for(Option::is_some)).await.expect("in time").expect("a node");
    node
}

/// Two nodes that know of each other.
async fn two(role_of_second: Role) -> Option<(TestStore, Stage, Stage)> {
    let store = TestStore::postgres().await?;
    let first = join(&store, Role::All).await;
    let one = Stage::open(&store).await;
    let beside = store.open_again().await.expect("several nodes share PostgreSQL");
    let second = join(&beside, role_of_second).await;
    let two = one.beside(&beside);
    for node in [&first, &second] {
        until("the other node is seen", || async { node.has_others() }).await;
    }
    Some((store, one, two))
}

fn question() -> serde_json::Value {
    json!([
        { "id": "first", "type": "user-approval", "data": { "message": "Go?" }, "nextStepId": "call" },
        record("call", Some("end"), json!({ "value": 1 })),
        done(json!({ "decision": "{{approval.decision}}" })),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn any_node_answers_and_of_two_answers_one_counts() {
    let Some((_store, one, two)) = two(Role::All).await else { return };
    let flow = one.publish(question(), FlowSettings::default()).await;
    for round in 0..10 {
        let run = one.run(flow, json!({})).await.run;
        let (here, there) = tokio::join!(one.answer(run, decision(true)), two.answer(run, decision(round % 2 == 0)));
        let codes: Vec<&str> =
            [&here, &there].iter().filter_map(|answer| answer.as_ref().err()).map(|f| f.code()).collect();
        assert_eq!(codes.len(), 1, "exactly one counts: {here:?} {there:?}");
        assert!(["run_not_waiting", "already_resumed"].contains(&codes[0]), "{codes:?}");
        assert_eq!(one.settled(run).await.status, "completed");
        assert_eq!(two.settled(run).await.output, one.settled(run).await.output);
    }
    assert_eq!(one.calls.keys().len(), 10, "no effect was made twice");
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_when_what_was_taken_for_lost_was_written() {
    let Some(store) = TestStore::postgres().await else { return };
    join(&store, Role::All).await;
    let stage = Stage::open(&store).await;
    let steps = json!([record("first", Some("end"), json!({ "held": true })), done(json!({ "v": "{{first.value}}" }))]);
    let flow = stage.publish(steps, FlowSettings::default()).await;
    let run = stage.begin(flow).await;
    stage.calls.wait_for(1).await;
    // As after a commit whose connection broke before its answer came: the next chunk is there already.
    let write = move |tx: &mut floe_store::Tx<'_>| {
        let chunks = journal::read(tx, WORKSPACE, run)?;
        let events: Vec<Event> =
            chunks.iter().flat_map(|chunk| serde_json::from_str::<Vec<Event>>(chunk).expect("events")).collect();
        let intended = events.iter().find_map(|event| match &event.what {
            Happening::Intended { place, .. } => Some((*place, event.at)),
            _ => None,
        });
        let (place, at) = intended.expect("the call is under way");
        let result = Arc::new(json!({ "value": 7 }));
        let what = Happening::Done { place, attempt: 1, result, port: Port::NEXT, logs: Vec::new(), changes: None };
        let text = serde_json::to_string(&[Event { at, what }]).expect("JSON");
        journal::append(tx, &[&Chunk { workspace: WORKSPACE, run, seq: events.len() as u64, events: text }])
    };
    store.write(write).await.expect("a chunk");
    stage.calls.release(1);
    let state = tokio::time::timeout(PATIENCE, stage.settled(run)).await.expect("it goes on");
    assert_eq!((state.status, state.output.as_deref()), ("completed", Some(&json!({ "v": 7 }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_another_node_moves_is_awaited_and_cancelled_there() {
    let Some((_store, one, two)) = two(Role::All).await else { return };
    let steps = json!([record("first", Some("end"), json!({ "held": true })), done(json!({}))]);
    let flow = one.publish(steps, FlowSettings::default()).await;
    let run = one.begin(flow).await;
    one.calls.wait_for(1).await;
    let (settled, ()) = tokio::join!(two.settled(run), async { one.calls.release(1) });
    assert_eq!(settled.status, "completed");

    let run = one.begin(flow).await;
    one.calls.wait_for(2).await;
    assert_eq!(two.cancel(run).await.expect("it can be cancelled").status, "cancelled");
    assert_eq!(one.settled(run).await.status, "cancelled");
    assert_eq!(two.cancel(run).await.expect_err("it is over").code(), "run_finished");
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_begun_by_a_node_that_moves_none_are_moved_by_the_others() {
    let Some((_store, one, web)) = two(Role::Web).await else { return };
    let flow = one.publish(question(), FlowSettings::default()).await;
    let state = web.run(flow, json!({})).await;
    assert_eq!(state.status, "waiting");
    assert_eq!(web.answer(state.run, decision(true)).await.expect("an answer").status, "completed");
    let again = web.answer(state.run, decision(true)).await.expect_err("it is over");
    assert_eq!(again.code(), "run_not_waiting");
    web.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_taken_for_gone_loses_its_runs_to_another() {
    let Some((store, one, two)) = two(Role::All).await else { return };
    let steps = json!([
        record("first", Some("second"), json!({ "value": 1 })),
        record("second", Some("third"), json!({ "held": true })),
        record("third", Some("end"), json!({ "value": 3 })),
        done(json!({ "third": "{{third.value}}" })),
    ]);
    let flow = one.publish(steps, FlowSettings::default()).await;
    let runs: Vec<RunId> = {
        let mut runs = Vec::new();
        for _ in 0..5 {
            runs.push(one.begin(flow).await);
        }
        runs
    };
    one.calls.wait_for(10).await;
    let lost = store.node().and_then(|node| node.id()).expect("it lives");
    end(&two, lost).await;
    // The other one makes the interrupted call again; what the first one still gets counts for nothing.
    one.calls.wait_for(15).await;
    one.calls.release(10);
    for run in runs {
        assert_eq!(two.settled(run).await.status, "completed");
        assert_eq!(one.settled(run).await.status, "completed");
    }
    let steps = one.calls.steps();
    let made = |step: &str| steps.iter().filter(|made| *made == step).count();
    assert_eq!((made("first"), made("second"), made("third")), (5, 10, 5), "no finished step was made again");
    // It comes back, and moves runs again.
    join(&store, Role::All).await;
    let state = one.run(one.publish(question(), FlowSettings::default()).await, json!({})).await;
    assert_eq!(state.status, "waiting");
    two.close().await;
}

async fn end(stage: &Stage, node: NodeId) {
    let store = Arc::clone(&stage.flows.platform);
    let ended = store.store.write(move |tx| nodes::end(tx, node)).await.expect("the database answers");
    assert!(ended, "it was alive");
}

//! Nodes that share one PostgreSQL database: who lives, who is taken for gone, and what each hears of the others.

use std::time::Duration;

use floe_model::Timestamp;
use floe_model::id::{NodeId, RunId, WorkspaceId};
use floe_store::flows::journal::{self, Chunk};
use floe_store::platform::node_mail::{self, Letter};
use floe_store::platform::nodes;
use floe_store::{Change, Node, Role, Store};
use tokio::sync::broadcast::Receiver;

use crate::store::TestStore;
use crate::wait::until;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);

async fn alive(node: &Node) -> NodeId {
    let mut life = node.watch();
    let id = tokio::time::timeout(PATIENCE, life.wait_for(Option::is_some)).await.expect("in time").expect("a node");
    id.expect("an id")
}

async fn dead(node: &Node, id: NodeId) {
    let mut life = node.watch();
    tokio::time::timeout(PATIENCE, life.wait_for(|now| *now != Some(id))).await.expect("in time").expect("a node");
}

async fn hear(changes: &mut Receiver<Change>, wanted: Change) {
    let heard = async { while changes.recv().await.expect("a change") != wanted {} };
    tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("{wanted:?} was not told"));
}

#[expect(clippy::disallowed_methods, reason = "a transaction that takes its time: it runs on a database thread")]
fn stay_inside() {
    std::thread::sleep(Duration::from_millis(300));
}

async fn is_held(store: &Store, id: NodeId) -> bool {
    store.write(move |tx| nodes::hold(tx, id)).await.expect("the database answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_has_no_nodes() {
    let store = TestStore::quick().await;
    assert!(store.join(Role::All).is_none() && store.node().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_hear_of_each_other_and_take_over_from_one_that_stops() {
    let Some(first) = TestStore::postgres().await else { return };
    let second = first.open_again().await.expect("several nodes share PostgreSQL");
    let (one, two) = (first.join(Role::All).expect("a node"), second.join(Role::Worker).expect("a node"));
    let (one_id, two_id) = (alive(&one).await, alive(&two).await);
    assert_ne!(one_id, two_id);
    assert!(one.is_valid() && is_held(&second, one_id).await, "each sees the other alive");
    second.write(move |tx| nodes::require(tx, one_id)).await.expect("it is alive");
    until("the other node is seen", || async { one.has_others() }).await;

    let mut heard = second.watch();
    let change = Change::Record { workspace: WorkspaceId(7), kind: "flow", id: 3 };
    let announce = move |tx: &mut floe_store::Tx<'_>| {
        tx.announce(change);
        Ok(())
    };
    first.write(announce).await.expect("the write works");
    hear(&mut heard, change).await;

    let mut heard = second.watch();
    first.close().await;
    hear(&mut heard, Change::Work).await;
    assert!(!is_held(&second, one_id).await, "a node that stopped owns nothing");
    let left = second.read(nodes::ended).await.expect("the database answers");
    assert_eq!(left, [one_id]);
    assert!(second.write(move |tx| nodes::forget(tx, one_id)).await.expect("the database answers"));
    second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_taken_for_gone_can_write_nothing_and_comes_back_as_another() {
    let Some(store) = TestStore::postgres().await else { return };
    let other = store.open_again().await.expect("several nodes share PostgreSQL");
    let node = store.join(Role::All).expect("a node");
    let id = alive(&node).await;
    // What it is writing keeps it alive until that is on disk.
    let held = store.write(move |tx| {
        let held = nodes::hold(tx, id)?;
        stay_inside();
        Ok(held)
    });
    let ended = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.write(move |tx| nodes::end(tx, id)).await
    };
    let (held, ended) = tokio::join!(held, ended);
    assert!(held.expect("the write works") && ended.expect("the write works"));
    assert!(!is_held(&store, id).await, "nothing is written in its name any more");
    let refused = store.write(move |tx| nodes::require(tx, id)).await.expect_err("it was ended");
    assert_eq!(refused.code(), nodes::ENDED_CODE);
    dead(&node, id).await;
    let again = alive(&node).await;
    assert_ne!(again, id, "it comes back under another name");
    // A write that goes out as one statement waits for whoever ends the node, and is refused as well.
    let ended = other.write(move |tx| {
        let ended = nodes::end(tx, again)?;
        stay_inside();
        Ok(ended)
    });
    let chunk = Chunk { workspace: WorkspaceId(7), run: RunId(5), seq: 0, events: "[]".to_owned() };
    let written = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let write = store.write(move |tx| {
            tx.at_once();
            nodes::require(tx, again)?;
            journal::append(tx, &[&chunk])
        });
        write.await
    };
    let (ended, written) = tokio::join!(ended, written);
    assert!(ended.expect("the write works"));
    assert_eq!(written.expect_err("it was ended").code(), nodes::ENDED_CODE);
    let kept = store.read(|tx| journal::read(tx, WorkspaceId(7), RunId(5))).await.expect("reading works");
    assert!(kept.is_empty(), "{kept:?}");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_process_is_gone_is_ended_before_its_lease() {
    let Some(store) = TestStore::postgres().await else { return };
    let node = store.join(Role::All).expect("a node");
    let own = alive(&node).await;
    // As a killed process leaves it: its row with a lease, and no session that holds its lock.
    let gone = NodeId(0xdead);
    store.write(move |tx| nodes::register(tx, gone, "all", 4_711, 600_000)).await.expect("the write works");
    until("the node is ended", || async { !is_held(&store, gone).await }).await;
    assert!(is_held(&store, own).await);
    // A node that lost its connection takes its lock again on the next one, and stays who it is.
    let database = store.database().expect("PostgreSQL has a database");
    database
        .run("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node.id(), Some(own));
    assert!(node.is_valid());
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_to_a_node_that_has_ended_are_for_any_and_it_takes_none() {
    let Some(store) = TestStore::postgres().await else { return };
    let living = alive(&store.join(Role::All).expect("a node")).await;
    let gone = NodeId(0xdead);
    store.write(move |tx| nodes::register(tx, gone, "all", 4_711, 600_000)).await.expect("the write works");
    let letter = |id| Letter { id, from: living, workspace: WorkspaceId(7), run: RunId(id), text: "{}".to_owned() };
    let send = async |id, to| {
        let letter = letter(id);
        store.write(move |tx| node_mail::send(tx, &letter, to, Timestamp(0))).await.expect("it is sent");
    };
    let take = async |by| {
        let taken = store.write(move |tx| node_mail::take(tx, by)).await.expect("the database answers");
        taken.into_iter().map(|letter| letter.id).collect::<Vec<_>>()
    };
    send(1, Some(gone)).await;
    store.write(move |tx| nodes::end(tx, gone)).await.expect("it is ended");
    // Its owner is read before it is ended, and written to afterwards.
    send(2, Some(gone)).await;
    send(3, None).await;
    assert!(take(gone).await.is_empty(), "nobody would give back what it takes now");
    assert_eq!(take(living).await, [1, 2, 3]);
}

//! Exchanges of one database that several nodes run.

use std::sync::Arc;
use std::time::Duration;

use floe_agents::exchanges::{Keeper, NewExchange};
use floe_agents::{Agents, Settings};
use floe_model::access::Caller;
use floe_model::id::AgentId;
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Ctx, Ids, Platform, Seal, SystemClock};
use floe_store::agents::exchanges;
use floe_store::platform::nodes;
use floe_store::{Node, Role, Store};
use floe_testkit::models::Turn;
use floe_testkit::store::TestStore;
use floe_testkit::wait::until;
use serde_json::json;

use super::{Stage, say, says};
use crate::world::{TEST, WORKSPACE};

async fn join(store: &Store, role: Role) -> Node {
    let node = store.join(role).unwrap();
    let mut life = node.watch();
    tokio::time::timeout(Duration::from_secs(10), life.wait_for(Option::is_some)).await.unwrap().unwrap();
    node
}

/// A second process on the database of a stage.
fn beside(store: &Store) -> Arc<Agents> {
    let clock = Arc::new(SystemClock);
    let platform = Platform {
        store: store.clone(),
        clock: Arc::<SystemClock>::clone(&clock),
        ids: Ids::new(clock, Arc::new(SystemRandom)),
        outside: Outside::new(OutsideConfig {
            allow: AllowList::parse("127.0.0.1").unwrap(),
            ..OutsideConfig::default()
        }),
        sandbox: Sandbox::new(SandboxConfig::default()),
        seal: Seal::new([9; 32]),
    };
    Arc::new(Agents::new(Arc::new(platform), Settings::default()))
}

fn ctx(agents: &Arc<Agents>) -> Ctx {
    let caller = Arc::new(Caller::system(WORKSPACE, TEST.mode));
    Ctx::new(Arc::clone(&agents.platform), caller, agents.platform.ids.next())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_has_one_order_on_all_nodes() {
    let Some(store) = TestStore::postgres().await else { return };
    let other_store = store.open_again().await.unwrap();
    join(&store, Role::All).await;
    join(&other_store, Role::All).await;
    let stage = Stage::open(store).await;
    let other = beside(&other_store);
    let agent = stage.agent(json!({})).await;
    let ask = |agents: &Arc<Agents>, agent: AgentId, at: usize| {
        let (agents, new) = (Arc::clone(agents), says(agent, "t", &format!("q{at}")));
        tokio::spawn(async move { agents.exchange(&ctx(&agents), new, None).await })
    };
    let asked: Vec<_> =
        (0..10).map(|at| ask(if at % 2 == 0 { &stage.world.agents } else { &other }, agent, at)).collect();
    for one in asked {
        assert_eq!(one.await.unwrap().unwrap().code, 200);
    }
    let said = stage.said(agent, "t").await;
    let roles: Vec<&str> = said.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant"].repeat(10));
    assert_eq!(stage.server.most_at_once(), 1);
    assert_eq!(stage.balance().await, (100_000_000 - 10_000, 0));
    other_store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_left_is_taken_by_another_and_nothing_else() {
    let Some(store) = TestStore::postgres().await else { return };
    let other_store = store.open_again().await.unwrap();
    let first = join(&store, Role::Web).await.id().unwrap();
    let second = join(&other_store, Role::Worker).await.id().unwrap();
    let stage = Stage::open(store).await;
    let other = beside(&other_store);
    let agent = stage.agent(json!({})).await;
    stage.server.script([Turn::Hang, say("Taken up"), say("From the background")]);
    let (agents, new) =
        (Arc::clone(&stage.world.agents), NewExchange { key: Some("k".to_owned()), ..says(agent, "t", "Hello") });
    let (own, asked) = (ctx(&agents), new.clone());
    let task = tokio::spawn(async move { agents.exchange(&own, asked, None).await });
    until("the call", || async { stage.server.seen().len() == 1 }).await;
    let is_free = move |tx: &mut floe_store::Tx<'_>| exchanges::has_free(tx, second.0, true);
    assert!(!other_store.read(is_free).await.unwrap(), "a living node keeps what it has");
    let keeper = Keeper::start(&other, true);
    assert!(other_store.write(move |tx| nodes::end(tx, first)).await.unwrap());
    let outcome = tokio::time::timeout(Duration::from_secs(10), other.exchange(&ctx(&other), new, None)).await;
    let outcome = outcome.unwrap().unwrap();
    assert_eq!((outcome.text.as_str(), outcome.used_credits), ("Taken up", 1_000));
    stage.world.agents.cancel_exchange(TEST, outcome.exchange).await.unwrap();
    // Nobody waits for this one; a node that only answers requests leaves it to one that works.
    let id = stage.accept(says(agent, "t", "More")).await;
    let outcome = stage.world.agents.await_outcome(TEST, id).await.unwrap();
    assert_eq!(outcome.text, "From the background");
    task.abort();
    keeper.stop().await;
    other_store.close().await;
}

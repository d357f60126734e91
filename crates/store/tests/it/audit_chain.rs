//! Sealing the audit log: one chain a workspace, whoever seals, however late a transaction commits.

use std::sync::{Arc, Barrier};

use floe_model::{
    Fault, Timestamp,
    id::{AuditId, WorkspaceId},
};
use floe_store::{
    Dialect, Store,
    platform::{
        audit::{self, Actor, Entry},
        audit_chain::{self, End, Seal, Sealed},
        audit_heads::{self, Head},
    },
};
use tokio::task::JoinSet;

use crate::on_both;

const WORKSPACE: WorkspaceId = WorkspaceId(1);

fn entry(workspace: WorkspaceId, id: u128) -> Entry {
    Entry {
        id: AuditId(id),
        workspace,
        seq: None,
        mode: None,
        product: "flows".to_owned(),
        action: "made_it".to_owned(),
        actor: Actor { kind: "system".to_owned(), id: None, name: "system".to_owned() },
        target: None,
        run_id: None,
        detail: "{}".to_owned(),
        request_id: None,
        ip: None,
        at: Timestamp(id as i64),
    }
}

/// A hash that is enough to see what follows what: the number of the entry.
fn hash(seq: i64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&seq.to_be_bytes());
    hash
}

fn seals(end: &End, entries: &[Entry]) -> Result<Vec<Seal>, Fault> {
    assert_eq!(end.hash, hash(end.seq));
    let places = (end.seq + 1..).zip(entries);
    Ok(places.map(|(seq, entry)| Seal { id: entry.id, seq, prev_hash: hash(seq - 1), hash: hash(seq) }).collect())
}

async fn record(store: &Store, workspace: WorkspaceId, id: u128) {
    store.write(move |tx| audit::record(tx, &entry(workspace, id))).await.expect("recording works");
}

async fn seal(store: &Store, limit: usize) -> usize {
    store.write(move |tx| audit_chain::seal(tx, WORKSPACE, limit, seals)).await.expect("sealing works")
}

async fn chain(store: &Store, workspace: WorkspaceId) -> Vec<Sealed> {
    store.read(move |tx| audit_chain::walk(tx, workspace, 0, i64::MAX, 1_000)).await.expect("reading works")
}

fn ids(chain: &[Sealed]) -> Vec<u128> {
    chain.iter().map(|sealed| sealed.entry.id.0).collect()
}

on_both! {
    async fn sealers_that_meet_make_one_chain(store: TestStore) {
        let mut tasks = JoinSet::new();
        for writer in 0..8_u128 {
            let store = (*store).clone();
            tasks.spawn(async move {
                for number in 0..20 {
                    record(&store, WORKSPACE, writer * 1_000 + number).await;
                    if number % 4 == 0 {
                        record(&store, WorkspaceId(2), writer * 1_000 + number).await;
                        seal(&store, 7).await;
                    }
                }
            });
        }
        tasks.join_all().await;
        while seal(&store, 7).await > 0 {}
        let chain = chain(&store, WORKSPACE).await;
        assert_eq!(chain.len(), 160);
        for (sealed, seq) in chain.iter().zip(1..) {
            assert_eq!(sealed.entry.seq, Some(seq));
            assert_eq!((sealed.prev_hash.as_deref(), sealed.hash.as_deref()), (Some(&hash(seq - 1)[..]), Some(&hash(seq)[..])));
        }
        for writer in 0..8 {
            let own: Vec<u128> = ids(&chain).into_iter().filter(|id| id / 1_000 == writer).collect();
            assert!(own.is_sorted(), "what was answered before stands before: {own:?}");
        }
        let waiting = store.read(|tx| audit_chain::unsealed_workspaces(tx, 10)).await.expect("reading works");
        assert_eq!(waiting, [WorkspaceId(2)], "each chain is sealed by itself");
    }

    async fn a_sealer_that_fails_leaves_nothing(store: TestStore) {
        record(&store, WORKSPACE, 1).await;
        let failing = store.write(|tx| audit_chain::seal(tx, WORKSPACE, 10, |_, _| Err(Fault::conflict("no", "No"))));
        assert!(failing.await.is_err());
        assert_eq!(store.read(|tx| audit_chain::end(tx, WORKSPACE)).await.expect("reading works"), None);
        assert_eq!(seal(&store, 10).await, 1);
        assert_eq!(seal(&store, 10).await, 0, "an idle sealer has nothing to do");
        let end = store.read(|tx| audit_chain::end(tx, WORKSPACE)).await.expect("reading works");
        assert_eq!(end, Some(End { seq: 1, hash: hash(1).to_vec(), head_seq: 0 }));
    }

    async fn a_transaction_that_commits_late_is_sealed_late(store: TestStore) {
        // SQLite has one writer: nothing commits late there.
        if store.dialect() == Dialect::Sqlite {
            return;
        }
        let (written, may_commit) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let late = {
            let (store, written, may_commit) = ((*store).clone(), Arc::clone(&written), Arc::clone(&may_commit));
            tokio::spawn(async move {
                let act = move |tx: &mut floe_store::Tx<'_>| {
                    audit::record(tx, &entry(WORKSPACE, 1))?;
                    written.wait();
                    may_commit.wait();
                    Ok(())
                };
                store.write(act).await
            })
        };
        tokio::task::spawn_blocking(move || written.wait()).await.expect("the writer comes");
        record(&store, WORKSPACE, 2).await;
        assert_eq!(seal(&store, 10).await, 1, "it holds nobody up");
        tokio::task::spawn_blocking(move || may_commit.wait()).await.expect("the writer waits");
        late.await.expect("no panic").expect("recording works");
        assert_eq!(seal(&store, 10).await, 1);
        assert_eq!(ids(&chain(&store, WORKSPACE).await), [2, 1]);
    }

    async fn a_chain_with_news_gets_a_head_once(store: TestStore) {
        record(&store, WORKSPACE, 1).await;
        seal(&store, 10).await;
        let due = |before: i64| {
            let store = (*store).clone();
            async move { store.read(move |tx| audit_heads::headless(tx, Timestamp(before), 10)).await.expect("reading works").len() }
        };
        let keep = |at: i64| {
            let (store, head) = ((*store).clone(), Head {
                workspace: WORKSPACE, seq: 1, hash: vec![1], at: Timestamp(at), public_key: vec![2], signature: vec![3],
            });
            async move { store.write(move |tx| audit_heads::keep_head(tx, &head)).await.expect("keeping works") }
        };
        assert_eq!(due(0).await, 1);
        assert!(keep(100).await);
        assert!(!keep(101).await, "another node's came first");
        assert_eq!(due(1_000).await, 0, "no news");
        record(&store, WORKSPACE, 2).await;
        seal(&store, 10).await;
        assert_eq!((due(99).await, due(100).await), (0, 1), "not before its time");
        let heads = store.read(|tx| audit_heads::heads(tx, WORKSPACE, None, 10)).await.expect("reading works");
        assert_eq!(heads.iter().map(|head| (head.seq, head.at)).collect::<Vec<_>>(), [(1, Timestamp(100))]);
    }
}

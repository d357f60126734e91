//! Saved replies: the first request is done, every repeat gets its answer.

use floe_model::{Timestamp, id::WorkspaceId};
use floe_store::platform::replies::{self, Begin, NewReply, Reply, ReplyKey};
use tokio::task::JoinSet;

use crate::on_both;

fn key(workspace: u128, name: &str) -> ReplyKey {
    ReplyKey {
        workspace: WorkspaceId(workspace),
        caller: "key:1".to_owned(),
        route: "POST /v1/runs".to_owned(),
        idempotency_key: name.to_owned(),
    }
}

fn new(name: &str, body: u8, now: i64) -> NewReply {
    NewReply {
        key: key(1, name),
        body_hash: vec![body; 32],
        subject_id: Some(9),
        node: None,
        created_at: Timestamp(now),
        expires_at: Timestamp(now + 100),
    }
}

fn answer() -> Reply {
    Reply { status: 201, headers: "{\"x\":\"1\"}".to_owned(), body: "{\"id\":1}".to_owned() }
}

on_both! {
    async fn a_repeat_gets_the_first_answer(store: TestStore) {
        store
            .write(|tx| {
                assert_eq!(replies::begin(tx, &new("a", 1, 0))?, Begin::New);
                assert_eq!(replies::begin(tx, &new("a", 1, 1))?, Begin::Running { subject_id: Some(9), elsewhere: false });
                assert_eq!(replies::begin(tx, &new("a", 2, 1))?, Begin::Mismatch);
                assert!(replies::complete(tx, &key(1, "a"), &answer())?);
                assert!(!replies::complete(tx, &key(1, "a"), &answer())?, "it is answered");
                assert_eq!(replies::begin(tx, &new("a", 1, 2))?, Begin::Replay(answer()));
                assert_eq!(replies::begin(tx, &new("a", 2, 2))?, Begin::Mismatch);
                let foreign = NewReply { key: key(2, "a"), ..new("a", 2, 2) };
                assert_eq!(replies::begin(tx, &foreign)?, Begin::New, "another workspace's key is another key");
                assert!(replies::release(tx, &foreign.key)?);
                assert_eq!(replies::begin(tx, &foreign)?, Begin::New);
                Ok(())
            })
            .await
            .expect("replies work");
    }

    async fn an_answer_is_forgotten_when_its_time_is_over(store: TestStore) {
        store
            .write(|tx| {
                assert_eq!(replies::begin(tx, &new("a", 1, 0))?, Begin::New);
                replies::complete(tx, &key(1, "a"), &answer())?;
                assert_eq!(replies::begin(tx, &new("a", 2, 100))?, Begin::New);
                assert_eq!(replies::begin(tx, &new("a", 2, 101))?, Begin::Running { subject_id: Some(9), elsewhere: false });
                assert_eq!(replies::begin(tx, &new("b", 1, 0))?, Begin::New);
                assert_eq!(replies::purge_expired(tx, Timestamp(150), 10)?, 1);
                assert_eq!(replies::purge_expired(tx, Timestamp(250), 10)?, 1);
                Ok(())
            })
            .await
            .expect("replies work");
    }

    async fn of_many_at_once_one_is_the_first(store: TestStore) {
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let store = (*store).clone();
            tasks.spawn(async move {
                store
                    .write(|tx| {
                        let begun = replies::begin(tx, &new("a", 1, 0))?;
                        if begun == Begin::New {
                            replies::complete(tx, &key(1, "a"), &answer())?;
                        }
                        Ok(begun)
                    })
                    .await
                    .expect("replies work")
            });
        }
        let begun = tasks.join_all().await;
        assert_eq!(begun.iter().filter(|one| **one == Begin::New).count(), 1);
        assert_eq!(begun.iter().filter(|one| **one == Begin::Replay(answer())).count(), 15);
    }
}

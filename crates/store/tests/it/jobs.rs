//! Jobs: claims, leases, one job per subject.

use floe_model::{
    Mode, Timestamp,
    id::{JobId, WorkspaceId},
};
use floe_store::{
    Change,
    platform::jobs::{self, Lease, NewJob},
};
use tokio::task::JoinSet;

use crate::on_both;

const LEASE_MS: i64 = 1_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp(0).plus_seconds(seconds)
}

fn new(id: u128, kind: &'static str, subject_id: Option<u128>, due_s: i64) -> NewJob {
    NewJob {
        id: JobId(id),
        workspace: WorkspaceId(1),
        mode: Some(Mode::Test),
        kind,
        subject_id,
        payload: format!("{{\"n\":{id}}}"),
        due_at: at(due_s),
        created_at: at(0),
    }
}

on_both! {
    async fn due_jobs_of_the_asked_kinds_are_claimed_in_order(store: TestStore) {
        let (claimed, next, backlog) = store
            .write(|tx| {
                for job in [new(1, "run", None, 30), new(2, "run", None, 10), new(3, "mail", None, 10), new(4, "other", None, 1), new(5, "run", None, 99)] {
                    jobs::enqueue(tx, &job)?;
                }
                assert_eq!(jobs::next_due(tx)?, Some(at(1)));
                let claimed = jobs::claim_due(tx, &["run", "mail"], at(50), LEASE_MS, 10, None)?;
                Ok((claimed, jobs::next_due(tx)?, jobs::backlog(tx, at(50))?))
            })
            .await
            .expect("jobs work");
        assert_eq!(claimed.iter().map(|job| job.id.0).collect::<Vec<_>>(), [2, 3, 1]);
        let first = &claimed[0];
        assert_eq!((first.kind.as_str(), first.payload.as_str(), first.mode, first.attempts), ("run", "{\"n\":2}", Some(Mode::Test), 1));
        assert_eq!((first.workspace, first.due_at, first.created_at), (WorkspaceId(1), at(10), at(0)));
        assert_eq!((next, backlog.due, backlog.total), (Some(at(1)), 1, 5));
    }

    async fn a_lease_that_ran_out_is_claimed_again_and_the_old_claim_is_void(store: TestStore) {
        store
            .write(|tx| {
                jobs::enqueue(tx, &new(1, "run", None, 0))?;
                let old = jobs::claim_due(tx, &["run"], at(10), LEASE_MS, 1, None)?.remove(0);
                assert!(jobs::claim_due(tx, &["run"], at(10), LEASE_MS, 1, None)?.is_empty(), "it is under a lease");
                assert_eq!(jobs::next_due(tx)?, Some(at(11)), "the end of the lease");
                let new = jobs::claim_due(tx, &["run"], at(12), LEASE_MS, 1, None)?.remove(0);
                assert_eq!(new.attempts, 2);
                assert!(!jobs::finish(tx, old.lease())?, "the old claim is void");
                assert!(!jobs::retry_at(tx, old.lease(), at(20), None)?);
                assert!(jobs::extend(tx, new.lease(), at(60))?);
                assert!(jobs::claim_due(tx, &["run"], at(50), LEASE_MS, 1, None)?.is_empty());
                assert!(jobs::retry_at(tx, new.lease(), at(70), Some("no answer"))?);
                let third = jobs::claim_due(tx, &["run"], at(70), LEASE_MS, 1, None)?.remove(0);
                assert_eq!((third.attempts, third.last_error.as_deref()), (3, Some("no answer")));
                assert!(jobs::finish(tx, third.lease())?);
                assert_eq!(jobs::next_due(tx)?, None);
                Ok(())
            })
            .await
            .expect("jobs work");
    }

    async fn a_kind_and_subject_have_one_job(store: TestStore) {
        store
            .write(|tx| {
                jobs::enqueue(tx, &new(1, "wake", Some(7), 10))?;
                let held = jobs::claim_due(tx, &["wake"], at(10), LEASE_MS, 1, None)?.remove(0);
                jobs::enqueue(tx, &new(2, "wake", Some(7), 50))?;
                jobs::enqueue(tx, &new(3, "other", Some(7), 50))?;
                assert!(!jobs::finish(tx, held.lease())?, "the replaced job cannot take its successor away");
                assert!(!jobs::finish(tx, Lease { job: JobId(2), attempt: 1 })?, "and its successor is not claimed");
                assert_eq!(jobs::next_due(tx)?, Some(at(50)));
                assert!(jobs::cancel(tx, "other", 7)?);
                assert!(!jobs::cancel(tx, "other", 7)?);
                assert_eq!(jobs::cancel_by_subject(tx, 7)?, 1);
                assert_eq!(jobs::next_due(tx)?, None);
                Ok(())
            })
            .await
            .expect("jobs work");
    }

    async fn of_many_claimers_each_job_has_one(store: TestStore) {
        store
            .write(|tx| (1..=200).try_for_each(|id| jobs::enqueue(tx, &new(id, "run", None, 0))))
            .await
            .expect("jobs are added");
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let store = (*store).clone();
            tasks.spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let some = store.write(|tx| jobs::claim_due(tx, &["run"], at(1), LEASE_MS, 7, None)).await.expect("claims work");
                    if some.is_empty() {
                        return mine;
                    }
                    mine.extend(some.into_iter().map(|job| job.id.0));
                }
            });
        }
        let mut all: Vec<u128> = tasks.join_all().await.into_iter().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, (1..=200).collect::<Vec<_>>());
    }

    async fn a_new_job_is_announced_with_its_due_time(store: TestStore) {
        let mut watch = store.watch();
        store.write(|tx| jobs::enqueue(tx, &new(1, "run", None, 5))).await.expect("the job is added");
        assert_eq!(watch.recv().await.expect("told"), Change::Job { due_at: at(5) });
    }
}

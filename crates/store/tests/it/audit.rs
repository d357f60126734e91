//! The audit log: written with the act, read newest first, never another workspace's.

use floe_model::{
    Mode, Timestamp,
    id::{AuditId, RequestId, RunId, WorkspaceId},
};
use floe_store::platform::audit::{self, Actor, Entry, Filter, Target};

use crate::on_both;

fn entry(workspace: u128, id: u128) -> Entry {
    Entry {
        id: AuditId(id),
        workspace: WorkspaceId(workspace),
        seq: None,
        mode: id.is_multiple_of(2).then_some(Mode::Live),
        product: "flows".to_owned(),
        action: if id < 3 { "created_flow" } else { "published_flow" }.to_owned(),
        actor: Actor { kind: "member".to_owned(), id: Some(5), name: "Ada".to_owned() },
        target: (id != 2).then(|| Target { kind: "flow".to_owned(), id: Some(id), name: None }),
        run_id: Some(RunId(4)),
        detail: "{}".to_owned(),
        request_id: Some(RequestId(6)),
        ip: Some("::1".to_owned()),
        at: Timestamp(id as i64),
    }
}

on_both! {
    async fn entries_are_listed_newest_first_and_filtered(store: TestStore) {
        store
            .write(|tx| {
                (1..=4).try_for_each(|id| audit::record(tx, &entry(1, id)))?;
                audit::record(tx, &entry(2, 5))
            })
            .await
            .expect("recording works");
        let list = |filter: Filter, before: Option<u128>| {
            let store = (*store).clone();
            async move {
                let entries = store
                    .read(move |tx| audit::list(tx, WorkspaceId(1), &filter, before.map(AuditId), 10))
                    .await
                    .expect("reading works");
                entries.iter().map(|entry| entry.id.0).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(Filter::default(), None).await, [4, 3, 2, 1]);
        assert_eq!(list(Filter::default(), Some(3)).await, [2, 1]);
        assert_eq!(list(Filter { mode: Some(Mode::Live), ..Filter::default() }, None).await, [4, 2]);
        assert_eq!(list(Filter { action: Some("created_flow".to_owned()), ..Filter::default() }, None).await, [2, 1]);
        assert_eq!(list(Filter { target_id: Some(3), actor_id: Some(5), ..Filter::default() }, None).await, [3]);
        assert_eq!(
            list(Filter { from: Some(Timestamp(2)), to: Some(Timestamp(4)), run_id: Some(RunId(4)), ..Filter::default() }, None).await,
            [3, 2]
        );
        let found = store.read(|tx| audit::find(tx, WorkspaceId(1), AuditId(2))).await.expect("reading works");
        assert_eq!(found, Some(entry(1, 2)));
        let foreign = store.read(|tx| audit::find(tx, WorkspaceId(1), AuditId(5))).await.expect("reading works");
        assert_eq!(foreign, None);
    }
}

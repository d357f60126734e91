//! Who may do what with one flow (Flow API contract, section 1.2; console contract, section 2.4).

use floe_flows::definitions::{self, Autosave, FlowPatch};
use floe_model::flows::{Grant, Permitted, Sharing, Visibility};
use floe_model::id::MemberId;
use floe_testkit::on_both;

use super::office::{Office, Who, new_flow, starter};

/// What somebody gets who reads, edits, and shares.
const NOTHING: [&str; 3] = ["not_found", "not_found", "not_found"];
const SEES: [&str; 3] = ["ok", "forbidden", "forbidden"];
const EDITS: [&str; 3] = ["ok", "ok", "forbidden"];
const ALL: [&str; 3] = ["ok", "ok", "ok"];

on_both! {
    async fn each_role_gets_what_visibility_and_sharing_give_it(store: TestStore) {
        let office = Office::open(&store).await;
        for (visibility, expected) in [
            // Owner, admin, Ann (whose flow it is), Bob, approver, viewer; shared with Bob for editing and the viewer for all.
            (Visibility::Private, [ALL, ALL, ALL, NOTHING, NOTHING, NOTHING]),
            (Visibility::Shared, [ALL, ALL, ALL, EDITS, NOTHING, SEES]),
            (Visibility::Public, [ALL, ALL, ALL, EDITS, SEES, SEES]),
        ] {
            let id = office.flow(Visibility::Private).await;
            let users = vec![
                Grant { id: Who::Bob.id(), permission: Permitted::Edit },
                Grant { id: Who::Viewer.id(), permission: Permitted::Manage },
            ];
            let sharing = Some(Sharing { users, groups: Vec::new() });
            let share = FlowPatch { visibility: Some(visibility), sharing, ..FlowPatch::default() };
            let again = FlowPatch { visibility: Some(visibility), ..FlowPatch::default() };
            office.act(Who::Ann, move |tx, ctx, _| definitions::patch(tx, ctx, id, &share)).await.expect("shared");
            for (who, expected) in Who::ALL.into_iter().zip(expected) {
                let read = office.get(who, id).await.map(drop);
                let edited = office.autosave(who, id, Autosave::default()).await.map(drop);
                let again = again.clone();
                let shared = office.act(who, move |tx, ctx, _| definitions::patch(tx, ctx, id, &again)).await.map(drop);
                let got = [read, edited, shared].map(|done| done.map_or_else(|fault| fault.code(), |()| "ok"));
                assert_eq!(got, expected, "{visibility:?} {who:?}");
                let listed = office
                    .act(who, move |tx, ctx, _| {
                        let filter = floe_store::flows::flows::FlowFilter::default();
                        let order = floe_store::flows::flows::FlowOrder::Created { descending: true };
                        definitions::list(tx, ctx, &filter, order, 100, 0)
                    })
                    .await
                    .expect("a list");
                let found = listed.data.iter().any(|record| record.flow.id == id);
                assert_eq!(found, expected != NOTHING, "{visibility:?} {who:?}: a list shows what a read shows");
                assert_eq!(listed.total as usize, listed.data.len());
            }
            let stranger = office.act(Who::Bob, move |tx, ctx, _| definitions::delete(tx, ctx, id)).await.map(drop);
            let refused = if visibility == Visibility::Private { "not_found" } else { "forbidden" };
            assert_eq!(stranger.expect_err("not his").code(), refused);
        }
    }

    async fn only_builders_make_flows_and_only_members_are_shared_with(store: TestStore) {
        let office = Office::open(&store).await;
        for (who, expected) in
            Who::ALL.into_iter().zip([None, None, None, None, Some("forbidden"), Some("forbidden")])
        {
            let made = office.create(who, new_flow("X", office.content(&starter()))).await;
            assert_eq!(made.err().map(|fault| fault.code()), expected, "{who:?}");
        }
        let id = office.flow(Visibility::Shared).await;
        let users = vec![Grant { id: MemberId(5), permission: Permitted::View }];
        let patch = FlowPatch { sharing: Some(Sharing { users, groups: Vec::new() }), ..FlowPatch::default() };
        let refused = office.act(Who::Ann, move |tx, ctx, _| definitions::patch(tx, ctx, id, &patch)).await;
        assert_eq!(refused.expect_err("a stranger").fields()[0].path, "/sharing/users/0/_id");
        assert_eq!(office.get(Who::Ann, id).await.expect("the flow").flow.revision, 1, "nothing was written");
    }
}

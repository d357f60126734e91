//! Many changes to one flow at once: they happen one after another.

use std::collections::BTreeSet;

use floe_flows::definitions::{self, Autosave};
use floe_model::flows::Visibility;
use floe_testkit::on_both;
use tokio::task::JoinSet;

use super::office::{CURRENT, Office, Who, numbered};

const AT_ONCE: u64 = 20;

on_both! {
    async fn of_editors_that_saw_the_same_revision_one_wins(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        for round in 1..=3 {
            let mut editors = JoinSet::new();
            for number in 0..AT_ONCE {
                let office = office.clone();
                let content = Some(office.content(&numbered(number)));
                let save = Autosave { content, base_revision: Some(round), ..Autosave::default() };
                editors.spawn(async move { office.autosave(Who::Ann, id, save).await.map(|saved| (number, saved)) });
            }
            let (won, lost): (Vec<_>, Vec<_>) = editors.join_all().await.into_iter().partition(Result::is_ok);
            assert_eq!((won.len() as u64, lost.len() as u64), (1, AT_ONCE - 1));
            for refused in lost {
                let fault = refused.expect_err("lost");
                let present = fault.details().and_then(|details| details["revision"].as_u64());
                assert_eq!((fault.code(), present), ("conflict", Some(round + 1)));
            }
            let (number, saved) = won.into_iter().flatten().next().expect("a winner");
            let record = office.get(Who::Ann, id).await.expect("the flow");
            assert_eq!((saved.version, saved.revision, record.flow.revision), (1, round + 1, round + 1));
            assert_eq!(record.definition, Some(numbered(number).to_string()));
        }
    }

    async fn of_publishes_of_one_draft_one_wins(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        let mut publishers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let office = office.clone();
            publishers.spawn(async move { office.publish(Who::Ann, id, CURRENT).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = publishers.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        assert!(lost.iter().all(|refused| refused.as_ref().err().map(floe_model::Fault::code) == Some("no_draft")));
        assert_eq!(office.audited(id).await, ["created_flow", "published_flow"]);
    }

    async fn publications_at_once_give_as_many_results_in_order(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        office.publish(Who::Ann, id, CURRENT).await.expect("published");
        let mut publishers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let office = office.clone();
            publishers.spawn(async move {
                office.act(Who::Ann, move |tx, ctx, catalog| definitions::roll_back(tx, ctx, catalog, id, 1, true)).await
            });
        }
        let made = publishers.join_all().await;
        let versions: BTreeSet<u32> = made.iter().map(|made| made.as_ref().expect("published").row.version).collect();
        assert_eq!(versions, (2..=21).collect());
        let flow = office.get(Who::Ann, id).await.expect("the flow").flow;
        assert_eq!((flow.pointers.latest, flow.pointers.draft, flow.revision), (Some(21), None, 22));
    }
}

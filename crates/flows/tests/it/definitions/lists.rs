//! Lists of flows: filters, orders, pages.

use floe_flows::definitions::{self, FlowPatch, NewFlow};
use floe_model::flows::{VersionStatus, Visibility};
use floe_store::flows::flows::{FlowFilter, FlowOrder};
use floe_testkit::on_both;
use serde_json::json;

use super::office::{CURRENT, Office, Who, new_flow, starter};

on_both! {
    async fn filters_and_orders_find_what_they_say(store: TestStore) {
        let office = Office::open(&store).await;
        let form = json!({ "steps": [{ "id": "f", "type": "form", "data": {}, "nextStepId": null }] });
        let flows = [
            ("Äpfel 100%", "sorts fruit", &["fruit", "a_b"][..], &form),
            ("banana", "Yellow\nfruit", &["fruity"], &starter()),
            ("Cherry", "", &["say \"hi\""], &starter()),
        ];
        for (at, (name, description, tags, definition)) in flows.into_iter().enumerate() {
            let visibility = if at == 1 { Visibility::Public } else { Visibility::Private };
            let new = NewFlow {
                description: description.to_owned(),
                tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
                visibility,
                ..new_flow(name, office.content(definition))
            };
            let who = if at == 2 { Who::Bob } else { Who::Ann };
            let id = office.create(who, new).await.expect("a flow").flow.id;
            if at == 1 {
                office.publish(who, id, CURRENT).await.expect("published");
            }
        }
        let text = |text: &str| FlowFilter { text: Some(text.to_owned()), ..FlowFilter::default() };
        let tag = |tag: &str| FlowFilter { tag: Some(tag.to_owned()), ..FlowFilter::default() };
        let trigger = |kind: &str| FlowFilter { trigger: Some(kind.to_owned()), ..FlowFilter::default() };
        let newest = FlowOrder::Created { descending: true };
        for (filter, order, expected) in [
            (FlowFilter::default(), newest, "Cherry banana Äpfel 100%"),
            (FlowFilter::default(), FlowOrder::Created { descending: false }, "Äpfel 100% banana Cherry"),
            (FlowFilter::default(), FlowOrder::Updated { descending: true }, "Cherry banana Äpfel 100%"),
            (FlowFilter::default(), FlowOrder::Name { descending: false }, "banana Cherry Äpfel 100%"),
            (FlowFilter::default(), FlowOrder::Name { descending: true }, "Äpfel 100% Cherry banana"),
            (text("fruit"), newest, "banana Äpfel 100%"),
            (text("äpf"), newest, "Äpfel 100%"),
            (text("%"), newest, "Äpfel 100%"),
            (text("_"), newest, ""),
            (tag("fruit"), newest, "Äpfel 100%"),
            (tag("a_b"), newest, "Äpfel 100%"),
            (tag("axb"), newest, ""),
            (tag("say \"hi\""), newest, "Cherry"),
            (trigger("form"), newest, "Äpfel 100%"),
            (trigger("api"), newest, "Cherry banana"),
            (FlowFilter { status: Some(VersionStatus::Published), ..FlowFilter::default() }, newest, "banana"),
            (FlowFilter { visibility: Some(Visibility::Private), ..FlowFilter::default() }, newest, "Cherry Äpfel 100%"),
            (FlowFilter { created_by: Some(Who::Bob.id()), ..FlowFilter::default() }, newest, "Cherry"),
        ] {
            let shown = format!("{filter:?} {order:?}");
            let page = office.act(Who::Owner, move |tx, ctx, _| definitions::list(tx, ctx, &filter, order, 20, 0)).await;
            let page = page.expect("a list");
            let names: Vec<&str> = page.data.iter().map(|record| record.flow.name.as_str()).collect();
            assert_eq!((names.join(" ").as_str(), page.total as usize), (expected, names.len()), "{shown}");
        }
    }

    async fn pages_are_parts_of_one_list(store: TestStore) {
        let office = Office::open(&store).await;
        for number in 0..5 {
            office.create(Who::Ann, new_flow(&format!("F{number}"), office.content(&starter()))).await.expect("a flow");
        }
        let order = FlowOrder::Created { descending: false };
        let mut names = Vec::new();
        for skip in [0, 2, 4, 6] {
            let filter = FlowFilter::default();
            let page = office.act(Who::Ann, move |tx, ctx, _| definitions::list(tx, ctx, &filter, order, 2, skip)).await;
            let page = page.expect("a list");
            assert_eq!(page.total, 5);
            names.extend(page.data.into_iter().map(|record| record.flow.name));
        }
        assert_eq!(names, ["F0", "F1", "F2", "F3", "F4"]);
    }

    async fn a_patch_changes_what_it_names(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        let patch = |patch: FlowPatch| office.act(Who::Ann, move |tx, ctx, _| definitions::patch(tx, ctx, id, &patch));
        let icon = FlowPatch { icon: Some(Some("bolt".to_owned())), base_revision: Some(1), ..FlowPatch::default() };
        let record = patch(icon.clone()).await.expect("patched");
        assert_eq!((record.flow.icon.as_deref(), record.flow.revision, record.flow.name.as_str()), (Some("bolt"), 2, "Renewal"));
        assert_eq!(patch(icon).await.expect_err("stale").code(), "conflict");
        assert_eq!(patch(FlowPatch::default()).await.expect("nothing").flow.revision, 2);
        let clear = FlowPatch { icon: Some(None), description: Some("D".to_owned()), ..FlowPatch::default() };
        let record = patch(clear).await.expect("patched");
        assert_eq!((record.flow.icon, record.flow.description.as_str(), record.flow.revision), (None, "D", 3));
        let word = definitions::VersionWord::Draft;
        let draft = office.act(Who::Ann, move |tx, ctx, _| definitions::version(tx, ctx, id, word)).await.expect("a draft");
        assert_eq!(draft.row.description, "D", "the draft carries the same labels");
    }
}

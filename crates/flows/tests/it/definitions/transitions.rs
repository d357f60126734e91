//! Every transition of versions, and every refusal (Flow API contract, section 8).

use floe_engine::catalog::Catalog;
use floe_flows::definitions::{self, Autosave, FlowPatch, Publish, VersionChoice, VersionWord};
use floe_model::Fault;
use floe_model::flows::{FlowSettings, VersionStatus, Visibility};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::events;
use floe_testkit::on_both;
use serde_json::json;

use super::office::{CURRENT, Office, WORKSPACE, Who, new_flow, numbered, starter};

/// One act of a script.
#[derive(Debug, Clone, Copy)]
enum Do {
    Save(u64),
    Rename(&'static str),
    Publish,
    PublishDraft(u32),
    PublishAside,
    PublishVersion(u32),
    SetLatest(u32),
    RollBack(u32),
    RollBackAndPublish(u32),
    Unpublish(u32),
    Delete(u32),
}

fn carry_out(tx: &mut Tx<'_>, ctx: &Ctx, catalog: &Catalog, id: FlowId, act: Do) -> Result<(), Fault> {
    match act {
        Do::Save(number) => {
            let content = definitions::Content::take(&numbered(number), catalog)?;
            let save = Autosave { content: Some(content), ..Autosave::default() };
            definitions::autosave(tx, ctx, catalog, id, &save).map(drop)
        }
        Do::Rename(name) => {
            let patch = FlowPatch { name: Some(name.to_owned()), ..FlowPatch::default() };
            definitions::patch(tx, ctx, id, &patch).map(drop)
        }
        Do::Publish => definitions::publish(tx, ctx, catalog, id, &CURRENT).map(drop),
        Do::PublishDraft(version) => {
            definitions::publish(tx, ctx, catalog, id, &Publish { version: Some(version), ..CURRENT }).map(drop)
        }
        Do::PublishAside => {
            definitions::publish(tx, ctx, catalog, id, &Publish { set_latest: false, ..CURRENT }).map(drop)
        }
        Do::PublishVersion(version) => definitions::publish_version(tx, ctx, catalog, id, version, None).map(drop),
        Do::SetLatest(version) => definitions::set_latest(tx, ctx, id, version).map(drop),
        Do::RollBack(version) => definitions::roll_back(tx, ctx, catalog, id, version, false).map(drop),
        Do::RollBackAndPublish(version) => definitions::roll_back(tx, ctx, catalog, id, version, true).map(drop),
        Do::Unpublish(version) => definitions::unpublish(tx, ctx, id, version).map(drop),
        Do::Delete(version) => definitions::delete_version(tx, ctx, id, version).map(drop),
    }
}

/// `latest/draft r<revision>: versions`, published ones with a star; the definition's number behind each.
async fn state(office: &Office, id: FlowId) -> String {
    let (record, versions) = office
        .act(Who::Ann, move |tx, ctx, _| {
            let record = definitions::get(tx, ctx, id)?;
            let versions = definitions::list_versions(tx, ctx, id, None, true, 100, 0)?;
            Ok((record, versions.data))
        })
        .await
        .expect("the flow");
    let word = |version: Option<u32>| version.map_or("-".to_owned(), |version| version.to_string());
    let pointers = record.flow.pointers;
    let list: Vec<String> = versions
        .iter()
        .rev()
        .map(|version| {
            let star = if version.row.status == VersionStatus::Published { "*" } else { "" };
            let definition: serde_json::Value =
                serde_json::from_str(version.definition.as_deref().expect("full")).expect("JSON");
            format!("{}{star}={}", version.row.version, definition["steps"][1]["data"]["outputs"]["number"])
        })
        .collect();
    format!("{}/{} r{}: {}", word(pointers.latest), word(pointers.draft), record.flow.revision, list.join(" "))
}

on_both! {
    async fn versions_follow_each_other_by_the_rules(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        assert_eq!(state(&office, id).await, "-/1 r1: 1=0");
        for (act, expected) in [
            (Do::Save(7), Ok("-/1 r2: 1=7")),
            (Do::SetLatest(1), Err("version_not_published")),
            (Do::Publish, Ok("1/- r3: 1*=7")),
            (Do::Publish, Err("no_draft")),
            (Do::Delete(1), Err("version_published")),
            (Do::PublishDraft(1), Err("version_published")),
            (Do::PublishDraft(9), Err("not_found")),
            (Do::Rename("Renewals"), Ok("1/- r4: 1*=7")),
            (Do::Save(8), Ok("1/2 r5: 1*=7 2=8")),
            (Do::Save(9), Ok("1/2 r6: 1*=7 2=9")),
            (Do::PublishAside, Ok("1/- r7: 1*=7 2*=9")),
            (Do::PublishVersion(2), Ok("2/- r8: 1*=7 2*=9")),
            (Do::PublishVersion(2), Ok("2/- r8: 1*=7 2*=9")),
            (Do::SetLatest(1), Ok("1/- r9: 1*=7 2*=9")),
            (Do::SetLatest(1), Ok("1/- r9: 1*=7 2*=9")),
            (Do::SetLatest(3), Err("not_found")),
            (Do::Save(3), Ok("1/3 r10: 1*=7 2*=9 3=3")),
            // The former draft stays as a draft among others; production does not change.
            (Do::RollBack(2), Ok("1/4 r11: 1*=7 2*=9 3=3 4=9")),
            (Do::Save(4), Ok("1/4 r12: 1*=7 2*=9 3=3 4=4")),
            // The draft that is named is published; the current one stays what is edited.
            (Do::PublishDraft(3), Ok("3/4 r13: 1*=7 2*=9 3*=3 4=4")),
            (Do::RollBackAndPublish(1), Ok("5/- r14: 1*=7 2*=9 3*=3 4=4 5*=7")),
            (Do::RollBack(9), Err("not_found")),
            (Do::Unpublish(5), Ok("3/- r15: 1*=7 2*=9 3*=3 4=4 5=7")),
            (Do::Unpublish(5), Ok("3/- r15: 1*=7 2*=9 3*=3 4=4 5=7")),
            (Do::Unpublish(1), Ok("3/- r16: 1=7 2*=9 3*=3 4=4 5=7")),
            (Do::Unpublish(9), Err("not_found")),
            (Do::Delete(5), Ok("3/- r17: 1=7 2*=9 3*=3 4=4")),
            (Do::Delete(5), Err("not_found")),
            // Numbers are never used again.
            (Do::Save(6), Ok("3/6 r18: 1=7 2*=9 3*=3 4=4 6=6")),
            (Do::Delete(6), Ok("3/- r19: 1=7 2*=9 3*=3 4=4")),
            (Do::PublishVersion(4), Ok("4/- r20: 1=7 2*=9 3*=3 4*=4")),
            (Do::Unpublish(3), Ok("4/- r21: 1=7 2*=9 3=3 4*=4")),
            (Do::Unpublish(2), Ok("4/- r22: 1=7 2=9 3=3 4*=4")),
            (Do::Unpublish(4), Ok("-/- r23: 1=7 2=9 3=3 4=4")),
            (Do::Publish, Err("no_draft")),
            (Do::Save(1), Ok("-/7 r24: 1=7 2=9 3=3 4=4 7=1")),
        ] {
            let done = office.act(Who::Ann, move |tx, ctx, catalog| carry_out(tx, ctx, catalog, id, act)).await;
            match (done, expected) {
                (Ok(()), Ok(expected)) => assert_eq!(state(&office, id).await, expected, "{act:?}"),
                (Err(fault), Err(code)) => assert_eq!(fault.code(), code, "{act:?}"),
                (done, expected) => panic!("{act:?} gives {done:?}, not {expected:?}"),
            }
        }
    }

    async fn every_act_is_in_the_audit_log_and_publications_are_told(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        for act in [
            Do::Save(1), Do::Rename("R"), Do::Publish, Do::Publish, Do::Save(2), Do::PublishVersion(2), Do::SetLatest(1),
            Do::SetLatest(1), Do::RollBack(2), Do::RollBackAndPublish(2), Do::Unpublish(1), Do::Unpublish(1), Do::Delete(3),
        ] {
            let _ = office.act(Who::Ann, move |tx, ctx, catalog| carry_out(tx, ctx, catalog, id, act)).await;
        }
        office.act(Who::Ann, move |tx, ctx, _| definitions::delete(tx, ctx, id)).await.expect("deleted");
        assert_eq!(office.audited(id).await, [
            "created_flow", "updated_flow", "updated_flow", "published_flow", "updated_flow", "published_flow",
            "set_latest_version", "rolled_back_flow", "rolled_back_flow", "published_flow", "unpublished_flow",
            "deleted_version", "deleted_flow",
        ]);
        let scope = office.ctx(Who::Ann).caller.scope();
        let told = store.read(move |tx| events::latest(tx, scope, None, 100)).await.expect("events");
        let told: Vec<(String, i64)> = told
            .into_iter()
            .rev()
            .map(|event| {
                let data: serde_json::Value = serde_json::from_str(&event.data).expect("JSON");
                assert_eq!(data["flowId"], json!(id));
                (event.kind, data["version"].as_i64().unwrap_or(0))
            })
            .collect();
        let kind = |word: &str, version: i64| (format!("flows.flow.{word}"), version);
        assert_eq!(told, [
            kind("published", 1), kind("published", 2), kind("published", 4), kind("unpublished", 1), kind("deleted", 0),
        ]);
    }

    async fn a_draft_changes_nothing_that_clients_get(store: TestStore) {
        let office = Office::open(&store).await;
        let settings = |seconds| Some(FlowSettings { timeout_seconds: Some(seconds), ..FlowSettings::default() });
        let new = definitions::NewFlow { settings: settings(10).expect("some"), ..new_flow("Renewal", office.content(&starter())) };
        let id = office.create(Who::Ann, new).await.expect("a flow").flow.id;
        office.publish(Who::Ann, id, CURRENT).await.expect("published");
        let save = Autosave { content: Some(office.content(&numbered(5))), settings: settings(20), ..Autosave::default() };
        office.autosave(Who::Ann, id, save).await.expect("saved");

        let resolve = |choice| office.act(Who::Ann, move |tx, _, _| definitions::resolve(tx, WORKSPACE, id, choice));
        let latest = resolve(VersionChoice::Latest).await.expect("published");
        assert_eq!((latest.version, latest.is_draft, latest.settings.as_str()), (1, false, r#"{"timeoutSeconds":10}"#));
        assert_eq!(latest.definition, starter().to_string());
        let draft = resolve(VersionChoice::DraftElseLatest).await.expect("a draft");
        assert_eq!((draft.version, draft.is_draft, draft.settings.as_str()), (2, true, r#"{"timeoutSeconds":20}"#));
        assert_eq!(draft.definition, numbered(5).to_string());
        assert_eq!(resolve(VersionChoice::Number(1)).await.expect("published").version, 1);
        let record = office.get(Who::Ann, id).await.expect("the flow");
        assert_eq!((record.flow.settings.as_str(), record.definition), (r#"{"timeoutSeconds":20}"#, Some(numbered(5).to_string())));

        office.publish(Who::Ann, id, CURRENT).await.expect("published");
        assert_eq!(resolve(VersionChoice::Latest).await.expect("published").settings, r#"{"timeoutSeconds":20}"#);
        assert_eq!(resolve(VersionChoice::Number(1)).await.expect("published").settings, r#"{"timeoutSeconds":10}"#);
        let patch = FlowPatch { settings: settings(30), ..FlowPatch::default() };
        office.act(Who::Ann, move |tx, ctx, _| definitions::patch(tx, ctx, id, &patch)).await.expect("patched");
        assert_eq!(resolve(VersionChoice::Latest).await.expect("published").settings, r#"{"timeoutSeconds":30}"#);
        let version = office.act(Who::Ann, move |tx, ctx, _| definitions::version(tx, ctx, id, VersionWord::Latest)).await;
        assert_eq!(version.expect("the version").row.settings, r#"{"timeoutSeconds":20}"#, "a published version never changes");
    }

    async fn what_cannot_be_run_is_refused_with_its_code(store: TestStore) {
        let office = Office::open(&store).await;
        let id = office.flow(Visibility::Private).await;
        let code = |id: FlowId, choice| {
            let office = office.clone();
            async move {
                let resolved = office.act(Who::Ann, move |tx, _, _| definitions::resolve(tx, WORKSPACE, id, choice)).await;
                resolved.map(|resolved| resolved.version).map_err(|fault| fault.code())
            }
        };
        assert_eq!(code(id, VersionChoice::Latest).await, Err("flow_not_published"));
        assert_eq!(code(id, VersionChoice::Number(1)).await, Err("version_not_published"));
        assert_eq!(code(id, VersionChoice::Number(2)).await, Err("not_found"));
        assert_eq!(code(id, VersionChoice::DraftElseLatest).await, Ok(1));
        office.publish(Who::Ann, id, CURRENT).await.expect("published");
        assert_eq!(code(id, VersionChoice::Draft).await, Err("no_draft"));
        assert_eq!(code(id, VersionChoice::DraftElseLatest).await, Ok(1));
        assert_eq!(code(FlowId(1), VersionChoice::Latest).await, Err("not_found"));
        office.act(Who::Ann, move |tx, ctx, _| definitions::delete(tx, ctx, id)).await.expect("deleted");
        assert_eq!(code(id, VersionChoice::Latest).await, Err("not_found"));
        assert_eq!(office.get(Who::Owner, id).await.expect_err("deleted").code(), "not_found");
    }
}

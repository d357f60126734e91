//! The audit chain over HTTP: sealed, signed, verified, exported; and every way to tamper with it.

use floe_access::audit::SignedHead;
use floe_access::audit::file::FileCheck;
use floe_model::access::Role;
use floe_model::id::WorkspaceId;
use floe_store::platform::audit::{self, Actor, Entry};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{member, run, tampering, workspace};
use crate::app::TestApp;

/// Entries beside those of setting the server up.
const ENTRIES: usize = 6;

/// Makes entries and seals everything.
async fn fill(app: &TestApp, workspace: WorkspaceId, entries: usize) {
    let platform = app.app.platform.clone();
    let recording = app.app.platform.store.write(move |tx| {
        (0..entries).try_for_each(|number| {
            let entry = Entry {
                id: platform.ids.next(),
                workspace,
                seq: None,
                mode: None,
                product: "flows".to_owned(),
                action: format!("made_thing_{number}"),
                actor: Actor { kind: "system".to_owned(), id: None, name: "Otter".to_owned() },
                target: None,
                run_id: None,
                detail: json!({ "number": number }).to_string(),
                request_id: None,
                ip: None,
                at: platform.clock.now(),
            };
            audit::record(tx, &entry)
        })
    });
    recording.await.expect("recording works");
    app.app.access.seal_audit().await.expect("sealing works");
    let heads = app.app.access.due_heads().await.expect("signing works");
    app.app.access.keep_heads(&heads).await.expect("keeping works");
}

async fn verify(app: &TestApp, session: &str, body: Value) -> Value {
    let answer = app.post("/console/v1/audit/verify").bearer(session).json(&body).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

on_both! {
    async fn acts_are_sealed_listed_and_verified(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let own = workspace(&app, &session).await;
        let unsealed = app.get("/console/v1/audit?limit=1").bearer(&session).send().await;
        assert!(unsealed.json["data"][0]["seq"].is_null());
        // More than one transaction seals.
        fill(&app, own, 1_200).await;

        let page = app.get("/console/v1/audit?action=made_thing_3&total=true").bearer(&session).send().await;
        let entry = &page.json["data"][0];
        assert_eq!(page.json["total"], 1);
        assert_eq!((entry["product"].as_str(), entry["detail"]["number"].as_i64(), entry["actor"]["name"].as_str()), (Some("flows"), Some(3), Some("Otter")));
        let shown = app.get(&format!("/console/v1/audit/{}", entry["id"].as_str().expect("an id"))).bearer(&session).send().await;
        assert_eq!(shown.json, *entry);

        let mut last = i64::MAX;
        let mut path = "/console/v1/audit?limit=200&q=OTTER&sort=-created_at".to_owned();
        let mut count = 0;
        loop {
            let page = app.get(&path).bearer(&session).send().await;
            for entry in page.json["data"].as_array().expect("a list") {
                let seq = entry["seq"].as_i64().expect("a place");
                assert!(seq < last, "newest first, each once");
                (last, count) = (seq, count + 1);
            }
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            path = format!("/console/v1/audit?limit=200&q=OTTER&sort=-created_at&cursor={cursor}");
        }
        assert_eq!(count, 1_200);

        let heads = app.get("/console/v1/audit/heads").bearer(&session).send().await;
        let head = heads.json["data"][0].clone();
        assert_eq!(heads.json["data"].as_array().map(Vec::len), Some(1));
        let verdict = verify(&app, &session, json!({ "head": head })).await;
        assert_eq!((verdict["valid"].as_bool(), verdict["entries"].as_i64(), verdict["first_bad_id"].is_null()), (Some(true), head["seq"].as_i64(), true));
        assert_eq!(verdict["head"]["hash"], head["hash"]);
    }

    async fn tampering_is_named(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        fill(&app, workspace(&app, &session).await, ENTRIES).await;
        let whole = verify(&app, &session, json!({})).await;
        assert!(whole["valid"] == true && whole["entries"] == 8, "{whole}");
        run(&app, "/keep").await;
        for (at, way) in tampering()["tamperings"].as_array().expect("a list").iter().enumerate() {
            let name = way["name"].as_str().expect("a name");
            run(&app, &format!("/tamperings/{at}/statements")).await;
            let verdict = verify(&app, &session, json!({})).await;
            let found = (verdict["valid"].as_bool(), &verdict["first_bad_seq"], verdict["first_bad_id"].is_string());
            assert_eq!(found, (Some(false), &way["place"], way["has_id"] == true), "{name}: {verdict}");
            assert!(verdict["head"].is_null(), "what is broken is not signed");
            run(&app, "/put_back").await;
            assert_eq!(verify(&app, &session, json!({})).await["valid"], true, "{name}: the chain is as it was");
        }
    }

    async fn a_head_from_outside_finds_a_chain_that_was_written_anew(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let own = workspace(&app, &session).await;
        fill(&app, own, ENTRIES).await;
        let outside = verify(&app, &session, json!({})).await["head"].clone();
        run(&app, "/rewriting").await;
        app.app.access.seal_audit().await.expect("sealing works");
        assert_eq!(verify(&app, &session, json!({})).await["valid"], true, "the chain alone does not show it");
        let verdict = verify(&app, &session, json!({ "head": outside })).await;
        assert_eq!((verdict["valid"].as_bool(), verdict["first_bad_seq"].as_i64(), verdict["head"].is_null()), (Some(false), outside["seq"].as_i64(), true));
        assert!(verdict["first_bad_id"].is_string());
    }

    async fn heads_that_are_none_are_refused(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        fill(&app, workspace(&app, &session).await, 1).await;
        let head = verify(&app, &session, json!({})).await["head"].clone();
        for (name, value) in [
            ("seq", json!(-1)),
            ("hash", json!("00")),
            ("signature", json!("AAAA")),
            ("signature", head["public_key"].clone()),
            ("workspace_id", json!("ws_00000000000000000000000001")),
            ("public_key", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
            ("at", json!("yesterday")),
        ] {
            let mut forged = head.clone();
            forged[name] = value;
            let answer = app.post("/console/v1/audit/verify").bearer(&session).json(&json!({ "head": forged })).send().await;
            let answer = answer.is(400, "validation_failed");
            assert_eq!(answer.json["errors"][0]["pointer"], format!("/head/{name}"));
        }
        app.post("/console/v1/audit/verify").bearer(&session).json(&json!({ "haed": 1 })).send().await.is(400, "unknown_field");
        app.post("/console/v1/audit/verify").bearer(&session).json(&json!({ "head": { "more": 1 } })).send().await.is(400, "unknown_field");
        app.get("/console/v1/audit?from=soon").bearer(&session).send().await.is(400, "validation_failed");
        app.get("/console/v1/audit?sort=created_at").bearer(&session).send().await.is(400, "validation_failed");
        app.get("/console/v1/audit/aud_00000000000000000000000001").bearer(&session).send().await.is(404, "not_found");
    }

    async fn an_export_checks_out_elsewhere(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let own = workspace(&app, &session).await;
        fill(&app, own, 700).await;
        let head = verify(&app, &session, json!({})).await["head"].clone();
        let outside = [SignedHead::read(&head).expect("a head")];
        let text = app.get("/console/v1/audit/export").bearer(&session).text().await;
        let mut check = FileCheck::new(&outside);
        for line in text.lines() {
            check.line(line).expect("a good line");
        }
        let report = check.finish().expect("a whole export");
        assert_eq!((Some(report.entries), report.heads_met), (head["seq"].as_i64(), 1));

        // A part: from a later time on.
        app.pass_seconds(3_600);
        let from = app.app.platform.clock.now();
        fill(&app, own, 3).await;
        let path = format!("/console/v1/audit/export?format=jsonl&from={from}");
        let part = app.get(&path).bearer(&session).text().await;
        let mut check = FileCheck::new(&outside);
        for line in part.lines() {
            check.line(line).expect("a good line");
        }
        let report = check.finish().expect("a whole part");
        assert_eq!((report.entries, Some(report.first_seq - 1)), (3, head["seq"].as_i64()));

        let csv = app.get(&format!("/console/v1/audit/export?format=csv&from={from}")).bearer(&session).text().await;
        let kinds: Vec<&str> = csv.lines().filter_map(|line| line.split(',').next()).collect();
        assert_eq!(kinds, ["record", "head", "entry", "entry", "entry", "head"]);
        app.get("/console/v1/audit/export?format=xml").bearer(&session).send().await.is(400, "validation_failed");

        let viewer = member(&app, own, "vi@floe.test", Role::Viewer).await;
        assert_eq!(app.get("/console/v1/audit").bearer(&viewer).send().await.status, 200);
        app.get("/console/v1/audit/export").bearer(&viewer).send().await.is(403, "forbidden");
        app.post("/console/v1/audit/verify").bearer(&viewer).json(&json!({})).send().await.is(403, "forbidden");
    }
}

//! Knowledge bases and their documents, with the work that makes them searchable (console contract, section 5.2).

use std::sync::Arc;

use floe_agents::knowledge::handlers;
use floe_runtime::jobs::JobLoop;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const BASES: &str = "/console/v1/knowledge-bases";
const HANDBOOK: &str = "# Returns\n\nSend it back within thirty days. The parcel needs a label.\n\n## Refunds\n\nWe pay within a week. \
    The fee is kept.\n\n# Shipping\n\nWe ship on weekdays. Orders after noon leave on the next day.";

struct Library {
    app: TestApp,
    session: String,
    _jobs: JobLoop,
}

impl Library {
    async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::with_owner(store).await;
        let jobs = JobLoop::start(Arc::clone(&app.app.platform), handlers(&app.app.agents.knowledge));
        Self { app, session, _jobs: jobs }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path).bearer(&self.session).json(&body).send().await
    }

    async fn get(&self, path: &str) -> Answer {
        self.app.get(path).bearer(&self.session).send().await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.app.delete(path).bearer(&self.session).send().await
    }

    /// A new base; its path.
    async fn base(&self, body: Value) -> String {
        let made = self.post(BASES, body).await;
        assert_eq!(made.status, 201, "{made:?}");
        format!("{BASES}/{}", made.json["id"].as_str().expect("an id"))
    }

    /// A new document from a text, when the work on it has ended.
    async fn text(&self, base: &str, name: &str, content: &str) -> Value {
        let sent = self.post(&format!("{base}/documents"), json!({ "name": name, "content": content })).await;
        assert_eq!((sent.status.as_u16(), &sent.json["status"]), (202, &json!("queued")), "{sent:?}");
        self.ended(&format!("{base}/documents/{}", sent.json["id"].as_str().expect("an id"))).await
    }

    /// A document when the work on it has ended.
    async fn ended(&self, path: &str) -> Value {
        self.until(path, |document| matches!(document["status"].as_str(), Some("ready" | "failed"))).await
    }

    /// What is read there once it is so.
    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut changes = self.app.app.platform.store.watch();
        loop {
            let found = self.get(path).await.json;
            if is_so(&found) {
                return found;
            }
            // Whatever changed: it is read again.
            let _ = changes.recv().await;
        }
    }

    /// Sends a file as a form.
    async fn upload(&self, base: &str, name: &str, file: &[u8], texts: &[(&str, &str)]) -> Answer {
        let mut body = Vec::new();
        for (name, text) in texts {
            let part = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--cut--\r\n");
        let asking = self.app.post(&format!("{base}/documents")).bearer(&self.session);
        asking.header("content-type", "multipart/form-data; boundary=cut").body(body).send().await
    }

    async fn search(&self, base: &str, query: &str) -> Vec<String> {
        let found = self.post(&format!("{base}/search"), json!({ "query": query })).await;
        assert_eq!(found.status, 200, "{found:?}");
        let results = found.json["results"].as_array().expect("results");
        results.iter().map(|one| one["content"].as_str().expect("a text").to_owned()).collect()
    }
}

on_both! {
    async fn a_document_becomes_searchable_and_goes(store: TestStore) {
        let library = Library::new(store).await;
        let base = library.base(json!({ "name": "Handbook", "chunk_size": 100, "chunk_overlap": 0 })).await;
        let made = library.text(&base, "handbook.md", HANDBOOK).await;
        assert_eq!((&made["status"], &made["progress"], &made["error"]), (&json!("ready"), &json!(100), &json!(null)), "{made}");
        assert_eq!((&made["type"], &made["chunks"], &made["bytes"]), (&json!("md"), &json!(3), &json!(HANDBOOK.len())));
        let path = format!("{base}/documents/{}", made["id"].as_str().expect("an id"));

        let chunks = library.get(&format!("{path}/chunks?limit=2&total=true")).await;
        let rows = chunks.json["data"].as_array().expect("a list");
        assert_eq!(rows[0]["content"], "Returns\n\nSend it back within thirty days. The parcel needs a label.");
        assert_eq!(rows[1]["metadata"], json!({ "section": "Returns > Refunds" }));
        assert_eq!((&rows[1]["chunk_index"], &chunks.json["total"]), (&json!(1), &json!(3)));
        let cursor = chunks.json["next_cursor"].as_str().expect("a cursor");
        let rest = library.get(&format!("{path}/chunks?limit=2&cursor={cursor}")).await;
        assert_eq!((rest.json["data"].as_array().map(Vec::len), &rest.json["data"][0]["chunk_index"]), (Some(1), &json!(2)));

        assert!(library.search(&base, "when do you pay refunds").await[0].starts_with("Refunds"));
        let shown = library.get(&base).await.json;
        assert_eq!((&shown["document_count"], &shown["chunk_count"], &shown["needs_reindex"]), (&json!(1), &json!(3), &json!(false)));

        assert_eq!(library.delete(&path).await.status, 204);
        assert_eq!(library.search(&base, "refunds").await, Vec::<String>::new());
        library.get(&path).await.is(404, "not_found");
        library.get(&format!("{path}/chunks")).await.is(404, "not_found");
        let again = library.text(&base, "handbook.md", HANDBOOK).await;
        assert_eq!(again["chunks"], 3);
        assert_eq!(library.delete(&base).await.status, 204);
        library.get(&base).await.is(404, "not_found");
        let trail = crate::audit::entries(&library.app, &library.session).await;
        let acts: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
        for act in ["created_knowledge_base", "added_document", "deleted_document", "deleted_knowledge_base"] {
            assert!(acts.contains(&act), "{act}: {acts:?}");
        }
    }

    async fn a_file_is_sent_in_every_form_and_kept_once(store: TestStore) {
        let library = Library::new(store).await;
        let base = library.base(json!({ "name": "Handbook" })).await;
        let texts = [("metadata", r#"{"team":"shop","year":2025}"#)];
        let sent = library.upload(&base, "returns.md", b"# Returns\n\nSend it back.", &texts).await;
        assert_eq!((sent.status.as_u16(), &sent.json["name"]), (202, &json!("returns.md")), "{sent:?}");
        assert_eq!(sent.json["metadata"], json!({ "team": "shop", "year": 2025 }));
        let path = format!("{base}/documents/{}", sent.json["id"].as_str().expect("an id"));
        assert_eq!(library.ended(&path).await["status"], "ready");

        let again = library.upload(&base, "other.md", b"# Returns\n\nSend it back.", &[("name", "Other")]).await;
        assert_eq!((again.status.as_u16(), &again.json["id"], &again.json["status"]), (200, &sent.json["id"], &json!("ready")));
        let elsewhere = library.base(json!({ "name": "Elsewhere" })).await;
        assert_eq!(library.upload(&elsewhere, "returns.md", b"# Returns\n\nSend it back.", &[]).await.status, 202);
        let raw = library.app.post(&format!("{base}/documents")).bearer(&library.session);
        let raw = raw.header("content-type", "text/plain").header("x-file-name", "a%20note.txt").body(b"A note.".to_vec()).send().await;
        assert_eq!((raw.status.as_u16(), &raw.json["name"]), (202, &json!("a note.txt")), "{raw:?}");
        library.ended(&format!("{base}/documents/{}", raw.json["id"].as_str().expect("an id"))).await;

        let list = library.get(&format!("{base}/documents?status=ready&total=true&sort=created_at")).await;
        let names: Vec<&Value> = list.json["data"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
        assert_eq!((names, &list.json["total"]), (vec![&json!("returns.md"), &json!("a note.txt")], &json!(2)));
        let found = library.get(&format!("{base}/documents?q=NOTE")).await;
        assert_eq!(found.json["data"].as_array().map(Vec::len), Some(1));
    }

    async fn a_reindex_leaves_no_gap(store: TestStore) {
        let library = Library::new(store).await;
        let base = library.base(json!({ "name": "Handbook", "chunk_size": 100, "chunk_overlap": 0 })).await;
        let made = library.text(&base, "handbook.md", HANDBOOK).await;
        library.text(&base, "more.txt", "Gift cards never expire.").await;
        let patch = library.app.patch(&base).bearer(&library.session).json(&json!({ "chunk_size": 1_000 })).send().await;
        assert_eq!((patch.status.as_u16(), &patch.json["chunk_count"]), (200, &json!(4)), "{patch:?}");
        let started = library.post(&format!("{base}/reindex"), json!({})).await;
        assert_eq!(started.status, 202, "{started:?}");
        let job = format!("/console/v1/jobs/{}", started.json["job_id"].as_str().expect("a job"));
        let path = format!("{base}/documents/{}", made["id"].as_str().expect("an id"));
        // Whatever the moment, a search sees either the old chunks or the new ones.
        loop {
            let found = library.search(&base, "refunds").await;
            assert!(!found.is_empty(), "a gap");
            if library.get(&base).await.json["reindex_job_id"].is_null() {
                break;
            }
        }
        let ended = library.get(&job).await.json;
        assert_eq!((&ended["kind"], &ended["status"]), (&json!("knowledge.reindex"), &json!("done")), "{ended}");
        assert_eq!((&ended["done"], &ended["total"], &ended["failed"]), (&json!(2), &json!(2), &json!(0)), "{ended}");
        assert_eq!(library.get(&path).await.json["chunks"], 1);
        assert_eq!(library.get(&base).await.json["chunk_count"], 2);

        let one = library.post(&format!("{path}/reindex"), json!({})).await;
        let job = format!("/console/v1/jobs/{}", one.json["job_id"].as_str().expect("a job"));
        let ended = library.until(&job, |job| job["status"] != "running").await;
        assert_eq!((&ended["status"], &ended["done"]), (&json!("done"), &json!(1)), "{ended}");
        assert_eq!(library.ended(&path).await["chunks"], 1);
    }

    async fn a_base_with_an_id_from_elsewhere_is_found_by_it(store: TestStore) {
        let library = Library::new(store).await;
        let base = library.base(json!({ "name": "Handbook", "id": "kb-from.elsewhere:1" })).await;
        assert!(base.ends_with("/kb-from.elsewhere:1"), "{base}");
        let path = format!("{BASES}/kb-from.elsewhere:1");
        assert_eq!(library.get(&path).await.json["id"], "kb-from.elsewhere:1");
        let document = library.text(&path, "a.txt", "Words.").await;
        assert_eq!((&document["status"], &document["knowledge_base_id"]), (&json!("ready"), &json!("kb-from.elsewhere:1")));
        library.post(BASES, json!({ "name": "Again", "id": "kb-from.elsewhere:1" })).await.is(409, "conflict");
        let own = "kb_00000000000000000000000007";
        let made = library.post(BASES, json!({ "name": "Own", "id": "00000000-0000-0000-0000-000000000007" })).await;
        assert_eq!(made.json["id"], own, "{made:?}");
    }

    async fn a_base_that_is_used_stays(store: TestStore) {
        let library = Library::new(store).await;
        let base = library.base(json!({ "name": "Handbook" })).await;
        let id = base.rsplit('/').next().expect("an id").to_owned();
        let tools = json!([{ "type": "knowledge", "knowledge_base_ids": [id] }]);
        let agent = library.post("/console/v1/agents", json!({ "name": "Helper", "instructions": "Help.", "tools": tools })).await;
        assert_eq!(agent.status, 201, "{agent:?}");
        let used_by = library.get(&base).await.json["used_by"].take();
        assert_eq!((&used_by[0]["type"], &used_by[0]["name"]), (&json!("agent"), &json!("Helper")), "{used_by}");
        let refused = library.delete(&base).await.is(409, "in_use");
        assert_eq!(refused.json["used_by"], used_by);
        let path = format!("/console/v1/agents/{}", agent.json["id"].as_str().expect("an id"));
        assert!(library.delete(&path).await.status.is_success());
        assert_eq!(library.delete(&base).await.status, 204);
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused_by_name() {
    let library = Library::new(TestStore::quick().await).await;
    let base = library.base(json!({ "name": "Handbook" })).await;
    let path = format!("{base}/documents");
    for (body, status, code) in [
        (json!({}), 400, "validation_failed"),
        (json!({ "name": "a.txt" }), 400, "validation_failed"),
        (json!({ "content": "Words." }), 400, "validation_failed"),
        (json!({ "name": "a.txt", "content": "" }), 400, "validation_failed"),
        (json!({ "name": "a.txt", "content": "Words.", "url": "https://floe.test/" }), 400, "validation_failed"),
        (json!({ "name": "a.txt", "content": "Words.", "metadata": { "a": [] } }), 400, "validation_failed"),
        (
            json!({ "name": "a.txt", "content": "Words.", "metadata": { "a": "x".repeat(9_000) } }),
            400,
            "validation_failed",
        ),
        (json!({ "name": "a.txt", "content": "Words.", "colour": 1 }), 400, "unknown_field"),
        (json!({ "name": "a.exe", "content": "MZ" }), 415, "unsupported_media_type"),
        (json!({ "name": "a.pdf", "content": "Words." }), 415, "unsupported_media_type"),
        (json!({ "url": "ftp://floe.test/a.txt" }), 400, "validation_failed"),
        (json!({ "url": "not an address" }), 400, "validation_failed"),
        (json!({ "url": "http://169.254.169.254/latest/meta-data/" }), 422, "outbound_blocked"),
        (json!({ "url": "http://127.0.0.1:1/a.txt" }), 422, "outbound_blocked"),
        (json!({ "url": "http://[::1]/a.txt" }), 422, "outbound_blocked"),
    ] {
        let refused = library.post(&path, body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json["code"].as_str()),
            (status, Some(code)),
            "{body}: {refused:?}"
        );
    }
    library.upload(&base, "a.txt", b"", &[]).await.is(400, "validation_failed");
    library.upload(&base, "a.png", b"\x89PNG\r\n", &[]).await.is(415, "unsupported_media_type");
    library.upload(&base, "a.txt", b"Words.", &[("metadata", "{")]).await.is(400, "validation_failed");
    library.upload(&base, "a.txt", b"Words.", &[("file", "twice")]).await.is(400, "validation_failed");
    library.upload(&base, "a.txt", b"Words.", &[("colour", "red")]).await.is(400, "unknown_field");
    assert_eq!(library.get(&path).await.json["data"], json!([]));
    let blank = library.text(&base, "blank.txt", " \n ").await;
    assert_eq!((&blank["status"], &blank["error"]["code"]), (&json!("failed"), &json!("no_text")), "{blank}");
}

#[tokio::test]
async fn fields_of_a_base_are_checked() {
    let library = Library::new(TestStore::quick().await).await;
    for (body, code) in [
        (json!({}), "validation_failed"),
        (json!({ "name": "" }), "validation_failed"),
        (json!({ "name": "A", "chunk_size": 99 }), "validation_failed"),
        (json!({ "name": "A", "chunk_size": 8_001 }), "validation_failed"),
        (json!({ "name": "A", "chunk_size": 200, "chunk_overlap": 101 }), "validation_failed"),
        (json!({ "name": "A", "embedding_model": "no such model" }), "validation_failed"),
        (json!({ "name": "A", "id": "with a blank" }), "validation_failed"),
        (json!({ "name": "A", "colour": 1 }), "unknown_field"),
    ] {
        library.post(BASES, body).await.is(400, code);
    }
    let made = library.post(BASES, json!({ "name": "A", "chunk_size": 200 })).await;
    assert_eq!(
        (&made.json["chunk_overlap"], &made.json["embedding_model"]),
        (&json!(40), &json!("hash-256")),
        "{made:?}"
    );
    let path = format!("{BASES}/{}", made.json["id"].as_str().expect("an id"));
    let patch = |body: Value, etag: &str| {
        library.app.patch(&path).bearer(&library.session).header("if-match", etag).json(&body).send()
    };
    patch(json!({ "chunk_overlap": 150 }), "\"1\"").await.is(400, "validation_failed");
    let changed = patch(json!({ "name": "B", "description": "What is in it" }), "\"1\"").await;
    assert_eq!((&changed.json["name"], changed.header("etag")), (&json!("B"), "\"2\""));
    patch(json!({ "name": "C" }), "\"1\"").await.is(412, "stale_revision");
    let cleared = patch(json!({ "description": null }), "*").await;
    assert_eq!(cleared.json["description"], Value::Null);
}

//! Searches over HTTP: the answer of section 8.6 of the Workflows contract, what is refused, and that chunks of others are not found.

use floe_model::Timestamp;
use floe_model::agents::{embedding, words};
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId, WorkspaceId};
use floe_store::agents::knowledge_bases;
use floe_store::agents::knowledge_chunks::{self, Chunk, NewChunk};
use floe_store::agents::knowledge_documents::{self, Document, Place};
use floe_testkit::on_both;
use serde_json::{Value, json};

use crate::app::TestApp;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const BASES: &str = "/console/v1/knowledge-bases";

/// Makes a base; answers its id as the API tells it.
pub async fn base(app: &TestApp, session: &str, name: &str) -> String {
    let made = app.post(BASES).bearer(session).json(&json!({ "name": name })).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().expect("an id").to_owned()
}

/// A document whose chunks are searchable, past the reading of files.
pub async fn document(app: &TestApp, session: &str, base: &str, number: u128, texts: &[&str]) {
    let me = app.get("/console/v1/session").bearer(session).send().await;
    let workspace = WorkspaceId::parse(me.json["workspace"]["id"].as_str().expect("a workspace")).expect("its id");
    let at = Place { workspace, base: KnowledgeBaseId::parse(base).expect("an id"), document: DocumentId(number) };
    let mut sha256 = [0; 32];
    sha256[..16].copy_from_slice(&number.to_be_bytes());
    let document = Document {
        workspace,
        base: at.base,
        id: at.document,
        name: "handbook.md".to_owned(),
        kind: "md".to_owned(),
        url: None,
        bytes: 1,
        sha256,
        metadata: json!({ "team": "shop" }).to_string(),
        status: "ready".to_owned(),
        progress: 100,
        error: None,
        waiting_since: None,
        is_working: false,
        generation: 0,
        building: 1,
        staged: 0,
        chunks: 0,
        staged_chunks: 0,
        index_revision: 0,
        reindex_job: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let chunks: Vec<NewChunk> = (0_i64..)
        .zip(texts)
        .map(|(position, text)| NewChunk {
            chunk: Chunk {
                id: ChunkId(number * 1_000 + position as u128),
                position,
                text: (*text).to_owned(),
                metadata: json!({ "page": position + 1 }).to_string(),
            },
            words: words::searchable(text),
            embedding: embedding::to_bytes(&embedding::hash_256(text)),
        })
        .collect();
    let writing = app.store.write(move |tx| {
        knowledge_documents::insert(tx, &document)?;
        knowledge_documents::begin(tx, at, NOW)?;
        knowledge_chunks::add(tx, at, 1, &chunks)?;
        let revision = knowledge_bases::touch(tx, workspace, at.base)?.expect("a base");
        knowledge_documents::publish(tx, at, chunks.len() as i64, revision, NOW)
    });
    writing.await.expect("chunks");
}

async fn search(app: &TestApp, session: &str, base: &str, body: &Value) -> Value {
    let answer = app.post(&format!("{BASES}/{base}/search")).bearer(session).json(body).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

on_both! {
    async fn results_are_those_of_the_contract(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let id = base(&app, &session, "Handbook").await;
        let texts = ["Opening hours: Monday to Friday from 9 to 18", "Returns are free within 30 days", "Opening a parcel: keep the box for returns"];
        document(&app, &session, &id, 5, &texts).await;

        let found = search(&app, &session, &id, &json!({ "query": "opening hours" })).await;
        let first = &found["results"][0];
        assert_eq!(first["content"], texts[0], "{found}");
        assert_eq!(first["id"], first["chunk_id"]);
        assert_eq!(first["chunk_id"], ChunkId(5_000).prefixed());
        assert_eq!((&first["document_id"], &first["document_name"]), (&json!(DocumentId(5).prefixed()), &json!("handbook.md")));
        assert_eq!((&first["chunk_index"], &first["metadata"]), (&json!(0), &json!({ "team": "shop", "page": 1 })));
        assert_eq!((&first["score"], &first["matched"]), (&first["similarity"], &json!({ "vector": true, "text": true })));
        assert_eq!((&first["source"], &first["rank"]), (&json!("handbook.md, page 1"), &json!(1)));
        assert_eq!((&found["query"], &found["top_k"], &found["knowledge_base_id"]), (&json!("opening hours"), &json!(5), &json!(id)));
        let results = found["results"].as_array().expect("results");
        let scores: Vec<f64> = results.iter().map(|one| one["score"].as_f64().expect("a score")).collect();
        assert!(results.len() == 3 && scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");

        for (more, expected) in [
            (json!({ "top_k": 1 }), 1),
            (json!({ "top_k": 500 }), 3),
            (json!({ "threshold": 0.5 }), 1),
            (json!({ "similarity_threshold": 1 }), 0),
            (json!({ "filter": { "page": 2 } }), 1),
            (json!({ "filter": { "page": 2, "team": "other" } }), 0),
        ] {
            let mut body = more.clone();
            body["query"] = json!("opening hours");
            let found = search(&app, &session, &id, &body).await;
            assert_eq!(found["results"].as_array().map(Vec::len), Some(expected), "{more}: {found}");
            assert!(found["top_k"].as_u64().is_some_and(|effective| effective <= 20), "{found}");
        }
    }

    async fn bad_questions_are_refused_by_name(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let id = base(&app, &session, "Empty").await;
        assert_eq!(search(&app, &session, &id, &json!({ "query": "x" })).await["results"], json!([]));
        for (body, field) in [
            (json!({}), "query"),
            (json!({ "query": "" }), "query"),
            (json!({ "query": 5 }), "query"),
            (json!({ "query": "x".repeat(8_001) }), "query"),
            (json!({ "query": "a\u{0}b" }), "query"),
            (json!({ "query": "x", "top_k": 0 }), "top_k"),
            (json!({ "query": "x", "top_k": 2.5 }), "top_k"),
            (json!({ "query": "x", "top_k": "5" }), "top_k"),
            (json!({ "query": "x", "threshold": 1.1 }), "threshold"),
            (json!({ "query": "x", "similarity_threshold": "0" }), "similarity_threshold"),
            (json!({ "query": "x", "filter": [] }), "filter"),
            (json!({ "query": "x", "limit": 5 }), "limit"),
        ] {
            let answer = app.post(&format!("{BASES}/{id}/search")).bearer(&session).json(&body).send().await;
            assert_eq!(answer.status, 400, "{answer:?}");
            assert!(answer.json["errors"].to_string().contains(field) || answer.json["detail"].to_string().contains(field), "{field}: {answer:?}");
        }
        for unknown in [KnowledgeBaseId(1).prefixed(), "nothing".to_owned()] {
            let answer = app.post(&format!("{BASES}/{unknown}/search")).bearer(&session).json(&json!({ "query": "x" })).send().await;
            assert_eq!(answer.status, 404, "{answer:?}");
        }
    }
}

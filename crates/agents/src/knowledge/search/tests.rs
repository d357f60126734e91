//! Searches on both databases, with vectors that are known beforehand.

mod known_items;

use std::sync::atomic::{AtomicI64, Ordering};

use floe_model::agents::{embedding, words};
use floe_model::id::WorkspaceId;
use floe_model::{Mode, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::models::{
    Embedded, ModelCall, ModelFault, ModelFuture, ModelInfo, ModelKind, ModelReply, Price, Usage,
};
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ids, Seal};
use floe_store::agents::knowledge_bases::{self, Base};
use floe_store::agents::knowledge_chunks::{self, Chunk, NewChunk};
use floe_store::agents::knowledge_documents::{self, Document, Place as DocumentPlace};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::json;

use super::*;

const SCOPE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Test };
const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
/// The base of most tests.
const BASE: KnowledgeBaseId = KnowledgeBaseId(7);

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Embeds by words, and by `axes`: a vector for each of the words `x`, `y` and `z`.
struct Built;

impl Models for Built {
    fn call<'a>(
        &'a self,
        _: Scope,
        _: &'a ModelCall,
        _: Option<&'a dyn floe_runtime::models::Deltas>,
    ) -> ModelFuture<'a, Result<ModelReply, ModelFailure>> {
        Box::pin(async { Err(ModelFault::NotConfigured.into()) })
    }

    fn embed<'a>(&'a self, _: Scope, call: &'a EmbedCall) -> ModelFuture<'a, Result<Embedded, ModelFailure>> {
        Box::pin(async move {
            let model = call.model.clone().unwrap_or_default();
            let vectors = match model.as_str() {
                "hash-256" => call.texts.iter().map(|text| embedding::hash_256(text)).collect(),
                "axes" => call.texts.iter().map(|text| axes(text)).collect(),
                _ => return Err(ModelFault::TimedOut.into()),
            };
            Ok(Embedded { vectors, model, usage: Usage::default(), price: Price::default() })
        })
    }

    fn list<'a>(&'a self, _: Scope, _: ModelKind) -> ModelFuture<'a, Result<Vec<ModelInfo>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn find<'a>(&'a self, _: Scope, _: Option<&'a str>) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn find_embedding<'a>(&'a self, _: Scope, _: Option<&'a str>) -> ModelFuture<'a, Result<Option<ModelInfo>, Fault>> {
        Box::pin(async { Ok(None) })
    }
}

fn axes(text: &str) -> Vec<f32> {
    let mut vector: Vec<f32> = ["x", "y", "z"].iter().map(|axis| text.matches(axis).count() as f32).collect();
    embedding::normalise(&mut vector);
    vector
}

struct World {
    search: Arc<Search>,
    store: TestStore,
}

impl World {
    fn new(store: TestStore) -> Self {
        let search = Self::node(&store);
        Self { search, store }
    }

    /// Another process on the same database.
    fn node(store: &TestStore) -> Arc<Search> {
        let clock = Arc::new(SetClock(AtomicI64::new(NOW.0)));
        let platform = Platform {
            store: (**store).clone(),
            clock: Arc::<SetClock>::clone(&clock),
            ids: Ids::new(clock, Arc::new(SystemRandom)),
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        };
        Search::new(Arc::new(platform), Arc::new(Built))
    }

    async fn base(&self, workspace: WorkspaceId, id: KnowledgeBaseId, model: &str) {
        let base = Base {
            workspace,
            id,
            external_id: None,
            name: format!("Base {}", id.0),
            description: None,
            embedding_model: model.to_owned(),
            index_model: model.to_owned(),
            dimensions: None,
            chunk_size: 1_000,
            chunk_overlap: 200,
            index_revision: 0,
            reindex_job: None,
            revision: 1,
            created_at: NOW,
            updated_at: NOW,
            documents: 0,
            chunks: 0,
        };
        self.store.write(move |tx| knowledge_bases::insert(tx, &base)).await.expect("a base");
    }

    /// A document with visible chunks: text and metadata of each. Embedded as the base says.
    async fn document(&self, at: DocumentPlace, model: &str, metadata: Value, chunks: &[(&str, Value)]) {
        let mut sha256 = [0; 32];
        sha256[..16].copy_from_slice(&at.document.0.to_be_bytes());
        let document = Document {
            workspace: at.workspace,
            base: at.base,
            id: at.document,
            name: format!("document-{}.md", at.document.0),
            kind: "md".to_owned(),
            url: None,
            bytes: 1,
            sha256,
            metadata: metadata.to_string(),
            status: "ready".to_owned(),
            progress: 100,
            error: None,
            waiting_since: None,
            is_working: false,
            reindex_job: None,
            generation: 0,
            building: 1,
            staged: 0,
            chunks: 0,
            staged_chunks: 0,
            index_revision: 0,
            created_at: NOW,
            updated_at: NOW,
        };
        self.store.write(move |tx| knowledge_documents::insert(tx, &document)).await.expect("a document");
        self.generation(at, 1, model, chunks).await;
    }

    /// Makes another generation of a document's chunks the visible one.
    async fn generation(&self, at: DocumentPlace, generation: i64, model: &str, chunks: &[(&str, Value)]) {
        let new: Vec<NewChunk> = (0_i64..)
            .zip(chunks)
            .map(|(position, (text, metadata))| {
                let vector = if model == "axes" { axes(text) } else { embedding::hash_256(text) };
                let id = ChunkId(at.document.0 * 1_000 + generation as u128 * 100 + position as u128);
                let chunk = Chunk { id, position, text: (*text).to_owned(), metadata: metadata.to_string() };
                NewChunk { chunk, words: words::searchable(text), embedding: embedding::to_bytes(&vector) }
            })
            .collect();
        let making = self.store.write(move |tx| {
            assert_eq!(knowledge_documents::begin(tx, at, NOW)?, Some(generation));
            knowledge_chunks::add(tx, at, generation, &new)?;
            let revision = knowledge_bases::touch(tx, at.workspace, at.base)?.expect("a base");
            knowledge_documents::publish(tx, at, new.len() as i64, revision, NOW)
        });
        making.await.expect("chunks");
    }

    async fn delete(&self, at: DocumentPlace) {
        let deleting = self.store.write(move |tx| {
            knowledge_documents::delete(tx, at)?;
            knowledge_bases::touch(tx, at.workspace, at.base)
        });
        deleting.await.expect("no document");
    }

    async fn find(&self, way: Way, asked: &Asked) -> Vec<String> {
        let hits = self.search.run_by(way, SCOPE, &[BASE], asked).await.expect("an answer");
        hits.into_iter().map(|hit| hit.text).collect()
    }
}

fn place(document: u128) -> DocumentPlace {
    DocumentPlace { workspace: SCOPE.workspace, base: BASE, document: DocumentId(document) }
}

fn asked(query: &str) -> Asked {
    Asked { query: query.to_owned(), top_k: 5, ..Asked::default() }
}

fn plain<const N: usize>(texts: [&'static str; N]) -> Vec<(&'static str, Value)> {
    texts.into_iter().map(|text| (text, json!({}))).collect()
}

on_both! {
    async fn vectors_words_and_both_give_their_orders(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "axes").await;
        world.document(place(1), "axes", json!({}), &plain(["x x x y alpha", "x y y beta", "z gamma alpha alpha", "delta"])).await;

        assert_eq!(world.find(Way::Vectors, &asked("x")).await, ["x x x y alpha", "x y y beta", "z gamma alpha alpha", "delta"]);
        assert_eq!(world.find(Way::Text, &asked("alpha gamma")).await, ["z gamma alpha alpha", "x x x y alpha"]);
        let hits = world.search.run(SCOPE, &[BASE], &asked("x gamma")).await.expect("hits");
        let told: Vec<(&str, bool, bool)> =
            hits.iter().map(|hit| (hit.text.as_str(), hit.matched.vector, hit.matched.text)).collect();
        assert_eq!(told[0], ("x x x y alpha", true, true), "first of the vectors, second of the words");
        assert!(told.contains(&("z gamma alpha alpha", false, true)), "{told:?}");
        assert!(told.contains(&("delta", false, false)), "{told:?}");
        let cosine = 3.0 / 10.0_f64.sqrt();
        assert!((hits[0].score - cosine).abs() < 1e-6, "{}", hits[0].score);
        assert!(hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
    }

    async fn limits_threshold_and_filter_hold_for_every_way(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "axes").await;
        let chunks = [("x one", json!({ "page": 1 })), ("x two", json!({ "page": 2, "team": "own" })), ("y x", json!({}))];
        world.document(place(1), "axes", json!({ "team": "shop", "level": 3 }), &chunks).await;
        for way in [Way::Vectors, Way::Text, Way::Hybrid] {
            let some = Asked { top_k: 1, ..asked("x") };
            assert_eq!(world.find(way, &some).await, ["x one"], "{way:?}: equal ones go by their id");
            let near = Asked { threshold: 0.9, ..asked("x") };
            assert_eq!(world.find(way, &near).await.len(), 2, "{way:?}");
            for (filter, expected) in [
                (json!({ "page": 2 }), vec!["x two"]),
                (json!({ "page": 2.0 }), vec!["x two"]),
                (json!({ "team": "shop", "level": 3 }), vec!["x one", "y x"]),
                (json!({ "team": "own" }), vec!["x two"]),
                (json!({ "page": "2" }), vec![]),
                (json!({ "unknown": null }), vec![]),
            ] {
                let filter = filter.as_object().cloned().unwrap_or_default();
                let mut found = world.find(way, &Asked { filter: filter.clone(), ..asked("x") }).await;
                found.sort_unstable();
                assert_eq!(found, expected, "{way:?} {filter:?}");
            }
        }
        let hit = world.search.run(SCOPE, &[BASE], &asked("two")).await.expect("hits").remove(0);
        assert_eq!(Value::Object(hit.metadata), json!({ "team": "own", "level": 3, "page": 2 }));
        assert_eq!((hit.source.as_str(), hit.document_name.as_str()), ("document-1.md, page 2", "document-1.md"));
    }

    async fn every_node_sees_a_change_at_once(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "hash-256").await;
        let other = World::node(&world.store);
        let texts = async |search: &Search| -> Vec<String> {
            let hits = search.run(SCOPE, &[BASE], &asked("opening hours")).await.expect("an answer");
            hits.into_iter().filter(Hit::is_relevant).map(|hit| hit.text).collect()
        };
        assert!(texts(&world.search).await.is_empty());
        assert!(texts(&other).await.is_empty());

        world.document(place(1), "hash-256", json!({}), &plain(["Opening hours: 9 to 18"])).await;
        world.document(place(2), "hash-256", json!({}), &plain(["Returns take a week"])).await;
        for search in [&world.search, &other] {
            assert_eq!(texts(search).await, ["Opening hours: 9 to 18"]);
        }
        world.generation(place(1), 2, "hash-256", &plain(["Opening hours: 10 to 17", "Closed on Sunday"])).await;
        for search in [&other, &world.search] {
            assert_eq!(texts(search).await, ["Opening hours: 10 to 17"], "the new generation, and nothing of the old one");
        }
        world.delete(place(1)).await;
        for search in [&world.search, &other] {
            assert!(texts(search).await.is_empty(), "deleted");
        }
    }

    async fn nothing_of_another_workspace_or_base_is_found(store: TestStore) {
        let world = World::new(store);
        let foreign = WorkspaceId(2);
        world.base(SCOPE.workspace, BASE, "hash-256").await;
        world.base(SCOPE.workspace, KnowledgeBaseId(8), "hash-256").await;
        world.base(foreign, KnowledgeBaseId(9), "hash-256").await;
        for (workspace, base, document) in [(SCOPE.workspace, 7, 1), (SCOPE.workspace, 8, 2), (foreign, 9, 3)] {
            let at = DocumentPlace { workspace, base: KnowledgeBaseId(base), document: DocumentId(document) };
            world.document(at, "hash-256", json!({}), &[(&format!("secret of {base}"), json!({}))]).await;
        }
        assert_eq!(world.find(Way::Hybrid, &asked("secret")).await, ["secret of 7"]);
        let both = [KnowledgeBaseId(8), BASE, BASE];
        let hits = world.search.run(SCOPE, &both, &asked("secret of 8")).await.expect("hits");
        assert_eq!(hits.iter().map(|hit| hit.base.0).collect::<Vec<_>>(), [8, 7], "each once");
        let refused = world.search.run(SCOPE, &[KnowledgeBaseId(9)], &asked("secret")).await.expect_err("it is foreign");
        assert_eq!(refused.kind(), FaultKind::NotFound);
        let known = world.search.run(SCOPE, &[KnowledgeBaseId(9), BASE], &asked("secret")).await.expect("the known one");
        assert_eq!(known.len(), 1);
    }

    async fn questions_are_data(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "hash-256").await;
        world.document(place(1), "hash-256", json!({}), &plain(["Plain text", "Crème brûlée of the shop", "営業時間は九時から"])).await;
        for query in ["\" OR words : *", "base : 7 AND (", "' || 1; --", "NOT", "\u{1f600}", "\\", "%_", "a:b*"] {
            assert_eq!(world.find(Way::Text, &asked(query)).await, Vec::<String>::new(), "{query}");
            world.find(Way::Hybrid, &asked(query)).await;
        }
        assert_eq!(world.find(Way::Text, &asked("creme brulees")).await, ["Crème brûlée of the shop"]);
        assert_eq!(world.find(Way::Text, &asked("時間")).await, ["営業時間は九時から"]);
        let long = "shop ".repeat(1_600);
        assert_eq!(world.find(Way::Text, &asked(&long)).await.len(), 1);
    }

    async fn a_question_that_cannot_be_embedded_says_so(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "gone").await;
        assert!(world.find(Way::Hybrid, &asked("x")).await.is_empty(), "an empty base asks no model");
        world.document(place(1), "axes", json!({}), &plain(["x"])).await;
        let fault = world.search.run(SCOPE, &[BASE], &asked("x")).await.expect_err("no vector");
        assert_eq!((fault.kind(), fault.code()), (FaultKind::Overloaded, "embedding_unavailable"));
    }

    async fn of_many_with_the_same_words_the_one_that_says_them_most_comes_first(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "axes").await;
        world.base(SCOPE.workspace, KnowledgeBaseId(8), "axes").await;
        // More than are read for one question, and the best of them was entered last; those of another base lie between.
        let texts: Vec<String> = (0..300).map(|number| format!("a lamp of the shop, number{number}")).collect();
        let some: Vec<(&str, Value)> = texts.iter().map(|text| (text.as_str(), json!({}))).collect();
        world.document(place(1), "axes", json!({}), &some).await;
        let foreign = DocumentPlace { base: KnowledgeBaseId(8), ..place(2) };
        world.document(foreign, "axes", json!({}), &plain(["lamp lamp lamp lamp"])).await;
        world.document(place(3), "axes", json!({}), &plain(["lamp lamp lamp", "a shop"])).await;
        let found = world.find(Way::Text, &asked("lamp")).await;
        assert_eq!((found.len(), found[0].as_str()), (5, "lamp lamp lamp"));
        assert!(found.iter().all(|text| text != "lamp lamp lamp lamp"), "{found:?}");
        assert_eq!(world.find(Way::Text, &asked("lamp number299")).await[0], "a lamp of the shop, number299");
    }

    async fn a_large_base_is_read_whole(store: TestStore) {
        let world = World::new(store);
        world.base(SCOPE.workspace, BASE, "axes").await;
        // More chunks than a page has in one document, and more documents than are read one by one.
        let texts: Vec<String> = (0..1_100).map(|number| format!("x number{number}")).collect();
        let many: Vec<(&str, Value)> = texts.iter().map(|text| (text.as_str(), json!({}))).collect();
        world.document(place(1_000), "axes", json!({}), &many).await;
        for document in 0..70 {
            world.document(place(2_000 + document), "axes", json!({}), &[(&format!("y paper{document}"), json!({}))]).await;
        }
        let fresh = World::node(&world.store);
        for (query, expected) in [("number1099", "x number1099"), ("paper69", "y paper69"), ("number0", "x number0")] {
            for search in [&world.search, &fresh] {
                let hits = search.run_by(Way::Text, SCOPE, &[BASE], &asked(query)).await.expect("hits");
                assert_eq!(hits.iter().map(|hit| hit.text.as_str()).collect::<Vec<_>>(), [expected]);
            }
        }
        let hits = fresh.run_by(Way::Vectors, SCOPE, &[BASE], &Asked { top_k: 100, ..asked("y") }).await.expect("hits");
        assert_eq!(hits.iter().filter(|hit| hit.score > 0.99).count(), 70);
    }
}

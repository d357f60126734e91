//! Documents made searchable: hostile files in real child processes, models that fail, and processes that end in the middle.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use floe_agents::knowledge::bases::{self, BasePatch, NewBase};
use floe_agents::knowledge::documents::{self, About, NewDocument};
use floe_agents::knowledge::extract::Unreadable;
use floe_agents::knowledge::extract::child::{ReadFailure, Readers};
use floe_agents::knowledge::{Base, Document, Knowledge, handlers, reindex};
use floe_model::agents::document_kind::DocumentKind;
use floe_model::id::KnowledgeBaseId;
use floe_model::{Fault, Mode, Scope};
use floe_runtime::jobs::JobHandler;
use floe_runtime::models::{
    Deltas, EmbedCall, Embedded, ModelCall, ModelFailure, ModelFault, ModelFuture, ModelInfo, ModelKind, ModelReply,
    Models,
};
use floe_runtime::sandbox::OnceConfig;
use floe_store::Tx;
use floe_store::agents::knowledge_chunks;
use floe_store::platform::jobs::{self, Job};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;

use crate::world::{WORKSPACE, World};

/// The example that holds the child; cargo builds it with the tests, next to their folder.
fn child(args: &[&str]) -> OnceConfig {
    let mut folder = std::env::current_exe().expect("tests have a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program: PathBuf = folder.join("examples").join("reader_child");
    assert!(program.exists(), "{} is missing: cargo build -p floe-agents --examples", program.display());
    OnceConfig { program, args: args.iter().map(ToString::to_string).collect(), children_max: 2, queue_wait_ms: 15_000 }
}

/// Gives vectors by a script: what to say to each call, the usual answer when the script is over.
#[derive(Default)]
struct Scripted {
    script: Mutex<Vec<Option<ModelFault>>>,
    /// Texts of each call that was answered.
    answered: Mutex<Vec<usize>>,
}

impl Scripted {
    fn of(script: Vec<Option<ModelFault>>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script), answered: Mutex::default() })
    }

    fn answered(&self) -> Vec<usize> {
        self.answered.lock().unwrap().clone()
    }
}

impl Models for Scripted {
    fn call<'a>(
        &'a self,
        _: Scope,
        _: &'a ModelCall,
        _: Option<&'a dyn Deltas>,
    ) -> ModelFuture<'a, Result<ModelReply, ModelFailure>> {
        Box::pin(async { unreachable!("documents are embedded only") })
    }

    fn embed<'a>(&'a self, _: Scope, call: &'a EmbedCall) -> ModelFuture<'a, Result<Embedded, ModelFailure>> {
        Box::pin(async move {
            let mut script = self.script.lock().unwrap();
            let told = if script.is_empty() { None } else { script.remove(0) };
            drop(script);
            if let Some(fault) = told {
                return Err(ModelFailure { fault, tries: Vec::new() });
            }
            self.answered.lock().unwrap().push(call.texts.len());
            let model = call.model.clone().unwrap_or_default();
            let length = if model == "wide" { 4 } else { 2 };
            let vectors = call.texts.iter().map(|_| vec![1.0 / (length as f32).sqrt(); length]).collect();
            Ok(Embedded { vectors, model, usage: Default::default(), price: Default::default() })
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

/// A base, and the hands that work on its documents one job at a time.
struct Bench {
    world: World,
    handlers: Vec<Arc<dyn JobHandler>>,
    base: KnowledgeBaseId,
}

impl Bench {
    async fn new(store: TestStore, models: &Arc<Scripted>, readers: Readers) -> Self {
        let world = World::new(store);
        let knowledge = Arc::new(Knowledge::new(Arc::clone(models) as Arc<dyn Models>).with_readers(readers));
        let ctx = world.ctx(Mode::Live);
        let new = NewBase {
            id: None,
            name: "Base".to_owned(),
            description: None,
            embedding_model: "narrow".to_owned(),
            chunk_size: Some(100),
            chunk_overlap: Some(0),
        };
        let made = world.store.write(move |tx| bases::create(tx, &ctx, &new)).await.unwrap();
        Self { handlers: handlers(&knowledge), world, base: made.base.id }
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>, &floe_runtime::Ctx, &str) -> Result<T, Fault> + Send + 'static,
    ) -> T {
        let (ctx, base) = (self.world.ctx(Mode::Live), self.base.to_string());
        self.world.store.write(move |tx| act(tx, &ctx, &base)).await.unwrap()
    }

    async fn add(&self, name: &str, bytes: Vec<u8>) -> Document {
        let about = About { name: name.to_owned(), ..About::default() };
        let new = NewDocument::read(about, "/file", bytes).unwrap();
        self.write(move |tx, ctx, base| documents::add(tx, ctx, base, &new)).await.0
    }

    async fn document(&self, document: &Document) -> Document {
        let id = document.id;
        self.write(move |tx, _, base| documents::require(tx, WORKSPACE, base, id)).await
    }

    async fn base(&self) -> Base {
        let id = self.base;
        self.write(move |tx, _, _| bases::require(tx, WORKSPACE, id)).await
    }

    /// Claims the jobs that are due.
    async fn claim(&self) -> Vec<Job> {
        let kinds: Vec<&'static str> = self.handlers.iter().map(|handler| handler.kind()).collect();
        let now = self.world.platform.clock.now();
        self.world.store.write(move |tx| jobs::claim_due(tx, &kinds, now, 60_000, 64, None)).await.unwrap()
    }

    async fn run(&self, job: &Job) -> Result<(), Fault> {
        let handler = self.handlers.iter().find(|handler| handler.kind() == job.kind).unwrap();
        let done = handler.run(&self.world.platform, job).await;
        if done.is_ok() {
            let lease = job.lease();
            self.world.store.write(move |tx| jobs::finish(tx, lease)).await.unwrap();
        }
        done
    }

    /// Does everything that is to be done.
    async fn work(&self) {
        loop {
            let claimed = self.claim().await;
            if claimed.is_empty() {
                return;
            }
            for job in claimed {
                self.run(&job).await.unwrap();
            }
        }
    }

    /// Chunks of every generation that are kept of a document.
    async fn kept(&self, document: &Document, generation: i64) -> i64 {
        let place = document.place();
        self.write(move |tx, _, _| knowledge_chunks::count(tx, place, generation)).await
    }
}

/// A base with one document that can be searched, by the built-in embedding.
pub(crate) async fn filled(world: &World, name: &str, text: &str) -> KnowledgeBaseId {
    let models = Arc::clone(&world.agents.models) as Arc<dyn Models>;
    let knowledge = Arc::new(Knowledge::new(models).with_readers(Readers::new(child(&[]))));
    let (ctx, name) = (world.ctx(Mode::Live), name.to_owned());
    let new = NewBase {
        id: None,
        name: name.clone(),
        description: None,
        embedding_model: "hash-256".to_owned(),
        chunk_size: None,
        chunk_overlap: None,
    };
    let own = ctx.clone();
    let made = world.store.write(move |tx| bases::create(tx, &own, &new)).await.unwrap();
    let base = made.base.id;
    let about = About { name: format!("{name}.md"), ..About::default() };
    let document = NewDocument::read(about, "/file", text.as_bytes().to_vec()).unwrap();
    let add = move |tx: &mut Tx<'_>| documents::add(tx, &ctx, &base.to_string(), &document);
    world.store.write(add).await.unwrap();
    let handlers = handlers(&knowledge);
    loop {
        let kinds: Vec<&'static str> = handlers.iter().map(|handler| handler.kind()).collect();
        let now = world.platform.clock.now();
        let claimed = world.store.write(move |tx| jobs::claim_due(tx, &kinds, now, 60_000, 64, None)).await.unwrap();
        if claimed.is_empty() {
            return base;
        }
        for job in claimed {
            let handler = handlers.iter().find(|handler| handler.kind() == job.kind).unwrap();
            handler.run(&world.platform, &job).await.unwrap();
            let lease = job.lease();
            world.store.write(move |tx| jobs::finish(tx, lease)).await.unwrap();
        }
    }
}

/// A text of so many passages.
fn long_text(passages: usize) -> Vec<u8> {
    let passage = |number| {
        format!("Sentence {number} is long enough to fill a passage of a hundred characters nearly by itself.")
    };
    (0..passages).map(passage).collect::<Vec<_>>().join("\n\n").into_bytes()
}

#[tokio::test]
async fn hostile_files_are_read_in_a_process_of_their_own() {
    let readers = Readers::new(child(&[]));
    let blocks = readers.read(DocumentKind::Html, b"<h1>Returns</h1><p>Send it back.".to_vec()).await.unwrap();
    assert_eq!(blocks.len(), 2);
    let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
    let cases = [
        (DocumentKind::Json, deep, Unreadable::Broken),
        (DocumentKind::Pdf, b"%PDF-1.7\n1 0 obj\n<</Length 99999999999>>stream\n".to_vec(), Unreadable::Broken),
        (DocumentKind::Html, b"<script>".to_vec(), Unreadable::Empty),
        (DocumentKind::Csv, b"\"".repeat(1_000_000), Unreadable::Empty),
    ];
    for (kind, bytes, expected) in cases {
        let failure = readers.read(kind, bytes).await.unwrap_err();
        assert!(matches!(failure, ReadFailure::File(why) if why == expected), "{kind:?}: {failure:?}");
    }
    for misbehaviour in ["--crash", "--garbage"] {
        let readers = Readers::new(child(&[misbehaviour]));
        let failure = readers.read(DocumentKind::Html, b"<p>Text".to_vec()).await.unwrap_err();
        assert!(matches!(failure, ReadFailure::File(_)), "{misbehaviour}: {failure:?}");
    }
    let missing = OnceConfig { program: "/nowhere/reader".into(), ..child(&[]) };
    let failure = Readers::new(missing).read(DocumentKind::Html, b"<p>Text".to_vec()).await.unwrap_err();
    assert!(matches!(failure, ReadFailure::Server(_)), "{failure:?}");
}

on_both! {
    async fn what_was_embedded_before_a_failure_is_not_embedded_again(store: TestStore) {
        let models = Scripted::of(vec![None, Some(ModelFault::RateLimited)]);
        let bench = Bench::new(store, &models, Readers::default()).await;
        let document = bench.add("long.txt", long_text(300)).await;
        let claimed = bench.claim().await;
        let failed = bench.run(&claimed[0]).await.unwrap_err();
        assert_eq!(failed.code(), "model_busy");
        let now = bench.document(&document).await;
        assert_eq!((now.status.as_str(), now.generation, now.chunks), ("embedding", 0, 0));
        let first = models.answered();
        assert_eq!(first.len(), 1);
        let (lease, due) = (claimed[0].lease(), bench.world.platform.clock.now());
        bench.world.store.write(move |tx| jobs::retry_at(tx, lease, due, None)).await.unwrap();
        bench.work().await;
        let made = bench.document(&document).await;
        assert_eq!((made.status.as_str(), made.progress, made.chunks), ("ready", 100, 300));
        let texts: usize = models.answered().iter().sum();
        assert_eq!(texts, 300, "each passage once: {:?}", models.answered());
        assert_eq!(bench.kept(&document, made.generation).await, 300);
    }

    async fn a_node_that_lost_its_claim_writes_nothing(store: TestStore) {
        let models = Scripted::of(Vec::new());
        let bench = Bench::new(store, &models, Readers::default()).await;
        let document = bench.add("a.txt", b"Words.".to_vec()).await;
        let claimed = bench.claim().await;
        let id = document.id;
        bench.write(move |tx, ctx, base| documents::remake(tx, ctx, base, id)).await;
        bench.run(&claimed[0]).await.unwrap();
        assert_eq!(bench.document(&document).await.generation, 0, "its job is void");
        bench.work().await;
        let made = bench.document(&document).await;
        assert_eq!((made.status.as_str(), made.chunks), ("ready", 1));
    }

    async fn a_document_that_cannot_be_read_fails_and_the_others_go_on(store: TestStore) {
        let models = Scripted::of(Vec::new());
        let bench = Bench::new(store, &models, Readers::new(child(&[]))).await;
        let broken = bench.add("broken.json", b"{\"a\":".to_vec()).await;
        let mut good = Vec::new();
        for number in 0..5 {
            good.push(bench.add(&format!("{number}.txt"), format!("Words {number}.").into_bytes()).await);
        }
        assert_eq!(bench.claim().await.len(), 2, "few at a time");
        bench.world.pass_seconds(61);
        bench.work().await;
        let failed = bench.document(&broken).await;
        assert_eq!((failed.status.as_str(), failed.error.map(|(code, _)| code).as_deref()), ("failed", Some("unreadable_file")));
        for document in &good {
            assert_eq!(bench.document(document).await.status, "ready");
        }
        let base = bench.base().await;
        assert_eq!((base.documents, base.chunks, base.dimensions), (6, 5, Some(2)));
    }

    async fn another_model_takes_over_when_every_document_has_it(store: TestStore) {
        let models = Scripted::of(Vec::new());
        let bench = Bench::new(store, &models, Readers::default()).await;
        let one = bench.add("one.txt", b"Words one.".to_vec()).await;
        let two = bench.add("two.txt", b"Words two.".to_vec()).await;
        bench.work().await;
        let patch = BasePatch { embedding_model: Some("wide".to_owned()), ..BasePatch::default() };
        bench.write(move |tx, ctx, base| bases::patch(tx, ctx, base, &patch, None)).await;
        assert_eq!(bench.base().await.index_model, "narrow");

        // The second document cannot be made: everything stays as it is.
        *models.script.lock().unwrap() = vec![None, Some(ModelFault::Refused("too long".to_owned()))];
        bench.write(reindex::of_base).await;
        bench.work().await;
        let base = bench.base().await;
        assert_eq!((base.index_model.as_str(), base.dimensions, base.chunks, base.reindex_job), ("narrow", Some(2), 2, None));
        let statuses = [bench.document(&one).await.status, bench.document(&two).await.status];
        assert!(statuses.contains(&"failed".to_owned()) && statuses.contains(&"ready".to_owned()), "{statuses:?}");

        bench.write(reindex::of_base).await;
        let base = bench.base().await;
        assert_eq!((base.chunks, base.index_model.as_str()), (2, "narrow"), "searches use the old index until then");
        bench.work().await;
        let base = bench.base().await;
        assert_eq!((base.index_model.as_str(), base.dimensions, base.chunks, base.reindex_job), ("wide", Some(4), 2, None));
        for document in [&one, &two] {
            let now = bench.document(document).await;
            assert_eq!((now.status.as_str(), now.chunks), ("ready", 1));
            for old in 1..now.generation {
                assert_eq!(bench.kept(document, old).await, 0, "old generations are swept");
            }
        }
    }

    async fn a_stopped_reindex_leaves_everything_as_it_was(store: TestStore) {
        let models = Scripted::of(Vec::new());
        let bench = Bench::new(store, &models, Readers::default()).await;
        let one = bench.add("one.txt", b"Words one.".to_vec()).await;
        bench.add("two.txt", b"Words two.".to_vec()).await;
        bench.work().await;
        let patch = BasePatch { embedding_model: Some("wide".to_owned()), ..BasePatch::default() };
        bench.write(move |tx, ctx, base| bases::patch(tx, ctx, base, &patch, None)).await;
        let job = bench.write(reindex::of_base).await;
        let now = bench.world.platform.clock.now();
        bench.write(move |tx, _, _| floe_store::flows::bulk::end(tx, WORKSPACE, job, "cancelled", now)).await;
        bench.work().await;
        let base = bench.base().await;
        assert_eq!((base.index_model.as_str(), base.chunks, base.reindex_job), ("narrow", 2, None));
        assert_eq!(bench.document(&one).await.status, "ready");
    }

    async fn what_is_deleted_is_swept(store: TestStore) {
        let models = Scripted::of(Vec::new());
        let bench = Bench::new(store, &models, Readers::default()).await;
        let long = bench.add("long.txt", long_text(1_500)).await;
        let other = bench.add("other.txt", b"Words.".to_vec()).await;
        bench.work().await;
        let made = bench.document(&long).await;
        assert_eq!(bench.kept(&made, made.generation).await, 1_500);
        let id = long.id;
        bench.write(move |tx, ctx, base| documents::delete(tx, ctx, base, id)).await;
        bench.work().await;
        assert_eq!(bench.kept(&made, made.generation).await, 0);
        let made = bench.document(&other).await;
        assert_eq!(bench.kept(&made, made.generation).await, 1);
        bench.write(|tx, ctx, base| bases::delete(tx, ctx, base, None)).await;
        bench.work().await;
        assert_eq!(bench.kept(&made, made.generation).await, 0);
        let place = made.place();
        let left = bench.write(move |tx, _, _| floe_store::agents::knowledge_documents::find(tx, place)).await;
        assert_eq!(left, None);
    }
}

//! The work on a document: its file is read, its text cut, its passages kept with their vectors (console contract, section 5.2).
//!
//! A base works on few documents at a time, the longest waiting first: whatever ends the work on one begins that on the next, in the same
//! transaction. The claim of the job is extended with everything that is written, so a node that lost it writes nothing. What a killed
//! process had kept is gone on with when its passages are still the same.

use std::sync::Arc;

use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Passage, cut};
use floe_model::agents::{embedding, words};
use floe_model::id::{ChunkId, JobId, KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::models::{EmbedCall, ModelFault};
use floe_store::Tx;
use floe_store::agents::knowledge_bases::{self, Base};
use floe_store::agents::knowledge_chunks::{self as chunks, Chunk, NewChunk};
use floe_store::agents::knowledge_documents::{self as documents, Document, Place};
use floe_store::agents::knowledge_files;
use floe_store::platform::jobs::{self, Job, Lease, NewJob};
use serde_json::{Map, Value};

use super::extract::child::ReadFailure;
use super::{Knowledge, bases, reindex, sweep};

/// The kind of the job.
const KIND: &str = "knowledge.index";
/// Documents of one base that are worked on at a time.
const WORKING_MAX: i64 = 2;
/// Passages that are embedded and kept at a time.
const BATCH: usize = 128;
/// Tries before a document counts as failed, when it is not the document that is wrong.
const ATTEMPTS_MAX: u32 = 10;
/// How long the claim of the job lasts from each write on: longer than anything between two writes.
const LEASE_MS: i64 = 120_000;
/// Time for the vectors of one batch.
const EMBED_MS: u64 = 60_000;
/// Chunks of one document at most.
const DOCUMENT_CHUNKS_MAX: usize = 50_000;
/// Chunks of one base at most: what is searched is held in memory.
const BASE_CHUNKS_MAX: i64 = 250_000;
/// Where progress stands when the text is read, when it is cut, and how far the rest goes.
const READ_PERCENT: i64 = 10;
const CUT_PERCENT: i64 = 15;
const KEPT_PERCENT: usize = 84;
/// The code of the fault that undoes a write of a node whose claim is void.
const LOST: &str = "claim_lost";

/// Gives jobs to the documents that waited longest, as many as a base may work on. Its base is held.
///
/// # Errors
/// Of the database.
pub(super) fn pump(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
) -> Result<(), Fault> {
    let room = WORKING_MAX - documents::working(tx, workspace, base)?;
    for document in documents::next(tx, workspace, base, usize::try_from(room).unwrap_or(0))? {
        start(tx, platform, Place { workspace, base, document })?;
    }
    Ok(())
}

/// Gives a document its job; one that it had is void.
///
/// # Errors
/// Of the database.
pub(super) fn start(tx: &mut Tx<'_>, platform: &Platform, at: Place) -> Result<(), Fault> {
    let now = platform.clock.now();
    documents::work(tx, at)?;
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace: at.workspace,
        mode: None,
        kind: KIND,
        subject_id: Some(at.document.0),
        payload: serde_json::to_string(&at.base).map_err(Fault::internal)?,
        due_at: now,
        created_at: now,
    };
    jobs::enqueue(tx, &job)
}

/// Takes the job of a document away.
///
/// # Errors
/// Of the database.
pub(super) fn forget(tx: &mut Tx<'_>, document: &Document) -> Result<(), Fault> {
    jobs::cancel(tx, KIND, document.id.0).map(drop)
}

/// Does the job.
pub(super) struct IndexDocument {
    knowledge: Arc<Knowledge>,
}

/// What is to be done, as it was when the work began.
#[derive(Debug, Clone)]
struct Plan {
    place: Place,
    kind: String,
    /// The generation that is built.
    generation: i64,
    /// Passages of it that are kept already.
    kept: usize,
    how: How,
    /// How long vectors must be; none when they are the first.
    dimensions: Option<i64>,
}

/// With what a document is made: when it changes on the way, the work begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct How {
    model: String,
    size: u32,
    overlap: u32,
    is_reindex: bool,
}

impl How {
    fn of(base: &Base) -> Self {
        let is_reindex = base.reindex_job.is_some();
        let model = if is_reindex { &base.embedding_model } else { &base.index_model };
        Self { model: model.clone(), size: base.chunk_size, overlap: base.chunk_overlap, is_reindex }
    }
}

/// Why a document was not made.
enum Stop {
    /// It is the document, or what was chosen for its base: code and sentence.
    Failed(&'static str, String),
    /// Something else; the same can be done later.
    Later(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Later(fault)
    }
}

impl JobHandler for IndexDocument {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let done = match self.work(platform, job).await {
                Ok(()) => Ok(()),
                Err(Stop::Failed(code, message)) => fail(platform, job, code, message).await,
                Err(Stop::Later(fault)) if fault.code() != LOST && job.attempts >= ATTEMPTS_MAX => {
                    tracing::warn!(document.id = job.subject_id, %fault, "a document could not be made searchable");
                    fail(platform, job, "unavailable", "The work failed too often; try again later".to_owned()).await
                }
                Err(Stop::Later(fault)) => Err(fault),
            };
            // Somebody else has the job, or nobody has it any more: nothing was written, and nothing is to be done.
            done.or_else(|fault| if fault.code() == LOST { Ok(()) } else { Err(fault) })
        })
    }
}

impl IndexDocument {
    pub(super) fn new(knowledge: Arc<Knowledge>) -> Self {
        Self { knowledge }
    }

    async fn work(&self, platform: &Arc<Platform>, job: &Job) -> Result<(), Stop> {
        let Some(mut plan) = begin(platform, job).await? else { return Ok(()) };
        let passages = self.read(platform, &plan).await?;
        let passages = cut_on(platform, job, &mut plan, passages).await?;
        let mut dimensions = plan.dimensions;
        for (at, batch) in passages.chunks(BATCH).enumerate() {
            let first = at * BATCH;
            // What a killed process kept ends with a whole batch.
            if first + batch.len() <= plan.kept {
                continue;
            }
            let vectors = self.embed(&plan, batch, &mut dimensions).await?;
            keep(platform, job, &plan, Batch { first, total: passages.len(), passages: batch.to_vec(), vectors })
                .await?;
        }
        finish(platform, job, plan, passages.len(), dimensions).await?;
        Ok(())
    }

    /// The text of the file, as blocks.
    async fn read(
        &self,
        platform: &Arc<Platform>,
        plan: &Plan,
    ) -> Result<Vec<floe_model::agents::passages::Block>, Stop> {
        let Place { workspace, document, .. } = plan.place;
        let bytes = platform.store.read(move |tx| knowledge_files::whole(tx, workspace, document)).await?;
        let kind = DocumentKind::parse(&plan.kind).filter(|_| !bytes.is_empty());
        let Some(kind) = kind else {
            return Err(Stop::Failed("missing_file", "The file is no longer there".to_owned()));
        };
        self.knowledge.readers.read(kind, bytes).await.map_err(|failure| match failure {
            ReadFailure::File(why) => Stop::Failed(why.code(), sentence(&why.to_string())),
            ReadFailure::Server(fault) => Stop::Later(fault),
        })
    }

    /// Vectors of passages, all as long as those before.
    async fn embed(
        &self,
        plan: &Plan,
        batch: &[Passage],
        dimensions: &mut Option<i64>,
    ) -> Result<Vec<Vec<f32>>, Stop> {
        let scope = Scope { workspace: plan.place.workspace, mode: Mode::Live };
        let texts = batch.iter().map(Passage::with_section).collect();
        let call = EmbedCall { model: Some(plan.how.model.clone()), texts, deadline_ms: EMBED_MS };
        let embedded = self.knowledge.models.embed(scope, &call).await.map_err(|failure| of_model(&failure.fault))?;
        let length = embedded.vectors.first().map_or(0, Vec::len);
        let is_even = length > 0 && embedded.vectors.iter().all(|vector| vector.len() == length);
        if embedded.vectors.len() != batch.len() || !is_even {
            return Err(of_model(&ModelFault::Malformed));
        }
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        match *dimensions.get_or_insert(length) {
            known if known == length => Ok(embedded.vectors),
            known => {
                let message = format!(
                    "The embedding model makes vectors of {length} values, those of the index have {known}; reindex the knowledge base"
                );
                Err(Stop::Failed("dimensions_changed", message))
            }
        }
    }
}

/// What a failing model means for the document.
fn of_model(fault: &ModelFault) -> Stop {
    match fault {
        fault if fault.is_busy() => {
            Stop::Later(Fault::new(floe_model::FaultKind::Overloaded, "model_busy", fault.to_string()))
        }
        ModelFault::Malformed => Stop::Later(Fault::internal(fault.to_string())),
        fault => Stop::Failed("embedding_failed", sentence(&format!("the embedding model failed: {fault}"))),
    }
}

/// Begins a generation, or goes on with the one that a killed process had begun. None when there is nothing to do.
async fn begin(platform: &Arc<Platform>, job: &Job) -> Result<Option<Plan>, Fault> {
    let (act, at, lease) = (Arc::clone(platform), place(job)?, job.lease());
    let beginning = platform.store.write(move |tx| {
        if !knowledge_bases::hold(tx, at.workspace, at.base)? {
            return Ok(None);
        }
        let Some(base) = knowledge_bases::find(tx, at.workspace, at.base)? else { return Ok(None) };
        let Some(document) = documents::find(tx, at)?.filter(|document| document.waiting_since.is_some()) else {
            return Ok(None);
        };
        if reindex::was_stopped(tx, &act, &document)? {
            return Ok(None);
        }
        let begun = document.building > document.generation.max(document.staged);
        let goes_on = document.status == "embedding" && begun;
        let (generation, kept) = if goes_on {
            (document.building, chunks::count(tx, at, document.building)?)
        } else {
            let Some(number) = documents::begin(tx, at, act.clock.now())? else { return Ok(None) };
            (number, 0)
        };
        extend(tx, &act, lease)?;
        let how = How::of(&base);
        Ok(Some(Plan {
            place: at,
            kind: document.kind,
            generation,
            kept: usize::try_from(kept).unwrap_or(0),
            dimensions: base.dimensions.filter(|_| !how.is_reindex),
            how,
        }))
    });
    beginning.await
}

/// Cuts the text, and sees whether what is kept already is the beginning of it.
async fn cut_on(
    platform: &Arc<Platform>,
    job: &Job,
    plan: &mut Plan,
    blocks: Vec<floe_model::agents::passages::Block>,
) -> Result<Vec<Passage>, Stop> {
    note_progress(platform, job, plan.place, "chunking", READ_PERCENT).await?;
    let (size, overlap) = (plan.how.size as usize, plan.how.overlap as usize);
    let cutting = tokio::task::spawn_blocking(move || cut(&blocks, size, overlap));
    let passages = cutting.await.map_err(Fault::internal)?;
    if passages.is_empty() {
        return Err(Stop::Failed("no_text", "No text was found in the file".to_owned()));
    }
    if passages.len() > DOCUMENT_CHUNKS_MAX {
        let message = format!("The document makes more than {DOCUMENT_CHUNKS_MAX} chunks; divide it");
        return Err(Stop::Failed("too_many_chunks", message));
    }
    let is_whole = plan.kept.is_multiple_of(BATCH) || plan.kept == passages.len();
    let last = plan.kept.checked_sub(1).map(|at| (at, passages.get(at).map(|passage| passage.text.clone())));
    let (act, at, lease) = (Arc::clone(platform), plan.place, job.lease());
    let (generation, coming) = (plan.generation, i64::try_from(passages.len()).unwrap_or(i64::MAX));
    let checking = platform.store.write(move |tx| {
        let is_same = match &last {
            None => true,
            Some((at_passage, text)) => {
                let position = i64::try_from(*at_passage).unwrap_or(i64::MAX);
                is_whole && chunks::text_at(tx, at, generation, position)? == *text
            }
        };
        let begun = if is_same { Some(generation) } else { documents::begin(tx, at, act.clock.now())? };
        documents::progress(tx, at, "embedding", CUT_PERCENT, act.clock.now())?;
        extend(tx, &act, lease)?;
        Ok((begun, is_same, chunks::count_of_base(tx, at.workspace, at.base)?))
    });
    let (begun, is_same, there) = checking.await?;
    if there.saturating_add(coming) > BASE_CHUNKS_MAX {
        let message = format!("The knowledge base would have more than {BASE_CHUNKS_MAX} chunks");
        return Err(Stop::Failed("knowledge_base_full", message));
    }
    plan.generation = begun.ok_or_else(lost)?;
    plan.kept = if is_same { plan.kept } else { 0 };
    Ok(passages)
}

/// Passages that were embedded.
struct Batch {
    /// Place of the first one.
    first: usize,
    /// Passages of the whole document.
    total: usize,
    passages: Vec<Passage>,
    vectors: Vec<Vec<f32>>,
}

async fn keep(platform: &Arc<Platform>, job: &Job, plan: &Plan, batch: Batch) -> Result<(), Fault> {
    let act = Arc::clone(platform);
    let (first, done) = (batch.first, batch.first + batch.passages.len());
    let percent = CUT_PERCENT + i64::try_from(KEPT_PERCENT * done / batch.total.max(1)).unwrap_or(0);
    // Of a batch that is kept in part there is none: each was written in one transaction.
    let making = tokio::task::spawn_blocking(move || {
        let places = (i64::try_from(first).unwrap_or(0)..).zip(batch.passages).zip(batch.vectors);
        places.map(|((position, passage), vector)| new_chunk(&act, position, &passage, &vector)).collect::<Vec<_>>()
    });
    let rows = making.await.map_err(Fault::internal)?;
    let (act, at, lease, generation) = (Arc::clone(platform), plan.place, job.lease(), plan.generation);
    let keeping = platform.store.write(move |tx| {
        documents::progress(tx, at, "embedding", percent, act.clock.now())?;
        extend(tx, &act, lease)?;
        chunks::add(tx, at, generation, &rows)
    });
    keeping.await
}

fn new_chunk(platform: &Platform, position: i64, passage: &Passage, vector: &[f32]) -> NewChunk {
    let mut metadata = Map::new();
    if let Some(page) = passage.page {
        metadata.insert("page".to_owned(), page.into());
    }
    if let Some(section) = &passage.section {
        metadata.insert("section".to_owned(), section.as_str().into());
    }
    let chunk = Chunk {
        id: platform.ids.next::<ChunkId>(),
        position,
        text: passage.text.clone(),
        metadata: Value::Object(metadata).to_string(),
    };
    let words = words::searchable(&passage.with_section());
    NewChunk { chunk, words, embedding: embedding::to_bytes(vector) }
}

/// Lets a search see what was made, or keeps it for the end of the reindex of its base.
async fn finish(
    platform: &Arc<Platform>,
    job: &Job,
    plan: Plan,
    made: usize,
    dimensions: Option<i64>,
) -> Result<(), Fault> {
    let (act, lease) = (Arc::clone(platform), job.lease());
    let made = i64::try_from(made).unwrap_or(i64::MAX);
    let finishing = platform.store.write(move |tx| {
        let Place { workspace, base: id, .. } = plan.place;
        let (at, now) = (plan.place, act.clock.now());
        bases::hold(tx, workspace, id).map_err(|_| lost())?;
        let base = bases::require(tx, workspace, id)?;
        let document = at_work(tx, at)?;
        let fits = base.dimensions.is_none() || base.dimensions == dimensions || plan.how.is_reindex;
        if How::of(&base) != plan.how || !fits {
            documents::queue(tx, at, document.reindex_job, now)?;
            extend(tx, &act, lease)?;
            return pump(tx, &act, workspace, id);
        }
        if plan.how.is_reindex {
            documents::stage(tx, at, made, now)?;
        } else {
            let revision = bases::touch(tx, workspace, id)?;
            documents::publish(tx, at, made, revision, now)?;
            knowledge_bases::set_index(tx, workspace, id, &base.index_model, dimensions)?;
        }
        extend(tx, &act, lease)?;
        reindex::ended(tx, &act, &document, true)?;
        sweep::after_document(tx, &act, at)?;
        pump(tx, &act, workspace, id)
    });
    finishing.await
}

/// Ends the work on a document that came to nothing.
async fn fail(platform: &Arc<Platform>, job: &Job, code: &'static str, message: String) -> Result<(), Fault> {
    let (act, at, lease) = (Arc::clone(platform), place(job)?, job.lease());
    let failing = platform.store.write(move |tx| {
        bases::hold(tx, at.workspace, at.base).map_err(|_| lost())?;
        let document = at_work(tx, at)?;
        documents::fail(tx, at, code, &message, act.clock.now())?;
        extend(tx, &act, lease)?;
        reindex::ended(tx, &act, &document, false)?;
        sweep::after_document(tx, &act, at)?;
        pump(tx, &act, at.workspace, at.base)
    });
    failing.await
}

async fn note_progress(
    platform: &Arc<Platform>,
    job: &Job,
    at: Place,
    status: &'static str,
    percent: i64,
) -> Result<(), Fault> {
    let (act, lease) = (Arc::clone(platform), job.lease());
    let noting = platform.store.write(move |tx| {
        documents::progress(tx, at, status, percent, act.clock.now())?;
        extend(tx, &act, lease)
    });
    noting.await
}

/// Makes the claim last longer; a claim that is void undoes everything.
fn extend(tx: &mut Tx<'_>, platform: &Platform, lease: Lease) -> Result<(), Fault> {
    let until = platform.clock.now().plus_millis(LEASE_MS);
    if jobs::extend(tx, lease, until)? { Ok(()) } else { Err(lost()) }
}

/// The document, unless it was made to wait for other work meanwhile.
fn at_work(tx: &mut Tx<'_>, at: Place) -> Result<Document, Fault> {
    documents::find(tx, at)?.filter(|document| document.is_working).ok_or_else(lost)
}

fn lost() -> Fault {
    Fault::conflict(LOST, "the claim of the job is void")
}

fn place(job: &Job) -> Result<Place, Fault> {
    let base: KnowledgeBaseId = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
    let document = job.subject_id.map(floe_model::id::DocumentId);
    let document = document.ok_or_else(|| Fault::internal("the job of a document has no document"))?;
    Ok(Place { workspace: job.workspace, base, document })
}

/// With a capital letter at its start.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

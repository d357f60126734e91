//! What the work on a document writes: each step is one transaction, which extends the claim of its job or undoes itself.

use std::sync::Arc;

use floe_model::Fault;
use floe_model::agents::passages::{Block, Passage, cut};
use floe_model::agents::{embedding, words};
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId};
use floe_runtime::Platform;
use floe_store::Tx;
use floe_store::agents::knowledge_bases;
use floe_store::agents::knowledge_chunks::{self as chunks, Chunk, NewChunk};
use floe_store::agents::knowledge_documents::{self as documents, Document, Place};
use floe_store::platform::jobs::{self, Job, Lease};
use serde_json::{Map, Value};

use super::super::{bases, reindex, sweep};
use super::{BATCH, How, LOST, Plan, Stop, pump};

/// How long the claim of the job lasts from each write on: longer than anything between two writes.
const LEASE_MS: i64 = 120_000;
/// Chunks of one document at most.
const DOCUMENT_CHUNKS_MAX: usize = 50_000;
/// Chunks of one base at most: what is searched is held in memory.
const BASE_CHUNKS_MAX: i64 = 250_000;
/// Where progress stands when the text is read, when it is cut, and how far the rest goes.
const READ_PERCENT: i64 = 10;
const CUT_PERCENT: i64 = 15;
const KEPT_PERCENT: usize = 84;

/// Begins a generation, or goes on with the one that a killed process had begun. None when there is nothing to do.
pub(super) async fn begin(platform: &Arc<Platform>, job: &Job) -> Result<Option<Plan>, Fault> {
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
pub(super) async fn cut_on(
    platform: &Arc<Platform>,
    job: &Job,
    plan: &mut Plan,
    blocks: Vec<Block>,
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
pub(super) struct Batch {
    /// Place of the first one.
    pub(super) first: usize,
    /// Passages of the whole document.
    pub(super) total: usize,
    pub(super) passages: Vec<Passage>,
    pub(super) vectors: Vec<Vec<f32>>,
}

pub(super) async fn keep(platform: &Arc<Platform>, job: &Job, plan: &Plan, batch: Batch) -> Result<(), Fault> {
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
    let keeping = platform.store.write_later(move |tx| {
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
pub(super) async fn finish(
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
pub(super) async fn fail(
    platform: &Arc<Platform>,
    job: &Job,
    code: &'static str,
    message: String,
) -> Result<(), Fault> {
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
    let document = job.subject_id.map(DocumentId);
    let document = document.ok_or_else(|| Fault::internal("the job of a document has no document"))?;
    Ok(Place { workspace: job.workspace, base, document })
}

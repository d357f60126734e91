//! The indexes that are held: one a base, made when it is first asked for, replaced when the base has another revision.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use floe_model::Fault;
use floe_model::id::{DocumentId, KnowledgeBaseId, WorkspaceId};
use floe_runtime::Platform;
use floe_store::agents::knowledge_search::{self as rows, After, PAGE_MAX};

use super::index::{Body, Document, Index};

/// Bytes of indexes that are held at most; those that were asked longest ago make room. One that is larger is made for each search.
const BYTES_MAX: usize = 1 << 30;
/// Documents that are read one by one; when there are more of them, the base is read from end to end.
const SINGLE_MAX: usize = 64;
/// How often an index is made anew because documents were changed meanwhile.
const TRIES_MAX: usize = 5;

/// The indexes of all bases.
#[derive(Default)]
pub(super) struct Shelf {
    held: Mutex<HashMap<(WorkspaceId, KnowledgeBaseId), Arc<Held>>>,
    /// Grows with each search: who was asked when.
    searches: AtomicU64,
}

/// The index of a base.
#[derive(Default)]
struct Held {
    index: Mutex<Option<Arc<Index>>>,
    /// Held while one is made: who waits finds it made.
    making: tokio::sync::Mutex<()>,
    asked_at: AtomicU64,
}

impl Held {
    fn index(&self) -> Option<Arc<Index>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The index, when it is of this revision and model.
    fn of(&self, base: &rows::Base) -> Option<Arc<Index>> {
        self.index().filter(|index| index.revision == base.revision && index.model == base.model)
    }
}

impl Shelf {
    /// The index of a base as it is in the database now; none when there is no such base.
    pub(super) async fn index(
        &self,
        platform: &Platform,
        workspace: WorkspaceId,
        base: KnowledgeBaseId,
    ) -> Result<Option<Arc<Index>>, Fault> {
        let Some(row) = platform.store.read(move |tx| rows::base(tx, workspace, base)).await? else {
            self.held().remove(&(workspace, base));
            return Ok(None);
        };
        let held = Arc::clone(self.held().entry((workspace, base)).or_default());
        held.asked_at.store(self.searches.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(index) = held.of(&row) {
            return Ok(Some(index));
        }
        let _making = held.making.lock().await;
        let made = self.make(platform, workspace, base, &held).await?;
        if made.is_some() {
            self.make_room((workspace, base));
        }
        Ok(made)
    }

    /// Makes an index of what is in the database, from the one before and what has changed.
    async fn make(
        &self,
        platform: &Platform,
        workspace: WorkspaceId,
        base: KnowledgeBaseId,
        held: &Held,
    ) -> Result<Option<Arc<Index>>, Fault> {
        let mut known: HashMap<(DocumentId, i64), Arc<Body>> = HashMap::new();
        for tries in 1..=TRIES_MAX {
            let reading = platform.store.read(move |tx| {
                let Some(row) = rows::base(tx, workspace, base)? else { return Ok(None) };
                Ok(Some((row, rows::documents(tx, workspace, base)?)))
            });
            let Some((row, documents)) = reading.await? else { return Ok(None) };
            if let Some(index) = held.of(&row) {
                return Ok(Some(index));
            }
            if let Some(old) = held.index().filter(|_| tries == 1) {
                known.extend(old.documents.iter().map(|one| ((one.id, one.generation), Arc::clone(&one.body))));
            }
            read_missing(platform, workspace, base, &documents, &mut known).await?;
            let is_whole = documents
                .iter()
                .all(|one| known.get(&(one.id, one.generation)).is_some_and(|body| body.len() == one.chunks as usize));
            if !is_whole && tries < TRIES_MAX {
                // Something was deleted or made anew between the two reads; what was read of it is not the whole.
                known.retain(|key, body| {
                    documents.iter().any(|one| (one.id, one.generation) == *key && one.chunks as usize == body.len())
                });
                continue;
            }
            let documents = documents.iter().filter_map(|one| {
                let body = known.get(&(one.id, one.generation))?;
                Some(Document::new(one, Arc::clone(body)))
            });
            let index = Arc::new(Index::new(base, row.revision, row.model, documents.collect()));
            *held.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
            return Ok(Some(index));
        }
        Err(Fault::internal("an index was not made in any of its tries"))
    }

    /// Lets go of what was asked longest ago until the rest is small enough.
    fn make_room(&self, but: (WorkspaceId, KnowledgeBaseId)) {
        let mut held = self.held();
        let mut sizes: Vec<(u64, (WorkspaceId, KnowledgeBaseId), usize)> = held
            .iter()
            .map(|(key, one)| {
                let bytes = one.index().map_or(0, |index| index.bytes());
                (one.asked_at.load(Ordering::Relaxed), *key, bytes)
            })
            .collect();
        let mut sum: usize = sizes.iter().map(|(_, _, bytes)| bytes).sum();
        sizes.sort_unstable();
        for (_, key, bytes) in sizes {
            if sum <= BYTES_MAX {
                break;
            }
            if key != but || bytes > BYTES_MAX {
                held.remove(&key);
                sum -= bytes;
            }
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<(WorkspaceId, KnowledgeBaseId), Arc<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the chunks of documents that are not known yet. Each page is a transaction of its own: a large base takes a while.
async fn read_missing(
    platform: &Platform,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    documents: &[rows::Document],
    known: &mut HashMap<(DocumentId, i64), Arc<Body>>,
) -> Result<(), Fault> {
    let missing: Vec<&rows::Document> =
        documents.iter().filter(|one| !known.contains_key(&(one.id, one.generation))).collect();
    let mut read: HashMap<(DocumentId, i64), Body> =
        missing.iter().map(|one| ((one.id, one.generation), Body::default())).collect();
    if missing.len() > SINGLE_MAX {
        read_pages(platform, workspace, base, After::START, false, &mut read).await?;
    } else {
        for one in missing {
            let before = After { document: one.id, generation: one.generation, position: -1 };
            read_pages(platform, workspace, base, before, true, &mut read).await?;
        }
    }
    known.extend(read.into_iter().map(|(key, body)| (key, Arc::new(body))));
    Ok(())
}

/// Reads page by page, from a place to the end of its document or of the base, and keeps what is wanted.
async fn read_pages(
    platform: &Platform,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    mut after: After,
    is_single: bool,
    wanted: &mut HashMap<(DocumentId, i64), Body>,
) -> Result<(), Fault> {
    loop {
        let page = platform.store.read(move |tx| {
            if is_single {
                rows::chunks_of(tx, workspace, base, after, PAGE_MAX)
            } else {
                rows::chunks(tx, workspace, base, after, PAGE_MAX)
            }
        });
        let page = page.await?;
        for chunk in &page {
            if let Some(body) = wanted.get_mut(&(chunk.document, chunk.generation)) {
                body.push(chunk);
            }
        }
        let Some(last) = page.last().filter(|_| page.len() == PAGE_MAX) else { return Ok(()) };
        after = After { document: last.document, generation: last.generation, position: i64::from(last.position) };
    }
}

//! Searching knowledge bases: full text of the database and an exact scan of vectors, fused into one order (console contract, section 5.2;
//! Workflows contract, section 8.6).
//!
//! The vectors of a base are held in memory ([`index`]). Each search first reads the base's revision, so that what is held is never older
//! than the database, with several nodes as with one; what was deleted is not found from the moment of its deletion. Texts are read from
//! the database for what is told only.
//!
//! Hits come in the fused order. Their score is the cosine of question and chunk between 0 and 1, whatever found them.

mod found;
mod held;
mod index;
mod rank;

use std::collections::HashMap;
use std::sync::Arc;

use floe_model::agents::words;
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::Platform;
use floe_runtime::models::{EmbedCall, ModelFailure, Models};
use floe_store::agents::knowledge_search as rows;
use serde_json::{Map, Value};

use held::Shelf;
use index::Index;
use rank::Asking;

/// Characters of a question at most (Workflows contract, section 8.6).
pub const QUERY_CHARS_MAX: usize = 8_000;
/// Hits that a caller gets unless it says how many (Workflows contract, section 8.6).
pub const TOP_K_DEFAULT: usize = 5;
/// Hits of one search at most, for any caller.
pub const TOP_K_MAX: usize = 100;
/// Bases of one search at most.
pub const BASES_MAX: usize = 20;
/// Longest time for making a vector of the question, in milliseconds.
const EMBED_MS_MAX: u64 = 30_000;
/// How often a search looks again when what it had found was made anew meanwhile.
const TRIES_MAX: usize = 3;
/// From this cosine on a chunk that shares no telling word with a question is taken to answer it nevertheless.
const NEAR: f64 = 0.35;

/// A question.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// 1 to [`QUERY_CHARS_MAX`] characters.
    pub query: String,
    /// 1 to [`TOP_K_MAX`]; more count as that.
    pub top_k: usize,
    /// Least score of a hit, 0 to 1.
    pub threshold: f64,
    /// What the metadata of a hit must be equal to, member by member.
    pub filter: Map<String, Value>,
}

/// A chunk that answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its id.
    pub chunk: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The base of this.
    pub base: KnowledgeBaseId,
    /// Name of the document.
    pub document_name: String,
    /// Its place in the document, from 0.
    pub position: u32,
    /// What it says.
    pub text: String,
    /// Cosine of question and chunk, 0 to 1.
    pub score: f64,
    /// Of the document, with that of the chunk over it.
    pub metadata: Map<String, Value>,
    /// For people: the document's name, with the page or section where there is one.
    pub source: String,
    /// What found it.
    pub matched: Matched,
}

impl Hit {
    /// Whether it is worth being told to a model or a person who did not say how near a hit must be.
    #[must_use]
    pub fn is_relevant(&self) -> bool {
        self.matched.text || self.score >= NEAR
    }
}

/// What found a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// Its vector was among the nearest.
    pub vector: bool,
    /// It has words of the question.
    pub text: bool,
}

/// Which orders a search asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both, fused.
    Hybrid,
    /// Full text only.
    Text,
    /// Vectors only.
    Vectors,
}

/// Searches.
pub struct Search {
    platform: Arc<Platform>,
    models: Arc<dyn Models>,
    shelf: Shelf,
}

impl Search {
    /// Searches what a platform's database holds.
    #[must_use]
    pub fn new(platform: Arc<Platform>, models: Arc<dyn Models>) -> Arc<Self> {
        Arc::new(Self { platform, models, shelf: Shelf::default() })
    }

    /// The best hits in some bases of a workspace, the best first. Bases that do not exist count as empty ones.
    ///
    /// # Errors
    /// 404 when none of the bases exists, 503 `embedding_unavailable` when the question cannot be embedded, and those of the database.
    pub async fn run(&self, scope: Scope, bases: &[KnowledgeBaseId], asked: &Asked) -> Result<Vec<Hit>, Fault> {
        self.run_by(Way::Hybrid, scope, bases, asked).await
    }

    /// As [`Search::run`], by one order alone when it is asked for: to compare them.
    ///
    /// # Errors
    /// As [`Search::run`].
    pub async fn run_by(
        &self,
        way: Way,
        scope: Scope,
        bases: &[KnowledgeBaseId],
        asked: &Asked,
    ) -> Result<Vec<Hit>, Fault> {
        let mut tries = 1;
        loop {
            let (hits, is_whole) = self.once(way, scope, bases, asked).await?;
            if is_whole || tries == TRIES_MAX {
                return Ok(hits);
            }
            tries += 1;
        }
    }

    /// One look; false when some of what was found was taken away or made anew before it could be told.
    async fn once(
        &self,
        way: Way,
        scope: Scope,
        bases: &[KnowledgeBaseId],
        asked: &Asked,
    ) -> Result<(Vec<Hit>, bool), Fault> {
        let mut indexes: Vec<Arc<Index>> = Vec::new();
        for base in bases.iter().take(BASES_MAX) {
            if indexes.iter().all(|index| index.base != *base) {
                indexes.extend(self.shelf.index(&self.platform, scope.workspace, *base).await?);
            }
        }
        if indexes.is_empty() {
            return Err(Fault::not_found("Knowledge base"));
        }
        indexes.retain(|index| !index.is_empty());
        if indexes.is_empty() {
            return Ok((Vec::new(), true));
        }
        let vectors = self.embed(scope, &asked.query, &indexes).await?;
        let asking = Asking {
            indexes: indexes.clone(),
            vectors,
            found: Vec::new(),
            top_k: asked.top_k.clamp(1, TOP_K_MAX),
            threshold: asked.threshold,
            filter: asked.filter.clone(),
            way,
        };
        let asking = match way {
            Way::Vectors => asking,
            Way::Hybrid | Way::Text => self.with_words(scope.workspace, &asked.query, asking).await?,
        };
        // A scan of a large base takes some milliseconds of processor time.
        let ranked = tokio::task::spawn_blocking(move || asking.rank()).await.map_err(Fault::internal)?;
        self.told(scope.workspace, &indexes, ranked).await
    }

    /// The question's vector by each model that one of the indexes was made with.
    async fn embed(
        &self,
        scope: Scope,
        query: &str,
        indexes: &[Arc<Index>],
    ) -> Result<HashMap<String, Vec<f32>>, Fault> {
        let mut vectors = HashMap::new();
        for index in indexes {
            if vectors.contains_key(&index.model) {
                continue;
            }
            let call = EmbedCall {
                model: Some(index.model.clone()),
                texts: vec![query.to_owned()],
                deadline_ms: EMBED_MS_MAX,
            };
            let mut embedded = self.models.embed(scope, &call).await.map_err(|failure| unavailable(&failure))?;
            vectors.insert(index.model.clone(), embedded.vectors.pop().unwrap_or_default());
        }
        Ok(vectors)
    }

    /// Adds the chunks with telling words of the question.
    async fn with_words(&self, workspace: WorkspaceId, query: &str, asking: Asking) -> Result<Asking, Fault> {
        let (words, asking) = (words::telling(query), Arc::new(asking));
        let own = Arc::clone(&asking);
        let reading = self.platform.store.read(move |tx| {
            let wanted = found::Wanted {
                words: &words,
                indexes: &own.indexes,
                allows: &|place| own.allows(place),
                most: own.most(),
            };
            found::by_words(tx, workspace, &wanted)
        });
        let found = reading.await?;
        let asking = Arc::try_unwrap(asking).unwrap_or_else(|shared| (*shared).clone());
        Ok(Asking { found, ..asking })
    }

    /// Hits with their texts, and whether they are all there: what was deleted meanwhile is left out.
    async fn told(
        &self,
        workspace: WorkspaceId,
        indexes: &[Arc<Index>],
        ranked: Vec<rank::Ranked>,
    ) -> Result<(Vec<Hit>, bool), Fault> {
        let wanted: Vec<(KnowledgeBaseId, i64)> = ranked
            .iter()
            .map(|one| {
                let index = &indexes[one.place.index as usize];
                (index.base, index.number(one.place))
            })
            .collect();
        let reading = self.platform.store.read(move |tx| {
            wanted.iter().map(|(base, number)| rows::text(tx, workspace, *base, *number)).collect::<Result<Vec<_>, _>>()
        });
        let texts = reading.await?;
        let is_whole = texts.iter().all(Option::is_some);
        let hits = ranked.into_iter().zip(texts).filter_map(|(one, text)| {
            let index = &indexes[one.place.index as usize];
            Some(index.hit(one.place, text?, one.score, one.matched))
        });
        Ok((hits.collect(), is_whole))
    }
}

fn unavailable(failure: &ModelFailure) -> Fault {
    let message = format!("The question could not be embedded: {failure}");
    Fault::new(FaultKind::Overloaded, "embedding_unavailable", message)
}

#[cfg(test)]
mod tests;

//! What is searched: chunks of drawn words with drawn vectors, the same in every run.

use floe_model::Fault;
use floe_model::Scope;
use floe_model::agents::{embedding, words};
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId, WorkspaceId};
use floe_runtime::Platform;
use floe_runtime::models::{
    Deltas, EmbedCall, Embedded, ModelCall, ModelFailure, ModelFault, ModelFuture, ModelInfo, ModelKind, ModelReply,
    Models, Price, Usage,
};
use floe_store::agents::knowledge_bases::{self, Base};
use floe_store::agents::knowledge_chunks::{self, Chunk, NewChunk};
use floe_store::agents::knowledge_documents::{self, Document, Place};
use serde_json::json;

use super::{CHUNKS, DIMENSIONS};

/// Chunks of a document.
const DOCUMENT_CHUNKS: usize = 1_000;
/// Words that there are, and words of a chunk.
const VOCABULARY: f64 = 20_000.0;
const CHUNK_WORDS: usize = 120;
/// Words of a question, and the commonest one that it has: those before it are what stop words are in real texts.
const QUESTION_WORDS: usize = 6;
const QUESTION_RANK_MIN: f64 = 100.0;
/// Words of a sentence.
const SENTENCE_WORDS: usize = 12;
/// The model that the base names.
const MODEL: &str = "drawn";

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Drawing(u64);

impl Drawing {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A direction; sums of even draws are near enough to a normal distribution.
    fn direction(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> =
            (0..DIMENSIONS).map(|_| (0..4).map(|_| self.share() - 0.5).sum::<f64>() as f32).collect();
        embedding::normalise(&mut vector);
        vector
    }

    /// Words of which few are common and most are rare, as in real texts.
    fn text(&mut self, count: usize, rank_min: f64) -> String {
        let words = (1..=count).map(|number| {
            let rank = (rank_min * (VOCABULARY / rank_min).powf(self.share())) as u64;
            let end = if number % SENTENCE_WORDS == 0 { "." } else { "" };
            format!("w{rank:x}q{end}")
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The vector of a chunk.
pub(super) fn vector_of_chunk(number: usize) -> Vec<f32> {
    Drawing((number as u64) << 1).direction()
}

/// A question.
pub(super) fn question(number: usize) -> String {
    format!("{number} {}", Drawing(0x5eed ^ ((number as u64) << 20)).text(QUESTION_WORDS, QUESTION_RANK_MIN))
}

/// The text of a document or chunk.
pub(super) fn text(number: usize, words: usize) -> String {
    Drawing(0xc0de ^ ((number as u64) << 20)).text(words, 1.0)
}

/// Its vector.
pub(super) fn vector_of_question(number: usize) -> Vec<f32> {
    Drawing(((number as u64) << 1) | 1).direction()
}

/// Embeds the questions above.
pub(super) struct Drawn;

impl Models for Drawn {
    fn call<'a>(
        &'a self,
        _: Scope,
        _: &'a ModelCall,
        _: Option<&'a dyn Deltas>,
    ) -> ModelFuture<'a, Result<ModelReply, ModelFailure>> {
        Box::pin(async { Err(ModelFault::NotConfigured.into()) })
    }

    fn embed<'a>(&'a self, _: Scope, call: &'a EmbedCall) -> ModelFuture<'a, Result<Embedded, ModelFailure>> {
        let number = |text: &String| text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let vectors = call.texts.iter().map(|text| vector_of_question(number(text))).collect();
        let embedded = Embedded { vectors, model: MODEL.to_owned(), usage: Usage::default(), price: Price::default() };
        Box::pin(async { Ok(embedded) })
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

/// Fills a base.
pub(super) async fn fill(platform: &Platform, workspace: WorkspaceId, base: KnowledgeBaseId) -> anyhow::Result<()> {
    let now = platform.clock.now();
    let row = Base {
        workspace,
        id: base,
        external_id: None,
        name: "Bench".to_owned(),
        description: None,
        embedding_model: MODEL.to_owned(),
        index_model: MODEL.to_owned(),
        dimensions: None,
        chunk_size: 1_000,
        chunk_overlap: 200,
        index_revision: 0,
        reindex_job: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        documents: 0,
        chunks: 0,
    };
    platform.store.write(move |tx| knowledge_bases::insert(tx, &row)).await?;
    for number in 0..CHUNKS / DOCUMENT_CHUNKS {
        let at = Place { workspace, base, document: DocumentId(platform.ids.next_bits()) };
        let document = document(at, number, now);
        let first = number * DOCUMENT_CHUNKS;
        let ids: Vec<u128> = (0..DOCUMENT_CHUNKS).map(|_| platform.ids.next_bits()).collect();
        let chunks: Vec<NewChunk> = ids
            .iter()
            .zip(first..)
            .zip(0_i64..)
            .map(|((id, chunk), position)| {
                let text = text(chunk, CHUNK_WORDS);
                let words = words::searchable(&text);
                let embedding = embedding::to_bytes(&vector_of_chunk(chunk));
                let chunk =
                    Chunk { id: ChunkId(*id), position, text, metadata: json!({ "page": position }).to_string() };
                NewChunk { chunk, words, embedding }
            })
            .collect();
        let writing = platform.store.write(move |tx| {
            knowledge_documents::insert(tx, &document)?;
            knowledge_documents::begin(tx, at, now)?;
            knowledge_chunks::add(tx, at, 1, &chunks)?;
            let revision = knowledge_bases::touch(tx, workspace, base)?.unwrap_or(1);
            knowledge_documents::publish(tx, at, chunks.len() as i64, revision, now)
        });
        writing.await?;
    }
    Ok(())
}

fn document(at: Place, number: usize, now: floe_model::Timestamp) -> Document {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Document {
        workspace: at.workspace,
        base: at.base,
        id: at.document,
        name: format!("{number}.txt"),
        kind: "txt".to_owned(),
        url: None,
        bytes: 1,
        sha256,
        metadata: "{}".to_owned(),
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
        created_at: now,
        updated_at: now,
    }
}

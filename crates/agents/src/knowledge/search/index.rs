//! What is held of a base: the vectors of its visible chunks document by document, and where each chunk is.
//!
//! An index is never changed. The chunks of one generation of a document never change either, so that a newer index shares with the older
//! one what it has in common with it.

use std::sync::Arc;

use floe_model::agents::embedding;
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId};
use floe_store::agents::knowledge_search as rows;
use serde_json::{Map, Value};

use super::{Hit, Matched};

/// Bytes of a chunk beside its vector, about.
const CHUNK_BYTES: usize = 64;

/// A place in some indexes: what stands for a chunk while it is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// The chunk's id: equal scores go by it.
    pub(super) chunk: ChunkId,
    /// Which of the indexes.
    pub(super) index: u32,
    /// Which document of it.
    pub(super) document: u32,
    /// Which chunk of that.
    pub(super) row: u32,
}

/// The visible chunks of a base at one revision.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) base: KnowledgeBaseId,
    pub(super) revision: i64,
    /// What the vectors were made with.
    pub(super) model: String,
    pub(super) documents: Vec<Document>,
    /// Number, document and row of each chunk, by number.
    places: Vec<(i64, u32, u32)>,
}

/// A document with its chunks.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) id: DocumentId,
    pub(super) generation: i64,
    name: String,
    metadata: Map<String, Value>,
    pub(super) body: Arc<Body>,
}

/// The chunks of one generation of a document.
#[derive(Debug, Default)]
pub(super) struct Body {
    numbers: Vec<i64>,
    ids: Vec<ChunkId>,
    positions: Vec<u32>,
    /// Neighbours mostly have the same.
    metadata: Vec<Arc<Map<String, Value>>>,
    /// Values of each vector.
    width: usize,
    /// The vectors one after the other.
    matrix: Vec<f32>,
}

impl Body {
    /// Adds the next chunk.
    pub(super) fn push(&mut self, chunk: &rows::Chunk) {
        let vector = embedding::from_bytes(&chunk.embedding);
        if self.numbers.is_empty() {
            self.width = vector.len();
        }
        self.matrix.extend(vector);
        self.numbers.push(chunk.number);
        self.ids.push(chunk.id);
        self.positions.push(chunk.position);
        // A vector of another length would move all that follow; what it says about the chunk is nothing then.
        self.matrix.resize(self.width * self.numbers.len(), 0.0);
        let metadata = object(&chunk.metadata);
        let shared = self.metadata.last().filter(|last| ***last == metadata).map(Arc::clone);
        self.metadata.push(shared.unwrap_or_else(|| Arc::new(metadata)));
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    fn vector(&self, row: usize) -> &[f32] {
        &self.matrix[row * self.width..(row + 1) * self.width]
    }
}

impl Index {
    /// Puts documents together.
    pub(super) fn new(base: KnowledgeBaseId, revision: i64, model: String, documents: Vec<Document>) -> Self {
        let mut places: Vec<(i64, u32, u32)> = Vec::with_capacity(documents.iter().map(|one| one.body.len()).sum());
        for (document, one) in (0_u32..).zip(&documents) {
            places.extend((0_u32..).zip(&one.body.numbers).map(|(row, number)| (*number, document, row)));
        }
        places.sort_unstable();
        Self { base, revision, model, documents, places }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many chunks there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.documents.iter().map(|one| size_of_val(&one.body.matrix[..]) + one.body.len() * CHUNK_BYTES).sum()
    }

    /// The first and the last number, when at least half of the numbers between them are of this base.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let ((first, ..), (last, ..)) = (self.places.first()?, self.places.last()?);
        let between = usize::try_from(last - first).ok()?;
        (between <= self.places.len() * 2).then_some((*first, *last))
    }

    /// The place of a chunk by its number; `index` is what the places of this one say.
    pub(super) fn place(&self, index: u32, number: i64) -> Option<Place> {
        self.rank(number).map(|rank| self.at_rank(index, rank))
    }

    /// Which chunk by number one is, from 0; none when it cannot be seen.
    pub(super) fn rank(&self, number: i64) -> Option<u32> {
        let at = self.places.binary_search_by_key(&number, |(number, _, _)| *number).ok()?;
        u32::try_from(at).ok()
    }

    /// The place of a chunk by its rank.
    pub(super) fn at_rank(&self, index: u32, rank: u32) -> Place {
        let (_, document, row) = self.places[rank as usize];
        self.at(index, document, row)
    }

    /// The number of a chunk by its rank.
    pub(super) fn number_at(&self, rank: u32) -> i64 {
        self.places[rank as usize].0
    }

    pub(super) fn at(&self, index: u32, document: u32, row: u32) -> Place {
        let chunk = self.documents[document as usize].body.ids[row as usize];
        Place { chunk, index, document, row }
    }

    /// The number of a chunk in the database.
    pub(super) fn number(&self, place: Place) -> i64 {
        self.body(place).numbers[place.row as usize]
    }

    /// Cosine of a chunk and a vector between 0 and 1; 0 when they are of different lengths.
    pub(super) fn score(&self, document: u32, row: u32, vector: &[f32]) -> f32 {
        let body = &self.documents[document as usize].body;
        if body.width != vector.len() {
            return 0.0;
        }
        embedding::dot(body.vector(row as usize), vector).clamp(0.0, 1.0)
    }

    /// Whether the metadata of a chunk has all that a filter asks for.
    pub(super) fn passes(&self, document: u32, row: u32, filter: &Map<String, Value>) -> bool {
        let of_document = &self.documents[document as usize].metadata;
        let of_chunk = &self.documents[document as usize].body.metadata[row as usize];
        filter.iter().all(|(name, wanted)| {
            of_chunk.get(name).or_else(|| of_document.get(name)).is_some_and(|value| is_equal(value, wanted))
        })
    }

    /// The chunk as a caller gets it.
    pub(super) fn hit(&self, place: Place, text: String, score: f64, matched: Matched) -> Hit {
        let document = &self.documents[place.document as usize];
        let mut metadata = document.metadata.clone();
        let of_chunk = &document.body.metadata[place.row as usize];
        metadata.extend(of_chunk.iter().map(|(name, value)| (name.clone(), value.clone())));
        Hit {
            chunk: place.chunk,
            document: document.id,
            base: self.base,
            document_name: document.name.clone(),
            position: document.body.positions[place.row as usize],
            text,
            score,
            source: source(&document.name, of_chunk),
            metadata,
            matched,
        }
    }

    fn body(&self, place: Place) -> &Body {
        &self.documents[place.document as usize].body
    }
}

impl Document {
    /// A document with its chunks.
    pub(super) fn new(row: &rows::Document, body: Arc<Body>) -> Self {
        Self { id: row.id, generation: row.generation, name: row.name.clone(), metadata: object(&row.metadata), body }
    }
}

/// Numbers are equal by their value: `4` is `4.0`.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// A document's name, with the page or the section where the chunk is.
fn source(name: &str, chunk: &Map<String, Value>) -> String {
    match (chunk.get("page").and_then(Value::as_i64), chunk.get("section").and_then(Value::as_str)) {
        (Some(page), _) => format!("{name}, page {page}"),
        (None, Some(section)) if !section.is_empty() => format!("{name}, {section}"),
        _ => name.to_owned(),
    }
}

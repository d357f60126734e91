//! Reads for searches over `knowledge_bases`, `knowledge_documents` and `knowledge_chunks` with their full text: what a search is answered
//! from (console contract, section 5.2).
//!
//! Of each document the chunks of one generation can be seen, and those of a generation never change. So a reader may hold them, and sees
//! from the revision of the base whether it holds the right ones.

use floe_model::Fault;
use floe_model::id::{ChunkId, DocumentId, KnowledgeBaseId, WorkspaceId};

use crate::{Row, Tx, params, statements};

/// Chunks of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Chunks that are told for one word at most: as many as the largest base has that is searched well (0035).
pub const FOUND_MAX: usize = 250_000;

/// What the visible chunks of a base are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name.
    pub name: String,
    /// The model that they were embedded with.
    pub model: String,
    /// How many values their vectors have; none before the first chunk.
    pub dimensions: Option<u32>,
    /// Grows with each change of what can be seen.
    pub revision: i64,
}

/// A document with chunks that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its name.
    pub name: String,
    /// Generation of its chunks.
    pub generation: i64,
    /// How many there are.
    pub chunks: u32,
    /// JSON object.
    pub metadata: String,
}

/// A chunk without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Its number in the full text.
    pub number: i64,
    /// Of this document.
    pub document: DocumentId,
    /// And this generation.
    pub generation: i64,
    /// Its place in the document, from 0.
    pub position: u32,
    /// Its id.
    pub id: ChunkId,
    /// JSON object.
    pub metadata: String,
    /// Little-endian 32-bit floats.
    pub embedding: Vec<u8>,
}

/// Where a page of chunks begins: after this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The document.
    pub document: DocumentId,
    /// Its generation.
    pub generation: i64,
    /// The place in it.
    pub position: i64,
}

impl After {
    /// Before every chunk of a base.
    pub const START: Self = Self { document: DocumentId(0), generation: -1, position: -1 };
}

statements! {
    /// One base.
    BASE = both(
        "select name, index_model, dimensions, index_revision from knowledge_bases where workspace_id = $1 and id = $2"
    ) -> [text, text, opt int, int];
    /// Its documents with visible chunks.
    DOCUMENTS = both(
        "select id, name, generation, chunks, metadata from knowledge_documents
         where workspace_id = $1 and base_id = $2 and generation > 0 order by id"
    ) -> [id, text, int, int, json];
    /// A page of its chunks of all documents.
    CHUNKS = both(
        "select number, document_id, generation, position, id, metadata, embedding from knowledge_chunks
         where workspace_id = $1 and base_id = $2 and (document_id, generation, position) > ($3, $4, $5)
         order by document_id, generation, position limit $6"
    ) -> [int, id, int, int, id, json, bytes];
    /// A page of the chunks of one document.
    CHUNKS_OF = both(
        "select number, document_id, generation, position, id, metadata, embedding from knowledge_chunks
         where workspace_id = $1 and base_id = $2 and document_id = $3 and generation = $4 and position > $5
         order by position limit $6"
    ) -> [int, id, int, int, id, json, bytes];
    /// Chunks with a word, of all generations, by number.
    WITH_WORD = split {
        sqlite: "select rowid from knowledge_words
            where knowledge_words match 'base : \"' || lower(hex($2)) || '\" AND words : \"' || $3 || '\"' and $1 is not null
            order by rowid limit $4",
        postgres: "select number from knowledge_chunks
            where workspace_id = $1 and base_id = $2 and word_vector @@ plainto_tsquery('simple', $3)
            order by number limit $4",
    } -> [int];
    /// Chunks with a word between two numbers, of whatever base where that costs nothing to leave out afterwards.
    WITH_WORD_BETWEEN = split {
        sqlite: "select rowid from knowledge_words
            where knowledge_words match 'words : \"' || $3 || '\"' and rowid between $4 and $5 and $1 is not null and $2 is not null
            order by rowid limit $6",
        postgres: "select number from knowledge_chunks
            where workspace_id = $1 and base_id = $2 and word_vector @@ plainto_tsquery('simple', $3) and number between $4 and $5
            order by number limit $6",
    } -> [int];
    /// Chunks with a word, the ones that it says most about first.
    STRONGEST = split {
        sqlite: "select rowid from knowledge_words
            where knowledge_words match 'base : \"' || lower(hex($2)) || '\" AND words : \"' || $3 || '\"' and $1 is not null
            order by bm25(knowledge_words, 0.0, 1.0), rowid limit $4",
        postgres: "select c.number from plainto_tsquery('simple', $3) as word, knowledge_chunks c
            where c.workspace_id = $1 and c.base_id = $2 and c.word_vector @@ word
            order by ts_rank(c.word_vector, word, 1) desc, c.number limit $4",
    } -> [int];
    /// The words of some chunks.
    WORDS = split {
        sqlite: "select number, words from knowledge_chunks
            where workspace_id = $1 and base_id = $2 and number in (select value from json_each($3))",
        postgres: "select number, words from knowledge_chunks
            where workspace_id = $1 and base_id = $2 and number in (select json_array_elements_text($3::text::json)::bigint)",
    } -> [int, text];
    /// The text of a visible chunk.
    TEXT = both(
        "select c.text from knowledge_chunks c
         join knowledge_documents d on d.workspace_id = c.workspace_id and d.base_id = c.base_id and d.id = c.document_id
             and d.generation = c.generation
         where c.workspace_id = $1 and c.base_id = $2 and c.number = $3"
    ) -> [text];
}

/// What can be seen of a base.
///
/// # Errors
/// Of the database.
pub fn base(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Option<Base>, Fault> {
    tx.row(&BASE, params![workspace, base], |row| {
        let dimensions = row.opt_int(2)?.map(|value| u32::try_from(value).map_err(Fault::internal)).transpose()?;
        Ok(Base { name: row.string(0)?, model: row.string(1)?, dimensions, revision: row.int(3)? })
    })
}

/// The documents of a base whose chunks can be seen, by id.
///
/// # Errors
/// Of the database.
pub fn documents(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Vec<Document>, Fault> {
    tx.rows(&DOCUMENTS, params![workspace, base], |row| {
        Ok(Document {
            id: DocumentId(row.id(0)?),
            name: row.string(1)?,
            generation: row.int(2)?,
            chunks: row.u32(3)?,
            metadata: row.string(4)?,
        })
    })
}

/// Up to `limit` ([`PAGE_MAX`] at most) chunks of a base after a place, of all generations, by document, generation and place.
///
/// # Errors
/// Of the database.
pub fn chunks(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    after: After,
    limit: usize,
) -> Result<Vec<Chunk>, Fault> {
    let After { document, generation, position } = after;
    tx.rows(&CHUNKS, params![workspace, base, document, generation, position, limit.min(PAGE_MAX)], map)
}

/// Up to `limit` ([`PAGE_MAX`] at most) chunks of one generation of a document after a place, in order.
///
/// # Errors
/// Of the database.
pub fn chunks_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    after: After,
    limit: usize,
) -> Result<Vec<Chunk>, Fault> {
    let After { document, generation, position } = after;
    tx.rows(&CHUNKS_OF, params![workspace, base, document, generation, position, limit.min(PAGE_MAX)], map)
}

/// The numbers of the chunks of a base that have a word, ascending, at most [`FOUND_MAX`]. The word is one of
/// `floe_model::agents::words`: letters and digits only.
///
/// `span`, the first and the last number of the base, is given by callers who know that most chunks between them are of this base: that
/// is quicker, and chunks of other bases may be among those that are told. Nothing but their numbers is, and [`words`] gives nothing
/// for them.
///
/// # Errors
/// Of the database.
pub fn with_word(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    word: &str,
    span: Option<(i64, i64)>,
) -> Result<Vec<i64>, Fault> {
    debug_assert!(!word.contains(['"', '\'', ' ']), "a word is letters and digits");
    match span {
        None => tx.rows(&WITH_WORD, params![workspace, base, word, FOUND_MAX], |row| row.int(0)),
        Some((first, last)) => {
            tx.rows(&WITH_WORD_BETWEEN, params![workspace, base, word, first, last, FOUND_MAX], |row| row.int(0))
        }
    }
}

/// The numbers of up to `limit` chunks of a base that a word says most about, in the database's own measure.
///
/// # Errors
/// Of the database.
pub fn strongest(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    word: &str,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    debug_assert!(!word.contains(['"', '\'', ' ']), "a word is letters and digits");
    tx.rows(&STRONGEST, params![workspace, base, word, limit], |row| row.int(0))
}

/// Gives the number and the words, with a blank between them, of some chunks of a base to `each`, in no order; those that are gone, or are of
/// another base, are left out.
///
/// # Errors
/// Of the database.
pub fn words(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    numbers: &[i64],
    mut each: impl FnMut(i64, &str),
) -> Result<(), Fault> {
    let numbers = serde_json::to_string(numbers).map_err(Fault::internal)?;
    tx.rows(&WORDS, params![workspace, base, &numbers], |row| {
        each(row.int(0)?, row.text(1)?);
        Ok(())
    })
    .map(drop)
}

/// The text of a chunk; none when it can no longer be seen.
///
/// # Errors
/// Of the database.
pub fn text(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    number: i64,
) -> Result<Option<String>, Fault> {
    tx.row(&TEXT, params![workspace, base, number], |row| row.string(0))
}

fn map(row: &Row<'_>) -> Result<Chunk, Fault> {
    Ok(Chunk {
        number: row.int(0)?,
        document: DocumentId(row.id(1)?),
        generation: row.int(2)?,
        position: row.u32(3)?,
        id: ChunkId(row.id(4)?),
        metadata: row.string(5)?,
        embedding: row.bytes(6)?.to_vec(),
    })
}

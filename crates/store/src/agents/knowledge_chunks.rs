//! Table `knowledge_chunks`: the pieces of documents that a search finds. The full text beside it follows by itself.

use floe_model::{
    Fault,
    id::{ChunkId, KnowledgeBaseId, WorkspaceId},
};

use super::knowledge_documents::Place;
use crate::{Row, Tx, Value, params, statements};

/// Chunks on one page.
pub const PAGE_MAX: usize = 201;
/// Bytes of one value of a vector.
const FLOAT_BYTES: i64 = 4;

/// A chunk as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its id.
    pub id: ChunkId,
    /// Its place in its document, from 0.
    pub position: i64,
    /// What it says.
    pub text: String,
    /// JSON object: where in the document it is from, e.g. `page` and `section`.
    pub metadata: String,
}

/// A chunk to be kept.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// What people see.
    pub chunk: Chunk,
    /// Its words as a search compares them, with a blank between them.
    pub words: String,
    /// A unit vector of little-endian 32-bit floats.
    pub embedding: Vec<u8>,
}

statements! {
    /// Some of one generation.
    ADD = bulk(
        "insert into knowledge_chunks (workspace_id, base_id, document_id, generation, position, id, text, words, metadata, embedding)",
        [id, id, id, int, int, id, text, text, json, bytes]
    );
    /// How many a generation has.
    COUNT = both(
        "select count(*) from knowledge_chunks where workspace_id = $1 and base_id = $2 and document_id = $3 and generation = $4"
    ) -> [int];
    /// One of a generation.
    TEXT_AT = both(
        "select text from knowledge_chunks
         where workspace_id = $1 and base_id = $2 and document_id = $3 and generation = $4 and position = $5"
    ) -> [text];
    /// All of a base that a search sees.
    COUNT_VISIBLE = both(
        "select cast(coalesce(sum(chunks + staged_chunks), 0) as bigint) from knowledge_documents where workspace_id = $1 and base_id = $2"
    ) -> [int];
    /// How long the vector of some chunk is that a search sees, in bytes.
    VECTOR_BYTES = both(
        "select cast(length(c.embedding) as bigint) from knowledge_documents d
         join knowledge_chunks c on c.workspace_id = d.workspace_id and c.base_id = d.base_id and c.document_id = d.id
             and c.generation = d.generation
         where d.workspace_id = $1 and d.base_id = $2 and d.generation > 0 limit 1"
    ) -> [int];
    /// First to last.
    LIST_UP = both(
        "select id, position, text, metadata from knowledge_chunks
         where workspace_id = $1 and base_id = $2 and document_id = $3 and generation = $4 and position > $5
         order by position limit $6"
    ) -> [id, int, text, json];
    /// Last to first.
    LIST_DOWN = both(
        "select id, position, text, metadata from knowledge_chunks
         where workspace_id = $1 and base_id = $2 and document_id = $3 and generation = $4 and position < $5
         order by position desc limit $6"
    ) -> [id, int, text, json];
    /// Those of a document that are of none of these generations, some at a time.
    DELETE_OTHERS = both(
        "delete from knowledge_chunks where number in (
             select number from knowledge_chunks
             where workspace_id = $1 and base_id = $2 and document_id = $3 and generation not in ($4, $5, $6) limit $7)"
    );
}

/// Keeps chunks of one generation of a document.
///
/// # Errors
/// Of the database; a conflict `already_exists` when a place is taken.
pub fn add(tx: &mut Tx<'_>, at: Place, generation: i64, chunks: &[NewChunk]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 10]> = chunks
        .iter()
        .map(|new| {
            [
                at.workspace.into(),
                at.base.into(),
                at.document.into(),
                generation.into(),
                new.chunk.position.into(),
                new.chunk.id.into(),
                (&new.chunk.text).into(),
                (&new.words).into(),
                (&new.chunk.metadata).into(),
                (&new.embedding).into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// How many a generation of a document has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, at: Place, generation: i64) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![at.workspace, at.base, at.document, generation], |row| row.int(0))?.unwrap_or(0))
}

/// The text at one place of a generation.
///
/// # Errors
/// Of the database.
pub fn text_at(tx: &mut Tx<'_>, at: Place, generation: i64, position: i64) -> Result<Option<String>, Fault> {
    tx.row(&TEXT_AT, params![at.workspace, at.base, at.document, generation, position], |row| row.string(0))
}

/// How many chunks a base has that a search sees, or will see after a reindex.
///
/// # Errors
/// Of the database.
pub fn count_of_base(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT_VISIBLE, params![workspace, base], |row| row.int(0))?.unwrap_or(0))
}

/// How many values the vectors of a base have that a search sees; none without any.
///
/// # Errors
/// Of the database.
pub fn dimensions(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Option<i64>, Fault> {
    let bytes = tx.row(&VECTOR_BYTES, params![workspace, base], |row| row.int(0))?;
    Ok(bytes.map(|bytes| bytes / FLOAT_BYTES))
}

/// Chunks of a generation behind a place, in order or against it.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    at: Place,
    generation: i64,
    after: Option<i64>,
    backwards: bool,
    limit: usize,
) -> Result<Vec<Chunk>, Fault> {
    let (sql, edge) = if backwards { (&LIST_DOWN, i64::MAX) } else { (&LIST_UP, -1) };
    let after = after.unwrap_or(edge);
    tx.rows(sql, params![at.workspace, at.base, at.document, generation, after, limit.min(PAGE_MAX)], map)
}

/// Takes away up to `limit` chunks of a document that are of none of these generations; returns how many.
///
/// # Errors
/// Of the database.
pub fn delete_others(tx: &mut Tx<'_>, at: Place, keep: [i64; 3], limit: usize) -> Result<u64, Fault> {
    let [first, second, third] = keep;
    tx.execute(&DELETE_OTHERS, params![at.workspace, at.base, at.document, first, second, third, limit])
}

fn map(row: &Row<'_>) -> Result<Chunk, Fault> {
    Ok(Chunk { id: ChunkId(row.id(0)?), position: row.int(1)?, text: row.string(2)?, metadata: row.string(3)? })
}

//! Shapes of knowledge bases and their documents.

use floe_agents::knowledge::bases::{CHUNK_SIZE_MAX, CHUNK_SIZE_MIN};
use floe_agents::knowledge::documents::NAME_CHARS_MAX;

use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, closed, input, int, list, may, must, object, pattern, text,
    words,
};

const SIZE: Shape = int(CHUNK_SIZE_MIN as i64, CHUNK_SIZE_MAX as i64);
const OVERLAP: Shape = int(0, CHUNK_SIZE_MAX as i64 / 2);
const NAME: Shape = text(1, 120);
const DESCRIPTION: Shape = text(0, 1_000);

/// Something that names a knowledge base.
const USER: Shape = object(
    "KnowledgeBaseUse",
    &[
        must("type", words(&["agent", "flow"])),
        must("id", ID),
        must("name", TEXT.or_null()).about("Null when you may not see it"),
    ],
);
/// A knowledge base.
pub(in crate::console) const KNOWLEDGE_BASE: Shape = object(
    "KnowledgeBase",
    &[
        must("id", TEXT).about("The id given when it was made, where that was none of ours"),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("embedding_model", TEXT),
        must("chunk_size", SIZE).about("Characters of a chunk at most"),
        must("chunk_overlap", OVERLAP).about("Characters that a chunk repeats of the one before, at most"),
        must("document_count", COUNT),
        must("chunk_count", COUNT).about("Chunks that a search sees"),
        must("needs_reindex", FLAG).about("Whether searches still use another embedding model than the chosen one"),
        must("reindex_job_id", TEXT.or_null()).about("The reindex that is under way"),
        must("used_by", list(&USER)),
        must("revision", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// Knowledge bases.
pub(in crate::console) const KNOWLEDGE_BASES: Shape = object("KnowledgeBases", &page(&KNOWLEDGE_BASE));
/// A new knowledge base.
pub(in crate::console) const NEW_KNOWLEDGE_BASE: Shape = closed(
    "NewKnowledgeBase",
    &[
        may("id", pattern("^[A-Za-z0-9_.:-]{1,128}$")).about("The id that it had elsewhere"),
        must("name", NAME),
        may("description", DESCRIPTION),
        may("embedding_model", text(1, 200)).about("The built-in one unless given"),
        may("chunk_size", SIZE).about("1000 unless given"),
        may("chunk_overlap", OVERLAP).about("200 unless given; at most half of chunk_size"),
    ],
);
/// What can be changed of a knowledge base.
pub(in crate::console) const KNOWLEDGE_BASE_PATCH: Shape = closed(
    "KnowledgeBasePatch",
    &[
        may("name", NAME),
        may("description", DESCRIPTION).about("Null takes it away"),
        may("embedding_model", text(1, 200)).about("Holds for searches after a reindex"),
        may("chunk_size", SIZE).about("Holds for documents that are read from then on"),
        may("chunk_overlap", OVERLAP),
    ],
);

/// The states of a document.
pub(in crate::console) const STATUS: Shape =
    words(&["queued", "extracting", "chunking", "embedding", "ready", "failed"]);
const KIND: Shape = words(&["txt", "md", "html", "csv", "json", "pdf", "docx"]);
/// Why a document failed.
const ERROR: Shape = object("DocumentError", &[must("code", TEXT), must("message", TEXT)]);
/// A document.
pub(in crate::console) const DOCUMENT: Shape = object(
    "Document",
    &[
        must("id", ID),
        must("knowledge_base_id", TEXT),
        must("name", TEXT),
        must("type", KIND),
        must("url", TEXT.or_null()).about("Where it was fetched from"),
        must("status", STATUS),
        must("progress", int(0, 100)),
        must("chunks", COUNT).about("Chunks that a search sees"),
        must("bytes", COUNT),
        must("sha256", TEXT),
        must("error", ERROR.or_null()),
        must("metadata", JSON_OBJECT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// Documents.
pub(in crate::console) const DOCUMENTS: Shape = object("Documents", &page(&DOCUMENT));
/// A new document from a text or an address.
pub(in crate::console) const NEW_DOCUMENT: Shape = closed(
    "NewDocument",
    &[
        may("name", text(1, NAME_CHARS_MAX)).about("Its ending tells the kind of a text; needed with content"),
        may("content", text(1, 2 * 1024 * 1024)).about("Its text; either this or url"),
        may("url", text(1, 2_000)).about("Where it is fetched from, once"),
        may("metadata", JSON_OBJECT).about("Texts, numbers and truth values by which a search can filter"),
    ],
);
/// A new document as a file.
pub(in crate::console) const NEW_DOCUMENT_FILE: Shape = input(
    "NewDocumentFile",
    &[
        must("file", TEXT).about("At most 25 MiB"),
        may("name", text(1, NAME_CHARS_MAX)).about("The name of the file unless given"),
        may("metadata", TEXT).about("As JSON"),
    ],
);
/// A chunk of a document.
const CHUNK: Shape = object(
    "DocumentChunk",
    &[
        must("id", ID),
        must("chunk_index", COUNT),
        must("content", TEXT),
        must("metadata", JSON_OBJECT).about("Where in the document it is from, such as its page and section"),
    ],
);
/// Chunks.
pub(in crate::console) const CHUNKS: Shape = object("DocumentChunks", &page(&CHUNK));
/// Work that goes on.
pub(in crate::console) const REINDEX: Shape =
    object("ReindexReceipt", &[must("job_id", ID).about("See GET /console/v1/jobs/{id}")]);

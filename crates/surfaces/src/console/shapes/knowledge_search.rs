//! Shapes of searches in knowledge bases.

use crate::http::shape::{
    COUNT, FLAG, ID, JSON_OBJECT, NUMBER, Shape, TEXT, closed, int, list, may, must, object, text,
};

/// A question.
pub(in crate::console) const KNOWLEDGE_QUERY: Shape = closed(
    "KnowledgeQuery",
    &[
        must("query", text(1, 8_000)),
        may("top_k", int(1, i64::MAX)).about("5 unless given; more than 20 count as 20"),
        may("threshold", NUMBER).about("Least score, 0 to 1; 0 unless given"),
        may("similarity_threshold", NUMBER).about("Another name of threshold"),
        may("filter", JSON_OBJECT).about("Each member must equal that of the metadata"),
    ],
);

/// What answers it.
pub(in crate::console) const KNOWLEDGE_RESULTS: Shape = object(
    "KnowledgeResults",
    &[
        must("results", list(&RESULT)).about("Highest score first"),
        must("query", TEXT),
        must("top_k", COUNT),
        must("knowledge_base_id", ID),
    ],
);

const RESULT: Shape = object(
    "KnowledgeResult",
    &[
        must("id", ID),
        must("chunk_id", ID),
        must("content", TEXT),
        must("document_id", ID),
        must("document_name", TEXT),
        must("chunk_index", COUNT),
        must("score", NUMBER).about("Cosine, 0 to 1"),
        must("similarity", NUMBER),
        must("metadata", JSON_OBJECT).about("Of the document, with that of the chunk over it"),
        must("source", TEXT).about("Document with its page or section"),
        must("rank", COUNT).about("Place in the fused order, from 1"),
        must("matched", object("KnowledgeMatched", &[must("vector", FLAG), must("text", FLAG)])),
    ],
);

//! Shapes of knowledge bases.

use super::WIRE_ID;
use crate::http::shape::{COUNT, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, input, int, list, may, must, object, text};

/// A knowledge base.
pub(in crate::workflows) const BASE: Shape = object(
    "WorkflowsKnowledgeBase",
    &[
        // One that was given when the base was made may be longer.
        must("id", TEXT),
        must("name", TEXT),
        must("description", TEXT.or_null()),
        must("embedding_model", TEXT),
        must("chunk_size", COUNT).about("Characters"),
        must("chunk_overlap", COUNT).about("Characters"),
        must("document_count", COUNT),
        must("chunk_count", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);

/// A question.
pub(in crate::workflows) const QUERY: Shape = input(
    "QueryKnowledgeBase",
    &[
        must("query", text(1, 8_000)),
        may("top_k", int(1, i64::MAX)).about("5 unless given; more than 20 count as 20"),
        may("threshold", NUMBER).about("Least score, 0 to 1; 0 unless given"),
        may("similarity_threshold", NUMBER).about("Another name of threshold"),
        may("filter", JSON_OBJECT).about("What the metadata of a passage must be equal to, member by member"),
    ],
);

const RESULT: Shape = object(
    "WorkflowsPassage",
    &[
        must("id", WIRE_ID),
        must("chunk_id", WIRE_ID),
        must("content", TEXT),
        must("document_id", WIRE_ID),
        must("document_name", TEXT),
        must("chunk_index", COUNT),
        must("score", NUMBER).about("Cosine of question and passage, 0 to 1"),
        must("similarity", NUMBER).about("The same"),
        must("metadata", JSON_OBJECT),
    ],
);

/// Passages.
pub(in crate::workflows) const RESULTS: Shape = object(
    "WorkflowsPassages",
    &[must("results", list(&RESULT)), must("query", TEXT), must("top_k", COUNT), must("knowledge_base_id", TEXT)],
);

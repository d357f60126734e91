//! Rows of knowledge bases and their documents.

use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    use Thing::{KnowledgeBase, KnowledgeDocument, None};
    vec![
        row("GET", "/console/v1/knowledge-bases", None).lists(KnowledgeBase),
        row("POST", "/console/v1/knowledge-bases", None)
            .body(|_| json!({ "name": "Handbook" }))
            .other(|_| json!({ "name": "Manual", "chunk_size": 500 })),
        row("GET", "/console/v1/knowledge-bases/{id}", KnowledgeBase),
        row("PATCH", "/console/v1/knowledge-bases/{id}", KnowledgeBase).body(
            |_| json!({ "name": "New", "description": "What is in it", "chunk_size": 800, "chunk_overlap": 100 }),
        ),
        row("DELETE", "/console/v1/knowledge-bases/{id}", KnowledgeBase),
        row("POST", "/console/v1/knowledge-bases/{id}/reindex", KnowledgeBase),
        row("GET", "/console/v1/knowledge-bases/{id}/documents", KnowledgeDocument),
        row("POST", "/console/v1/knowledge-bases/{id}/documents", KnowledgeBase)
            .body(|_| json!({ "name": "new.md", "content": "# Returns\n\nSend it back." }))
            .other(
                |_| json!({ "name": "other.txt", "content": "We ship on weekdays.", "metadata": { "team": "shop" } }),
            ),
        row("GET", "/console/v1/knowledge-bases/{id}/documents/{doc_id}", KnowledgeDocument),
        row("DELETE", "/console/v1/knowledge-bases/{id}/documents/{doc_id}", KnowledgeDocument),
        row("GET", "/console/v1/knowledge-bases/{id}/documents/{doc_id}/chunks", KnowledgeDocument)
            .fixed("nothing is indexed here; see knowledge.rs"),
        row("POST", "/console/v1/knowledge-bases/{id}/documents/{doc_id}/reindex", KnowledgeDocument),
        row("POST", "/console/v1/knowledge-bases/{id}/search", KnowledgeBase)
            .body(|_| json!({ "query": "returns" }))
            .other(|_| json!({ "query": "shipping", "top_k": 3 })),
    ]
}

/// A knowledge base, or the last of three documents of one: `id`, `doc_id`.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let base = |at| json!({ "name": format!("Base {at}") });
    let made = world.posted(side, "/console/v1/knowledge-bases", base).await;
    let id = made["id"].as_str().expect("an id");
    if thing == Thing::KnowledgeBase {
        return made;
    }
    let path = format!("/console/v1/knowledge-bases/{id}/documents");
    let document = |at| json!({ "name": format!("{at}.txt"), "content": format!("Document {at} says so.") });
    let mut last = Value::Null;
    for _ in 0..3 {
        last = world.posted(side, &path, document).await;
    }
    json!({ "id": id, "doc_id": last["id"] })
}

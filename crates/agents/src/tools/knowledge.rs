//! Searching knowledge bases as a tool.

use std::sync::Arc;

use floe_model::id::KnowledgeBaseId;
use floe_model::{Fault, FaultKind, Scope};
use floe_runtime::Platform;
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolFuture, ToolSpec};
use floe_store::agents::knowledge_bases;
use serde_json::{Value, json};

use super::{names, text};
use crate::Agents;
use crate::knowledge::search::{Asked, BASES_MAX, Hit, QUERY_CHARS_MAX, TOP_K_DEFAULT};

/// Passages of one call at most.
const TOP_K_MAX: u64 = 50;
/// Characters of the names of bases that a description tells.
const NAMES_CHARS_MAX: usize = 500;

struct KnowledgeTool {
    spec: ToolSpec,
    bases: Vec<KnowledgeBaseId>,
    top_k: usize,
    threshold: f64,
    agents: Arc<Agents>,
}

/// The tool of a definition.
///
/// # Errors
/// `invalid_definition`; `not_found` when none of its knowledge bases is there.
pub(super) async fn open(agents: &Arc<Agents>, scope: Scope, definition: &Value) -> Result<Arc<dyn Tool>, ToolFault> {
    let ids = definition.get("knowledge_base_ids").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let ids: Vec<KnowledgeBaseId> =
        ids.iter().filter_map(|id| KnowledgeBaseId::parse(id.as_str()?).ok()).take(BASES_MAX).collect();
    let wanted = ids.clone();
    let reading = agents.platform.store.read(move |tx| {
        let mut names = Vec::new();
        for id in &wanted {
            names.extend(knowledge_bases::find(tx, scope.workspace, *id)?.map(|base| base.name));
        }
        Ok(names)
    });
    let found = reading.await.map_err(|_| ToolFault::new("failed", "The knowledge bases could not be read"))?;
    if found.is_empty() {
        return Err(ToolFault::new("not_found", "None of the knowledge bases is there"));
    }
    let told: String = found.join(", ").chars().take(NAMES_CHARS_MAX).collect();
    let description = text(definition, "description").map_or_else(
        || format!("Searches the knowledge base for passages that answer a question: {told}"),
        str::to_owned,
    );
    let spec = ToolSpec {
        name: names::plain(text(definition, "name").unwrap_or("search_knowledge"), "search_knowledge"),
        description,
        parameters: json!({
            "type": "object", "required": ["query"], "additionalProperties": false,
            "properties": { "query": {
                "type": "string", "minLength": 1, "maxLength": QUERY_CHARS_MAX,
                "description": "What to look for, in words that the text itself may use",
            } },
        }),
    };
    let top_k = definition.get("top_k").and_then(Value::as_u64).map(|top_k| top_k.clamp(1, TOP_K_MAX));
    Ok(Arc::new(KnowledgeTool {
        spec,
        bases: ids,
        top_k: top_k.and_then(|top_k| usize::try_from(top_k).ok()).unwrap_or(TOP_K_DEFAULT),
        threshold: definition.get("threshold").and_then(Value::as_f64).unwrap_or(0.0).clamp(0.0, 1.0),
        agents: Arc::clone(agents),
    }))
}

impl Tool for KnowledgeTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let query = call.arguments["query"].as_str().unwrap_or_default().to_owned();
            let asked = Asked { query, top_k: self.top_k, threshold: self.threshold, ..Asked::default() };
            let hits =
                self.agents.search.run(call.scope, &self.bases, &asked).await.map_err(|fault| fault_of(&fault))?;
            let passages: Vec<Value> = hits.iter().filter(|hit| hit.is_relevant()).map(passage).collect();
            Ok(json!({ "results": passages }))
        })
    }
}

fn passage(hit: &Hit) -> Value {
    json!({ "text": hit.text, "source": hit.source, "score": hit.score, "document_id": hit.document.prefixed() })
}

fn fault_of(fault: &Fault) -> ToolFault {
    match fault.kind() {
        FaultKind::NotFound => ToolFault::new("not_found", "None of the knowledge bases is there"),
        FaultKind::Overloaded => ToolFault::new("busy", "The knowledge base cannot be searched now; try again later"),
        _ => ToolFault::new("failed", "The knowledge base could not be searched"),
    }
}

//! Rows of model providers and models.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::{Side, World};

pub(super) fn all() -> Vec<Row> {
    use Thing::{Model, ModelProvider, None};
    const CALLS: &str = "calls the outside; see models.rs";
    vec![
        row("GET", "/console/v1/model-providers", None).lists(ModelProvider),
        row("POST", "/console/v1/model-providers", None)
            .body(|_| provider("Acme"))
            .other(|_| json!({ "name": "Acme", "kind": "anthropic" })),
        row("GET", "/console/v1/model-providers/{id}", ModelProvider),
        row("PATCH", "/console/v1/model-providers/{id}", ModelProvider).body(|_| json!({ "timeout_ms": 5_000 })),
        row("DELETE", "/console/v1/model-providers/{id}", ModelProvider),
        row("POST", "/console/v1/model-providers/{id}/test", ModelProvider).cannot_succeed(CALLS),
        row("POST", "/console/v1/model-providers/{id}/sync", ModelProvider).cannot_succeed(CALLS),
        row("GET", "/console/v1/models", None).lists(Model),
        row("POST", "/console/v1/models", ModelProvider)
            .body(|provider| model("Fast", &provider["id"]))
            .other(|provider| json!({ "name": "Fast", "provider_id": provider["id"], "upstream_model": "other" })),
        row("GET", "/console/v1/models/{id}", Model),
        row("PATCH", "/console/v1/models/{id}", Model)
            .body(|_| json!({ "price": { "per_call": 0.5 }, "supports": { "vision": true } })),
        row("DELETE", "/console/v1/models/{id}", Model),
    ]
}

fn provider(name: &str) -> Value {
    json!({
        "name": name, "kind": "openai_compatible", "base_url": "https://models.example/v1", "api_key": "sk-0123456789",
        "headers": { "X-Org": "7" },
    })
}

fn model(name: &str, provider: &Value) -> Value {
    json!({
        "name": name, "provider_id": provider, "upstream_model": "fast-1", "kind": "chat",
        "supports": { "tools": true }, "price": { "per_call": 2 },
    })
}

/// A provider without models, or a model of one.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let made = world.posted(side, "/console/v1/model-providers", |at| provider(&format!("Provider {at}"))).await;
    match thing {
        Thing::Model => world.posted(side, "/console/v1/models", |at| model(&format!("Model {at}"), &made["id"])).await,
        _ => made,
    }
}

//! Types that ask a model.

use super::{Family, Gets, NodeType, Runs, optional};
use crate::catalog::{Choices, Field, FieldKind as K};

const PROVIDER: Field = Field::new("provider", "Provider", K::Text, "Name of the provider of models.");
const MODEL: Field =
    Field::new("model", "Model", K::Text, "Name of the model at the provider.").choices(Choices::Models);
const TEMPERATURE: Field =
    Field::new("temperature", "Temperature", K::Number, "From 0, strict, to 2.").range(0.0, 2.0).default("0.7");
const MAX_TOKENS: Field = Field::new("maxTokens", "Length", K::Number, "Tokens of the answer at most.")
    .range(1.0, 1_000_000.0)
    .default("1000");
const SYSTEM: Field = Field::new("systemPrompt", "Instructions", K::LongText, "What the model is told before.");

pub(super) const TYPES: &[NodeType] = &[LLM, ROUTER, VISION, EMBEDDINGS, KNOWLEDGE, AGENT];

/// What all of them begin with.
const ASK: NodeType = NodeType { category: "ai", family: Family::Ai, ..NodeType::PLAIN };

/// An effect that asks a model or the workspace's own records.
const fn asks(key: &'static str) -> Runs {
    Runs::Effect { key, touches_world: true, optional: false }
}

const LLM: NodeType = NodeType {
    key: "llm",
    name: "Language model",
    description: "Asks a language model.",
    fields: &[
        PROVIDER,
        MODEL,
        SYSTEM,
        Field::new("prompt", "Prompt", K::LongText, "What the model is asked.").required(),
        TEMPERATURE,
        MAX_TOKENS,
        Field::new("topP", "Top P", K::Number, "From 0 to 1.").range(0.0, 1.0).default("1"),
        Field::new("enableThinking", "Thinking", K::Boolean, "Whether the model thinks first, where it can."),
        Field::new("thinkingBudget", "Thought", K::Number, "Tokens for it.").range(1024.0, 32_768.0).default("4096"),
        Field::new("responseFormat", "Answer", K::Select, "What is answered.").options(&["text", "json"]),
    ],
    outputs: &[("text", "the answer"), ("usage", "tokens"), ("model", "the model"), ("provider", "the provider")],
    runs: asks("node-llm"),
    ..ASK
};

const ROUTER: NodeType = NodeType {
    key: "router",
    name: "Router",
    description: "Lets a model choose the way on.",
    fields: &[
        PROVIDER,
        MODEL,
        SYSTEM,
        Field::new("prompt", "Prompt", K::LongText, "What is classified; the nodes before it without one."),
        Field::new("routes", "Routes", K::Json, "List of {value, label, description}.").required(),
        Field::new("defaultRoute", "Otherwise", K::Text, "Route taken when the answer is of no use."),
        Field::new("temperature", "Temperature", K::Number, "From 0, strict, to 2.").range(0.0, 2.0).default("0"),
        MAX_TOKENS,
    ],
    outputs: &[("selectedRoute", "the route"), ("confidence", "from 0 to 1"), ("reasoning", "why")],
    gets: Gets::Member("selectedRoute"),
    runs: asks("node-router"),
    handles: &["<route>", "default"],
    ..ASK
};

const VISION: NodeType = NodeType {
    key: "vision",
    name: "Vision",
    description: "Asks a model about an image.",
    fields: &[
        PROVIDER,
        MODEL,
        Field::new("imageInput", "Image", K::Text, "Address, data address, base64 or a file."),
        Field::new("prompt", "Prompt", K::LongText, "What the model is asked."),
        Field::new("operation", "Operation", K::Select, "What is done.").options(&["analyze", "generate"]),
        MAX_TOKENS,
    ],
    outputs: &[("text", "the answer"), ("usage", "tokens")],
    runs: asks("node-vision"),
    ..ASK
};

const EMBEDDINGS: NodeType = NodeType {
    key: "embeddings",
    name: "Embeddings",
    description: "Makes vectors of texts.",
    fields: &[PROVIDER, MODEL, Field::new("input", "Input", K::Json, "One text or a list.")],
    outputs: &[("embeddings", "the vectors")],
    runs: asks("node-embeddings"),
    ..ASK
};

const KNOWLEDGE: NodeType = NodeType {
    key: "knowledgeBaseQuery",
    aliases: &["kb-query", "kbQuery"],
    name: "Knowledge",
    description: "Searches a knowledge base.",
    fields: &[
        Field::new("knowledgeBaseId", "Knowledge base", K::Text, "Which; the only one without it.")
            .choices(Choices::KnowledgeBases),
        Field::new("query", "Question", K::LongText, "What is looked for."),
        Field::new("topK", "Passages", K::Number, "How many at most.").range(1.0, 100.0).default("5"),
        Field::new("threshold", "Similarity", K::Number, "From 0 to 1.").range(0.0, 1.0).default("0.7"),
    ],
    outputs: &[("results", "the passages"), ("combinedText", "their text"), ("count", "how many")],
    runs: Runs::Effect { key: "node-knowledgeBaseQuery", touches_world: false, optional: false },
    ..ASK
};

const AGENT: NodeType = NodeType {
    key: "agent",
    name: "Agent",
    description: "Sends a message to an agent and waits for its answer.",
    fields: &[
        Field::new("agentId", "Agent", K::Text, "Which one.").required().choices(Choices::Agents),
        Field::new("input", "Message", K::LongText, "What it is told."),
        Field::new("threadId", "Thread", K::Text, "An existing thread; a new one without it."),
    ],
    outputs: &[("text", "the answer"), ("thread_id", "the thread"), ("tool_calls", "what it called")],
    runs: asks("node-agent"),
    ..ASK
};

/// Audio, images and video: they need a provider that a minimal server has not.
pub(super) const MEDIA: NodeType = NodeType { category: "media", runs: optional(""), ..ASK };

/// The fields that all of them have.
pub(super) const MEDIA_PROVIDER: Field = PROVIDER;
/// The fields that all of them have.
pub(super) const MEDIA_MODEL: Field = MODEL;

//! Shapes of model providers and models.

use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, NUMBER, Shape, TEXT, closed, int, list, map, may, must, object, text, words,
};

const KIND: Shape = words(&["openai_compatible", "anthropic", "builtin"]);
const OWN_KIND: Shape = words(&["openai_compatible", "anthropic"]);
const TIMEOUT: Shape = int(1_000, 120_000);
const CONCURRENCY: Shape = int(1, 1_000);
const TOKENS: Shape = int(1, 100_000_000);

/// What a model does.
pub(in crate::console) const MODEL_KIND: Shape = words(&["chat", "embedding"]);

/// A provider without its key.
pub(in crate::console) const PROVIDER: Shape = object(
    "ModelProvider",
    &[
        must("id", ID),
        must("name", TEXT),
        must("kind", KIND),
        must("base_url", TEXT.or_null()),
        must("has_key", FLAG),
        must("last4", TEXT.or_null()).about("Of a key of 12 characters or more"),
        must("headers", map(&TEXT)).about("Names with *** for their values"),
        must("timeout_ms", COUNT).about("For one try"),
        must("max_concurrency", COUNT).about("Calls under way at a time from one server"),
        must("origin", words(&["workspace", "environment", "builtin"]))
            .about("Only those of the workspace can be changed"),
        must("last_error", TEXT.or_null()).about("Why the last test failed"),
        must("last_tested_at", INSTANT.or_null()),
        must("revision", COUNT),
        must("created_at", INSTANT.or_null()),
        must("updated_at", INSTANT.or_null()),
    ],
);
/// Providers.
pub(in crate::console) const PROVIDERS: Shape = object("ModelProviders", &page(&PROVIDER));
/// A new provider.
pub(in crate::console) const NEW_PROVIDER: Shape = closed(
    "NewModelProvider",
    &[
        must("name", text(1, 64)).about("Unique, without a slash"),
        must("kind", OWN_KIND),
        may("base_url", text(1, 2_000)).about("Needed for openai_compatible; https unless the operator lists it"),
        may("api_key", text(1, 4_096)),
        may("headers", map(&TEXT)).about("Sent with every call; at most 20"),
        may("timeout_ms", TIMEOUT),
        may("max_concurrency", CONCURRENCY),
    ],
);
/// What can be changed of a provider.
pub(in crate::console) const PROVIDER_PATCH: Shape = closed(
    "ModelProviderPatch",
    &[
        may("name", text(1, 64)),
        may("base_url", text(1, 2_000)).about("With another one the key must be given again"),
        may("api_key", text(1, 4_096).or_null()).about("Null takes it away"),
        may("headers", map(&TEXT)).about("As a whole; *** keeps a value"),
        may("timeout_ms", TIMEOUT),
        may("max_concurrency", CONCURRENCY),
    ],
);
/// What a test showed.
pub(in crate::console) const TESTED: Shape = object(
    "ModelProviderTest",
    &[must("ok", FLAG), must("status_code", COUNT.or_null()), must("duration_ms", COUNT), must("message", TEXT)],
);
const UPSTREAM: Shape = object(
    "UpstreamModel",
    &[must("upstream_model", TEXT), must("configured_as", list(&TEXT)).about("Names of models here that stand for it")],
);
/// The models that a provider has.
pub(in crate::console) const UPSTREAMS: Shape = object("UpstreamModels", &[must("data", list(&UPSTREAM))]);

const SUPPORTS: Shape = object(
    "ModelSupports",
    &[must("tools", FLAG), must("vision", FLAG), must("json_schema", FLAG), must("stream", FLAG)],
);
const PRICE: Shape = object(
    "ModelPrice",
    &[
        must("per_call", NUMBER).about("Credits"),
        must("per_tool_call", NUMBER),
        must("per_1k_input", NUMBER),
        must("per_1k_output", NUMBER),
    ],
);
const SUPPORTS_IN: Shape = closed(
    "NewModelSupports",
    &[may("tools", FLAG), may("vision", FLAG), may("json_schema", FLAG), may("stream", FLAG)],
);
const PRICE_IN: Shape = closed(
    "NewModelPrice",
    &[may("per_call", NUMBER), may("per_tool_call", NUMBER), may("per_1k_input", NUMBER), may("per_1k_output", NUMBER)],
);

/// A model.
pub(in crate::console) const MODEL: Shape = object(
    "Model",
    &[
        must("id", ID),
        must("name", TEXT).about("What agents and steps say"),
        must("provider_id", ID),
        must("upstream_model", TEXT),
        must("kind", MODEL_KIND),
        must("context_tokens", COUNT),
        must("max_output_tokens", COUNT),
        must("supports", SUPPORTS),
        must("price", PRICE),
        must("is_default", FLAG),
        must("enabled", FLAG),
        must("builtin", FLAG),
        must("revision", COUNT),
        must("created_at", INSTANT.or_null()),
        must("updated_at", INSTANT.or_null()),
    ],
);
/// Models.
pub(in crate::console) const MODELS: Shape = object("Models", &page(&MODEL));
/// A new model.
pub(in crate::console) const NEW_MODEL: Shape = closed(
    "NewModel",
    &[
        must("name", text(1, 120)).about("Unique"),
        must("provider_id", ID),
        must("upstream_model", text(1, 200)),
        may("kind", MODEL_KIND).about("chat unless given"),
        may("context_tokens", TOKENS),
        may("max_output_tokens", TOKENS),
        may("supports", SUPPORTS_IN),
        may("price", PRICE_IN).about("In credits, with three digits after the point at most"),
        may("is_default", FLAG),
        may("enabled", FLAG),
    ],
);
/// What can be changed of a model.
pub(in crate::console) const MODEL_PATCH: Shape = closed(
    "ModelPatch",
    &[
        may("name", text(1, 120)),
        may("upstream_model", text(1, 200)),
        may("context_tokens", TOKENS),
        may("max_output_tokens", TOKENS),
        may("supports", SUPPORTS_IN),
        may("price", PRICE_IN),
        may("is_default", FLAG),
        may("enabled", FLAG),
    ],
);

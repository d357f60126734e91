//! The step type `http-request`: one call through the guarded client (Flow API contract, sections 6.5 and 6.7).
//!
//! [`compose`] makes the request of the configuration, [`answer`] the result of the response; both are plain functions.
//! The call is made in test mode as well: a receiver tells runs apart by what the flow sends.

pub(crate) mod answer;
mod body;
pub(crate) mod compose;
mod failure;
mod query;

use std::sync::Arc;

use floe_engine::catalog::{Choices, EffectSpec, Execution, Field, FieldKind as K, StepSpec};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use serde_json::Value;

/// Time for one attempt unless the step says otherwise, in milliseconds (Flow API contract, section 6.5).
const TIMEOUT_MS: u64 = 30_000;
/// Most that a step may ask for, in milliseconds (Flow API contract, section 6.5).
const TIMEOUT_MS_MAX: u64 = 300_000;

static SPEC: StepSpec = StepSpec {
    key: "http-request",
    aliases: &[],
    name: "HTTP request",
    category: "data",
    description: "Calls a URL. Every call carries the headers X-Flow-Step-Key and Idempotency-Key, the same on each repeat.",
    fields: &[
        Field::new("url", "URL", K::Text, "Absolute http or https URL of a public address.").required(),
        Field::new("method", "Method", K::Select, "GET unless there is a body; then POST.").options(compose::METHODS),
        Field::new("headers", "Headers", K::KeyValue, "Names and values; a list gives the header several times.")
            .choices(Choices::Secrets),
        Field::new(
            "query",
            "Query",
            K::KeyValue,
            "Added to the query of the URL; a list gives the name several times.",
        ),
        Field::new(
            "body",
            "Body",
            K::Json,
            "For json any value, or a text that is JSON; for form and multipart an object.",
        ),
        Field::new("bodyType", "Body type", K::Select, "How the body is sent.")
            .options(body::TYPES)
            .default("\"json\""),
        Field::new("followRedirects", "Follow redirects", K::Boolean, "Follow at most five redirects.").default("true"),
        Field::new("failOnStatus", "Fail on status", K::Boolean, "Fail for a status of 400 or more.").default("true"),
    ],
    outputs: &[
        ("status", "number"),
        ("ok", "whether the status is 200 to 299"),
        ("headers", "headers of the answer, names in lower case"),
        (
            "body",
            "JSON, text, or {$binary, contentType, size, base64} for up to 1 MiB of anything else; null when empty",
        ),
        ("durationMs", "number"),
    ],
    waits: false,
    execution: Execution::Effect(EffectSpec {
        touches_world: true,
        timeout_ms: TIMEOUT_MS,
        timeout_ms_max: TIMEOUT_MS_MAX,
    }),
};

/// Makes HTTP calls.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest;

impl Effect for HttpRequest {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// The safe methods only read (RFC 9110, section 9.2.1).
    fn sends(&self, input: &Value) -> bool {
        !compose::is_safe(input)
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let composed = match compose::compose(&call) {
                Ok(composed) => composed,
                Err(error) => return Effected::failed(error),
            };
            match platform.outside.send(composed.request).await {
                Ok(response) => answer::read(&response, composed.fail_on_status),
                Err(error) => Effected::failed(failure::of(error)),
            }
        })
    }
}

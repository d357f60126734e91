//! An effect that does nothing, so that a run of it costs what the engine costs.

use std::sync::Arc;

use floe_engine::catalog::{EffectSpec, Execution, StepSpec};
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use serde_json::json;

static SPEC: StepSpec = StepSpec {
    key: "bench-noop",
    aliases: &[],
    name: "Nothing",
    category: "bench",
    description: "Does nothing, as an effect that the world could see. Only the bench's own server has it.",
    fields: &[],
    outputs: &[("ok", "true")],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 1_000, timeout_ms_max: 1_000 }),
};

/// An effect that does nothing.
pub struct Noop;

impl Effect for Noop {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, _: EffectCall) -> EffectFuture<'a> {
        Box::pin(async { Effected::done(json!({ "ok": true })) })
    }
}

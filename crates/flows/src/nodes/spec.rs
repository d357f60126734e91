//! What the engine must know of a node type. Fields and defaults of the configuration stand in the graph language's own table.

use floe_engine::catalog::{EffectSpec, Execution, StepSpec};

/// Time for one attempt, unless the node says otherwise, in milliseconds (Workflow API contract, section 17).
pub(super) const TIMEOUT_MS: u64 = 120_000;
/// The same for user code.
pub(super) const CODE_TIMEOUT_MS: u64 = 600_000;
/// Most that a node may ask for, in milliseconds: a run has no more.
const TIMEOUT_MS_MAX: u64 = 1_800_000;

/// A node type that the world can notice.
pub(super) const fn outside(key: &'static str, name: &'static str) -> StepSpec {
    spec(key, name, true, TIMEOUT_MS)
}

/// A node type that the world cannot notice.
pub(super) const fn inside(key: &'static str, name: &'static str, timeout_ms: u64) -> StepSpec {
    spec(key, name, false, timeout_ms)
}

const fn spec(key: &'static str, name: &'static str, touches_world: bool, timeout_ms: u64) -> StepSpec {
    StepSpec {
        key,
        aliases: &[],
        name,
        category: "workflow",
        description: "",
        fields: &[],
        outputs: &[],
        waits: false,
        execution: Execution::Effect(EffectSpec { touches_world, timeout_ms, timeout_ms_max: TIMEOUT_MS_MAX }),
    }
}

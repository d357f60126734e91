//! The step types of the simulation: the built-in ones and two effects.

use floe_engine::catalog::{Catalog, EffectSpec, Execution, Field, FieldKind, StepSpec};

/// Key of the effect that the world can see.
pub(super) const TOUCH: &str = "touch";
/// Key of the effect that it cannot see.
pub(super) const THINK: &str = "think";

pub(super) fn catalogue() -> Catalog {
    let mut catalog = Catalog::builtin();
    catalog.add(&TOUCH_SPEC);
    catalog.add(&THINK_SPEC);
    catalog
}

static FIELDS: &[Field] = &[Field::new("what", "What", FieldKind::Json, "Anything.")];
static TOUCH_SPEC: StepSpec = effect(TOUCH, true);
static THINK_SPEC: StepSpec = effect(THINK, false);

const fn effect(key: &'static str, touches_world: bool) -> StepSpec {
    StepSpec {
        key,
        aliases: &[],
        name: key,
        category: "simulation",
        description: "An effect of the simulation.",
        fields: FIELDS,
        outputs: &[],
        waits: false,
        execution: Execution::Effect(EffectSpec { touches_world, timeout_ms: 30_000, timeout_ms_max: 300_000 }),
    }
}

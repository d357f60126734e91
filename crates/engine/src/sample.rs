//! Step types for the tests of this crate.

use crate::catalog::{Catalog, EffectSpec, Execution, Field, FieldKind as K, StepSpec};

/// The built-in types, one effect that touches the world (`call`) and one that does not (`compute`, alias `calc`).
pub(crate) fn catalog() -> Catalog {
    let mut catalog = Catalog::builtin();
    catalog.add(&CALL);
    catalog.add(&COMPUTE);
    catalog
}

static CALL: StepSpec = StepSpec {
    key: "call",
    aliases: &[],
    name: "Call",
    category: "test",
    description: "Touches the world.",
    fields: &[
        Field::new("url", "Address", K::Text, "").required(),
        Field::new("method", "Method", K::Select, "").options(&["GET", "POST"]).default("\"GET\""),
        Field::new("count", "Count", K::Number, "").range(1.0, 50.0),
        Field::new("flag", "Flag", K::Boolean, ""),
        Field::new("when", "When", K::Date, ""),
        Field::new("body", "Body", K::Json, ""),
        Field::new("headers", "Headers", K::KeyValue, ""),
    ],
    outputs: &[],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: true, timeout_ms: 30_000, timeout_ms_max: 300_000 }),
};

static COMPUTE: StepSpec = StepSpec {
    key: "compute",
    aliases: &["calc"],
    name: "Compute",
    category: "test",
    description: "Does not touch the world.",
    fields: &[
        Field::new("code", "Code", K::Code, "").required(),
        Field::new("inputs", "Inputs", K::KeyValue, ""),
        Field::new("test", "Test", K::Expression, ""),
    ],
    outputs: &[],
    waits: false,
    execution: Execution::Effect(EffectSpec { touches_world: false, timeout_ms: 5_000, timeout_ms_max: 30_000 }),
};

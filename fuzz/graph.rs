//! The entry of the fuzz target for workflow definitions. Also run over the seed corpus by the engine's unit tests.

use serde_json::Value;

use super::graph::{NodeTypes, compile};

/// Compiles any JSON as a definition, and what is stored of it once more.
pub(crate) fn definition(data: &[u8]) {
    let Ok(file) = serde_json::from_slice::<Value>(data) else { return };
    let types = NodeTypes::default();
    let compiled = compile(&file, &types);
    assert_eq!(compiled.plan.is_some(), compiled.errors() == 0, "a plan, or an error");
    let again = compile(&compiled.record, &types);
    assert_eq!(again.errors() > 0, compiled.errors() > 0, "the stored form is as wrong as the file");
    assert_eq!(format!("{:?}", again.plan), format!("{:?}", compiled.plan), "the stored form runs the same");
}

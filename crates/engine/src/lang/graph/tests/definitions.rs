//! The published definitions, and both shapes of each.

use std::path::Path;

use serde_json::Value;

use super::super::canvas;
use super::compile;

fn all() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/workflows");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("it can be listed").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with("record-") || name.starts_with("canvas-") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            found.push((name, serde_json::from_str(&text).expect("it is JSON")));
        }
    }
    assert_eq!(found.len(), 15);
    found
}

#[test]
fn all_published_definitions_compile_in_every_form() {
    for (name, file) in all() {
        let compiled = compile(&file);
        assert_eq!(compiled.errors(), 0, "{name}: {:#?}", compiled.problems);
        let plan = format!("{:?}", compiled.plan.expect("without errors there is a plan"));
        let again = compile(&compiled.record);
        assert_eq!(again.record, compiled.record, "{name}: the stored form is stored as it is");
        assert_eq!(format!("{:?}", again.plan.expect("the same")), plan, "{name}: the stored form runs the same");
        assert_eq!(again.triggers, compiled.triggers, "{name}");
        assert_eq!(again.inputs, compiled.inputs, "{name}");
        let drawn = compile(&canvas(&compiled.record));
        assert_eq!(format!("{:?}", drawn.plan.expect("the same")), plan, "{name}: the canvas form runs the same");
    }
}

#[test]
fn loops_of_published_definitions_hold_what_is_meant() {
    let inside = |name: &str, owner: &str| {
        let (_, file) = all().into_iter().find(|(known, _)| known == name).expect("it is there");
        let plan = compile(&file).plan.expect("it compiles");
        let owner = plan.find(owner).expect("the owner is there");
        let scope = plan.scopes.iter().find(|scope| scope.owner == Some(owner)).expect("it has a body");
        let nodes = &plan.nodes[scope.first as usize..(scope.first + scope.len) as usize];
        let mut ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
        ids.sort_unstable();
        ids.join(" ")
    };
    assert_eq!(inside("canvas-batch-data-processor", "loop-chunks"), "code-apply llm-transform");
    assert_eq!(
        inside("canvas-retry-with-exponential-backoff-while-loop", "loop-retry"),
        "code-backoff conditional-max conditional-success http-call wait-backoff"
    );
    assert_eq!(
        inside("canvas-retry-with-exponential-backoff-plain-cycle", "cycle:http-1"),
        "code-backoff conditional-retry conditional-success http-1 shared-memory-2 wait-1"
    );
    assert_eq!(
        inside("canvas-multi-level-approval-chain", "loop-approvers"),
        "conditional-approved humanReview-1 integration-slack-approved integration-slack-rejected wait-1"
    );
    assert_eq!(
        inside("record-quality-reviewer", "cycle:llm-generate"),
        "conditional-quality llm-evaluate llm-generate"
    );
}

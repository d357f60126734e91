//! Recorded test data says where it comes from.

use super::Finding;
use super::tree::Tree;

/// The folder name that marks recorded data.
const DATA: &str = "/tests/data/";

/// Files below `tests/data/` that the note beside them does not name, and notes without a licence.
pub(super) fn without_note(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        let Some((before, below)) = file.path.split_once(DATA) else { continue };
        let note_path = format!("{before}{DATA}README.md");
        if file.path == note_path {
            let licensed = file.text.to_lowercase().contains("licen");
            findings.extend((!licensed).then(|| {
                Finding::new(
                    &file.path,
                    1,
                    "data-note",
                    "names no licence: say for each file where it comes from and under which licence",
                )
            }));
            continue;
        }
        // A folder of many alike files is named once.
        let name = below.split('/').next().unwrap_or(below);
        let named = tree.get(&note_path).is_some_and(|note| note.text.contains(name));
        findings.extend((!named).then(|| {
            Finding::new(
                &file.path,
                1,
                "data-note",
                format!("name `{name}` in {note_path}, with its origin and licence"),
            )
        }));
    }
    findings
}

//! Files that hold more than one thing.

use super::Finding;
use super::tree::Tree;

/// Past this a file holds two things.
const LINES_MAX: usize = 450;
/// Files that are longer for a reason. One that has become shorter is taken out.
const LONG: &[(&str, &str)] = &[];

/// Source files over the limit. Tests and generated code do not count.
pub(super) fn long_files(tree: &Tree) -> Vec<Finding> {
    let source = |path: &str| [".rs", ".ts", ".tsx"].iter().any(|ending| path.ends_with(ending));
    let counted = |path: &str| source(path) && !path.contains("/generated/") && !path.contains(".test.");
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| counted(&file.path)) {
        let lines = file.text.lines().count();
        let listed = LONG.iter().any(|(path, _)| *path == file.path);
        let is_test = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
        if lines > LINES_MAX && !listed && !is_test {
            let text = format!(
                "{lines} lines: which two things does it hold? Split it, or name the reason in xtask/src/tidy/length.rs"
            );
            findings.push(Finding::new(&file.path, LINES_MAX, "length", text));
        }
        if lines <= LINES_MAX && listed {
            findings.push(Finding::new(
                &file.path,
                1,
                "length",
                "no longer long: take it out of xtask/src/tidy/length.rs",
            ));
        }
    }
    findings
}

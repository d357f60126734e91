//! Paths that exist on one machine only.

use super::Finding;
use super::tree::Tree;

/// Beginnings of paths outside of the project, put together here so that this file does not find itself.
const FOREIGN: [&str; 5] = [
    concat!("../", "shared"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

/// Names of folders outside of the project, in any file that is not recorded data.
pub(super) fn foreign(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| !file.path.contains("/tests/data/") && !file.path.ends_with(".lock")) {
        for (at, line) in file.text.lines().enumerate() {
            let found = FOREIGN.iter().find(|path| begins_in(line, path));
            findings.extend(found.map(|path| {
                let text = format!("`{path}` is a path of one machine: copy what is needed into the project and name it relative to its root");
                Finding::new(&file.path, at + 1, "paths", text)
            }));
        }
    }
    findings
}

/// Whether a path begins in the line: not the middle of a longer one, such as an address on the web.
fn begins_in(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '}' | '*'))
    })
}

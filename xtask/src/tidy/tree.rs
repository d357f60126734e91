//! The files of the project as the rules see them.

use std::fs;
use std::path::Path;

use super::source::Source;
use crate::workspace::{Failure, Outcome, Workspace};

/// Larger files are recorded data; no rule reads them.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Folders that are never part of the project, for a copy without git.
const NOT_OURS: [&str; 4] = [".git", "target", "node_modules", "floe-data"];

/// One text file.
pub(super) struct File {
    /// From the root of the project, with `/`.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
    /// The same without comments, when it is Rust.
    pub(super) rust: Option<Source>,
}

/// All text files, by path.
pub(super) struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads what git tracks or would add; without git, all that lies there.
    pub(super) fn read(workspace: &Workspace) -> Outcome<Self> {
        let root = workspace.root();
        let mut list = workspace.command("git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let paths = match list.output() {
            Ok(answer) if answer.status.success() => {
                answer.stdout.split(|byte| *byte == 0).map(|path| String::from_utf8_lossy(path).into_owned()).collect()
            }
            _ => {
                let mut paths = Vec::new();
                walk(root, "", &mut paths)
                    .map_err(|error| Failure(format!("cannot read {}: {error}", root.display())))?;
                paths
            }
        };
        let texts = paths.into_iter().filter_map(|path| text_of(&root.join(&path)).map(|text| (path, text)));
        Ok(Self::new(texts))
    }

    /// A tree of these paths and texts.
    pub(super) fn new(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let file = |(path, text): (String, String)| {
            let rust = path.ends_with(".rs").then(|| Source::read(&text));
            File { path, text, rust }
        };
        let mut files: Vec<File> = texts.into_iter().map(file).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Self { files }
    }

    /// All files.
    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// All Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|file| file.rust.as_ref().map(|source| (file, source)))
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &self.files[at])
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }
}

impl File {
    /// Whether it holds tests or what tests use, and nothing that is shipped.
    pub(super) fn is_test(&self) -> bool {
        let path = &self.path;
        path.contains("/tests/")
            || path.contains("/benches/")
            || path.ends_with("/tests.rs")
            || path.starts_with("crates/testkit/")
            || path.starts_with("xtask/")
    }

    /// The crate below `crates/`, without the prefix `floe-`.
    pub(super) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

fn text_of(path: &Path) -> Option<String> {
    let small = fs::symlink_metadata(path).is_ok_and(|about| about.is_file() && about.len() <= FILE_BYTES_MAX);
    if small { fs::read_to_string(path).ok() } else { None }
}

fn walk(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if !entry.file_type()?.is_dir() {
            paths.push(path);
        } else if !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), paths)?;
        }
    }
    Ok(())
}

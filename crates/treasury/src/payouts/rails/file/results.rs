//! Files with results, which people put into `in`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// Files with results that are read at most, the youngest of them.
const FILES_MAX: usize = 1_000;
/// Names of the folder that are looked at, at most.
const NAMES_MAX: usize = 100_000;
/// Bytes of a file with results at most.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// The last word about each reference, from all files in the order of their names. A file that cannot be read is passed over.
pub(super) fn read(folder: &Path) -> io::Result<HashMap<String, String>> {
    let mut results = HashMap::new();
    for path in files(&folder.join("in"))? {
        match fs::read(&path) {
            Ok(bytes) => take(&String::from_utf8_lossy(&bytes), &mut results),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "a file with results cannot be read");
            }
        }
    }
    Ok(results)
}

/// The files to read, by name.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in entries.take(NAMES_MAX) {
        let path = entry?.path();
        // What is gone by now has moved to where people keep such files.
        let Ok(facts) = fs::metadata(&path) else { continue };
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        if !is_csv || !facts.is_file() {
            continue;
        }
        if facts.len() > FILE_BYTES_MAX {
            tracing::warn!(file = %path.display(), "a file with results is too large and is not read");
            continue;
        }
        files.push((facts.modified()?, path));
    }
    if files.len() > FILES_MAX {
        let passed = files.len() - FILES_MAX;
        tracing::warn!(passed, "there are more files with results than are read; take the oldest away");
        files.sort();
        files.drain(..passed);
    }
    let mut paths: Vec<PathBuf> = files.into_iter().map(|(_, path)| path).collect();
    paths.sort();
    Ok(paths)
}

fn take(text: &str, results: &mut HashMap<String, String>) {
    let unquoted = |cell: &str| cell.trim().trim_matches('"').to_owned();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let Some(header) = lines.next() else { return };
    let names: Vec<String> = header.split([',', ';', '\t']).map(|name| unquoted(name).to_lowercase()).collect();
    let place = |name: &str| names.iter().position(|known| known == name);
    let (Some(reference), Some(code)) = (place("reference"), place("code")) else { return };
    for line in lines {
        let cells: Vec<&str> = line.split([',', ';', '\t']).collect();
        if let (Some(reference), Some(code)) = (cells.get(reference), cells.get(code)) {
            results.insert(unquoted(reference), unquoted(code).to_lowercase());
        }
    }
}

//! The folder of a run (Workflow API contract, section 18): files by path, private to the run. It is in the database, so it goes along when a
//! run moves to another node, and vanishes with the run. No path leads out of it: there is nothing outside of it.

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_model::id::FileId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::effect::EffectCall;
use floe_store::Tx;
use floe_store::flows::files::{self, FileRow};
use floe_store::flows::run_files::{self, RunFile};
use floe_store::flows::runs;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::failure::{internal, invalid, not_found};
use crate::files::{clean_name, mime_type};

/// Bytes of one file at most: it is written in one transaction.
pub(crate) const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Files of a folder at most.
const FILES_MAX: u64 = 500;
/// Bytes of a folder at most.
const FOLDER_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Characters of a path at most.
const PATH_CHARS_MAX: usize = 512;
/// Bytes at the start of a file that tell its type.
const HEAD_BYTES: usize = 8 * 1024;

/// A path in a folder, without `/` at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// Reads a path; the folder is the root of it.
    ///
    /// # Errors
    /// VALIDATION for one that leads out, and for one that names no file.
    pub(crate) fn parse(text: &str) -> Result<Self, StepError> {
        let wrong = |what: &str| Err(invalid(format!("path {what}")));
        if text.chars().count() > PATH_CHARS_MAX || text.chars().any(char::is_control) {
            return wrong("is too long or holds a control character");
        }
        let mut parts = Vec::new();
        for part in text.split(['/', '\\']) {
            match part.trim() {
                "" | "." => {}
                ".." => return wrong("leads out of the folder of the run"),
                part => parts.push(part),
            }
        }
        if parts.is_empty() || text.ends_with(['/', '\\']) { wrong("names no file") } else { Ok(Self(parts.join("/"))) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub(crate) fn filename(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

/// A file of the folder as records show it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) file: FileId,
    pub(crate) size: u64,
    pub(crate) content_type: String,
}

impl Entry {
    /// `{path, filename, size, contentType, url}`.
    pub(crate) fn record(&self) -> Value {
        let filename = self.path.rsplit('/').next().unwrap_or(&self.path);
        json!({
            "path": self.path, "filename": filename, "size": self.size, "contentType": self.content_type,
            "url": self.url(),
        })
    }

    /// Where the file can be downloaded, below the address of this server.
    pub(crate) fn url(&self) -> String {
        format!("/v1/flow/file/{}", self.file)
    }
}

impl From<RunFile> for Entry {
    fn from(file: RunFile) -> Self {
        Self { path: file.path, file: file.file, size: file.size, content_type: file.mime_type }
    }
}

/// Writes a file; what was at the path is replaced. A call that is made again after a crash finds its own file and writes nothing.
///
/// # Errors
/// VALIDATION when the file or the folder would be too large.
pub(crate) async fn write(
    platform: &Arc<Platform>,
    call: &EffectCall,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Entry, StepError> {
    change(platform, call, path, move |_| Ok(bytes.clone())).await
}

/// Makes a file of what is at a path, if anything is.
///
/// # Errors
/// As [`write`], and of `make`.
pub(crate) async fn change(
    platform: &Arc<Platform>,
    call: &EffectCall,
    path: &Path,
    make: impl Fn(Option<Vec<u8>>) -> Result<Vec<u8>, StepError> + Send + 'static,
) -> Result<Entry, StepError> {
    let (own, call, path) = (Arc::clone(platform), call.clone(), path.clone());
    let id: FileId = platform.ids.next();
    let writing = platform.store.write(move |tx| {
        let (workspace, run) = (call.scope.workspace, call.run);
        let old = run_files::find(tx, workspace, run, path.as_str())?;
        if let Some(done) = old.as_ref().filter(|old| old.written_by == call.key) {
            return Ok(Ok(Entry::from(done.clone())));
        }
        let before = match &old {
            Some(old) => Some(files::bytes(tx, workspace, old.file)?),
            None => None,
        };
        let bytes = match make(before) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(error) = has_room(tx, &call, old.as_ref(), bytes.len())? {
            return Ok(Err(error));
        }
        let row = row(tx, &own, &call, id, &path, &bytes)?;
        run_files::put(tx, path.as_str(), &call.key, &row, &bytes)?;
        let (size, content_type) = (bytes.len() as u64, row.mime_type);
        Ok(Ok(Entry { path: path.as_str().to_owned(), file: id, size, content_type }))
    });
    writing.await.map_err(|fault| internal(&fault))?
}

/// A file and its bytes.
///
/// # Errors
/// NOT_FOUND.
pub(crate) async fn read(
    platform: &Arc<Platform>,
    call: &EffectCall,
    path: &Path,
) -> Result<(Entry, Vec<u8>), StepError> {
    let (workspace, run, wanted) = (call.scope.workspace, call.run, path.as_str().to_owned());
    let reading = platform.store.read(move |tx| match run_files::find(tx, workspace, run, &wanted)? {
        Some(file) => {
            let bytes = files::bytes(tx, workspace, file.file)?;
            Ok(Some((Entry::from(file), bytes)))
        }
        None => Ok(None),
    });
    reading.await.map_err(|fault| internal(&fault))?.ok_or_else(|| not_found("There is no such file"))
}

/// A file without its bytes; none when there is none.
///
/// # Errors
/// Of the database.
pub(crate) async fn find(platform: &Arc<Platform>, call: &EffectCall, path: &Path) -> Result<Option<Entry>, StepError> {
    let (workspace, run, wanted) = (call.scope.workspace, call.run, path.as_str().to_owned());
    let reading = platform.store.read(move |tx| run_files::find(tx, workspace, run, &wanted));
    Ok(reading.await.map_err(|fault| internal(&fault))?.map(Entry::from))
}

/// The file at a path, if this very call has written it.
///
/// # Errors
/// Of the database.
pub(crate) async fn written_by(
    platform: &Arc<Platform>,
    call: &EffectCall,
    path: &Path,
) -> Result<Option<Entry>, StepError> {
    let (workspace, run, wanted) = (call.scope.workspace, call.run, path.as_str().to_owned());
    let found = platform.store.read(move |tx| run_files::find(tx, workspace, run, &wanted)).await;
    let found = found.map_err(|fault| internal(&fault))?;
    Ok(found.filter(|file| file.written_by == call.key).map(Entry::from))
}

/// The files whose paths begin with a text, in the order of their paths.
///
/// # Errors
/// Of the database.
pub(crate) async fn list(platform: &Arc<Platform>, call: &EffectCall, under: &str) -> Result<Vec<Entry>, StepError> {
    let (workspace, run) = (call.scope.workspace, call.run);
    let under = under.trim_matches(['/', '.', ' ']).to_owned();
    // A folder holds fewer files than a page.
    let files = platform.store.read(move |tx| run_files::list(tx, workspace, run, "")).await;
    let is_under = |path: &str| {
        under.is_empty() || path.strip_prefix(&under).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let files = files.map_err(|fault| internal(&fault))?;
    Ok(files.into_iter().filter(|file| is_under(&file.path)).map(Entry::from).collect())
}

/// Removes a file; false when there is none.
///
/// # Errors
/// Of the database.
pub(crate) async fn remove(platform: &Arc<Platform>, call: &EffectCall, path: &Path) -> Result<bool, StepError> {
    let (workspace, run, path) = (call.scope.workspace, call.run, path.as_str().to_owned());
    let writing = platform.store.write(move |tx| run_files::remove(tx, workspace, run, &path));
    writing.await.map_err(|fault| internal(&fault))
}

fn has_room(
    tx: &mut Tx<'_>,
    call: &EffectCall,
    old: Option<&RunFile>,
    size: usize,
) -> Result<Result<(), StepError>, Fault> {
    if size > FILE_BYTES_MAX {
        return Ok(Err(invalid(format!("A file has at most {FILE_BYTES_MAX} bytes"))));
    }
    let held = run_files::held(tx, call.scope.workspace, call.run)?;
    let files = held.files + u64::from(old.is_none());
    let bytes = held.bytes.saturating_sub(old.map_or(0, |old| old.size)) + size as u64;
    if files > FILES_MAX || bytes > FOLDER_BYTES_MAX {
        let message = format!("The folder of a run has at most {FILES_MAX} files and {FOLDER_BYTES_MAX} bytes");
        return Ok(Err(invalid(message)));
    }
    Ok(Ok(()))
}

fn row(
    tx: &mut Tx<'_>,
    platform: &Platform,
    call: &EffectCall,
    id: FileId,
    path: &Path,
    bytes: &[u8],
) -> Result<FileRow, Fault> {
    let gone = || Fault::new(FaultKind::NotFound, "not_found", "The run is gone");
    let run = runs::find(tx, call.scope.workspace, call.run)?.ok_or_else(gone)?;
    let now = platform.clock.now();
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    Ok(FileRow {
        workspace: call.scope.workspace,
        id,
        share: None,
        uploaded_by: format!("run:{}", call.run),
        name: clean_name(path.filename()),
        mime_type: mime_type(head, bytes.len() <= HEAD_BYTES).to_owned(),
        size: Some(bytes.len() as u64),
        sha256: Sha256::digest(bytes).into(),
        created_at: now,
        expires_at: now,
        run: Some(call.run),
        flow: Some(run.flow),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        for (given, kept) in [
            ("report.csv", "report.csv"),
            ("/tmp/out/a.txt", "tmp/out/a.txt"),
            ("./a//b.txt", "a/b.txt"),
            ("a\\b.txt", "a/b.txt"),
            ("..a/b..txt", "..a/b..txt"),
        ] {
            assert_eq!(Path::parse(given).expect(given).as_str(), kept);
        }
        for wrong in ["..", "../a", "a/../b", "a\\..\\b", "", "/", "a/", "a\0b", ". ./ .. /x", &"x".repeat(513)] {
            assert_eq!(Path::parse(wrong).expect_err(wrong).code, "VALIDATION", "{wrong:?}");
        }
    }
}

//! Table `run_files`: the folder of a run. The bytes are rows of `files` and `file_chunks`, which the run uses.

use floe_model::{
    Fault,
    id::{FileId, RunId, WorkspaceId},
};

use super::files::{self, CHUNK_BYTES, Claim, FileRow};
use crate::{Tx, params, statements};

/// Files on one list.
pub const LIST_MAX: usize = 1_000;

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Its path in the folder.
    pub path: String,
    /// The file.
    pub file: FileId,
    /// The key of the call that wrote it.
    pub written_by: String,
    /// Bytes.
    pub size: u64,
    /// Type as found from the bytes.
    pub mime_type: String,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

macro_rules! selected {
    () => {
        "select run_files.path, run_files.file_id, run_files.written_by, coalesce(files.size, 0), files.mime_type
             from run_files join files on files.workspace_id = run_files.workspace_id and files.id = run_files.file_id
             where run_files.workspace_id = $1 and run_files.run_id = $2"
    };
}

statements! {
    /// By path.
    FIND = both(concat!(selected!(), " and run_files.path = $3")) -> [text, id, text, int, text];
    /// By path, from one on.
    LIST = both(concat!(selected!(), " and run_files.path > $3 order by run_files.path limit $4"))
        -> [text, id, text, int, text];
    /// How much there is.
    HELD = both(
        "select count(*), cast(coalesce(sum(coalesce(files.size, 0)), 0) as bigint)
         from run_files join files on files.workspace_id = run_files.workspace_id and files.id = run_files.file_id
         where run_files.workspace_id = $1 and run_files.run_id = $2"
    ) -> [int, int];
    /// A path and its file; another one takes the place of the one before.
    PUT = both(
        "insert into run_files (workspace_id, run_id, path, file_id, written_by) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, run_id, path) do update set file_id = excluded.file_id, written_by = excluded.written_by"
    );
    /// No longer there.
    DELETE = both("delete from run_files where workspace_id = $1 and run_id = $2 and path = $3");
    /// The pieces of a file of a run.
    DELETE_CHUNKS = both("delete from file_chunks where workspace_id = $1 and file_id = $2");
    /// The file itself.
    DELETE_FILE = both("delete from files where workspace_id = $1 and id = $2 and run_id = $3");
}

/// One file of a folder.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, path: &str) -> Result<Option<RunFile>, Fault> {
    tx.row(&FIND, params![workspace, run, path], map)
}

/// The files of a folder behind a path, [`LIST_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, after: &str) -> Result<Vec<RunFile>, Fault> {
    tx.rows(&LIST, params![workspace, run, after, LIST_MAX], map)
}

/// How much a folder holds.
///
/// # Errors
/// Of the database.
pub fn held(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Held, Fault> {
    let found = tx.row(&HELD, params![workspace, run], |row| {
        Ok(Held { files: row.int(0)?.unsigned_abs(), bytes: row.int(1)?.unsigned_abs() })
    })?;
    Ok(found.unwrap_or_default())
}

/// Puts a file with its bytes at a path; what was there before is removed. The row names its run and flow.
///
/// # Errors
/// Of the database; internal for a row without a run.
pub fn put(tx: &mut Tx<'_>, path: &str, written_by: &str, row: &FileRow, bytes: &[u8]) -> Result<(), Fault> {
    let (Some(run), Some(flow)) = (row.run, row.flow) else {
        return Err(Fault::internal("a file of a folder belongs to a run"));
    };
    remove(tx, row.workspace, run, path)?;
    files::insert(tx, row)?;
    let pieces: Vec<&[u8]> = bytes.chunks(CHUNK_BYTES).collect();
    files::add_chunks(tx, row.workspace, row.id, 0, &pieces)?;
    files::complete(tx, row)?;
    files::claim(tx, &Claim { workspace: row.workspace, file: row.id, run, flow })?;
    tx.execute(&PUT, params![row.workspace, run, path, row.id, written_by])?;
    Ok(())
}

/// Removes a file; false when there is none.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, path: &str) -> Result<bool, Fault> {
    let Some(old) = find(tx, workspace, run, path)? else { return Ok(false) };
    tx.execute(&DELETE, params![workspace, run, path])?;
    tx.execute(&DELETE_CHUNKS, params![workspace, old.file])?;
    tx.execute(&DELETE_FILE, params![workspace, old.file, run])?;
    Ok(true)
}

fn map(row: &crate::Row<'_>) -> Result<RunFile, Fault> {
    Ok(RunFile {
        path: row.string(0)?,
        file: FileId(row.id(1)?),
        written_by: row.string(2)?,
        size: row.int(3)?.unsigned_abs(),
        mime_type: row.string(4)?,
    })
}
